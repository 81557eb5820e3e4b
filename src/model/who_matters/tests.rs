//! Planted truth: reps differ by known amounts, and two half-models see them through noise.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::regression::sigmoid;
use super::*;

const SEGMENTS: usize = 6;
const POOL: usize = 8;

/// A made-up company, seen by half-models.
struct World {
    reps: usize,
    /// All deals; the later ones are the last fifth.
    won: Vec<bool>,
    lead: Vec<f64>,
    rep: Vec<usize>,
    segments: Vec<Vec<u32>>,
    /// Later deals.
    pools: Vec<Vec<u32>>,
    had: Vec<usize>,
    period: Vec<u32>,
    log_odds: [Vec<Vec<f64>>; 2],
    /// True log-odds by later deal and pool member.
    truth: Vec<Vec<f64>>,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl World {
    /// `rep` and `fit` are the spreads of the true advantages in log-odds; `noise` is that of a half-model's error of
    /// each, which it knows and shrinks by.
    fn new(seed: u64, deals: usize, reps: usize, rep: f64, fit: f64, noise: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rng = &mut rng;
        let mut draw = |sd: f64| {
            let truth = sd * normal(rng);
            let believed = sd.max(0.1).powi(2);
            let shrink = believed / (believed + noise * noise);
            (truth, [0, 1].map(|_| shrink * (truth + noise * normal(rng))))
        };
        let general: Vec<_> = (0..reps).map(|_| draw(rep)).collect();
        let fits: Vec<Vec<_>> = (0..reps).map(|_| (0..SEGMENTS).map(|_| draw(fit)).collect()).collect();
        let mut world = Self {
            reps,
            won: Vec::new(),
            lead: Vec::new(),
            rep: Vec::new(),
            segments: Vec::new(),
            pools: Vec::new(),
            had: Vec::new(),
            period: Vec::new(),
            log_odds: [Vec::new(), Vec::new()],
            truth: Vec::new(),
        };
        for deal in 0..deals {
            let team = rng.random_range(0..reps / POOL);
            let segment = rng.random_range(0..SEGMENTS);
            let lead = -1.3 + 0.7 * normal(rng);
            let pool: Vec<u32> = (0..POOL).map(|i| (team * POOL + i) as u32).collect();
            let had = rng.random_range(0..POOL);
            let own = |r: &u32| (general[*r as usize], fits[*r as usize][segment]);
            let truth: Vec<f64> = pool.iter().map(|r| lead + own(r).0.0 + own(r).1.0).collect();
            world.won.push(rng.random::<f64>() < sigmoid(truth[had]));
            world.lead.push(lead);
            world.rep.push(pool[had] as usize);
            // The second field has nothing to do with anything.
            world.segments.push(vec![segment as u32, rng.random_range(0..4)]);
            if deal < deals - deals / 5 {
                continue;
            }
            for half in 0..2 {
                let seen = pool.iter().map(|r| lead + own(r).0.1[half] + own(r).1.1[half]).collect();
                world.log_odds[half].push(seen);
            }
            world.pools.push(pool);
            world.had.push(had);
            world.period.push((deal / 600) as u32);
            world.truth.push(truth);
        }
        world
    }

    fn study(&self) -> WhoMatters {
        let first = self.won.len() - self.pools.len();
        let later = Later {
            won: &self.won[first..],
            pools: &self.pools,
            had: &self.had,
            period: &self.period,
            log_odds: [&self.log_odds[0], &self.log_odds[1]],
            reps: self.reps,
        };
        let history = History {
            won: &self.won,
            lead: &self.lead,
            rep: &self.rep,
            segments: &self.segments,
            slots: &[SEGMENTS as u32, 4],
        };
        study(&later, &history)
    }

    /// What an assignment really adds, in wins per lead, if it is best for these log-odds.
    fn gain(&self, by: &[Vec<f64>]) -> f64 {
        let given = assignment::assign(&self.pools, &self.had, &self.period, |i, at| sigmoid(by[i][at]));
        let sum: f64 =
            (0..given.len()).map(|i| sigmoid(self.truth[i][given[i]]) - sigmoid(self.truth[i][self.had[i]])).sum();
        sum / given.len() as f64
    }

    fn model(&self) -> Vec<Vec<f64>> {
        let [one, two] = &self.log_odds;
        one.iter().zip(two).map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::midpoint(*a, *b)).collect()).collect()
    }
}

#[test]
fn where_reps_differ_the_gain_is_what_an_omniscient_router_makes() {
    let (mut held_ceiling, mut held_model, mut ratios) = (0, 0, Vec::new());
    for seed in 0..4 {
        let world = World::new(seed, 8_000, 56, 0.35, 0.5, 0.5);
        let answer = world.study();
        assert_eq!(answer.finding, Finding::Matters, "{seed}: {answer:?}");
        let router = answer.router.unwrap();
        let (ceiling, model) = (world.gain(&world.truth), world.gain(&world.model()));
        held_ceiling += u32::from(router.ceiling.low <= ceiling && ceiling <= router.ceiling.high);
        held_model += u32::from(router.model.low <= model && model <= router.model.high);
        ratios.push(router.ceiling.value / ceiling);
        assert!(answer.text.starts_with("Who works a lead matters. Of what"), "{}", answer.text);
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!((mean - 1.0).abs() < 0.1, "{ratios:?}");
    assert!(held_ceiling >= 3 && held_model >= 3, "{held_ceiling} {held_model}");
}

#[test]
fn a_model_that_sees_little_does_not_hide_that_reps_differ() {
    // The half-models promise what has nothing to do with the truth.
    let mut world = World::new(5, 8_000, 56, 0.35, 0.5, 0.5);
    for half in &mut world.log_odds {
        half.rotate_left(1);
    }
    let answer = world.study();
    assert_eq!(answer.finding, Finding::Matters, "{answer:?}");
    assert!(answer.text.contains("This model does not yet see enough of it"), "{}", answer.text);
    assert!(answer.router.unwrap().ceiling.low > 0.03, "{answer:?}");
}

#[test]
fn where_reps_do_not_differ_it_says_so_and_promises_nothing() {
    let mut findings = std::collections::BTreeMap::new();
    for seed in 100..104 {
        let answer = World::new(seed, 12_000, 56, 0.0, 0.0, 0.3).study();
        *findings.entry(answer.finding.to_string()).or_insert(0) += 1;
        if answer.finding == Finding::DoesNotMatter {
            assert!(answer.text.starts_with("Who works a lead does not matter here"), "{}", answer.text);
        }
    }
    assert!(findings["does_not_matter"] >= 3 && findings.get("matters").is_none_or(|n| *n <= 1), "{findings:?}");
}

#[test]
fn what_a_segment_does_with_everybody_is_not_the_reps() {
    // Reps are equal, but the half-models miss that some segments are better than others.
    let mut world = World::new(100, 12_000, 56, 0.0, 0.0, 0.3);
    let missed = |segments: &[u32]| 1.2 * (f64::from(segments[0]) - 2.5) / 2.5;
    let first = world.won.len() - world.pools.len();
    for (i, segments) in world.segments.iter().enumerate() {
        world.lead[i] += missed(segments);
        if i >= first {
            world.log_odds.iter_mut().flat_map(|half| &mut half[i - first]).for_each(|m| *m += missed(segments));
        }
    }
    let answer = world.study();
    assert_eq!(answer.finding, Finding::DoesNotMatter, "{answer:?}");
}

#[test]
fn few_deals_show_no_number() {
    for (deals, words) in [(200, "at least 30 of each"), (1_000, "times as many would")] {
        let answer = World::new(3, deals, 56, 0.0, 0.0, 0.3).study();
        assert_eq!(answer.finding, Finding::CannotTell, "{answer:?}");
        assert!(answer.text.contains(words), "{}", answer.text);
        assert!(answer.router.is_none() && answer.shares.is_none() && answer.realised.is_none());
    }
    // Nobody could have had another's lead.
    let mut alone = World::new(4, 2_000, 56, 0.3, 0.3, 0.3);
    for i in 0..alone.pools.len() {
        let at = alone.had[i];
        alone.pools[i] = vec![alone.pools[i][at]];
        for half in &mut alone.log_odds {
            half[i] = vec![half[i][at]];
        }
        alone.had[i] = 0;
    }
    let answer = alone.study();
    assert_eq!((answer.finding, answer.with_choice), (Finding::CannotTell, 0));
    assert!(answer.text.contains("could have gone to another rep"), "{}", answer.text);
}

#[test]
fn the_parts_of_the_outcome_are_told_apart() {
    let mean_shares = |rep: f64, fit: f64| {
        let all: Vec<Shares> =
            (0..2).filter_map(|seed| World::new(seed, 12_000, 56, rep, fit, 0.3).study().shares).collect();
        let mean = |of: &dyn Fn(&Shares) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        (mean(&|s| s.rep.value), mean(&|s| s.rep_by_segment.value), mean(&|s| s.lead.value))
    };
    // With p (1 - p) about 0.17 and a deviance of about 1.08 per deal, a spread of 0.5 explains 0.17 * 0.25 / 1.08.
    let (rep, fit, _) = mean_shares(0.5, 0.0);
    assert!((rep - 0.039).abs() < 0.012 && fit.abs() < 0.006, "{rep} {fit}");
    let (rep, fit, lead) = mean_shares(0.0, 0.6);
    assert!((fit - 0.055).abs() < 0.015 && rep < 0.006, "{rep} {fit}");
    assert!((lead - 0.07).abs() < 0.03, "{lead}");
}
