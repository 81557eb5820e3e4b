//! Metrics of scores that anybody made.

use super::support::Home;

#[test]
fn scores_of_any_model_are_judged_and_two_are_compared() {
    let home = Home::new();
    home.file(
        "scores.csv",
        "rep,p,y,p2\nAna,0.8,won,0.5\nAna,0.4,1,0.6\nBob,0.6,lost,0.4\nBob,0.4,0,0.7\nBob,0.1,false,0.2\n",
    );
    let json = home.json("model evaluate scores.csv");
    // By hand: wins 0.8 and 0.4 against losses 0.6, 0.4 and 0.1 are ahead in 4.5 of 6 pairs; those of p2 in 4.
    assert_eq!(json["p"]["auc"]["value"], 0.75);
    assert!((json["comparison"]["auc_difference"]["value"].as_f64().unwrap() - (4.5 - 4.0) / 6.0).abs() < 1e-12);
    assert_eq!((&json["p"]["deals"], &json["p"]["wins"]), (&5.into(), &2.into()));
    assert_eq!(json["by_rep"][0]["rep"], "Ana");
    let text = home.run("model evaluate scores.csv").ended(0).out;
    for words in
        ["5 deals, 2 won, 3 lost", "AUC (95 %)", "0.7500 (", "Spiegelhalter", "AUC of p less that of p2: +0.0833"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!home.data().exists(), "nothing is stored");
}

#[test]
fn a_file_that_cannot_be_judged_is_refused_with_the_place() {
    let home = Home::new();
    for (text, words) in [
        ("p,outcome\n0.5,1\n", "there is no column y"),
        ("p,y\n0.5,1\n1.5,0\n", "line 3: p is \"1.5\", but must be a number from 0 to 1"),
        ("p,y\nNaN,1\n", "line 2: p is"),
        ("p,y\n0.5,maybe\n", "line 2: y is \"maybe\""),
        ("p,y\n", "no rows"),
        ("p,y,p2\n0.5,1\n", "2 fields"),
    ] {
        home.file("scores.csv", text);
        let ran = home.run("model evaluate scores.csv").ended(1);
        assert!(ran.err.contains("scores.csv") && ran.err.contains(words), "{words}: {ran:?}");
    }
    home.file("scores.csv", "p,y\n0.5,1\n0.7,1\n");
    let ran = home.run("model evaluate scores.csv").ended(0);
    assert!(ran.out.contains("cannot be told") && ran.out.contains("one outcome only"), "{ran:?}");
}
