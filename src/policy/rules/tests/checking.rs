use super::*;

fn world() -> World {
    let field = |name: &str| Field::try_from(name.to_owned()).unwrap();
    let values = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    World {
        directory: directory(),
        reps: vec![
            (rep("005A", Some("North")), Some(skilled("005A", &["iso27001"]))),
            (rep("005B", Some("South")), None),
        ],
        picklists: [(field("lead.source"), values(&["Web", "Webinar", "Partner", "Fair"]))].into(),
        territories: Some(values(&["North", "South"])),
        accounts: None,
        further: Some(values(&["rating"])),
    }
}

/// Severity and words of each finding, by rule.
fn found(rules: &[String]) -> Vec<String> {
    let findings = check(&book(rules), &world(), now());
    findings.iter().map(|f| format!("{} {}: {}", f.severity, f.rule, f.trouble)).collect()
}

#[test]
fn names_are_compared_with_the_org() {
    let rules = [
        rule("left", "strategic", "lead.source == \"Web\"", "rep = \"cy@example.com\""),
        rule("typo", "strategic", "lead.source == \"Fair\"", "rep = \"Ana Dias\""),
        rule("queue", "strategic", "lead.source == \"Partner\"", "queue = \"Key_Acounts\""),
        rule("value", "hot", "lead.source in [\"Webinr\", \"Web\"]", ""),
        rule("land", "territory", "lead.country == \"NO\"", "territory = \"Nord\""),
        rule("fact", "exception", "lead.fields.ratting == \"A\" || lead.fields.ratting == \"B\"", ""),
        rule("known", "exception", "lead.fields.rating == \"A\"", ""),
    ];
    assert_eq!(
        found(&rules),
        [
            "error left: it sends leads to \"Cy Young\", who is inactive in the CRM",
            "error typo: it sends leads to nobody: nobody is called \"Ana Dias\"; did you mean \"Ana Diaz\"?",
            "error queue: it sends leads to nobody: nobody is called \"Key_Acounts\"; did you mean \"Key_Accounts\"?",
            "warning value: the org has no lead.source \"Webinr\"; did you mean \"Webinar\"?",
            "warning land: no rep works the territory \"Nord\"; did you mean \"North\"?",
            "error fact: the config reads no further fact \"ratting\"; did you mean \"rating\"?",
        ]
    );
    let findings = check(&book(&rules), &world(), now());
    let places: Vec<_> = findings.iter().map(|f| (f.place.line, f.place.column)).collect();
    assert_eq!(places[0], (9, 7), "the rep of the first rule");
    assert_eq!(places[3], (30, 11), "the condition that names the value");
}

#[test]
fn a_question_about_accounts_that_are_not_looked_up_is_named_once() {
    let rules = [
        rule("account", "exception", "account.customer && account.open_deals > 2", ""),
        rule("lead", "exception", "lead.amount > 2", ""),
    ];
    for (accounts, expected) in [(None, 0), (Some(true), 0), (Some(false), 1)] {
        let findings = check(&book(&rules), &World { accounts, ..world() }, now());
        assert_eq!(findings.len(), expected, "{findings:?}");
        assert!(findings.iter().all(|found| found.rule == "account" && found.trouble == Trouble::AccountsNotRead));
    }
}

#[test]
fn a_condition_that_contradicts_itself_never_fires() {
    for (when, about) in [
        ("lead.amount > 100000 && lead.amount < 5000", "lead.amount"),
        ("lead.source == \"Web\" && lead.source == \"Fair\"", "lead.source"),
        ("lead.source == \"Web\" && !has(lead.source)", "lead.source"),
        ("lead.score > 100", "lead.score"),
        ("lead.score > 80 && lead.score < 81", "lead.score"),
        ("account.customer && !has(account.id)", "account.id"),
        ("lead.source in [\"Web\", \"Fair\"] && !(lead.source == \"Web\" || lead.source == \"Fair\")", "lead.source"),
        ("now < timestamp(\"2026-01-01T00:00:00Z\")", "now"),
        ("lead.company.contains(\"x\") && !lead.company.contains(\"x\") && lead.amount > 1", ""),
    ] {
        let found = found(&[rule("r", "hot", when, "")]);
        let expected = if about.is_empty() {
            "error r: it can never fire: its condition is false for every lead".to_owned()
        } else {
            format!("error r: it can never fire: what it asks of {about} cannot be together")
        };
        assert_eq!(found, [expected], "{when}");
    }
    assert_eq!(found(&[rule("r", "hot", "lead.score > 80 && lead.score < 82 && lead.amount != 1", "")]), [""; 0]);
    let reps = rule("r", "require", "true", "rep_when = 'rep.territory == \"North\" && rep.territory == \"South\"'");
    assert_eq!(found(&[reps]), ["error r: no rep can ever meet it: what it asks of rep.territory cannot be together"]);
}

#[test]
fn a_rule_after_others_that_always_decide_is_named() {
    let ana = |name: &str, when: &str| rule(name, "strategic", when, "rep = \"Ana Diaz\"");
    let bob = |name: &str, when: &str| rule(name, "strategic", when, "rep = \"Bob Stone\"");
    assert_eq!(
        found(&[ana("wide", "lead.amount >= 5"), bob("narrow", "lead.amount > 10 && lead.source == \"Web\"")]),
        [
            "error narrow: it never decides: \"wide\" always fires before it and says something else; put this rule first, or take it out"
        ]
    );
    assert_eq!(
        found(&[
            ana("unneeded", "lead.source == \"Web\" && lead.amount > 7"),
            ana("web", "lead.source == \"Web\""),
            ana("fair", "lead.source == \"Fair\""),
            ana("both", "lead.source in [\"Web\", \"Fair\"]"),
        ]),
        ["warning both: it never decides: \"web\" and \"fair\" together always fire before it and say the same"]
    );
    // The special case before the general one is how it is meant.
    assert_eq!(found(&[bob("narrow", "lead.amount > 10"), ana("wide", "lead.amount >= 5")]), [""; 0]);
    // Dates count: the first ends before the second does.
    let ends = rule("ends", "strategic", "true", "rep = \"Ana Diaz\"\nuntil = 2026-12-31");
    assert_eq!(found(&[ends.clone(), bob("stays", "lead.amount > 1")]), [""; 0]);
    let within = rule("within", "strategic", "true", "rep = \"Ana Diaz\"\nuntil = 2026-12-30");
    assert_eq!(found(&[ends, within]).len(), 1);
    // One that finds nobody does not decide.
    assert_eq!(found(&[rule("nobody", "strategic", "true", "rep = \"Zoe\""), ana("ana", "true")]).len(), 1);
    assert_eq!(
        found(&[rule("a", "hot", "lead.amount > 1", ""), rule("b", "hot", "lead.amount > 2", "")]),
        ["note b: it adds nothing: \"a\" says the same of all its leads"]
    );
}

#[test]
fn rules_that_disagree_about_some_leads_are_shown_with_one() {
    let rules = [
        rule("big", "strategic", "lead.amount > 100", "rep = \"Ana Diaz\""),
        rule("web", "strategic", "lead.source == \"Web\" && lead.amount < 500", "rep = \"Bob Stone\""),
        rule("other", "strategic", "lead.country == \"NO\"", "rep = \"Bob Stone\""),
    ];
    let findings = check(&book(&rules), &world(), now());
    assert_eq!(findings.len(), 1, "{findings:?}");
    let Trouble::Contradicts { with, example } = &findings[0].trouble else { panic!("{findings:?}") };
    assert_eq!((findings[0].rule.as_str(), with.as_slice()), ("web", &["big".to_owned()][..]));
    assert_eq!(example[&Field::Lead(LeadField::Source)], "\"Web\"");
    let amount: f64 = example[&Field::Lead(LeadField::Amount)].parse().unwrap();
    assert!(amount > 100.0 && amount < 500.0);
}

#[test]
fn requirements_that_nobody_meets_together_are_named() {
    let require = |name: &str, when: &str, reps: &str| rule(name, "require", when, &format!("rep_when = '{reps}'"));
    assert_eq!(
        found(&[
            require("north", "lead.amount > 1", "rep.territory == \"North\""),
            require("south", "lead.source == \"Web\"", "rep.territory == \"South\" && rep.weight > 0"),
        ]),
        [
            "warning south: where \"north\" applies too, no rep can meet both: what they ask of rep.territory cannot be together"
        ]
    );
    assert_eq!(
        found(&[require("r", "true", "\"soc2\" in rep.skills")]),
        ["error r: no active rep meets its rep_when, so its leads go to nobody"]
    );
    assert_eq!(found(&[require("r", "true", "\"iso27001\" in rep.skills")]), [""; 0]);
    assert_eq!(found(&[require("r", "true", "lead.product in rep.skills")]), [""; 0]);
}

#[test]
fn what_is_not_understood_is_said_and_not_guessed() {
    assert_eq!(
        found(&[
            rule("a", "strategic", "lead.company.matches(\"^A\")", "rep = \"Ana Diaz\""),
            rule("b", "strategic", "lead.company.matches(\"^AB\")", "rep = \"Bob Stone\""),
        ]),
        [
            "note a: not analysed, so not compared with other rules: lead.company.matches(\"^A\")",
            "note b: not analysed, so not compared with other rules: lead.company.matches(\"^AB\")",
        ]
    );
    // The same words mean the same, understood or not.
    let same = [
        rule("a", "strategic", "lead.amount / 2.0 > 5.0", "rep = \"Ana Diaz\""),
        rule("b", "strategic", "lead.amount  / 2.0 > 5.0 && lead.score > 5", "rep = \"Ana Diaz\""),
    ];
    assert!(found(&same)[1].starts_with("warning b: it never decides"));
}

#[test]
fn rules_that_ended_and_rules_that_undo_themselves_are_named() {
    assert_eq!(
        found(&[rule("old", "hot", "true", "until = 2026-11-20")]),
        ["warning old: it ended at 2026-11-21T00:00:00+00:00; take it out, or give it a later until"]
    );
    let partner = |when: &str| rule("p", "partner", when, "queue = \"Partners\"\nsource = \"Partner\"");
    assert_eq!(
        found(&[partner("lead.source == \"Web\"")]),
        [
            "note p: once the lead has the source \"Partner\", the rule no longer fires for it; add that source to its condition"
        ]
    );
    assert_eq!(found(&[partner("lead.source in [\"Web\", \"Partner\"]")]), [""; 0]);
    assert_eq!(found(&[partner("lead.country == \"NO\"")]), [""; 0]);
}
