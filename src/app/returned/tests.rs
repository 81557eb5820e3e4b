use chrono::Duration;

use super::*;
use crate::domain::decision::DecidedBy;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{DecisionKey, LeadId, QueueId, TraceId};
use crate::domain::lead::{LegacyAssignment, Owner};
use crate::domain::recommendation::{Recommendation, Route, RouteReason};
use crate::domain::verdict::Verdict;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn rep(id: &str) -> Owner {
    Owner::Rep(RepId::new(id))
}

/// A lead of Leo's that was given to Ana, written, and says why she does not want it.
pub(in crate::app) fn given() -> (LeadRecord, Decision, DecisionWrite) {
    let lead = Lead {
        id: LeadId::new("00Q"),
        company: "Acme".into(),
        contact: None,
        facts: LeadFacts::empty(NOW),
        form: Form { returned: Some("too far".into()), ..Form::default() },
        owner: rep("ana"),
        modified_at: NOW,
        modstamp: NOW,
        converted: false,
        deleted: false,
    };
    let decision = Decision {
        trace_id: TraceId::new(uuid::Uuid::nil()),
        key: DecisionKey::new("k"),
        lead_id: lead.id.clone(),
        by: DecidedBy::Automatic,
        verdict: Verdict::Approve,
        rejection: None,
        owner: rep("ana"),
        legacy_owner: rep("leo"),
        recommendation: Recommendation {
            route: Route::AssignRep(RepId::new("ana")),
            reason: RouteReason::ModelPick,
            explanation: String::new(),
            gap: None,
        },
        p_win: None,
        model_id: None,
        decided_at: NOW,
        grace_until: NOW,
        undone_at: None,
        write: WriteState::Written,
        replaces: None,
        closed_at: None,
    };
    let write = DecisionWrite {
        key: decision.key.clone(),
        trace_id: decision.trace_id,
        lead_id: lead.id.clone(),
        expected_owner: rep("leo"),
        expected_modified_at: NOW,
        owner: rep("ana"),
        ai_assigned: true,
        reason: String::new(),
        reason_code: String::new(),
        verdict: decision.verdict.name().to_owned(),
        p_win: None,
        legacy_owner: rep("leo"),
        model: String::new(),
        decided_by: String::new(),
        decided_at: NOW,
        task: None,
        source: None,
        urgent: false,
        rung: Rung::Whole,
        return_reason: None,
    };
    let record = LeadRecord {
        legacy: LegacyAssignment { owner: rep("leo"), captured_at: NOW },
        lead,
        state: LeadState::Decided,
        lane: None,
        received_at: NOW,
        ranked_at: None,
        snoozed_until: None,
        decisions_made: 1,
        earlier: Vec::new(),
    };
    (record, decision, write)
}

type Change = fn(&mut LeadRecord, &mut Decision, &mut DecisionWrite);

#[test]
fn whoever_has_a_lead_by_a_written_decision_gives_it_back() {
    let (record, decision, write) = given();
    let had = given_back(&record, &decision, &write, None, NOW).unwrap();
    assert_eq!((had.rep.as_str(), had.why.as_deref(), had.how), ("ana", Some("too far"), Earlier::Returned));
    assert_eq!((had.decision, had.said), (decision.trace_id, said(&record.lead)));

    let not: [(&str, Change); 7] = [
        ("it gives no reason", |record, _, _| record.lead.form.returned = None),
        ("it is open", |record, _, _| record.state = LeadState::InLane),
        ("it is finished", |record, _, _| record.lead.converted = true),
        ("somebody else has it by now", |record, _, _| record.lead.owner = rep("bob")),
        ("nobody knows yet that it was written", |_, decision, _| decision.write = WriteState::Waiting),
        ("it was only recorded", |_, decision, _| decision.write = WriteState::NotWanted),
        ("it went to a queue instead", |_, _, write| write.owner = Owner::Queue(QueueId::new("q"))),
    ];
    for (what, change) in not {
        let (mut record, mut decision, mut write) = given();
        change(&mut record, &mut decision, &mut write);
        assert_eq!(given_back(&record, &decision, &write, None, NOW), None, "{what}");
    }
}

#[test]
fn the_word_of_whoever_had_it_before_is_not_taken_for_theirs() {
    let (record, decision, mut write) = given();
    let told = |write: &DecisionWrite, before| given_back(&record, &decision, write, before, NOW).is_some();
    assert!(!told(&write, Some("too far")), "it stood there before");
    assert!(told(&write, Some("no time")));
    write.return_reason = Some("too far".into());
    assert!(told(&write, Some("too far")), "that was cleared, and written again");
    write.rung = Rung::OwnerOnly;
    assert!(!told(&write, Some("too far")), "the owner alone was written");
    write.rung = Rung::Whole;
    write.expected_owner = rep("ana");
    assert!(!told(&write, Some("too far")), "she keeps it, whatever she had said");
}

#[test]
fn they_may_have_it_again_when_it_says_something_else() {
    let (mut record, decision, write) = given();
    record.earlier.extend(given_back(&record, &decision, &write, None, NOW));
    assert_eq!(earlier(&record), [(RepId::new("ana"), Earlier::Returned)]);
    record.lead.form.returned = None;
    record.lead.form.disqualified = true;
    record.lead.modified_at += Duration::hours(1);
    record.lead.owner = rep("bob");
    assert_eq!(earlier(&record).len(), 1, "that is not what it says");
    record.lead.form.text = Some("We doubled our budget.".into());
    assert!(earlier(&record).is_empty());
}
