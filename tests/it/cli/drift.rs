//! `model drift`.

use super::support::{Home, trained};

#[test]
fn drift_says_what_it_rests_on_and_what_is_missing() {
    let company = trained();
    let found = company.home.json("model drift");
    assert_eq!(found["drift"]["verdict"], "too_few");
    assert_eq!(found["drift"]["deals"], 3_000);
    assert_eq!(found["alerts"], serde_json::json!([]));
    let mut facts: Vec<&str> =
        found["drift"]["facts"].as_array().unwrap().iter().map(|f| f["fact"].as_str().unwrap()).collect();
    facts.sort_unstable();
    assert_eq!(facts, ["annual_revenue", "employees", "industry", "source", "territory"]);

    let text = company.home.run("model drift --days 7").ended(0).out;
    let words_only = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["Too few leads to compare", "in the last 7 days, 100 are needed", "lead score", "too few"] {
        assert!(words_only.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn without_a_model_there_is_nothing_to_compare_with() {
    let ran = Home::new().run("model drift").ended(1);
    assert!(ran.err.contains("no model ranks yet"), "{ran:?}");
}
