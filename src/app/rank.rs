//! Ranking: pending leads into lanes. One lead that fails, even by a panic, never holds up another.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};

use super::ports::RankedLead;
use crate::domain::ids::{ModelId, RepId};
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::pool::Pool;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::domain::rep::Roster;
use crate::model::Scorer;
use crate::policy::lane::{lane, priority};
use crate::policy::pool::pool;
use crate::policy::recommend::{recommend, technical_failure};
use crate::policy::{Queues, Settings};

/// How many reps at the top get their reasons stored; the legacy owner always does.
const EXPLAINED: usize = 3;

/// Everything ranking needs besides the lead.
pub struct Desk<'a> {
    /// The champion.
    pub scorer: &'a dyn Scorer,
    /// Its id.
    pub model_id: &'a ModelId,
    /// Whether its gates let it route.
    pub cleared: bool,
    /// Who there is.
    pub roster: &'a Roster,
    /// Where leads go that no rep gets.
    pub queues: &'a Queues,
    /// The manager's settings.
    pub settings: &'a Settings,
}

/// Ranks one lead and says what to do with it. Never fails: what goes wrong becomes a recommendation to use the
/// fallback queue, in the lane where a person sees it.
pub fn rank(record: &LeadRecord, desk: &Desk<'_>, at: DateTime<Utc>) -> RankedLead {
    let outcome = catch_unwind(AssertUnwindSafe(|| ranking(record, desk, at)))
        .unwrap_or_else(|panic| Err(format!("internal error: {}", panic_text(panic.as_ref()))));
    let (ranking, recommendation) = match outcome {
        Ok(ranking) => {
            let recommendation = recommend(&ranking, &record.legacy.owner, desk.queues, desk.settings, desk.cleared);
            (Some(ranking), recommendation)
        }
        Err(what) => (None, technical_failure(&what, desk.queues)),
    };
    RankedLead {
        lead_id: record.lead.id.clone(),
        modstamp: record.lead.modstamp,
        lane: lane(&recommendation, ranking.as_ref(), &record.legacy.owner),
        priority: priority(&record.lead.facts, recommendation.gap),
        ranking,
        recommendation,
        at,
    }
}

/// Scores the pool and the legacy owner in one pass, and puts them in order.
fn ranking(record: &LeadRecord, desk: &Desk<'_>, at: DateTime<Utc>) -> Result<Ranking, String> {
    let facts = &record.lead.facts;
    let pool = pool(facts, desk.roster);
    let legacy = legacy_rep(&record.legacy.owner, desk.roster);
    let mut ids = pool.eligible.clone();
    if let Some(legacy) = legacy.filter(|l| !ids.contains(l)) {
        ids.push(legacy.clone());
    }
    let reps: Vec<_> = ids.iter().filter_map(|id| desk.roster.rep(id)).collect();
    let keys: Vec<_> = reps.iter().map(|r| r.key.clone()).collect();
    let scores = desk.scorer.score(facts, &keys);
    if scores.len() != reps.len() {
        return Err(format!("the model scored {} of {} reps", scores.len(), reps.len()));
    }
    let mut ranked = Vec::with_capacity(reps.len());
    for (rep, score) in reps.iter().zip(scores) {
        if !(0.0..=1.0).contains(&score.p_win) {
            return Err(format!("the model gave {} for rep {}, which is no probability", score.p_win, rep.id));
        }
        ranked.push(RankedRep {
            rep_id: rep.id.clone(),
            rank: 0,
            p_win: score.p_win,
            interval: score.interval,
            support: score.support,
            in_pool: pool.eligible.binary_search(&rep.id).is_ok(),
            factors: Vec::new(),
        });
    }
    order(&mut ranked);
    for (place, entry) in ranked.iter_mut().enumerate() {
        if (place < EXPLAINED || legacy == Some(&entry.rep_id))
            && let Some(rep) = desk.roster.rep(&entry.rep_id)
        {
            entry.factors = desk.scorer.explain(facts, &rep.key).factors;
        }
    }
    Ok(Ranking {
        model_id: desk.model_id.clone(),
        ranked_at: at,
        segment: desk.scorer.segment(facts),
        reps: ranked,
        pool: Pool { eligible: pool.eligible, excluded: pool.excluded },
    })
}

/// Best first. Equal probabilities: the rep with more evidence, then the smaller id, so that a replay gives the same.
/// A rep outside the pool shares the rank of the next rep of the pool: it shows where it would stand.
fn order(ranked: &mut [RankedRep]) {
    ranked.sort_by(|a, b| {
        b.p_win
            .total_cmp(&a.p_win)
            .then_with(|| b.support.deals.cmp(&a.support.deals))
            .then_with(|| a.rep_id.cmp(&b.rep_id))
    });
    let mut next = 1;
    for entry in ranked {
        entry.rank = next;
        next += u32::from(entry.in_pool);
    }
}

fn legacy_rep<'a>(owner: &'a Owner, roster: &Roster) -> Option<&'a RepId> {
    owner.rep().filter(|id| roster.rep(id).is_some())
}

/// The message of a panic, as far as it has one.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}
