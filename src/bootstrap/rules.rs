//! The manager's `routing.toml` as a file.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::app::ports::{RulesSource, RulesText};
use crate::policy::rules::LONGEST;

/// A file that may or may not be there. It is read anew each time: it is small, and a time stamp can be older than what
/// the file says.
pub(super) struct RulesFile(pub(super) PathBuf);

impl RulesSource for RulesFile {
    fn read(&self) -> Result<Option<RulesText>, String> {
        read(&self.0)
    }

    fn named(&self, file: &str, most: usize) -> Result<String, String> {
        let path = self.0.parent().unwrap_or_else(|| Path::new("")).join(file);
        let place = path.display();
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => format!("there is no file {place}; put it there, or mend its path in the rules"),
            ErrorKind::PermissionDenied => format!("{place} may not be read; give the worker's user the right to"),
            _ => format!("cannot read {place}: {error}"),
        };
        // To open a pipe would wait for somebody to write into it.
        if !std::fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(format!("{place} is no file; name a file in the rules"));
        }
        text(std::fs::File::open(&path).map_err(failed)?, most, &place.to_string())
    }
}

/// The rules in a file, if it is there.
pub(super) fn read(path: &Path) -> Result<Option<RulesText>, String> {
    let place = path.display().to_string();
    let failed = |error: std::io::Error| format!("cannot read {place}: {error}");
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let text = text(file, LONGEST, &place)?;
    Ok(Some(RulesText { text, place }))
}

/// The text of an open file, of which no more is read than is needed to see that it is longer than `most` bytes: the
/// parser says so.
fn text(file: std::fs::File, most: usize, place: &str) -> Result<String, String> {
    let mut text = Vec::new();
    let read = file.take(most as u64 + 1).read_to_end(&mut text);
    read.map_err(|error| format!("cannot read {place}: {error}"))?;
    // A letter that is cut in two at the end is no fault of the file.
    let cut = text.len() > most;
    String::from_utf8(text).or_else(|error| {
        let valid = error.utf8_error().valid_up_to();
        let (cut, mut bytes) = (cut && error.utf8_error().error_len().is_none(), error.into_bytes());
        bytes.truncate(valid);
        let good = String::from_utf8_lossy(&bytes).into_owned();
        if cut {
            // Still too long, whatever was left out.
            return Ok(good + "\u{FFFD}");
        }
        let line = 1 + good.matches('\n').count();
        Err(format!("{place}:{line}: not UTF-8; save the file as UTF-8"))
    })
}
