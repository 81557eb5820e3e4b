//! Printing. Text that came from outside is made harmless here, whatever command prints it (rule 7).

mod plain;

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::domain::text::{self, safe};

/// Longest line of running text, in terminal columns, so that nothing is broken inside a word on 80.
const WIDTH: usize = 78;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For eyes: sentences and tables.
    Text,
    /// One fact a line, for ears and fingers.
    Plain,
    /// One JSON value.
    Json,
}

/// Standard output and error of one command.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    form: Form,
}

impl Out {
    /// Results are written so.
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// How results are written.
    pub const fn form(self) -> Form {
        self.form
    }

    /// Whether the result shall be JSON.
    pub fn json(self) -> bool {
        self.form == Form::Json
    }

    /// One line of text.
    pub fn line(self, text: &str) {
        write_line(&mut std::io::stdout().lock(), &safe(text));
    }

    fn lines(self, lines: Vec<String>) {
        for line in lines {
            self.line(&line);
        }
    }

    /// Where a whole file goes that nobody asked to be kept under a name; what is written there is harmless already.
    pub fn writer(self) -> impl Write {
        std::io::stdout()
    }

    /// Text as it stands, for what we wrote ourselves (examples, scripts).
    pub fn verbatim(self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
    }

    /// A result: as JSON or plain lines if asked for, else as the lines of text.
    pub fn result<T: Serialize>(self, value: &T, lines: impl FnOnce() -> Vec<String>) {
        let written = match self.form {
            Form::Json => {
                serde_json::to_string_pretty(value).map(|text| write_line(&mut std::io::stdout().lock(), &text))
            }
            Form::Plain => {
                serde_json::to_string(value).and_then(|text| plain::lines(&text)).map(|lines| self.lines(lines))
            }
            Form::Text => {
                self.lines(lines());
                Ok(())
            }
        };
        if let Err(error) = written {
            self.error(&format!("cannot write the result as JSON: {error}"));
        }
    }

    /// What goes on, for people: to standard error, and not at all with `--json`.
    pub fn note(self, text: &str) {
        if !self.json() {
            for line in wrap(text) {
                write_line(&mut std::io::stderr().lock(), &safe(&line));
            }
        }
    }

    /// A line of a conversation: to standard error, so that a result of `--json` stays one value.
    pub fn question(self, text: &str) {
        write_line(&mut std::io::stderr().lock(), &safe(text));
    }

    /// A question, after which the answer is typed.
    pub fn prompt(self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        drop(write!(stderr, "{}", safe(text)).and_then(|()| stderr.flush()));
    }

    /// Why it failed. Each line of the message stays a line.
    pub fn error(self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        for (number, line) in text.lines().enumerate() {
            let prefix = if number == 0 { "error: " } else { "  " };
            write_line(&mut stderr, &format!("{prefix}{}", safe(line)));
        }
    }

    /// A progress bar on a terminal; nothing elsewhere. `total` 0: unknown.
    pub fn progress(self, what: &'static str, total: u64) -> ProgressBar {
        if self.form != Form::Text || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let (bar, template) = if total == 0 {
            (ProgressBar::no_length(), "{spinner} {prefix:16} {pos} {wide_msg}")
        } else {
            // A wide message is cut where the terminal ends: a bar that wraps is drawn again and again.
            (ProgressBar::new(total), "{prefix:16} {bar:16} {percent:>3} % {wide_msg}")
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.with_prefix(what)
    }
}

/// A closed pipe is no error of ours: whoever read has read enough.
fn write_line(to: &mut impl Write, line: &str) {
    drop(writeln!(to, "{line}").and_then(|()| to.flush()));
}

/// Running text as lines of at most 78 columns, as [`text::wrap`] breaks it.
pub fn wrap(text: &str) -> Vec<String> {
    text::wrap(text, WIDTH)
}

/// Columns of text, each as wide as its widest cell; numbers (cells that start with a digit or sign) to the right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let width = |column: usize| {
        rows.iter()
            .filter_map(|r| r.get(column))
            .map(|c| c.width())
            .chain(header.get(column).map(|h| h.width()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let number = cell.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
            let (left, right) = if number { (pad.as_str(), "") } else { ("", pad.as_str()) };
            text.push_str(left);
            text.push_str(cell);
            text.push_str(right);
            text.push_str("  ");
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut header.iter().copied())];
    lines.extend(rows.iter().map(|r| line(&mut r.iter().map(String::as_str))));
    lines
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{table, wrap};

    #[test]
    fn running_text_is_broken_between_words_and_nothing_is_lost() {
        let text = format!("  {} /a/path/{} end", "word ".repeat(40).trim_end(), "x".repeat(90));
        let lines = wrap(&text);
        assert!(lines.iter().all(|l| l.starts_with("  ") && (l.width() <= 78 || l.contains("/a/path"))), "{lines:#?}");
        let words: Vec<&str> = lines.iter().flat_map(|l| l.split_whitespace()).collect();
        assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
        assert_eq!(wrap("short"), ["short"]);
        assert_eq!(wrap(""), [""]);
    }

    #[test]
    fn columns_are_aligned_by_display_width() {
        let rows = vec![vec!["株式".into(), "5".into()], vec!["Acme".into(), "12".into()]];
        assert_eq!(table(&["name", "n"], &rows), ["name  n", "株式   5", "Acme  12"]);
    }
}
