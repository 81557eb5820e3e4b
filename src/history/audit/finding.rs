//! One thing the audit found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::Rows;
use crate::domain::ids::{LeadId, RepKey};

/// Reps and values named in a finding.
const SAMPLE: usize = 5;

/// How bad a finding is. The order is the order in the report.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// No model may be trained.
    Blocking,
    /// A model may be trained, and will be worse for it.
    Warning,
    /// Good to know.
    Note,
}

/// What a finding is about, from the most to the least fundamental. The text form is stable: programs match on it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FindingCode {
    /// Fewer closed deals than training needs.
    TooFewDeals,
    /// Too few won, or too few lost.
    TooFewOfOneOutcome,
    /// Values of the outcome column that the map does not know.
    UnknownOutcome,
    /// A column that almost gives the outcome away.
    Leak,
    /// A column that gives the outcome away by being filled in or not.
    LeakByMissing,
    /// Columns that the map leaves out, rightly but without saying so.
    LeakLeftOut,
    /// Columns that are filled in when a deal closes.
    FilledAtClosing,
    /// Dates later than the creation of the lead, so filled in later.
    DatedLater,
    /// The owner gives the outcome away: it is not who worked the lead.
    OwnerTellsOutcome,
    /// Owners who only win or only lose.
    OneSidedOwners,
    /// Owners of closed deals who never own an open one.
    OwnersNeverOpen,
    /// Owners that are no person, by their names.
    PlaceholderOwners,
    /// Rows that the map cannot read.
    UnreadableRows,
    /// The same lead closed twice.
    DuplicateLead,
    /// Different leads with the same everything else.
    IdenticalRows,
    /// Outcomes that became known before the lead came in.
    ClosedBeforeCreated,
    /// Leads that came in after the audit was made.
    CreatedInFuture,
    /// Outcomes that become known after the audit was made.
    ClosedInFuture,
    /// Leads that came in after the newest outcome became known.
    CreatedAfterNewestClose,
    /// Leads that are implausibly old.
    FarPast,
    /// The leads come from too short a time.
    ShortSpan,
    /// A fact is filled in for too few deals.
    Incomplete,
    /// The data does not have some facts at all.
    Absent,
    /// Used columns without any value.
    EmptyColumn,
    /// Used columns with one value.
    ConstantColumn,
    /// Values that mean "nothing" but are read as something.
    PlaceholderValues,
    /// Spellings of the same category.
    NearDuplicateValues,
    /// Spellings of the same rep.
    RepSpelling,
    /// Spellings of the same company.
    CompanySpelling,
    /// A value that is the misspelling of a usual one, which the data does not have.
    MisspelledValue,
    /// Keys that a joined file does not have.
    UnmatchedKeys,
    /// A company whose deals are most of a rep's.
    CompanyOfOneRep,
    /// Very many deals were closed on one day.
    BulkClose,
    /// Very many leads were created on one day.
    BulkCreate,
    /// Very many deals were closed at the same second.
    SameInstant,
    /// Amounts in more than one currency.
    CurrencyMix,
    /// Amounts that differ a hundredfold between segments.
    AmountScale,
    /// Closing dates were assumed.
    ClosedAssumed,
    /// There is only one rep.
    OneRep,
    /// Reps with too few deals.
    RepsWithoutSupport,
    /// A column has more values than the audit looks at.
    Capped,
}

/// Which side of a number passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least the number.
    AtLeast,
    /// At most the number.
    AtMost,
    /// Less than the number.
    Below,
}

/// Which number would make the finding go away, or stop blocking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// The figure that is compared, a key of [`Finding::figures`].
    pub figure: String,
    /// How.
    pub bound: Bound,
    /// With what.
    pub value: f64,
    /// The key of `[audit]` in the config that sets it; empty where nothing does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub setting: String,
}

/// One thing the audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Names the finding: its code, and what it is about, for example `leak:Tags`. The same in every run, so that it can be
    /// accepted by `[audit] accepted`.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// What, for programs.
    pub code: FindingCode,
    /// The columns it is about; of stored deals, the names of the facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// What, for people: one sentence.
    pub message: String,
    /// What makes us say so, where one sentence is not enough; a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do.
    pub cure: String,
    /// Lines to add to the map, or to put in the place of those it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mapping: Vec<String>,
    /// The numbers behind the sentence, by name. Shares are 0 to 1.
    pub figures: BTreeMap<String, f64>,
    /// The number that would make it pass, where it is about a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<Pass>,
    /// Lines of the file to look at, from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u64>,
    /// Leads to look at; those on [`Finding::lines`], where a file was judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<LeadId>,
    /// Reps to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reps: Vec<RepKey>,
    /// Whether `[audit] accepted` made a note of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        code: FindingCode,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            id: code.to_string(),
            severity,
            code,
            columns: Vec::new(),
            message: message.into(),
            details: Vec::new(),
            cure: cure.into(),
            mapping: Vec::new(),
            figures: BTreeMap::new(),
            pass: None,
            lines: Vec::new(),
            leads: Vec::new(),
            reps: Vec::new(),
            accepted: false,
        }
    }

    /// Makes the id unique within the code.
    pub(super) fn about(mut self, subject: &str) -> Self {
        self.id = format!("{}:{subject}", self.code);
        self
    }

    pub(super) fn columns<'a>(mut self, columns: impl IntoIterator<Item = &'a str>) -> Self {
        self.columns = columns.into_iter().map(str::to_owned).collect();
        self
    }

    pub(super) fn detail(mut self, sentence: impl Into<String>) -> Self {
        self.details.push(sentence.into());
        self
    }

    pub(super) fn details(mut self, sentences: Vec<String>) -> Self {
        self.details.extend(sentences);
        self
    }

    pub(super) fn mapping(mut self, lines: Vec<String>) -> Self {
        self.mapping = lines;
        self
    }

    pub(super) fn figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }

    pub(super) fn passes(mut self, figure: &str, bound: Bound, value: f64, setting: &str) -> Self {
        self.pass = Some(Pass { figure: figure.to_owned(), bound, value, setting: setting.to_owned() });
        self
    }

    pub(super) fn rows(mut self, rows: &Rows) -> Self {
        (self.lines, self.leads) = (rows.lines.clone(), rows.leads.clone());
        self
    }

    pub(super) fn reps<'a>(mut self, reps: impl IntoIterator<Item = &'a str>) -> Self {
        self.reps = reps.into_iter().take(SAMPLE).map(RepKey::new).collect();
        self
    }
}
