//! The way to a decision, in words. Names are raw: sanitise before display.

use std::fmt::{Display, Formatter, Result};

use super::{Claim, Fairness, Heat, Pricing, Proof, Rung, Step, Together, Why};
use crate::domain::ids::RepId;
use crate::domain::number::{amount, apart, beside_limit};
use crate::policy::fairness::{LEAD, Within, standing};
use crate::policy::price::points;

/// A reason that a person wrote, as the end of a sentence.
fn ended(reason: &str) -> String {
    let reason = reason.trim();
    if reason.ends_with(['.', '!', '?']) { reason.to_owned() } else { format!("{reason}.") }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn reps(count: usize) -> String {
    if count == 1 { "1 rep".to_owned() } else { format!("{count} reps") }
}

impl Display for Proof {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Rule { name, .. } => write!(f, "the rule \"{name}\""),
            Self::Account { id, name } => write!(f, "the account {name} ({id})"),
            Self::Record { record } => record.fmt(f),
        }
    }
}

/// Whose the lead is and why, without a full stop.
impl Display for Claim {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { who, by } = self;
        match by {
            Proof::Rule { name, .. } => write!(f, "Rule \"{name}\" names {}", who.name),
            Proof::Account { .. } | Proof::Record { .. } => write!(f, "{} owns {by}", who.name),
        }
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Claimed { claim: claim @ Claim { by: Proof::Rule { reason, .. }, .. } } => {
                write!(f, "{claim}: {}", ended(reason))
            }
            Self::Claimed { claim } => write!(f, "{claim}."),
            Self::ToQueue { by: Proof::Rule { name, reason }, queue } => {
                write!(f, "Rule \"{name}\" sends it to the queue {queue}: {}", ended(reason))
            }
            Self::ToQueue { by, queue } => write!(f, "It goes to the queue {queue}, by {by}."),
            Self::AskedFor { rules, reason } => {
                let names: Vec<String> = rules.iter().map(|name| format!("\"{name}\"")).collect();
                let rule = if rules.len() == 1 { "Rule" } else { "Rules" };
                let ask = if rules.len() == 1 { "asks" } else { "ask" };
                write!(f, "{rule} {} {ask} for a manager: {}", listed(&names), ended(reason))
            }
            Self::LargeAmount { amount: is, from } => {
                write!(f, "The amount is {}: from {} on a manager must look.", amount(*is), amount(*from))
            }
            Self::Conflict { records } => {
                let records: Vec<String> = records.iter().map(ToString::to_string).collect();
                write!(f, "Several reps already work with this company, a person must choose: {}.", records.join("; "))
            }
            Self::Chosen { who, p_win, of, instead_of } => {
                write!(f, "{} has {:.1} %, ", who.name, p_win * 100.0)?;
                match instead_of {
                    None => write!(f, "first of {} who may get it.", reps(*of)),
                    Some(first) => write!(f, "and is chosen of {} instead of {}.", reps(*of), first.name),
                }
            }
            Self::Turn { who, balance, of } => {
                write!(f, "{} has the turn of {}: {} before this lead.", who.name, reps(*of), standing(*balance))
            }
            Self::NobodyChosen => f.write_str("Nobody was chosen: a manager does."),
            Self::Failed => f.write_str("Nothing above could decide without the model."),
            Self::NoRule => f.write_str("No rule of this kind concerns the lead."),
            Self::Narrows { rule } => write!(f, "Rule \"{rule}\" leaves the choice among some reps to the model."),
            Self::Unavailable { claim, why } => {
                let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                write!(f, "{claim}, who is unavailable: {}.", why.join("; "))
            }
            Self::NoOwner => f.write_str("Nobody is known to work with the company."),
            Self::Unanswered { what } => write!(f, "Not known who works with the company: {}", ended(what)),
            Self::OwnerGone { claim } => write!(f, "{claim}, but is no active rep any more."),
            Self::Disputed => f.write_str("Several reps already work with the company."),
            Self::NotSet => f.write_str("The settings give no company to one rep."),
            Self::NotAsked => f.write_str("Nothing asks for a manager."),
            Self::NoScores { what } => write!(f, "The model failed: {}", ended(what)),
            Self::EmptyPool => f.write_str("Nobody is eligible."),
            Self::ClaimStands { who } => {
                write!(f, "{} has a claim and is only unavailable, so whoever has the turn stands in.", who.name)
            }
            Self::NobodyKnown { of, passed_over: 0 } => {
                write!(f, "The model knows too few deals of all {} who may get it.", reps(*of))
            }
            Self::NobodyKnown { of, passed_over } => write!(
                f,
                "Of {} who may get it, {passed_over} are too far ahead of their share, and the model knows too few deals \
                 of the others.",
                reps(*of)
            ),
            Self::LowConfidence { best, gate } => {
                let (best, gate) = beside_limit(*best, *gate);
                write!(f, "The best has {best} %, below the gate of {gate} %.")
            }
            Self::TooClose { found, wanted } => {
                let (found, wanted) = apart(found * 100.0, wanted * 100.0, 1);
                write!(f, "The first is {found} points before the next, less than {wanted}: a person should choose.")
            }
            Self::NoPlace { of } => {
                write!(f, "The places of all {} who may get it went to leads that came with it.", reps(*of))
            }
            Self::NotNeeded => f.write_str("Nobody with a claim is unavailable, so it is nobody's turn."),
        }
    }
}

impl Rung {
    /// The name a manager reads.
    pub const fn title(self) -> &'static str {
        match self {
            Self::StrategicRule => "Strategic rule",
            Self::AccountOwner => "Account owner",
            Self::PartnerRoute => "Partner route",
            Self::Exception => "Exception",
            Self::Model => "Model",
            Self::RoundRobin => "Round robin",
            Self::ManagerQueue => "Manager queue",
            Self::DefaultQueue => "Default queue",
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {}", self.rung.title(), self.why)
    }
}

impl Display for Heat {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Hot { score, above, rules } => {
                let rules: Vec<String> = rules.iter().map(|name| format!("\"{name}\"")).collect();
                write!(f, "Hot: score {score} is above {above}, high intent by {}.", listed(&rules))
            }
            Self::LowScore { score, above } => write!(f, "Not hot: score {score} is not above {above}."),
            Self::NoIntent { score, any_rules: true } => {
                write!(f, "Not hot: score {score} would do, but no rule says that it shows high intent.")
            }
            Self::NoIntent { score, any_rules: false } => {
                write!(f, "Not hot: score {score} would do, but there are no rules that say what shows high intent.")
            }
            Self::NoScore => f.write_str("Not known to be hot: it has no score."),
        }
    }
}

impl Fairness {
    /// Why a rep is passed over; `None` if not for their share.
    pub fn words(&self, rep: &RepId, name: &str) -> Option<String> {
        let turn = self.passed_over.iter().find(|turn| turn.rep == *rep)?;
        let within = Within {
            may: Vec::new(),
            passed_over: vec![turn.clone()],
            nobody_below: self.nobody_below,
            bound: self.bound?,
        };
        within.words(rep, name)
    }

    /// How many leads less far ahead a rep who is passed over would have to be.
    pub fn excess(&self, rep: &RepId) -> Option<f64> {
        let turn = self.passed_over.iter().find(|turn| turn.rep == *rep)?;
        Some((turn.with() - self.bound?) as f64 / LEAD as f64)
    }
}

impl Together {
    /// Why a rep who would have got the lead alone did not: `Given together with 3 others: …`. `None` for anybody else.
    pub fn words(&self, rep: &RepId) -> Option<String> {
        let first = self.instead_of.as_ref().filter(|first| first.id == *rep)?;
        let others = match self.leads.saturating_sub(1) {
            1 => "another lead, which is".to_owned(),
            others => format!("{others} others, which are"),
        };
        Some(format!("{}'s place goes to {others} worth more with them, given at the same moment.", first.name))
    }
}

impl Pricing {
    /// What a place costs, in billionths of a deal.
    pub fn price(&self, rep: &RepId) -> i64 {
        self.prices.iter().find(|place| place.rep == *rep).map_or(0, |place| place.price.price)
    }

    /// What the place of a rep costs: why another is worth more.
    pub fn words(&self, rep: &RepId, name: &str) -> Option<String> {
        let place = self.prices.iter().find(|place| place.rep == *rep)?;
        let left = match place.price.places {
            1 => "1 place left".to_owned(),
            places => format!("{places} places left"),
        };
        Some(format!(
            "{name}'s slot costs {} points: {left}, and the best of {:.1} of the {:.0} leads expected {}.",
            points(place.price.price),
            place.price.best_for,
            self.expected,
            self.until
        ))
    }
}
