//! The ports: everything the use cases need from the outside, as traits. Adapters implement them; `bootstrap` alone
//! connects the two.

mod accounts;
mod audit;
mod backfill;
mod blind;
mod boards;
mod contacts;
mod crm;
mod disagreements;
mod drift;
mod events;
mod hand_overs;
mod handoff;
mod presence;
mod routing;
mod saved_views;
mod stop;
mod store;
mod workload;

use chrono::{DateTime, Utc};

pub use accounts::{Asked, CompanyAccount, CompanySought, CompanyStore, EarlierLead, LeadCompany, Unlooked};
pub use audit::{AuditStore, AuditTotals, Seal, StoredDesk, StoredEvent, StoredRanking};
pub use backfill::{BackfillRun, BackfillStore, RunState, RunTally, Selection};
pub use blind::{BlindStore, BlindTally, FirstChoice};
pub use boards::{
    BoardStore, ContactList, ContactRow, ContactTally, FoundLead, RepDeals, SEARCHED, Scope, ScopeTally, VerdictTally,
};
pub use contacts::{Contact, ContactStore, Contacts, DueContact, Settlement};
pub use crm::{
    ApiUsage, CreatedLeads, Crm, CrmError, Cursor, DealPage, LeadChanges, OrgInfo, RawLead, ReadBack, WriteOutcome,
};
pub use disagreements::{Differs, DisagreementStore, Looked};
pub use drift::{ClosedLead, DriftDay, DriftMark, DriftStore, ReceivedLead};
pub use events::{EventPlace, EventsError, Heard, LeadEvents, LeadStream};
pub use hand_overs::{HandOver, HandOverStore, HandedLead};
pub use handoff::{Acceptance, HandoffStore, NewHandoff, OpenLead, Overruled, RiskTally, StoredHandoff};
pub use presence::{Claim, Presence, PresenceStore};
pub use routing::{Arrived, Given, OpenHold, RoutingStore, RulesSource, RulesText, StoredRulebook};
pub use saved_views::{SavedView, SavedViewStore, VIEW_KEYS};
pub use stop::{StopStore, Stopped};
pub use store::{
    DecideOutcome, DecisionStore, DutyStore, EffectResult, IntakeChange, IntakeReport, LeadStore, LearningStore,
    MadeFrom, ModelRow, NewDecision, QueryStore, RankedLead, StoreError, UndoOutcome,
};
pub use workload::{Appointment, AppointmentTime, OutOfOffice, RepWorkload, Shows, Span, WorkloadPart, Workloads};

pub use crate::policy::absence::Feed;
pub use crate::policy::fairness::{Account, Entry, Ledger};
pub use crate::policy::hold::Hold;

/// Where the time comes from. The only clock in the program; tests bring their own.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The whole store. One implementation for all databases (`store::engine`).
pub trait Store:
    LeadStore
    + DecisionStore
    + LearningStore
    + DriftStore
    + QueryStore
    + DutyStore
    + AuditStore
    + BackfillStore
    + RoutingStore
    + CompanyStore
    + ContactStore
    + DisagreementStore
    + SavedViewStore
    + StopStore
    + BlindStore
    + PresenceStore
    + HandOverStore
    + BoardStore
    + HandoffStore
{
}
impl<T> Store for T where
    T: LeadStore
        + DecisionStore
        + LearningStore
        + DriftStore
        + QueryStore
        + DutyStore
        + AuditStore
        + BackfillStore
        + RoutingStore
        + CompanyStore
        + ContactStore
        + DisagreementStore
        + SavedViewStore
        + StopStore
        + BlindStore
        + PresenceStore
        + HandOverStore
        + BoardStore
        + HandoffStore
{
}
