//! Bulk API 2.0 queries: a job is made, waited for, and its results are read file by file.
//!
//! ORDER BY and LIMIT would turn off the splitting that makes large queries possible, so rows come in no order, and a walk
//! goes on by the locator of the next file. Results are asked for with the version the job was made with; any other is
//! refused with 409.

use csv::StringRecord;
use reqwest::header::ACCEPT;
use serde_json::{Map, Value, json};

use super::client::{Client, Target};
use super::errors::{Class, Fault};
use super::map::Record;
use super::query::Select;
use super::wire::{Job, JobState};

/// Name of the next file; the text `null` after the last.
const LOCATOR: &str = "Sforce-Locator";

/// One file of results.
pub(super) struct ResultFile {
    /// The rows.
    pub rows: Vec<Record>,
    /// The locator of the next file; `None` at the end.
    pub next: Option<String>,
}

impl Client {
    /// Makes a query job; its id.
    pub(super) async fn start_job(&self, select: &Select) -> Result<String, Fault> {
        let body = json!({
            "operation": "query", "query": select.to_string(),
            "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
        });
        // Repeating it after an unknown outcome leaves a job that nobody reads, and changes nothing.
        Ok(self.ask::<Job>(&["jobs", "query"], &body).await?.id)
    }

    /// How a job stands.
    pub(super) async fn job(&self, id: &str) -> Result<Job, Fault> {
        Ok(self.read::<Job>(Target::Data { path: &["jobs", "query", id], query: &[] }).await?.value)
    }

    /// One file of a job's results, the first without a locator.
    pub(super) async fn job_results(&self, id: &str, locator: Option<&str>, rows: u32) -> Result<ResultFile, Fault> {
        let rows = rows.to_string();
        let mut query = vec![("maxRecords", rows.as_str())];
        query.extend(locator.map(|locator| ("locator", locator)));
        let path = ["jobs", "query", id, "results"];
        let answer = self.fetch(Target::Data { path: &path, query: &query }, &[(ACCEPT.as_str(), "text/csv")]).await?;
        let next = answer.header(LOCATOR).filter(|locator| *locator != "null").map(str::to_owned);
        Ok(ResultFile { rows: rows_of(&answer.body)?, next })
    }
}

impl Job {
    /// Whether it has ended, and how.
    pub(super) fn ended(&self) -> Option<Result<(), String>> {
        match self.state {
            JobState::JobComplete => Some(Ok(())),
            JobState::Failed | JobState::Aborted => {
                let why = self.error_message.clone().unwrap_or_else(|| "no reason given".to_owned());
                Some(Err(format!("{:?}: {why}", self.state)))
            }
            JobState::Open | JobState::UploadComplete | JobState::InProgress | JobState::Other => None,
        }
    }
}

/// The rows of a CSV file as records: a column `A.B` is the field `B` of the parent `A`, and an empty cell is nothing.
fn rows_of(body: &[u8]) -> Result<Vec<Record>, Fault> {
    let broken = |e: &csv::Error| Fault::new(Class::Protocol, format!("results are not CSV: {e}"));
    let mut reader = csv::ReaderBuilder::new().from_reader(body);
    let header: Vec<Vec<String>> = reader
        .headers()
        .map_err(|e| broken(&e))?
        .iter()
        .map(|column| column.split('.').map(str::to_owned).collect())
        .collect();
    let mut rows = Vec::new();
    let mut row = StringRecord::new();
    while reader.read_record(&mut row).map_err(|e| broken(&e))? {
        let mut record = Map::new();
        for (path, cell) in header.iter().zip(&row) {
            put(&mut record, path, cell);
        }
        rows.push(Record::new(record));
    }
    Ok(rows)
}

fn put(object: &mut Map<String, Value>, path: &[String], cell: &str) {
    match path {
        [] => {}
        [name] => {
            let value = match cell {
                "" => Value::Null,
                "true" => true.into(),
                "false" => false.into(),
                text => text.into(),
            };
            object.insert(name.clone(), value);
        }
        [parent, rest @ ..] => {
            let parent = object.entry(parent.clone()).or_insert_with(|| Map::new().into());
            if let Value::Object(parent) = parent {
                put(parent, rest, cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::altered;

    #[test]
    fn cells_become_values_and_columns_with_dots_become_parents() {
        let csv = "\"Id\",\"Name\",\"Deal.IsWon\",\"Deal.Owner.Name\",\"Amount\"\n\
            \"00Q000000000001EAA\",\"O\"\"Neil, Ada\nand sons\",\"true\",\"Ben\",\"12.5\"\n\
            \"00Q000000000002EAA\",\"\",\"\",\"\",\"\"\n";
        let rows = rows_of(csv.as_bytes()).unwrap();
        assert_eq!(rows[0].text("Name").as_deref(), Some("O\"Neil, Ada\nand sons"));
        assert!(rows[0].flag("Deal.IsWon") && !rows[1].flag("Deal.IsWon"));
        assert_eq!(rows[0].text("Deal.Owner.Name").as_deref(), Some("Ben"));
        assert_eq!((rows[0].number("Amount"), rows[1].number("Amount")), (Some(12.5), None));
        assert_eq!(rows[1].text("Name"), None);
        assert!(rows_of(b"\"Id\",\"Name\"\n\"1\"\n").is_err(), "a torn file");
        assert!(rows_of(b"").unwrap().is_empty());
    }

    /// Bytes in which what means something in these files is frequent.
    fn files() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            6 => proptest::sample::select(b"\",\r\n.Ida1".to_vec()),
            1 => any::<u8>(),
        ];
        let good = b"\"Id\",\"Name\",\"Deal.IsWon\"\n\"00Q000000000001EAA\",\"O\"\"Neil\",\"true\"\n".to_vec();
        prop_oneof![proptest::collection::vec(byte, 0..400), altered(good)]
    }

    proptest! {
        #[test]
        fn no_file_breaks_the_reader(body in files()) {
            let _read = rows_of(&body).map(|rows| rows.len());
        }
    }
}
