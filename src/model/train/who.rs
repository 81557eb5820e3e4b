//! Half-models for [`who_matters`](crate::model::who_matters): two disjoint halves of the deals known before the newest
//! fifth began, each with features and a forest of its own, rate that fifth for every rep who could have had it.

use std::collections::{BTreeMap, BTreeSet};

use super::study::{Study, Watch};
use super::{HELD_OUT, Parameters, TrainError, Trainer};
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;
use crate::model::who_matters::{self, Held, WhoMatters};

/// Fits that the two halves take.
pub(super) const FITS: u32 = 6;
/// The newest so many deals are enough to tell, and bound the time it takes.
const MOST_DEALS: usize = 60_000;
/// Ratings of a later deal for one rep, at most; with more, later deals are left out evenly.
const MOST_RATINGS: usize = 150_000;
/// Deals a rep must have in a territory to be one who could work its leads.
const SUPPORT: u32 = 5;
/// Reps share their capacity over four weeks.
const PERIOD_DAYS: i64 = 28;

/// Does who matter? `deals` in order of creation.
pub(super) fn who_matters(
    trainer: &dyn Trainer,
    deals: &[&Deal],
    parameters: &Parameters,
    watch: &mut Watch<'_>,
) -> Result<WhoMatters, TrainError> {
    let deals = &deals[deals.len().saturating_sub(MOST_DEALS)..];
    let begin = deals.len() - (deals.len() as f64 * HELD_OUT).round() as usize;
    let cut = deals[begin].facts.created_at;
    let known = (0..begin).filter(|&i| deals[i].closed_at < cut || deals[i].closed_assumed);
    let halves = halves(deals, known);
    let later = Later::new(deals, begin);

    let mut log_odds = Vec::new();
    for half in &halves {
        let study = Study::prepare(deals, half);
        match study.fit(trainer, half, parameters, watch) {
            Ok(fitted) => log_odds.push(later.rate(deals, &study, &fitted)),
            Err(TrainError::OneOutcome { .. }) => {
                let because = "the older deals are too few to learn from one half of them and check on the other";
                return Ok(WhoMatters::cannot_tell(deals.len() - begin, because));
            }
            Err(error) => return Err(error),
        }
    }
    let won: Vec<bool> = later.deals.iter().map(|&i| deals[i].outcome == Outcome::Won).collect();
    let first = deals[begin].facts.created_at;
    let period: Vec<u32> =
        later.deals.iter().map(|&i| ((deals[i].facts.created_at - first).num_days() / PERIOD_DAYS) as u32).collect();
    Ok(who_matters::study(&Held {
        won: &won,
        pools: &later.pools,
        had: &later.had,
        period: &period,
        log_odds: [&log_odds[0], &log_odds[1]],
        reps: later.reps.len(),
    }))
}

/// Every other deal of each rep, and the rest, so that both halves know every rep equally well.
fn halves(deals: &[&Deal], known: impl Iterator<Item = usize>) -> [Vec<usize>; 2] {
    let mut turn: BTreeMap<&RepKey, usize> = BTreeMap::new();
    let mut halves = [Vec::new(), Vec::new()];
    for i in known {
        // Reps begin with either half in turn, so that the halves are equally large.
        let reps = turn.len();
        let turn = turn.entry(&deals[i].rep).or_insert(reps);
        halves[*turn % 2].push(i);
        *turn += 1;
    }
    halves
}

/// The later deals and who could have had each.
struct Later {
    /// Indices into all deals.
    deals: Vec<usize>,
    /// Ascending.
    reps: Vec<RepKey>,
    pools: Vec<Vec<u32>>,
    had: Vec<usize>,
}

impl Later {
    /// The pool of a deal is everybody who works later deals and has had at least [`SUPPORT`] leads of its territory, and
    /// the one who had it.
    fn new(deals: &[&Deal], begin: usize) -> Self {
        let active: BTreeSet<&RepKey> = deals[begin..].iter().map(|deal| &deal.rep).collect();
        let reps: Vec<RepKey> = active.into_iter().cloned().collect();
        let number = |rep: &RepKey| reps.binary_search(rep).ok().map(|i| i as u32);
        let mut counts: BTreeMap<(Option<&str>, u32), u32> = BTreeMap::new();
        for deal in deals {
            if let Some(rep) = number(&deal.rep) {
                // Under no territory all deals of the rep are counted: a lead without one may go to anybody.
                *counts.entry((None, rep)).or_default() += 1;
                if let Some(territory) = deal.facts.territory.as_deref() {
                    *counts.entry((Some(territory), rep)).or_default() += 1;
                }
            }
        }
        let mut local: BTreeMap<Option<&str>, Vec<u32>> = BTreeMap::new();
        for ((territory, rep), _) in counts.into_iter().filter(|(_, n)| *n >= SUPPORT) {
            local.entry(territory).or_default().push(rep);
        }
        let pool = |deal: &Deal| -> (Vec<u32>, usize) {
            let mut pool = local.get(&deal.facts.territory.as_deref()).cloned().unwrap_or_default();
            let own = number(&deal.rep).unwrap_or_default();
            let at = pool.binary_search(&own).unwrap_or_else(|at| {
                pool.insert(at, own);
                at
            });
            (pool, at)
        };
        let mut later: Vec<(usize, (Vec<u32>, usize))> = (begin..deals.len()).map(|i| (i, pool(deals[i]))).collect();
        let ratings: usize = later.iter().map(|(_, (pool, _))| pool.len()).sum();
        let each = ratings.div_ceil(MOST_RATINGS).max(1);
        let mut place = 0;
        later.retain(|_| {
            place += 1;
            (place - 1) % each == 0
        });
        let (indices, pools): (Vec<_>, Vec<_>) = later.into_iter().unzip();
        let (pools, had) = pools.into_iter().unzip();
        Self { deals: indices, reps, pools, had }
    }

    /// Calibrated log-odds of every later deal for every rep of its pool, as live scoring would rate them.
    fn rate(&self, deals: &[&Deal], study: &Study, fitted: &super::study::Fitted) -> Vec<Vec<f64>> {
        let mut row = vec![f32::NAN; study.spec.columns.len()];
        self.deals
            .iter()
            .zip(&self.pools)
            .map(|(&i, pool)| {
                let codes = study.spec.encode(&deals[i].facts);
                study.state.write_lead(&study.spec, &codes, &mut row);
                pool.iter()
                    .map(|&rep| {
                        let rep = study.state.rep(&self.reps[rep as usize]);
                        study.state.write_rep(&study.spec, &codes, rep, &mut row);
                        let p = fitted.calibration.probability(f64::from(fitted.forest.margin(&row)));
                        (p / (1.0 - p)).ln()
                    })
                    .collect()
            })
            .collect()
    }
}
