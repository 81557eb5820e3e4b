//! The one place that says why the recommended owner is not the legacy owner: for the lead screen, the matrix, the groups
//! and the command line alike.

use crate::domain::disagreement::Cause;
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::{Contrast, RankedRep, Ranking};
use crate::domain::recommendation::{Recommendation, RouteReason};
use crate::policy::route::Path;

/// With fewer closed deals like the lead than this, overlapping ranges tell nothing: of ten deals the win rate is known to
/// within thirty points at best.
pub const FEW_DEALS: u32 = 10;

/// A recommendation as it is stored, and whom the CRM's rules had chosen.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What was recommended.
    pub recommendation: &'a Recommendation,
    /// Whom the model ranked, unless it failed.
    pub ranking: Option<&'a Ranking>,
    /// How the recommendation came about; `None` for rankings of before it was kept.
    pub path: Option<&'a Path>,
    /// The legacy owner.
    pub legacy: &'a Owner,
}

/// Why they are not the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'a> {
    /// The cause.
    pub cause: Cause,
    /// What keeps the legacy owner out, where that is the cause.
    pub exclusion: Option<&'a Exclusion>,
    /// What tells the two apart most, where that is the cause.
    pub factor: Option<&'a Contrast>,
}

impl Found<'_> {
    const fn only(cause: Cause) -> Self {
        Self { cause, exclusion: None, factor: None }
    }
}

impl<'a> Case<'a> {
    /// The cause of the disagreement. `None` where both chose the same owner.
    pub fn cause(&self) -> Option<Found<'a>> {
        let route = &self.recommendation.route;
        if route.owner() == *self.legacy {
            return None;
        }
        Some(self.above_the_model().map(Found::only).or_else(|| self.of_legacy()).unwrap_or_else(|| self.of_model()))
    }

    /// What was decided whatever the model and the legacy owner are.
    const fn above_the_model(&self) -> Option<Cause> {
        Some(match self.recommendation.reason {
            RouteReason::TechnicalFailure => Cause::Failed,
            RouteReason::StrategicRule => Cause::StrategicRule,
            RouteReason::AccountOwner => Cause::AccountOwner,
            RouteReason::PartnerRoute => Cause::PartnerRule,
            RouteReason::ExceptionRule | RouteReason::HighValue | RouteReason::AccountConflict => Cause::ManagerAsked,
            RouteReason::EmptyPool => Cause::NobodyEligible,
            RouteReason::LowConfidence => Cause::NobodyLikely,
            RouteReason::LowMargin => Cause::TooClose,
            RouteReason::ModelAgrees
            | RouteReason::ModelPick
            | RouteReason::ModelUncleared
            | RouteReason::RoundRobinUnavailable
            | RouteReason::RoundRobinUnsupported => return None,
        })
    }

    /// What about the legacy owner says enough.
    fn of_legacy(&self) -> Option<Found<'a>> {
        let Owner::Rep(legacy) = self.legacy else { return Some(Found::only(Cause::LegacyQueue)) };
        let pool = self.pool();
        if let Some(why) = pool.and_then(|pool| pool.reasons(legacy).next()) {
            return Some(Found { exclusion: Some(why), ..Found::only(of_exclusion(why)) });
        }
        let eligible = pool.is_some_and(|pool| pool.has(legacy));
        (!eligible && self.ranking.is_some_and(|ranking| ranking.of(legacy).is_none()))
            .then_some(Found::only(Cause::LegacyUnknown))
    }

    fn pool(&self) -> Option<&'a Pool> {
        self.ranking.map(|ranking| &ranking.pool).or_else(|| self.path?.pool.as_ref())
    }

    /// What chose one of two reps who may both get the lead.
    fn of_model(&self) -> Found<'a> {
        if let RouteReason::RoundRobinUnavailable | RouteReason::RoundRobinUnsupported = self.recommendation.reason {
            return Found::only(Cause::Turn);
        }
        let Some(legacy) = self.legacy.rep() else { return Found::only(Cause::LegacyQueue) };
        let best = self.ranking.and_then(Ranking::best);
        // Either of these: the legacy owner, and whoever the model would have chosen instead of the pick.
        let moved =
            || best.into_iter().map(|best| &best.rep_id).filter(|best| Some(*best) != self.pick()).chain([legacy]);
        if let Some(path) = self.path {
            if path.unsupported.contains(legacy) {
                return Found::only(Cause::LegacyNoHistory);
            }
            let ahead = |id: &RepId| {
                path.fairness.iter().flat_map(|fairness| &fairness.passed_over).any(|turn| turn.rep == *id)
            };
            if moved().any(ahead) {
                return Found::only(Cause::Fairness);
            }
            let priced = path.pricing.is_some() || path.round.is_some();
            let lower = best.is_some_and(|best| Some(&best.rep_id) != self.pick());
            if self.is_priced_out() || (priced && lower) {
                return Found::only(Cause::Price);
            }
        }
        if self.recommendation.reason == RouteReason::ModelUncleared {
            return Found::only(Cause::NotCleared);
        }
        if self.both().is_some_and(|(pick, legacy)| !enough(pick, legacy)) {
            return Found::only(Cause::TooFewDeals);
        }
        let contrasts = self
            .ranking
            .and_then(|ranking| ranking.comparison.as_ref())
            .filter(|compared| compared.theirs == *legacy && Some(&compared.ours) == self.pick());
        let factor = contrasts.and_then(|compared| {
            compared.contrasts.iter().filter(|one| one.weight > 0.0).max_by(|a, b| a.weight.total_cmp(&b.weight))
        });
        let cause = factor.map_or(Cause::Unexplained, |factor| of_factor(&factor.feature));
        Found { factor, ..Found::only(cause) }
    }

    /// The rep who is recommended.
    fn pick(&self) -> Option<&'a RepId> {
        self.recommendation.route.rep()
    }

    /// Pick and legacy owner, where both were ranked.
    pub(super) fn both(&self) -> Option<(&'a RankedRep, &'a RankedRep)> {
        let ranking = self.ranking?;
        Some((ranking.of(self.pick()?)?, ranking.of(self.legacy.rep()?)?))
    }

    /// Whether the legacy owner is as likely as the pick, and what their place costs made the difference.
    fn is_priced_out(&self) -> bool {
        let Some((pick, legacy)) = self.both() else { return false };
        let gone = self.path.and_then(|path| path.round.as_ref()?.instead_of.as_ref());
        let price = self.path.and_then(|path| path.pricing.as_ref()).map_or(0, |prices| prices.price(&legacy.rep_id));
        gone.is_some_and(|who| who.id == legacy.rep_id) || (price > 0 && legacy.p_win >= pick.p_win)
    }

    /// Expected wins that the recommendation gains over the legacy owner, after allowing for its having been chosen as the
    /// best where that is known. `None` where one of the two cannot be told: a queue, somebody who cannot be scored, a model
    /// that is not cleared to compare reps.
    pub fn stake(&self) -> Option<f64> {
        let pick = self.pick()?;
        let shown = self.recommendation.gap?;
        self.legacy.rep()?;
        let best = self.ranking.and_then(Ranking::best).is_some_and(|best| best.rep_id == *pick);
        let held = self.ranking.and_then(|ranking| ranking.expected?.gap).filter(|_| best);
        Some(held.unwrap_or(shown))
    }
}

/// Whether the closed deals of two reps tell who is better: their ranges are apart, or both have some deals like the lead.
pub(super) fn enough(a: &RankedRep, b: &RankedRep) -> bool {
    !overlap(a, b) || a.support.similar_deals.min(b.support.similar_deals) >= FEW_DEALS
}

/// Whether the ranges of two reps overlap.
pub(super) fn overlap(a: &RankedRep, b: &RankedRep) -> bool {
    a.interval.low <= b.interval.high && b.interval.low <= a.interval.high
}

const fn of_exclusion(why: &Exclusion) -> Cause {
    match why {
        Exclusion::Inactive => Cause::LegacyInactive,
        Exclusion::OnLeave { .. } | Exclusion::Holiday { .. } | Exclusion::OutsideHours { .. } => Cause::LegacyAway,
        Exclusion::HadLead { .. } => Cause::LegacyHadIt,
        Exclusion::OtherTerritory { .. } => Cause::LegacyTerritory,
        Exclusion::Rule { .. } => Cause::LegacyKeptOut,
        Exclusion::OtherPartnerTier { .. }
        | Exclusion::OtherLanguage { .. }
        | Exclusion::NoCertification { .. }
        | Exclusion::NoSkill { .. } => Cause::LegacyUnfit,
        Exclusion::NoRoom { .. } => Cause::LegacyFull,
        Exclusion::NoSupport { .. } => Cause::LegacyNoHistory,
    }
}

/// By the name of the reason in the model: of the pair, or of the lead alone, which a rep can be good at too.
fn of_factor(feature: &str) -> Cause {
    match feature.split_once('.').map_or(feature, |(_, fact)| fact) {
        "rep" => Cause::RepRecord,
        "industry" => Cause::Industry,
        "source" => Cause::Source,
        "product" => Cause::Product,
        "country" | "territory" => Cause::Place,
        "amount" | "amount_tier" => Cause::DealSize,
        "employees" | "employees_tier" | "annual_revenue" | "annual_revenue_tier" => Cause::CompanySize,
        _ => Cause::OtherFactor,
    }
}
