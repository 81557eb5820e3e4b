//! The whole way to a decision, as data: stored with every ranking, shown on the lead screen and exported. Codes are stable.

use serde::{Deserialize, Serialize};

use super::Together;
use crate::domain::ids::{QueueId, RepId};
use crate::domain::pool::{Exclusion, Pool};
use crate::policy::capacity::Room;
use crate::policy::company::{Duplicate, Match};
use crate::policy::eligibility::Needs;
use crate::policy::fairness::Turn;
use crate::policy::price::BidPrice;
use crate::policy::rules::{Firing, Version};
use crate::policy::slot::Slot;

/// How a decision came about. The pool, its exclusions and the scores are in the ranking beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// What the rules said: those that fired, facts that some of them missed, and the version of the rulebook.
    pub rules: Firing,
    /// What the lead asks of a rep, each with what says so.
    pub needs: Needs,
    /// The rungs of the ladder in order, up to the one that decided: the last, and the only one that is taken.
    pub rungs: Vec<Step>,
    /// Whether the lead is hot, and why.
    pub heat: Heat,
    /// What was compared with what.
    pub gates: Gates,
    /// The source that the lead gets in the CRM, where a partner rule gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Other records of the same person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Duplicate>,
    /// Whose share mattered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness: Option<Fairness>,
    /// Reps of the pool whom the model may not choose, because it knows too few of their deals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<RepId>,
    /// What places cost, where that mattered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// How it was given together with other leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Together>,
    /// Room and calendar of the rep who gets it and of the legacy owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standings: Vec<Standing>,
    /// Who could have had it, where no ranking says so because the model failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
}

impl Path {
    /// The rulebook that it was decided by.
    pub const fn version(&self) -> &Version {
        &self.rules.version
    }

    /// Who works with the company, as far as the path knows: whose claim it was, whether it was met or not. `None` where
    /// nobody is known, or records contradict each other.
    pub fn company_claim(&self) -> Option<&Claim> {
        let step = self.rungs.iter().find(|step| step.rung == Rung::AccountOwner)?;
        match &step.why {
            Why::Claimed { claim } | Why::Unavailable { claim, .. } | Why::OwnerGone { claim } => Some(claim),
            _ => None,
        }
    }

    /// What was said on a rung, if it was reached.
    pub fn on(&self, rung: Rung) -> Option<&Why> {
        self.rungs.iter().find(|step| step.rung == rung).map(|step| &step.why)
    }

    /// The rung that decided.
    pub fn taken(&self) -> Option<&Step> {
        self.rungs.iter().find(|step| step.taken)
    }
}

/// A rep as they are called at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The rep.
    pub id: RepId,
    /// Full name, raw: sanitise before display.
    pub name: String,
}

/// A rung of the ladder, in order.
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
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rung {
    /// A strategic rule says who gets it.
    StrategicRule,
    /// Somebody works with the company already.
    AccountOwner,
    /// A partner rule says who gets it.
    PartnerRoute,
    /// A manager must look.
    Exception,
    /// The model chooses.
    Model,
    /// Whose turn it is.
    RoundRobin,
    /// A manager chooses.
    ManagerQueue,
    /// We failed.
    DefaultQueue,
}

/// One rung, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub rung: Rung,
    /// Whether it decided.
    pub taken: bool,
    /// Why, or why not.
    pub why: Why,
}

/// What gives a rep a claim on a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who has it.
    pub who: Who,
    /// What gives it.
    pub by: Proof,
}

/// What says where a lead goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Proof {
    /// A rule.
    Rule {
        /// Its name.
        name: String,
        /// Why it exists.
        reason: String,
    },
    /// The account that the lead belongs to.
    Account {
        /// The record that proves it.
        id: String,
        /// Its name, raw.
        name: String,
    },
    /// Another record of the company.
    Record {
        /// The record that proves it, and how.
        record: Match,
    },
}

/// Why a rung decided, or did not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Why {
    /// Decided: this rep has a claim and is available.
    Claimed {
        /// Who and by what.
        claim: Claim,
    },
    /// Decided: a rule sends the lead to a queue.
    ToQueue {
        /// The rule.
        by: Proof,
        /// The queue.
        queue: QueueId,
    },
    /// Decided: rules ask for a manager.
    AskedFor {
        /// Their names.
        rules: Vec<String>,
        /// Why the first of them exists.
        reason: String,
    },
    /// Decided: the deal is large.
    LargeAmount {
        /// Its expected amount.
        amount: f64,
        /// From which on a manager must look.
        from: f64,
    },
    /// Decided: records of the company speak for different reps.
    Conflict {
        /// The best record of each.
        records: Vec<Match>,
    },
    /// Decided: the model's choice.
    Chosen {
        /// Who.
        who: Who,
        /// Their probability.
        p_win: f64,
        /// How many could have had it.
        of: usize,
        /// The rep whom the model ranks first, if that is another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<Who>,
    },
    /// Decided: the rep whose turn it is.
    Turn {
        /// Who.
        who: Who,
        /// How far ahead of their share they were, in millionths of a lead.
        balance: i64,
        /// How many could have had it.
        of: usize,
    },
    /// Decided: a manager chooses, for the reason that the model's rung or the pool gave.
    NobodyChosen,
    /// Decided: we failed.
    Failed,
    /// Not: no rule of the kind concerns the lead.
    NoRule,
    /// Not: the rule leaves the choice among some reps to the model.
    Narrows {
        /// Its name.
        rule: String,
    },
    /// Not: whoever has the claim is unavailable.
    Unavailable {
        /// Who and by what.
        claim: Claim,
        /// What is in the way.
        why: Vec<Exclusion>,
    },
    /// Not: nobody is known to work with the company.
    NoOwner,
    /// Not: the CRM did not say in time which account the lead belongs to, and nobody is known otherwise.
    Unanswered {
        /// What is in the way, in words.
        what: String,
    },
    /// Not: whoever worked with the company is gone.
    OwnerGone {
        /// Who and by what.
        claim: Claim,
    },
    /// Not: records of the company speak for different reps.
    Disputed,
    /// Not: company ownership is switched off in the settings, or there are none.
    NotSet,
    /// Not: nobody asks for a manager.
    NotAsked,
    /// Not: the model gave no scores.
    NoScores {
        /// Why.
        what: String,
    },
    /// Not: nobody is in the pool.
    EmptyPool,
    /// Not: somebody has a claim and is only unavailable, so that it is not the model's turn.
    ClaimStands {
        /// Who.
        who: Who,
    },
    /// Not: the model knows too few deals of everybody whom it might choose.
    NobodyKnown {
        /// How many are in the pool.
        of: usize,
        /// Of those, too far ahead of their share.
        passed_over: usize,
    },
    /// Not: nobody reaches the confidence gate.
    LowConfidence {
        /// The best probability.
        best: f64,
        /// The gate.
        gate: f64,
    },
    /// Not: the first two are too close, and a person should choose.
    TooClose {
        /// How far apart they are.
        found: f64,
        /// How far they should be.
        wanted: f64,
    },
    /// Not: the places of all who may get it went to leads that were given at the same moment.
    NoPlace {
        /// How many could have had it.
        of: usize,
    },
    /// Not: the model could choose, so whose turn it is does not count.
    NotNeeded,
}

/// Whether a lead is hot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Heat {
    /// It is.
    Hot {
        /// Its score.
        score: u8,
        /// Hot leads are above this.
        above: u8,
        /// Rules that say that it shows high intent.
        rules: Vec<String>,
    },
    /// It is not: its score is too low.
    LowScore {
        /// Its score.
        score: u8,
        /// Hot leads are above this.
        above: u8,
    },
    /// It is not: no rule says that it shows high intent.
    NoIntent {
        /// Its score, which would do.
        score: u8,
        /// Whether there are such rules at all.
        any_rules: bool,
    },
    /// It is not known: there is no score.
    NoScore,
}

impl Heat {
    /// Whether it is hot.
    pub const fn is_hot(&self) -> bool {
        matches!(self, Self::Hot { .. })
    }
}

/// What was compared with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gates {
    /// The confidence gate.
    pub confidence: f64,
    /// The best probability among those who may get the lead.
    pub best: Option<f64>,
    /// Whether the model's own gates let it route.
    pub cleared: bool,
    /// From which amount on a manager must look.
    pub high_value: Option<f64>,
    /// How far the pick is before the next.
    pub margin: Option<Margin>,
}

/// How far the pick is before the next rep who may get the lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    /// The next.
    pub next: RepId,
    /// How far apart they are in win probability; negative where prices put the pick first.
    pub found: f64,
    /// How far they should be, if the settings say so.
    pub wanted: Option<f64>,
}

impl Margin {
    /// Whether the two are too close to call.
    pub fn is_close(&self) -> bool {
        self.wanted.is_some_and(|wanted| self.found < wanted)
    }
}

/// Whose share mattered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fairness {
    /// How far anybody may get ahead, in millionths of a lead, if that was set.
    pub bound: Option<i64>,
    /// Those beyond it, whom the model's rung passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Turn>,
    /// Everybody is beyond it, and the least ahead may get the lead all the same.
    #[serde(default)]
    pub nobody_below: bool,
    /// Where the round robin decided: everybody's turns, the next first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
}

/// What places cost, and with that what each rep is worth to the lead: expected probability times weight, less the price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pricing {
    /// Weight of the deal's size.
    pub weight: f64,
    /// Mean probability of the reps who were compared.
    pub mean: f64,
    /// Share of the differences from it that is taken to be real.
    pub kept: f64,
    /// Places that cost something, of those who were compared.
    pub prices: Vec<Place>,
    /// Leads expected until there is room again.
    pub expected: f64,
    /// When that is, in a word.
    pub until: String,
}

/// The place of a rep and its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The rep.
    pub rep: RepId,
    /// What it costs.
    pub price: BidPrice,
}

/// Room and calendar of one rep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The rep.
    pub rep: RepId,
    /// What room they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// Their first free slot; `None` where neither working hours nor a calendar of theirs are known.
    #[serde(default)]
    pub slot: Option<Slot>,
}
