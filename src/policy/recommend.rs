//! From a ranking to a recommendation.

use crate::domain::lead::Owner;
use crate::domain::ranking::Ranking;
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
    let Some(best) = ranking.best() else {
        return Recommendation {
            route: Route::ManagerQueue(queues.manager.clone()),
            reason: RouteReason::EmptyPool,
            explanation: format!("No rep is eligible: {} are excluded.", ranking.pool.excluded.len()),
            gap: None,
        };
    };
    let legacy_rep = legacy.rep().and_then(|id| ranking.of(id));
    let gap = legacy_rep.map(|l| best.p_win - l.p_win);
    // Gates G2 to G4 may have failed: then no probability is compared with a threshold (rule 5), and a person looks anyway.
    if cleared && best.p_win < settings.confidence_gate {
        return Recommendation {
            route: Route::ManagerQueue(queues.manager.clone()),
            reason: RouteReason::LowConfidence,
            explanation: format!(
                "The best of {} reps has {:.1} %, below the gate of {:.0} %: a person should look.",
                ranking.pool.eligible.len(),
                best.p_win * 100.0,
                settings.confidence_gate * 100.0
            ),
            gap,
        };
    }
    let route = Route::AssignRep(best.rep_id.clone());
    if legacy.rep() == Some(&best.rep_id) {
        return Recommendation {
            route,
            reason: RouteReason::ModelAgrees,
            explanation: format!(
                "The model's first of {} reps is also the legacy rules' choice.",
                ranking.pool.eligible.len()
            ),
            gap,
        };
    }
    if !cleared {
        return Recommendation {
            route,
            reason: RouteReason::ModelUncleared,
            explanation: format!("First of {}; the model is not cleared to route.", ranking.pool.eligible.len()),
            gap: None,
        };
    }
    let explanation = match (gap, legacy) {
        (Some(gap), _) => format!(
            "{:.1} % against {:.1} % for the legacy owner: {:+.1} points.",
            best.p_win * 100.0,
            (best.p_win - gap) * 100.0,
            gap * 100.0
        ),
        (None, Owner::Queue(_)) => {
            format!("{:.1} %; the legacy rules left the lead in a queue.", best.p_win * 100.0)
        }
        (None, Owner::Rep(_)) => {
            format!("{:.1} %; the legacy owner is not a rep we know.", best.p_win * 100.0)
        }
    };
    Recommendation { route, reason: RouteReason::ModelPick, explanation, gap }
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
