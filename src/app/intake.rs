//! Intake: from "something changed in the CRM" to received, refreshed or superseded leads.

use std::collections::{HashMap, HashSet};

use super::AppError;
use super::ports::{Clock, Crm, IntakeChange, IntakeReport, RawLead, Store};
use crate::domain::decision::WriteState;
use crate::domain::ids::LeadId;
use crate::domain::lead::{Lead, LeadRecord, LeadState, LegacyAssignment};

/// Name of the polling cursor in the store.
pub const CURSOR: &str = "leads";

/// Polls once: reads what changed, decides what it means, stores it together with the cursor.
///
/// Returns the report and whether more is waiting.
pub async fn poll_once(crm: &dyn Crm, store: &dyn Store, clock: &dyn Clock) -> Result<(IntakeReport, bool), AppError> {
    let cursor = store.cursor(CURSOR).await?;
    let changes = crm.changed_leads(&cursor).await?;
    if changes.leads.is_empty() && changes.next == cursor {
        return Ok((IntakeReport::default(), changes.more));
    }
    let ids: Vec<_> = changes.leads.iter().map(|l| l.lead.id.clone()).collect();
    let known: HashMap<_, _> = store.leads(&ids).await?.into_iter().map(|r| (r.lead.id.clone(), r)).collect();
    let overtaken = overtaken(crm, &changes.leads, &known).await?;
    let at = clock.now();
    let mut decided = Vec::new();
    for raw in changes.leads.into_iter().filter(|raw| !overtaken.contains(&raw.lead.id)) {
        let record = known.get(&raw.lead.id);
        match judge(raw, record, at) {
            Some(IntakeChange::Refresh { lead, rerank }) => {
                decided.push(moved_again(store, lead, record, rerank).await?);
            }
            change => decided.extend(change),
        }
    }
    let report = store.take_in(decided, CURSOR, &changes.next, at).await?;
    Ok((report, changes.more))
}

/// The leads whose readings are older than what is known of them, although their stamps do not say so.
///
/// A stamp has whole seconds. Where a lead was edited and then written by us within one of them, a slow answer of between
/// the two has the owner of before, and looks like somebody taking the lead from the one it was given to. Only the CRM can
/// tell which came last, so it is asked: who has the lead now?
async fn overtaken(
    crm: &dyn Crm,
    found: &[RawLead],
    known: &HashMap<LeadId, LeadRecord>,
) -> Result<HashSet<LeadId>, AppError> {
    let unsure = |raw: &&RawLead| {
        let Lead { id, owner, modstamp, converted, deleted, .. } = &raw.lead;
        let known = known.get(id).map(|record| &record.lead);
        !converted && !deleted && known.is_some_and(|known| known.modstamp == *modstamp && known.owner != *owner)
    };
    let unsure: Vec<LeadId> = found.iter().filter(unsure).map(|raw| raw.lead.id.clone()).collect();
    if unsure.is_empty() {
        return Ok(HashSet::new());
    }
    let now = crm.read_back(&unsure).await?.into_iter();
    let as_known = now.filter(|now| known.get(&now.lead_id).is_some_and(|known| known.lead.owner == now.owner));
    Ok(as_known.map(|now| now.lead_id).collect())
}

/// A new reading of a lead, and whether it says that somebody undid a decision that was written.
async fn moved_again(
    store: &dyn Store,
    lead: Box<RawLead>,
    known: Option<&LeadRecord>,
    rerank: bool,
) -> Result<IntakeChange, AppError> {
    let changed_hands = known.is_some_and(|known| {
        known.state == LeadState::Decided && known.lead.owner != lead.lead.owner && !lead.lead.deleted
    });
    if changed_hands
        && let Some(decision) = store.decision_of(&lead.lead.id).await?
        && decision.write == WriteState::Written
        && decision.owner != lead.lead.owner
    {
        return Ok(IntakeChange::Overridden { lead, decided: decision.owner });
    }
    Ok(IntakeChange::Refresh { lead, rerank })
}

/// What one changed lead means, given what we know of it. `None`: nothing.
pub fn judge(raw: RawLead, known: Option<&LeadRecord>, at: chrono::DateTime<chrono::Utc>) -> Option<IntakeChange> {
    let gone = raw.lead.converted || raw.lead.deleted;
    let Some(known) = known else {
        // A lead that was finished before we ever saw it is not ours to route.
        return (!gone).then(|| IntakeChange::Receive {
            legacy: LegacyAssignment { owner: raw.lead.owner.clone(), captured_at: at },
            lead: Box::new(raw),
        });
    };
    // Stamps have whole seconds, so two readings of one second are told apart by what they say.
    if raw.lead.modstamp < known.lead.modstamp || raw.lead == known.lead {
        return None;
    }
    let open = matches!(known.state, LeadState::Pending | LeadState::InLane);
    if open {
        let why = if raw.lead.deleted {
            Some("deleted or merged in the CRM")
        } else if raw.lead.converted {
            Some("converted in the CRM")
        } else if raw.lead.owner != known.lead.owner {
            Some("somebody changed the owner in the CRM")
        } else {
            None
        };
        if let Some(why) = why {
            return Some(IntakeChange::Supersede { lead: Box::new(raw), why: why.to_owned() });
        }
    }
    // Rules look at the form too, and company and person tell who works with them already.
    let said = |lead: &Lead| (lead.facts.clone(), lead.form.clone(), lead.company.clone(), lead.contact.clone());
    let rerank = open && said(&raw.lead) != said(&known.lead);
    Some(IntakeChange::Refresh { lead: Box::new(raw), rerank })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};

    use super::*;
    use crate::domain::facts::LeadFacts;
    use crate::domain::ids::{LeadId, RepId};
    use crate::domain::lead::{Form, Owner};

    fn lead(owner: &str, age: i64) -> Lead {
        let t = DateTime::UNIX_EPOCH + Duration::seconds(age);
        Lead {
            id: LeadId::new("00Q"),
            company: "Acme".into(),
            contact: None,
            facts: LeadFacts::empty(DateTime::UNIX_EPOCH),
            form: Form::default(),
            owner: Owner::Rep(RepId::new(owner)),
            modified_at: t,
            modstamp: t,
            converted: false,
            deleted: false,
        }
    }

    fn known(state: LeadState) -> LeadRecord {
        let lead = lead("legacy", 0);
        LeadRecord {
            legacy: LegacyAssignment { owner: lead.owner.clone(), captured_at: DateTime::UNIX_EPOCH },
            lead,
            state,
            lane: None,
            received_at: DateTime::UNIX_EPOCH,
            ranked_at: None,
            snoozed_until: None,
            decisions_made: 0,
            earlier: Vec::new(),
        }
    }

    fn judged(lead: Lead, known: Option<&LeadRecord>) -> Option<IntakeChange> {
        judge(RawLead { lead, raw: "{}".into() }, known, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_new_lead_is_received_with_its_owner_as_legacy_assignment() {
        let Some(IntakeChange::Receive { legacy, .. }) = judged(lead("a", 0), None) else { panic!() };
        assert_eq!(legacy.owner, Owner::Rep(RepId::new("a")));
    }

    #[test]
    fn a_lead_finished_before_we_saw_it_is_not_ours() {
        assert!(judged(Lead { converted: true, ..lead("a", 0) }, None).is_none());
    }

    #[test]
    fn a_person_who_moves_converts_or_deletes_an_open_lead_wins() {
        for state in [LeadState::Pending, LeadState::InLane] {
            let k = known(state);
            for changed in [
                lead("somebody", 1),
                Lead { converted: true, ..lead("legacy", 1) },
                Lead { deleted: true, ..lead("legacy", 0) },
            ] {
                assert!(matches!(judged(changed, Some(&k)), Some(IntakeChange::Supersede { .. })));
            }
        }
    }

    #[test]
    fn our_own_write_coming_back_changes_no_state() {
        let k = known(LeadState::Decided);
        let Some(IntakeChange::Refresh { rerank: false, .. }) = judged(lead("chosen", 1), Some(&k)) else { panic!() };
    }

    #[test]
    fn only_changed_facts_are_worth_a_new_ranking() {
        let k = known(LeadState::InLane);
        assert!(matches!(judged(lead("legacy", 1), Some(&k)), Some(IntakeChange::Refresh { rerank: false, .. })));
        let mut changed = lead("legacy", 1);
        changed.facts.source = Some("Webinar".into());
        assert!(matches!(judged(changed, Some(&k)), Some(IntakeChange::Refresh { rerank: true, .. })));
        let mut said = lead("legacy", 1);
        said.form.text = Some("Bitte rufen Sie mich an.".into());
        assert!(matches!(judged(said, Some(&k)), Some(IntakeChange::Refresh { rerank: true, .. })));
        assert!(judged(lead("legacy", 0), Some(&k)).is_none(), "the overlap brings the same reading again");
        let second = judged(lead("somebody", 0), Some(&k));
        assert!(matches!(second, Some(IntakeChange::Supersede { .. })), "a second change within the same second");
        assert!(judged(lead("somebody", -1), Some(&k)).is_none(), "an older reading that comes late");
    }
}
