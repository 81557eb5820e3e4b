//! The head of the audit chain, kept in a file elsewhere: who rewrites the whole database cannot rewrite that.

use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::AppError;
use crate::app::audit_trail::{Anchored, Head, anchored};
use crate::app::ports::Store;

/// How often a head is added, as long as there is something new.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// Adds the head of the chain to the file, if an hour has passed since the last line and the chain has grown.
pub(super) async fn keep(store: &dyn Store, path: &Path, now: DateTime<Utc>) -> Result<(), AppError> {
    let Some(head) = store.audit_head().await? else { return Ok(()) };
    let head = Head { seq: head.seq, link: head.link };
    // A file on another machine's disk may take its time.
    let path = path.to_owned();
    let added = tokio::task::spawn_blocking(move || add(&path, head, now)).await;
    added.map_err(AppError::refused)?
}

fn add(path: &Path, head: Head, now: DateTime<Utc>) -> Result<(), AppError> {
    let failed =
        |error| AppError::Refused(format!("cannot keep the head of the audit chain in {}: {error}", path.display()));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let last = anchored(&text).map_err(AppError::Refused)?.pop();
    if last.is_some_and(|last| last.head == head || now - last.at < EVERY) {
        return Ok(());
    }
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    file.write_all(format!("{}\n", Anchored { at: now, head }).as_bytes()).map_err(failed)?;
    file.sync_data().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_hour_while_the_chain_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heads");
        let head = |seq: i64| Head { seq, link: "0".repeat(64) };
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let lines = || anchored(&std::fs::read_to_string(&path).unwrap()).unwrap().len();
        add(&path, head(1), at(0)).unwrap();
        assert_eq!(lines(), 1);
        add(&path, head(2), at(59)).unwrap();
        assert_eq!(lines(), 1, "within the hour");
        add(&path, head(2), at(60)).unwrap();
        assert_eq!(lines(), 2);
        add(&path, head(2), at(600)).unwrap();
        assert_eq!(lines(), 2, "nothing new");
    }

    #[test]
    fn a_file_that_holds_something_else_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        std::fs::write(&path, "buy milk\n").unwrap();
        let head = Head { seq: 1, link: "0".repeat(64) };
        let error = add(&path, head, DateTime::UNIX_EPOCH).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("buy milk"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "buy milk\n");
    }
}
