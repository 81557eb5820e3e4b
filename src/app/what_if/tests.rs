use super::*;
use crate::app::intake;
use crate::app::learn::LoadedModel;
use crate::app::ports::{Cursor, IntakeChange, LeadStore, QueryStore, RawLead, RoutingStore, StoredRulebook};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{OrgId, QueueId, RepKey};
use crate::domain::lead::{Form, Lead, LegacyAssignment, Owner};
use crate::domain::ranking::Support;
use crate::domain::rep::{Queue, Rep};
use crate::model::{Clearance, Explanation, RepScore, Scorer};
use crate::policy::rules::Rulebook;
use crate::policy::{Queues, Settings};
use crate::store::SqliteStore;

fn roster() -> Roster {
    let rep = |id: &str, name: &str| Rep {
        id: RepId::new(id),
        key: RepKey::new(id),
        name: name.into(),
        active: true,
        territory: None,
        user_name: None,
        email: None,
    };
    let reps = vec![rep("1", "Ana Ruiz"), rep("2", "Bob Lee"), rep("3", "Ana Lee"), rep("4", "Bo")];
    Roster { reps, queues: Vec::new() }
}

fn parse(text: &str) -> Result<Suppose, String> {
    Suppose::parse(text, &roster())
}

#[test]
fn suppositions_are_read_as_people_type_them() {
    let suppose = parse(" Source = Trade show,amount=250k, country=, absent=ana ruiz, ROOM=bob l,").unwrap();
    let said = [
        "source is Trade show",
        "amount is 250k",
        "country is not known",
        "Ana Ruiz is absent",
        "Bob Lee has nothing on the desk",
    ];
    assert_eq!(suppose.words(&roster()), said);
    assert!(parse("  ,").unwrap().is_empty());
    for (text, why) in [
        ("webinar", "\"webinar\" says nothing of a fact: source=Webinar"),
        ("=x", "the name of a fact is missing before \"=\""),
        ("absent=zoe", "no rep is called \"zoe\""),
        ("absent=", "no rep is called \"\""),
        ("absent=ana", "\"ana\" may be Ana Ruiz, Ana Lee: write more of the name"),
    ] {
        assert_eq!(parse(text).unwrap_err(), why, "{text}");
    }
    assert_eq!(parse("absent=bo").unwrap().absent, [RepId::new("4")], "a whole name is no beginning of another");
}

#[test]
fn facts_change_as_supposed_and_nothing_else_does() {
    let before = LeadFacts {
        numeric: [("seats".to_owned(), 4.0)].into(),
        categorical: [("segment".to_owned(), "SMB".to_owned())].into(),
        ..LeadFacts::empty("2026-11-22T12:00:00Z".parse().unwrap())
    };
    let apply = |text: &str| {
        let mut facts = before.clone();
        text.parse::<Change>().unwrap().apply(&mut facts).map(|()| facts)
    };
    let with = |change: fn(&mut LeadFacts)| {
        let mut facts = before.clone();
        change(&mut facts);
        Ok(facts)
    };
    assert_eq!(apply("source=Webinar"), with(|facts| facts.source = Some("Webinar".into())));
    assert_eq!(apply("amount=1.2M"), with(|facts| facts.amount = Some(1.2e6)));
    assert_eq!(apply("employees=12 000"), with(|facts| facts.employees = Some(12_000.0)));
    assert_eq!(apply("revenue="), with(|facts| facts.annual_revenue = None));
    assert_eq!(apply("seats=40"), with(|facts| facts.numeric = [("seats".to_owned(), 40.0)].into()));
    assert_eq!(
        apply("segment=Bank"),
        with(|facts| facts.categorical = [("segment".to_owned(), "Bank".to_owned())].into())
    );
    assert_eq!(apply("amount=lots").unwrap_err(), "amount: lots is no number");
    assert_eq!(apply("amount=-4").unwrap_err(), "amount: -4 is no number");
    assert!(apply("colour=red").unwrap_err().starts_with("the lead has no fact \"colour\""));
}

#[test]
fn the_name_that_was_begun_last_is_finished() {
    assert_eq!(Suppose::completion("so"), Some("urce"));
    assert_eq!(Suppose::completion("source=Webinar, am"), Some("ount"));
    assert_eq!(Suppose::completion("ab"), Some("sent"));
    assert_eq!(Suppose::completion(""), None);
    assert_eq!(Suppose::completion("source=Web"), None);
}

/// Ana wins most leads, Bo those of webinars; whoever is called otherwise wins few.
struct Simple;

impl Scorer for Simple {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let webinar = facts.source.as_deref() == Some("Webinar");
        let score = |rep: &RepKey| {
            let p_win = match rep.as_str() {
                "1" => 0.5,
                "4" if webinar => 0.6,
                "4" => 0.4,
                _ => 0.3,
            };
            RepScore { p_win, interval: Interval { low: p_win / 2.0, high: p_win }, support: Support::default() }
        };
        reps.iter().map(score).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A store with one lead, ranked under rules while reps had so much on their desks.
struct Office {
    _dir: tempfile::TempDir,
    store: SqliteStore,
    bench: Bench,
    lead: LeadId,
}

impl Office {
    async fn new(rules: &str, loads: &[(&str, u32)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
        store.bind_org(&OrgId::new("00D1")).await.unwrap();
        let queue = |id: &str| Queue { id: QueueId::new(id), name: id.into(), key: id.into() };
        let roster = Roster { queues: vec![queue("mq"), queue("dq")], ..roster() };
        store.save_roster(&roster, noon()).await.unwrap();
        let book = Rulebook::parse(rules, "routing.toml").unwrap();
        let stored = StoredRulebook {
            version: book.version().as_str().to_owned(),
            body: book.canonical().to_owned(),
            since: noon(),
            place: "routing.toml".into(),
        };
        store.enforce(&stored).await.unwrap();
        let rules = routing::in_force(&store, None).await.unwrap().unwrap();
        let model = LoadedModel {
            id: ModelId::new("m-1"),
            scorer: Arc::new(Simple),
            clearance: Clearance::Routes,
            baseline: None,
        };
        let queues = Queues { manager: QueueId::new("mq"), default: QueueId::new("dq") };
        let bench = Bench::new(Arc::new(model), rules.clone(), queues, Settings::default());
        let owner = Owner::Rep(RepId::new("2"));
        let facts = LeadFacts { source: Some("Web".into()), ..LeadFacts::empty(noon()) };
        let lead = Lead {
            id: LeadId::new("00Q1"),
            company: "Acme".into(),
            contact: None,
            facts,
            form: Form::default(),
            owner: owner.clone(),
            modified_at: noon(),
            modstamp: noon(),
            converted: false,
            deleted: false,
        };
        let id = lead.id.clone();
        let legacy = LegacyAssignment { owner, captured_at: noon() };
        let lead = Box::new(RawLead { lead, raw: "{}".into() });
        let change = IntakeChange::Receive { lead, legacy };
        store.take_in(vec![change], intake::CURSOR, &Cursor::default(), noon()).await.unwrap();
        let record = store.leads(std::slice::from_ref(&id)).await.unwrap().remove(0);
        let today = |leads| Workload { leads_today: leads, today: noon().date_naive(), ..Workload::default() };
        let loads = loads.iter().map(|(rep, leads)| (RepId::new(*rep), today(*leads))).collect();
        let situation = Situation { loads, ..Situation::default() };
        let moment = rank::moment(&rules, &situation, noon());
        let desk = bench.desk(&moment);
        let case = Case::of(&record);
        let (kept, stood) = (replay::desk(&desk).unwrap(), replay::situation(&situation).unwrap());
        let made_from = replay::made_from(&case, &kept, &stood).ok();
        let ranked = RankedLead { made_from, ..rank::rank(&case, &desk) };
        assert_eq!(store.save_rankings(vec![ranked]).await.unwrap(), 1);
        Self { _dir: dir, store, bench, lead: id }
    }

    async fn suppose(&self, text: &str) -> WhatIf {
        let suppose = Suppose::parse(text, self.bench.roster()).unwrap();
        // Long after it was ranked.
        let later = noon() + TimeDelta::days(3);
        what_if(&self.store, &self.bench, &self.lead, &suppose, later).await.unwrap()
    }
}

#[tokio::test]
async fn the_real_model_and_rules_rank_the_lead_as_it_was_and_as_supposed() {
    let office = Office::new("format = 1\n", &[]).await;
    let before = (office.store.lead_detail(&office.lead).await.unwrap(), office.store.data_version().await.unwrap());
    let webinar = office.suppose("source=Webinar").await;
    assert_eq!((webinar.before.to.as_str(), webinar.after.to.as_str()), ("Ana Ruiz", "Bo"));
    assert!(webinar.as_ranked && webinar.as_of == noon() && !webinar.other_model);
    let bo = webinar.reps.iter().find(|one| one.name == "Bo").unwrap();
    assert_eq!((bo.before.rank, bo.after.rank, bo.recommended), (Some(2), Some(1), (false, true)));
    assert_eq!((bo.before.p_win, bo.after.p_win), (Some(0.4), Some(0.6)));
    assert!(webinar.reps.iter().any(|one| one.legacy && one.name == "Bob Lee"));
    // The side without a supposition is what is stored.
    let stored = before.0.as_ref().unwrap().ranking.as_ref().unwrap();
    for ranked in &stored.reps {
        let one = webinar.reps.iter().find(|one| one.rep == ranked.rep_id).unwrap();
        assert_eq!((one.before.rank, one.before.p_win), (Some(ranked.rank), Some(ranked.p_win)), "{}", one.name);
    }
    let after = (office.store.lead_detail(&office.lead).await.unwrap(), office.store.data_version().await.unwrap());
    assert_eq!(before, after, "nothing is written");
}

#[tokio::test]
async fn whoever_is_supposed_to_be_absent_gets_nothing_with_rules_and_without() {
    for rules in ["format = 1\n", "format = 1\n[capacity]\nper_day = 9\n"] {
        let office = Office::new(rules, &[]).await;
        let away = office.suppose("absent=Ana Ruiz").await;
        assert_eq!((away.before.to.as_str(), away.after.to.as_str()), ("Ana Ruiz", "Bo"), "{rules}");
        assert_eq!((away.before.eligible, away.after.eligible), (4, 3));
        let both = office.suppose("absent=Ana Ruiz, absent=Bo").await;
        assert!(!["Ana Ruiz", "Bo"].contains(&both.after.to.as_str()), "{rules}: {}", both.after.to);
    }
}

#[tokio::test]
async fn room_is_made_for_whoever_had_none_when_the_lead_was_ranked() {
    let office = Office::new("format = 1\n[capacity]\nper_day = 2\n", &[("1", 2)]).await;
    let full = office.suppose("source=Other").await;
    assert_eq!((full.before.to.as_str(), full.after.to.as_str()), ("Bo", "Bo"), "Ana has two leads today");
    assert_eq!(office.suppose("room=Ana Ruiz").await.after.to, "Ana Ruiz");
}

#[tokio::test]
async fn what_cannot_be_supposed_is_refused() {
    let office = Office::new("format = 1\n", &[]).await;
    let refused = |suppose: Suppose, lead: &'static str| {
        let office = &office;
        async move {
            let lead = LeadId::new(lead);
            what_if(&office.store, &office.bench, &lead, &suppose, noon()).await.unwrap_err().to_string()
        }
    };
    assert!(refused(Suppose::default(), "00Q1").await.starts_with("nothing is supposed"));
    assert_eq!(refused(parse("source=x").unwrap(), "00Q9").await, "there is no lead 00Q9");
    assert!(refused(parse("colour=red").unwrap(), "00Q1").await.starts_with("the lead has no fact"));
}
