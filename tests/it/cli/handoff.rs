//! `handoff`: written by one manager, read and accepted by another.

use super::leads::{HOSTILE, fill};
use super::support::{Home, Ran};

/// The program as a manager of this name.
fn of(home: &Home, manager: &str, words: &[&str]) -> Ran {
    Ran::of(home.command().env("LEADBOARD_MANAGER", manager).args(words).output().unwrap())
}

#[test]
fn a_shift_is_handed_over_and_taken_over() {
    let home = Home::new();
    fill(&home.data());
    assert!(of(&home, "Ana", &["handoff"]).ended(0).out.contains("Nobody has handed over yet"));
    assert!(of(&home, "Bob", &["handoff", "accept"]).ended(1).err.contains("nothing to accept"));
    let written = of(&home, "Ana", &["handoff", "write", "--note", "Acme calls back", "--json"]).ended(0).json();
    assert_eq!((&written["by"], &written["accepted"]), (&"Ana".into(), &serde_json::Value::Null));
    assert_eq!(written["facts"]["lanes"]["lanes"]["disagree"], 2);

    let text = of(&home, "Bob", &["handoff"]).ended(0).out;
    assert!(text.starts_with("Handed over by Ana on ") && text.contains("\nNobody has accepted it yet;"), "{text}");
    assert!(text.contains("\nAcme calls back\n") && text.contains("\nOpen leads: 2 in lanes\nDisagree 2\n"), "{text}");
    assert!(text.contains("\n  lead-1  Company lead-1            over since"), "{text}");
    let plain = of(&home, "Bob", &["handoff", "--plain"]).ended(0).out;
    assert!(plain.lines().any(|line| line == "facts, lanes, lanes, disagree: 2"), "{plain}");

    assert!(of(&home, "Ana", &["handoff", "accept"]).ended(1).err.contains("you wrote this handoff yourself"));
    assert!(of(&home, "Bob", &["handoff", "accept"]).ended(0).out.contains("\nAccepted by Bob on "));
    assert!(of(&home, "Cy", &["handoff", "accept"]).ended(1).err.contains("Bob has accepted it already"));
    assert!(of(&home, "Cy", &["handoff"]).ended(0).out.contains("\nAccepted by Bob on "));
}

#[test]
fn what_people_wrote_cannot_harm_a_terminal() {
    let home = Home::new();
    fill(&home.data());
    let text = of(&home, HOSTILE, &["handoff", "write", "--note", HOSTILE]).ended(0).out;
    assert!(text.contains("=cmd()\u{FFFD}[2J") && text.contains("second line"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    let long = "x".repeat(1_001);
    let refused = of(&home, "Ana", &["handoff", "write", "--note", &long]).ended(1);
    assert!(refused.err.contains("1001 characters; it can have 1000"), "{refused:?}");
}
