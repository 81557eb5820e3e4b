use super::*;
use crate::app::ports::Contact;
use crate::app::returned;
use crate::domain::ids::RepId;
use crate::domain::verdict::Verdict;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

type Change = fn(&mut LeadRecord, &mut Decision);

#[test]
fn a_lead_is_taken_only_from_whoever_has_it_by_a_written_decision() {
    let (record, decision) = given();
    let had = lost(&record, &decision, NOW).unwrap();
    assert_eq!((had.rep.as_str(), had.how, had.chosen), ("ana", Earlier::SlaBreached, false));
    assert_eq!((had.decision, had.said, had.why), (decision.trace_id, returned::said(&record.lead), None));

    let not: [(&str, Change); 9] = [
        ("it is open", |record, _| record.state = LeadState::InLane),
        ("somebody was faster", |record, _| record.state = LeadState::Superseded),
        ("it is converted", |record, _| record.lead.converted = true),
        ("it is deleted", |record, _| record.lead.deleted = true),
        ("it is none", |record, _| record.lead.form.disqualified = true),
        ("somebody else has it by now", |record, _| record.lead.owner = Owner::Rep(RepId::new("bob"))),
        ("it is not written", |_, decision| decision.write = WriteState::Waiting),
        ("it was taken back", |_, decision| decision.undone_at = Some(NOW)),
        ("it was decided anew", |_, decision| decision.closed_at = Some(NOW)),
    ];
    for (what, change) in not {
        let (mut record, mut decision) = given();
        change(&mut record, &mut decision);
        assert_eq!(lost(&record, &decision, NOW), None, "{what}");
    }
}

#[test]
fn whom_a_person_chose_is_told_apart() {
    for (verdict, chosen) in [
        (Verdict::Approve, false),
        (Verdict::Backfill { run: 1 }, false),
        (Verdict::KeepLegacy, true),
        (Verdict::Override { rep: RepId::new("ana") }, true),
    ] {
        let (mut record, mut decision) = given();
        decision.verdict = verdict;
        let had = lost(&record, &decision, NOW).unwrap();
        assert_eq!(had.chosen, chosen);
        record.earlier.push(had);
        assert_eq!(returned::was_chosen(&record), chosen);
    }
}

#[test]
fn who_let_its_clock_run_out_is_never_offered_it_again() {
    let (mut record, decision) = given();
    record.earlier.extend(lost(&record, &decision, NOW));
    record.lead.form.text = Some("We doubled our budget.".into());
    assert_eq!(returned::earlier(&record), [(RepId::new("ana"), Earlier::SlaBreached)]);
}

#[test]
fn a_contact_counts_since_the_lead_was_given_to_the_rep() {
    let (mut record, decision) = given();
    let minutes = |n| NOW + Duration::minutes(n);
    record.lead.facts.created_at = NOW;
    let mut owed = DueContact {
        decision: decision.trace_id,
        lead_id: decision.lead_id.clone(),
        rep: RepId::new("ana"),
        due_at: minutes(300),
        decided_at: minutes(60),
        grace_until: minutes(60),
        written_at: Some(minutes(60)),
        write: WriteState::Written,
        stands: true,
        was_theirs: false,
    };
    let said = |at| Contacts {
        lead_id: decision.lead_id.clone(),
        modstamp: NOW,
        contacts: vec![Contact { at, by: Some(RepId::new("bob")) }],
    };
    let judged = |owed: &DueContact, record: &LeadRecord, at| judge(owed, record, &said(at), Duration::zero()).0;
    assert_eq!(judged(&owed, &record, minutes(59)), ContactOutcome::Missed);
    assert_eq!(judged(&owed, &record, minutes(60)), ContactOutcome::InTime);
    assert_eq!(judged(&owed, &record, minutes(300)), ContactOutcome::InTime);
    assert_eq!(judged(&owed, &record, minutes(301)), ContactOutcome::Late);
    // Who had it all the time may have been faster than the decision; not if somebody else had it in between.
    owed.was_theirs = true;
    assert_eq!(judged(&owed, &record, minutes(59)), ContactOutcome::InTime);
    let had = lost(&record, &decision, NOW).unwrap();
    record.earlier.push(Had { rep: RepId::new("cy"), ..had });
    assert_eq!(judged(&owed, &record, minutes(59)), ContactOutcome::Missed);
}

/// A lead that was given to Ana, and written.
fn given() -> (LeadRecord, Decision) {
    let (mut record, decision, _) = returned::tests::given();
    record.lead.form.returned = None;
    (record, decision)
}
