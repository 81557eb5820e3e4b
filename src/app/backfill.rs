//! Back-filling: every open lead scored again by the champion, and, where a manager wants it, assigned again.
//!
//! A [`Survey`] only reads: how many leads would move, from whom to whom, and what the model expects of it. A *run* does it,
//! a slice at a time, by the way that every decision goes: stored with its write in one transaction, sent under the
//! condition that nobody changed the lead meanwhile, each with a trace id of its own. How far it has come is stored, so a
//! run that was killed goes on where it stopped; and a lead that was decided is no candidate any more, so none is decided
//! twice, wherever it was killed.

mod assess;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::AppError;
use super::companies::{self, Companies};
use super::learn::{self, LoadedModel};
use super::ports::{Clock, Crm, Selection, Store};
use super::rank::{self, Desk};
use super::routing::trial::Judge;
use super::routing::{self, InForce};
use crate::domain::ids::{LeadId, ModelId};
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::rep::Roster;
use crate::model::{Clearance, Shrinkage};
use crate::policy::route::{Moment, Situation};
use crate::policy::{Queues, Settings};
pub use assess::Fate;
pub use run::{Applied, Outlook, Start, allowed, apply, cancel, start};

/// Leads that are in memory at once: enough to keep the cores busy.
const PAGE: u32 = 2_048;
/// Pairs of owners that a survey names.
const PAIRS: usize = 50;

/// Everything that scoring needs besides the leads.
#[derive(Clone)]
pub struct Bench {
    model: Arc<LoadedModel>,
    rules: Arc<InForce>,
    queues: Queues,
    settings: Settings,
    /// Who is asked which accounts leads belong to, where that was never asked.
    crm: Option<Arc<dyn Crm>>,
}

impl Bench {
    /// The champion, the roster and the queues, by their stable names, as they are now.
    ///
    /// # Errors
    /// There is no champion, or the org lacks one of the queues.
    pub async fn open(
        store: &dyn Store,
        settings: Settings,
        manager_queue: &str,
        default_queue: &str,
    ) -> Result<Self, AppError> {
        let champion = store.champion().await?.ok_or_else(|| {
            AppError::Refused("no model is the champion: train one (`leadboard model train`) and promote it".into())
        })?;
        let rules = routing::in_force(store, None).await?.filter(|rules| !rules.roster.reps.is_empty());
        let rules = rules.ok_or_else(|| {
            AppError::Refused("reps, queues and rules are not read yet: start a worker or the dashboard once".into())
        })?;
        let queues = rank::queues(&rules.roster, manager_queue, default_queue)?;
        Ok(Self::new(Arc::new(learn::load(store, &champion.id).await?), rules, queues, settings))
    }

    /// The same as things are now; what did not change is not read again. `None` where the champion is another model, or
    /// nothing is in force any more.
    pub async fn renewed(&self, store: &dyn Store) -> Result<Option<Self>, AppError> {
        let same = store.champion().await?.is_some_and(|champion| champion.id == self.model.id);
        let rules = routing::in_force(store, Some(&self.rules)).await?;
        Ok(rules.filter(|_| same).map(|rules| self.under(rules)))
    }

    /// A bench from its parts.
    pub fn new(model: Arc<LoadedModel>, rules: Arc<InForce>, queues: Queues, settings: Settings) -> Self {
        Self { model, rules, queues, settings, crm: None }
    }

    /// The same, with somebody to ask which accounts leads belong to.
    #[must_use]
    pub fn asking(self, crm: Arc<dyn Crm>) -> Self {
        Self { crm: Some(crm), ..self }
    }

    /// What is known of the companies of these leads, once the CRM was asked about those of which it never was.
    pub async fn companies(
        &self,
        store: &dyn Store,
        leads: &[LeadRecord],
        now: DateTime<Utc>,
    ) -> Result<Companies, AppError> {
        if let Some(crm) = &self.crm {
            companies::ask_missing(crm.as_ref(), store, &self.rules, leads, now).await?;
        }
        Companies::of(store, &self.rules, leads, now).await
    }

    /// The model that scores.
    pub fn model_id(&self) -> &ModelId {
        &self.model.id
    }

    /// The reps and queues.
    pub fn roster(&self) -> &Roster {
        &self.rules.roster
    }

    /// The rules in force.
    pub const fn rules(&self) -> &Arc<InForce> {
        &self.rules
    }

    /// What scores, for a comparison of rules.
    pub fn judge(&self) -> Judge {
        Judge { model: self.model.clone(), queues: self.queues.clone(), settings: self.settings.clone() }
    }

    /// Whether the model may say which rep is better.
    pub fn cleared(&self) -> bool {
        self.model.clearance == Clearance::Routes
    }

    /// The same under other rules, or with other reps.
    pub(super) fn under(&self, rules: Arc<InForce>) -> Self {
        Self { rules, ..self.clone() }
    }

    /// Everything that ranking needs besides the lead.
    pub(super) fn desk<'a>(&'a self, moment: &'a Moment<'a>) -> Desk<'a> {
        Desk {
            moment,
            scorer: self.model.scorer.as_ref(),
            model_id: &self.model.id,
            cleared: self.cleared(),
            roster: &self.rules.roster,
            queues: &self.queues,
            settings: &self.settings,
        }
    }

    /// Scores leads, where that cannot hold up the network. Without rules all together; with rules one after the other,
    /// because who gets a lead uses up room for the next. Gives the leads back, each with its fate.
    async fn assess(
        &self,
        leads: Vec<LeadRecord>,
        mut companies: Companies,
        mut situation: Situation,
        now: DateTime<Utc>,
    ) -> Result<Assessed, AppError> {
        let bench = self.clone();
        let work = move || {
            let began = Instant::now();
            let fates = if bench.rules.policy.is_plain() {
                let moment = rank::moment(&bench.rules, &situation, now);
                assess::together(&leads, &bench.desk(&moment))
            } else {
                assess::in_turn(&leads, &bench, &mut companies, &mut situation, now)
            };
            Assessed { leads: leads.into_iter().zip(fates).collect(), situation, took: began.elapsed() }
        };
        tokio::task::spawn_blocking(work).await.map_err(|e| AppError::Refused(format!("scoring did not finish: {e}")))
    }
}

/// Leads with their fates.
struct Assessed {
    leads: Vec<(LeadRecord, Fate)>,
    /// How things would stand if all that move had moved.
    situation: Situation,
    took: Duration,
}

/// What would move. A dry run: nothing is changed by it.
#[derive(Clone, Debug, Serialize)]
pub struct Survey {
    /// The champion.
    pub model_id: ModelId,
    /// Which leads were looked at.
    pub selection: Selection,
    /// How many.
    pub scored: u64,
    /// Of these, leads that have the owner the model would choose.
    pub stay: u64,
    /// Leads that would get another owner.
    pub moves: u64,
    /// Leads that nobody is chosen for, by the reason code of the recommendation; they stay where they are.
    pub left: BTreeMap<String, u64>,
    /// What the model expects of the moves.
    pub expected: Expected,
    /// From whom to whom, most leads first, at most 50 pairs.
    pub pairs: Vec<Pair>,
    /// Leads scored in a second of scoring, all cores together; absent without leads.
    pub leads_per_second: Option<f64>,
    /// How long all of it took, reading included.
    pub seconds: f64,
}

/// What the model expects of moving leads: its own estimate, no evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expected {
    /// Moves of which it can tell: the lead belongs to a rep now whom it can score.
    pub compared: u64,
    /// Wins more than without these moves, drawn towards what such differences held in deals that the model had not seen.
    /// Absent if that was never measured, or the model is not cleared to compare reps.
    pub wins: Option<f64>,
    /// Share of the shown differences between reps that is taken to be real, 0 to 1.
    pub kept: Option<f64>,
    /// Held-out deals on which that share was measured.
    pub deals: Option<u32>,
}

/// Moves from one owner to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Who has them, by id.
    pub from: String,
    /// Name, raw.
    pub from_name: String,
    /// Who would get them, by id.
    pub to: String,
    /// Name, raw.
    pub to_name: String,
    /// Leads.
    pub leads: u64,
    /// Expected wins more, where they can be told.
    pub wins: Option<f64>,
}

/// Looks at every lead of a selection and says what would move. `told` hears how many were scored so far.
pub async fn survey(
    store: &dyn Store,
    clock: &dyn Clock,
    bench: &Bench,
    selection: &Selection,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<Survey, AppError> {
    let (began, mut scoring, mut after) = (Instant::now(), Duration::ZERO, None::<LeadId>);
    let mut sums = Sums::default();
    let mut situation = routing::situation(store, &bench.rules, None, clock.now()).await?;
    loop {
        let leads = store.candidates(selection, after.as_ref(), PAGE, clock.now()).await?;
        let Some(last) = leads.last() else { break };
        after = Some(last.lead.id.clone());
        let companies = bench.companies(store, &leads, clock.now()).await?;
        let assessed = bench.assess(leads, companies, situation, clock.now()).await?;
        scoring += assessed.took;
        situation = assessed.situation;
        for (lead, fate) in &assessed.leads {
            sums.add(&lead.lead.owner, fate);
        }
        told(sums.scored);
    }
    let shrinkage = bench.model.scorer.shrinkage().filter(|_| bench.cleared());
    let seconds = scoring.as_secs_f64();
    let rate = (sums.scored > 0 && seconds > 0.0).then(|| sums.scored as f64 / seconds);
    Ok(sums.survey(bench, selection, shrinkage, rate, began.elapsed()))
}

/// Sums over leads.
#[derive(Default)]
struct Sums {
    scored: u64,
    stay: u64,
    moves: u64,
    left: BTreeMap<String, u64>,
    compared: u64,
    gain: f64,
    pairs: BTreeMap<(String, String), (u64, Option<f64>)>,
}

impl Sums {
    fn add(&mut self, owner: &Owner, fate: &Fate) {
        self.scored += 1;
        match fate {
            Fate::Stays => self.stay += 1,
            Fate::Left(reason) => *self.left.entry(reason.to_string()).or_default() += 1,
            Fate::Moves { to, gain } => {
                self.moves += 1;
                let pair = self.pairs.entry((owner.id().to_owned(), to.to_string())).or_default();
                pair.0 += 1;
                if let Some(gain) = gain {
                    self.compared += 1;
                    self.gain += gain;
                    *pair.1.get_or_insert_default() += gain;
                }
            }
        }
    }

    fn survey(
        self,
        bench: &Bench,
        selection: &Selection,
        shrinkage: Option<Shrinkage>,
        leads_per_second: Option<f64>,
        took: Duration,
    ) -> Survey {
        let roster = bench.roster();
        let name = |id: &str| roster.name_of(id).unwrap_or(id).to_owned();
        let mut pairs: Vec<Pair> = self
            .pairs
            .into_iter()
            .map(|((from, to), (leads, wins))| Pair {
                from_name: name(&from),
                to_name: name(&to),
                from,
                to,
                leads,
                wins,
            })
            .collect();
        pairs.sort_by(|a, b| b.leads.cmp(&a.leads).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
        pairs.truncate(PAIRS);
        Survey {
            model_id: bench.model_id().clone(),
            selection: selection.clone(),
            scored: self.scored,
            stay: self.stay,
            moves: self.moves,
            left: self.left,
            expected: Expected {
                compared: self.compared,
                wins: shrinkage.map(|_| self.gain),
                kept: shrinkage.map(|s| s.factor),
                deals: shrinkage.map(|s| s.deals),
            },
            pairs,
            leads_per_second,
            seconds: took.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests;
