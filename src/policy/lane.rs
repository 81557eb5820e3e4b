//! Which pile a lead goes to, and where in it.

use crate::domain::facts::LeadFacts;
use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::{Recommendation, RouteReason};

use super::value::ValueSettings;

/// The lane of a lead.
///
/// Fast is what needs no reading: the model and the legacy rules agree, or the model's pick is better beyond doubt (the
/// two 95 % intervals do not touch).
///
/// What a rule or a promise decided is an exception, however the model sees it. Hot leads and returned ones have lanes of
/// their own: see [`super::route::lane`].
pub fn lane(recommendation: &Recommendation, ranking: Option<&Ranking>, legacy: &Owner) -> Lane {
    match recommendation.reason {
        RouteReason::TechnicalFailure => Lane::Sync,
        RouteReason::EmptyPool
        | RouteReason::StrategicRule
        | RouteReason::PartnerRoute
        | RouteReason::ExceptionRule
        | RouteReason::HighValue
        | RouteReason::AccountConflict
        | RouteReason::RoundRobinUnavailable => Lane::Exceptions,
        RouteReason::LowConfidence | RouteReason::LowMargin => Lane::LowConfidence,
        RouteReason::ModelAgrees => Lane::Fast,
        RouteReason::AccountOwner | RouteReason::RoundRobinUnsupported => {
            if recommendation.route.owner() == *legacy {
                Lane::Fast
            } else {
                Lane::Disagree
            }
        }
        RouteReason::ModelUncleared => Lane::Disagree,
        RouteReason::ModelPick => {
            let of = |owner: &Owner| owner.rep().and_then(|id| ranking.and_then(|r| r.of(id)));
            match (of(&recommendation.route.owner()), of(legacy)) {
                (Some(pick), Some(legacy)) if pick.interval.low > legacy.interval.high => Lane::Fast,
                _ => Lane::Disagree,
            }
        }
    }
}

/// Order inside a lane, higher first: value at stake (points of win probability between the model's pick and the legacy
/// owner, times the weight of the deal's size), and among equals the older lead, whose clock has less left.
///
/// The stake is rounded to tenths of a point, so that leads that differ by noise are ordered by age.
pub fn priority(facts: &LeadFacts, gap: Option<f64>) -> f64 {
    stake(facts, gap, &ValueSettings::default())
}

/// Before every lead that is not hot, whatever that is worth: billions are more than a thousand tenths of a point times any
/// weight of an amount that makes sense. Among hot leads the older one is first: its clock has less left.
pub fn urgency(facts: &LeadFacts) -> f64 {
    YEAR_2286 - facts.created_at.timestamp() as f64
}

/// [`priority`] with the weights of amounts that a manager set.
pub fn stake(facts: &LeadFacts, gap: Option<f64>, value: &ValueSettings) -> f64 {
    let tenths = (gap.unwrap_or(0.0).abs() * 1000.0 * value.weight(facts.amount)).round();
    tenths + age(facts)
}

/// Seconds from 1970 until a far day.
const YEAR_2286: f64 = 1e10;

/// Between 0 and 1 until that day, so the age never outweighs a tenth of a point.
fn age(facts: &LeadFacts) -> f64 {
    1.0 - facts.created_at.timestamp() as f64 / YEAR_2286
}
