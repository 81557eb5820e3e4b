//! `leadboard torture` from outside: it finds nothing in the product, and it finds the damage when a guard is left out.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value as Json;
use tempfile::TempDir;

const SEED: &str = "11";

/// One at a time: each is two or three processes at work. The model is trained by the first and used by all.
static WORKSHOP: LazyLock<Mutex<TempDir>> = LazyLock::new(|| Mutex::new(tempfile::tempdir().unwrap()));

/// Runs torture; its exit code and its report.
fn torture(arguments: &[&str]) -> (i32, Json) {
    let workshop = WORKSHOP.lock().unwrap_or_else(PoisonError::into_inner);
    let place = tempfile::tempdir_in(workshop.path()).unwrap();
    let model: PathBuf = workshop.path().join("model.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadboard"));
    command.args(["torture", "--json", "--seed", SEED, "--data-dir"]).arg(place.path().join("data"));
    let output = command.arg("--model").arg(&model).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {errors}"));
    (output.status.code().unwrap(), report)
}

fn number(report: &Json, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {report:#}"))
}

#[test]
fn kills_and_every_fault_break_no_promise() {
    let (code, report) = torture(&["--leads", "150", "--kills", "10", "--faults", "all"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!((number(&report, "leads"), number(&report, "kills"), number(&report, "seed")), (150, 10, 11));
    for broken in ["lost", "doubled", "overruled", "mismatched"] {
        assert_eq!(number(&report, broken), 0, "{report:#}");
    }
    assert_eq!(report["chain_ok"], true, "{report:#}");
    // Else all of the above proves little.
    assert!(number(&report, "faults") > 40 && number(&report, "acts_of_people") > 3, "{report:#}");
    assert!(report["ended"]["superseded"].as_u64() > Some(0) && report["effects"]["undone"].as_u64() > Some(0));
    assert!(report["effects"]["put_back"].as_u64() > Some(0), "{report:#}");
}

#[tokio::test]
async fn where_two_share_a_database_the_one_takes_over_from_the_other() {
    let Some(database) = crate::store_cluster::database().await else { return };
    let run = ["--leads", "80", "--kills", "8", "--faults", "all", "--database-url", &database.url];
    let (code, report) = torture(&run);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!((number(&report, "leads"), number(&report, "kills")), (80, 8));
    assert_eq!((&report["store"], &report["chain_ok"]), (&"postgres".into(), &true.into()), "{report:#}");
    assert!(number(&report, "faults") > 40, "{report:#}");
    // Each kill is followed by a look into the store, except those that struck before it; and two begin, and two end.
    let looks = report["conservation"]["checks"].as_u64().unwrap();
    assert!(looks >= 8 - number(&report, "kills_at_start") + 2, "{report:#}");
}

/// Without this guard, torture finds this kind of damage.
fn shows(plant: &str, arguments: &[&str], damage: &str) {
    let (code, report) = torture(&[arguments, &["--plant", plant]].concat());
    assert_eq!(code, 1, "{plant} is not noticed: {report:#}");
    assert!(number(&report, damage) > 0, "{plant}: {report:#}");
}

#[test]
fn without_a_lasting_decision_key_it_finds_doubles() {
    // Behind the key stands the condition, which prevents most of the damage; so it is left out in both runs.
    let run = ["--leads", "8", "--kills", "0", "--faults", "late_write=16"];
    shows("decision_key,condition", &run, "doubled");
    let (_, report) = torture(&[run.as_slice(), &["--plant", "condition"]].concat());
    assert_eq!(number(&report, "doubled"), 0, "{report:#}");
}

#[test]
fn without_a_condition_on_the_write_it_finds_people_overruled() {
    shows("condition", &["--leads", "30", "--kills", "0", "--faults", "taken=0.4"], "overruled");
}

#[test]
fn without_a_look_before_the_next_try_it_finds_people_overruled() {
    shows("read_before_write", &["--leads", "30", "--kills", "0", "--faults", "taken=0.4"], "overruled");
}

#[test]
fn without_the_overlap_it_finds_lost_leads() {
    let run = ["--leads", "60", "--kills", "0", "--faults", "late_commit=0.5"];
    shows("overlap", &run, "lost");
    let (_, report) = torture(&run);
    assert_eq!(number(&report, "lost"), 0, "{report:#}");
}

#[test]
fn with_the_cursor_stored_first_it_finds_lost_leads() {
    // The overlap would heal it, so it is left out as well; by itself, and without late commits, that loses nothing.
    let run = ["--leads", "40", "--kills", "7", "--faults", "none"];
    shows("cursor_first,overlap", &run, "lost");
    let (_, report) = torture(&[run.as_slice(), &["--plant", "overlap"]].concat());
    assert_eq!(number(&report, "lost"), 0, "{report:#}");
}

#[test]
fn without_leases_two_workers_send_twice() {
    // Behind the lease stand the key and the condition, each of which prevents the damage; so they are left out in both.
    // The org is in order: of a call that failed nobody would know whether it had its effect.
    let run = ["--leads", "12", "--kills", "0", "--faults", "none"];
    shows("second_worker,decision_key,condition,lease", &run, "doubled");
    let (_, report) = torture(&[run.as_slice(), &["--plant", "second_worker,decision_key,condition"]].concat());
    assert_eq!(number(&report, "doubled"), 0, "{report:#}");
}
