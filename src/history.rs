//! The history layer: a CSV export and a mapping file become closed [`Deal`](crate::domain::deal::Deal)s; the audit says
//! whether they are good enough to train on; and the CSV side of batch scoring.
//!
//! A library room: it knows the domain and reads and writes files, but no database, no clock, no screen, no command
//! line. What a caller does, in order:
//!
//! 1. [`Mapping::load`] reads the TOML map: which column means what. Every mistake in it is reported at once, each with
//!    its line and the cure. `assets/maps/example.toml` ([`EXAMPLE_MAP`]) explains all keys.
//! 2. [`import`] streams a [`CsvInput`] through the map. By default one bad row refuses the whole file; with
//!    [`BadRows::Skip`] the bad rows go, byte for byte, to a [`RejectFile`] and the good ones are returned. Nothing is
//!    ever repaired. Every line of the file is the header, a deal, an open deal, rejected, or blank: [`LineCounts`] adds up.
//! 3. [`audit`](audit::audit) judges closed deals, wherever they came from (a file or the CRM).
//! 4. [`read_leads`] reads leads to score through the same map, and [`ScoreFile`] writes `lead_id,rep_id,rank,p_win`.
//!
//! Conventions: line numbers count physical lines from 1 (the header is line 1); values are trimmed of surrounding
//! white space and compared exactly; a date without a time is midnight UTC, except that a *close* date means the last
//! second of its day, because the outcome was not known earlier in the day.

mod atomic_file;
pub mod audit;
mod binding;
mod error;
mod format;
mod input;
mod join;
mod leads;
mod mapping;
mod read;
mod record;
mod rejected;
mod row;
mod scan;
mod scores;
mod words;

pub use atomic_file::AtomicFile;
pub use error::{HistoryError, Problem, Problems, Refusal};
pub use input::{CsvInput, Progress};
pub use leads::{LeadRow, Leads, read_leads};
pub use mapping::{EXAMPLE_MAP, Mapping};
pub use read::{Import, import};
pub use rejected::{BadRows, Reason, RejectFile, RejectSink, Rejected, Rejections};
pub use scan::{ColumnUse, JoinUse, LineCounts};
pub use scores::ScoreFile;
