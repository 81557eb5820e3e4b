//! From a ranking to a recommendation: what the model's rung of the ladder says (see [`super::route`]), and what it says
//! alone where there are no rules.

use crate::domain::lead::Owner;
use crate::domain::number::{beside_limit, percents, signed};
use crate::domain::ranking::{RankedRep, Ranking};
use crate::domain::recommendation::{Recommendation, Route, RouteReason};

use super::{Queues, Settings};

/// What to do with a lead that was ranked. `cleared` tells whether the model's gates let it route; a model that may only
/// score leads still names its first rep, for a manager to judge, but claims no gain over the legacy owner.
pub fn recommend(
    ranking: &Ranking,
    legacy: &Owner,
    queues: &Queues,
    settings: &Settings,
    cleared: bool,
) -> Recommendation {
    let Some(best) = ranking.best() else { return empty_pool(ranking.pool.excluded.len(), queues) };
    let choice = Choice { pick: best, best, of: ranking.pool.eligible.len(), ranking, legacy, cleared };
    choice.low_confidence(queues, settings).unwrap_or_else(|| choice.recommendation())
}

/// Nobody may get the lead.
pub(super) fn empty_pool(excluded: usize, queues: &Queues) -> Recommendation {
    Recommendation {
        route: Route::ManagerQueue(queues.manager.clone()),
        reason: RouteReason::EmptyPool,
        explanation: format!("No rep is eligible: {excluded} are excluded."),
        gap: None,
    }
}

/// The rep that the model's rung came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// Who.
    pub(super) pick: &'a RankedRep,
    /// The likeliest of those who may get the lead: another than the pick where prices decided.
    pub(super) best: &'a RankedRep,
    /// How many may get it.
    pub(super) of: usize,
    pub(super) ranking: &'a Ranking,
    pub(super) legacy: &'a Owner,
    /// Whether the model may compare reps.
    pub(super) cleared: bool,
}

impl Choice<'_> {
    /// How far a rep is before the legacy owner.
    pub(super) fn gap(&self, rep: &RankedRep) -> Option<f64> {
        let legacy = self.legacy.rep().and_then(|id| self.ranking.of(id));
        legacy.map(|l| rep.p_win - l.p_win)
    }

    /// The confidence gate: nobody who may get the lead reaches it.
    ///
    /// Gates G2 to G4 may have failed: then no probability is compared with a threshold (rule 5), and a person looks
    /// anyway.
    pub(super) fn low_confidence(&self, queues: &Queues, settings: &Settings) -> Option<Recommendation> {
        (self.cleared && self.best.p_win < settings.confidence_gate).then(|| {
            let (best, gate) = beside_limit(self.best.p_win, settings.confidence_gate);
            Recommendation {
                route: Route::ManagerQueue(queues.manager.clone()),
                reason: RouteReason::LowConfidence,
                explanation: format!(
                    "The best of {} reps has {best} %, below the gate of {gate} %: a person should look.",
                    self.of
                ),
                gap: self.gap(self.best),
            }
        })
    }

    /// What is said of the pick.
    pub(super) fn recommendation(&self) -> Recommendation {
        let Self { pick, of, legacy, cleared, .. } = *self;
        let gap = self.gap(pick);
        let route = Route::AssignRep(pick.rep_id.clone());
        if legacy.rep() == Some(&pick.rep_id) {
            // Whoever else would be first is told beside this.
            let first = self.ranking.best().is_some_and(|best| best.rep_id == pick.rep_id);
            let explanation = if first {
                format!("The model's first of {of} reps is also the legacy rules' choice.")
            } else {
                format!("The first who may get it, of {of} reps, is also the legacy rules' choice.")
            };
            return Recommendation { route, reason: RouteReason::ModelAgrees, explanation, gap };
        }
        if !cleared {
            let explanation = format!("First of {of}; the model is not cleared to route.");
            return Recommendation { route, reason: RouteReason::ModelUncleared, explanation, gap: None };
        }
        let explanation = match (gap, legacy) {
            (Some(gap), _) => {
                let (ours, theirs) = percents(pick.p_win, pick.p_win - gap);
                format!("{ours} % against {theirs} % for the legacy owner: {} points.", signed(gap * 100.0))
            }
            (None, Owner::Queue(_)) => {
                format!("{:.1} %; the legacy rules left the lead in a queue.", pick.p_win * 100.0)
            }
            (None, Owner::Rep(_)) => {
                format!("{:.1} %; the legacy owner is not a rep we know.", pick.p_win * 100.0)
            }
        };
        Recommendation { route, reason: RouteReason::ModelPick, explanation, gap }
    }
}

/// What to do with a lead that could not be ranked.
pub fn technical_failure(what: &str, queues: &Queues) -> Recommendation {
    Recommendation {
        route: Route::DefaultQueue(queues.default.clone()),
        reason: RouteReason::TechnicalFailure,
        explanation: format!("Ranking failed: {what}."),
        gap: None,
    }
}
