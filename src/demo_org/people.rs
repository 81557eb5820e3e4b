//! What people do to leads in the org, by hand: each act is a transaction of theirs, past everything that binds a client.

use serde::Deserialize;
use serde_json::json;

use super::chance::Chance;
use super::dml::{WriteContext, live, touch};
use super::fault::Fault;
use super::id::Id;
use super::org::{Cause, EffectKind, Org, Record};
use super::rules;
use super::schema::Object;
use super::stamp::Stamp;
use super::value::Value;
use super::world::{Ending, World, convert, owner_of};

/// Something a person does to a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Another rep of the territory takes it.
    Take,
    /// Its owner converts it.
    Convert,
    /// Its owner finds that it is another lead once more, and merges it into that.
    Merge,
    /// Its owner deletes it.
    Delete,
    /// Its owner notes something on it.
    Edit,
    /// Its owner gives it back, with a reason.
    GiveBack,
    /// Its owner finds that it is none.
    Disqualify,
    /// Its owner calls them, and completes the task that asked for it, or logs the call.
    Call,
}

/// Why reps give leads back.
const REASONS: [&str; 6] = [
    "I used to work there, and we parted badly",
    "Too far from where I am",
    "They want somebody who knows their trade",
    "No time for it before next week",
    "They asked for a person who speaks their language",
    "Belongs to a partner of ours, I think",
];

/// The field that takes the reason.
pub(crate) const RETURN_REASON: &str = "AI_Return_Reason__c";

/// A person acts on an open lead. False if there is nothing to act on: converted, deleted, nobody else to take it.
pub(crate) fn act(
    org: &mut Org,
    world: &World,
    lead: Id,
    act: Act,
    chance: &mut Chance,
    now: Stamp,
) -> Result<bool, Fault> {
    let Ok(record) = live(org, Object::Lead, lead) else { return Ok(false) };
    if org.read(Object::Lead, record, "IsConverted").is_true() {
        return Ok(false);
    }
    let Some(owner) = owner_of(org, lead) else { return Ok(false) };
    let team = rules::eligible(org, rules::territory_of(org, record));
    let others: Vec<Id> = team.iter().copied().filter(|rep| *rep != owner).collect();
    // Whoever works a lead that is in a queue is a rep all the same.
    let worker = if team.contains(&owner) { Some(owner) } else { team.first().copied() };
    let Some(worker) = worker else { return Ok(false) };
    match act {
        Act::Take if others.is_empty() => return Ok(false),
        Act::Take => take(org, lead, chance.pick(&others), now)?,
        Act::Convert => {
            let amount = chance.log_uniform(1_000.0, 50_000.0).round();
            let ending = world.ending(org, lead, worker).unwrap_or(Ending { won: false, amount });
            let mut tx = org.begin(now);
            convert(&mut tx, lead, worker, ending);
            tx.commit().map_err(|error| Fault::not_stored(&error))?;
        }
        Act::Merge => {
            let Some(winner) = another_open_lead(org, lead) else { return Ok(false) };
            merge(org, lead, winner, worker, now)?;
        }
        Act::Delete => {
            let mut tx = org.begin(now);
            let by = WriteContext { user: worker, auto_assign: false, cause: Cause::Person };
            tx.delete(Object::Lead, lead, &by)?;
            tx.commit().map_err(|error| Fault::not_stored(&error))?;
        }
        Act::Edit => edit(org, lead, worker, chance, now)?,
        Act::GiveBack => fill(org, lead, worker, (RETURN_REASON, chance.pick(&REASONS)), now)?,
        Act::Call => call(org, lead, worker, now)?,
        Act::Disqualify => fill(org, lead, worker, ("Status", "Closed - Not Converted"), now)?,
    }
    Ok(true)
}

/// A rep calls a lead. The newest of their open tasks about it is what asked for that.
fn call(org: &mut Org, lead: Id, user: Id, now: Stamp) -> Result<(), Fault> {
    let is = |record: &Record, field, id| org.read(Object::Task, record, field).as_id() == Some(id);
    let open = |record: &&Record| {
        let closed = |field| org.read(Object::Task, record, field).is_true();
        is(record, "WhoId", lead) && is(record, "OwnerId", user) && !closed("IsClosed") && !closed("IsDeleted")
    };
    let task = org.table(Object::Task).iter().rev().find(open).map(|record| record.id);
    let by = WriteContext { user, auto_assign: false, cause: Cause::Person };
    let fields = match task {
        Some(_) => json!({ "Status": "Completed" }),
        None => json!({ "WhoId": lead, "OwnerId": user, "Subject": "Call", "Status": "Completed" }),
    };
    let fields = fields.as_object().cloned().unwrap_or_default();
    let mut tx = org.begin(now);
    match task {
        Some(task) => tx.update(Object::Task, task, &fields, &by).map(drop)?,
        None => tx.create(Object::Task, &fields, &by).map(drop)?,
    }
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

/// A person gives a lead to this owner.
pub(crate) fn take(org: &mut Org, lead: Id, owner: Id, now: Stamp) -> Result<(), Fault> {
    let is_rep = owner.prefix() == Object::User.prefix();
    let user = if is_rep { Some(owner) } else { owner_of(org, lead) };
    let user = user.ok_or_else(|| Fault::no_record(lead.as_str()))?;
    let mut tx = org.begin(now);
    tx.reassign(lead, owner, &WriteContext { user, auto_assign: false, cause: Cause::Person })?;
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

/// The loser goes to the recycle bin and names the winner, which counts as changed too.
fn merge(org: &mut Org, loser: Id, winner: Id, user: Id, now: Stamp) -> Result<(), Fault> {
    let mut gone = live(org, Object::Lead, loser)?.clone();
    let mut kept = live(org, Object::Lead, winner)?.clone();
    org.assign(Object::Lead, &mut gone, "MasterRecordId", winner);
    org.assign(Object::Lead, &mut gone, "IsDeleted", true);
    let mut tx = org.begin(now);
    for record in [&mut gone, &mut kept] {
        touch(tx.org(), Object::Lead, record, user, now);
    }
    tx.put(Object::Lead, gone);
    tx.put(Object::Lead, kept);
    tx.effect(user, EffectKind::LeadMerged { lead: loser, into: winner });
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

fn edit(org: &mut Org, lead: Id, user: Id, chance: &mut Chance, now: Stamp) -> Result<(), Fault> {
    let mut record = live(org, Object::Lead, lead)?.clone();
    if chance.happens(0.5) {
        let line = format!("+1 555 {:07}", chance.below(10_000_000));
        org.assign(Object::Lead, &mut record, "Phone", line.as_str());
    } else {
        // A fact, so that a ranking made before rests on something else.
        let revenue = chance.log_uniform(1e5, 1e9).round();
        org.assign(Object::Lead, &mut record, "AnnualRevenue", Value::Number(revenue));
    }
    touch(org, Object::Lead, &mut record, user, now);
    let mut tx = org.begin(now);
    tx.put(Object::Lead, record);
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

/// A person writes this into a field of a lead.
fn fill(org: &mut Org, lead: Id, user: Id, (field, text): (&str, &str), now: Stamp) -> Result<(), Fault> {
    let mut record = live(org, Object::Lead, lead)?.clone();
    org.assign(Object::Lead, &mut record, field, text);
    touch(org, Object::Lead, &mut record, user, now);
    let mut tx = org.begin(now);
    tx.put(Object::Lead, record);
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

/// The newest open lead besides this one.
fn another_open_lead(org: &Org, lead: Id) -> Option<Id> {
    newest_arrivals(org).find(|id| *id != lead)
}

/// A job of the org goes over its newest leads and leaves one change stamp on all of them. `LastModifiedDate` stays, as
/// it does when formulas or shares are computed anew.
pub(crate) fn recompute(org: &mut Org, count: usize, now: Stamp) -> Result<(), Fault> {
    let leads: Vec<Id> = newest_arrivals(org).take(count).collect();
    let mut tx = org.begin(now);
    for lead in leads {
        let Some(mut record) = tx.org().table(Object::Lead).get(lead).cloned() else { continue };
        tx.org().assign(Object::Lead, &mut record, "SystemModstamp", now);
        tx.put(Object::Lead, record);
    }
    tx.commit().map_err(|error| Fault::not_stored(&error))
}

/// Open leads that arrived live, newest first.
fn newest_arrivals(org: &Org) -> impl Iterator<Item = Id> {
    let newest = org.table(Object::Lead).iter().rev();
    let open = newest.filter(|record| {
        let is = |field| org.read(Object::Lead, record, field).is_true();
        org.arrival_of(record.id).is_some() && !is("IsConverted") && !is("IsDeleted")
    });
    open.map(|record| record.id)
}
