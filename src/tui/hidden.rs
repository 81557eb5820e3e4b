//! A line that is typed without being shown, for secrets.
//!
//! The terminal stops showing what is typed *before* the question appears. Were it the other way round, whoever answers
//! fast, or pastes, would leave the secret on the screen.

use std::io::{self, BufRead};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

const END_OF_TEXT: u8 = 0x03;
const END_OF_TRANSMISSION: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CLEAR_LINE: u8 = 0x15;
const DELETE: u8 = 0x7f;

/// Puts the question by `ask` and reads the answer from the terminal of standard input. The line of the question has no end
/// then, because Enter was not shown either.
///
/// # Errors
/// Ctrl-C is [`io::ErrorKind::Interrupted`]; the end of the input before an answer is `UnexpectedEof`; an answer that
/// is not UTF-8 is `InvalidData`. The terminal is as before in every case.
pub fn ask(ask: impl FnOnce()) -> io::Result<String> {
    let quiet = Quiet::begin()?;
    ask();
    let typed = read(io::stdin().lock());
    drop(quiet);
    typed
}

/// While it lives, the terminal shows nothing that is typed, and hands each key over at once.
struct Quiet;

impl Quiet {
    fn begin() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure: a terminal that cannot be set shows it.
        drop(disable_raw_mode());
    }
}

/// Keys up to Enter, with what a person expects of the keys that correct a line.
fn read(keys: impl BufRead) -> io::Result<String> {
    let mut typed: Vec<u8> = Vec::new();
    for key in keys.bytes() {
        match key? {
            b'\r' | b'\n' => return text(typed),
            END_OF_TEXT => return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped with Ctrl-C")),
            END_OF_TRANSMISSION if typed.is_empty() => break,
            BACKSPACE | DELETE => {
                // A character may be several bytes; all but its first begin with the bits 10.
                while typed.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            CLEAR_LINE => typed.clear(),
            // Other control keys have no place in a secret.
            0..0x20 => {}
            byte => typed.push(byte),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the input ended before the answer"))
}

fn text(typed: Vec<u8>) -> io::Result<String> {
    String::from_utf8(typed).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the answer is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_corrected_before_enter() {
        let line = |keys: &str| read(keys.as_bytes()).unwrap();
        assert_eq!(line("hush\rmore"), "hush");
        assert_eq!(line("hush\n"), "hush");
        assert_eq!(line("huç\u{7f}sh\r"), "hush");
        assert_eq!(line("wrong\u{15}hush\r"), "hush");
        assert_eq!(line("\u{8}\u{8}hu\u{1}sh\u{4}\r"), "hush");
        assert_eq!(line("\r"), "");
    }

    #[test]
    fn no_answer_is_told_from_an_empty_one() {
        let error = |keys: &[u8]| read(keys).unwrap_err().kind();
        assert_eq!(error(b"hus\x03h\r"), io::ErrorKind::Interrupted);
        assert_eq!(error(b"\x04"), io::ErrorKind::UnexpectedEof);
        assert_eq!(error(b"hush"), io::ErrorKind::UnexpectedEof);
        assert_eq!(error(b"\xff\r"), io::ErrorKind::InvalidData);
    }
}
