//! `leadboard demo --headless` from outside: what it prints, and that a second start goes on with what the first made.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

const LEADS: u64 = 60;

/// The program on a data directory, cut off from the settings of whoever runs the tests.
fn run(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadboard"));
    command.env_remove("LEADBOARD_REQUIRE_POSTGRES");
    command.args(args).arg("--json").arg("--data-dir").arg(data).output().unwrap()
}

fn leadboard(data: &Path, args: &[&str]) -> Json {
    let output = run(data, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {}: {errors}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
}

/// Every promised number is there; what is counted is a whole number, and nothing is missing or beyond reason.
fn check(result: &Json, leads: u64) {
    let count = |pointer: &str| {
        result.pointer(pointer).and_then(Json::as_u64).unwrap_or_else(|| panic!("{pointer} is no count in {result:#}"))
    };
    let real = |pointer: &str| {
        result.pointer(pointer).and_then(Json::as_f64).unwrap_or_else(|| panic!("{pointer} is no number in {result:#}"))
    };
    assert_eq!(count("/received"), leads);
    assert_eq!(count("/decided") + count("/superseded"), leads);
    assert_eq!(count("/effects/sent"), count("/decided"));
    for nothing in ["/in_lane", "/pending", "/lost", "/effects/pending", "/effects/failed", "/effects/duplicated"] {
        assert_eq!(count(nothing), 0, "{nothing} of {result:#}");
    }
    assert_eq!(result["reconciled"], true, "{result:#}");
    assert!((0.0..=1.0).contains(&real("/agreement_rate")));
    let [legacy, model, oracle] = ["legacy", "model", "oracle"].map(|who| real(&format!("/expected_wins/{who}")));
    assert!(legacy > 0.0 && legacy < oracle && model <= oracle, "{result:#}");
    let lift = (model - legacy) / (oracle - legacy);
    assert!((real("/captured_lift") - lift).abs() < 1e-9, "{result:#}");
    assert!(real("/latency_ms/p50") > 0.0 && real("/latency_ms/p50") <= real("/latency_ms/p99"));
    assert!(real("/crm_calls_per_lead") >= 1.0, "a lead costs a write, so this is not all calls: {result:#}");
}

#[test]
fn a_headless_demo_proves_itself_and_a_second_start_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let demo = |leads: u64| leadboard(&data, &["demo", "--headless", "--leads", &leads.to_string()]);
    let first = demo(LEADS);
    check(&first, LEADS);
    assert!(first["crm_calls_per_lead"].as_f64().unwrap() <= 1.5, "{first:#}");
    let models = leadboard(&data, &["model", "list"]);
    let [model] = models.as_array().unwrap().as_slice() else { panic!("not one model: {models:#}") };
    assert_eq!(model["champion"], true, "{models:#}");

    the_past_can_be_proved(&data);

    // From here on with the rules that the company has on the screen.
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/routing/demo.toml");
    let checked = leadboard(&data, &["rules", "check", rules.to_str().unwrap()]);
    assert_eq!(checked["checked_against_the_org"], true, "{checked:#}");
    let findings = checked["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["severity"] == "note"), "{checked:#}");
    what_the_org_does_not_have_is_named(&data);
    std::fs::copy(rules, data.join("routing.toml")).unwrap();
    let second = demo(LEADS + 20);
    check(&second, LEADS + 20);
    // Rules with caps and accounts ask the CRM how busy reps are and whose companies these are, and of so few leads each
    // bears much of what is asked once.
    assert!(second["crm_calls_per_lead"].as_f64().unwrap() <= 2.5, "{second:#}");
    the_rules_were_followed(&data);
    // Learning ends with a promotion, so an unchanged time says that nothing was pulled, trained or promoted again.
    assert!(model["promoted_at"].is_string(), "{models:#}");
    assert_eq!(leadboard(&data, &["model", "list"]), models);
}

/// Rules are compared with the picklists of the org, and with the facts that are read.
fn what_the_org_does_not_have_is_named(data: &Path) {
    let file = data.join("wrong.toml");
    let rule = |name: &str, when: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nkind = \"hot\"\nwhen = '{when}'\nowner = \"Sales Operations\"\n\
             reason = \"None\"\n"
        )
    };
    let rules = [
        rule("typo", "lead.source == \"Webinr\" || lead.industry == \"Energy\""),
        rule("no picklist", "lead.country == \"Nowhere\""),
        rule("nobody reads it", "lead.fields.regoin == \"EMEA\""),
    ];
    std::fs::write(&file, format!("format = 1\n{}", rules.concat())).unwrap();
    let output = run(data, &["rules", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let checked: Json = serde_json::from_slice(&output.stdout).unwrap();
    let of_rule = |name: &str| -> Vec<&str> {
        let findings = checked["findings"].as_array().unwrap().iter();
        let named = findings.filter(|finding| finding["rule"] == name && finding["severity"] != "note");
        named.map(|finding| finding["trouble"]["code"].as_str().unwrap()).collect()
    };
    assert_eq!(of_rule("typo"), ["not_in_picklist"], "{checked:#}");
    assert_eq!(of_rule("no picklist"), [""; 0], "{checked:#}");
    assert_eq!(of_rule("nobody reads it"), ["unknown_fact"], "{checked:#}");
}

/// The audit trail is whole, tells the story of a decision, and the ranking behind it can be made again bit for bit; and
/// a ranking that was changed afterwards cannot.
fn the_past_can_be_proved(data: &Path) {
    let trail = leadboard(data, &["audit", "verify"]);
    assert_eq!((&trail["ok"], &trail["waiting"]), (&true.into(), &0.into()), "{trail:#}");
    assert_eq!(trail["records"], trail["sealed"], "{trail:#}");

    let decided = leadboard(data, &["lead", "list", "--state", "decided", "--limit", "5"]);
    let leads: Vec<&str> = decided["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(leads.len(), 5, "{decided:#}");
    let mut traces = Vec::new();
    for lead in leads {
        let story = leadboard(data, &["audit", "show", lead]);
        let told: Vec<&str> =
            story["events"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
        let whole = ["lead.received", "lead.ranked", "decision.taken", "effect.done"];
        assert!(whole.iter().all(|what| told.contains(what)), "{told:?}");
        let trace = story["decisions"][0]["trace_id"].as_str().unwrap().to_owned();
        assert_eq!(leadboard(data, &["audit", "show", &trace]), story);
        let replay = leadboard(data, &["replay", &trace]);
        assert_eq!((&replay["equal"], &replay["differences"]), (&true.into(), &serde_json::json!([])), "{replay:#}");
        assert!(replay["reps"].as_u64().unwrap() > 1, "{replay:#}");
        traces.push(trace);
    }
    falsify_ranking(data, &traces[0]);
    let output = run(data, &["replay", &traces[0]]);
    assert_eq!(output.status.code(), Some(3));
    let replay: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(replay["equal"], false);
    assert_eq!(replay["differences"][0]["path"], "ranking.reps.0.p_win", "{replay:#}");
}

/// Some leads have the owner that a rule or an account gives them, and each of them is found the same way again.
fn the_rules_were_followed(data: &Path) {
    let decided = leadboard(data, &["lead", "list", "--state", "decided", "--limit", "500"]);
    let promised = ["strategic_rule", "account_owner", "partner_route"];
    let rows = decided["rows"].as_array().unwrap();
    let chosen = rows.iter().filter(|row| promised.contains(&row["reason"].as_str().unwrap_or_default()));
    let chosen: Vec<&str> = chosen.map(|row| row["id"].as_str().unwrap()).collect();
    assert!(!chosen.is_empty(), "no rule and no account chose any owner: {:#}", rows[0]);
    for lead in chosen {
        let shown = leadboard(data, &["lead", "show", lead]);
        assert!(shown["path"]["rungs"].as_array().unwrap().iter().any(|rung| rung["taken"] == true), "{shown:#}");
        let trace = shown["decisions"][0]["trace_id"].as_str().unwrap();
        let replay = leadboard(data, &["replay", trace]);
        assert_eq!((&replay["equal"], &replay["differences"]), (&true.into(), &serde_json::json!([])), "{replay:#}");
    }
}

/// Makes the first rep of a stored ranking look a little better.
fn falsify_ranking(data: &Path, trace: &str) {
    use sqlx::{ConnectOptions, Connection};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("leadboard.db"));
        let mut conn = options.connect().await.unwrap();
        let changed = sqlx::query(
            "UPDATE rankings SET ranking = json_set(ranking, '$.reps[0].p_win', 0.987654321)
            WHERE id = (SELECT ranking_id FROM decisions WHERE trace_id = $1)",
        );
        assert_eq!(changed.bind(trace).execute(&mut conn).await.unwrap().rows_affected(), 1);
        conn.close().await.unwrap();
    });
}
