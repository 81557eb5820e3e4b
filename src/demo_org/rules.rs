//! The org's own lead assignment rule: round robin over the active reps of the lead's territory.
//!
//! This is the legacy assignment that leadboard is compared with. Like every assignment rule it fires when a lead is
//! created *and when one is updated*, unless `Sforce-Auto-Assign: FALSE` came with that very write.

use super::id::Id;
use super::org::{Org, Record, Transaction};
use super::schema::Object;

/// Gives the lead to the next rep in turn. A lead that no rep can take keeps its owner.
pub(crate) fn assign(tx: &mut Transaction<'_>, lead: &mut Record) {
    let territory = territory_of(tx.org(), lead).to_owned();
    let reps = eligible(tx.org(), &territory);
    if reps.is_empty() {
        return;
    }
    let turn = tx.advance_pointer(&territory);
    let owner = reps[(turn % reps.len() as u64) as usize];
    tx.org().assign(Object::Lead, lead, "OwnerId", owner);
}

/// Active reps for a territory, in order of id: those of the territory, and those without one, who work all. A
/// territory that nobody has is worked by everybody.
pub(crate) fn eligible(org: &Org, territory: &str) -> Vec<Id> {
    let users = org.table(Object::User).iter();
    let active: Vec<_> = users
        .filter(|user| {
            org.read(Object::User, user, "IsActive").is_true()
                && org.read(Object::User, user, "UserType").as_text() == Some("Standard")
        })
        .map(|user| (user.id, org.read(Object::User, user, "Territory__c").as_text()))
        .collect();
    let here: Vec<Id> =
        active.iter().filter(|(_, of)| of.is_none_or(|of| of == territory)).map(|(id, _)| *id).collect();
    if here.is_empty() { active.into_iter().map(|(id, _)| id).collect() } else { here }
}

/// The territory of a lead; empty if it has none.
pub(crate) fn territory_of<'a>(org: &Org, lead: &'a Record) -> &'a str {
    org.read(Object::Lead, lead, "Territory__c").as_text().unwrap_or_default()
}
