//! A trained model and leads for it.

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepKey};
use leadboard::model::{Model, Scorer, TrainOptions, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;

const DEALS: usize = 12_000;

/// What scoring costs, in seconds of processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    /// Calibrated probabilities of all reps, with intervals and evidence.
    pub(crate) probabilities: f64,
    /// Score and tier of the lead with what speaks for it, the factors of the first three reps and of the legacy owner, and
    /// the two of them compared: what a ranking holds besides.
    pub(crate) reasons: f64,
}

impl Costs {
    pub(crate) fn sum(&self) -> f64 {
        self.probabilities + self.reasons
    }
}

/// Leads with the probabilities of all reps, and what it costs to score them as the worker does.
pub(crate) fn score(reps: usize, leads: usize) -> (Vec<(LeadFacts, Vec<f64>)>, Costs) {
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let keys: Vec<RepKey> = (0..reps).map(|rep| RepKey::new(format!("0055g00000RepId{rep:03}AAA"))).collect();
    let deals = deals(rng, &keys);
    let trained = train(&deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).expect("a model");
    let model = Model::from_artifact(&trained.artifact).expect("its own artifact");
    let facts: Vec<LeadFacts> = (0..leads).map(|_| facts(rng, 700)).collect();
    let start = crate::cpu_seconds();
    let scored: Vec<Vec<f64>> =
        facts.iter().map(|facts| model.score(facts, &keys).iter().map(|score| score.p_win).collect()).collect();
    let probabilities = crate::cpu_seconds() - start;
    let start = crate::cpu_seconds();
    for (facts, p_win) in facts.iter().zip(&scored) {
        let mut order: Vec<usize> = (0..reps).collect();
        order.sort_by(|a, b| p_win[*b].total_cmp(&p_win[*a]));
        let (first, legacy) = (&keys[order[0]], &keys[1]);
        black_box((model.lead_chance(facts), model.segment(facts), model.difference(facts, first, legacy)));
        for rep in order.iter().take(3).map(|rep| &keys[*rep]).chain([legacy]) {
            black_box(model.explain(facts, rep));
        }
    }
    let costs = Costs { probabilities, reasons: crate::cpu_seconds() - start };
    (facts.into_iter().zip(scored).collect(), costs)
}

/// A lead with five categorical and four numeric facts.
fn facts(rng: &mut ChaCha8Rng, day: i64) -> LeadFacts {
    let mut facts = LeadFacts::empty(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(day));
    let mut level = |name: &str, levels: u32| Some(format!("{name} {}", rng.random_range(0..levels)));
    facts.industry = level("industry", 14);
    facts.source = level("source", 8);
    facts.product = level("product", 5);
    facts.country = level("country", 25);
    let mut size = || Some((4.0 + 8.0 * rng.random::<f64>()).exp());
    facts.amount = size();
    facts.employees = size();
    facts.annual_revenue = size();
    facts.numeric.insert("visits".to_owned(), f64::from(rng.random_range(0..90)));
    facts
}

fn deals(rng: &mut ChaCha8Rng, keys: &[RepKey]) -> Vec<Deal> {
    let effects: Vec<f64> = (0..keys.len() * 14).map(|_| rng.random::<f64>() * 2.0 - 1.0).collect();
    (0..DEALS)
        .map(|i| {
            let rep = rng.random_range(0..keys.len());
            let facts = facts(rng, i as i64 / 20);
            let industry = facts.industry.as_ref().map_or(0, |name| usize::from(name.as_bytes()[name.len() - 1] % 14));
            let score = effects[rep * 14 + industry] + facts.numeric["visits"] / 60.0 - 1.4;
            let won = rng.random_bool(1.0 / (1.0 + (-score).exp()));
            Deal {
                lead_id: LeadId::new(format!("{i:06}")),
                rep: keys[rep].clone(),
                closed_at: facts.created_at + TimeDelta::days(30),
                facts,
                closed_assumed: false,
                outcome: if won { Outcome::Won } else { Outcome::Lost },
                closed_amount: None,
            }
        })
        .collect()
}
