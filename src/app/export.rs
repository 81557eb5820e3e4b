//! A whole list of leads as a file, in the order of the queue, for spreadsheets and scripts.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::AppError;
use super::ports::Store;
use super::views::{LeadFilter, QueueKey, QueueRow, Seek};
use crate::domain::text::{csv_cell, safe};

/// Rows of one question, about half of which are new.
const WINDOW: u32 = 1_000;

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// One line a lead under a line of names; formulas are defused.
    Csv,
    /// One array; its rows are those of `lead list --json`.
    Json,
}

/// Writes every lead that passes the filter; how many there were. Leads that come or go meanwhile may be missing; none is
/// written twice.
///
/// # Errors
/// The store fails, or nothing can be written.
pub async fn export(
    store: &dyn Store,
    filter: &LeadFilter,
    format: Format,
    now: DateTime<Utc>,
    out: &mut (dyn Write + Send),
) -> Result<u64, AppError> {
    let (mut rows, mut seek) = (0, Seek::Top);
    let mut file = Rows::begin(format, out)?;
    loop {
        let page = store.queue_page(filter, &seek, WINDOW, now).await?;
        let mut last = match &seek {
            Seek::Around(key) => Some(key.clone()),
            Seek::Top | Seek::End => None,
        };
        let before = rows;
        for row in page.rows {
            let key = QueueKey::of(&row);
            if last.as_ref().is_none_or(|last| key.comes_after(last)) {
                file.write(&row)?;
                rows += 1;
                last = Some(key);
            }
        }
        match last {
            Some(last) if rows > before => seek = Seek::Around(last),
            _ => break,
        }
    }
    file.end()?;
    Ok(rows)
}

/// The file, as far as it is written.
enum Rows<'w> {
    Csv(Box<csv::Writer<&'w mut (dyn Write + Send)>>),
    Json { out: &'w mut (dyn Write + Send), first: bool },
}

const NAMES: [&str; 18] = [
    "id",
    "company",
    "source",
    "territory",
    "state",
    "lane",
    "score",
    "tier",
    "recommended",
    "p_win",
    "legacy",
    "legacy_p_win",
    "reason",
    "created_at",
    "received_at",
    "snoozed_until",
    "decided_owner",
    "decisions",
];

impl<'w> Rows<'w> {
    fn begin(format: Format, out: &'w mut (dyn Write + Send)) -> Result<Self, AppError> {
        match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(NAMES).map_err(AppError::refused)?;
                Ok(Self::Csv(Box::new(csv)))
            }
            Format::Json => {
                out.write_all(b"[").map_err(AppError::refused)?;
                Ok(Self::Json { out, first: true })
            }
        }
    }

    fn write(&mut self, row: &QueueRow) -> Result<(), AppError> {
        match self {
            Self::Csv(csv) => csv.write_record(cells(row)).map_err(AppError::refused),
            Self::Json { out, first } => {
                let text = serde_json::to_string(row).map_err(AppError::refused)?;
                let comma = if std::mem::take(first) { "\n" } else { ",\n" };
                write!(out, "{comma}{text}").map_err(AppError::refused)
            }
        }
    }

    fn end(self) -> Result<(), AppError> {
        match self {
            Self::Csv(mut csv) => csv.flush().map_err(AppError::refused),
            Self::Json { out, .. } => out.write_all(b"\n]\n").and_then(|()| out.flush()).map_err(AppError::refused),
        }
    }
}

fn cells(row: &QueueRow) -> [String; NAMES.len()] {
    // The file may be printed in a terminal as well.
    let plain = |text: &str| csv_cell(&safe(text));
    let text = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    let at = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let number = |p: Option<f64>| p.map(|p| format!("{p:.4}")).unwrap_or_default();
    [
        plain(row.id.as_str()),
        plain(&row.company),
        text(&row.source),
        text(&row.territory),
        row.state.to_string(),
        row.lane.map(|lane| lane.to_string()).unwrap_or_default(),
        row.lead_score.map(|score| score.to_string()).unwrap_or_default(),
        row.lead_tier.map(|tier| tier.to_string()).unwrap_or_default(),
        text(&row.recommended),
        number(row.p_win),
        text(&row.legacy),
        number(row.legacy_p_win),
        row.reason.map(|reason| reason.to_string()).unwrap_or_default(),
        at(row.created_at),
        at(row.received_at),
        row.snoozed_until.map(at).unwrap_or_default(),
        text(&row.decided_owner),
        row.decisions_made.to_string(),
    ]
}
