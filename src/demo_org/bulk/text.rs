//! CSV as the jobs write and read it.

use serde_json::{Map, Value as Json};

use super::super::fault::Fault;
use super::text_of;

/// Delimiters by the names that jobs use.
const DELIMITERS: [(&str, char); 6] =
    [("COMMA", ','), ("TAB", '\t'), ("PIPE", '|'), ("SEMICOLON", ';'), ("CARET", '^'), ("BACKQUOTE", '`')];

/// How the CSV of a job looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    delimiter: usize,
    crlf: bool,
}

impl Format {
    /// What a job asks for: CSV, delimited by commas, lines ended by LF unless it says otherwise.
    pub(super) fn of(body: &Map<String, Json>) -> Result<Self, Fault> {
        let wrong = |key: &str, value: &str| Fault::bad("INVALIDJOB", format!("{key} cannot be {value}"));
        if let Some(kind) = text_of(body, "contentType")?.filter(|kind| *kind != "CSV") {
            return Err(wrong("contentType", kind));
        }
        let delimiter = text_of(body, "columnDelimiter")?.unwrap_or("COMMA");
        let delimiter = DELIMITERS.iter().position(|(name, _)| *name == delimiter);
        let delimiter = delimiter.ok_or_else(|| wrong("columnDelimiter", "that"))?;
        let crlf = match text_of(body, "lineEnding")? {
            None | Some("LF") => false,
            Some("CRLF") => true,
            Some(other) => return Err(wrong("lineEnding", other)),
        };
        Ok(Self { delimiter, crlf })
    }

    /// The delimiter by its name.
    pub(super) const fn delimiter(self) -> &'static str {
        DELIMITERS[self.delimiter].0
    }

    /// The line ending by its name.
    pub(super) const fn line_ending(self) -> &'static str {
        if self.crlf { "CRLF" } else { "LF" }
    }

    /// Writes one line, every cell in quotes but for empty ones of missing values.
    pub(super) fn line<'a>(self, out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
        for (n, cell) in cells.into_iter().enumerate() {
            if n > 0 {
                out.push(DELIMITERS[self.delimiter].1);
            }
            out.push('"');
            cell.chars().for_each(|c| {
                if c == '"' {
                    out.push('"');
                }
                out.push(c);
            });
            out.push('"');
        }
        out.push_str(if self.crlf { "\r\n" } else { "\n" });
    }

    /// The header and the rows of an upload.
    pub(super) fn read(self, text: &str) -> Result<(Vec<String>, Vec<Vec<String>>), Fault> {
        let wrong = |error: &csv::Error| Fault::bad("InvalidBatch", format!("the CSV cannot be read: {error}"));
        let mut reader =
            csv::ReaderBuilder::new().delimiter(DELIMITERS[self.delimiter].1 as u8).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| wrong(&e))?.iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| Ok(row.map_err(|e| wrong(&e))?.iter().map(str::to_owned).collect()));
        Ok((header, rows.collect::<Result<_, Fault>>()?))
    }
}
