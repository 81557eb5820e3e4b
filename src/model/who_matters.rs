//! Does who matter? How much of the outcome is the lead, the rep, the fit of rep and segment, and how much is noise; and
//! the most that any router could gain while every rep keeps as many leads as today.
//!
//! # What is compared
//!
//! Two half-models learn from disjoint halves of the older deals and rate every later deal `i` for every rep `r` of its
//! pool, in log-odds `m_1(i,r)`, `m_2(i,r)`; `m` is their mean. It is taken apart as in an analysis of variance:
//!
//! - the lead, `l(i) = mean over r in pool(i) of m(i,r)`;
//! - the advantage of a rep, `d(i,r) = m(i,r) - l(i)`, of which
//! - the rep in general is `a(r) = mean over i with r in pool(i) of d(i,r)`, and
//! - the fit of rep and segment is the rest, `f(i,r) = d(i,r) - a(r)`.
//!
//! Nested logistic regressions of the outcomes of the *later* deals, on nothing; on `l`; on `l, a`; on `l, a, f` of the
//! rep who worked each deal, give the deviance each part explains, less the 1 that a column without any meaning
//! explains on average. What is left is noise to this model: chance, and what the facts do not show.
//!
//! # What a router could gain
//!
//! The regression `logit P(won) = c + g l + b d` has one number, `b`, for how much of a promised advantage comes true.
//! The halves never saw these outcomes, so `b` undoes the winner's curse: picks are chosen by the one and valued by the
//! other, `P = sigmoid(c + g l + b d)`. Under an assignment that is best for the model and leaves every rep as many leads
//! of each period as it had, the mean of `P` less that of today is what routing by this model gains.
//!
//! A router that knew every rep perfectly would gain more, because what the model sees is only part of the true
//! advantages. How large a part follows from how well the halves agree (classical test theory): with the correlation
//! `rho` of `d_1` and `d_2`, the reliability of their mean is `R = 2 rho / (1 + rho)` (Spearman 1910, Brown 1910), and the
//! true advantages have `1 / sqrt(R)` times the spread that the model shows. The ceiling values the same assignment
//! problem with advantages so much larger, for rep and fit each with its own `R`.
//!
//! Intervals are 95 % percentiles of a bootstrap over reps (deals of a rep share what the model gets wrong about that
//! rep), widened where it is narrower than independence of all deals allows. Reps are compared on leads that look alike
//! to the model; if leads were handed out by something the facts do not show, that counts as the rep's.

mod assignment;
mod regression;
#[cfg(test)]
mod tests;
mod text;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::evaluate::Estimate;
use regression::{Say, sigmoid};

/// Fewer reps than this are too few to speak of reps.
const MIN_REPS: usize = 5;
/// Least won and least lost later deals that more than one rep could have had.
const MIN_OF_EACH: usize = 30;
/// Resamples of the reps.
const RESAMPLES: usize = 1_000;
const SEED: u64 = 0x0077_686f;
/// Reliabilities below this are noise; the ceiling is not made higher by them.
const MIN_RELIABILITY: f64 = 0.1;
/// A gain below this share of today's wins is not worth routing for.
const WORTH: f64 = 0.2;

/// Later deals as the half-models see them. All slices have one element per deal.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The outcomes.
    pub won: &'a [bool],
    /// The reps who could have had the deal, as numbers below `reps`, ascending; among them the one who had it.
    pub pools: &'a [Vec<u32>],
    /// Place in the pool of the rep who had it.
    pub had: &'a [usize],
    /// Deals of the same period share the reps' capacity in it.
    pub period: &'a [u32],
    /// For each half-model: the log-odds of a win by pool member.
    pub log_odds: [&'a [Vec<f64>]; 2],
    /// How many reps there are.
    pub reps: usize,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Finding {
    /// It matters who works a lead.
    Matters,
    /// It does not, or too little to be worth routing for.
    DoesNotMatter,
    /// These deals cannot tell; no figures are shown.
    CannotTell,
}

/// Shares of the deviance of all outcomes, each with its 95 % interval. They add up to 1; a part that explains less
/// than a meaningless column would is slightly negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// The lead, whoever works it.
    pub lead: Estimate,
    /// The rep, whatever the lead.
    pub rep: Estimate,
    /// The fit of rep and segment.
    pub rep_by_segment: Estimate,
    /// What the model does not explain: chance, and what the facts do not show.
    pub noise: Estimate,
}

/// What routing could change, in wins per lead, with 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Router {
    /// Win rate of the later deals, with the reps who had them.
    pub today: f64,
    /// What the best assignment by this model would add.
    pub model: Estimate,
    /// The most that any router could add.
    pub ceiling: Estimate,
}

/// The answer to "does who matter?".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhoMatters {
    /// In a word.
    pub finding: Finding,
    /// In sentences, for a manager.
    pub text: String,
    /// Later deals looked at.
    pub deals: u32,
    /// Of those, such that more than one rep could have had.
    pub with_choice: u32,
    /// Reps who had them.
    pub reps: u32,
    /// How much of a promised advantage came true: 1 is all of it, 0 nothing. Absent where it cannot be told.
    pub realised: Option<Estimate>,
    /// Shares of the outcome; absent where they cannot be told.
    pub shares: Option<Shares>,
    /// What a router could gain; absent where it cannot be told, the ceiling included.
    pub router: Option<Router>,
}

impl WhoMatters {
    /// No answer, and why: `because` completes "It cannot be told whether … :".
    pub fn cannot_tell(deals: usize, because: &str) -> Self {
        Self {
            finding: Finding::CannotTell,
            text: text::cannot_tell(because),
            deals: deals as u32,
            with_choice: 0,
            reps: 0,
            realised: None,
            shares: None,
            router: None,
        }
    }
}

/// The parts of every rating, see the [module](self).
struct Parts {
    /// By deal.
    lead: Vec<f64>,
    /// By deal and place in its pool.
    advantage: Vec<Vec<f64>>,
    /// By rep.
    general: Vec<f64>,
    /// By rep: sums over its ratings of the squares and the product of the halves' parts, for rep and for fit.
    agreement: Vec<[[f64; 3]; 2]>,
}

/// Answers the question from later deals.
pub fn study(held: &Held<'_>) -> WhoMatters {
    let deals = held.won.len();
    let choice: Vec<usize> = (0..deals).filter(|&i| held.pools[i].len() > 1).collect();
    let wins = choice.iter().filter(|&&i| held.won[i]).count();
    let owner: Vec<usize> = (0..deals).map(|i| held.pools[i][held.had[i]] as usize).collect();
    let mut owners: Vec<usize> = choice.iter().map(|&i| owner[i]).collect();
    owners.sort_unstable();
    owners.dedup();
    let counted = |mut answer: WhoMatters| {
        (answer.with_choice, answer.reps) = (choice.len() as u32, owners.len() as u32);
        answer
    };
    if owners.len() < MIN_REPS || wins < MIN_OF_EACH || choice.len() - wins < MIN_OF_EACH {
        let why = text::too_few(choice.len(), wins, owners.len(), MIN_OF_EACH, MIN_REPS);
        return counted(WhoMatters::cannot_tell(deals, &why));
    }

    let parts = Parts::of(held);
    let ones = vec![1.0; deals];
    let advantage: Vec<f64> = (0..deals).map(|i| parts.advantage[i][held.had[i]]).collect();
    let general: Vec<f64> =
        (0..deals).map(|i| if held.pools[i].len() > 1 { parts.general[owner[i]] } else { 0.0 }).collect();
    let fit: Vec<f64> = advantage.iter().zip(&general).map(|(d, a)| d - a).collect();
    let columns: [&[f64]; 4] = [&ones, &parts.lead, &general, &fit];
    let nested: Vec<Vec<f64>> = (1..=4).map(|n| regression::fit(&columns[..n], held.won).deviance).collect();

    let columns: [&[f64]; 3] = [&ones, &parts.lead, &advantage];
    let slope = regression::fit(&columns, held.won);
    let says = regression::says(&columns, held.won, &slope.coefficients, &owner, held.reps);
    let resampled = Resampled::new(&parts, &nested, &says, &slope.coefficients, &owner, &owners);
    if resampled.realised.high - resampled.realised.low > 1e3 {
        return counted(WhoMatters::cannot_tell(deals, "the model rates all reps of a pool alike"));
    }

    let base: Vec<f64> = parts.lead.iter().map(|lead| slope.coefficients[0] + slope.coefficients[1] * lead).collect();
    let market = Market { held, parts: &parts, base: &base };
    let b = resampled.realised;
    let model = market.gain([1.0, 1.0], &[[b.value; 2], [b.low; 2], [b.high; 2]]);
    let [rep, fit] = resampled.spread;
    let ceiling = market.gain(
        [rep.value.max(1e-3), fit.value.max(1e-3)],
        &[[rep.value, fit.value], [rep.low, fit.low], [rep.high, fit.high]],
    );
    let today = held.won.iter().filter(|w| **w).count() as f64 / deals as f64;
    let router = Router { today, model, ceiling: Estimate { value: ceiling.value.max(model.value), ..ceiling } };

    let finding = if b.low > 0.0 {
        Finding::Matters
    } else if model.high <= WORTH * today {
        Finding::DoesNotMatter
    } else {
        Finding::CannotTell
    };
    let known = finding != Finding::CannotTell;
    let shares = known.then_some(resampled.shares);
    let mut answer = WhoMatters {
        finding,
        text: String::new(),
        deals: deals as u32,
        with_choice: choice.len() as u32,
        reps: owners.len() as u32,
        realised: known.then_some(b),
        shares,
        router: known.then_some(router),
    };
    answer.text = match finding {
        Finding::CannotTell => text::cannot_tell(&text::too_wide(&answer, model.high, WORTH * today)),
        _ => text::answer(&answer),
    };
    answer
}

impl Parts {
    fn of(held: &Held<'_>) -> Self {
        let deals = held.won.len();
        let centred = |half: usize, i: usize| -> (f64, Vec<f64>) {
            let ratings = &held.log_odds[half][i];
            let mean = ratings.iter().sum::<f64>() / ratings.len() as f64;
            (mean, ratings.iter().map(|m| m - mean).collect())
        };
        let mut lead = Vec::with_capacity(deals);
        let mut halves: Vec<[Vec<f64>; 2]> = Vec::with_capacity(deals);
        for i in 0..deals {
            let ((one, d1), (two, d2)) = (centred(0, i), centred(1, i));
            lead.push(f64::midpoint(one, two));
            halves.push([d1, d2]);
        }
        // By rep: both halves' sums, and how many.
        let mut sums = vec![([0.0; 2], 0.0); held.reps];
        let choice = || (0..deals).filter(|&i| held.pools[i].len() > 1);
        for i in choice() {
            for (at, &rep) in held.pools[i].iter().enumerate() {
                let (sum, n) = &mut sums[rep as usize];
                (0..2).for_each(|half| sum[half] += halves[i][half][at]);
                *n += 1.0;
            }
        }
        let general: Vec<[f64; 2]> =
            sums.iter().map(|(sum, n)| if *n > 0.0 { sum.map(|s| s / n) } else { [0.0; 2] }).collect();
        let mut agreement = vec![[[0.0; 3]; 2]; held.reps];
        for i in choice() {
            for (at, &rep) in held.pools[i].iter().enumerate() {
                let own = general[rep as usize];
                let fit = [halves[i][0][at] - own[0], halves[i][1][at] - own[1]];
                for (sums, part) in agreement[rep as usize].iter_mut().zip([own, fit]) {
                    let products = [part[0] * part[0], part[1] * part[1], part[0] * part[1]];
                    sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
                }
            }
        }
        let advantage =
            halves.into_iter().map(|[d1, d2]| d1.iter().zip(&d2).map(|(a, b)| f64::midpoint(*a, *b)).collect());
        let general = general.iter().map(|[a, b]| f64::midpoint(*a, *b)).collect();
        Self { lead, advantage: advantage.collect(), general, agreement }
    }
}

/// Estimates with intervals from resampling the reps.
struct Resampled {
    /// `b`.
    realised: Estimate,
    /// `b / sqrt(R)` for rep and fit: how much larger the true advantages are than those shown.
    spread: [Estimate; 2],
    shares: Shares,
}

impl Resampled {
    fn new(
        parts: &Parts,
        nested: &[Vec<f64>],
        says: &[Say],
        coefficients: &[f64],
        owner: &[usize],
        owners: &[usize],
    ) -> Self {
        // By rep: deviance of the four nested regressions.
        let mut deviance = vec![[0.0; 4]; says.len()];
        for (i, &rep) in owner.iter().enumerate() {
            (0..4).for_each(|k| deviance[rep][k] += nested[k][i]);
        }
        let b = *coefficients.last().unwrap_or(&0.0);
        let everybody: Vec<f64> = vec![1.0; says.len()];
        let slope = |times: &[f64]| {
            let sum = Say::sum(says.iter().zip(times.iter().copied()));
            b + sum.and_then(|sum| sum.step().last().copied()).unwrap_or(0.0)
        };
        let spread = |b: f64, times: &[f64]| reliabilities(parts, times).map(|r| b / r.sqrt());
        let shares = |times: &[f64]| shares(&deviance, times);

        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut slopes = Vec::with_capacity(RESAMPLES);
        let mut reliability = Vec::with_capacity(RESAMPLES);
        let mut all_shares = Vec::with_capacity(RESAMPLES);
        // Reps without a choice are no sample of anything that is compared; they stay as they are.
        let mut times = everybody.clone();
        for _ in 0..RESAMPLES {
            for &rep in owners {
                times[rep] = 0.0;
            }
            for _ in owners {
                times[owners[rng.random_range(0..owners.len())]] += 1.0;
            }
            slopes.push(slope(&times));
            reliability.push(reliabilities(parts, &times));
            all_shares.push(shares(&times));
        }
        // The bootstrap knows only as many reps as there are; independence of all deals is the least noise there is.
        let n = slopes.len() as f64;
        let mean = slopes.iter().sum::<f64>() / n;
        let sd = (slopes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
        let least = Say::sum(says.iter().map(|s| (s, 1.0))).map_or(0.0, |all| all.last_variance().max(0.0).sqrt());
        let widen = if sd > 0.0 { (least / sd).max(1.0) } else { 1.0 };
        for slope in &mut slopes {
            *slope = b + (*slope - b) * widen;
        }

        let spreads: Vec<[f64; 2]> = slopes.iter().zip(&reliability).map(|(b, r)| r.map(|r| b / r.sqrt())).collect();
        let now = spread(b, &everybody);
        let best = shares(&everybody);
        let share = |k: usize| interval(best[k], all_shares.iter().map(|s| s[k]).collect());
        Self {
            realised: interval(b, slopes),
            spread: [0, 1].map(|k| interval(now[k], spreads.iter().map(|s| s[k]).collect())),
            shares: Shares { lead: share(0), rep: share(1), rep_by_segment: share(2), noise: share(3) },
        }
    }
}

/// Reliability of the halves' mean, for rep and for fit, with every rep counted so often.
fn reliabilities(parts: &Parts, times: &[f64]) -> [f64; 2] {
    [0, 1].map(|part| {
        let mut sums = [0.0; 3];
        for (rep, times) in parts.agreement.iter().zip(times) {
            sums.iter_mut().zip(rep[part]).for_each(|(sum, value)| *sum += times * value);
        }
        let [one, two, both] = sums;
        let rho = if one > 0.0 && two > 0.0 { both / (one * two).sqrt() } else { 0.0 };
        (2.0 * rho / (1.0 + rho.max(0.0))).clamp(MIN_RELIABILITY, 1.0)
    })
}

/// Shares of lead, rep, fit and noise in the deviance of the empty regression.
fn shares(deviance: &[[f64; 4]], times: &[f64]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for (rep, times) in deviance.iter().zip(times) {
        sums.iter_mut().zip(rep).for_each(|(sum, value)| *sum += times * value);
    }
    // A column without any meaning still lowers the deviance by 1 on average (Wilks).
    let explained = [0, 1, 2].map(|k| (sums[k] - sums[k + 1] - 1.0) / sums[0]);
    [explained[0], explained[1], explained[2], 1.0 - explained.iter().sum::<f64>()]
}

/// 2.5 % and 97.5 % of the resampled values around the estimate.
fn interval(value: f64, mut resampled: Vec<f64>) -> Estimate {
    resampled.sort_by(f64::total_cmp);
    let last = resampled.len().saturating_sub(1) as f64;
    let at = |share: f64| resampled.get((share * last).round() as usize).copied().unwrap_or(value);
    Estimate { value, low: at(0.025).min(value), high: at(0.975).max(value) }
}

/// The later deals as a market of leads and slots.
struct Market<'a> {
    held: &'a Held<'a>,
    parts: &'a Parts,
    /// Log-odds of each lead with an average rep of its pool.
    base: &'a [f64],
}

impl Market<'_> {
    /// Wins per lead that the best assignment adds, chosen with the parts of the advantage times `chosen` (rep, fit) and
    /// valued with them times each of `valued`: the estimate and the ends of its interval.
    fn gain(&self, chosen: [f64; 2], valued: &[[f64; 2]; 3]) -> Estimate {
        let held = self.held;
        let given = assignment::assign(held.pools, held.had, held.period, |lead, at| self.p(lead, at, chosen));
        let [value, low, high] = valued.map(|times| {
            let sum: f64 = (0..given.len()).map(|i| self.p(i, given[i], times) - self.p(i, held.had[i], times)).sum();
            sum / given.len() as f64
        });
        Estimate { value, low: low.min(value), high: high.max(value) }
    }

    fn p(&self, lead: usize, at: usize, times: [f64; 2]) -> f64 {
        if self.held.pools[lead].len() < 2 {
            return sigmoid(self.base[lead]);
        }
        let general = self.parts.general[self.held.pools[lead][at] as usize];
        let fit = self.parts.advantage[lead][at] - general;
        sigmoid(self.base[lead] + times[0] * general + times[1] * fit)
    }
}
