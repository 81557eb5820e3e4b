//! A store and a CRM, the calls of which may fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use leadboard::app::filter::Condition;
use leadboard::app::ports::*;
use leadboard::app::views::{
    DecisionRow, LaneCounts, LeadDetail, LeadFilter, QueueKey, QueuePage, QueueRow, Seek, ShadowRow,
};
use leadboard::domain::audit::AuditEvent;
use leadboard::domain::deal::{Deal, LeadOutcome};
use leadboard::domain::decision::{Decision, WriteState};
use leadboard::domain::effect::{DecisionWrite, EffectCounts, EffectRow, EffectState, LeasedEffect};
use leadboard::domain::ids::{LeadId, ModelId, OrgId, RepId, TraceId};
use leadboard::domain::lead::{Conservation, LeadRecord};
use leadboard::domain::rep::Roster;
use leadboard::domain::vocabulary::Vocabulary;
use leadboard::policy::absence::Feed;
use leadboard::policy::fairness::Ledger;
use tokio::sync::{Notify, watch};

/// What becomes of each call.
pub(crate) trait Steps: Send + Sync {
    /// Does a call, or not.
    fn step<T: Send, E: Failure>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> impl Future<Output = Result<T, E>> + Send;
}

/// What happens to the one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It fails, and nothing was done.
    FailsUndone,
    /// It is done, and then it fails: nobody learns of it.
    FailsDone,
    /// It is done, and the process dies. (To die before it is to die after the call before.)
    Dies,
}

/// When it happens, and whether it did.
pub(super) struct Fate {
    how: How,
    /// Calls that still go well; beyond the last nothing happens any more.
    left: AtomicU32,
    struck: Mutex<Option<&'static str>>,
    death: Notify,
}

impl Fate {
    /// So many calls go well, and the next one does not.
    pub(super) fn after(calls: u32, how: How) -> Arc<Self> {
        Arc::new(Self { how, left: AtomicU32::new(calls), struck: Mutex::default(), death: Notify::new() })
    }

    /// The call that was struck.
    pub(super) fn struck(&self) -> Option<&'static str> {
        *self.struck.lock().unwrap()
    }

    /// Waits for the death of the process.
    pub(super) async fn death(&self) {
        self.death.notified().await;
    }
}

impl Steps for Fate {
    async fn step<T: Send, E: Failure>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let went_well = |left: u32| left.checked_sub(1);
        let well = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, went_well).is_ok();
        if well || self.struck().is_some() {
            return call.await;
        }
        *self.struck.lock().unwrap() = Some(name);
        if self.how == How::FailsUndone {
            return Err(E::undone());
        }
        let done = call.await?;
        if self.how == How::Dies {
            drop(done);
            self.death.notify_one();
            return std::future::pending().await;
        }
        Err(E::done())
    }
}

/// An error as the caller gets it.
pub(crate) trait Failure: Send {
    /// It is known that nothing was done.
    fn undone() -> Self;
    /// Nobody knows.
    fn done() -> Self;
}

impl Failure for StoreError {
    fn undone() -> Self {
        Self::Passing("failpoint".into())
    }

    fn done() -> Self {
        Self::Database("failpoint".into())
    }
}

impl Failure for CrmError {
    fn undone() -> Self {
        Self::Transient("failpoint".into())
    }

    fn done() -> Self {
        Self::OutcomeUnknown("failpoint".into())
    }
}

/// The store.
pub(crate) struct BrittleStore<S>(pub(crate) Arc<dyn Store>, pub(crate) Arc<S>);

/// The CRM.
pub(crate) struct BrittleCrm<'a, S>(pub(crate) &'a dyn Crm, pub(crate) Arc<S>);

/// Calls that can be struck, and calls that cannot, because they say nothing of success.
macro_rules! brittle {
    (
        $trait:ident for $of:ident<$($life:lifetime,)? S> {
            $(async $name:ident($($arg:ident: $type:ty),*) -> $done:ty;)*
        }
        $(sure { $($sure:item)* })?
    ) => {
        #[async_trait]
        impl<S: Steps> $trait for $of<$($life,)? S> {
            $(async fn $name(&self, $($arg: $type),*) -> $done {
                self.1.step(stringify!($name), self.0.$name($($arg),*)).await
            })*
            $($($sure)*)?
        }
    };
}

type Stored<T> = Result<T, StoreError>;
type Time = DateTime<Utc>;

brittle! {
    LeadStore for BrittleStore<S> {
        async bind_org(org: &OrgId) -> Stored<()>;
        async org() -> Stored<Option<OrgId>>;
        async leads(ids: &[LeadId]) -> Stored<Vec<LeadRecord>>;
        async take_in(changes: Vec<IntakeChange>, name: &str, cursor: &Cursor, at: Time) -> Stored<IntakeReport>;
        async cursor(name: &str) -> Stored<Cursor>;
        async event_place() -> Stored<Option<EventPlace>>;
        async set_event_place(place: Option<&EventPlace>) -> Stored<()>;
        async created_between(from: Time, until: Time) -> Stored<u64>;
        async pending(limit: u32) -> Stored<Vec<LeadRecord>>;
        async save_rankings(ranked: Vec<RankedLead>) -> Stored<u64>;
        async snooze(id: &LeadId, until: Time, by: &str, at: Time) -> Stored<bool>;
        async save_roster(roster: &Roster, at: Time) -> Stored<()>;
        async roster() -> Stored<Roster>;
    }
}

brittle! {
    DecisionStore for BrittleStore<S> {
        async decide(new: NewDecision) -> Stored<DecideOutcome>;
        async undo(lead: &LeadId, by: &str, at: Time) -> Stored<UndoOutcome>;
        async claim_effects(owner: &str, limit: u32, until: Time, at: Time) -> Stored<Vec<LeasedEffect>>;
        async finish_effect(effect: &LeasedEffect, result: EffectResult, at: Time) -> Stored<bool>;
        async renew_lease(effect: &LeasedEffect, until: Time) -> Stored<bool>;
        async release_leases() -> Stored<u64>;
        async next_effect_at() -> Stored<Option<Time>>;
        async revive_effect(id: i64, by: &str, at: Time) -> Stored<bool>;
        async effect_counts() -> Stored<EffectCounts>;
        async effects(states: &[EffectState], limit: u32) -> Stored<Vec<EffectRow>>;
        async decision(trace: TraceId) -> Stored<Option<Decision>>;
        async decision_of(lead: &LeadId) -> Stored<Option<Decision>>;
        async decisions_after(after: Option<TraceId>, limit: u32) -> Stored<Vec<DecisionRow>>;
    }
}

brittle! {
    LearningStore for BrittleStore<S> {
        async save_deals(deals: &[Deal], origin: &str, at: Time) -> Stored<(u64, u64)>;
        async deals() -> Stored<Vec<Deal>>;
        async pull_place() -> Stored<Option<String>>;
        async set_pull_place(place: Option<&str>) -> Stored<()>;
        async deal_count() -> Stored<u64>;
        async save_model(row: &ModelRow, artifact: &str) -> Stored<()>;
        async models() -> Stored<Vec<ModelRow>>;
        async model_artifact(id: &ModelId) -> Stored<Option<String>>;
        async promote(id: &ModelId, by: &str, at: Time) -> Stored<bool>;
        async champion() -> Stored<Option<ModelRow>>;
        async save_outcomes(outcomes: &[LeadOutcome], name: &str, cursor: &Cursor, at: Time) -> Stored<()>;
    }
}

brittle! {
    DriftStore for BrittleStore<S> {
        async first_received() -> Stored<Option<Time>>;
        async received_leads(between: (Time, Time), lead: Option<&LeadId>, limit: u32) -> Stored<Vec<ReceivedLead>>;
        async closed_leads(between: (Time, Time), lead: Option<&LeadId>, limit: u32) -> Stored<Vec<ClosedLead>>;
        async drift_marks(from: NaiveDate) -> Stored<Vec<DriftMark>>;
        async save_drift_day(day: &DriftDay) -> Stored<()>;
        async drift_leads(from: NaiveDate, until: NaiveDate) -> Stored<Vec<String>>;
        async drift_outcomes(from: NaiveDate, until: NaiveDate) -> Stored<Vec<String>>;
        async save_drift_report(on: NaiveDate, model: &ModelId, verdict: &str, report: &str) -> Stored<()>;
        async newest_drift_report() -> Stored<Option<String>>;
    }
}

brittle! {
    QueryStore for BrittleStore<S> {
        async conservation() -> Stored<Conservation>;
        async lane_counts(at: Time) -> Stored<LaneCounts>;
        async lanes_matching(conditions: &[Condition], at: Time) -> Stored<LaneCounts>;
        async queue_page(filter: &LeadFilter, seek: &Seek, limit: u32, at: Time) -> Stored<QueuePage>;
        async queue_rows(ids: &[LeadId]) -> Stored<Vec<QueueRow>>;
        async lead_detail(id: &LeadId) -> Stored<Option<LeadDetail>>;
        async shadow_rows(after: Option<&LeadId>, limit: u32) -> Stored<Vec<ShadowRow>>;
        async audit(lead: Option<&LeadId>, limit: u32) -> Stored<Vec<AuditEvent>>;
        async data_version() -> Stored<i64>;
        async ranking_latencies_ms() -> Stored<Vec<f64>>;
    }
    sure {
        fn changes(&self) -> watch::Receiver<u64> {
            self.0.changes()
        }
        async fn close(&self) {
            self.0.close().await;
        }
    }
}

brittle! {
    DutyStore for BrittleStore<S> {
        async hold(duty: &str, owner: &str, lease: std::time::Duration) -> Stored<bool>;
        async let_go(duty: &str, owner: &str) -> Stored<()>;
    }
}

brittle! {
    AuditStore for BrittleStore<S> {
        async record(event: &AuditEvent) -> Stored<()>;
        async seal(limit: u32) -> Stored<u64>;
        async audit_head() -> Stored<Option<Seal>>;
        async seals_after(seq: i64, limit: u32) -> Stored<Vec<(Seal, Option<StoredEvent>)>>;
        async unchained(limit: u32) -> Stored<Vec<StoredEvent>>;
        async audit_totals() -> Stored<AuditTotals>;
        async newest_event(what: &str) -> Stored<Option<AuditEvent>>;
        async ranking_of(trace: TraceId) -> Stored<Option<StoredRanking>>;
        async newest_ranking(lead: &LeadId) -> Stored<Option<StoredRanking>>;
    }
}

brittle! {
    BackfillStore for BrittleStore<S> {
        async candidates(of: &Selection, after: Option<&LeadId>, limit: u32, at: Time) -> Stored<Vec<LeadRecord>>;
        async running_backfill() -> Stored<Option<BackfillRun>>;
        async begin_backfill(of: &Selection, model: &ModelId, by: &str, at: Time) -> Stored<Option<BackfillRun>>;
        async note_backfill(id: i64, done_until: &LeadId, tally: &RunTally) -> Stored<bool>;
        async end_backfill(id: i64, state: RunState, by: &str, at: Time) -> Stored<bool>;
        async backfill_writes(id: i64) -> Stored<BTreeMap<WriteState, u64>>;
    }
}

brittle! {
    RoutingStore for BrittleStore<S> {
        async rulebook() -> Stored<Option<StoredRulebook>>;
        async rulebook_of(version: &str) -> Stored<Option<StoredRulebook>>;
        async rulebooks() -> Stored<Vec<StoredRulebook>>;
        async enforce(book: &StoredRulebook) -> Stored<Option<u64>>;
        async rank_anew(lead: &LeadId, why: &str, at: Time) -> Stored<bool>;
        async given(since: Time) -> Stored<Vec<Given>>;
        async received_between(from: Time, until: Time, skip: u64, limit: u32) -> Stored<Vec<LeadRecord>>;
        async ledger() -> Stored<Ledger>;
        async arrivals(since: Time) -> Stored<Vec<Arrived>>;
        async open_hold() -> Stored<Option<OpenHold>>;
        async keep_hold(hold: Option<&OpenHold>, at: Time) -> Stored<()>;
        async vocabulary() -> Stored<Option<Vocabulary>>;
        async save_vocabulary(vocabulary: &Vocabulary) -> Stored<()>;
        async feeds() -> Stored<Vec<Feed>>;
        async save_feeds(feeds: &[Feed], at: Time) -> Stored<()>;
    }
}

brittle! {
    CompanyStore for BrittleStore<S> {
        async unlooked(which: Unlooked, limit: u32) -> Stored<Vec<LeadRecord>>;
        async note_companies(found: &[LeadCompany], at: Time) -> Stored<u64>;
        async asked_companies(leads: &[LeadId]) -> Stored<Vec<(LeadId, Asked)>>;
        async earlier_leads(keys: &[String], since: Time, limit: u32) -> Stored<Vec<EarlierLead>>;
    }
}

brittle! {
    ContactStore for BrittleStore<S> {
        async due_contacts(by: Time, limit: u32) -> Stored<Vec<DueContact>>;
        async settle_contacts(settled: &[Settlement], at: Time) -> Stored<u64>;
    }
}

brittle! {
    DisagreementStore for BrittleStore<S> {
        async open_differing(after: Option<&QueueKey>, limit: u32) -> Stored<Vec<Looked<QueueKey>>>;
        async decided_differing(after: Option<TraceId>, limit: u32) -> Stored<Vec<Looked<(TraceId, Time)>>>;
    }
}

brittle! {
    SavedViewStore for BrittleStore<S> {
        async saved_views() -> Stored<Vec<SavedView>>;
        async save_view(view: &SavedView, at: Time) -> Stored<()>;
        async remove_view(manager: &str, key: u8, at: Time) -> Stored<bool>;
    }
}

brittle! {
    BlindStore for BrittleStore<S> {
        async choose_first(choice: &FirstChoice) -> Stored<bool>;
        async blind_tally(since: Time) -> Stored<BlindTally>;
    }
}

brittle! {
    StopStore for BrittleStore<S> {
        async stopped() -> Stored<Option<Stopped>>;
        async stop_writes(stop: &Stopped) -> Stored<bool>;
        async resume_writes(by: &str, why: &str, at: Time) -> Stored<bool>;
    }
}

brittle! {
    PresenceStore for BrittleStore<S> {
        async note_presence(presence: &Presence) -> Stored<()>;
        async leave(manager: &str, lead: Option<&LeadId>) -> Stored<()>;
        async present(after: Time) -> Stored<Vec<Presence>>;
    }
}

brittle! {
    HandOverStore for BrittleStore<S> {
        async hand_over(leads: &[LeadId], hand_over: &HandOver) -> Stored<Vec<LeadId>>;
        async handed_to(manager: &str) -> Stored<Vec<HandedLead>>;
        async managers() -> Stored<Vec<String>>;
    }
}

brittle! {
    HandoffStore for BrittleStore<S> {
        async write_handoff(new: &NewHandoff) -> Stored<i64>;
        async accept_handoff(id: i64, by: &str, at: Time) -> Stored<bool>;
        async newest_handoff() -> Stored<Option<StoredHandoff>>;
        async leads_at_risk(over: Time, ending: Time, limit: u32) -> Stored<(RiskTally, Vec<OpenLead>)>;
        async snoozed_leads(at: Time, limit: u32) -> Stored<Vec<OpenLead>>;
        async overruled(since: Time, limit: u32) -> Stored<(u64, Vec<Overruled>)>;
    }
}

brittle! {
    BoardStore for BrittleStore<S> {
        async newest_situation() -> Stored<Option<(Time, String)>>;
        async open_leads(since: Time) -> Stored<Vec<(RepId, u64)>>;
        async deals_closed(since: Time) -> Stored<Vec<RepDeals>>;
        async contact_tallies(since: Time, at: Time) -> Stored<Vec<(RepId, ContactTally)>>;
        async contact_list(list: ContactList, rep: Option<&RepId>, since: Time, limit: u32) -> Stored<Vec<ContactRow>>;
        async scope_tallies(by: Scope, since: Time, limit: u32) -> Stored<Vec<ScopeTally>>;
        async verdict_tallies(since: Time) -> Stored<Vec<VerdictTally>>;
        async find_leads(word: &str, limit: u32) -> Stored<Vec<FoundLead>>;
    }
}

type Answered<T> = Result<T, CrmError>;

brittle! {
    Crm for BrittleCrm<'_, S> {
        async org() -> Answered<OrgInfo>;
        async roster() -> Answered<Roster>;
        async vocabulary() -> Answered<Vocabulary>;
        async changed_leads(cursor: &Cursor) -> Answered<LeadChanges>;
        async clock() -> Answered<Time>;
        async count_created(from: Time, until: Time) -> Answered<u64>;
        async created_leads(from: Time, until: Time, after: Option<&LeadId>) -> Answered<CreatedLeads>;
        async apply(write: &DecisionWrite) -> Answered<WriteOutcome>;
        async closed_deals(page: Option<&str>) -> Answered<DealPage>;
        async read_back(leads: &[LeadId]) -> Answered<Vec<ReadBack>>;
        async outcomes(cursor: &Cursor) -> Answered<(Vec<LeadOutcome>, Cursor)>;
        async workloads(reps: &[RepId], window: Span) -> Answered<Workloads>;
        async contacts(leads: &[LeadId], within: Span) -> Answered<Vec<Contacts>>;
        async accounts(sought: &[CompanySought]) -> Answered<Option<Vec<CompanyAccount>>>;
        async probe() -> Answered<()>;
    }
    sure {
        fn usage(&self) -> ApiUsage {
            self.0.usage()
        }
    }
}
