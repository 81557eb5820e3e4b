//! Settings of `routing.toml`: refused where they make no sense, compared in words, and shown to be of nobody.

use super::*;
use crate::policy::rules::{Directory, World, check, diff};

fn complaint(text: &str) -> String {
    let problems = Rulebook::parse(&format!("format = 1\n{text}"), "routing.toml").expect_err("something is wrong");
    problems.iter().map(|p| format!("{}: {}", p.place, p.message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let cases = [
        ("[hours]\nzone = \"Mars\"\n", "routing.toml:3:8: [hours]: \"Mars\" is no IANA time zone"),
        ("[[rep]]\nrep = \"a\"\nzone = \"Mars\"\n", "routing.toml:4:8: \"Mars\" is no IANA time zone"),
        (
            "[[rep]]\nrep = \"a\"\nlanguages = [\"de\", \"klingon\"]\n",
            "routing.toml:4:13: rep a: \"klingon\" is no language",
        ),
        ("[[rep]]\nrep = \"a\"\nweight = -1\n", "routing.toml:4:10: weight = -1: a share is from 0 to 100"),
        ("[[rep]]\nrep = \"a\"\nstarted = \"soon\"\n", "this is no day"),
        ("[capacity]\nramp = [25, 500]\n", ": invalid value"),
        ("[capacity]\nramp = [25, 150]\n", "[capacity] ramp: 150 % of a cap"),
        ("[fairness]\nahead_at_most = -2\n", "[fairness] ahead_at_most = -2: it must be 0 or more"),
        ("[margin]\npoints = 101\n", "[margin] points = 101: it must be from 0 to 100"),
        ("[margin]\nbelow = \"boss\"\n", "is not one of the choices"),
        ("[high_value]\namount = 0\n", "[high_value] amount = 0: it must be more than 0"),
        ("[slot]\nminutes = 0\n", "routing.toml:2:1: [slot] minutes = 0"),
        ("[[skill]]\nname = \"x\"\n", "has neither phrases nor products"),
        ("[hold]\nworth_points = -1\n", "[hold] worth_points = -1: it must be 0 or more"),
        ("[value]\namounts = [{ from = 1, weight = -1 }]\n", "[value] amounts: from 1 with weight -1"),
        ("[capacity]\nper_dya = 3\n", "there is no \"per_dya\""),
    ];
    for (text, wanted) in cases {
        let complaint = complaint(text);
        assert!(complaint.contains(wanted), "{text}: {complaint}");
    }
}

#[test]
fn settings_of_nobody_are_an_error_of_the_check_and_stop_no_routing() {
    let text = "format = 1\n[[rep]]\nrep = \"Rep aa\"\nweight = 2\n[[rep]]\nrep = \"b\"\n[capacity.reps.Nobody]\nper_day = 1\n";
    let book = Rulebook::parse(text, "routing.toml").unwrap();
    let mut roster = roster(&["a", "b"]);
    roster.reps[1].active = false;
    let world = World { directory: Directory::of(&roster), ..World::default() };
    let said: Vec<String> = check(&book, &world, now()).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "routing.toml:3:7: error: rep[0].rep: nobody is called \"Rep aa\"; did you mean \"Rep a\"?",
            "routing.toml:6:7: note: rep[1].rep: \"Rep b\" is inactive in the CRM; it can go",
            "routing.toml:7:1: error: capacity.reps.Nobody: nobody is called \"Nobody\"",
        ]
    );
    let policy = Policy::new(book, &roster).unwrap();
    let unresolved: Vec<String> = policy.unresolved().iter().map(|p| p.place.to_string()).collect();
    assert_eq!(unresolved, ["routing.toml:3:7", "routing.toml:7:1"]);
    let twice = "format = 1\n[[rep]]\nrep = \"a\"\n[[rep]]\nrep = \"Rep a\"\n";
    let problems = Policy::new(Rulebook::parse(twice, "routing.toml").unwrap(), &roster).expect_err("twice");
    assert_eq!(problems[0].place.to_string(), "routing.toml:5:7");
}

#[test]
fn changed_settings_are_told_by_name() {
    let read = |text: &str| Rulebook::parse(&format!("format = 1\n{text}"), "routing.toml").unwrap();
    let before = read("[capacity]\nper_day = 10\n[[rep]]\nrep = \"a\"\nweight = 1\n[[rep]]\nrep = \"b\"\n");
    let after =
        read("[capacity]\nper_day = 12\n[[rep]]\nrep = \"b\"\nskills = [\"x\"]\n[[rep]]\nrep = \"a\"\nweight = 2\n");
    let told: Vec<String> = diff(&before, &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["capacity.per_day: 12 instead of 10", "rep \"a\".weight: 2 instead of 1", "rep \"b\".skills: now [\"x\"]",]
    );
    assert_ne!(before.version(), after.version());
}

#[test]
fn profiles_are_brought_to_one_spelling() {
    let text = "[[rep]]\nrep = \"Rep a\"\nlanguages = [\"German\", \"en_US\"]\nskills = [\" Cloud  Security\"]\nstarted = 2026-01-05\n[capacity.reps.\"Rep a\"]\nper_day = 2\n";
    let roster = roster(&["a"]);
    let policy = policy(text, &roster);
    let profile = policy.team().profile(&id("a")).unwrap();
    assert_eq!((profile.languages.join(" "), profile.skills.join(" ")), ("de en".into(), "cloud security".into()));
    assert_eq!(profile.started.map(|day| day.to_string()).as_deref(), Some("2026-01-05"));
    assert_eq!(policy.capacity().reps.get("a").and_then(|caps| caps.per_day), Some(2));
}

#[test]
fn a_situation_and_a_path_come_back_from_the_store_as_they_were() {
    let mut scene = Scene::new("[fairness]\nahead_at_most = 1\n[capacity]\nper_day = 3\n", &["a", "b"]);
    scene.situation.loads = [(id("a"), load(2))].into();
    let decided = scene.decide(&lead(), &[("a", 0.4), ("b", 0.3)]);
    let stored = serde_json::to_string(&decided.outcome.path).unwrap();
    assert_eq!(serde_json::from_str::<Path>(&stored).unwrap(), decided.outcome.path);
    let stored = serde_json::to_string(&scene.situation).unwrap();
    assert_eq!(serde_json::from_str::<Situation>(&stored).unwrap(), scene.situation);
}
