//! Records of a delimited file, with the line and the exact bytes of each.
//!
//! The syntax is RFC 4180 with LF or CRLF, read strictly. The `csv` crate's reader is not used for input because it
//! cannot give back the bytes of a record, accepts text after a closing quote, and lets one missing quote swallow the
//! rest of the file; a property test holds the two to the same fields wherever a file is well formed.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use super::rejected::Reason;

/// Longest physical line, in bytes. A longer one is no CSV for people (a binary file, or one without line ends).
const MAX_LINE: usize = 4 << 20;
/// Longest record that spans lines, in bytes. A quoted field that has not ended by then lacks its closing quote.
const MAX_RECORD: usize = 256 << 10;
/// Bytes read from the file at a time.
const BUFFER: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why reading cannot go on.
#[derive(Debug)]
pub(super) enum ReadFault {
    /// The system said no.
    Io(io::Error),
    /// The file has a line that no CSV has.
    LineTooLong {
        /// Its number.
        line: u64,
    },
}

impl From<io::Error> for ReadFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One record. Reused from row to row, so that reading allocates only while records grow.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// First line, from 1.
    pub(super) line: u64,
    /// Physical lines it spans.
    pub(super) lines: u64,
    /// Its bytes as they are in the file, line end included.
    pub(super) raw: Vec<u8>,
    /// Why it cannot be split into fields; then it has none.
    pub(super) fault: Option<Reason>,
    text: String,
    ends: Vec<usize>,
}

impl Record {
    /// Number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One field, unquoted.
    pub(super) fn field(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.field(index))
    }
}

/// The records of a file, in order.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: BufReader<R>,
    delimiter: u8,
    /// Lines taken back after a record turned out to be broken.
    again: VecDeque<Vec<u8>>,
    /// Where each line of the current record ends in its bytes.
    line_ends: Vec<usize>,
    /// Lines handed out.
    line: u64,
    blank: u64,
    bytes: u64,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            delimiter,
            again: VecDeque::new(),
            line_ends: Vec::new(),
            line: 0,
            blank: 0,
            bytes: 0,
        }
    }

    /// Bytes taken from the file so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lines handed out so far, blank ones included.
    pub(super) const fn lines(&self) -> u64 {
        self.line
    }

    /// Blank lines passed over so far.
    pub(super) const fn blank(&self) -> u64 {
        self.blank
    }

    /// Reads the next record; `false` at the end of the file.
    ///
    /// When quotes are broken, only the first line is handed out as faulty and reading goes on with the next line, so
    /// that a missing quote costs one row.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, ReadFault> {
        record.fault = None;
        record.ends.clear();
        let mut text = std::mem::take(&mut record.text).into_bytes();
        loop {
            record.raw.clear();
            text.clear();
            if self.take_line(&mut record.raw)? == 0 {
                return Ok(false);
            }
            self.line += 1;
            let skip =
                if self.line == 1 && record.raw.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            if content_of(&record.raw[skip..]).is_empty() {
                self.blank += 1;
                continue;
            }
            record.line = self.line;
            record.lines = 1;
            self.split(record, &mut text, skip)?;
            break;
        }
        if record.fault.is_none() {
            match String::from_utf8(text) {
                Ok(valid) => record.text = valid,
                Err(_) => record.fault = Some(encoding_fault(record)),
            }
        }
        if record.fault.is_some() {
            record.ends.clear();
        }
        Ok(true)
    }

    /// Splits the first line of a record, and further lines while a quoted field goes on.
    fn split(&mut self, record: &mut Record, text: &mut Vec<u8>, skip: usize) -> Result<(), ReadFault> {
        let mut splitter =
            Splitter { delimiter: self.delimiter, state: State::FieldStart, text, ends: &mut record.ends };
        self.line_ends.clear();
        self.line_ends.push(record.raw.len());
        let mut start = skip;
        loop {
            match splitter.feed(&record.raw[start..]) {
                Fed::Complete => return Ok(()),
                Fed::TextAfterQuote => {
                    let field = splitter.ends.len() + 1;
                    self.keep_first_line(record);
                    record.fault = Some(Reason::TextAfterQuote { field });
                    return Ok(());
                }
                Fed::InQuotes => {}
            }
            start = record.raw.len();
            if start > MAX_RECORD || self.take_line(&mut record.raw)? == 0 {
                let field = splitter.ends.len() + 1;
                self.keep_first_line(record);
                record.fault = Some(Reason::UnclosedQuote { field });
                return Ok(());
            }
            self.line += 1;
            record.lines += 1;
            self.line_ends.push(record.raw.len());
        }
    }

    /// Takes back all lines of a record but the first.
    fn keep_first_line(&mut self, record: &mut Record) {
        for pair in self.line_ends.windows(2).rev() {
            self.again.push_front(record.raw[pair[0]..pair[1]].to_vec());
            self.line -= 1;
        }
        if let Some(first) = self.line_ends.first() {
            record.raw.truncate(*first);
        }
        record.lines = 1;
    }

    /// Appends the next physical line with its line end; 0 at the end of the file.
    fn take_line(&mut self, raw: &mut Vec<u8>) -> Result<usize, ReadFault> {
        if let Some(line) = self.again.pop_front() {
            raw.extend_from_slice(&line);
            return Ok(line.len());
        }
        let read = (&mut self.input).take(MAX_LINE as u64 + 1).read_until(b'\n', raw)?;
        self.bytes += read as u64;
        if read > MAX_LINE { Err(ReadFault::LineTooLong { line: self.line + 1 }) } else { Ok(read) }
    }
}

/// A line without its line end.
pub(super) fn content_of(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// How many fields a text has when read as one record; `None` if it is not one.
pub(super) fn field_count(text: &str, delimiter: u8) -> Option<usize> {
    let (mut unquoted, mut ends) = (Vec::new(), Vec::new());
    let mut splitter = Splitter { delimiter, state: State::FieldStart, text: &mut unquoted, ends: &mut ends };
    matches!(splitter.feed(text.as_bytes()), Fed::Complete).then_some(ends.len())
}

/// Names the first byte of a record that is not UTF-8, by its line and its place in that line.
fn encoding_fault(record: &Record) -> Reason {
    let valid = match std::str::from_utf8(&record.raw) {
        Ok(_) => record.raw.len(),
        Err(error) => error.valid_up_to(),
    };
    let mut lines_before = record.raw[..valid].split(|byte| *byte == b'\n');
    let in_line = lines_before.next_back().unwrap_or_default().len();
    Reason::NotUtf8 {
        byte: record.raw.get(valid).copied().unwrap_or_default(),
        line: record.line + lines_before.count() as u64,
        position: in_line + 1,
    }
}

/// Where in a record the splitter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first half of an escaped quote.
    QuoteInQuoted,
}

/// What one line did to a record.
enum Fed {
    Complete,
    InQuotes,
    TextAfterQuote,
}

/// Splits a record into unquoted fields, line by line.
struct Splitter<'a> {
    delimiter: u8,
    state: State,
    text: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
}

impl Splitter<'_> {
    fn feed(&mut self, line: &[u8]) -> Fed {
        let content = content_of(line);
        for &byte in content {
            self.state = match (self.state, byte) {
                (State::Quoted, b'"') => State::QuoteInQuoted,
                (State::Quoted, byte) => {
                    self.text.push(byte);
                    State::Quoted
                }
                (State::FieldStart, b'"') => State::Quoted,
                (State::QuoteInQuoted, b'"') => {
                    self.text.push(b'"');
                    State::Quoted
                }
                (_, byte) if byte == self.delimiter => {
                    self.ends.push(self.text.len());
                    State::FieldStart
                }
                (State::QuoteInQuoted, _) => return Fed::TextAfterQuote,
                (_, byte) => {
                    self.text.push(byte);
                    State::Unquoted
                }
            };
        }
        if self.state == State::Quoted {
            self.text.extend_from_slice(&line[content.len()..]);
            return Fed::InQuotes;
        }
        self.ends.push(self.text.len());
        Fed::Complete
    }
}

#[cfg(test)]
mod tests;
