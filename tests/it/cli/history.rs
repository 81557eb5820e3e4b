//! `history import` and `history audit`.

use std::fmt::Write;
use std::fs;

use super::company::{GOOD, HEADER, MAP};
use super::support::{Home, trained};

/// Line 3 has a date that is none, line 5 too many cells.
fn damaged() -> String {
    let good = |id: &str| GOOD.replace("a-1", id);
    format!(
        "{HEADER}{}{}{}{}",
        good("a-1"),
        good("a-2").replace("2024-02-01", "tomorrow"),
        good("a-3"),
        good("a-4").replace("North", "North,East")
    )
}

fn home(deals: &str) -> Home {
    let home = Home::new();
    home.file("deals.csv", deals);
    home.file("map.toml", MAP);
    home
}

#[test]
fn a_good_file_is_imported_and_the_next_step_is_named() {
    let open = GOOD.replace("a-1", "a-3").replace("Won", "Open").replace("2024-02-01", "");
    let lost = GOOD.replace("a-1", "a-2").replace("Won", "Lost").replace("2024-01-02", "2024-03-05");
    let home = home(&format!("{HEADER}{GOOD}{}{open}", lost.replace("2024-02-01", "2024-04-01")));
    let ran = home.run("history import deals.csv --map map.toml").ended(0);
    for words in [
        "3 rows: 2 closed (1 won, 1 lost), 1 still open and left out, 0 rejected.",
        "Leads created 2024-01-02 to 2024-03-05.",
        "2 new, 0 replaced; 2 closed deals in all",
        "Next: leadboard history audit",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!ran.err.contains('\u{1b}'), "no progress bar where there is no terminal: {}", ran.err);
    let again = home.json("history import deals.csv --map map.toml");
    let counts = ["rows", "closed", "open", "rejected", "new", "replaced", "stored"].map(|name| again[name].as_u64());
    assert_eq!(counts, [3, 2, 1, 0, 0, 2, 2].map(Some), "the same file twice stores nothing twice");
}

#[test]
fn only_what_was_known_before_a_day_can_be_taken() {
    let later = GOOD.replace("a-1", "a-2").replace("2024-02-01", "2024-02-02");
    let home = home(&format!("{HEADER}{GOOD}{later}"));
    let ran = home.run("history import deals.csv --map map.toml --before 2024-02-02").ended(0);
    assert!(ran.out.contains("2 closed") && ran.out.contains("1 are of later days"), "{}", ran.out);
    assert!(ran.out.contains("1 new, 0 replaced; 1 closed deals in all"), "{}", ran.out);
    assert_eq!(home.run("history import deals.csv --map map.toml --before soon").code, 2);
}

#[test]
fn a_bad_line_refuses_the_file_and_every_bad_line_is_named() {
    let home = home(&damaged());
    let ran = home.run("history import deals.csv --map map.toml").ended(1);
    assert!(ran.err.contains("deals.csv:3:") && ran.err.contains("deals.csv:5:"), "{}", ran.err);
    assert!(ran.err.contains("tomorrow") && ran.err.contains("--skip-bad"), "{}", ran.err);
    assert!(ran.out.is_empty() && !home.path("deals.csv.rejected.csv").exists());
    assert_eq!(home.run("history audit --json").ended(3).json()["deals"], 0, "nothing of it was stored");
}

#[test]
fn bad_lines_are_put_aside_and_can_be_corrected_and_imported() {
    let home = home(&damaged());
    let ran = home.run("history import deals.csv --map map.toml --skip-bad").ended(0);
    assert!(ran.out.contains("2 closed") && ran.out.contains("2 rejected"), "{}", ran.out);
    let rejected = home.path("deals.csv.rejected.csv");
    assert!(ran.out.contains("deals.csv.rejected.csv"), "{}", ran.out);
    let text = fs::read_to_string(&rejected).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    fs::write(&rejected, text.replace("tomorrow", "2024-02-01").replace("North,East", "North")).unwrap();
    let second = home.json("history import deals.csv.rejected.csv --map map.toml");
    assert_eq!((second["new"].as_u64(), second["stored"].as_u64()), (Some(2), Some(4)));
    let third = home.json("history import deals.csv --map map.toml --skip-bad --rejected aside.csv");
    assert_eq!(third["rejected_file"], "aside.csv");
    assert!(home.path("aside.csv").exists());
}

#[test]
fn a_map_that_names_a_wrong_column_is_refused_with_the_nearest_right_one() {
    let home = home(&format!("{HEADER}{GOOD}"));
    home.file("wrong.toml", MAP.replace("\"Owner\"", "\"Ownr\""));
    let ran = home.run("history import deals.csv --map wrong.toml").ended(2);
    assert!(ran.err.contains("wrong.toml:6") && ran.err.contains("Ownr"), "{}", ran.err);
    assert!(ran.err.contains("did you mean \"Owner\""), "{}", ran.err);
    home.file("broken.toml", MAP.replace("[outcome]", "[outcmoe]"));
    assert!(home.run("history import deals.csv --map broken.toml").ended(2).err.contains("did you mean"));
    assert_eq!(home.run("history import deals.csv").code, 2, "without a map");
    assert_eq!(home.run("history import nothing.csv --map map.toml").code, 1, "a file that is not there");
}

#[test]
fn the_documented_map_is_printed() {
    let text = Home::new().run("history example").ended(0).out;
    assert!(text.contains("[columns]") && text.contains("[outcome]"), "{text}");
}

#[test]
fn too_few_deals_are_refused_in_plain_words_and_nothing_is_trained() {
    let home = home(&format!("{HEADER}{GOOD}"));
    home.run("history import deals.csv --map map.toml").ended(0);
    let ran = home.run("history audit").ended(3);
    assert!(ran.out.starts_with("The history is not good enough to train on"), "{}", ran.out);
    assert!(ran.out.contains("There is 1 closed deal") && ran.out.contains("at least 2,000"), "{}", ran.out);
    let json = home.run("history audit --json").ended(3).json();
    assert_eq!((&json["blocked"], &json["deals"]), (&true.into(), &1.into()));

    let ran = home.run("model train").ended(3);
    assert!(ran.out.contains("at least 2,000") && ran.err.contains("the audit blocks training"), "{ran:?}");
    assert_eq!(home.run("model train --json").ended(3).json()["audit"]["blocked"], true);
    let ran = home.run("model train --despite-audit").ended(1);
    assert!(ran.err.contains("1 closed deals are too few") || ran.err.contains("too few"), "{ran:?}");
    assert_eq!(home.json("model list"), serde_json::json!([]));
}

#[test]
fn leads_from_the_future_are_found() {
    let future = GOOD.replace("2024-01-02", "2099-01-02").replace("2024-02-01", "2099-02-01");
    let home = home(&format!("{HEADER}{GOOD}{}", future.replace("a-1", "a-2")));
    home.run("history import deals.csv --map map.toml").ended(0);
    let json = home.run("history audit --json").ended(3).json();
    let codes: Vec<_> = json["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"created_in_future"), "{codes:?}");
}

#[test]
fn a_planted_history_is_good_enough() {
    let company = trained();
    assert_eq!(company.import.code, 0, "{:?}", company.import);
    assert!(company.import.out.contains("3,000 closed"), "{}", company.import.out);
    assert!(company.import.out.contains("Leads created 2023-01-01 to 2025-01-"), "{}", company.import.out);
    assert_eq!(company.audit.code, 0, "{:?}", company.audit);
    assert!(company.audit.out.starts_with("The history is good enough to train on.\n"), "{}", company.audit.out);
    for line in company.import.out.lines().chain(company.audit.out.lines()) {
        assert!(line.chars().count() <= 80, "wraps at 80 columns: {line}");
    }
}

/// 2,400 deals of two years whose column `Note` says how they ended.
fn leaking() -> String {
    let start: chrono::NaiveDate = "2022-01-01".parse().unwrap();
    let mut deals = HEADER.replace("Region", "Region,Note");
    for i in 0..2_400u64 {
        let created = start + chrono::Days::new(i * 730 / 2_400);
        let closed = created + chrono::Days::new(10 + i % 50);
        let (stage, note) = if i % 2 == 0 { ("Won", "contract sent") } else { ("Lost", "no answer") };
        let rep = ["Ana", "Bob", "Cai"][i as usize / 2 % 3];
        let source = if i / 2 % 50 == 7 { "fair" } else { ["Web", "Fair"][i as usize / 2 % 2] };
        writeln!(
            deals,
            "d-{i},{created},{closed},{rep},{stage},{source},Tech,{},{},North,{note}",
            1_000 + i / 2,
            5 + i / 2 % 40
        )
        .unwrap();
    }
    deals
}

#[test]
fn a_file_is_judged_before_it_is_imported_and_every_proposal_can_be_pasted() {
    let home = home(&leaking());
    home.file("map.toml", format!("{MAP}[features]\ncategorical = [\"Note\"]\n"));
    let ran = home.run("history audit deals.csv --map map.toml").ended(3);
    assert!(ran.out.starts_with("The history is not good enough to train on"), "{}", ran.out);
    for words in
        ["1. leak:Note", "\"contract sent\": 1,200 of 1,200 deals won.", "columns = [\"Note\"]", "[audit] accepted"]
    {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    assert_eq!(home.run("history audit --json").ended(3).json()["deals"], 0, "nothing was stored");

    let json = home.run("history audit deals.csv --map map.toml --json").ended(3).json();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!((&findings[0]["id"], &findings[0]["severity"]), (&"leak:Note".into(), &"blocking".into()));
    assert_eq!(findings[0]["pass"]["setting"], "block_leak_auc");
    assert_eq!(findings[0]["lines"][0], 2);
    let spelling = findings.iter().find(|finding| finding["code"] == "near_duplicate_values").unwrap();
    let proposed = |finding: &serde_json::Value| {
        let lines: Vec<String> = serde_json::from_value(finding["mapping"].clone()).unwrap();
        lines.join("\n") + "\n"
    };
    home.file("better.toml", format!("{MAP}{}{}", proposed(&findings[0]), proposed(spelling)));
    let better = home.run("history audit deals.csv --map better.toml --json").ended(0).json();
    assert_eq!(better["blocked"], false);
    let left: Vec<_> = better["findings"].as_array().unwrap().iter().map(|finding| &finding["severity"]).collect();
    assert!(left.iter().all(|severity| **severity == "note"), "{better:#}");
}

#[test]
fn what_somebody_looked_into_can_be_accepted_in_the_config_and_the_thresholds_are_there() {
    let home = home(&leaking());
    home.file("map.toml", format!("{MAP}[features]\ncategorical = [\"Note\"]\n"));
    home.file("strict.toml", "[audit]\naccepted = [\"leak:Note\"]\nmin_deals = 2401\n");
    let json = home.run("--config strict.toml history audit deals.csv --map map.toml --json").ended(3).json();
    assert_eq!(
        (&json["findings"][0]["code"], json["findings"][0]["pass"]["value"].as_f64()),
        (&"too_few_deals".into(), Some(2_401.0))
    );
    home.file("lenient.toml", "[audit]\naccepted = [\"leak:Note\"]\n");
    home.run("--config lenient.toml history audit deals.csv --map map.toml").ended(0);
    home.run("--config lenient.toml history import deals.csv --map map.toml").ended(0);
    assert_eq!(
        home.run("history audit --json").ended(3).json()["findings"][0]["id"],
        "leak:Note",
        "the same in the store"
    );
    home.run("--config lenient.toml history audit").ended(0);
    assert_eq!(home.run("history audit deals.csv").code, 2, "a file needs its map");
}
