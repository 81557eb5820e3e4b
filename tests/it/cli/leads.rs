//! `lead` and `report` on a store with a few leads.

use std::path::Path;

use leadboard::app::ports::LeadStore;
use leadboard::domain::ids::OrgId;
use leadboard::domain::lane::Lane;
use leadboard::store::SqliteStore;
use serde_json::Value as Json;

use super::support::{Home, Ran};
use crate::store_fixtures::{in_lane, ranked, raw, receive, rep, roster, take_in};

/// A company name that would clear the screen, change the title, turn the text around and run a program.
pub(crate) const HOSTILE: &str = "=cmd()\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gpj.exe\r\nsecond line";

/// Fills a data directory: a known org and roster, two leads in a lane, one hostile.
pub(crate) fn fill(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&data.join("leadboard.db")).await.unwrap();
        store.bind_org(&OrgId::new("00D1")).await.unwrap();
        store.save_roster(&roster(), crate::store_fixtures::at(0)).await.unwrap();
        in_lane(&store, "lead-1").await;
        let mut hostile = raw("lead-2", 0, rep("legacy"));
        hostile.lead.company = HOSTILE.into();
        take_in(&store, vec![receive(hostile)], 0).await;
        store.save_rankings(vec![ranked("lead-2", 0, Lane::Disagree, 0.5, 1)]).await.unwrap();
        store.close().await;
    });
}

fn office() -> Home {
    let home = Home::new();
    fill(&home.data());
    home
}

fn state(home: &Home, lead: &str) -> Json {
    home.json(&format!("lead show {lead}"))["record"]["state"].clone()
}

#[test]
fn an_empty_store_is_told_in_words() {
    let home = Home::new();
    assert_eq!(home.run("lead list").ended(0).out, "There are no such leads.\n");
    assert_eq!(home.json("lead list")["rows"], serde_json::json!([]));
    assert!(home.run("report shadow").ended(0).out.contains("nothing to compare"));
    let report = home.json("report shadow");
    assert_eq!((&report["leads"], &report["agreement_rate"]), (&0.into(), &Json::Null));
    assert!(home.run("model list").ended(0).out.contains("leadboard model train"));
    assert!(home.run("lead show 00Q1").ended(1).err.contains("there is no lead 00Q1"));
    assert!(home.run("lead approve 00Q1").ended(1).err.contains("there is no lead 00Q1"));
}

#[test]
fn leads_are_listed_by_lane_state_and_text() {
    let home = office();
    let out = home.run("lead list").ended(0).out;
    assert!(out.contains("Company lead-1") && out.contains("Bea Best") && out.contains("50.0 %"), "{out}");
    assert!(out.ends_with("2 of 2 leads\n"), "{out}");
    for (filter, count) in [
        ("--lane disagree", 2),
        ("--lane fast", 0),
        ("--state in_lane", 2),
        ("--state decided", 0),
        ("lead-1", 1),
        ("--limit 1", 1),
    ] {
        let rows = home.json(&format!("lead list {filter}"))["rows"].as_array().unwrap().len();
        assert_eq!(rows, count, "{filter}");
    }
    let ran = home.run("lead list --lane slow").ended(2);
    assert!(ran.err.contains("there are fast, disagree, low_confidence"), "{ran:?}");
}

#[test]
fn plain_lines_say_what_the_json_says_one_fact_each() {
    let home = office();
    let plain = home.run("lead list --plain").ended(0).out;
    let rows = home.json("lead list")["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2);
    for (n, row) in rows.iter().enumerate() {
        for (field, value) in row.as_object().unwrap() {
            let start = format!("rows {} of 2, {}", n + 1, field.replace('_', " "));
            assert!(plain.lines().any(|line| line.starts_with(&start)), "{start:?} ({value}) is missing in\n{plain}");
        }
    }
    // A fact is a line: no table, no column, and whatever a company is called, no second line.
    assert!(plain.lines().all(|line| line.contains(": ")), "{plain}");
    assert!(!plain.contains('\u{1b}') && plain.contains("lead-1"), "{plain}");
    assert!(home.run("lead list --plain --json").ended(2).err.contains("--json"));
    assert!(home.run("--plain").ended(2).err.contains("leadboard lead list"));
}

#[test]
fn a_list_is_written_whole_and_no_cell_is_a_formula() {
    let home = office();
    let csv = home.run("lead export").ended(0).out;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(rows[0].starts_with("id,company,source,"), "{csv}");
    assert!(rows[1].contains("Company lead-") && rows[1].contains("Bea Best"), "{csv}");
    assert!(rows[2].contains("'=cmd()") && !csv.contains('\u{1b}') && !csv.contains('\u{202e}'), "{csv}");
    let file = home.path("list.json");
    let wrote = home.json(&format!("lead export lead-1 --format json --out {}", file.display()));
    assert_eq!(wrote["rows"], 1);
    let written: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, home.json("lead list lead-1")["rows"]);
    let ran = home.run(&format!("lead export --out {}", file.display())).ended(1);
    assert!(ran.err.contains("exists"), "nothing is replaced: {ran:?}");
}

#[test]
fn keys_are_shown_and_a_keymap_that_makes_no_sense_is_refused() {
    let home = Home::new();
    let keys = home.json("keys");
    let approve = keys.as_array().unwrap().iter().find(|key| key["action"] == "approve").unwrap();
    assert_eq!((&approve["keys"], &approve["place"]), (&serde_json::json!(["a"]), &"judge".into()));
    assert!(home.run("keys vim").ended(0).out.contains("keep-legacy"));
    let file = home.file("keys.toml", "[judge]\nbless = [\"b\"]\n");
    let ran = home.run(&format!("keys {}", file.display())).ended(2);
    assert!(ran.err.contains("keys.toml, line 2: no action is called bless"), "{ran:?}");
    let config = home.file("ui.toml", "[ui]\nkeymap = \"nowhere.toml\"\n");
    let ran = home.run(&format!("config check --config {}", config.display())).ended(2);
    assert!(ran.err.contains("nowhere.toml") && ran.err.contains("default, vim"), "{ran:?}");
}

#[test]
fn a_lead_is_judged_and_taken_back_from_a_script() {
    let home = office();
    let decided = home.json("lead approve lead-1");
    assert_eq!((&decided["result"], &decided["owner_name"]), (&"decided".into(), &"Bea Best".into()));
    assert_eq!(decided["decision"]["by"], serde_json::json!({"kind": "manager", "name": "tess"}));
    assert_eq!(state(&home, "lead-1"), "decided");
    let ran = home.run("lead keep lead-1 --reason r").ended(1);
    assert!(ran.err.contains("the lead was already decided by tess at "), "{ran:?}");

    assert!(home.run("lead undo lead-1").ended(0).out.starts_with("Taken back; nothing was written."));
    assert_eq!(state(&home, "lead-1"), "in_lane");
    let ran = home.run("lead keep lead-1 --reason r").ended(0);
    assert!(
        ran.out.contains("The lead goes to Leo Legacy.") && ran.out.contains("leadboard lead undo lead-1"),
        "{ran:?}"
    );
    home.run("lead undo lead-1").ended(0);
    let ran =
        Ran::of(home.command().args(["lead", "override", "lead-1", "leo legacy", "--reason", "K"]).output().unwrap());
    assert!(ran.ended(0).out.contains("Leo Legacy"), "a rep is known by name, in any case");
    let ran = home.run("lead reroute lead-2 Leadboard_Manager --reason O").ended(1);
    assert!(ran.err.contains("needs a note"), "{ran:?}");
    let ran = home.run("lead reroute lead-2 Leadboard_Manager --reason O --note why").ended(0);
    assert!(ran.out.contains("goes to the queue Managers"), "{ran:?}");
    let shown = home.run("lead show lead-1").ended(0).out;
    assert!(shown.contains("tess: override -> Leo Legacy (waiting)") && shown.contains("undone"), "{shown}");
    assert_eq!(home.json("report shadow")["verdicts"], serde_json::json!({"override": 1, "reroute": 1}));
    assert!(home.run("report shadow").ended(0).out.contains("Verdicts: override 1, reroute 1."));
}

#[test]
fn it_is_told_why_not_another_rep() {
    let home = office();
    // Of a lead that was ranked before the way to a recommendation was kept, nobody can tell.
    assert_eq!(home.json("lead show lead-1")["explanation"], Json::Null);
    let ran = home.run("lead show lead-1 --why-not legacy").ended(1);
    assert!(ran.err.contains("no way to a recommendation is stored"), "{ran:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        let office = crate::routing::office(&store).await;
        office.publish(1).await.unwrap();
        office.lead("lead-3", "Acme", 2).await;
        store.close().await;
    });
    let shown = home.run("lead show lead-3").ended(0).out;
    for words in [
        "why not Leo Legacy (legacy owner):",
        "  The model ranks Leo Legacy number 2, with 30.0 %; Bea Best has 50.0 %.",
        "the smallest change that puts Leo Legacy first:",
        "  Leo Legacy would have to reach 50.0 % instead of 30.0 %.",
        "all of this is as it was ranked:",
        "talk track for Bea Best:",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("why not Bea Best"), "{shown}");
    let command = ["lead", "show", "lead-3", "--why-not", "bea best"];
    let asked = Ran::of(home.command().args(command).output().unwrap()).ended(0).out;
    assert!(asked.contains("why not Bea Best:") && asked.contains("Bea Best gets it."), "{asked}");
    let told = home.json("lead show lead-3 --why-not legacy")["explanation"].clone();
    assert_eq!((&told["asked"]["rep"], &told["asked"]["why_not"][0]["code"]), (&"legacy".into(), &"ranked".into()));
    assert_eq!(told["asked"]["smallest_change"][0]["to"], 0.5);
    assert_eq!(told["talk_track"]["name"], "Bea Best");
    let ran = home.run("lead show lead-3 --why-not Bea-Best").ended(1);
    assert!(ran.err.contains("did you mean \"Bea Best\"?"), "{ran:?}");
}

#[test]
fn what_cannot_be_done_is_refused_with_the_cure() {
    let home = office();
    for (line, code, words) in [
        ("lead keep lead-1", 2, "--reason"),
        ("lead keep lead-1 --reason z", 2, "K1  Key account: named account"),
        ("lead override lead-1 Bea --reason K", 1, "there is no rep Bea"),
        ("lead override lead-1 Bea-Best --reason K", 1, "did you mean \"Bea Best\"?"),
        ("lead reroute lead-1 Managres --reason Q", 1, "did you mean \"Managers\"?"),
        ("lead snooze lead-1 5y", 2, "15m, 1h or 2d"),
        ("lead snooze lead-1 0m", 2, "15m, 1h or 2d"),
        ("lead undo lead-1", 1, "there is no decision to take back"),
    ] {
        let ran = home.run(line);
        assert!(ran.code == code && ran.err.contains(words) && ran.out.is_empty(), "{line}: {ran:?}");
        assert_eq!(state(&home, "lead-1"), "in_lane", "{line}");
    }
    assert!(home.run("lead snooze lead-1 2h").ended(0).out.starts_with("The lead comes back to its lane at "));
    assert!(home.run("lead undo lead-1").ended(0).out.contains("only snoozed"));
    assert_eq!(home.json("status")["snoozed"], 0);
    let told = home.json("audit show lead-1")["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["told"].clone())
        .collect::<Vec<_>>();
    assert!(told.contains(&"snoozed".into()) && told.contains(&"awake again".into()), "{told:?}");
    home.run("lead undo lead-1").ended(1);
}

#[test]
fn a_verdict_that_is_only_recorded_does_not_promise_a_write() {
    let home = office();
    home.file("record.toml", "[routing]\nwrite_verdicts = false\n");
    let ran = home.run("lead approve lead-1 --config record.toml").ended(0);
    assert!(ran.out.contains("Only recorded: write_verdicts = false"), "{ran:?}");
    assert!(!ran.out.contains("worker"), "{ran:?}");
}

#[test]
fn hostile_names_reach_neither_the_terminal_nor_the_shape_of_the_table() {
    let home = office();
    for line in ["lead list", "lead show lead-2", "report shadow"] {
        let ran = home.run(line).ended(0);
        let harmless = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(ran.out.chars().chain(ran.err.chars()).all(harmless), "{line}: {ran:?}");
        assert!(!ran.out.lines().any(|l| l.starts_with("second line")), "{line}: {ran:?}");
    }
    assert!(home.run("lead list").out.contains("=cmd()\u{FFFD}[2J"), "an attempt stays visible");
    let json = home.run("lead show lead-2 --json").ended(0);
    assert!(!json.out.contains('\u{1b}'), "JSON escapes control characters");
    assert_eq!(json.json()["record"]["lead"]["company"], HOSTILE, "a program gets what the CRM has");
}

#[test]
fn the_audit_trail_is_verified_and_tells_the_story_of_a_lead() {
    let home = office();
    let out = home.run("audit verify").ended(0).out;
    assert!(out.starts_with("The audit trail is whole"), "{out}");
    let head = out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    home.run(&format!("audit verify --head {head}")).ended(0);
    let other = format!("1:{}", "0".repeat(64));
    let ran = home.run(&format!("audit verify --head {other}")).ended(3);
    assert!(ran.out.contains("WRONG: place 1 was kept with another hash"), "{}", ran.out);
    assert!(home.run("audit verify --head nonsense").ended(2).err.contains("NUMBER:HASH"));

    let out = home.run("audit show lead-2").ended(0).out;
    assert!(out.contains("lead.received") && out.contains("lead.ranked"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{out:?}");
    assert!(home.run("audit show 00Q1").ended(1).err.contains("there is no lead 00Q1"));
    assert!(home.run("replay 01a2").ended(2).err.contains("TRACE"));
}

#[test]
fn disagreements_are_told_by_owners_and_cause_with_what_was_said() {
    let home = Home::new();
    assert!(home.run("lead disagreements").ended(0).out.contains("open: 0 of 0 leads"));
    let home = office();
    let told = home.json("lead disagreements");
    let open = &told["open"];
    assert_eq!((&open["looked_at"], &open["complete"], &open["total"]["leads"]), (&2.into(), &true.into(), &2.into()));
    assert_eq!(open["causes"][0]["cause"], "too_few_deals");
    assert_eq!(open["matrix"]["cells"][0]["leads"], 2);
    assert_eq!(open["groups"][0]["leads_of"].as_array().map(Vec::len), Some(2));
    home.run("lead keep lead-1 --reason T").ended(0);
    let told = home.json("lead disagreements --days 7");
    assert_eq!((&told["open"]["total"]["leads"], &told["decided"]["total"]["kept"]), (&1.into(), &1.into()));
    assert_eq!(told["decided"]["rows"][0]["said"]["reason"], "T");
    let out = home.run("lead disagreements").ended(0).out;
    assert!(out.contains("not enough evidence") && out.contains("approved"), "{out}");
    assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
}

#[test]
fn a_lead_is_told_with_why_its_owners_differ() {
    let home = office();
    // These rankings keep no way to the recommendation, so nothing is explained; the matrix tells the cause all the same.
    assert_eq!(home.json("lead show lead-1")["explanation"], Json::Null);
}

#[test]
fn what_if_says_what_is_missing() {
    let home = office();
    home.run("lead what-if lead-1 --set source").ended(2);
    home.run("lead what-if lead-1 --set source=Webinar").ended(1);
}
