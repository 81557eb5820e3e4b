//! `leadboard rules`: what is wrong with a file of rules, and what differs between two.

use super::leads::fill;
use super::support::{Home, Ran};

const RULES: &str = r#"format = 1

[capacity]
per_day = 5

[[rule]]
name = "Key account"
kind = "strategic"
when = 'lead.email_domain == "siemens.com"'
rep = "Leo Legacy"
owner = "Bea Best"
reason = "Leo knows the board"
"#;

fn home() -> Home {
    let home = Home::new();
    fill(&home.data());
    home
}

fn check(home: &Home, text: &str) -> Ran {
    let file = home.file("rules.toml", text);
    home.run(&format!("rules check {}", file.display()))
}

#[test]
fn a_file_is_compared_with_the_people_of_the_org() {
    let home = home();
    let ran = check(&home, RULES);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("1 rules, version ") && ran.out.contains("0 errors, 0 warnings"), "{ran:?}");

    let ran = check(&home, &RULES.replace("Leo Legacy", "Leo Legaci"));
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("rules.toml:10:7") && ran.out.contains("did you mean \"Leo Legacy\"?"), "{ran:?}");

    let ran = check(&home, &RULES.replace("== \"siemens", "= \"siemens"));
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("rules.toml:9"), "{ran:?}");

    let calendar = "format = 1\n[hold]\nlongest_seconds = 60\n[[absence.calendar]]\nname = \"Leo\"\nrep = \"Leo Legacy\"\n\
        file = \"leo.ics\"\n";
    let ran = check(&home, calendar);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("rules.toml:7:8: there is no file ") && ran.out.contains("leo.ics"), "{ran:?}");
    home.file("leo.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n");
    let ran = check(&home, calendar);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let home = home();
    let ran = home.run("rules check");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("routing.toml") && ran.err.contains("assets/routing"), "{ran:?}");
    let ran = home.run("rules show");
    assert!(ran.code == 0 && ran.out.contains("No rules were ever in force"), "{ran:?}");
    let ran = home.run("rules show current");
    assert!(ran.code == 1 && ran.err.contains("no rules are in force yet"), "{ran:?}");
}

#[test]
fn two_files_are_compared_in_plain_words() {
    let home = home();
    let changed = RULES.replace("per_day = 5", "per_day = 8").replace("Leo Legacy", "Bea Best");
    let (before, after) = (home.file("before.toml", RULES), home.file("after.toml", changed));
    let (before, after) = (before.display(), after.display());
    let ran = home.run(&format!("rules diff {before} {after}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("capacity.per_day") && ran.out.contains("8 instead of 5"), "{ran:?}");
    assert!(ran.out.contains("Bea Best"), "{ran:?}");
    let ran = home.run(&format!("rules diff {before} {before}"));
    assert!(ran.out.contains("Both mean the same"), "{ran:?}");
}
