//! Where the recommended owner is not the legacy owner: which reps, why, and what is at stake.
//!
//! Everything is read off what was stored with the rankings; [`cause`] says why, in one place for all who ask. A look is
//! bounded: it walks the leads with most at stake, or the newest decisions, and says how far it came.

pub mod cause;
mod of_lead;
mod sums;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::AppError;
use super::ports::{Differs, Store};
use crate::domain::decision::Decision;
use crate::domain::disagreement::Cause;
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;
use crate::domain::verdict::Reason;
use cause::Case;
pub use of_lead::{Explained, Seen, Side, Sum, of_lead};
pub use sums::{Axis, CauseSum, Cell, Cluster, Matrix, Tally, hundredths};

/// Leads or decisions that a look walks at most.
pub const LOOKED: u64 = 10_000;
/// Disagreements that a look keeps at most.
pub const MOST: usize = 2_000;
/// Days that a look back spans unless somebody asks for others.
pub const DAYS: u32 = 30;
/// How many are read at once.
const PAGE: u32 = 250;

/// Which disagreements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "which")]
pub enum Which {
    /// Those that wait for a verdict.
    Open,
    /// Those that a manager decided.
    Decided {
        /// In so many days until now.
        days: u32,
    },
}

/// Leads whose recommended owner is not the legacy owner, most at stake first, or newest decided first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreements {
    /// Which.
    #[serde(flatten)]
    pub which: Which,
    /// The disagreements.
    pub rows: Vec<Disagreement>,
    /// Leads or decisions that were looked at.
    pub looked_at: u64,
    /// Whether that was all there are; else those with less at stake, or older ones, are not here.
    pub complete: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Why.
    pub cause: Cause,
    /// Whom the CRM's rules chose.
    pub legacy: Owner,
    /// Their name, raw.
    pub legacy_name: String,
    /// Who is recommended.
    pub model: Owner,
    /// Their name, raw.
    pub model_name: String,
    /// Expected wins that the recommendation gains, by the model's own estimate; `None` where it cannot tell.
    pub stake: Option<f64>,
    /// Decisions made on the lead so far.
    pub decisions: u32,
    /// What the manager said, of decided ones.
    pub said: Option<Said>,
}

/// What a manager said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Stable short name of the verdict.
    pub verdict: &'static str,
    /// Why, where a reason is owed.
    pub reason: Option<Reason>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Said {
    fn of(decision: &Decision) -> Self {
        Self {
            verdict: decision.verdict.name(),
            reason: decision.rejection.as_ref().map(|rejection| rejection.code),
            at: decision.decided_at,
        }
    }
}

impl Disagreement {
    fn of(differs: Differs) -> Option<Self> {
        let Differs {
            lead,
            company,
            decisions,
            legacy,
            legacy_name,
            recommendation,
            model_name,
            ranking,
            path,
            decision,
        } = differs;
        let case =
            Case { recommendation: &recommendation, ranking: ranking.as_ref(), path: path.as_ref(), legacy: &legacy };
        let (cause, stake) = (case.cause()?.cause, case.stake());
        let said = decision.as_ref().map(Said::of);
        let model = recommendation.route.owner();
        Some(Self { lead, company, cause, legacy, legacy_name, model, model_name, stake, decisions, said })
    }

    /// What a lead with these details adds to a look; `None` where both agree, or nothing is recommended.
    pub fn of_detail(detail: &super::views::LeadDetail) -> Option<Self> {
        let recommendation = detail.recommendation.clone()?;
        let named = |owner: &Owner| detail.names.get(owner.id()).map_or(owner.id(), String::as_str).to_owned();
        let legacy = detail.record.legacy.owner.clone();
        Self::of(Differs {
            lead: detail.record.lead.id.clone(),
            company: detail.record.lead.company.clone(),
            decisions: detail.record.decisions_made,
            legacy_name: named(&legacy),
            model_name: named(&recommendation.route.owner()),
            legacy,
            recommendation,
            ranking: detail.ranking.clone(),
            path: detail.path.clone(),
            decision: detail.decisions.iter().find(|decision| decision.stands()).cloned(),
        })
    }
}

/// Looks for disagreements.
pub async fn look(store: &dyn Store, which: Which, now: DateTime<Utc>) -> Result<Disagreements, AppError> {
    let mut found = Disagreements { which, rows: Vec::new(), looked_at: 0, complete: true };
    match which {
        Which::Open => open(store, &mut found).await?,
        Which::Decided { days } => decided(store, &mut found, now - TimeDelta::days(i64::from(days))).await?,
    }
    Ok(found)
}

impl Disagreements {
    /// Counts a lead that was looked at. False where nothing more may be looked at.
    fn take(&mut self, differs: Option<Box<Differs>>) -> bool {
        self.looked_at += 1;
        self.rows.extend(differs.and_then(|differs| Disagreement::of(*differs)));
        self.looked_at < LOOKED && self.rows.len() < MOST
    }
}

async fn open(store: &dyn Store, found: &mut Disagreements) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let page = store.open_differing(after.as_ref(), PAGE).await?;
        let last = page.len() < PAGE as usize;
        for looked in page {
            after = Some(looked.place);
            if !found.take(looked.differs) {
                found.complete = false;
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
    }
}

async fn decided(store: &dyn Store, found: &mut Disagreements, since: DateTime<Utc>) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let page = store.decided_differing(after, PAGE).await?;
        let last = page.len() < PAGE as usize;
        for looked in page {
            let (trace, at) = looked.place;
            // Trace ids are in the order of time.
            if at < since {
                return Ok(());
            }
            after = Some(trace);
            if !found.take(looked.differs) {
                found.complete = false;
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
