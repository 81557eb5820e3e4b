use super::*;

fn fire(book: &Rulebook, lead: &Subject) -> Firing {
    book.fire(&Facts::new(lead, now()), &directory())
}

fn standings(firing: &Firing) -> Vec<(&str, &Standing)> {
    firing.fired.iter().map(|fired| (fired.rule.as_str(), &fired.standing)).collect()
}

#[test]
fn the_first_strategic_rule_that_fires_decides() {
    let book = book(&[
        rule("off", "strategic", "lead.source == \"Fair\"", "rep = \"Bob Stone\""),
        rule(
            "siemens",
            "strategic",
            "lead.email_domain in [\"siemens.com\", \"siemens.de\"]",
            "rep = \"ana@example.com\"",
        ),
        rule("all", "strategic", "true", "queue = \"key_accounts\""),
    ]);
    let firing = fire(&book, &lead());
    assert_eq!(
        standings(&firing),
        [("siemens", &Standing::Applies), ("all", &Standing::Overruled { by: "siemens".into() })]
    );
    let to = Destination::Rep { id: RepId::new("005A") };
    assert_eq!(firing.first(Kind::Strategic).unwrap().effect, Effect::Strategic { to });
    assert_eq!((firing.unknown, firing.failed), (vec![], vec![]));
}

#[test]
fn a_name_that_leads_to_nobody_lets_the_next_rule_decide() {
    let book = book(&[
        rule("two", "strategic", "true", "rep = \"max muster\""),
        rule("queue", "strategic", "true", "queue = \"Key_Accounts\""),
    ]);
    let firing = fire(&book, &lead());
    assert_eq!(standings(&firing), [("two", &Standing::TargetNotFound), ("queue", &Standing::Applies)]);
    let Effect::Strategic { to: Destination::Nobody { why } } = &firing.fired[0].effect else { panic!() };
    assert_eq!(why.to_string(), "2 are called \"max muster\": \"005D\", \"005E\"");
}

#[test]
fn a_missing_fact_never_makes_a_rule_fire_and_is_named() {
    let book = book(&[
        rule("a", "exception", "lead.amount > 100000", ""),
        rule("b", "exception", "!(lead.amount > 100000)", ""),
        rule("c", "exception", "lead.industry != \"Bank\"", ""),
        rule("d", "exception", "!has(lead.amount)", ""),
        rule("e", "exception", "lead.source == \"Web\" || lead.amount > 5", ""),
        rule("f", "exception", "lead.source == \"Fair\" && lead.amount > 5", ""),
        rule("g", "hot", "account.customer", ""),
        rule("h", "hot", "lead.fields.rating == \"A\"", ""),
        rule("i", "hot", "lead.amount / 2.0 > 5.0", ""),
    ]);
    let firing = fire(&book, &lead());
    assert_eq!(firing.fired.iter().map(|f| f.rule.as_str()).collect::<String>(), "de");
    let unknown: Vec<(String, u32, &str)> =
        firing.unknown.iter().map(|u| (u.field.to_string(), u.rules, u.first.as_str())).collect();
    let expected = [
        ("lead.amount", 3, "a"),
        ("lead.industry", 1, "c"),
        ("account.customer", 1, "g"),
        ("lead.fields.rating", 1, "h"),
    ];
    assert_eq!(unknown, expected.map(|(field, rules, first)| (field.to_owned(), rules, first)));
    assert_eq!(firing.failed, []);
    let facts = lead();
    let facts = Facts::new(&facts, now());
    let missing = Because::Missing { field: Field::Lead(LeadField::Amount) };
    assert_eq!(book.explain("b", &facts, &firing), Some(Outcome::DoesNotHold { because: vec![missing] }));
}

#[test]
fn territory_rules_fill_what_the_crm_leaves_open_and_others_see_it() {
    let book = book(&[
        rule("hot in the north", "hot", "lead.territory == \"North\"", ""),
        rule("north", "territory", "lead.country == \"NO\"", "territory = \"North\""),
        rule("south", "territory", "lead.country == \"PT\"", "territory = \"South\"\nreplace = true"),
    ]);
    let in_country = |country: &str, territory: Option<&str>| {
        let mut lead = lead();
        lead.facts.country = Some(country.into());
        lead.facts.territory = territory.map(str::to_owned);
        lead
    };
    let firing = fire(&book, &in_country("NO", None));
    assert_eq!(firing.territory.as_deref(), Some("North"));
    assert!(firing.first(Kind::Hot).is_some());
    let kept = fire(&book, &in_country("NO", Some("East")));
    assert_eq!(kept.territory.as_deref(), Some("East"));
    assert_eq!(standings(&kept), [("north", &Standing::TerritoryKept { territory: "East".into() })]);
    assert_eq!(fire(&book, &in_country("PT", Some("East"))).territory.as_deref(), Some("South"));
    assert_eq!(fire(&book, &in_country("NO", Some(" "))).territory.as_deref(), Some("North"), "blank is missing");
}

#[test]
fn a_rule_is_explained_by_the_territory_that_it_was_asked_with() {
    let book = book(&[
        rule("fills", "territory", "!has(lead.territory)", "territory = \"North\""),
        rule("hot in the north", "hot", "lead.territory == \"North\"", ""),
    ]);
    let lead = lead();
    let facts = Facts::new(&lead, now());
    let firing = book.fire(&facts, &directory());
    assert_eq!(firing.fired.len(), 2);
    // The first saw the lead without a territory, the other with what the first gave it.
    for fired in &firing.fired {
        assert_eq!(book.explain(&fired.rule, &facts, &firing), Some(Outcome::Fires), "{}", fired.rule);
    }
}

#[test]
fn why_a_rule_does_not_fire_begins_with_what_is_simplest() {
    let when = "lead.source.lowerAscii().matches(\"z\") && lead.source.matches(\"z\") && \
                lead.source.lowerAscii().contains(\"z\") && lead.score / 2 > 5 && lead.source.contains(\"z\") && \
                !(lead.source == \"Web\")";
    let book = book(&[rule("r", "hot", when, "")]);
    let lead = Subject { score: Some(2), ..lead() };
    let facts = Facts::new(&lead, now());
    let firing = book.fire(&facts, &directory());
    let Some(Outcome::DoesNotHold { because }) = book.explain("r", &facts, &firing) else { panic!() };
    let parts = because.iter().map(|because| match because {
        Because::False { part, .. } => part.as_str(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [
            "!(lead.source == \"Web\")",
            "lead.source.contains(\"z\")",
            "lead.source.lowerAscii().contains(\"z\")",
            "lead.source.matches(\"z\")",
            "lead.source.lowerAscii().matches(\"z\")",
            "lead.score / 2 > 5",
        ]
    );
}

#[test]
fn a_rule_applies_from_its_first_day_to_the_end_of_its_last() {
    let book = book(&[rule("r", "hot", "true", "from = 2026-11-20\nuntil = 2026-11-22")]);
    let lead = lead();
    let fires = |at: &str| {
        let facts = Facts::new(&lead, at.parse().unwrap());
        let firing = book.fire(&facts, &directory());
        let outcome = book.explain("r", &facts, &firing).unwrap();
        assert_eq!(outcome == Outcome::Fires, !firing.fired.is_empty());
        !firing.fired.is_empty()
    };
    assert!(!fires("2026-11-19T23:59:59Z"));
    assert!(fires("2026-11-20T00:00:00Z"));
    assert!(fires("2026-11-22T23:59:59.999Z"));
    assert!(!fires("2026-11-23T00:00:00Z"));
    assert_eq!(book.rules()[0].window().words(), "from 2026-11-20 until 2026-11-22");
}

#[test]
fn reps_are_narrowed_by_every_rule_that_fires_and_told_why() {
    let book = book(&[
        rule("iso", "require", "lead.source == \"Web\"", "rep_when = '\"iso27001\" in rep.skills'"),
        rule("other", "require", "lead.source == \"Fair\"", "rep_when = 'false'"),
        rule(
            "gold",
            "partner",
            "lead.source == \"Web\"",
            "rep_when = 'rep.territory == \"North\"'\nsource = \"Partner\"",
        ),
    ]);
    let lead = lead();
    let facts = Facts::new(&lead, now());
    let firing = book.fire(&facts, &directory());
    let narrowing = book.narrowing(&facts, &firing);
    let (north, nowhere, profile) = (rep("a", Some("North")), rep("b", None), skilled("a", &["iso27001"]));
    let refusal = |rep, profile| narrowing.refusal(RepFacts { rep, profile });
    assert_eq!(refusal(&north, Some(&profile)), None);
    let unskilled = refusal(&north, None).unwrap();
    assert_eq!((unskilled.rule.as_str(), unskilled.kind), ("iso", Kind::Require));
    let found = Some("[]".to_owned());
    assert_eq!(unskilled.because, [Because::False { part: "\"iso27001\" in rep.skills".into(), found }]);
    let homeless = refusal(&nowhere, Some(&profile)).unwrap();
    assert_eq!((homeless.rule.as_str(), homeless.kind), ("gold", Kind::Partner));
    assert_eq!(homeless.because, [Because::Missing { field: Field::Rep(RepField::Territory) }]);
    let gold = firing.first(Kind::Partner).unwrap();
    assert_eq!(gold.effect, Effect::Partner { to: Destination::Reps, source: Some("Partner".into()) });
}

#[test]
fn functions_calculate_and_fail_softly() {
    let holds = |when: &str| {
        let book = book(&[rule("r", "hot", when, "")]);
        let mut lead = lead();
        lead.facts.amount = Some(90_000.0);
        lead.facts.employees = Some(30.0);
        lead.facts.numeric.insert("budget".into(), 5.0);
        lead.score = Some(81);
        lead.text = Some("Wir möchten ein Angebot".into());
        let firing = fire(&book, &lead);
        !firing.fired.is_empty()
    };
    assert!(holds("lead.amount / lead.employees == 3000.0"));
    assert!(holds("lead.company.lowerAscii().contains(\"siemens\")"));
    assert!(holds("lead.text.contains(\"möchten\") && size(lead.company) == 10"));
    assert!(holds("lead.company.matches(\"(?i)^siemens\\\\b\")"));
    assert!(holds("now.getDayOfWeek(\"Europe/Berlin\") == 0 && now.getHours(\"Europe/Berlin\") == 13"));
    assert!(holds("now - lead.created_at < duration(\"1h\")"));
    assert!(holds("now >= timestamp(\"2026-11-22T13:00:00+01:00\") && now < timestamp(\"2026-11-22T12:00:01Z\")"));
    assert!(holds("(lead.score > 80 ? lead.amount : 0.0) > 1.0"));
    assert!(holds("[\"siemens\", \"bosch\"].exists(name, lead.email_domain.startsWith(name))"));
    assert!(holds("lead.fields.budget > 4 && lead.fields[\"budget\"] < 6 && has(lead.fields.budget)"));
    assert!(!holds("lead.fields.budget == \"5\""), "a number is no text");
    assert!(!holds("lead.fields.budget.contains(\"5\")"), "a number has no parts");
    assert!(!holds("lead.fields.budget + \"x\" == \"5x\""));
    let book = book(&[rule("zero", "hot", "1 / (lead.score - 81) > 0", "")]);
    let failed = fire(&book, &Subject { score: Some(81), ..lead() }).failed;
    assert_eq!(failed.len(), 1, "a division by zero is unknown");
    assert!(
        matches!(&failed[0].because[..], [Because::NotCalculable { part, .. }] if part == "1 / (lead.score - 81) > 0")
    );
    assert!(!holds("1 / (lead.score - 81) > 0"));
    assert!(!holds("!(1 / (lead.score - 81) > 0)"));
    assert!(holds("1 / (lead.score - 81) > 0 || lead.score == 81"));
}
