//! The result of batch scoring, as CSV.

use std::path::Path;

use super::atomic_file::AtomicFile;
use super::error::HistoryError;
use crate::domain::ids::LeadId;
use crate::domain::text;

/// Writes `lead_id,rep_id,rank,p_win`, a row for each rep in a lead's pool. The file appears only when it is complete.
#[derive(Debug)]
pub struct ScoreFile {
    csv: csv::Writer<AtomicFile>,
    path: std::path::PathBuf,
}

impl ScoreFile {
    /// Starts the file at `path`; an existing file stays as it is until [`ScoreFile::finish`].
    pub fn create(path: &Path) -> Result<Self, HistoryError> {
        let mut file = Self { csv: csv::Writer::from_writer(AtomicFile::create(path)?), path: path.to_owned() };
        file.write(["lead_id", "rep_id", "rank", "p_win"])?;
        Ok(file)
    }

    /// One rep of one lead. `rank` 1 is best; `p_win` is written with all its digits, so that reading it back gives the
    /// same number.
    pub fn row(&mut self, lead: &LeadId, rep: &str, rank: u32, p_win: f64) -> Result<(), HistoryError> {
        let (lead, rep) = (text::csv_cell(lead.as_str()), text::csv_cell(rep));
        self.write([lead.as_str(), rep.as_str(), &rank.to_string(), &p_win.to_string()])
    }

    /// Puts the complete file in its place.
    pub fn finish(self) -> Result<(), HistoryError> {
        let path = self.path;
        let file = self.csv.into_inner().map_err(|error| HistoryError::Io {
            doing: "write",
            path,
            source: error.into_error(),
        })?;
        file.commit()
    }

    fn write(&mut self, cells: [&str; 4]) -> Result<(), HistoryError> {
        self.csv.write_record(cells).map_err(|error| HistoryError::Io {
            doing: "write",
            path: self.path.clone(),
            source: error.into(),
        })
    }
}
