//! Does who matter? How much of the outcome is the lead, the rep, the fit of rep and segment, and how much is noise; and
//! the most that any router could gain while every rep keeps as many leads as today.
//!
//! # What is compared
//!
//! Two half-models learn from disjoint halves of the older deals and rate every later deal `i` for every rep `r` of its
//! pool, in log-odds; `m(i,r)` is their mean. It is taken apart as in an analysis of variance:
//!
//! - the lead, `l(i) = mean over r in pool(i) of m(i,r)`;
//! - the advantage of a rep, `d(i,r) = m(i,r) - l(i)`, of which
//! - the rep in general is `a(r) = mean over i with r in pool(i) of d(i,r)`, and
//! - the fit of rep and segment is the rest, `f(i,r) = d(i,r) - a(r)`.
//!
//! # What comes true, and what routing by the model gains
//!
//! The logistic regression of the outcomes of the later deals on `1, l, a, f` of the rep who worked each says how much
//! of a promised advantage came true. The half-models never saw these outcomes, so valuing their picks by it undoes the
//! winner's curse: chosen by the one, valued by the other. The gain is the mean of the valued probabilities under the
//! assignment that the model thinks best, less that of today; every rep gets as many leads of each period as it had.
//!
//! # How far reps really differ, and the most that any router could gain
//!
//! A model sees only part of what there is. How much there is shows in how the outcomes of each rep, and of each rep in
//! each segment, scatter beyond chance around what the lead alone promises (`spread`): variances of the true effects in
//! log-odds, `v_rep` and `v_segment` for each field. They are estimated from all deals; the older ones are rated by the
//! half-model that did not learn from them. Companies with effects of these variances on the real leads and slots give
//! the ceiling: what a router who knows every effect would gain.
//!
//! # Shares
//!
//! Of the deviance of all later outcomes (what a model that knows only the win rate leaves unexplained), the lead
//! explains what the regression on `1, l` does, less the 1 that a meaningless column explains on average. What perfect
//! knowledge of the effects would explain follows from their variances (`explained`; to second order `p (1 - p) v` per
//! deal), and is shared between rep and fit in proportion. The rest is noise, which no model of these facts explains. `seen` is what the rep's part of this model explains already.
//!
//! Intervals are 95 %, by a bootstrap over reps (deals of a rep share what is particular about that rep), widened where
//! it is narrower than chance alone allows. Reps are compared on leads that look alike to the model: if leads were handed
//! out by something that the facts do not show, its effect counts as the rep's.

mod assignment;
mod explained;
mod linear;
mod market;
mod parts;
mod regression;
mod spread;
#[cfg(test)]
mod tests;
mod text;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::evaluate::Estimate;
use explained::Explained;
use market::Market;
use parts::Parts;
use regression::Say;
use spread::{Chance, Spread};

/// Fewer reps than this are too few to speak of reps.
const MIN_REPS: usize = 5;
/// Least won and least lost later deals that more than one rep could have had.
const MIN_OF_EACH: usize = 30;
/// Resamples of the reps.
const RESAMPLES: usize = 1_000;
const SEED: u64 = 0x0077_686f;
/// "Does not matter" is said only when the most that a router could gain is surely below this share of today's wins. A
/// router that must learn reaches a third to a half of what one gains that knows everything, so what is then left to be
/// missed is a tenth or so.
const WORTH: f64 = 0.3;

/// Later deals as the half-models see them. All slices have one element per deal.
#[derive(Clone, Copy, Debug)]
pub struct Later<'a> {
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
    /// How many reps there are, here and in [`History`]: both number them alike.
    pub reps: usize,
}

/// All deals, older ones first; the last are those of [`Later`], in the same order.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The outcomes.
    pub won: &'a [bool],
    /// Log-odds of a win by an average rep of the pool, by a model that did not learn from the deal. Those of the later
    /// deals are not read.
    pub lead: &'a [f64],
    /// The rep who worked it, as a number below `reps`.
    pub rep: &'a [usize],
    /// Its slot in each segment field.
    pub segments: &'a [Vec<u32>],
    /// How many slots each segment field has.
    pub slots: &'a [u32],
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

/// Shares of the deviance of all outcomes, with 95 % intervals. The first four add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// The lead, whoever works it.
    pub lead: Estimate,
    /// The rep, whatever the lead.
    pub rep: Estimate,
    /// The fit of rep and segment.
    pub rep_by_segment: Estimate,
    /// What no model of these facts explains.
    pub noise: Estimate,
    /// Of rep and fit together, what this model explains already. Slightly negative where it explains nothing.
    pub seen: Estimate,
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
    /// All deals looked at.
    pub deals: u32,
    /// Of those, later deals that more than one rep could have had.
    pub with_choice: u32,
    /// Reps who had those.
    pub reps: u32,
    /// How much of a promised advantage came true on later deals: 1 is all of it, 0 nothing. Absent where it cannot be
    /// told.
    pub realised: Option<Estimate>,
    /// Standard deviation of the true advantages in log-odds: of the rep in general, and of the fit. Absent where they
    /// cannot be told.
    pub effect_sd: Option<(f64, f64)>,
    /// Shares of the outcome; absent where they cannot be told.
    pub shares: Option<Shares>,
    /// What a router could gain; absent where it cannot be told.
    pub router: Option<Router>,
}

impl WhoMatters {
    /// No answer, and why: `because` completes "It cannot be told … :".
    pub fn cannot_tell(deals: usize, because: &str) -> Self {
        Self {
            finding: Finding::CannotTell,
            text: text::cannot_tell(because),
            deals: deals as u32,
            with_choice: 0,
            reps: 0,
            realised: None,
            effect_sd: None,
            shares: None,
            router: None,
        }
    }
}

/// Answers the question.
pub fn study(later: &Later<'_>, history: &History<'_>) -> WhoMatters {
    let deals = later.won.len();
    let first = history.won.len() - deals;
    let choice: Vec<usize> = (0..deals).filter(|&i| later.pools[i].len() > 1).collect();
    let wins = choice.iter().filter(|&&i| later.won[i]).count();
    let owner = &history.rep[first..];
    let mut owners: Vec<usize> = choice.iter().map(|&i| owner[i]).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut answer = WhoMatters {
        with_choice: choice.len() as u32,
        reps: owners.len() as u32,
        ..WhoMatters::cannot_tell(history.won.len(), "")
    };
    if owners.len() < MIN_REPS || wins < MIN_OF_EACH || choice.len() - wins < MIN_OF_EACH {
        let why = text::too_few(choice.len(), wins, owners.len(), MIN_OF_EACH, MIN_REPS);
        return WhoMatters { text: text::cannot_tell(&why), ..answer };
    }

    let parts = Parts::new(later);
    let ones = vec![1.0; deals];
    let own: Vec<[f64; 2]> = (0..deals).map(|i| parts.of(later, i, later.had[i])).collect();
    let general: Vec<f64> = own.iter().map(|o| o[0]).collect();
    let fit: Vec<f64> = own.iter().map(|o| o[1]).collect();
    let advantage: Vec<f64> = own.iter().map(|o| o[0] + o[1]).collect();
    let columns: [&[f64]; 4] = [&ones, &parts.lead, &general, &fit];
    let fits: Vec<regression::Regression> = (1..=4).map(|n| regression::fit(&columns[..n], later.won)).collect();
    let total = regression::fit(&[&ones, &parts.lead, &advantage], later.won);
    let [intercept, slope] = [total.coefficients[0], total.coefficients[1]];
    let base: Vec<f64> = parts.lead.iter().map(|l| intercept + slope * l).collect();

    // Older ratings are calibrated on their own outcomes, later ones on theirs.
    let older = regression::fit(&[&vec![1.0; first], &history.lead[..first]], &history.won[..first]);
    let calibrated = |l: &f64| older.coefficients[0] + older.coefficients[1] * l;
    let all: Vec<f64> = history.lead[..first].iter().map(calibrated).chain(base.iter().copied()).collect();
    let spread = Spread::new(history, later.reps, &all);

    let sample = Sample { reps: later.reps };
    let sum = |v: &[f64]| v.iter().sum::<f64>();
    let estimates = sample.of(|times| spread.variances(times));
    let variances = &estimates[0];
    let chance = spread.chance();
    let of_sample = |of: &dyn Fn(&[f64]) -> f64, chance: f64| {
        widened(of(variances), estimates[1..].iter().map(|v| of(v)).collect(), chance)
    };
    let total_variance = of_sample(&|v| sum(v), chance.all);
    let rep_variance = of_sample(&|v| v[0], chance.rep);
    let fit_variance = of_sample(&|v| sum(&v[1..]), chance.fit);

    let slopes = |columns: &[&[f64]], fit: &regression::Regression, sample: &Sample| {
        let says = regression::says(columns, later.won, &fit.coefficients, owner, later.reps);
        let least = Say::sum(says.iter().map(|s| (s, 1.0))).map_or(0.0, |all| all.last_variance().max(0.0).sqrt());
        let all = sample.of(|times| {
            let step = Say::sum(says.iter().zip(times.iter().copied())).map_or_else(Vec::new, |sum| sum.step());
            fit.coefficients.iter().zip(&step).map(|(c, s)| c + s).collect()
        });
        (all, least)
    };
    let (of_total, least) = slopes(&[&ones, &parts.lead, &advantage], &total, &sample);
    let realised = widened(total.coefficients[2], of_total[1..].iter().map(|c| c[2]).collect(), least);
    let (of_parts, _) = slopes(&columns, &fits[3], &sample);
    let market = Market { later, parts: &parts, base: &base };
    let model = market.by_model(
        [fits[3].coefficients[2], fits[3].coefficients[3]],
        &of_parts[1..].iter().map(|c| [c[2], c[3]]).collect::<Vec<_>>(),
    );
    let today = later.won.iter().filter(|w| **w).count() as f64 / deals as f64;
    let ceiling =
        |rep: f64, fit: f64| market.ceiling(history, &spread.fields, &with_fit(rep, fit, &variances[1..], &chance));
    // However the sum of both is divided, it gains most where all of it is fit: reps cannot all be given more leads.
    let most = ceiling(0.0, total_variance.high);
    let ceiling = two_sources(rep_variance, fit_variance, ceiling);
    let ceiling = Estimate { high: ceiling.high.min(most).max(ceiling.value), ..ceiling };
    // What this model would add can be added.
    let ceiling = Estimate {
        value: ceiling.value.max(model.value),
        low: ceiling.low.max(model.low).max(0.0),
        high: ceiling.high.max(model.high),
    };
    let router = Router { today, model, ceiling };

    answer.finding = if total_variance.low > 0.0 {
        Finding::Matters
    } else if ceiling.high <= WORTH * today {
        Finding::DoesNotMatter
    } else {
        Finding::CannotTell
    };
    if answer.finding == Finding::CannotTell {
        let why = text::too_wide(&answer, ceiling.high, WORTH * today);
        return WhoMatters { text: text::cannot_tell(&why), ..answer };
    }
    let explained = Explained::new(&base.iter().map(|b| regression::sigmoid(*b)).collect::<Vec<_>>());
    answer.shares = Some(shares(&sample, &fits, owner, &explained, &estimates));
    answer.effect_sd = Some((variances[0].max(0.0).sqrt(), sum(&variances[1..]).max(0.0).sqrt()));
    answer.realised = Some(realised);
    answer.router = Some(router);
    answer.text = text::answer(&answer);
    answer
}

/// A gain that depends on two uncertain variances; what each does to its ends is added in squares.
fn two_sources(rep: Estimate, fit: Estimate, gain: impl Fn(f64, f64) -> f64) -> Estimate {
    let value = gain(rep.value, fit.value);
    let low = (gain(rep.low, fit.value) - value).hypot(gain(rep.value, fit.low) - value);
    let high = (gain(rep.high, fit.value) - value).hypot(gain(rep.value, fit.high) - value);
    Estimate { value, low: value - low, high: value + high }
}

/// The variance of the rep, and those of the fields with the sum `fit`: up to their estimated sum in the proportions of
/// the estimates, beyond it in those in which chance could hide more. Fields that seem to have a negative variance are
/// the other side of fields that seem to have too large a one, so they share their sum.
fn with_fit(rep: f64, fit: f64, fields: &[f64], chance: &Chance) -> Vec<f64> {
    let (rep, fit) = (rep.max(0.0), fit.max(0.0));
    let estimated = fields.iter().sum::<f64>().clamp(0.0, fit);
    let positive: f64 = fields.iter().map(|v| v.max(0.0)).sum();
    let hidden: f64 = chance.fields.iter().sum();
    let field = |(v, c): (&f64, &f64)| {
        let seen = if positive > 0.0 { estimated * v.max(0.0) / positive } else { 0.0 };
        seen + if hidden > 0.0 { (fit - estimated) * c / hidden } else { 0.0 }
    };
    std::iter::once(rep).chain(fields.iter().zip(&chance.fields).map(field)).collect()
}

/// `variances` are the estimate and its resamples.
fn shares(
    sample: &Sample,
    fits: &[regression::Regression],
    owner: &[usize],
    explained: &Explained,
    variances: &[Vec<f64>],
) -> Shares {
    // By rep: deviance of the nested regressions, and deals.
    let mut deviance = vec![[0.0; 5]; sample.reps];
    for (i, &rep) in owner.iter().enumerate() {
        (0..4).for_each(|k| deviance[rep][k] += fits[k].deviance[i]);
        deviance[rep][4] += 1.0;
    }
    let measured = sample.of(|times| {
        let mut sums = [0.0; 5];
        for (rep, times) in deviance.iter().zip(times) {
            sums.iter_mut().zip(rep).for_each(|(sum, value)| *sum += times * value);
        }
        // A column without any meaning still lowers the deviance by 1 on average (Wilks).
        vec![(sums[0] - sums[1] - 1.0) / sums[0], (sums[1] - sums[3] - 2.0) / sums[0], sums[0] / sums[4]]
    });
    let all: Vec<[f64; 5]> = measured
        .iter()
        .zip(variances)
        .map(|(m, v)| {
            let (rep, fit) = (v[0].max(0.0), v[1..].iter().sum::<f64>().max(0.0));
            let share = explained.by(rep + fit) / m[2] / (rep + fit).max(f64::MIN_POSITIVE);
            let (rep, fit) = (rep * share, fit * share);
            [m[0], rep, fit, 1.0 - m[0] - rep - fit, m[1]]
        })
        .collect();
    let share = |k: usize| interval(all[0][k], all[1..].iter().map(|s| s[k]).collect());
    Shares { lead: share(0), rep: share(1), rep_by_segment: share(2), noise: share(3), seen: share(4) }
}

/// Resamples of the reps.
struct Sample {
    reps: usize,
}

impl Sample {
    /// A statistic of how often each rep counts: the estimate first, then its resamples, the same for every statistic.
    fn of(&self, statistic: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
        let mut times = vec![1.0; self.reps];
        let mut all = vec![statistic(&times)];
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        for _ in 0..RESAMPLES {
            times.fill(0.0);
            for _ in 0..self.reps {
                times[rng.random_range(0..self.reps)] += 1.0;
            }
            all.push(statistic(&times));
        }
        all
    }
}

/// An interval whose resamples are drawn apart until they scatter at least as much as chance alone makes them.
fn widened(value: f64, mut resampled: Vec<f64>, chance: f64) -> Estimate {
    let n = resampled.len() as f64;
    let mean = resampled.iter().sum::<f64>() / n;
    let sd = (resampled.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
    let factor = if sd > 0.0 { (chance / sd).max(1.0) } else { 1.0 };
    for s in &mut resampled {
        *s = value + (*s - mean) * factor;
    }
    interval(value, resampled)
}

/// 2.5 % and 97.5 % of the resampled values around the estimate.
fn interval(value: f64, mut resampled: Vec<f64>) -> Estimate {
    resampled.sort_by(f64::total_cmp);
    let last = resampled.len().saturating_sub(1) as f64;
    let at = |share: f64| resampled.get((share * last).round() as usize).copied().unwrap_or(value);
    Estimate { value, low: at(0.025).min(value), high: at(0.975).max(value) }
}
