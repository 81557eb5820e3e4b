//! Reps who make no contact in time: what they owe, what is found out when it is due, and what follows.
//!
//! Whoever is given a lead by a decision owes it a first contact. Until when is fixed with the decision. When that moment has
//! come, the CRM is asked once, about many leads in one call. A lead that nobody got in touch with is noted, and, where the
//! manager's rules say so, taken from the rep and routed anew without everybody who had it. What the CRM was not asked about
//! was not missed: it waits until the CRM answers.
//!
//! Nobody is overruled. A lead that is not the rep's any more, or no lead, or converted, is none of theirs to miss; and one
//! that a person had given to them goes to a person.

pub mod board;

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use super::AppError;
use super::ports::{Clock, Contacts, Crm, DueContact, Settlement, Span, Store};
use super::routing::InForce;
use crate::domain::contact::ContactOutcome;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::ids::LeadId;
use crate::domain::lead::{Had, LeadRecord, LeadState, Owner};
use crate::domain::pool::Earlier;
use crate::policy::sla::contact_due;

/// Leads that the CRM is asked about at once.
const BATCH: u32 = 200;

/// Until when whoever a decision gives a lead to must have made contact; `None` for a queue.
pub fn due(rules: Option<&InForce>, owner: &Owner, given_at: DateTime<Utc>, sla: Duration) -> Option<DateTime<Utc>> {
    let rep = owner.rep()?;
    Some(rules.map_or(given_at + sla, |rules| contact_due(rules.policy.team().schedule(rep), given_at, sla)))
}

/// What looking at first contacts came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Leads with which somebody got in touch in time.
    pub in_time: u64,
    /// Leads with which somebody got in touch too late, or nobody.
    pub breached: u64,
    /// Leads that were taken from their reps.
    pub reassigned: u64,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Finds out about a batch of first contacts that are due. With `reassign`, leads that nobody got in touch with are taken
/// from their reps.
pub async fn look(crm: &dyn Crm, store: &dyn Store, clock: &dyn Clock, reassign: bool) -> Result<Looked, AppError> {
    let now = clock.now();
    let due = store.due_contacts(now, BATCH).await?;
    if due.is_empty() {
        return Ok(Looked::default());
    }
    let full = due.len() == BATCH as usize;
    let ids: Vec<LeadId> = due.iter().map(|one| one.lead_id.clone()).collect();
    let leads: HashMap<LeadId, LeadRecord> =
        store.leads(&ids).await?.into_iter().map(|record| (record.lead.id.clone(), record)).collect();
    let mut settled = Vec::new();
    let mut open: Vec<(&DueContact, &LeadRecord)> = Vec::new();
    for one in &due {
        match leads.get(&one.lead_id).filter(|lead| is_owed(one, lead)) {
            Some(lead) if fair_due(one) <= now => open.push((one, lead)),
            Some(_) => {}
            None => settled.push(settlement(one, ContactOutcome::Moot, None)),
        }
    }
    if !open.is_empty() {
        // Stamps of the CRM are compared with its clock and never with ours.
        let theirs = crm.clock().await?;
        let ahead = theirs - now;
        let from = open.iter().map(|(one, lead)| since(one, lead)).min().unwrap_or(now) + ahead;
        let ids: Vec<LeadId> = open.iter().map(|(one, _)| one.lead_id.clone()).collect();
        let said = crm.contacts(&ids, Span::new(from, theirs)).await?;
        let said: HashMap<&LeadId, &Contacts> = said.iter().map(|one| (&one.lead_id, one)).collect();
        for (one, lead) in open {
            match said.get(&one.lead_id) {
                // Gone, or out of our sight: nobody can say that it was missed.
                None => settled.push(settlement(one, ContactOutcome::Moot, None)),
                // It changed since we read it. The next poll tells how.
                Some(contacts) if contacts.modstamp != lead.lead.modstamp => {}
                Some(contacts) => {
                    let (outcome, at) = judge(one, lead, contacts, ahead);
                    settled.push(Settlement { reassign, ..settlement(one, outcome, at) });
                }
            }
        }
    }
    let of = |is: fn(ContactOutcome) -> bool| settled.iter().filter(|one| is(one.outcome)).count() as u64;
    let (in_time, breached) = (of(|outcome| outcome == ContactOutcome::InTime), of(ContactOutcome::is_breach));
    let reassigned = if settled.is_empty() { 0 } else { store.settle_contacts(&settled, now).await? };
    Ok(Looked { in_time, breached, reassigned, more: full && !settled.is_empty() })
}

const fn settlement(one: &DueContact, outcome: ContactOutcome, contacted_at: Option<DateTime<Utc>>) -> Settlement {
    Settlement { decision: one.decision, outcome, contacted_at, reassign: false }
}

/// Whether the rep still owes it: the decision stands and is written, and the lead is theirs and still one.
fn is_owed(one: &DueContact, record: &LeadRecord) -> bool {
    let LeadRecord { lead, state: LeadState::Decided, .. } = record else { return false };
    let theirs = one.stands && one.write == WriteState::Written && lead.owner.rep() == Some(&one.rep);
    theirs && !(lead.converted || lead.deleted || lead.form.disqualified)
}

/// When it is due, with the time added by which the write was late: nobody can get in touch with a lead that they do not know
/// of.
fn fair_due(one: &DueContact) -> DateTime<Utc> {
    let late = one.written_at.map_or(Duration::zero(), |at| at - one.grace_until);
    one.due_at + late.max(Duration::zero())
}

/// Since when a contact counts: since the lead was given to the rep. Who had it by the legacy rules and keeps it may have
/// been faster than the decision.
fn since(one: &DueContact, record: &LeadRecord) -> DateTime<Utc> {
    if one.was_theirs && record.earlier.is_empty() { record.lead.facts.created_at } else { one.decided_at }
}

/// What came of it, by what the CRM said; `ahead` is how much its clock is ahead of ours.
///
/// Whoever got in touch, the customer was not left alone; but whoever had the lead before and tidies up their list of tasks did
/// not get in touch.
fn judge(
    one: &DueContact,
    record: &LeadRecord,
    said: &Contacts,
    ahead: Duration,
) -> (ContactOutcome, Option<DateTime<Utc>>) {
    let had = |contact: &&super::ports::Contact| {
        contact.by.as_ref().is_some_and(|by| *by != one.rep && record.earlier.iter().any(|had| had.rep == *by))
    };
    let since = since(one, record);
    let first = said.contacts.iter().filter(|contact| !had(contact)).map(|contact| contact.at - ahead);
    match first.filter(|at| *at >= since).min() {
        Some(at) if at <= fair_due(one) => (ContactOutcome::InTime, Some(at)),
        Some(at) => (ContactOutcome::Late, Some(at)),
        None => (ContactOutcome::Missed, None),
    }
}

/// What is to be noted of a rep who let a lead's clock run out, if it is still theirs by this decision. The store asks inside
/// the transaction that takes the lead from them.
pub fn lost(record: &LeadRecord, decision: &Decision, at: DateTime<Utc>) -> Option<Had> {
    let LeadRecord { lead, state: LeadState::Decided, .. } = record else { return None };
    let rep = decision.owner.rep()?;
    let theirs = decision.stands() && decision.write == WriteState::Written && lead.owner == decision.owner;
    (theirs && !lead.converted && !lead.deleted && !lead.form.disqualified).then(|| Had {
        rep: rep.clone(),
        how: Earlier::SlaBreached,
        at,
        why: None,
        said: super::returned::said(lead),
        decision: decision.trace_id,
        chosen: decision.verdict.needs_reason(),
    })
}

#[cfg(test)]
mod tests;
