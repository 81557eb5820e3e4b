//! Gates and "does who matter?" on companies whose truth is known.

use std::sync::atomic::AtomicBool;

use leadboard::model::who_matters::Finding;
use leadboard::model::{Clearance, TrainOptions, Trained, train};

#[expect(dead_code, reason = "shared with the tests of the model, which use more of it")]
#[path = "model/company.rs"]
mod company;

use company::{Company, Spread};

fn trained(seed: u64, spread: Spread, deals: usize) -> Trained {
    let deals = Company::new(seed, 60, spread).history(deals);
    train(&deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

#[test]
fn who_matters_where_reps_differ() {
    let card = trained(7, Spread::STRONG, 12_000).card;
    let who = card.who_matters.unwrap();
    assert_eq!(card.clearance, Clearance::Routes);
    assert_eq!(who.finding, Finding::Matters);
}

#[test]
fn who_does_not_matter_where_reps_are_equal() {
    let card = trained(5, Spread::NONE, 12_000).card;
    let who = card.who_matters.unwrap();
    assert_eq!(who.finding, Finding::DoesNotMatter);
    assert!(who.text.starts_with("Who works a lead does not matter here"), "{}", who.text);
}
