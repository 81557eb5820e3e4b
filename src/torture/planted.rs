//! Guards left out on purpose, so that it can be seen that torture finds the damage.
//!
//! They are put around the real store and the real CRM; the product itself has no switch for them. This file is not part
//! of an optimised build, and [`super::shift`] works on a demo org on this machine alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::app::intake;
use crate::app::ports::{
    ApiUsage, Clock, CreatedLeads, Crm, CrmError, Cursor, DealPage, LeadChanges, LeadEvents, OrgInfo, ReadBack, Store,
    WriteOutcome,
};
use crate::domain::deal::LeadOutcome;
use crate::domain::effect::DecisionWrite;
use crate::domain::ids::{DecisionKey, LeadId};
use crate::domain::rep::Roster;
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
    /// A lease keeps nobody away.
    Lease,
}

/// Leaves the guards out.
pub(super) fn around(mut deps: Deps, plants: &[Plant]) -> Deps {
    let has = |plant| plants.contains(&plant);
    if has(Plant::DecisionKey) || has(Plant::Condition) || has(Plant::ReadBeforeWrite) {
        deps.crm = Arc::new(Careless { inner: deps.crm, plants: plants.to_vec(), tries: AtomicU64::new(0) });
    }
    if has(Plant::CursorFirst) {
        deps.crm = Arc::new(Forward { inner: deps.crm, store: deps.store.clone(), clock: deps.clock.clone() });
    }
    if has(Plant::SecondWorker) {
        // Its loops go on without the handle.
        drop(Worker::start(deps.clone()));
    }
    if has(Plant::Lease) {
        let store = deps.store.clone();
        tokio::spawn(async move {
            while store.release_leases().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    deps
}

/// How often a refused write is made again without its conditions.
const FORCED: u32 = 5;

/// A CRM that is written to without care.
struct Careless {
    inner: Arc<dyn Crm>,
    plants: Vec<Plant>,
    tries: AtomicU64,
}

impl Careless {
    fn lacks(&self, plant: Plant) -> bool {
        self.plants.contains(&plant)
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

#[async_trait]
impl Crm for Careless {
    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        let mut write = write.clone();
        if self.lacks(Plant::DecisionKey) {
            let number = self.tries.fetch_add(1, Ordering::Relaxed);
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

    async fn org(&self) -> Result<OrgInfo, CrmError> {
        self.inner.org().await
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        self.inner.roster().await
    }

    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        self.inner.changed_leads(cursor).await
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

/// A CRM whose cursor is stored as soon as it is known.
struct Forward {
    inner: Arc<dyn Crm>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// How far apart cursor and leads are stored, so that kills strike between them.
const APART: Duration = Duration::from_millis(1_500);

#[async_trait]
impl Crm for Forward {
    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        let changes = self.inner.changed_leads(cursor).await?;
        // As far as what was seen, which is further than the product ever goes.
        let seen = changes.leads.iter().map(|raw| raw.lead.modstamp).max();
        let early = Cursor { low: seen.or(changes.next.low), ..changes.next.clone() };
        let stored = self.store.take_in(Vec::new(), intake::CURSOR, &early, self.clock.now()).await;
        stored.map_err(|error| CrmError::Transient(error.to_string()))?;
        tokio::time::sleep(APART).await;
        Ok(changes)
    }

    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        self.inner.apply(write).await
    }

    async fn org(&self) -> Result<OrgInfo, CrmError> {
        self.inner.org().await
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        self.inner.roster().await
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
