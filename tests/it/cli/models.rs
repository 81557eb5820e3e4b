//! `model train`, `list`, `show` and `promote`.

use super::company::{self, MAP, Truth};
use super::support::{Home, trained};

#[test]
fn a_signal_is_learned_and_the_model_ranks() {
    let company = trained();
    assert_eq!(company.train.code, 0, "{:?}", company.train);
    let result = company.train.json();
    assert_eq!(result["promoted"], true);
    let auc = &result["card"]["out_of_time"]["auc"];
    let (low, value, high) =
        (auc["low"].as_f64().unwrap(), auc["value"].as_f64().unwrap(), auc["high"].as_f64().unwrap());
    assert!(0.6 < low && low < value && value < high && high < 0.9, "{auc}");

    let list = company.home.json("model list");
    assert_eq!((list.as_array().unwrap().len(), &list[0]["champion"]), (1, &true.into()));
    assert_eq!(list[0]["id"], result["id"]);
    let shown = company.home.json("model show");
    assert_eq!((&shown["id"], &shown["card"]), (&result["id"], &result["card"]));

    let id = result["id"].as_str().unwrap();
    let list = company.home.run("model list").ended(0).out;
    assert!(list.contains(id) && list.contains("ranks") && list.contains("3000"), "{list}");
    let card = company.home.run(&format!("model show {id}")).ended(0).out;
    let joined = card.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["3000 deals", "of 12 reps", "later deals", "95 % interval", "G1 passed", "calibration error"] {
        assert!(joined.contains(words), "{words}: {card}");
    }
    // The paragraph for a manager comes before everything else.
    let at = |words: &str| joined.find(words).unwrap_or_else(|| panic!("{words}: {card}"));
    assert!(
        at("This model tells good leads from bad") < at("Who works a lead") && at("Who works a lead") < at("G1 passed")
    );
    assert!(card.lines().all(|line| line.chars().count() <= 80), "{card}");
    let ran = company.home.run("model show m-nothing").ended(1);
    assert!(ran.err.contains("leadboard model list"), "{ran:?}");
}

#[test]
fn a_coin_toss_is_refused_in_words_a_manager_understands() {
    let home = Home::new();
    home.file("deals.csv", company::history(7, Truth::Coin));
    home.file("map.toml", MAP);
    home.run("history import deals.csv --map map.toml").ended(0);
    let ran = home.run("model train --promote").ended(3);
    let out = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("This model cannot tell good leads from bad"), "{out}");
    assert!(out.contains("coin") && out.contains("It must not route leads."), "{out}");
    assert!(out.contains("G1 failed") && out.contains("cannot be promoted"), "{out}");
    assert!(ran.err.contains("gate G1 refuses"), "{}", ran.err);

    let list = home.json("model list");
    let (id, champion) = (list[0]["id"].as_str().unwrap(), &list[0]["champion"]);
    assert_eq!(champion, false);
    let ran = home.run(&format!("model promote {id} --json")).ended(3);
    assert_eq!(ran.json()["promoted"], false);
    assert_eq!(home.json("model list")[0]["champion"], false);
    let ran = home.run("model show").ended(1);
    assert!(ran.err.contains("no model ranks yet"), "{ran:?}");
}
