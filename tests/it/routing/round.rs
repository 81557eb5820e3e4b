//! Leads that wait at one moment: given together, or held for others to come.

use std::sync::Arc;

use leadboard::app::companies::Companies;
use leadboard::app::ports::Hold;
use leadboard::app::rank::round::{self, Recent};

use super::*;

/// Who wins what depends on where it is from: most of those from events, only the best does.
struct Picky;

impl Scorer for Picky {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let of = |rep: &RepKey| match (facts.source.as_deref(), rep.as_str()) {
            (Some("Event"), "best") => 0.60,
            (Some("Event"), _) => 0.22,
            (_, "best") => 0.50,
            _ => 0.45,
        };
        let one = |p_win| RepScore { p_win, interval: Interval { low: 0.1, high: 0.9 }, support: Support::default() };
        reps.iter().map(|rep| one(of(rep))).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

impl Office<'_> {
    /// A lead arrives, from a source.
    async fn arrives(&self, name: &str, source: &str, seconds: i64) {
        let mut lead = raw(name, seconds, rep("legacy"));
        lead.lead.facts.source = Some(source.into());
        take_in(self.store, vec![receive(lead)], seconds).await;
    }

    /// What the worker makes of the leads that wait. Nothing is kept but the store, so that each time is after a restart.
    async fn settle(&self, seconds: i64) {
        let rules = routing::in_force(self.store, None).await.unwrap().unwrap();
        let situation = routing::situation(self.store, &rules, None, at(seconds)).await.unwrap();
        let desk = Desk {
            scorer: &Picky,
            model_id: &ModelId::new("m-1"),
            cleared: true,
            roster: &rules.roster,
            queues: &Queues { manager: QueueId::new("mq"), default: QueueId::new("mq") },
            settings: &Settings::default(),
            moment: &rank::moment(&rules, &situation, at(seconds)),
        };
        let outlook = Recent::read(self.store, at(seconds)).await.unwrap().outlook(&desk);
        let (pending, open) = (self.store.pending(64).await.unwrap(), self.store.open_hold().await.unwrap());
        let settled = round::settle(&pending, &Companies::default(), &desk, &outlook, open.as_ref(), false).unwrap();
        self.store.keep_hold(settled.held.as_ref(), at(seconds)).await.unwrap();
        self.store.save_rankings(settled.ranked).await.unwrap();
        assert_eq!(self.store.conservation().await.unwrap().lost(), 0);
    }

    async fn held(&self, name: &str) -> Option<Hold> {
        self.store.lead_detail(&id(name)).await.unwrap().unwrap().hold
    }
}

pub(super) async fn the_moment_gives_places_to_whom_they_are_worth_most(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[capacity]\nper_day = 1");
    office.publish(1).await.unwrap();
    office.arrives("L1", "Web", 2).await;
    office.arrives("L2", "Event", 2).await;
    office.settle(3).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    assert_eq!(office.reason("L2").await, (RouteReason::ModelPick, rep("best")));
    let path = store.lead_detail(&id("L1")).await.unwrap().unwrap().path.unwrap();
    assert_eq!(path.round.as_ref().unwrap().leads, 2);
    let Some(Why::Chosen { instead_of: Some(first), .. }) = path.on(Rung::Model) else { panic!("{path:?}") };
    assert_eq!(first.name, "Bea Best");
    // Both are approved, and no cap is broken.
    office.approve("L1", 4).await.unwrap();
    office.approve("L2", 5).await.unwrap();
}

/// Forty leads of the last hour say what is to come.
async fn busy_hour(office: &Office<'_>, rules: &str) {
    office.file.says(rules);
    office.publish(1).await.unwrap();
    for lead in 0..40 {
        office.arrives(&format!("P{lead}"), if lead % 2 == 0 { "Event" } else { "Web" }, 10 + lead).await;
    }
    office.rank(100).await;
}

pub(super) async fn a_hold_ends_in_time_and_outlasts_restarts(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    busy_hour(&office, "[capacity]\nopen = 1\n[hold]\nlongest_seconds = 600\nloss_per_minute = 0.01").await;
    office.arrives("H1", "Web", 3_600).await;
    office.settle(3_600).await;
    let hold = office.held("H1").await.unwrap();
    assert_eq!(record(store, "H1").await.state, LeadState::Pending);
    assert!(hold.closes_at > at(3_600) && hold.closes_at <= at(4_200) && hold.gain > hold.cost, "{hold:?}");
    let refused = office.approve("H1", 3_601).await.unwrap_err().to_string();
    assert!(refused.contains("is held until") && refused.contains("together with others"), "{refused}");

    // Another joins, and the end is where it was.
    office.arrives("H2", "Event", 3_610).await;
    office.settle(3_620).await;
    assert_eq!(office.held("H1").await, Some(hold.clone()));
    assert_eq!(office.held("H2").await, Some(hold.clone()));

    office.settle((hold.closes_at - at(0)).num_seconds()).await;
    assert_eq!(office.reason("H1").await, (RouteReason::ModelAgrees, rep("legacy")));
    assert_eq!(office.reason("H2").await, (RouteReason::ModelPick, rep("best")));
    assert_eq!((store.open_hold().await.unwrap(), office.held("H1").await), (None, None));
    let told = store.audit(Some(&id("H1")), 10).await.unwrap();
    assert!(told.iter().any(|event| event.what == "lead.held"), "{told:?}");
}

pub(super) async fn no_lead_is_held_near_its_deadline_or_without_being_asked(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    let section = "[hold]\nlongest_seconds = 600\nloss_per_minute = 0.01";
    busy_hour(&office, "[capacity]\nopen = 1").await;
    office.arrives("H1", "Web", 3_600).await;
    office.settle(3_600).await;
    assert_eq!(office.held("H1").await, None, "nobody asked for it");
    office.file.says(&format!("[capacity]\nopen = 1\n{section}"));
    office.publish(3_601).await.unwrap();
    office.rank(3_602).await;
    // Three hours later, one is left, and that is what the rep needs.
    office.arrives("H2", "Web", 10_800).await;
    office.settle(10_800).await;
    assert_eq!((office.held("H2").await, record(store, "H2").await.state), (None, LeadState::InLane));
}
