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
    let mut text = Vec::new();
    // One byte more than is allowed: the parser says that it is too long.
    file.take(LONGEST as u64 + 1).read_to_end(&mut text).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + String::from_utf8_lossy(good).matches('\n').count();
        format!("{place}:{line}: not UTF-8; save the file as UTF-8")
    })?;
    Ok(Some(RulesText { text, place }))
}
