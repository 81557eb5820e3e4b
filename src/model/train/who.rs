//! Half-models for [`crate::model::who_matters`]: two disjoint halves of the deals known before the newest
//! fifth began, each with features and a forest of its own, rate that fifth, and each the other half, for every rep who
//! could have had a lead.

use std::collections::{BTreeMap, BTreeSet};

use super::study::{FITS_AS_TOLD, Fitted, Study, Watch};
use super::{HELD_OUT, Parameters, TrainError, TrainOptions, Trainer};
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;
use crate::model::features::{FeatureSpec, Field};
use crate::model::who_matters::{self, History, Later, WhoMatters};

/// Fits that the two halves take.
pub(super) const FITS: u32 = 2 * FITS_AS_TOLD;
/// The newest so many deals are enough to tell, and bound the time it takes.
const MOST_DEALS: usize = 60_000;
/// Reps whose mean rating stands for an average rep of an older deal.
const OTHERS: usize = 4;
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
    options: &TrainOptions,
    watch: &mut Watch<'_>,
) -> Result<WhoMatters, TrainError> {
    let deals = &deals[deals.len().saturating_sub(MOST_DEALS)..];
    let begin = deals.len() - (deals.len() as f64 * HELD_OUT).round() as usize;
    let cut = deals[begin].facts.created_at;
    let known = (0..begin).filter(|&i| deals[i].closed_at < cut || deals[i].closed_assumed);
    let halves = halves(deals, known);
    let bench = Bench::new(deals, begin);
    let later = thinned((begin..deals.len()).collect(), deals, &bench);

    let mut log_odds = Vec::new();
    let mut older: Vec<(usize, f64)> = Vec::new();
    for (half, other) in [(&halves[0], &halves[1]), (&halves[1], &halves[0])] {
        let study = Study::prepare(deals, half, options);
        let fitted = match study.fit_as_told(trainer, half, parameters, watch) {
            Ok(fitted) => fitted,
            Err(TrainError::OneOutcome { .. }) => {
                let because = "the older deals are too few to learn from one half of them and check on the other";
                return Ok(WhoMatters::cannot_tell(deals.len(), because));
            }
            Err(error) => return Err(error),
        };
        let rating = Rating { deals, bench: &bench, study: &study, fitted: &fitted };
        log_odds.push(later.iter().map(|&i| rating.of(i, &bench.pool(deals[i]).0)).collect::<Vec<_>>());
        older.extend(other.iter().map(|&i| {
            let of = rating.of(i, &bench.others(i, deals[i]));
            (i, of.iter().sum::<f64>() / of.len() as f64)
        }));
    }
    older.sort_unstable_by_key(|(i, _)| *i);

    let all: Vec<usize> = older.iter().map(|(i, _)| *i).chain(later.iter().copied()).collect();
    let won: Vec<bool> = all.iter().map(|&i| deals[i].outcome == Outcome::Won).collect();
    let lead: Vec<f64> = older.iter().map(|(_, lead)| *lead).chain(later.iter().map(|_| 0.0)).collect();
    let rep: Vec<usize> = all.iter().map(|&i| bench.number(&deals[i].rep) as usize).collect();
    let spec = FeatureSpec::declare(&deals.iter().map(|deal| &deal.facts).collect::<Vec<_>>(), options.live_load);
    let crossed: Vec<(usize, &Field)> = spec.crossed().collect();
    let segments: Vec<Vec<u32>> = all
        .iter()
        .map(|&i| {
            let codes = spec.encode(&deals[i].facts);
            crossed.iter().map(|(field, _)| codes.fields[*field].slot).collect()
        })
        .collect();
    let slots: Vec<u32> = crossed.iter().map(|(_, field)| field.slot_count() as u32).collect();
    let period: Vec<u32> =
        later.iter().map(|&i| ((deals[i].facts.created_at - cut).num_days() / PERIOD_DAYS) as u32).collect();
    let (pools, had): (Vec<_>, Vec<_>) = later.iter().map(|&i| bench.pool(deals[i])).unzip();
    let later = Later {
        won: &won[older.len()..],
        pools: &pools,
        had: &had,
        period: &period,
        log_odds: [&log_odds[0], &log_odds[1]],
        reps: bench.reps.len(),
    };
    Ok(who_matters::study(&later, &History { won: &won, lead: &lead, rep: &rep, segments: &segments, slots: &slots }))
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

/// Who could have had each deal.
struct Bench {
    /// Ascending.
    reps: Vec<RepKey>,
    /// By territory; under none, for leads without a territory, everybody.
    local: BTreeMap<Option<String>, Vec<u32>>,
}

impl Bench {
    /// The pool of a lead is everybody who works later deals and has had at least [`SUPPORT`] leads of its territory, and
    /// the one who had it.
    fn new(deals: &[&Deal], begin: usize) -> Self {
        let mut reps: Vec<RepKey> = deals.iter().map(|deal| deal.rep.clone()).collect();
        reps.sort_unstable();
        reps.dedup();
        let mut bench = Self { reps, local: BTreeMap::new() };
        let active: BTreeSet<&RepKey> = deals[begin..].iter().map(|deal| &deal.rep).collect();
        let mut counts: BTreeMap<(Option<&str>, &RepKey), u32> = BTreeMap::new();
        for deal in deals.iter().filter(|deal| active.contains(&deal.rep)) {
            *counts.entry((None, &deal.rep)).or_default() += 1;
            if let Some(territory) = deal.facts.territory.as_deref() {
                *counts.entry((Some(territory), &deal.rep)).or_default() += 1;
            }
        }
        for ((territory, rep), _) in counts.into_iter().filter(|(_, n)| *n >= SUPPORT) {
            let number = bench.number(rep);
            bench.local.entry(territory.map(str::to_owned)).or_default().push(number);
        }
        bench
    }

    fn number(&self, rep: &RepKey) -> u32 {
        self.reps.partition_point(|other| other < rep) as u32
    }

    /// The pool of a deal, ascending, and the place in it of the rep who had the deal.
    fn pool(&self, deal: &Deal) -> (Vec<u32>, usize) {
        let mut pool = self.local.get(&deal.facts.territory).cloned().unwrap_or_default();
        let own = self.number(&deal.rep);
        let at = pool.binary_search(&own).unwrap_or_else(|at| {
            pool.insert(at, own);
            at
        });
        (pool, at)
    }

    /// Some members of a deal's pool to take the mean of, without the one who had it where there are others: different
    /// ones for every deal, so that no rep is the measure of all.
    fn others(&self, deal: usize, of: &Deal) -> Vec<u32> {
        let (mut pool, at) = self.pool(of);
        if pool.len() > 1 {
            pool.remove(at);
        }
        let (n, take) = (pool.len(), pool.len().min(OTHERS));
        (0..take).map(|k| pool[(deal + k * n / take) % n]).collect()
    }
}

/// Evenly fewer later deals, if rating all of them for all of their pools would take too long.
fn thinned(deals_of: Vec<usize>, deals: &[&Deal], bench: &Bench) -> Vec<usize> {
    let ratings: usize = deals_of.iter().map(|&i| bench.local.get(&deals[i].facts.territory).map_or(1, Vec::len)).sum();
    let each = ratings.div_ceil(MOST_RATINGS).max(1);
    deals_of.into_iter().step_by(each).collect()
}

/// Rates deals with a half-model.
struct Rating<'a> {
    deals: &'a [&'a Deal],
    bench: &'a Bench,
    study: &'a Study<'a>,
    fitted: &'a Fitted,
}

impl Rating<'_> {
    /// Calibrated log-odds of a deal for each of some reps, as live scoring would rate them.
    fn of(&self, deal: usize, reps: &[u32]) -> Vec<f64> {
        let (spec, state) = (&self.study.spec, &self.study.state);
        let codes = spec.encode(&self.deals[deal].facts);
        let mut row = vec![f32::NAN; spec.columns.len()];
        state.write_lead(spec, &codes, &mut row);
        let rate = |&rep: &u32| {
            state.write_rep(spec, &codes, state.rep(&self.bench.reps[rep as usize]), &mut row);
            let p = self.fitted.calibration.probability(f64::from(self.fitted.forest.margin(&row)));
            (p / (1.0 - p)).ln()
        };
        reps.iter().map(rate).collect()
    }
}
