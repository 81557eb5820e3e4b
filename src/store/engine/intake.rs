//! Leads coming in: each is received once, read again as often as it changes, and never goes back in time.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit, companies, leads, returned};
use crate::app::ports::{Cursor, EventPlace, IntakeChange, IntakeReport, RawLead, StoreError};
use crate::domain::ids::{LeadId, OrgId};
use crate::domain::lead::{Form, Lead, LeadState, LegacyAssignment, Owner};
use crate::domain::verdict::Verdict;
use crate::store::query::{Query, query};
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, folded, micros, owner_kind, storable};

/// The org the store is bound to.
pub(super) async fn org<D: Driver>(store: &SqlStore<D>) -> Result<Option<OrgId>, StoreError> {
    let stored = store.ask_optional(query(sql::intake::ORG)).await?;
    stored.map(|row| row.text("value").map(OrgId::new)).transpose()
}

pub(super) async fn bind_org<D: Driver>(store: &SqlStore<D>, org: &OrgId) -> Result<(), StoreError> {
    // Asked before every poll, so the common answer must not take the write lock.
    if self::org(store).await?.as_ref() == Some(org) {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let fresh = query(sql::intake::ORG_BIND).bind(org.as_str()).execute(&mut *tx).await? > 0;
    let stored = query(sql::intake::ORG).one(&mut *tx).await?.text("value")?;
    if stored != org.as_str() {
        return Err(StoreError::OtherOrg { stored: OrgId::new(stored), found: org.clone() });
    }
    if fresh { store.commit(tx).await } else { store.rollback(tx).await }
}

pub(super) async fn take_in<D: Driver>(
    store: &SqlStore<D>,
    changes: &[IntakeChange],
    cursor_name: &str,
    cursor: &Cursor,
    at: DateTime<Utc>,
) -> Result<IntakeReport, StoreError> {
    // A poll that brought nothing, which is most of them, must not wake every screen.
    if changes.is_empty() && same_cursor(&self::cursor(store, cursor_name).await?, cursor) {
        return Ok(IntakeReport::default());
    }
    let mut tx = store.begin().await?;
    leads::lock(&mut *tx, changes.iter().map(lead_of)).await?;
    let mut report = IntakeReport::default();
    for change in changes {
        match change {
            IntakeChange::Receive { lead, legacy } => {
                if receive(&mut *tx, lead, legacy, at).await? {
                    report.received += 1;
                } else {
                    // Perhaps it was not there yet to be locked.
                    leads::lock(&mut *tx, [&lead.lead.id]).await?;
                    report.refreshed += u64::from(refresh(&mut *tx, lead, false, at).await?);
                }
            }
            IntakeChange::Refresh { lead, rerank } => {
                report.refreshed += u64::from(refresh(&mut *tx, lead, *rerank, at).await?);
            }
            IntakeChange::Overridden { lead, decided } => {
                report.refreshed += u64::from(overridden(&mut *tx, lead, decided, at).await?);
            }
            IntakeChange::Supersede { lead, why } => match supersede(&mut *tx, lead, why, at).await? {
                Superseded::Now => report.superseded += 1,
                Superseded::ReadOnly => report.refreshed += 1,
                Superseded::Not => {}
            },
        }
    }
    let moved = move_cursor(&mut *tx, cursor_name, cursor).await?;
    if moved || report != IntakeReport::default() {
        store.commit(tx).await?;
    } else {
        store.rollback(tx).await?;
    }
    Ok(report)
}

pub(super) async fn cursor<D: Driver>(store: &SqlStore<D>, name: &str) -> Result<Cursor, StoreError> {
    let row = store.ask_optional(query(sql::intake::CURSOR).bind(name)).await?;
    row.as_ref().map_or_else(|| Ok(Cursor::default()), cursor_of)
}

pub(super) async fn set_event_place<D: Driver>(
    store: &SqlStore<D>,
    place: Option<&EventPlace>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let text = place.map_or("", EventPlace::as_str);
    query(sql::intake::EVENT_PLACE_SET).bind(storable(text)).execute(&mut *tx).await?;
    store.commit(tx).await
}

fn cursor_of(row: &impl Columns) -> Result<Cursor, StoreError> {
    Ok(Cursor { low: row.time_opt("low")?, since: row.time_opt("since")? })
}

/// Stores a cursor. False if it stood there already.
pub(super) async fn move_cursor(conn: &mut impl Session, name: &str, cursor: &Cursor) -> Result<bool, StoreError> {
    let stored = query(sql::intake::CURSOR).bind(name).optional(conn).await?;
    if same_cursor(&stored.as_ref().map_or_else(|| Ok(Cursor::default()), cursor_of)?, cursor) {
        return Ok(false);
    }
    let set = query(sql::intake::CURSOR_SET).bind(name);
    set.bind(cursor.low.map(micros)).bind(cursor.since.map(micros)).execute(conn).await?;
    Ok(true)
}

fn same_cursor(a: &Cursor, b: &Cursor) -> bool {
    (a.low.map(micros), a.since.map(micros)) == (b.low.map(micros), b.since.map(micros))
}

/// The lead that a change is about.
fn lead_of(change: &IntakeChange) -> &LeadId {
    let (IntakeChange::Receive { lead, .. }
    | IntakeChange::Refresh { lead, .. }
    | IntakeChange::Overridden { lead, .. }
    | IntakeChange::Supersede { lead, .. }) = change;
    &lead.lead.id
}

/// A lead we never saw: ledger, lead, legacy assignment, audit. False if it is known, and then nothing was written.
async fn receive(
    conn: &mut impl Session,
    lead: &RawLead,
    legacy: &LegacyAssignment,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let id = lead.lead.id.as_str();
    let ledger = query(sql::intake::LEDGER_APPEND).bind(id).bind(micros(at)).bind(micros(lead.lead.modstamp));
    if ledger.execute(conn).await? == 0 {
        return Ok(false);
    }
    let insert = bind_reading(query(sql::intake::LEAD_INSERT), lead)?.bind(micros(at));
    insert.execute(conn).await?;
    let assignment = query(sql::intake::LEGACY_INSERT)
        .bind(id)
        .bind(owner_kind(&legacy.owner))
        .bind(legacy.owner.id())
        .bind(micros(legacy.captured_at));
    assignment.execute(conn).await?;
    let details = json!({ "legacy_owner": legacy.owner });
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.received", &lead.lead.id, details)).await?;
    Ok(true)
}

/// A known lead read anew. False if there was nothing new in it.
async fn refresh(conn: &mut impl Session, lead: &RawLead, rerank: bool, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let id = &lead.lead.id;
    let reading = replace_reading(conn, lead, Owners::OfDecided, at).await?;
    match &reading {
        Reading::Older | Reading::Unsure => return Ok(false),
        Reading::Same => {}
        Reading::Replaced { before } => {
            // It may have been open to nobody when the change was judged, and a decision was taken back since.
            if supersede_if_taken(conn, id, "in a reading of an open lead", at).await?
                || returned::take_back(conn, id, before.returned.as_deref(), at).await?
            {
                return Ok(true);
            }
        }
    }
    let reranked = rerank && query(sql::intake::BACK_TO_PENDING).bind(id.as_str()).execute(conn).await? > 0;
    if reading == Reading::Same && !reranked {
        return Ok(false);
    }
    let details = json!({ "owner": lead.lead.owner, "reranked": reranked });
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.refreshed", id, details)).await?;
    Ok(true)
}

/// A lead whose written decision was undone by somebody. False if there was nothing new in the reading.
async fn overridden(
    conn: &mut impl Session,
    lead: &RawLead,
    decided: &Owner,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if !matches!(replace_reading(conn, lead, Owners::OfAny, at).await?, Reading::Replaced { .. }) {
        return Ok(false);
    }
    let details = json!({ "owner": lead.lead.owner, "decided": decided });
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.overridden", &lead.lead.id, details)).await?;
    Ok(true)
}

/// What came of superseding a lead.
enum Superseded {
    /// It is superseded from now on.
    Now,
    /// It was decided or superseded before; only the reading was replaced.
    ReadOnly,
    /// Nothing new.
    Not,
}

/// Somebody was faster.
async fn supersede(
    conn: &mut impl Session,
    lead: &RawLead,
    why: &str,
    at: DateTime<Utc>,
) -> Result<Superseded, StoreError> {
    let reading = replace_reading(conn, lead, Owners::OfAny, at).await?;
    if reading == Reading::Older {
        return Ok(Superseded::Not);
    }
    let Lead { id, owner, converted, deleted, .. } = &lead.lead;
    if query(sql::intake::SUPERSEDE).bind(id.as_str()).bind(storable(why)).execute(conn).await? > 0 {
        // The words may name people, so the trail says it in facts; the words stay with the lead.
        let details = json!({ "owner": owner, "converted": converted, "deleted": deleted });
        audit::append(conn, &audit::of_lead(at, WORKER, "lead.superseded", id, details)).await?;
        return Ok(Superseded::Now);
    }
    if reading == Reading::Same {
        return Ok(Superseded::Not);
    }
    let details = json!({ "owner": owner, "reranked": false });
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.refreshed", id, details)).await?;
    Ok(Superseded::ReadOnly)
}

/// An open lead that is not with the owner it was open with, or is finished, was taken by somebody: the next decision on it
/// would overrule them. False if it was not taken. `found` says where that was noticed.
pub(super) async fn supersede_if_taken(
    conn: &mut impl Session,
    lead: &LeadId,
    found: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let taken = query(sql::intake::SUPERSEDE_TAKEN)
        .bind(lead.as_str())
        .bind("somebody took or finished it in the CRM while it was decided")
        .bind(values::json(&Verdict::Undo)?);
    if taken.execute(&mut *conn).await? == 0 {
        return Ok(false);
    }
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.superseded", lead, json!({ "found": found }))).await?;
    Ok(true)
}

/// How a reading compares with the stored one.
#[derive(PartialEq, Eq)]
enum Reading {
    /// Read before it; ignored, because polls overlap and answers can overtake each other.
    Older,
    /// Perhaps read before it; ignored, and the overlap of the next poll brings it again if it was not.
    Unsure,
    /// Says the same.
    Same,
    /// Took the place of one that said this beside the facts.
    Replaced { before: Box<Form> },
}

/// Which leads may have another owner by a reading that bears the stamp of the stored one. Of two readings of one second
/// nobody knows from the stamps which was last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owners {
    /// All: the CRM was asked since who has the lead.
    OfAny,
    /// Those that are decided on. One that is open was when nobody asked: it was opened again since, by a write that may
    /// share its second with the reading, and to take that for somebody's word would end the lead for nothing.
    OfDecided,
}

async fn replace_reading(
    conn: &mut impl Session,
    lead: &RawLead,
    owners: Owners,
    at: DateTime<Utc>,
) -> Result<Reading, StoreError> {
    let new = &lead.lead;
    let row =
        query(sql::intake::READING).bind(new.id.as_str()).optional(conn).await?.ok_or_else(|| unknown(&new.id))?;
    let old = rows::lead(&row)?;
    if micros(new.modstamp) < micros(old.modstamp) {
        return Ok(Reading::Older);
    }
    // The stamp alone does not tell: two changes within its resolution share it.
    if micros(new.modstamp) == micros(old.modstamp)
        && micros(new.modified_at) == micros(old.modified_at)
        && new.owner == old.owner
        && new.facts == old.facts
        && new.form == old.form
        && (new.converted, new.deleted) == (old.converted, old.deleted)
        && storable(&lead.raw) == row.text("raw")?
    {
        return Ok(Reading::Same);
    }
    let open = matches!(row.word("state")?, LeadState::Pending | LeadState::InLane);
    let same_second = micros(new.modstamp) == micros(old.modstamp);
    if owners == Owners::OfDecided && open && same_second && new.owner != old.owner {
        return Ok(Reading::Unsure);
    }
    if new.company != old.company || new.form != old.form {
        companies::forget(conn, &new.id).await?;
    }
    bind_reading(query(sql::intake::READING_REPLACE), lead)?.execute(conn).await?;
    if new.form.disqualified != old.form.disqualified {
        returned::disqualify(conn, new, at).await?;
    }
    Ok(Reading::Replaced { before: Box::new(old.form) })
}

fn unknown(id: &LeadId) -> StoreError {
    StoreError::Corrupt(format!("lead {id} was to be read anew, but was never received"))
}

/// The sixteen parameters of a reading, in the order that both statements share.
fn bind_reading(query: Query, RawLead { lead, raw }: &RawLead) -> Result<Query, StoreError> {
    Ok(query
        .bind(lead.id.as_str())
        .bind(storable(&lead.company))
        .bind(lead.contact.as_deref().map(storable))
        .bind(lead.facts.source.as_deref().map(storable))
        .bind(lead.facts.territory.as_deref().map(storable))
        .bind(folded(&format!("{} {}", lead.company, lead.id)))
        .bind(values::json(&lead.facts)?)
        .bind(owner_kind(&lead.owner))
        .bind(lead.owner.id())
        .bind(micros(lead.facts.created_at))
        .bind(micros(lead.modified_at))
        .bind(micros(lead.modstamp))
        .bind(i64::from(lead.converted))
        .bind(i64::from(lead.deleted))
        .bind(storable(raw))
        .bind((!lead.form.is_empty()).then(|| values::json(&lead.form)).transpose()?))
}
