//! What would become of a lead if something were otherwise: a fact of it, or whether a rep is there and has room. The lead is
//! routed twice by the real model and the real rules, as it is and as supposed, and nothing is written.
//!
//! Both times it is the moment at which the lead was ranked, with the loads and absences of then, where they were kept: so
//! what differs comes from what was supposed. Leads that were given at the same moment are left aside, both times.

mod suppose;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::AppError;
use super::backfill::Bench;
use super::companies::Companies;
use super::ports::{RankedLead, Store, StoredRanking};
use super::rank::{self, Case};
use super::replay;
use super::routing::{self, InForce};
use crate::domain::ids::{LeadId, ModelId, RepId};
use crate::domain::lead::LeadRecord;
use crate::domain::ranking::Interval;
use crate::domain::recommendation::RouteReason;
use crate::domain::rep::Roster;
use crate::policy::absence::{Away, Feed, Source};
use crate::policy::capacity::Workload;
use crate::policy::route::Situation;
use crate::policy::span::Span;
use crate::policy::subject::Subject;
pub use suppose::{Change, Fact, Suppose, WORDS};

/// What a supposed absence is called.
const SUPPOSED: &str = "what if";

/// A lead as it is, beside what was supposed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhatIf {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// What is supposed, in words; raw.
    pub supposed: Vec<String>,
    /// The moment that both sides are about.
    pub as_of: DateTime<Utc>,
    /// Whether that is the moment at which the lead was ranked, with the loads and absences of then. Else what it was made
    /// from is not kept, or other rules are in force by now, and it is now, as far as the store knows.
    pub as_ranked: bool,
    /// The model of both sides.
    pub model: ModelId,
    /// Whether another model made the stored ranking.
    pub other_model: bool,
    /// Where it goes as things are.
    pub before: Outcome,
    /// Where it would go.
    pub after: Outcome,
    /// Every rep who is ranked on one of the sides, as they would be ranked.
    pub reps: Vec<Moved>,
}

/// Where a lead goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// To whom, raw.
    pub to: String,
    /// Why, as a code.
    pub reason: RouteReason,
    /// Why, in one sentence.
    pub explanation: String,
    /// How many may get it.
    pub eligible: usize,
}

/// A rep on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The rep.
    pub rep: RepId,
    /// Their name, raw.
    pub name: String,
    /// As things are.
    pub before: Stands,
    /// As supposed.
    pub after: Stands,
    /// Whether they are recommended, as things are and as supposed.
    pub recommended: (bool, bool),
    /// Whether the CRM's rules chose them.
    pub legacy: bool,
}

/// How a rep stands on one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stands {
    /// Their rank; `None` where the model did not score them.
    pub rank: Option<u32>,
    /// Their probability; likewise.
    pub p_win: Option<f64>,
    /// 95 % interval of it; likewise.
    pub interval: Option<Interval>,
    /// Why they may not get it, in words; `None` where they may.
    pub out: Option<String>,
}

/// Routes a lead as it is and as supposed.
///
/// # Errors
/// Refused, with the cure: there is no such lead, nothing is supposed, or it cannot be supposed of this lead.
pub async fn what_if(
    store: &dyn Store,
    bench: &Bench,
    lead: &LeadId,
    suppose: &Suppose,
    now: DateTime<Utc>,
) -> Result<WhatIf, AppError> {
    if suppose.is_empty() {
        return Err(AppError::Refused(format!("nothing is supposed; {WORDS}")));
    }
    let record = store.leads(std::slice::from_ref(lead)).await?.pop();
    let record = record.ok_or_else(|| AppError::Refused(format!("there is no lead {lead}")))?;
    let stored = store.newest_ranking(lead).await?;
    let basis = Basis::of(store, bench, &record, stored.as_ref(), now).await?;
    let mut supposed = basis.clone();
    suppose.facts.iter().try_for_each(|change| change.apply(&mut supposed.subject.facts)).map_err(AppError::Refused)?;
    supposed.people(suppose);
    let other_model = stored.and_then(|stored| stored.model_id).is_some_and(|model| model != *bench.model_id());
    let (as_of, as_ranked) = (basis.at, basis.as_ranked);
    // The model is asked twice for all reps, which must not hold up the network.
    let (both, bench_of, record_of) = ((basis, supposed), bench.clone(), record.clone());
    let work = move || (both.0.route(&bench_of, &record_of), both.1.route(&bench_of, &record_of));
    let (before, after) = tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| AppError::Refused(format!("ranking did not finish: {e}")))?;
    let roster = bench.roster();
    Ok(WhatIf {
        lead: lead.clone(),
        company: record.lead.company.clone(),
        supposed: suppose.words(roster),
        as_of,
        as_ranked,
        model: bench.model_id().clone(),
        other_model,
        reps: moved(&before, &after, &record, suppose, roster),
        before: outcome(&before, roster),
        after: outcome(&after, roster),
    })
}

/// What a lead is routed by, on one side.
#[derive(Clone, Debug)]
struct Basis {
    subject: Subject,
    situation: Situation,
    rules: Arc<InForce>,
    at: DateTime<Utc>,
    as_ranked: bool,
}

impl Basis {
    /// As it was ranked, where that was kept under the rules in force; else as things are known now.
    async fn of(
        store: &dyn Store,
        bench: &Bench,
        record: &LeadRecord,
        stored: Option<&StoredRanking>,
        now: DateTime<Utc>,
    ) -> Result<Self, AppError> {
        let rules = bench.rules().clone();
        let same = |stored: &&StoredRanking| {
            stored.rules.as_deref() == Some(rules.policy.version().as_str()) && stored.modstamp == record.lead.modstamp
        };
        if let Some(stored) = stored.filter(same)
            && let (Some(facts), Some(situation)) = (&stored.facts, &stored.situation)
        {
            let subject = replay::subject(stored, facts)?;
            let situation = replay::parse(situation, "how things stood")?;
            return Ok(Self { subject, situation, rules, at: stored.ranked_at, as_ranked: true }.alone());
        }
        let companies = Companies::of(store, &rules, std::slice::from_ref(record), now).await?;
        let subject = Case::of(record).known(&companies).subject;
        let situation = routing::situation(store, &rules, None, now).await?;
        Ok(Self { subject, situation, rules, at: now, as_ranked: false }.alone())
    }

    /// What leads of the same moment get is not supposed anew, so they are left aside.
    fn alone(mut self) -> Self {
        self.situation.round = None;
        self
    }

    /// Takes reps away, and takes everything off the desks of others.
    fn people(&mut self, suppose: &Suppose) {
        let InForce { policy, roster } = self.rules.as_ref();
        if policy.is_plain() && !suppose.absent.is_empty() {
            // Where there are no rules nobody looks at absences, only at who is active.
            let mut roster = roster.clone();
            for rep in roster.reps.iter_mut().filter(|rep| suppose.absent.contains(&rep.id)) {
                rep.active = false;
            }
            self.rules = Arc::new(InForce::plain(roster));
        } else if !suppose.absent.is_empty() {
            let span = Span::new(self.at - TimeDelta::hours(1), self.at + TimeDelta::days(1));
            let away = |rep: &RepId| Away { rep: rep.clone(), span, kind: Some(SUPPOSED.to_owned()) };
            let away = suppose.absent.iter().map(away).collect();
            self.situation.feeds.push(Feed::read(Source::HrFile(SUPPOSED.to_owned()), self.at, away));
        }
        for rep in &suppose.room {
            if let Some(load) = self.situation.loads.get_mut(rep) {
                *load = Workload {
                    today: load.today,
                    past_weeks: vec![0; load.past_weeks.len()],
                    started: load.started,
                    weight: load.weight,
                    ..Workload::default()
                };
            }
        }
    }

    fn route(&self, bench: &Bench, record: &LeadRecord) -> RankedLead {
        let bench = bench.under(self.rules.clone());
        let moment = rank::moment(&self.rules, &self.situation, self.at);
        let case = Case { modstamp: record.lead.modstamp, subject: self.subject.clone(), legacy: &record.legacy.owner };
        rank::rank(&case, &bench.desk(&moment))
    }
}

fn outcome(ranked: &RankedLead, roster: &Roster) -> Outcome {
    let recommendation = &ranked.recommendation;
    let to = recommendation.route.owner();
    Outcome {
        to: roster.name_of(to.id()).unwrap_or(to.id()).to_owned(),
        reason: recommendation.reason,
        explanation: recommendation.explanation.clone(),
        eligible: ranked.ranking.as_ref().map_or(0, |ranking| ranking.pool.eligible.len()),
    }
}

fn stands(rep: &RepId, ranked: &RankedLead, supposed: bool) -> Stands {
    let Some(ranking) = &ranked.ranking else { return Stands::default() };
    let scored = ranking.of(rep);
    let out = ranking
        .pool
        .reasons(rep)
        .next()
        .map(|why| if supposed { "absent, as supposed".to_owned() } else { why.to_string() });
    Stands {
        rank: scored.map(|scored| scored.rank),
        p_win: scored.map(|scored| scored.p_win),
        interval: scored.map(|scored| scored.interval),
        out,
    }
}

/// Whoever is ranked on a side, those who may get the lead first, as they would be ranked.
fn moved(
    before: &RankedLead,
    after: &RankedLead,
    record: &LeadRecord,
    suppose: &Suppose,
    roster: &Roster,
) -> Vec<Moved> {
    let reps: BTreeSet<&RepId> = [before, after]
        .into_iter()
        .flat_map(|side| side.ranking.iter().flat_map(|ranking| &ranking.reps))
        .map(|ranked| &ranked.rep_id)
        .collect();
    let given = |side: &RankedLead, rep: &RepId| side.recommendation.route.rep() == Some(rep);
    let one = |rep: &RepId| Moved {
        name: roster.name_of(rep.as_str()).unwrap_or(rep.as_str()).to_owned(),
        before: stands(rep, before, false),
        after: stands(rep, after, suppose.absent.contains(rep)),
        recommended: (given(before, rep), given(after, rep)),
        legacy: record.legacy.owner.rep() == Some(rep),
        rep: rep.clone(),
    };
    let mut all: Vec<Moved> = reps.into_iter().map(one).collect();
    let place = |one: &Moved| (one.after.out.is_some(), one.after.rank.unwrap_or(u32::MAX), one.name.clone());
    all.sort_by_cached_key(place);
    all
}

#[cfg(test)]
mod tests;
