//! [`ContactStore`]: first contacts that reps owe, and what came of them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, decisions, leads, returned};
use crate::app::ports::{ContactStore, DueContact, NewDecision, Settlement, StoreError};
use crate::app::sla;
use crate::domain::contact::{ContactOutcome, FirstContact};
use crate::domain::ids::{LeadId, RepId, TraceId};
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql::{self, contacts as of};
use crate::store::values::{self, WORKER, micros};

#[async_trait]
impl<D: Driver> ContactStore for SqlStore<D> {
    async fn due_contacts(&self, by: DateTime<Utc>, limit: u32) -> Result<Vec<DueContact>, StoreError> {
        let one = |row: &RowOf<D>| {
            Ok(DueContact {
                decision: row.word("trace_id")?,
                lead_id: LeadId::new(row.text("lead_id")?),
                rep: RepId::new(row.text("rep_id")?),
                due_at: row.time("due_at")?,
                decided_at: row.time("decided_at")?,
                grace_until: row.time("grace_until")?,
                written_at: row.time_opt("written_at")?,
                write: row.word("write_state")?,
                stands: row.flag("stands")?,
                was_theirs: row.flag("was_theirs")?,
            })
        };
        self.ask(query(of::DUE).bind(micros(by)).bind(i64::from(limit))).await?.iter().map(one).collect()
    }

    async fn settle_contacts(&self, settled: &[Settlement], at: DateTime<Utc>) -> Result<u64, StoreError> {
        self.again(|| settle(self, settled, at)).await
    }
}

/// The rep of a decision owes a first contact, if one is asked for.
pub(super) async fn owe(conn: &mut impl Session, new: &NewDecision) -> Result<(), StoreError> {
    let decision = &new.decision;
    let (Some(due), Some(rep)) = (new.contact_due, decision.owner.rep()) else { return Ok(()) };
    let owe = query(of::OWE)
        .bind(decision.trace_id.to_string())
        .bind(decision.lead_id.as_str())
        .bind(rep.as_str())
        .bind(micros(due));
    owe.execute(conn).await.map(drop)
}

/// The first contacts that a lead was owed, newest first.
pub(super) async fn of_lead(conn: &mut impl Session, lead: &LeadId) -> Result<Vec<FirstContact>, StoreError> {
    let found = query(of::OF_LEAD).bind(lead.as_str()).all(conn).await?;
    let one = |row: &_| first_contact(row);
    found.iter().map(one).collect()
}

fn first_contact(row: &impl Columns) -> Result<FirstContact, StoreError> {
    Ok(FirstContact {
        decision: row.word("trace_id")?,
        rep: RepId::new(row.text("rep_id")?),
        due_at: row.time("due_at")?,
        outcome: row.word_opt("outcome")?,
        contacted_at: row.time_opt("contacted_at")?,
    })
}

async fn settle<D: Driver>(store: &SqlStore<D>, settled: &[Settlement], at: DateTime<Utc>) -> Result<u64, StoreError> {
    let traces: Vec<TraceId> = settled.iter().map(|one| one.decision).collect();
    let mut tx = store.begin().await?;
    let about = query(of::LEADS_OF).bind(values::json(&traces)?).all(&mut *tx).await?;
    let about: Vec<LeadId> = about.iter().map(|row| row.text("lead_id").map(LeadId::new)).collect::<Result<_, _>>()?;
    leads::lock(&mut *tx, &about).await?;
    let (mut any, mut opened) = (false, 0);
    for one in settled {
        if let Some(taken) = settle_one(&mut *tx, one, at).await? {
            any = true;
            opened += u64::from(taken);
        }
    }
    if any {
        store.commit(tx).await?;
    } else {
        store.rollback(tx).await?;
    }
    Ok(opened)
}

/// Settles one; whether its lead was taken from the rep. `None` if somebody had settled it before.
async fn settle_one(conn: &mut impl Session, one: &Settlement, at: DateTime<Utc>) -> Result<Option<bool>, StoreError> {
    let trace = one.decision.to_string();
    let Some(owed) = query(of::OWED).bind(&trace).optional(conn).await? else { return Ok(None) };
    let lead = LeadId::new(owed.text("lead_id")?);
    let decision = decisions::standing(conn, &lead).await?.filter(|standing| standing.trace_id == one.decision);
    let outcome = if decision.is_some() { one.outcome } else { ContactOutcome::Moot };
    let contacted_at = one.contacted_at.filter(|_| outcome != ContactOutcome::Moot);
    let settle =
        query(of::SETTLE).bind(&trace).bind(outcome.to_string()).bind(contacted_at.map(micros)).bind(micros(at));
    settle.execute(conn).await?;
    let Some(decision) = decision.filter(|_| outcome.is_breach()) else { return Ok(Some(false)) };
    let mut taken = false;
    if outcome == ContactOutcome::Missed && one.reassign {
        let record = rows::lead_record(&query(sql::leads::BY_ID).bind(lead.as_str()).one(conn).await?)?;
        if let Some(had) = sla::lost(&record, &decision, at) {
            returned::open_again(conn, record, had, at).await?;
            taken = true;
        }
    }
    let details = json!({
        "rep": owed.text("rep_id")?,
        "due_at": owed.time("due_at")?,
        "contacted_at": contacted_at,
        "reassigned": taken,
    });
    let event = audit::of_decision(at, WORKER, "lead.sla_breached", &lead, one.decision, details);
    audit::append(conn, &event).await?;
    Ok(Some(taken))
}
