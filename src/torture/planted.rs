//! Guards left out on purpose, so that it can be seen that torture finds the damage.
//!
//! They are put around the real store and the real CRM; the product itself has no switch for them. This file is not part
//! of an optimised build, and [`super::shift`] works on a demo org on this machine alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::app::intake;
use crate::app::ports::{
    ApiUsage, Clock, CompanyAccount, CompanySought, Contacts, CreatedLeads, Crm, CrmError, Cursor, DealPage,
    LeadChanges, LeadEvents, OrgInfo, ReadBack, Span, Store, StoreError, Workloads, WriteOutcome,
};
use crate::domain::deal::LeadOutcome;
use crate::domain::effect::DecisionWrite;
use crate::domain::ids::{DecisionKey, LeadId, RepId, TraceId};
use crate::domain::rep::Roster;
use crate::domain::vocabulary::Vocabulary;
use crate::worker::{Deps, Worker};

/// One guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Plant {
    /// A decision has another key at each try.
    DecisionKey,
    /// The write is bound to nothing that was known when it was decided: neither the date nor the owner.
    Condition,
    /// A write that was refused because of a change is made again without asking who changed what.
    ReadBeforeWrite,
    /// Nothing is read again before the cursor.
    Overlap,
    /// The cursor is stored before the leads that it stands for.
    CursorFirst,
    /// A second worker works beside the first, as if there were no lock. No guard is missing by this alone.
    SecondWorker,
    /// A lease keeps nobody away: decisions are taken over while they are being written.
    Lease,
}

/// Leaves the guards out. The last life is to bring everything to its end.
pub(super) fn around(mut deps: Deps, plants: &[Plant], last: bool) -> Deps {
    let (inner, store, clock) = (deps.crm, deps.store.clone(), deps.clock.clone());
    deps.crm = Arc::new(Careless {
        inner,
        store,
        clock,
        plants: plants.to_vec(),
        last,
        tries: Mutex::default(),
        giving: tokio::sync::Mutex::default(),
    });
    if plants.contains(&Plant::SecondWorker) {
        // Its loops go on without the handle.
        drop(Worker::start(deps.clone()));
    }
    deps
}

/// How often a refused write is made again without its conditions.
const FORCED: u32 = 5;
/// How often, and for how long in all, a sender without a lease looks whether somebody else sends the same.
const GLANCE: Duration = Duration::from_millis(20);
const GLANCES: u32 = 500;

/// A CRM that is worked with as if guards were missing.
struct Careless {
    inner: Arc<dyn Crm>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    plants: Vec<Plant>,
    last: bool,
    /// How often each decision was begun to be written.
    tries: Mutex<HashMap<TraceId, u32>>,
    /// Held by the one who gives a lease away. Two at once would wait for each other.
    giving: tokio::sync::Mutex<()>,
}

impl Careless {
    fn lacks(&self, plant: Plant) -> bool {
        self.plants.contains(&plant)
    }

    fn tries(&self, trace: TraceId) -> u32 {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).get(&trace).copied().unwrap_or_default()
    }

    /// Counts a try; its number, from 1.
    fn count(&self, trace: TraceId) -> u32 {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = tries.entry(trace).or_default();
        *tries += 1;
        *tries
    }

    /// Gives away the lease of a decision, and goes on when somebody else has taken it. Once for each decision: else two
    /// senders would take it from each other for ever, and none could book what it wrote.
    async fn give_away(&self, trace: TraceId) -> Result<(), CrmError> {
        let Ok(_one) = self.giving.try_lock() else { return Ok(()) };
        self.store.release_leases().await.map_err(|error| in_the_way(&error))?;
        for _ in 0..GLANCES {
            if self.tries(trace) > 1 {
                break;
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Writes whatever the owner is by now, and again if that has changed.
    async fn force(&self, mut write: DecisionWrite) -> Result<WriteOutcome, CrmError> {
        write.expected_modified_at += TimeDelta::days(1);
        for _ in 0..FORCED {
            if let Some(now) = self.inner.read_back(std::slice::from_ref(&write.lead_id)).await?.pop() {
                write.expected_owner = now.owner;
            }
            let outcome = self.inner.apply(&write).await?;
            if !matches!(outcome, WriteOutcome::Superseded { .. }) {
                return Ok(outcome);
            }
        }
        self.inner.apply(&write).await
    }
}

/// The store failed inside a call of the CRM.
fn in_the_way(error: &StoreError) -> CrmError {
    CrmError::Transient(error.to_string())
}

#[async_trait]
impl Crm for Careless {
    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        let mut write = write.clone();
        let number = self.count(write.trace_id);
        if self.lacks(Plant::Lease) && number == 1 {
            self.give_away(write.trace_id).await?;
        }
        if self.lacks(Plant::DecisionKey) {
            write.key = DecisionKey::new(format!("{}x{}x{number}", write.key.as_str(), std::process::id()));
        }
        if self.lacks(Plant::Condition) {
            return self.force(write).await;
        }
        match self.inner.apply(&write).await {
            Ok(WriteOutcome::Superseded { .. }) if self.lacks(Plant::ReadBeforeWrite) => self.force(write).await,
            answer => answer,
        }
    }

    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        let changes = self.inner.changed_leads(cursor).await?;
        if self.lacks(Plant::CursorFirst) && !self.last {
            // As far as what was seen, which is further than the product ever goes.
            let seen = changes.leads.iter().map(|raw| raw.lead.modstamp).max();
            let early = Cursor { low: seen.or(changes.next.low), ..changes.next.clone() };
            let stored = self.store.take_in(Vec::new(), intake::CURSOR, &early, self.clock.now()).await;
            stored.map_err(|error| in_the_way(&error))?;
            // Whatever ends this life strikes between the cursor and the leads.
            return std::future::pending().await;
        }
        Ok(changes)
    }

    async fn org(&self) -> Result<OrgInfo, CrmError> {
        self.inner.org().await
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        self.inner.roster().await
    }

    async fn vocabulary(&self) -> Result<Vocabulary, CrmError> {
        self.inner.vocabulary().await
    }

    async fn closed_deals(&self, page: Option<&str>) -> Result<DealPage, CrmError> {
        self.inner.closed_deals(page).await
    }

    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError> {
        self.inner.read_back(leads).await
    }

    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError> {
        self.inner.outcomes(cursor).await
    }

    async fn workloads(&self, reps: &[RepId], window: Span) -> Result<Workloads, CrmError> {
        self.inner.workloads(reps, window).await
    }

    async fn accounts(&self, sought: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError> {
        self.inner.accounts(sought).await
    }

    async fn contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, CrmError> {
        self.inner.contacts(leads, within).await
    }

    async fn clock(&self) -> Result<DateTime<Utc>, CrmError> {
        self.inner.clock().await
    }

    async fn count_created(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, CrmError> {
        self.inner.count_created(from, until).await
    }

    async fn created_leads(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&LeadId>,
    ) -> Result<CreatedLeads, CrmError> {
        self.inner.created_leads(from, until, after).await
    }

    fn usage(&self) -> ApiUsage {
        self.inner.usage()
    }

    async fn probe(&self) -> Result<(), CrmError> {
        self.inner.probe().await
    }

    fn lead_events(&self) -> Option<&dyn LeadEvents> {
        self.inner.lead_events()
    }
}
