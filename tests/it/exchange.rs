//! Models that leave and models that come in, through the real binary.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::cli::support::{Home, trained};

/// A copy of a company whose model ranks, with the model and the rows of its history written out.
fn exported() -> (Home, String) {
    let home = trained().copy();
    let id = home.json("model list")[0]["id"].as_str().unwrap().to_owned();
    home.run("model export --out champion.json").ended(0);
    home.run("model export --format matrix --out rows.csv").ended(0);
    (home, id)
}

/// The margins that `model predict` prints, as text, so that the last bit counts.
fn margins(home: &Home, model: &str) -> Vec<String> {
    let out = home.run(&format!("model predict {model} --rows rows.csv --labelled")).ended(0).out;
    let lines: Vec<String> = out.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(lines.len(), 3_000);
    lines
}

fn json_of(home: &Home, name: &str) -> Value {
    serde_json::from_slice(&fs::read(home.path(name)).unwrap()).unwrap()
}

#[test]
fn every_format_of_an_exported_model_has_the_margins_of_the_stored_one() {
    let (home, id) = exported();
    home.run(&format!("model export {id} --format ubjson --out champion.ubj")).ended(0);
    let told = home.json("model export --out champion.tar.gz");
    assert_eq!((told["id"].as_str().unwrap(), &told["forests"]), (id.as_str(), &json!(1)));
    let stored = margins(&home, "");
    assert!(stored.iter().collect::<BTreeSet<_>>().len() > 500);
    for file in ["champion.json", "champion.ubj", "champion.tar.gz"] {
        assert_eq!(margins(&home, &format!("--file {file}")), stored, "{file}");
    }

    // What SageMaker wants: one file and nothing else. What tells the columns lies beside.
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(home.path("champion.tar.gz")).unwrap()));
    let names: Vec<_> = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("xgboost-model")]);
    let sidecar = json_of(&home, "champion.leadboard.json");
    assert_eq!(sidecar["model"]["id"], json!(id));
    assert_eq!(sidecar["model"]["card"]["data"]["deals"], 3_000);
    assert_eq!(sidecar["model"]["card"]["gates"].as_array().unwrap().len(), 4);
    let left: Vec<_> = fs::read_dir(home.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".partial")), "{left:?}");
}

#[test]
fn the_rows_to_train_on_elsewhere_know_nothing_of_the_deals_held_out() {
    let (home, _) = exported();
    let told = home.json("model export --format matrix --out old.csv --holdout new.csv");
    let lines = |name: &str| -> Vec<String> {
        fs::read_to_string(home.path(name)).unwrap().lines().map(str::to_owned).collect()
    };
    let (rows, old, new) = (lines("rows.csv"), lines("old.csv"), lines("new.csv"));
    assert_eq!((rows.len(), new.len()), (3_000, 600));
    // Deals that were still open when the newest fifth began are in neither.
    assert!(old.len() > 2_200 && old.len() < 2_400, "{}", old.len());
    let columns = json_of(&home, "old.leadboard.json")["features"]["spec"]["columns"].as_array().unwrap().len();
    assert_eq!(told["columns"], columns);
    for line in old.iter().chain(&new) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), columns + 1);
        assert!(["0", "1"].contains(&cells[0]) && cells.iter().all(|c| c.is_empty() || c.parse::<f32>().is_ok()));
    }

    // The same history without its newest fifth gives the same rows to learn from.
    let until = told["until"].as_str().unwrap();
    let day = until.split('T').next().unwrap();
    let earlier = Home::new();
    let csv = fs::read_to_string(trained().home.path("deals.csv")).unwrap();
    let cut: Vec<&str> = csv
        .lines()
        .enumerate()
        .filter(|(i, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            *i == 0 || (cells[1] < until && cells[2] < day)
        })
        .map(|(_, line)| line)
        .collect();
    earlier.file("deals.csv", cut.join("\n"));
    earlier.file("map.toml", crate::cli::company::MAP);
    earlier.run("history import deals.csv --map map.toml").ended(0);
    earlier.run("model export --format matrix --out old.csv").ended(0);
    assert!(fs::read(earlier.path("old.csv")).unwrap() == fs::read(home.path("old.csv")).unwrap());

    let ran = home.run("model export --out m.json --holdout new.csv").ended(2);
    assert!(ran.err.contains("--format matrix"), "{ran:?}");
}

#[test]
fn a_model_from_elsewhere_is_judged_on_the_deals_it_cannot_have_seen() {
    let (home, id) = exported();
    let until = "2024-07-01";
    let told =
        home.json(&format!("model import champion.json --features champion.leadboard.json --trained-until {until}"));
    let csv = fs::read_to_string(trained().home.path("deals.csv")).unwrap();
    let later = csv.lines().skip(1).filter(|line| line.split(',').nth(1).unwrap() >= until).count();
    let (card, imported) = (&told["card"], told["id"].as_str().unwrap());
    assert!(later > 600 && later < 1_200, "{later}");
    assert_eq!((&card["imported"]["later_deals"], &card["imported"]["unseen_deals"]), (&json!(later), &json!(later)));
    assert_eq!(card["out_of_time"]["test_deals"], json!(later.div_ceil(2)));
    assert_eq!(card["calibration"]["deals"], json!(later));
    assert_eq!(card["imported"]["files"][0]["origin"]["objective"], "binary:logistic");
    assert_eq!(card["out_of_time"]["train_deals"], json!(3_000 - later));
    assert!(card["out_of_time"]["auc"]["low"].as_f64().unwrap() > 0.6, "{card}");

    // It is a challenger with the same margins; nothing ranks differently until somebody says so.
    let list = home.json("model list");
    let champions: Vec<_> = list.as_array().unwrap().iter().filter(|m| m["champion"] == true).collect();
    assert_eq!((list.as_array().unwrap().len(), champions[0]["id"].as_str().unwrap()), (2, id.as_str()));
    assert_eq!(margins(&home, imported), margins(&home, &id));
    let shown = home.run(&format!("model show {imported}")).ended(0).out;
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("imported from champion.json: XGBoost 1.7.4, binary:logistic, gbtree"), "{shown}");
    assert!(words.contains(&format!("{later} stored deals are later, and it is judged on those alone")), "{shown}");

    // The same file again is the same model; with another claim about its data it is another one.
    let again =
        home.json(&format!("model import champion.json --features champion.leadboard.json --trained-until {until}"));
    assert_eq!(again["id"], told["id"]);
    let other = home.json("model import champion.json --features champion.leadboard.json --trained-until 2024-06-30");
    assert_ne!(other["id"], told["id"]);
}

#[test]
fn nobody_is_believed_about_a_model_whose_data_nobody_knows() {
    let (home, _) = exported();
    for (claim, why) in [("", "nobody said until when"), (" --trained-until 2024-12-31", "too few to judge it by")] {
        let told = home.json(&format!("model import champion.json --features champion.leadboard.json{claim}"));
        let card = &told["card"];
        assert_eq!((&card["clearance"], &card["imported"]["unseen_deals"]), (&json!("scores_leads"), &json!(0)));
        let verdict = card["verdict"].as_str().unwrap();
        assert!(verdict.contains(why) && verdict.contains("none of them proves anything"), "{verdict}");
        assert!(verdict.ends_with("it does not route them."), "{verdict}");
    }
}

#[test]
fn several_models_are_averaged_and_leave_as_several_files() {
    let (home, id) = exported();
    home.run("model export --format ubjson --out champion.ubj").ended(0);
    // The second one leans another way.
    let mut other = json_of(&home, "champion.json");
    other["learner"]["learner_model_param"]["base_score"] = "9E-1".into();
    home.file("other.json", other.to_string());
    let told = home.json("model import champion.ubj other.json --features champion.leadboard.json");
    let both = told["id"].as_str().unwrap();
    let probability = |model: &str| -> Vec<f64> {
        let out = home.run(&format!("model predict {model} --rows rows.csv --labelled")).ended(0).out;
        out.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    let (one, two) = (probability(&id), probability("--file other.json"));
    for (mean, (a, b)) in probability(both).iter().zip(one.iter().zip(&two)) {
        assert!((mean - f64::midpoint(*a, *b)).abs() < 1e-6);
    }
    home.run(&format!("model promote {both}")).ended(0);
    home.file(
        "leads.csv",
        "Lead,Created,Owner,Source,Industry,Revenue,Employees,Region\nx,2025-02-01,N1,Web,Tech,1000,9,North\n",
    );
    home.run("score leads.csv --map map.toml --out scores.csv").ended(0);

    let ran = home.run(&format!("model export {both} --out both.json")).ended(2);
    assert!(ran.err.contains("averages 2 forests") && ran.err.contains(".tar.gz"), "{ran:?}");
    assert!(!home.path("both.json").exists() && !home.path("both.leadboard.json").exists());
    home.run(&format!("model export {both} --out both.tar.gz")).ended(0);
    assert_eq!(probability("--file both.tar.gz"), probability(both));
}

#[test]
fn a_file_that_is_refused_changes_nothing() {
    let (home, _) = exported();
    let before = (home.json("model list"), margins(&home, ""));
    let good = json_of(&home, "champion.json");
    let columns = json_of(&home, "champion.leadboard.json")["features"]["spec"]["columns"].clone();
    let names: Vec<&str> = columns.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();

    let mut fewer = good.clone();
    fewer["learner"]["learner_model_param"]["num_feature"] = "5".into();
    for tree in fewer["learner"]["gradient_booster"]["model"]["trees"].as_array_mut().unwrap() {
        let n = tree["split_indices"].as_array().unwrap().len();
        tree["split_indices"] = json!(vec![0; n]);
    }
    home.file("fewer.json", fewer.to_string());
    let mut renamed = good.clone();
    let mut other_names = names.clone();
    other_names[2] = "something else";
    renamed["learner"]["feature_names"] = json!(other_names);
    home.file("renamed.json", renamed.to_string());
    let mut ranker = good.clone();
    ranker["learner"]["objective"]["name"] = "rank:ndcg".into();
    home.file("ranker.json", ranker.to_string());
    home.file("pickled.json", b"\x80\x04\x95rest");
    let mut half = fs::read(home.path("champion.json")).unwrap();
    half.truncate(half.len() / 2);
    home.file("half.json", half);

    for (file, features, words) in [
        ("fewer.json", "champion.leadboard.json", format!("5 columns, but the feature list has {}", names.len())),
        ("fewer.json", "champion.leadboard.json", format!("first it lacks being `{}`", names[5])),
        (
            "renamed.json",
            "champion.leadboard.json",
            format!("column 3 is `something else`, but in the feature list it is `{}`", names[2]),
        ),
        ("ranker.json", "champion.leadboard.json", "rank:ndcg".into()),
        ("pickled.json", "champion.leadboard.json", "Python pickle".into()),
        ("half.json", "champion.leadboard.json", "damaged".into()),
        ("champion.json", "champion.json", "not a feature list".into()),
        ("champion.leadboard.json", "champion.leadboard.json", "give it as --features".into()),
    ] {
        let ran = home.run(&format!("model import {file} --features {features}")).ended(1);
        assert!(ran.err.contains(&words) && ran.err.contains(file), "{words}: {}", ran.err);
    }
    let ran = home.run("model import champion.json --features champion.leadboard.json --trained-until soon").ended(2);
    assert!(ran.err.contains("2026-01-31"), "{ran:?}");
    assert_eq!((home.json("model list"), margins(&home, "")), before);
}

#[test]
fn rolling_back_makes_the_model_before_rank_again() {
    let (home, first) = exported();
    let ran = home.run("model rollback").ended(1);
    assert!(ran.err.contains("no other model has ranked"), "{ran:?}");
    let told = home.json("model import champion.json --features champion.leadboard.json");
    let second = told["id"].as_str().unwrap();
    // A challenger that never ranked is nothing to go back to.
    home.run("model rollback").ended(1);
    home.run(&format!("model promote {second}")).ended(0);
    let champion = || home.json("model show")["id"].as_str().unwrap().to_owned();
    assert_eq!(champion(), second);
    let told = home.json("model rollback");
    assert_eq!((told["id"].as_str().unwrap(), told["instead_of"].as_str().unwrap()), (first.as_str(), second));
    assert_eq!(champion(), first);
    home.run("model rollback").ended(0);
    assert_eq!(champion(), second);
}

#[test]
fn rows_that_do_not_fit_are_refused_with_their_line() {
    let (home, _) = exported();
    let ran = home.run("model predict --rows rows.csv").ended(1);
    assert!(ran.err.contains("rows.csv:1") && ran.err.contains("--labelled"), "{ran:?}");
    let mut text = String::new();
    fs::File::open(home.path("rows.csv")).unwrap().read_to_string(&mut text).unwrap();
    let header = text.lines().next().unwrap().split(',').map(|_| "name").collect::<Vec<_>>().join(",");
    home.file("named.csv", format!("{header}\n{text}"));
    let ran = home.run("model predict --rows named.csv --labelled").ended(1);
    assert!(ran.err.contains("named.csv:1") && ran.err.contains("no header"), "{ran:?}");
    let told = home.json("model predict --rows rows.csv --labelled --out scored.csv");
    assert_eq!(told["rows"], 3_000);
    let scored = fs::read_to_string(home.path("scored.csv")).unwrap();
    assert!(scored.starts_with("margin,probability,p_win\n"));
    let first: Vec<f64> = scored.lines().nth(1).unwrap().split(',').map(|cell| cell.parse().unwrap()).collect();
    assert!((first[1] - 1.0 / (1.0 + (-first[0]).exp())).abs() < 1e-6 && first[2] > 0.0 && first[2] < 1.0);
}
