//! A dry run: what would have become of leads under other rules. Nothing is changed by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde::Serialize;

use super::{InForce, LOOK_BACK, has_caps, load, share, took};
use crate::app::AppError;
use crate::app::companies::Companies;
use crate::app::learn::LoadedModel;
use crate::app::ports::{Given, RankedLead, Store};
use crate::app::rank::{self, Case, Desk};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::recommendation::{Recommendation, Route};
use crate::model::Clearance;
use crate::policy::route::{Path, Situation};
use crate::policy::{Queues, Settings};

/// What both sides of a comparison share.
#[derive(Clone)]
pub struct Judge {
    /// The champion.
    pub model: Arc<LoadedModel>,
    /// Where leads go that no rep gets.
    pub queues: Queues,
    /// The manager's settings.
    pub settings: Settings,
}

/// One side: rules, and how things would stand if leads had been routed by them.
pub struct Side {
    rules: Arc<InForce>,
    situation: Situation,
    companies: Companies,
    given: Vec<Given>,
    counted: Option<DateTime<Utc>>,
}

impl Side {
    /// Rules under which nobody was given anything yet.
    pub fn new(rules: Arc<InForce>) -> Self {
        let companies = Companies::new(&rules);
        Self { rules, situation: Situation::default(), companies, given: Vec::new(), counted: None }
    }

    /// Learns from the store who works with the companies of these leads, as it was when the tested time began. From then on
    /// it is as leads are routed here.
    pub async fn learn(
        &mut self,
        store: &dyn Store,
        leads: &[LeadRecord],
        from: DateTime<Utc>,
    ) -> Result<(), AppError> {
        Ok(self.companies.learn(store, leads, from).await?)
    }

    /// Routes a lead at a moment, and counts it as given to whom it is recommended to. Moments must not go back.
    pub fn route(&mut self, judge: &Judge, lead: &LeadRecord, now: DateTime<Utc>) -> RankedLead {
        self.count(now);
        let Judge { model, queues, settings } = judge;
        let (ranked, share) = {
            let moment = rank::moment(&self.rules, &self.situation, now);
            let desk = Desk {
                scorer: model.scorer.as_ref(),
                model_id: &model.id,
                cleared: model.clearance == Clearance::Routes,
                roster: &self.rules.roster,
                queues,
                settings,
                moment: &moment,
            };
            let ranked = rank::rank(&Case::of(lead).known(&self.companies), &desk);
            let pool = ranked.ranking.as_ref().map(|ranking| &ranking.pool);
            let to = ranked.recommendation.route.owner();
            let share = pool.and_then(|pool| share(&moment, &lead.lead.id, pool, &to));
            (ranked, share)
        };
        if let Some(share) = share {
            took(&mut self.situation, &share);
        }
        if let Route::AssignRep(rep) = &ranked.recommendation.route {
            self.companies.took(lead, &Owner::Rep(rep.clone()));
            self.given.push(Given { rep: rep.clone(), at: now, leads: 1 });
        }
        ranked
    }

    /// Counts loads anew once an hour: a new day begins somewhere.
    fn count(&mut self, now: DateTime<Utc>) {
        if !has_caps(self.rules.policy.capacity()) {
            return;
        }
        let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
        if self.counted != Some(hour) {
            self.given.retain(|given| given.at > now - LOOK_BACK);
            self.situation.loads = load::workloads(&self.given, &self.rules.policy, &self.rules.roster, now);
            self.counted = Some(hour);
        }
    }
}

/// One lead under both.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The lead.
    pub lead_id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Under the rules in force.
    pub before: Recommendation,
    /// Under the others.
    pub after: Recommendation,
    /// The way to that.
    pub path: Option<Path>,
}

/// What differs over many leads.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Leads looked at.
    pub leads: u64,
    /// Of these, leads that would go elsewhere.
    pub moves: u64,
    /// By the reason code of the recommendation: before and after.
    pub reasons: BTreeMap<String, (u64, u64)>,
    /// How many of the leads each of the tested rules fires on; one that is not here fires on none.
    pub fires: BTreeMap<String, u64>,
    /// From whom to whom, by id.
    #[serde(skip)]
    pub pairs: BTreeMap<(String, String), u64>,
    /// Leads of which the model can tell how likely either owner wins them.
    pub compared: u64,
    /// Expected wins of those, before and after.
    pub expected: (f64, f64),
}

impl Tally {
    /// Counts a lead. True if it would go elsewhere.
    pub fn add(&mut self, judge: &Judge, before: &RankedLead, after: &RankedLead) -> bool {
        self.leads += 1;
        self.reasons.entry(before.recommendation.reason.to_string()).or_default().0 += 1;
        self.reasons.entry(after.recommendation.reason.to_string()).or_default().1 += 1;
        for fired in after.path.iter().flat_map(|path| &path.rules.fired) {
            *self.fires.entry(fired.rule.clone()).or_default() += 1;
        }
        if let (Some(was), Some(is)) = (expected(judge, before), expected(judge, after)) {
            self.compared += 1;
            self.expected.0 += was;
            self.expected.1 += is;
        }
        let (from, to) = (before.recommendation.route.owner(), after.recommendation.route.owner());
        let moves = from != to;
        if moves {
            self.moves += 1;
            *self.pairs.entry((from.id().to_owned(), to.id().to_owned())).or_default() += 1;
        }
        moves
    }
}

/// How likely the recommended rep wins the lead, after allowing for having been chosen as the best.
fn expected(judge: &Judge, ranked: &RankedLead) -> Option<f64> {
    let ranking = ranked.ranking.as_ref()?;
    let rep: &RepId = match &ranked.recommendation.route {
        Route::AssignRep(rep) => rep,
        Route::Queue(_) | Route::ManagerQueue(_) | Route::DefaultQueue(_) => return None,
    };
    let p_win = ranking.of(rep)?.p_win;
    let Some(shrinkage) = judge.model.scorer.shrinkage() else { return Some(p_win) };
    Some(shrinkage.expected(p_win, ranking.pool_mean()?))
}
