//! Ranking: pending leads into lanes. One lead that fails, even by a panic, never holds up another.

pub mod round;

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, SubsecRound, Utc};

use super::companies::Companies;
use super::ports::RankedLead;
use super::routing::InForce;
use super::{AppError, returned};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{ModelId, RepId};
use crate::domain::lane::Lane;
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::pool::Pool;
use crate::domain::ranking::{Comparison, Expected, LeadScore, RankedRep, Ranking, Support};
use crate::domain::recommendation::Route;
use crate::domain::rep::Roster;
use crate::model::{LeadChance, Scorer};
use crate::policy::lane::{stake, urgency};
use crate::policy::recommend::technical_failure;
use crate::policy::route::{self, Candidate, Moment, Outcome, Prepared, Situation};
use crate::policy::subject::Subject;
use crate::policy::{Queues, Settings};

/// How many reps at the top get their reasons stored; the legacy owner always does.
const EXPLAINED: usize = 3;
/// How many reasons of a lead score get stored.
const LEAD_FACTORS: usize = 5;

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
    /// The routing policy, and how things stand now.
    pub moment: &'a Moment<'a>,
}

impl<'a> Desk<'a> {
    /// What the policy wants to know of it.
    fn policy(&self, legacy: &'a Owner) -> route::Desk<'a> {
        let Self { queues, settings, cleared, .. } = *self;
        let kept = self.scorer.shrinkage().map(|shrinkage| shrinkage.factor);
        route::Desk { legacy, queues, settings, cleared, kept }
    }
}

/// What ranking needs of a lead.
pub struct Case<'a> {
    /// The reading.
    pub modstamp: DateTime<Utc>,
    /// What policy may know of it; the model knows its facts alone.
    pub subject: Subject,
    /// Whom the CRM's own rules chose.
    pub legacy: &'a Owner,
}

impl<'a> Case<'a> {
    /// The case of a stored lead.
    pub fn of(record: &'a LeadRecord) -> Self {
        let lead = &record.lead;
        let subject = Subject {
            company: lead.company.clone(),
            contact: lead.contact.clone(),
            email: lead.form.email.clone(),
            website: lead.form.website.clone(),
            text: lead.form.text.clone(),
            language: lead.form.language.clone(),
            earlier: returned::earlier(record),
            was_chosen: returned::was_chosen(record),
            ..Subject::plain(lead.id.clone(), lead.facts.clone())
        };
        Self { modstamp: lead.modstamp, subject, legacy: &record.legacy.owner }
    }

    /// The same with what is known of the lead's company.
    #[must_use]
    pub fn known(mut self, companies: &Companies) -> Self {
        companies.complete(&mut self.subject);
        self
    }
}

/// The moment of a batch: as fine as the store keeps it, so that a replay has the same.
pub fn moment<'a>(rules: &'a InForce, situation: &'a Situation, now: DateTime<Utc>) -> Moment<'a> {
    Moment::new(&rules.policy, &rules.roster, situation, now.trunc_subsecs(6))
}

/// A lead whose pool was scored, and that is not decided yet.
#[derive(Clone, Debug)]
pub struct Scored {
    subject: Subject,
    prepared: Prepared,
    ranking: Result<Ranking, String>,
    /// What becomes of it by itself, once that was asked.
    alone: Option<Outcome>,
}

/// Where a lead goes if it is decided by itself.
enum Wants {
    /// The model gives it: to whom, is for all leads of the moment to say.
    Model(Candidate),
    /// There, whatever other leads want.
    Other(Route),
}

impl Wants {
    fn candidate(self) -> Option<Candidate> {
        match self {
            Self::Model(candidate) => Some(candidate),
            Self::Other(_) => None,
        }
    }
}

/// Ranks one lead and says what to do with it. Never fails: what goes wrong becomes a recommendation to use the
/// fallback queue, in the lane where a person sees it.
pub fn rank(case: &Case<'_>, desk: &Desk<'_>) -> RankedLead {
    decide(case, score(case, desk), desk)
}

/// Finds the pool of a lead and scores it.
///
/// # Errors
/// A panic, in words.
pub fn score(case: &Case<'_>, desk: &Desk<'_>) -> Result<Scored, String> {
    caught(|| {
        let lead_score = desk.scorer.lead_chance(&case.subject.facts).map(|chance| lead_score(chance, desk.settings));
        let subject = Subject {
            score: lead_score.as_ref().map(|score| score.score),
            tier: lead_score.as_ref().map(|score| score.tier),
            ..case.subject.clone()
        };
        let prepared = route::prepare(&subject, desk.moment);
        let ranking = caught(|| ranking(case, desk, &prepared.pool, lead_score)).and_then(|ranking| ranking);
        Scored { subject, prepared, ranking, alone: None }
    })
}

/// Says what to do with a lead that was scored, by itself or as one of the leads of the moment.
pub fn decide(case: &Case<'_>, scored: Result<Scored, String>, desk: &Desk<'_>) -> RankedLead {
    let whole = scored.and_then(|mut scored| {
        caught(|| {
            let outcome = outcome(case, &mut scored, desk);
            let Scored { subject, ranking, .. } = scored;
            let mut ranking = ranking.ok();
            let lane = route::lane(&subject, &outcome, ranking.as_ref(), case.legacy);
            if let Some(ranking) = &mut ranking {
                explain_pick(ranking, &outcome, case, desk);
            }
            (ranking, outcome.recommendation, lane, Some(outcome.path))
        })
    });
    let (ranking, recommendation, lane, path) =
        whole.unwrap_or_else(|what| (None, technical_failure(&what, desk.queues), Lane::Sync, None));
    RankedLead {
        lead_id: case.subject.lead_id.clone(),
        modstamp: case.modstamp,
        lane,
        priority: if lane == Lane::Hot {
            urgency(&case.subject.facts)
        } else {
            stake(&case.subject.facts, recommendation.gap, &desk.moment.policy().book().sections().value)
        },
        ranking,
        recommendation,
        at: desk.moment.now(),
        rules: desk.moment.policy().version().as_str().to_owned(),
        path,
        made_from: None,
    }
}

/// What comes of some work; if it panics, why, in words.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| format!("internal error: {}", panic_text(panic.as_ref())))
}

fn outcome(case: &Case<'_>, scored: &mut Scored, desk: &Desk<'_>) -> Outcome {
    let ranking = scored.ranking.as_ref().map_err(String::as_str);
    let (subject, prepared, policy) = (&scored.subject, &scored.prepared, desk.policy(case.legacy));
    match scored.alone.take() {
        Some(alone) => route::settle(alone, subject, prepared, &ranking, desk.moment, &policy),
        None => route::conclude(subject, prepared, &ranking, desk.moment, &policy),
    }
}

/// Where a lead would go by itself. The moment in which it is decided after that may differ by its round alone.
fn wants(case: &Case<'_>, scored: &mut Scored, desk: &Desk<'_>) -> Wants {
    let failed = || Wants::Other(Route::DefaultQueue(desk.queues.default.clone()));
    let Ok(ranking) = &scored.ranking else { return failed() };
    let weighed = caught(|| {
        route::weigh(&scored.subject, &scored.prepared, &Ok(ranking), desk.moment, &desk.policy(case.legacy))
    });
    let Ok((outcome, candidate)) = weighed else { return failed() };
    let wants = candidate.map_or_else(|| Wants::Other(outcome.recommendation.route.clone()), Wants::Model);
    scored.alone = Some(outcome);
    wants
}

/// Where a rule, an account, prices or other leads put a rep first whom the model ranks lower, that rep is explained as well:
/// it is they who will ask what speaks for the lead.
fn explain_pick(ranking: &mut Ranking, outcome: &Outcome, case: &Case<'_>, desk: &Desk<'_>) {
    let Route::AssignRep(pick) = &outcome.recommendation.route else { return };
    let entry = ranking.reps.iter_mut().find(|entry| entry.rep_id == *pick && entry.factors.is_empty());
    if let (Some(entry), Some(rep)) = (entry, desk.roster.rep(pick)) {
        entry.factors = desk.scorer.explain(&case.subject.facts, &rep.key).factors;
    }
}

/// Scores the pool and the legacy owner in one pass, and puts them in order.
fn ranking(case: &Case<'_>, desk: &Desk<'_>, pool: &Pool, lead_score: Option<LeadScore>) -> Result<Ranking, String> {
    let facts = &case.subject.facts;
    let legacy = legacy_rep(case.legacy, desk.roster);
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
            in_pool: pool.has(&rep.id),
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
    let mut ranking = Ranking {
        model_id: desk.model_id.clone(),
        ranked_at: desk.moment.now(),
        segment: desk.scorer.segment(facts),
        reps: ranked,
        pool: pool.clone(),
        expected: None,
        comparison: None,
        lead_score,
    };
    // A model that is not cleared to compare reps promises nothing of its pick.
    ranking.expected = expected(&ranking, legacy, desk.scorer).filter(|_| desk.cleared);
    ranking.comparison = comparison(&ranking, legacy, desk, facts);
    Ok(ranking)
}

fn lead_score(chance: LeadChance, settings: &Settings) -> LeadScore {
    let LeadChance { score, probability, interval, deals, mut factors } = chance;
    factors.truncate(LEAD_FACTORS);
    LeadScore { score, tier: settings.tier(score), probability, interval, deals, factors }
}

/// What the best rep is worth after allowing for having been chosen as the best.
fn expected(ranking: &Ranking, legacy: Option<&RepId>, scorer: &dyn Scorer) -> Option<Expected> {
    let best = ranking.best()?;
    let shrinkage = scorer.shrinkage()?;
    let mean = ranking.pool_mean()?;
    let p_win = shrinkage.expected(best.p_win, mean);
    let rival = legacy.filter(|id| **id != best.rep_id).and_then(|id| ranking.of(id));
    let gap = rival.map(|rival| p_win - shrinkage.expected(rival.p_win, mean));
    Some(Expected { p_win, gap, kept: shrinkage.factor, deals: shrinkage.deals })
}

/// Why the best rep, and not the legacy owner (or, where that says nothing, the next).
fn comparison(ranking: &Ranking, legacy: Option<&RepId>, desk: &Desk<'_>, facts: &LeadFacts) -> Option<Comparison> {
    let best = ranking.best()?;
    let next = || ranking.reps.iter().filter(|r| r.in_pool).nth(1).map(|r| &r.rep_id);
    let rival = legacy.filter(|id| **id != best.rep_id).or_else(next)?;
    let key = |id| desk.roster.rep(id).map(|rep| &rep.key);
    let difference = desk.scorer.difference(facts, key(&best.rep_id)?, key(rival)?)?;
    Some(Comparison {
        ours: best.rep_id.clone(),
        theirs: rival.clone(),
        gap: difference.gap,
        contrasts: difference.contrasts,
    })
}

/// Best first. Equal probabilities: the rep with more evidence, then the smaller id, so that a replay gives the same.
/// A rep outside the pool shares the rank of the next rep of the pool: it shows where it would stand.
fn order(ranked: &mut [RankedRep]) {
    ranked.sort_by(|a, b| before((a.p_win, a.support, &a.rep_id), (b.p_win, b.support, &b.rep_id)));
    let mut next = 1;
    for entry in ranked {
        entry.rank = next;
        next += u32::from(entry.in_pool);
    }
}

/// The order of two reps on one lead, the better one first.
pub(super) fn before(a: (f64, Support, &RepId), b: (f64, Support, &RepId)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| b.1.deals.cmp(&a.1.deals)).then_with(|| a.2.cmp(b.2))
}

/// The queues of the policy in a roster, by their stable names. Refused (with the cure) if one is not there.
pub fn queues(roster: &Roster, manager: &str, default: &str) -> Result<Queues, AppError> {
    let find = |key: &str| {
        roster.queue_by_key(key).map(|q| q.id.clone()).ok_or_else(|| {
            AppError::Refused(format!(
                "the org has no queue {key} that takes leads; create it (assets/salesforce has it), or name another in \
                 the config"
            ))
        })
    };
    Ok(Queues { manager: find(manager)?, default: find(default)? })
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

#[cfg(test)]
mod tests;
