//! What would become of many leads under the champion: the same pool, scores, order and policy as in
//! [`rank`], without the reasons, which nobody reads of a lead that stays.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};

use super::Bench;
use crate::app::companies::Companies;
use crate::app::ports::RankedLead;
use crate::app::rank::{self, Case, Desk, before};
use crate::app::{returned, routing};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{RepId, RepKey};
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::{RankedRep, Ranking};
use crate::domain::recommendation::{Route, RouteReason};
use crate::domain::rep::Rep;
use crate::model::{RepScore, Scorer, Shrinkage};
use crate::policy::eligibility::pool;
use crate::policy::recommend::recommend;
use crate::policy::route::Situation;

/// What would become of a lead.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It has the owner that the model would choose.
    Stays,
    /// It would go to another rep.
    Moves {
        /// To whom.
        to: RepId,
        /// By how much more likely they are expected to win it than the rep who has it, after allowing for having been
        /// chosen as the best. `None` if a queue has it, or somebody who cannot be scored, or if the model cannot tell.
        gain: Option<f64>,
    },
    /// Nobody is chosen; why.
    Left(RouteReason),
}

/// A lead with the reps that are scored for it: its pool, and behind it the rep who has it, if not among them.
struct Contest<'a> {
    lead: &'a LeadRecord,
    pool: Pool,
    reps: Vec<&'a Rep>,
    keys: Vec<RepKey>,
}

/// What would become of these leads, in their order, if each that moves had moved before the next is looked at.
pub(super) fn in_turn(
    leads: &[LeadRecord],
    bench: &Bench,
    companies: &mut Companies,
    situation: &mut Situation,
    now: DateTime<Utc>,
) -> Vec<Fate> {
    let shrinkage = bench.model.scorer.shrinkage().filter(|_| bench.cleared());
    let mut one = |lead: &LeadRecord| {
        let (fate, share) = {
            let moment = rank::moment(&bench.rules, situation, now);
            let ranked = rank::rank(&Case::of(lead).known(companies), &bench.desk(&moment));
            let fate = of_ranking(lead, &ranked, bench.cleared(), shrinkage);
            let share = match (&fate, &ranked.ranking) {
                (Fate::Moves { to, .. }, Some(ranking)) => {
                    routing::share(&moment, &lead.lead.id, &ranking.pool, &Owner::Rep(to.clone()))
                }
                _ => None,
            };
            (fate, share)
        };
        if let Some(share) = share {
            routing::took(situation, &share);
        }
        if let Fate::Moves { to, .. } = &fate {
            companies.took(lead, &Owner::Rep(to.clone()));
        }
        fate
    };
    leads.iter().map(&mut one).collect()
}

/// What becomes of a lead that was ranked in full.
pub(super) fn of_ranking(lead: &LeadRecord, ranked: &RankedLead, cleared: bool, shrinkage: Option<Shrinkage>) -> Fate {
    let Route::AssignRep(to) = &ranked.recommendation.route else { return Fate::Left(ranked.recommendation.reason) };
    let owner = &lead.lead.owner;
    if *owner == Owner::Rep(to.clone()) {
        return Fate::Stays;
    }
    // Rules may move a lead whatever the model is worth; the model itself only if it is cleared.
    if !cleared && ranked.recommendation.reason == RouteReason::ModelUncleared {
        return Fate::Left(RouteReason::ModelUncleared);
    }
    let gain = shrinkage.zip(ranked.ranking.as_ref()).and_then(|(shrinkage, ranking)| {
        let (ours, theirs) = (ranking.of(to)?.p_win, ranking.of(owner.rep()?)?.p_win);
        let mean = ranking.pool_mean()?;
        Some(shrinkage.expected(ours, mean) - shrinkage.expected(theirs, mean))
    });
    Fate::Moves { to: to.clone(), gain }
}

/// What would become of these leads, in their order, where there are no rules.
pub(super) fn together(leads: &[LeadRecord], desk: &Desk<'_>) -> Vec<Fate> {
    let by_id: HashMap<&RepId, &Rep> = desk.roster.reps.iter().map(|rep| (&rep.id, rep)).collect();
    let contests = in_parallel(leads, |lead| contest(lead, desk, &by_id));
    let asked: Vec<(&LeadFacts, &[RepKey])> =
        contests.iter().map(|c| (&c.lead.lead.facts, c.keys.as_slice())).collect();
    let scores = score(desk.scorer, &asked);
    let shrinkage = desk.scorer.shrinkage().filter(|_| desk.cleared);
    let scored: Vec<(&Contest<'_>, Option<Vec<RepScore>>)> = contests.iter().zip(scores).collect();
    in_parallel(&scored, |(contest, scores)| match scores {
        Some(scores) => fate(contest, scores, desk, shrinkage),
        None => Fate::Left(RouteReason::TechnicalFailure),
    })
}

fn contest<'a>(lead: &'a LeadRecord, desk: &Desk<'_>, by_id: &HashMap<&RepId, &'a Rep>) -> Contest<'a> {
    let mut pool = pool(&lead.lead.facts, desk.roster);
    // Nobody is given again what they gave back.
    for (rep, how) in returned::earlier(lead) {
        if let Ok(at) = pool.eligible.binary_search(&rep) {
            pool.eligible.remove(at);
            pool.excluded.push((rep, Exclusion::HadLead { how }));
        }
    }
    let mut reps: Vec<&Rep> = pool.eligible.iter().filter_map(|id| by_id.get(id).copied()).collect();
    let owner = lead.lead.owner.rep().filter(|id| pool.eligible.binary_search(id).is_err());
    reps.extend(owner.and_then(|id| by_id.get(id).copied()));
    let keys = reps.iter().map(|rep| rep.key.clone()).collect();
    Contest { lead, pool, reps, keys }
}

/// The scores of each lead, all together. Where that fails, by a panic or in number, one by one, so that one lead does not
/// hold up the others; `None` for the one that fails.
fn score(scorer: &dyn Scorer, asked: &[(&LeadFacts, &[RepKey])]) -> Vec<Option<Vec<RepScore>>> {
    let together = catch_unwind(AssertUnwindSafe(|| scorer.score_many(asked)));
    match together {
        Ok(scores) if scores.len() == asked.len() => scores.into_iter().map(Some).collect(),
        _ => asked
            .iter()
            .map(|(facts, keys)| catch_unwind(AssertUnwindSafe(|| scorer.score(facts, keys))).ok())
            .collect(),
    }
}

fn fate(contest: &Contest<'_>, scores: &[RepScore], desk: &Desk<'_>, shrinkage: Option<Shrinkage>) -> Fate {
    let sound = scores.len() == contest.reps.len() && scores.iter().all(|score| (0.0..=1.0).contains(&score.p_win));
    if !sound {
        return Fate::Left(RouteReason::TechnicalFailure);
    }
    let eligible = contest.pool.eligible.len();
    let pool = || contest.reps.iter().zip(scores).take(eligible);
    let best = pool().min_by(|(a, x), (b, y)| before((x.p_win, x.support, &a.id), (y.p_win, y.support, &b.id)));
    // The policy asks for the best of the ranking, and compares it with the legacy owner to say why, which is not needed.
    let ranking = Ranking {
        model_id: desk.model_id.clone(),
        ranked_at: contest.lead.received_at,
        segment: String::new(),
        reps: best.map(|(rep, score)| only(rep, *score)).into_iter().collect(),
        pool: contest.pool.clone(),
        expected: None,
        comparison: None,
        lead_score: None,
    };
    let recommendation = recommend(&ranking, &contest.lead.legacy.owner, desk.queues, desk.settings, desk.cleared);
    let Route::AssignRep(to) = recommendation.route else { return Fate::Left(recommendation.reason) };
    let owner = &contest.lead.lead.owner;
    if *owner == Owner::Rep(to.clone()) {
        return Fate::Stays;
    }
    if !desk.cleared {
        return Fate::Left(RouteReason::ModelUncleared);
    }
    let now = owner.rep().and_then(|id| contest.reps.iter().position(|rep| &rep.id == id)).map(|n| scores[n].p_win);
    let gain = shrinkage.zip(now).zip(best).map(|((shrinkage, now), (_, best))| {
        let mean = pool().map(|(_, score)| score.p_win).sum::<f64>() / eligible as f64;
        shrinkage.expected(best.p_win, mean) - shrinkage.expected(now, mean)
    });
    Fate::Moves { to, gain }
}

fn only(rep: &Rep, score: RepScore) -> RankedRep {
    let RepScore { p_win, interval, support } = score;
    RankedRep { rep_id: rep.id.clone(), rank: 1, p_win, interval, support, in_pool: true, factors: Vec::new() }
}

/// Does a piece of work for each item, on all cores where there are enough of them.
fn in_parallel<'a, T: Sync, R: Send>(items: &'a [T], work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    /// Fewer are not worth a thread.
    const LEAST: usize = 64;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = items.len().div_ceil(cores).max(LEAST);
    let work = &work;
    std::thread::scope(|scope| {
        let mut shares = items.chunks(share);
        let mine = shares.next();
        let others: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<_>>())).collect();
        let mut done: Vec<R> = mine.into_iter().flatten().map(work).collect();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}
