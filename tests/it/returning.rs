//! A rep gives a lead back: it comes to somebody else, nobody is overruled, and accounts and counts say so.

use std::sync::Arc;

use chrono::Duration;
use leadboard::app::intake;
use leadboard::app::ports::{EffectResult, Store};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::effect::LeasedEffect;
use leadboard::domain::ids::LeadId;
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{Had, Lead, LeadState};
use leadboard::domain::pool::{Earlier, Exclusion};
use leadboard::domain::recommendation::RouteReason;

use crate::routing::{FixedClock, Office, office};
use crate::store_fixtures::{at, id, on_every_store, raw, record, rep};
use crate::worker::fakes::FakeCrm;

/// A lead of the CRM, and the office that routes it.
pub(crate) struct Desktop<'a> {
    pub(crate) office: Office<'a>,
    pub(crate) crm: FakeCrm,
    pub(crate) lead: Lead,
    pub(crate) seconds: i64,
}

impl Desktop<'_> {
    /// The CRM's lead changes, and is polled.
    pub(crate) async fn changes(&mut self, change: impl FnOnce(&mut Lead)) {
        self.seconds += 10;
        change(&mut self.lead);
        (self.lead.modified_at, self.lead.modstamp) = (at(self.seconds), at(self.seconds));
        self.poll().await;
    }

    pub(crate) async fn poll(&self) {
        self.crm.arrive(self.lead.clone());
        intake::poll_once(&self.crm, self.office.store, &FixedClock(at(self.seconds))).await.unwrap();
        assert_eq!(self.office.store.conservation().await.unwrap().lost(), 0);
    }

    pub(crate) async fn rank(&mut self) {
        self.seconds += 1;
        self.office.rank(self.seconds).await;
    }

    /// Approves what is recommended, and writes it to the CRM. Whether the reason of the one before was cleared.
    pub(crate) async fn approve(&mut self) -> bool {
        let effect = self.written_unnoticed().await;
        self.noticed(&effect).await;
        self.poll().await;
        effect.write.return_reason.is_some()
    }

    /// Approves what is recommended; the CRM has it, and nobody knows yet.
    pub(crate) async fn written_unnoticed(&mut self) -> LeasedEffect {
        self.office.approve("L1", self.seconds).await.unwrap();
        self.written().await
    }

    /// What was decided is in the CRM, and nobody knows yet.
    pub(crate) async fn written(&mut self) -> LeasedEffect {
        self.seconds += 60;
        let (store, due) = (self.office.store, at(self.seconds));
        let [effect] = store.claim_effects("w", 9, due + Duration::hours(1), due).await.unwrap().try_into().unwrap();
        assert_eq!(effect.write.expected_owner, self.lead.owner, "it is taken from whoever has it, and nobody else");
        if effect.write.return_reason.is_some() {
            self.lead.form.returned = None;
        }
        self.lead.owner = effect.write.owner.clone();
        (self.lead.modified_at, self.lead.modstamp) = (due, due);
        effect
    }

    /// The answer of the CRM comes.
    pub(crate) async fn noticed(&self, effect: &LeasedEffect) {
        let stamps = Some((self.lead.modified_at, self.lead.modstamp));
        let done = EffectResult::Done { owner_after: Some(effect.write.owner.clone()), stamps, source: None };
        assert!(self.office.store.finish_effect(effect, done, at(self.seconds)).await.unwrap());
    }

    pub(crate) async fn earlier(&self) -> Vec<Had> {
        record(self.office.store, "L1").await.earlier
    }

    /// How often the trail has it that the lead was given back.
    async fn times(&self) -> usize {
        let trail = self.office.store.audit(Some(&id("L1")), 99).await.unwrap();
        trail.iter().filter(|event| event.what == "lead.returned").count()
    }

    pub(crate) async fn state(&self) -> LeadState {
        record(self.office.store, "L1").await.state
    }

    /// Whom the newest ranking leaves out, because they had the lead.
    async fn had(&self) -> Vec<String> {
        let detail = self.office.store.lead_detail(&id("L1")).await.unwrap().unwrap();
        let excluded = detail.ranking.unwrap().pool.excluded;
        let had = excluded.into_iter().filter(|(_, why)| *why == Exclusion::HadLead { how: Earlier::Returned });
        had.map(|(rep, _)| rep.to_string()).collect()
    }
}

pub(crate) async fn desktop(store: &dyn Store) -> Desktop<'_> {
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    let mut desktop = Desktop { office, crm: FakeCrm::new(), lead: raw("L1", 2, rep("legacy")).lead, seconds: 2 };
    desktop.poll().await;
    desktop.rank().await;
    desktop
}

async fn a_rep_gives_it_back(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    assert!(!desktop.approve().await);
    let none = vec![("best".to_owned(), 0, 0), ("legacy".to_owned(), 0, 0)];
    assert_eq!(desktop.office.balances().await[0], ("best".to_owned(), 1_000_000, 500_000));
    assert_eq!(store.given(at(0)).await.unwrap().len(), 1);

    desktop.changes(|lead| lead.form.returned = Some("I know nothing of mining".into())).await;
    assert_eq!(desktop.state().await, LeadState::Pending);
    assert_eq!(desktop.office.balances().await, none, "they are credited");
    assert!(store.given(at(0)).await.unwrap().is_empty(), "and have room again");
    assert!(store.decision_of(&id("L1")).await.unwrap().is_none());
    desktop.poll().await;
    let [had] = desktop.earlier().await.try_into().unwrap();
    assert_eq!((had.rep.as_str(), had.why.as_deref()), ("best", Some("I know nothing of mining")));
    // The trail has who, and not their words.
    let trail = store.audit(Some(&LeadId::new("L1")), 9).await.unwrap();
    let returned = trail.iter().find(|event| event.what == "lead.returned").unwrap();
    assert_eq!(returned.details["rep"], "best");
    assert!(!returned.details.to_string().contains("mining"));

    desktop.rank().await;
    assert_eq!(record(store, "L1").await.lane, Some(Lane::Returned));
    assert_eq!(desktop.had().await, ["best"]);
    assert_eq!(desktop.office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    // Whoever reads it anew finds nobody who took it: it is with the rep who gave it back.
    desktop.changes(|lead| lead.contact = Some("Paul Person".into())).await;
    assert_eq!(desktop.state().await, LeadState::Pending);
    desktop.rank().await;
    assert_eq!(record(store, "L1").await.lane, Some(Lane::Returned));
    assert_eq!(desktop.had().await, ["best"]);

    // The next one gives it back for the same reason, which was cleared in between.
    assert!(desktop.approve().await);
    desktop.changes(|lead| lead.form.returned = Some("I know nothing of mining".into())).await;
    desktop.rank().await;
    assert_eq!(desktop.earlier().await.iter().map(|had| had.rep.as_str()).collect::<Vec<_>>(), ["best", "legacy"]);
    assert_eq!(desktop.office.reason("L1").await.0, RouteReason::EmptyPool);
    // When the lead says something else, both may have it again.
    desktop.changes(|lead| lead.facts.industry = Some("Retail".into())).await;
    desktop.rank().await;
    assert!(desktop.had().await.is_empty());
    assert_eq!(desktop.office.reason("L1").await, (RouteReason::ModelPick, rep("best")));
    // They gave it back twice, and nothing else is told twice.
    assert_eq!(desktop.times().await, 2);
}

async fn lists_say_who_gave_it_back(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    desktop.changes(|lead| lead.form.returned = Some("too far".into())).await;
    desktop.rank().await;
    let filter = LeadFilter { lane: Some(Lane::Returned), ..LeadFilter::default() };
    let page = store.queue_page(&filter, &Seek::Top, 9, at(desktop.seconds)).await.unwrap();
    let [row] = page.rows.try_into().unwrap();
    let by = row.returned.unwrap();
    assert_eq!((by.name.as_str(), by.why.as_deref(), by.how), ("Bea Best", Some("too far"), Earlier::Returned));
    // What is decided again is nobody's to be looked after.
    desktop.approve().await;
    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 9, at(desktop.seconds)).await.unwrap();
    assert_eq!(page.rows[0].returned, None);
}

async fn what_is_polled_before_the_answer_counts(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    // The worker dies with the answer to its write, and the rep is faster than the next one.
    let effect = desktop.written_unnoticed().await;
    desktop.changes(|lead| lead.form.returned = Some("too far".into())).await;
    assert_eq!(
        (desktop.state().await, desktop.times().await),
        (LeadState::Decided, 0),
        "nobody knows what was written"
    );
    store.release_leases().await.unwrap();
    desktop.seconds += 60;
    let now = at(desktop.seconds);
    let [again] = store.claim_effects("w2", 9, now + Duration::hours(1), now).await.unwrap().try_into().unwrap();
    let found = EffectResult::Done { owner_after: None, stamps: None, source: None };
    assert!(store.finish_effect(&again, found.clone(), now).await.unwrap());
    assert!(!store.finish_effect(&effect, found, now).await.unwrap(), "the first sender comes back, too late");
    assert_eq!((desktop.state().await, desktop.times().await), (LeadState::Pending, 1));
    assert_eq!(desktop.office.balances().await, [("best".to_owned(), 0, 0), ("legacy".to_owned(), 0, 0)]);
    // Polls that overlap say the same again.
    desktop.poll().await;
    desktop.changes(|lead| lead.company = "Acme Corp".into()).await;
    assert_eq!((desktop.earlier().await.len(), desktop.times().await), (1, 1));

    // The reason of the one before is still in what is stored when the write for the next becomes known.
    desktop.rank().await;
    let effect = desktop.written_unnoticed().await;
    desktop.noticed(&effect).await;
    assert_eq!((desktop.state().await, desktop.times().await), (LeadState::Decided, 1));
}

async fn what_is_no_lead_is_nobodys_share(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    desktop.approve().await;
    let charged = desktop.office.balances().await;
    assert_eq!(charged[0], ("best".to_owned(), 1_000_000, 500_000));
    desktop.changes(|lead| lead.form.disqualified = true).await;
    assert_eq!(desktop.office.balances().await[0], ("best".to_owned(), 0, 0));
    assert!(store.given(at(0)).await.unwrap().is_empty());
    assert_eq!(desktop.state().await, LeadState::Decided, "it is theirs, whatever it is");
    desktop.changes(|lead| lead.form.disqualified = false).await;
    assert_eq!((desktop.office.balances().await, store.given(at(0)).await.unwrap().len()), (charged.clone(), 1));
    // Who has it no more is not charged for it again.
    desktop.changes(|lead| lead.form.disqualified = true).await;
    desktop.changes(|lead| lead.owner = rep("legacy")).await;
    desktop.changes(|lead| lead.form.disqualified = false).await;
    assert_eq!(desktop.office.balances().await[0], ("best".to_owned(), 0, 0));
}

async fn only_who_was_given_it_gives_it_back(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let mut desktop = desktop(store).await;
    // Nobody was given anything yet.
    desktop.changes(|lead| lead.form.returned = Some("no".into())).await;
    desktop.rank().await;
    assert!(desktop.earlier().await.is_empty() && desktop.had().await.is_empty());
    desktop.changes(|lead| lead.form.returned = None).await;
    desktop.rank().await;
    desktop.approve().await;
    // Somebody moved it, and a reason that is written now is not that of whom we gave it to.
    desktop.changes(|lead| lead.owner = rep("legacy")).await;
    desktop.changes(|lead| lead.form.returned = Some("no".into())).await;
    assert_eq!(desktop.state().await, LeadState::Decided);
    assert!(desktop.earlier().await.is_empty());
}

on_every_store! {
    a_rep_gives_it_back
    lists_say_who_gave_it_back
    what_is_polled_before_the_answer_counts
    what_is_no_lead_is_nobodys_share
    only_who_was_given_it_gives_it_back
}
