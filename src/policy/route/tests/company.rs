//! The complete company of `assets/routing/company.toml`.

use super::*;
use crate::policy::rules::{Directory, Person, Severity, World, check};

const COMPANY: &str = include_str!("../../../../assets/routing/company.toml");

const TEAM: [(&str, &str); 5] = [
    ("Ana Diaz", "DACH"),
    ("Bob Stone", "DACH"),
    ("Eva Klein", "DACH"),
    ("Cruz Ortega", "Iberia"),
    ("Lucia Vidal", "Iberia"),
];

fn first(name: &str) -> String {
    name.split(' ').next().unwrap().to_lowercase()
}

fn person(name: &str) -> Person {
    let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
    Person { id: id(&first(name)), name: name.into(), user_name: None, email: Some(email), active: true }
}

fn norwind() -> (Roster, Directory) {
    let queue = |key: &str| Queue { id: QueueId::new(key), name: key.into(), key: key.into() };
    let reps = TEAM.iter().map(|(name, territory)| Rep { name: (*name).into(), ..rep(&first(name), Some(territory)) });
    let roster = Roster { reps: reps.collect(), queues: vec![queue("Key_Accounts"), queue("Partners")] };
    let others = ["Maria Lopez", "Nils Berg"];
    let people = TEAM.iter().map(|(name, _)| *name).chain(others).map(person).collect();
    let directory = Directory::new(people, &roster.queues);
    (roster, directory)
}

fn scene() -> Scene {
    let (roster, directory) = norwind();
    let policy = Policy::with(Rulebook::parse(COMPANY, "company.toml").unwrap(), directory).unwrap();
    let legacy = Owner::Rep(id("bob"));
    Scene { roster, policy, situation: Situation::default(), legacy, cleared: true }
}

fn from(country: &str, text: &str) -> Subject {
    let mut lead = lead();
    lead.facts.country = Some(country.into());
    lead.text = Some(text.into());
    lead
}

const P: [(&str, f64); 5] = [("ana", 0.30), ("bob", 0.35), ("eva", 0.32), ("cruz", 0.4), ("lucia", 0.45)];

fn to(lead: &Subject) -> (RouteReason, String) {
    let decided = scene().decide(lead, &P);
    (decided.outcome.recommendation.reason, decided.owner())
}

#[test]
fn it_reads_and_nothing_stands_out() {
    let book = Rulebook::parse(COMPANY, "company.toml").unwrap_or_else(|problems| panic!("{problems:#?}"));
    let (roster, directory) = norwind();
    let policy = Policy::with(book.clone(), directory.clone()).unwrap();
    assert_eq!(policy.unresolved(), []);
    let reps = roster.reps.iter().map(|rep| (rep.clone(), policy.team().profile(&rep.id).cloned())).collect();
    let territories = ["DACH", "Iberia", "Public Sector"].map(str::to_owned).to_vec();
    let world = World { directory, reps, territories: Some(territories), ..World::default() };
    let findings = check(&book, &world, now());
    let faults: Vec<String> =
        findings.iter().filter(|f| f.severity != Severity::Note).map(ToString::to_string).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn leads_of_the_company_go_where_its_file_says() {
    assert_eq!(to(&from("DE", "")), (RouteReason::ModelAgrees, "bob".into()));
    let spanish = "Hola, queremos una demostración de su software de análisis para nuestro equipo de ventas, gracias.";
    assert_eq!(to(&from("ES", spanish)), (RouteReason::ModelPick, "lucia".into()));
    let bank = from("ES", "We need to comply with ISO 27001 and want to see your product");
    assert_eq!(to(&bank), (RouteReason::ModelPick, "cruz".into()), "only Cruz is certified in Iberia");
    let mut siemens = from("DE", "");
    siemens.email = Some("x@siemens.com".into());
    assert_eq!(to(&siemens), (RouteReason::StrategicRule, "ana".into()));
    let mut gold = from("DE", "");
    gold.facts.categorical.insert("partner_tier".into(), "gold".into());
    assert_eq!(to(&gold), (RouteReason::ModelPick, "ana".into()), "of DACH only Ana looks after gold partners");
    let mut reseller = from("PT", "");
    reseller.facts.source = Some("Reseller".into());
    assert_eq!(to(&reseller), (RouteReason::PartnerRoute, "Partners".into()));
    let mut large = from("DE", "");
    large.facts.amount = Some(300_000.0);
    assert_eq!(to(&large), (RouteReason::ModelAgrees, "bob".into()));
    let decided = scene().decide(&large, &P);
    assert!(decided.why_not("eva").contains("Large deals need experience"), "{}", decided.why_not("eva"));
    large.facts.amount = Some(500_000.0);
    assert_eq!(to(&large), (RouteReason::HighValue, "manager".into()));
    let mut government = from("DE", "");
    government.facts.industry = Some("Government".into());
    assert_eq!(to(&government), (RouteReason::EmptyPool, "manager".into()), "nobody works the public sector yet");
}

#[test]
fn caps_ramp_and_part_time_of_the_company_hold() {
    let mut scene = scene();
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    let left = |rep: &str| moment.room(&id(rep)).and_then(|room| room.left);
    // Ana has 8 × 1.5; Eva is in her third week: 75 % of 3, rounded up to a whole lead.
    assert_eq!((left("ana"), left("bob"), left("eva")), (Some(12), Some(8), Some(3)));
    scene.situation.loads = [(id("eva"), load(3))].into();
    let decided = scene.decide(&from("DE", ""), &P);
    assert_eq!(
        decided.why_not("eva"),
        "Rep eva is not eligible: no room: has 3 of 3 leads today; week 3 of the ramp: 75 % of a full share."
    );
}
