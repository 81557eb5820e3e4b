//! One decision for one lead: all parts of the policy joined.
//!
//! It is taken in two phases, because the model scores only who may get the lead. [`prepare()`] asks the rules, finds what
//! the lead needs, and with that the pool. Then the model scores the pool and the legacy owner. [`conclude`] climbs the
//! ladder: the first rung that has an answer decides, and every rung up to it says why.
//!
//! | rung | decides when |
//! |---|---|
//! | strategic rule | a rule names somebody, and they are available |
//! | account owner | somebody works with the company already, and is available |
//! | partner route | a partner rule names somebody, and they are available |
//! | exception | a rule, the amount, or a conflict about the company asks for a manager |
//! | model | it is sure enough, and nobody with a claim was unavailable |
//! | round robin | somebody with a claim was unavailable, or the model may choose nobody of the pool |
//! | manager queue | nobody is eligible, confident enough or far enough ahead |
//! | default queue | the model failed |
//!
//! Everything that depends on policy, roster and moment alone is found once, in a [`Moment`], and used for many leads.

mod claim;
mod field;
mod ladder;
mod moment;
mod path;
mod policy;
mod prepare;
mod round;
mod settings;
mod situation;
mod why;
mod words;

use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::{Recommendation, RouteReason};

use super::subject::{Earlier, Subject};

pub use ladder::{conclude, settle, weigh};
pub use moment::Moment;
pub use path::{Claim, Fairness, Gates, Heat, Margin, Path, Place, Pricing, Proof, Rung, Standing, Step, Who, Why};
pub use policy::Policy;
pub use prepare::{Prepared, prepare};
pub use round::{Candidate, Offers, Round, Together, give, rep_prices, wait};
pub use settings::{BelowMargin, ClaimSettings, HighValueSettings, MarginSettings, Unavailable};
pub use situation::{RepPrices, Situation};
pub use why::{Lift, Tie, Told, WhyNot, smallest_change, why_not};

/// What the model said: its ranking of the pool and the legacy owner, or why there is none.
pub type Scored<'a> = Result<&'a Ranking, &'a str>;

/// What besides lead, policy and moment decides.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Whom the CRM's own rules chose.
    pub legacy: &'a Owner,
    /// Where leads go that no rep gets.
    pub queues: &'a super::Queues,
    /// The manager's settings.
    pub settings: &'a super::Settings,
    /// Whether the model's gates let it route.
    pub cleared: bool,
    /// Share of the shown differences between reps that is taken to be real (the winner's curse), where it was measured.
    pub kept: Option<f64>,
}

/// What was decided, and the whole way there.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Where the lead should go.
    pub recommendation: Recommendation,
    /// How that came about.
    pub path: Path,
}

/// The lane of a lead. Technical failures come first, because something must be repaired; then what is on a short clock;
/// then what a rep gave back, or let lie whom a person had chosen; then as [`super::lane::lane`] says.
pub fn lane(subject: &Subject, outcome: &Outcome, ranking: Option<&Ranking>, legacy: &Owner) -> Lane {
    if outcome.recommendation.reason == RouteReason::TechnicalFailure {
        Lane::Sync
    } else if outcome.path.heat.is_hot() {
        Lane::Hot
    } else if subject.was_chosen || subject.earlier.iter().any(|(_, how)| *how == Earlier::Returned) {
        Lane::Returned
    } else {
        match super::lane::lane(&outcome.recommendation, ranking, legacy) {
            // What somebody may have a claim on is not waved through.
            Lane::Fast if matches!(outcome.path.on(Rung::AccountOwner), Some(Why::Unanswered { .. })) => Lane::Disagree,
            lane => lane,
        }
    }
}

#[cfg(test)]
mod tests;
