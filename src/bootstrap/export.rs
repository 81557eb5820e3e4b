//! Lists of leads in files.

use std::io::BufWriter;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::app::AppError;
use crate::app::export::{Format, export};
use crate::app::ports::Store;
use crate::app::views::LeadFilter;
use crate::config::paths::create_private;

/// [`export`] to a new file for its owner only; a list that cannot be written to its end leaves no file.
pub async fn to_file(
    store: &dyn Store,
    filter: &LeadFilter,
    format: Format,
    now: DateTime<Utc>,
    path: &Path,
) -> Result<u64, AppError> {
    let file = create_private(path).map_err(|error| AppError::Refused(format!("{}: {error}", path.display())))?;
    let written = export(store, filter, format, now, &mut BufWriter::new(file)).await;
    if written.is_err() {
        // What is in the way of removing it was in the way of writing it, and is told already.
        drop(std::fs::remove_file(path));
    }
    written
}
