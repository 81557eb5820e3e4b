//! Gates and "does who matter?" on companies whose truth is known.

use std::sync::atomic::AtomicBool;

use leadboard::model::who_matters::Finding;
use leadboard::model::{Clearance, TrainOptions, Trained, train};

use super::company::{Company, Spread};

fn trained(seed: u64, spread: Spread, deals: usize) -> Trained {
    let deals = Company::new(seed, 60, spread).history(deals);
    train(&deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

#[test]
fn who_matters_where_reps_differ() {
    let card = trained(7, Spread::STRONG, 12_000).card;
    let who = card.who_matters.unwrap();
    assert_eq!(card.clearance, Clearance::Routes);
    assert_eq!(who.finding, Finding::Matters, "{who:?}");
    assert!(who.text.starts_with("Who works a lead matters. Of what"), "{}", who.text);
    // Perfect routing under the reps' capacity wins 11.9 of 100 more in this company.
    let router = who.router.unwrap();
    assert!(router.ceiling.low < 0.119 && 0.119 < router.ceiling.high, "{router:?}");
    assert!((router.ceiling.value - 0.119).abs() < 0.03 && router.model.value < router.ceiling.value, "{router:?}");
    // The planted effects are 0.35 for the rep, and 0.56 for the fit with industry and size.
    let (rep, fit) = who.effect_sd.unwrap();
    assert!((rep - 0.35).abs() < 0.15 && (fit - 0.56).abs() < 0.15, "{rep} {fit}");
    assert!(card.out_of_time.by_rep.len() == 60 && card.out_of_time.test_period.is_some());
}

#[test]
fn who_does_not_matter_where_reps_are_equal() {
    let card = trained(5, Spread::NONE, 12_000).card;
    let who = card.who_matters.unwrap();
    assert_eq!(who.finding, Finding::DoesNotMatter, "{who:?}");
    assert!(who.text.starts_with("Who works a lead does not matter here"), "{}", who.text);
    assert!(card.clearance != Clearance::Routes && card.verdict.contains("cannot yet tell which rep is better"));
}

#[test]
fn an_older_card_is_still_read() {
    let card = trained(3, Spread::STRONG, 1_500).card;
    let mut old = serde_json::to_value(&card).unwrap();
    let fields = old.as_object_mut().unwrap();
    assert!(fields.remove("who_matters").is_some());
    for evaluation in ["stratified", "out_of_time"] {
        let evaluation = old[evaluation].as_object_mut().unwrap();
        for field in
            ["train_period", "test_period", "ece_equal_mass", "spiegelhalter", "in_the_large", "by_rep", "baselines"]
        {
            assert!(evaluation.remove(field).is_some(), "{field}");
        }
    }
    let read: leadboard::model::Card = serde_json::from_value(old).unwrap();
    assert_eq!((read.who_matters, read.out_of_time.auc), (None, card.out_of_time.auc));
}
