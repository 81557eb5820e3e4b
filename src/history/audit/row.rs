//! What the audit sees of one deal, wherever it comes from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::deal::Outcome;
use crate::domain::ids::LeadId;

/// Rows named in a finding.
const SAMPLE: usize = 5;

/// What the map makes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Use {
    /// Who worked the deal.
    Rep,
    /// A fact that the domain knows.
    Fact,
    /// A further feature.
    Feature,
    /// Declared as known only afterwards.
    KnownAfterwards,
    /// Left out.
    Unused,
}

impl Use {
    /// Whether a model may learn from it.
    pub(super) const fn is_learned_from(self) -> bool {
        matches!(self, Self::Fact | Self::Feature)
    }
}

/// A column, as declared.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// Its name in ids: of a fact or feature its name in the model, else that of the column.
    pub(super) subject: String,
    /// Its name in sentences: the column of the file.
    pub(super) name: String,
    pub(super) used_as: Use,
    /// Looked up in a joined file.
    pub(super) joined: bool,
    /// Read as a number by the map.
    pub(super) numeric: bool,
    /// Where the map uses it, for example `[features] categorical (line 12)`; empty if nowhere.
    pub(super) place: String,
    /// What its `[values]` replace already.
    pub(super) replaced: BTreeMap<String, String>,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Text(&'a str),
    Number(f64),
}

/// One deal. Open deals may lack whatever is not known yet.
#[derive(Debug)]
pub(super) struct AuditRow<'a> {
    pub(super) line: Option<u64>,
    pub(super) lead: &'a str,
    pub(super) rep: Option<&'a str>,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) closed_assumed: bool,
    /// `None` while open.
    pub(super) outcome: Option<Outcome>,
    /// A value for each declared column.
    pub(super) cells: &'a [Cell<'a>],
}

/// How many rows something is true of, and the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) count: u64,
    pub(super) lines: Vec<u64>,
    pub(super) leads: Vec<LeadId>,
}

impl Rows {
    pub(super) fn add(&mut self, row: &AuditRow<'_>) {
        self.count += 1;
        if self.leads.len() < SAMPLE {
            self.leads.push(LeadId::new(row.lead));
            self.lines.extend(row.line);
        }
    }

    pub(super) fn add_if(&mut self, holds: bool, row: &AuditRow<'_>) {
        if holds {
            self.add(row);
        }
    }

    /// Joins the samples, for a finding about several things.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.count += other.count;
        let free = SAMPLE.saturating_sub(self.leads.len());
        self.leads.extend(other.leads.iter().take(free).cloned());
        self.lines.extend(other.lines.iter().take(free));
        self
    }
}
