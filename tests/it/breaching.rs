//! A rep makes no contact in time: it is noted once, and where the rules say so the lead comes to somebody else, and nobody
//! is overruled.

use std::sync::Arc;

use chrono::Duration;
use leadboard::app::ports::{ContactList, CrmError, Settlement, Store};
use leadboard::app::sla::{self, Looked, board};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::contact::{ContactOutcome, FirstContact, Lapsed};
use leadboard::domain::ids::RepId;
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::LeadState;
use leadboard::domain::pool::{Earlier, Exclusion};
use leadboard::domain::recommendation::RouteReason;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};

use crate::returning::{Desktop, desktop};
use crate::routing::FixedClock;
use crate::store_fixtures::{at, id, on_every_store, record, rep};

const HOUR: i64 = 3_600;
/// As long as anybody has, and a little more.
const TOO_LONG: i64 = 4 * HOUR + 100;

impl Desktop<'_> {
    /// Looks at what is due so many seconds later.
    async fn look_after(&mut self, seconds: i64, reassign: bool) -> Looked {
        self.seconds += seconds;
        self.look(reassign).await.unwrap()
    }

    async fn look(&self, reassign: bool) -> Result<Looked, leadboard::app::AppError> {
        self.crm.is_now(at(self.seconds));
        sla::look(&self.crm, self.office.store, &FixedClock(at(self.seconds)), reassign).await
    }

    /// What came of the newest first contact that is owed.
    async fn owed(&self) -> FirstContact {
        self.office.store.lead_detail(&id("L1")).await.unwrap().unwrap().contacts.remove(0)
    }

    async fn outcome(&self) -> Option<ContactOutcome> {
        self.owed().await.outcome
    }

    /// What the trail says of clocks that ran out, newest first.
    async fn breaches(&self) -> Vec<serde_json::Value> {
        let trail = self.office.store.audit(Some(&id("L1")), 99).await.unwrap();
        trail.into_iter().filter(|event| event.what == "lead.sla_breached").map(|event| event.details).collect()
    }

    /// Whom the newest ranking leaves out, because they let its clock run out.
    async fn passed_over(&self) -> Vec<String> {
        let detail = self.office.store.lead_detail(&id("L1")).await.unwrap().unwrap();
        let excluded = detail.ranking.unwrap().pool.excluded;
        let had = excluded.into_iter().filter(|(_, why)| *why == Exclusion::HadLead { how: Earlier::SlaBreached });
        had.map(|(rep, _)| rep.to_string()).collect()
    }

    /// Somebody chooses a rep against the recommendation, and it is written.
    async fn chosen(&mut self, verdict: Verdict) {
        let reason = Rejection { code: ReasonCode::O.into(), note: Some("I know him".into()) };
        self.office.say("L1", verdict, Some(reason), self.seconds).await.unwrap();
        let effect = self.written().await;
        self.noticed(&effect).await;
        self.poll().await;
    }
}

const NOTHING: Looked = Looked { in_time: 0, breached: 0, reassigned: 0, more: false };

async fn a_rep_who_does_nothing_loses_the_lead(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    assert_eq!(desktop.office.balances().await[0], ("best".to_owned(), 1_000_000, 500_000));
    // Four hours from the decision, and until then nobody is asked.
    let owed = desktop.owed().await;
    assert_eq!((owed.rep.as_str(), owed.due_at, owed.outcome), ("best", at(3 + 4 * HOUR), None));
    assert_eq!(desktop.look_after(3 * HOUR, true).await, NOTHING);
    assert_eq!(desktop.crm.asked_contacts(), 0);

    let looked = desktop.look_after(2 * HOUR, true).await;
    assert_eq!(looked, Looked { breached: 1, reassigned: 1, ..NOTHING });
    assert_eq!((desktop.state().await, desktop.outcome().await), (LeadState::Pending, Some(ContactOutcome::Missed)));
    assert_eq!(desktop.office.balances().await, [("best".to_owned(), 0, 0), ("legacy".to_owned(), 0, 0)]);
    assert!(store.given(at(0)).await.unwrap().is_empty(), "and has room again");
    assert!(store.decision_of(&id("L1")).await.unwrap().is_none());
    let [had] = desktop.earlier().await.try_into().unwrap();
    assert_eq!((had.rep.as_str(), had.how, had.why, had.chosen), ("best", Earlier::SlaBreached, None, false));
    let [breach] = desktop.breaches().await.try_into().unwrap();
    assert_eq!((&breach["rep"], &breach["reassigned"]), (&"best".into(), &true.into()));
    // Who reads it anew finds nobody who took it.
    desktop.poll().await;
    assert_eq!(desktop.state().await, LeadState::Pending);

    desktop.rank().await;
    assert_eq!(desktop.passed_over().await, ["best"]);
    assert_eq!(desktop.office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    assert_eq!(record(store, "L1").await.lane, Some(Lane::Disagree), "it goes the way of every lead");
    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 9, at(desktop.seconds)).await.unwrap();
    assert_eq!(page.rows[0].returned.as_ref().unwrap().how, Earlier::SlaBreached);

    // The clock of the next one begins with the decision that gives it to them.
    let given = desktop.seconds;
    desktop.approve().await;
    assert_eq!(desktop.owed().await.due_at, at(given + 4 * HOUR));
    assert_eq!(desktop.look_after(HOUR, true).await, NOTHING);
    assert_eq!(desktop.look_after(4 * HOUR, true).await.reassigned, 1);
    desktop.rank().await;
    assert_eq!(desktop.office.reason("L1").await.0, RouteReason::EmptyPool);
    // That was not for what it says, so whatever it says, neither is picked again.
    desktop.changes(|lead| lead.facts.industry = Some("Retail".into())).await;
    desktop.rank().await;
    assert_eq!(desktop.passed_over().await, ["best", "legacy"]);
    assert_eq!(desktop.breaches().await.len(), 2);
}

async fn what_is_owed_missed_and_routed_anew_is_listed(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    let board = async |list, seconds: i64, rep: Option<&str>| {
        board::board(store, at(seconds), list, rep.map(RepId::new).as_ref(), 30).await.unwrap()
    };
    let due = board(ContactList::Due, desktop.seconds, None).await;
    let [row] = due.rows.as_slice() else { panic!("{due:?}") };
    assert_eq!((row.rep_name.as_str(), row.due_at, row.outcome), ("Bea Best", at(3 + 4 * HOUR), None));
    assert_eq!((due.all.owed, due.all.overdue, due.all.settled()), (1, 0, 0));
    let late = board(ContactList::Due, 3 + 4 * HOUR, None).await;
    assert_eq!((late.all.owed, late.all.overdue), (1, 1), "past due, and nobody has looked yet");

    desktop.look_after(TOO_LONG, true).await;
    assert!(board(ContactList::Due, desktop.seconds, None).await.rows.is_empty());
    let missed = board(ContactList::Breached, desktop.seconds, Some("best")).await;
    let [row] = missed.rows.as_slice() else { panic!("{missed:?}") };
    assert_eq!((row.outcome, row.reassigned), (Some(ContactOutcome::Missed), true));
    assert_eq!((missed.reps[0].tally.missed, missed.reps[0].tally.reassigned), (1, 1));
    assert!(board(ContactList::Breached, desktop.seconds, Some("legacy")).await.rows.is_empty());
    let long_after = desktop.seconds + 31 * 24 * HOUR;
    assert_eq!(board(ContactList::Breached, long_after, None).await.all.missed, 0);

    desktop.rank().await;
    desktop.approve().await;
    desktop.crm.contact("L1", "legacy", at(desktop.seconds + 60));
    desktop.look_after(TOO_LONG, true).await;
    let made = board(ContactList::Made, desktop.seconds, None).await;
    assert_eq!((made.rows.len(), made.all.in_time, made.all.missed), (1, 1, 1));
    assert_eq!(made.reps.iter().map(|rep| rep.name.as_str()).collect::<Vec<_>>(), ["Bea Best", "Leo Legacy"]);
}

async fn what_is_no_longer_asked_for_is_listed_with_why(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    let board = async |list, seconds: i64| board::board(store, at(seconds), list, None, 30).await.unwrap();
    desktop.changes(|lead| lead.converted = true).await;
    // Before it is due, when nobody has looked, and after.
    for wait in [0, TOO_LONG] {
        assert_eq!(desktop.look_after(wait, true).await, NOTHING);
        let lapsed = board(ContactList::Lapsed, desktop.seconds).await;
        let [row] = lapsed.rows.as_slice() else { panic!("{lapsed:?}") };
        assert_eq!((row.rep_name.as_str(), row.lapsed), ("Bea Best", Some(Lapsed::Converted)));
        assert_eq!((lapsed.given, lapsed.all.lapsed, lapsed.all.owed, lapsed.all.settled()), (1, 1, 0, 0));
        assert_eq!(lapsed.reps.len(), 1, "the rep was given a lead that asked for one");
    }
    assert_eq!(desktop.outcome().await, Some(ContactOutcome::Moot));
    desktop.changes(|lead| (lead.converted, lead.owner) = (false, rep("legacy"))).await;
    assert_eq!(board(ContactList::Lapsed, desktop.seconds).await.rows[0].lapsed, Some(Lapsed::Moved));
    assert!(board(ContactList::Made, desktop.seconds).await.rows.is_empty());
    assert_eq!(board(ContactList::Lapsed, desktop.seconds + 31 * 24 * HOUR).await.given, 0);
}

async fn who_gets_in_touch_keeps_it(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.crm.be_ahead(Duration::minutes(30));
    desktop.approve().await;
    // By our clock a minute before it is due, and by theirs half an hour later.
    desktop.crm.contact("L1", "best", at(3 + 4 * HOUR - 60));
    assert_eq!(desktop.look_after(TOO_LONG, true).await, Looked { in_time: 1, ..NOTHING });
    let owed = desktop.owed().await;
    assert_eq!((owed.outcome, owed.contacted_at), (Some(ContactOutcome::InTime), Some(at(3 + 4 * HOUR - 60))));
    assert_eq!((desktop.state().await, desktop.breaches().await.len()), (LeadState::Decided, 0));
    // It is asked once.
    assert_eq!(desktop.look_after(TOO_LONG, true).await, NOTHING);
    assert_eq!(desktop.crm.asked_contacts(), 1);
}

async fn who_is_late_keeps_it_and_is_told(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    desktop.crm.contact("L1", "best", at(3 + 4 * HOUR + 60));
    assert_eq!(desktop.look_after(TOO_LONG, true).await, Looked { breached: 1, ..NOTHING });
    assert_eq!((desktop.state().await, desktop.outcome().await), (LeadState::Decided, Some(ContactOutcome::Late)));
    assert_eq!(desktop.breaches().await[0]["reassigned"], false);
}

async fn who_had_it_before_tidies_up_in_vain(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    desktop.look_after(TOO_LONG, true).await;
    desktop.rank().await;
    desktop.approve().await;
    // The one before completes their old task, and that was no word to the customer.
    desktop.crm.contact("L1", "best", at(desktop.seconds + 60));
    assert_eq!(desktop.look_after(TOO_LONG, false).await.breached, 1);
    assert_eq!(desktop.outcome().await, Some(ContactOutcome::Missed));
}

async fn a_colleague_may_be_the_one(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    // Before anybody was given it, and then by somebody who never was.
    desktop.crm.contact("L1", "best", at(1));
    desktop.approve().await;
    desktop.crm.contact("L1", "colleague", at(HOUR));
    assert_eq!(desktop.look_after(TOO_LONG, true).await, Looked { in_time: 1, ..NOTHING });
    assert_eq!(desktop.owed().await.contacted_at, Some(at(HOUR)));
}

async fn who_keeps_what_they_had_may_have_been_faster(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.crm.contact("L1", "legacy", at(1));
    desktop.chosen(Verdict::KeepLegacy).await;
    assert_eq!(desktop.look_after(TOO_LONG, true).await, Looked { in_time: 1, ..NOTHING });
}

async fn nothing_moves_unless_the_rules_say_so(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    let before = desktop.office.balances().await;
    let due = desktop.office.store.due_contacts(at(desktop.seconds + TOO_LONG), 9).await.unwrap();
    assert_eq!(desktop.look_after(TOO_LONG, false).await, Looked { breached: 1, ..NOTHING });
    assert_eq!((desktop.state().await, desktop.outcome().await), (LeadState::Decided, Some(ContactOutcome::Missed)));
    assert_eq!(desktop.office.balances().await, before);
    assert_eq!(desktop.breaches().await[0]["reassigned"], false);
    // And what was missed before the rules said so stays where it is.
    assert_eq!(desktop.look_after(HOUR, true).await, NOTHING);
    assert_eq!((desktop.state().await, desktop.breaches().await.len()), (LeadState::Decided, 1));
    // Nor is it told twice by a worker that was believed dead.
    let late =
        Settlement { decision: due[0].decision, outcome: ContactOutcome::Missed, contacted_at: None, reassign: true };
    assert_eq!(desktop.office.store.settle_contacts(&[late], at(desktop.seconds)).await.unwrap(), 0);
    assert_eq!((desktop.state().await, desktop.breaches().await.len()), (LeadState::Decided, 1));
}

async fn whom_a_person_chose_is_followed_by_whom_a_person_chooses(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.chosen(Verdict::Override { rep: RepId::new("legacy") }).await;
    assert_eq!(desktop.look_after(TOO_LONG, true).await.reassigned, 1);
    assert!(desktop.earlier().await[0].chosen);
    desktop.rank().await;
    assert_eq!(desktop.office.reason("L1").await, (RouteReason::ModelPick, rep("best")));
    assert_eq!(record(desktop.office.store, "L1").await.lane, Some(Lane::Returned));
}

async fn nobody_is_overruled(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    desktop.seconds += TOO_LONG;
    // Somebody takes it in this second, and we have not read that yet.
    let before = desktop.lead.clone();
    let mut taken = before.clone();
    (taken.owner, taken.modstamp) = (rep("legacy"), at(desktop.seconds));
    desktop.crm.arrive(taken);
    assert_eq!(desktop.look(true).await.unwrap(), NOTHING);
    assert_eq!((desktop.state().await, desktop.outcome().await), (LeadState::Decided, None), "it waits for the poll");
    // We read it: it is none of theirs to miss, and the CRM is not asked.
    let asked = desktop.crm.asked_contacts();
    desktop.changes(|lead| lead.owner = rep("legacy")).await;
    assert_eq!(desktop.look_after(1, true).await, NOTHING);
    assert_eq!((desktop.outcome().await, desktop.crm.asked_contacts()), (Some(ContactOutcome::Moot), asked));
    assert_eq!((desktop.state().await, desktop.breaches().await.len()), (LeadState::Decided, 0));
}

async fn what_is_no_open_lead_is_not_missed(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    // The rep is done with it, one way or another; then that is taken back.
    desktop.changes(|lead| lead.form.disqualified = true).await;
    assert_eq!(desktop.look_after(TOO_LONG, true).await, NOTHING);
    assert_eq!(desktop.outcome().await, Some(ContactOutcome::Moot));
    desktop.changes(|lead| lead.form.disqualified = false).await;
    assert_eq!(desktop.look_after(TOO_LONG, true).await, NOTHING);
    assert_eq!((desktop.crm.asked_contacts(), desktop.breaches().await.len()), (0, 0));
}

async fn a_converted_lead_is_not_missed(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    // Its activities are the contact's by now.
    desktop.changes(|lead| lead.converted = true).await;
    assert_eq!(desktop.look_after(TOO_LONG, true).await, NOTHING);
    assert_eq!((desktop.outcome().await, desktop.crm.asked_contacts()), (Some(ContactOutcome::Moot), 0));
}

async fn what_the_crm_did_not_say_waits(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.approve().await;
    desktop.crm.hides_contacts(Some(CrmError::Configuration("no access to Task".into())));
    desktop.seconds += TOO_LONG;
    assert!(desktop.look(true).await.is_err());
    assert_eq!((desktop.state().await, desktop.outcome().await), (LeadState::Decided, None));
    desktop.crm.hides_contacts(None);
    desktop.crm.contact("L1", "best", at(HOUR));
    assert_eq!(desktop.look(true).await.unwrap(), Looked { in_time: 1, ..NOTHING });
}

async fn a_rep_is_not_blamed_for_a_late_write(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    desktop.office.approve("L1", desktop.seconds).await.unwrap();
    // The CRM was out of reach for three hours.
    desktop.seconds += 3 * HOUR;
    let effect = desktop.written().await;
    assert_eq!(desktop.look_after(2 * HOUR, true).await, NOTHING, "nobody knows whether they know of it");
    desktop.noticed(&effect).await;
    desktop.poll().await;
    assert_eq!(desktop.look_after(HOUR, true).await, NOTHING);
    assert_eq!(desktop.crm.asked_contacts(), 0);
    assert_eq!(desktop.look_after(4 * HOUR, true).await.reassigned, 1);
}

async fn it_is_counted_once(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    desktop.seconds += TOO_LONG;
    let due = store.due_contacts(at(desktop.seconds), 9).await.unwrap();
    let settled =
        [Settlement { decision: due[0].decision, outcome: ContactOutcome::Missed, contacted_at: None, reassign: true }];
    // A worker that was believed dead comes back with the same answer, after the lead was ranked and given anew.
    assert_eq!(store.settle_contacts(&settled, at(desktop.seconds)).await.unwrap(), 1);
    desktop.rank().await;
    desktop.approve().await;
    assert_eq!(store.settle_contacts(&settled, at(desktop.seconds)).await.unwrap(), 0);
    assert_eq!((desktop.state().await, desktop.earlier().await.len()), (LeadState::Decided, 1));
    assert_eq!(desktop.breaches().await.len(), 1);
    assert_eq!(desktop.outcome().await, None, "of the decision that stands");
}

async fn what_was_decided_anew_is_moot(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    desktop.seconds += TOO_LONG;
    let due = store.due_contacts(at(desktop.seconds), 9).await.unwrap();
    // The rep gives it back between the question and the answer, and somebody else has it by then.
    desktop.changes(|lead| lead.form.returned = Some("too far".into())).await;
    desktop.rank().await;
    desktop.approve().await;
    let missed =
        Settlement { decision: due[0].decision, outcome: ContactOutcome::Missed, contacted_at: None, reassign: true };
    assert_eq!(store.settle_contacts(&[missed], at(desktop.seconds)).await.unwrap(), 0);
    let contacts = store.lead_detail(&id("L1")).await.unwrap().unwrap().contacts;
    let outcomes: Vec<_> = contacts.iter().map(|owed| owed.outcome).collect();
    assert_eq!((outcomes, desktop.breaches().await.len()), (vec![None, Some(ContactOutcome::Moot)], 0));
    assert_eq!((desktop.state().await, desktop.earlier().await[0].how), (LeadState::Decided, Earlier::Returned));
}

on_every_store! {
    a_rep_who_does_nothing_loses_the_lead
    what_is_owed_missed_and_routed_anew_is_listed
    what_is_no_longer_asked_for_is_listed_with_why
    who_gets_in_touch_keeps_it
    who_is_late_keeps_it_and_is_told
    who_had_it_before_tidies_up_in_vain
    a_colleague_may_be_the_one
    who_keeps_what_they_had_may_have_been_faster
    nothing_moves_unless_the_rules_say_so
    whom_a_person_chose_is_followed_by_whom_a_person_chooses
    nobody_is_overruled
    what_is_no_open_lead_is_not_missed
    a_converted_lead_is_not_missed
    what_the_crm_did_not_say_waits
    a_rep_is_not_blamed_for_a_late_write
    it_is_counted_once
    what_was_decided_anew_is_moot
}
