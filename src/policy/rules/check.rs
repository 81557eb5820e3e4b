//! Comparing a rulebook with the org and with itself: names that lead to nobody, values the org does not have, rules that
//! can never matter, rules that contradict each other.

mod logic;
mod names;
mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::directory::{Directory, NotFound};
use super::facts::Field;
use super::problem::Place;
use super::{Rule, Rulebook};
use crate::domain::rep::Rep;
use crate::policy::profile::Profile;

/// What the org really has. What is not known (`None`, or a picklist that is not there) is not compared.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Users and queues.
    pub directory: Directory,
    /// The reps that leads can go to, with what routing knows of them.
    pub reps: Vec<(Rep, Option<Profile>)>,
    /// The values of picklists, by the fact that they fill.
    pub picklists: BTreeMap<Field, Vec<String>>,
    /// All territories.
    pub territories: Option<Vec<String>>,
    /// Whether accounts are looked up.
    pub accounts: Option<bool>,
    /// The names of all further facts (`lead.fields.…`) that the config reads.
    pub further: Option<Vec<String>>,
}

/// How bad a finding is.
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
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// The rule does not do what it says.
    Error,
    /// The rule probably does not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Trouble {
    /// It sends leads to a rep or queue that cannot be found.
    TargetNotFound {
        /// Why.
        why: NotFound,
    },
    /// It sends leads to somebody who left.
    TargetInactive {
        /// Their full name.
        name: String,
    },
    /// The person who answers for it left.
    OwnerInactive {
        /// Their full name.
        name: String,
    },
    /// Nobody is called as the one who answers for it.
    OwnerNotFound {
        /// Why.
        why: NotFound,
    },
    /// A value that the org's picklist does not have.
    NotInPicklist {
        /// The fact.
        field: Field,
        /// The value.
        value: String,
        /// A value of the picklist that is much like it.
        near: Option<String>,
    },
    /// A territory that nobody works.
    UnknownTerritory {
        /// The territory.
        territory: String,
        /// One that is much like it.
        near: Option<String>,
    },
    /// A further fact that the config does not read.
    UnknownFact {
        /// Its name.
        name: String,
        /// One that is much like it.
        near: Option<String>,
    },
    /// It asks about accounts, which are not looked up.
    AccountsNotRead,
    /// Its last day is over.
    Expired {
        /// When it ended.
        at: DateTime<Utc>,
    },
    /// Its condition, or its condition on reps, contradicts itself.
    NeverHolds {
        /// The facts of which it asks what cannot be together.
        about: Vec<Field>,
        /// Whether it is the condition on reps.
        of_reps: bool,
    },
    /// Whenever it fires, earlier rules of its kind have decided already.
    NeverDecides {
        /// Those rules.
        by: Vec<String>,
        /// Whether all of them say the same as it.
        same: bool,
    },
    /// Whenever it fires, other rules of its kind say the same already.
    AddsNothing {
        /// Those rules.
        by: Vec<String>,
    },
    /// Some leads meet this rule and an earlier one that says something else; neither is a special case of the other.
    Contradicts {
        /// The earlier rules, which decide.
        with: Vec<String>,
        /// The known facts of such a lead.
        example: BTreeMap<Field, String>,
    },
    /// No rep can meet its condition on reps together with those of other rules that apply to some of its leads.
    ExcludesAllWith {
        /// The other rule.
        with: String,
        /// The facts of which the two ask what cannot be together.
        about: Vec<Field>,
    },
    /// No active rep meets its condition on reps.
    NobodyMeets,
    /// The source that it gives takes the lead out of its own condition: read again from the CRM, it no longer fires.
    UndoesItself {
        /// The source.
        source: String,
    },
    /// A setting speaks of a rep who cannot be found.
    RepNotFound {
        /// Why.
        why: NotFound,
    },
    /// A setting speaks of somebody who left.
    RepInactive {
        /// Their full name.
        name: String,
    },
    /// A part of it that is not understood here, so that nothing above was proven about it.
    NotAnalysed {
        /// The parts, in CEL; empty when the condition as a whole has too many branches.
        parts: Vec<String>,
    },
}

impl Trouble {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::TargetNotFound { .. }
            | Self::TargetInactive { .. }
            | Self::RepNotFound { .. }
            | Self::UnknownFact { .. }
            | Self::NeverHolds { .. }
            | Self::NeverDecides { same: false, .. }
            | Self::NobodyMeets => Severity::Error,
            Self::OwnerInactive { .. }
            | Self::NotInPicklist { .. }
            | Self::UnknownTerritory { .. }
            | Self::AccountsNotRead
            | Self::Expired { .. }
            | Self::NeverDecides { same: true, .. }
            | Self::Contradicts { .. }
            | Self::ExcludesAllWith { .. } => Severity::Warning,
            Self::OwnerNotFound { .. }
            | Self::RepInactive { .. }
            | Self::AddsNothing { .. }
            | Self::UndoesItself { .. }
            | Self::NotAnalysed { .. } => Severity::Note,
        }
    }
}

/// Something about one rule or setting, and where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// The rule, or the setting by its dotted key.
    pub rule: String,
    /// What.
    pub trouble: Trouble,
}

impl Finding {
    fn new(rule: &Rule, place: &Place, trouble: Trouble) -> Self {
        Self { severity: trouble.severity(), place: place.clone(), rule: rule.name.clone(), trouble }
    }
}

/// Everything that stands out about a rulebook, in the order of the file. What it calls impossible is proven: a rule that
/// can fire on some lead is never said not to. What cannot be decided is left out, or named as not analysed.
pub fn check(book: &Rulebook, world: &World, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in &book.rules {
        names::check(rule, book, world, &mut findings);
    }
    names::check_settings(book, world, &mut findings);
    logic::check(book, world, now, &mut findings);
    findings.sort_by(|a, b| a.place.cmp(&b.place).then(a.severity.cmp(&b.severity)));
    findings
}
