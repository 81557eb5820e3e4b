//! Routing rules as text: `routing.toml`, which a sales-ops manager writes and reads.
//!
//! # The file
//! ```toml
//! format = 1
//!
//! [[rule]]
//! name = "Key account Siemens"
//! kind = "strategic"
//! when = 'lead.email_domain == "siemens.com"'
//! rep = "ana@example.com"
//! owner = "maria@example.com"
//! reason = "Ana knows the board since 2019"
//! until = 2027-12-31
//! ```
//! Each kind of rule answers one question, and rules of different kinds do not touch each other: their order in the file
//! matters only among rules of one kind. What the kinds are, and what order means to each, says [`Kind`]. A condition is
//! written in CEL (the Common Expression Language) over the facts of [`Field`]; a missing fact never makes a rule fire (see
//! `condition`). A rule sees the lead as the CRM has it, and the territory that a territory rule gave it.
//!
//! # Use
//! [`Rulebook::parse`] reads the text and says everything that is wrong with it; [`check()`] compares it with the org and with
//! itself; [`Rulebook::fire`] applies it to one lead; [`diff()`] says in words what differs between two.

mod check;
mod condition;
mod diff;
mod directory;
mod document;
mod facts;
mod fire;
mod problem;
mod region;
mod sections;
mod settings;
mod syntax;
mod typing;
mod version;
mod words;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use check::{Finding, Severity, Trouble, World, check};
pub use condition::Because;
pub use diff::{Change, Detail, Reach, Route, RuleChange, diff};
pub use directory::{Directory, NotFound, Person};
pub use facts::{AccountField, Facts, Field, Kind as FactKind, LeadField, RepFacts, RepField};
pub use fire::{Destination, Effect, Failed, Fired, Firing, Narrowing, Outcome, Refusal, Standing, Unknown};
pub use problem::{Excerpt, Place, Problem};
pub use sections::{RepSettings, Sections};
pub use version::{Version, short};

use condition::Condition;

/// The only format of `routing.toml` so far.
pub const FORMAT: i64 = 1;

/// Longest `routing.toml`, in bytes, and most rules in it.
pub const LONGEST: usize = 4 << 20;
/// Most rules of one rulebook.
pub const MOST_RULES: usize = 5_000;

/// The question that a rule answers.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Which territory the lead is in. The first that fires decides; a territory that the CRM gave stays, unless the rule
    /// says `replace = true`. All other kinds see the territory that was decided.
    Territory,
    /// Who gets the lead whatever the model says: key accounts, executive relationships. The first that fires decides.
    Strategic,
    /// Where a partner's lead goes, and which source it gets. The first that fires decides.
    Partner,
    /// Which reps may get the lead at all. Every one that fires narrows the pool; order does not matter.
    Require,
    /// Whether a manager must look. One that fires is enough; order does not matter.
    Exception,
    /// Whether the lead shows high intent, so that a good score makes it hot. One that fires is enough; order does not
    /// matter.
    Hot,
}

impl Kind {
    /// Whether only the first rule of this kind that fires takes effect.
    pub const fn first_decides(self) -> bool {
        matches!(self, Self::Territory | Self::Strategic | Self::Partner)
    }
}

/// Whom a rule sends a lead to, as the rule says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Target {
    /// A rep: user id, user name, e-mail address or full name.
    Rep(String),
    /// A queue: its `DeveloperName`.
    Queue(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rep(name) => f.write_str(name),
            Self::Queue(name) => write!(f, "queue {name}"),
        }
    }
}

/// What a rule does when it fires.
#[derive(Clone, Debug)]
enum Then {
    Territory { territory: String, replace: bool },
    Strategic(Target),
    Partner { to: PartnerTo, source: Option<String> },
    Require { rep_when: RepCondition },
    Exception,
    Hot,
}

#[derive(Clone, Debug)]
enum PartnerTo {
    Target(Target),
    Reps(RepCondition),
}

/// A condition on reps, as it is written and compiled.
#[derive(Clone, Debug)]
struct RepCondition {
    written: String,
    condition: Condition,
}

/// When a rule applies. Days are days of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// From this moment on; for a day its beginning.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment; for a day the beginning of the next, so that the day itself is included.
    pub before: Option<DateTime<Utc>>,
}

impl Window {
    /// Whether a moment is inside.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.before.is_none_or(|before| at < before)
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    name: String,
    kind: Kind,
    /// The condition, as it is written.
    written: String,
    condition: Condition,
    then: Then,
    owner: String,
    reason: String,
    window: Window,
    places: Places,
}

/// Where the parts of a rule are in its file.
#[derive(Clone, Debug)]
struct Places {
    rule: Place,
    when: Place,
    /// The target: rep, queue, territory or rep_when.
    target: Option<Place>,
    source: Option<Place>,
    owner: Place,
    until: Option<Place>,
}

impl Rule {
    /// Its name, unique in the rulebook. Raw: sanitise before display.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The question it answers.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its condition, as it is written.
    pub fn when(&self) -> &str {
        &self.written
    }

    /// The condition on reps, if it has one, as it is written.
    pub fn rep_when(&self) -> Option<&str> {
        self.reps().map(|reps| reps.written.as_str())
    }

    /// Whom it sends leads to, if it names somebody.
    pub const fn target(&self) -> Option<&Target> {
        match &self.then {
            Then::Strategic(target) | Then::Partner { to: PartnerTo::Target(target), .. } => Some(target),
            _ => None,
        }
    }

    /// The territory it gives, if it is of that kind.
    pub const fn territory(&self) -> Option<&String> {
        match &self.then {
            Then::Territory { territory, .. } => Some(territory),
            _ => None,
        }
    }

    /// The source it gives, if it does.
    pub const fn source(&self) -> Option<&String> {
        match &self.then {
            Then::Partner { source, .. } => source.as_ref(),
            _ => None,
        }
    }

    /// Who answers for it, as it is written.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Why it exists.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it applies.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.places.rule
    }

    const fn reps(&self) -> Option<&RepCondition> {
        match &self.then {
            Then::Require { rep_when } | Then::Partner { to: PartnerTo::Reps(rep_when), .. } => Some(rep_when),
            _ => None,
        }
    }
}

/// All rules, read and compiled.
#[derive(Clone, Debug)]
pub struct Rulebook {
    version: Version,
    canonical: Arc<str>,
    rules: Vec<Rule>,
    sections: Sections,
    settings: settings::Settings,
}

impl Rulebook {
    /// Reads the text of a `routing.toml`; `place` is the file's name in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(text: &str, place: &str) -> Result<Self, Vec<Problem>> {
        document::parse(text, place)
    }

    /// A rulebook without rules, for an org that has none.
    pub fn empty() -> Self {
        let canonical = document::canonical(&toml::Table::new());
        Self {
            version: Version::of(&canonical),
            canonical,
            rules: Vec::new(),
            sections: Sections::default(),
            settings: settings::Settings::default(),
        }
    }

    /// What it says, as a name: equal exactly when rules and settings are equal. Comments and layout do not count.
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// Its text without comments and in one layout. Reading it gives an equal rulebook, so that a version can be kept.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The rules, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The settings of the other parts of the policy.
    pub const fn sections(&self) -> &Sections {
        &self.sections
    }

    /// Whether a condition asks about the account of a lead.
    pub fn asks_about_accounts(&self) -> bool {
        let mut asks = false;
        let conditions = self
            .rules
            .iter()
            .flat_map(|rule| std::iter::once(&rule.condition).chain(rule.reps().map(|reps| &reps.condition)));
        for condition in conditions {
            condition.each_atom(&mut |atom, _| {
                asks |= atom.fields().iter().any(|field| matches!(field, Field::Account(_)));
            });
        }
        asks
    }

    /// A problem with a setting, by its dotted key (`rep[2].zone`), with its place in the file.
    pub(crate) fn problem(&self, key: &str, message: impl Into<String>, cure: impl Into<String>) -> Problem {
        self.settings.problem(key, message, cure)
    }
}

#[cfg(test)]
mod tests;
