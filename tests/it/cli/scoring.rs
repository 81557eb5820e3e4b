//! `score`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use super::company::{self, GOOD, HEADER, MAP};
use super::support::{Home, csv_rows, trained};

/// Leads as they come in: no outcome yet; the last is worked by a rep of the other territory.
fn leads() -> String {
    let mut csv = HEADER.to_owned();
    for (id, owner, region) in [("x-1", "N0", "North"), ("x-2", "", "South"), ("x-3", "S1", "North")] {
        writeln!(csv, "{id},2025-02-01T09:00:00Z,,{owner},,Referral,Tech,900000,40,{region}").unwrap();
    }
    csv
}

#[test]
fn every_lead_gets_a_row_for_each_rep_of_its_pool_best_first() {
    let home = trained().copy();
    home.file("leads.csv", leads());
    let ran = home.run("score leads.csv --map map.toml --out scores.csv").ended(0);
    assert!(ran.out.contains("3 leads scored") && ran.out.contains("scores.csv"), "{}", ran.out);
    let text = fs::read_to_string(home.path("scores.csv")).unwrap();
    assert!(text.starts_with("lead_id,rep_id,rank,p_win\n"), "{text}");

    let mut by_lead: BTreeMap<String, Vec<(String, u32, f64)>> = BTreeMap::new();
    for row in csv_rows(&home.path("scores.csv")) {
        let entry = (row[1].clone(), row[2].parse().unwrap(), row[3].parse().unwrap());
        by_lead.entry(row[0].clone()).or_default().push(entry);
    }
    let pools: Vec<usize> = by_lead.values().map(Vec::len).collect();
    assert_eq!(pools, [6, 6, 7], "the rep who has a lead is scored although they work elsewhere");
    for rows in by_lead.values() {
        let ranks: Vec<u32> = rows.iter().map(|r| r.1).collect();
        assert_eq!(ranks, (1..=rows.len() as u32).collect::<Vec<_>>());
        assert!(rows.windows(2).all(|w| w[0].2 >= w[1].2), "{rows:?}");
        assert!(rows.iter().all(|r| 0.0 < r.2 && r.2 < 1.0), "{rows:?}");
    }
    assert!(by_lead["x-1"].iter().all(|r| r.0.starts_with('N')));
    assert!(by_lead["x-3"].iter().any(|r| r.0 == "S1"));
    // The planted truth: these reps work Tech better than the others.
    let mut first: Vec<&str> = by_lead["x-1"][..2].iter().map(|r| r.0.as_str()).collect();
    first.sort_unstable();
    assert_eq!(first, ["N0", "N3"]);

    let json = home.json("score leads.csv --map map.toml --out again.csv");
    assert_eq!((json["leads"].as_u64(), json["rows"].as_u64()), (Some(3), Some(19)));
    assert_eq!(text, fs::read_to_string(home.path("again.csv")).unwrap(), "the same leads, the same scores");
}

#[test]
fn a_lead_that_nobody_can_have_is_counted_aloud() {
    let home = trained().copy();
    home.file("leads.csv", format!("{}y-1,2025-02-01,,,,Web,Tech,1,1,Atlantis\n", leads()));
    let ran = home.run("score leads.csv --map map.toml --out scores.csv").ended(0);
    assert!(ran.out.contains("3 leads scored") && ran.out.contains("No row for 1 of 4 leads"), "{}", ran.out);
    let json = home.json("score leads.csv --map map.toml --out scores.csv");
    assert_eq!(json["without_a_rep"], 1);
}

#[test]
fn after_a_failure_there_is_no_half_file_and_the_old_one_stays() {
    let home = trained().copy();
    home.file("bad.csv", format!("{}z-1,someday,,,,Web,Tech,1,1,North\n", leads()));
    home.file("scores.csv", "what was there\n");
    let before: Vec<_> = fs::read_dir(home.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    let ran = home.run("score bad.csv --map map.toml --out scores.csv").ended(1);
    assert!(ran.err.contains("bad.csv:5:"), "{}", ran.err);
    home.run("score bad.csv --map map.toml --out scores.csv --model m-nothing").ended(1);
    assert_eq!(fs::read_to_string(home.path("scores.csv")).unwrap(), "what was there\n");
    let after: Vec<_> = fs::read_dir(home.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(before, after);
    home.file("leads.csv", leads());
    assert!(home.run("score leads.csv --map map.toml --out no/such/dir.csv").ended(1).err.contains("no/such"));
}

#[test]
fn without_a_model_nothing_is_scored() {
    let home = Home::new();
    home.file("leads.csv", format!("{HEADER}{GOOD}"));
    home.file("map.toml", MAP);
    let ran = home.run("score leads.csv --map map.toml --out scores.csv").ended(1);
    assert!(ran.err.contains("leadboard model train --promote") && !home.path("scores.csv").exists(), "{ran:?}");
}

#[test]
fn what_a_spreadsheet_would_run_is_defused() {
    let home = trained().copy();
    let row = "\"=HYPERLINK(\"\"http://x\"\")\",2025-02-01,,@SUM(A1),,Web,Tech,1,1,North\n";
    home.file("leads.csv", format!("{HEADER}{row}"));
    home.run("score leads.csv --map map.toml --out scores.csv").ended(0);
    let rows = csv_rows(&home.path("scores.csv"));
    assert!(rows.iter().all(|r| r[0] == "'=HYPERLINK(\"http://x\")"), "{rows:?}");
    assert!(rows.iter().any(|r| r[1] == "'@SUM(A1)"), "{rows:?}");
    assert!(rows.iter().any(|r| r[1] == company::rep(0)), "what is harmless stays as it is");
}
