//! How many leads a second a trained model scores against a hundred reps: features, forest, calibration, intervals and
//! support, everything that a back-fill needs but the store.
//!
//! `cargo bench --bench score_model`
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepKey};
use leadboard::model::{Model, Scorer, TrainOptions, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const REPS: usize = 100;
const DEALS: usize = 12_000;

/// A lead with eight categorical and five numeric facts, some missing.
fn facts(rng: &mut ChaCha8Rng, day: i64) -> LeadFacts {
    let mut facts = LeadFacts::empty(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(day));
    let mut level = |name: &str, levels: u32| {
        let level = rng.random_range(0..levels).min(rng.random_range(0..levels));
        (level > 0 || levels < 10).then(|| format!("{name} {level}"))
    };
    facts.industry = level("industry", 14);
    facts.source = level("source", 8);
    facts.product = level("product", 5);
    facts.territory = level("territory", 9);
    facts.country = level("country", 25);
    for name in ["language", "campaign", "partner tier"] {
        facts.categorical.extend(level(name, 12).map(|level| (name.to_owned(), level)));
    }
    let mut size = || rng.random_bool(0.85).then(|| (4.0 + 8.0 * rng.random::<f64>()).exp());
    facts.amount = size();
    facts.employees = size();
    facts.annual_revenue = size();
    for name in ["visits", "days since first touch"] {
        facts.numeric.insert(name.to_owned(), f64::from(rng.random_range(0..90)));
    }
    facts
}

fn deals(rng: &mut ChaCha8Rng) -> Vec<Deal> {
    let effects: Vec<f64> = (0..REPS * 16).map(|_| rng.random::<f64>() * 2.0 - 1.0).collect();
    (0..DEALS)
        .map(|i| {
            let rep = rng.random_range(0..REPS);
            let facts = facts(rng, i as i64 / 20);
            let industry = facts.industry.as_ref().map_or(0, |name| usize::from(name.as_bytes()[name.len() - 1] % 16));
            let score = effects[rep * 16 + industry] + facts.numeric["visits"] / 60.0 - 1.4;
            let won = rng.random_bool(1.0 / (1.0 + (-score).exp()));
            Deal {
                lead_id: LeadId::new(format!("{i:06}")),
                rep: RepKey::new(format!("0055g00000RepId{rep:03}AAA")),
                closed_at: facts.created_at + TimeDelta::days(30),
                facts,
                closed_assumed: false,
                outcome: if won { Outcome::Won } else { Outcome::Lost },
                closed_amount: None,
            }
        })
        .collect()
}

fn main() {
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let deals = deals(rng);
    let trained = train(&deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).expect("a model");
    let model = Model::from_artifact(&trained.artifact).expect("its own artifact");
    let reps: Vec<RepKey> = (0..REPS).map(|rep| RepKey::new(format!("0055g00000RepId{rep:03}AAA"))).collect();
    let leads: Vec<LeadFacts> = (0..2_000).map(|_| facts(rng, 700)).collect();
    let batch: Vec<(&LeadFacts, &[RepKey])> = leads.iter().map(|facts| (facts, reps.as_slice())).collect();
    let best = |work: &dyn Fn()| {
        let run = || {
            let start = Instant::now();
            work();
            leads.len() as f64 / start.elapsed().as_secs_f64()
        };
        (0..9).map(|_| run()).fold(0.0, f64::max)
    };
    println!(
        "{DEALS} deals taught {} columns, {} trees and {} reps",
        trained.card.features.len(),
        trained.card.trees,
        model.known_reps()
    );
    let margins = best(&|| leads.iter().for_each(|facts| drop(black_box(model.margins(facts, &reps)))));
    println!("margins alone, one thread:    {margins:>9.0} leads a second against {REPS} reps");
    let one = best(&|| leads.iter().for_each(|facts| drop(black_box(model.score(facts, &reps)))));
    println!("whole scores, one thread:     {one:>9.0}");
    let all = best(&|| drop(black_box(model.score_many(&batch))));
    println!("whole scores, every core:     {all:>9.0}");
    println!("Promised for a back-fill on two cores, with the store: 20000");
}
