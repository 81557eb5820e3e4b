//! The examples in `assets/routing` are right for the company that they speak of.

use chrono::NaiveDate;

use super::*;

const EXAMPLES: [(&str, &str); 7] = [
    ("territory.toml", include_str!("../../../../assets/routing/territory.toml")),
    ("strategic.toml", include_str!("../../../../assets/routing/strategic.toml")),
    ("partner.toml", include_str!("../../../../assets/routing/partner.toml")),
    ("require.toml", include_str!("../../../../assets/routing/require.toml")),
    ("exception.toml", include_str!("../../../../assets/routing/exception.toml")),
    ("hot.toml", include_str!("../../../../assets/routing/hot.toml")),
    ("example.toml", include_str!("../../../../assets/routing/example.toml")),
];

fn employee(id: &str, name: &str) -> Person {
    let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
    Person { id: RepId::new(id), name: name.into(), user_name: Some(email.clone()), email: Some(email), active: true }
}

/// The made-up company.
fn norwind() -> World {
    let field = |name: &str| Field::try_from(name.to_owned()).unwrap();
    let values = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    let people = ["Ana Diaz", "Bob Stone", "Cruz Ortega", "Maria Lopez", "Nils Berg"];
    let people: Vec<Person> = people.iter().enumerate().map(|(n, name)| employee(&format!("005{n}"), name)).collect();
    let queue = |key: &str| Queue { id: QueueId::new(key), name: key.into(), key: key.into() };
    let profile = |id: &str, skills: &[&str]| Profile {
        partner_tiers: values(&["gold"]),
        started: NaiveDate::from_ymd_opt(2020, 1, 1),
        ..skilled(id, skills)
    };
    World {
        accounts: None,
        directory: Directory::new(people, &[queue("Key_Accounts"), queue("Partners")]),
        reps: vec![
            (rep("0050", Some("DACH")), Some(profile("0050", &["iso27001", "security", "analytics"]))),
            (rep("0052", Some("Iberia")), Some(profile("0052", &["iso27001", "security"]))),
        ],
        picklists: [
            (
                field("lead.source"),
                values(&["Web", "Webinar", "Referral", "Partner", "Reseller", "Demo request", "Contact sales"]),
            ),
            (field("lead.industry"), values(&["Government", "Banking", "Manufacturing"])),
        ]
        .into(),
        territories: Some(values(&["DACH", "Iberia", "Public Sector"])),
        further: Some(values(&["partner_tier"])),
    }
}

#[test]
fn every_example_reads_and_nothing_stands_out() {
    for (name, text) in EXAMPLES {
        let book = Rulebook::parse(text, name).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let findings = check(&book, &norwind(), now());
        // That a pattern is not compared with other rules is no fault of the example.
        let faults: Vec<String> =
            findings.iter().filter(|f| f.severity != Severity::Note).map(ToString::to_string).collect();
        assert_eq!(faults, [""; 0], "{name}");
    }
}

#[test]
fn the_example_company_routes_as_it_says() {
    let world = norwind();
    let book = parsed(EXAMPLES[6].1);
    assert_eq!(check(&book, &world, now()), []);
    let mut lead = lead();
    lead.facts.country = Some("ES".into());
    lead.facts.industry = Some("Banking".into());
    lead.facts.product = Some("Security".into());
    lead.facts.amount = Some(600_000.0);
    lead.facts.source = Some("Reseller".into());
    lead.email = Some("jefe@BancoAzul.es".into());
    let facts = Facts::new(&lead, now());
    let firing = book.fire(&facts, &world.directory);
    assert_eq!(firing.territory.as_deref(), Some("Iberia"));
    let fired: Vec<&str> = firing.fired.iter().map(|fired| fired.rule.as_str()).collect();
    assert_eq!(
        fired,
        [
            "Iberia",
            "Key account Banco Azul",
            "All other partners",
            "Banks need ISO 27001",
            "Security needs training",
            "Large deals need experience",
            "High value",
        ]
    );
    let narrowing = book.narrowing(&facts, &firing);
    let refusals: Vec<Option<Refusal>> = world
        .reps
        .iter()
        .map(|(rep, profile)| narrowing.refusal(RepFacts { rep, profile: profile.as_ref() }))
        .collect();
    assert_eq!(refusals, [None, None]);
}

#[test]
fn the_manual_names_every_fact_and_every_kind() {
    use strum::IntoEnumIterator;
    let manual = include_str!("../../../../assets/routing/README.md");
    for root in ["lead", "account", "rep"] {
        for name in Field::names_of(root) {
            assert!(manual.contains(&format!("`{root}.{name}")), "{root}.{name} is not explained");
        }
    }
    for kind in Kind::iter() {
        assert!(manual.contains(&format!("`{kind}.toml`")), "{kind} has no example");
    }
}
