#![expect(clippy::float_cmp, reason = "counts, and distances of what is identical, are exact")]

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::calibration::ClosingTimes;
use super::sequential::{Cusum, PageHinkley};
use super::*;
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::{LeadId, ModelId};
use crate::model::{Explanation, RepScore};

/// What Python made of stored vectors; see `.ci/model/make_drift.py`.
fn golden<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let file = format!("{}/tests/data/drift/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[track_caller]
fn close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-6), "{what}: {ours} against {theirs}");
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    reference: Vec<f64>,
    current: Vec<f64>,
    #[serde(flatten)]
    of: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Evidently {
    samples: BTreeMap<String, BTreeMap<String, f64>>,
    categories: BTreeMap<String, BTreeMap<String, f64>>,
}

#[test]
fn numbers_agree_with_scipy_and_evidently() {
    let evidently: Evidently = golden("evidently");
    for pair in golden::<Vec<Pair>>("measures") {
        let (a, b, what) = (&pair.reference, &pair.current, &pair.name);
        let ks = measures::ks_statistic(a, b);
        close(ks, pair.of["ks"], &format!("{what}: KS"));
        close(kolmogorov::two_sample(ks, a.len(), b.len()), pair.of["ks_p"], &format!("{what}: p of KS"));
        close(measures::wasserstein(a, b), pair.of["wasserstein"], &format!("{what}: Wasserstein"));
        close(measures::wasserstein_normed(a, b), pair.of["wasserstein_normed"], &format!("{what}: normed"));
        let edges = measures::quantile_edges(a, 10);
        let share = |sample: &[f64]| measures::shares(&measures::histogram(sample, &edges));
        close(measures::psi(&share(a), &share(b)), pair.of["psi_deciles"], &format!("{what}: PSI (a)"));
        let (was, now) = measures::evidently_bins(a, b);
        let theirs = &evidently.samples[what];
        let ours = measures::psi_evidently(&measures::shares(&was), &measures::shares(&now));
        close(ours, theirs["psi"], &format!("{what}: PSI (b)"));
        close(measures::jensen_shannon(&was, &now), theirs["jensen_shannon"], &format!("{what}: JS"));
    }
}

#[test]
fn categories_agree_with_scipy_and_evidently() {
    let evidently: Evidently = golden("evidently");
    for pair in golden::<Vec<Pair>>("tables") {
        let (a, b, what) = (&pair.reference, &pair.current, &pair.name);
        close(measures::jensen_shannon(a, b), pair.of["jensen_shannon"], &format!("{what}: JS"));
        let (statistic, degrees, p_value) = significance::chi2_test(a, b);
        close(statistic, pair.of["chi2"], &format!("{what}: chi2"));
        assert_eq!(degrees, pair.of["degrees"] as usize);
        close(p_value, pair.of["chi2_p"], &format!("{what}: p of chi2"));
        if a.len() == 2 {
            let total = |counts: &[f64]| counts.iter().sum();
            let (z, p_of_z) = significance::two_proportions((a[0], total(a)), (b[0], total(b)));
            close(z * z, statistic, &format!("{what}: z squared"));
            close(p_of_z, p_value, &format!("{what}: p of z"));
        }
        let theirs = &evidently.categories[what];
        close(measures::jensen_shannon(a, b), theirs["jensen_shannon"], &format!("{what}: JS of Evidently"));
        let ours = measures::psi_evidently(&measures::shares(a), &measures::shares(b));
        close(ours, theirs["psi"], &format!("{what}: PSI (b)"));
    }
    // The worked example of the literature: both conventions agree where no bin is empty.
    let (was, now) = ([0.5, 0.3, 0.15, 0.05], [0.42, 0.32, 0.18, 0.08]);
    assert!((measures::psi(&was, &now) - 0.034_808_797).abs() < 1e-9);
    close(measures::psi(&was, &now), measures::psi_evidently(&was, &now), "conventions");
}

#[derive(Deserialize)]
struct Distributions {
    kstwo: Vec<BTreeMap<String, f64>>,
    chi2: Vec<BTreeMap<String, f64>>,
    normal: Vec<BTreeMap<String, f64>>,
    false_discovery: BTreeMap<String, Vec<f64>>,
    poisson_binomial: BTreeMap<String, Vec<f64>>,
    expected_auc: ExpectedAuc,
}

#[derive(Deserialize)]
struct ExpectedAuc {
    p: Vec<f64>,
    auc: f64,
}

#[test]
fn distributions_agree_with_scipy() {
    let golden: Distributions = golden("distributions");
    for row in golden.kstwo {
        let ours = kolmogorov::survival(row["d"], row["n"] as u64);
        close(ours, row["sf"], &format!("kstwo.sf({}, {})", row["d"], row["n"]));
    }
    for row in golden.chi2 {
        let ours = significance::chi2_survival(row["x"], row["degrees"] as usize);
        let relative = (ours - row["sf"]).abs() / row["sf"].max(f64::MIN_POSITIVE);
        assert!(relative < 1e-9, "chi2.sf({}, {}): {ours} against {}", row["x"], row["degrees"], row["sf"]);
    }
    for row in golden.normal {
        let (ours, theirs) = (significance::two_sided(row["z"]), row["p"]);
        assert!((ours - theirs).abs() <= 1e-11 * theirs, "norm.sf({}): {ours} against {theirs}", row["z"]);
    }
    let adjusted = significance::benjamini_hochberg(&golden.false_discovery["p"]);
    for (ours, theirs) in adjusted.iter().zip(&golden.false_discovery["adjusted"]) {
        close(*ours, *theirs, "false_discovery_control");
    }
    let pmf = calibration::poisson_binomial(&golden.poisson_binomial["p"]);
    for (ours, theirs) in pmf.iter().zip(&golden.poisson_binomial["pmf"]) {
        close(*ours, *theirs, "poisson_binom.pmf");
    }
    close(calibration::expected_auc(&golden.expected_auc.p).unwrap(), golden.expected_auc.auc, "expected AUC");
}

#[derive(Deserialize)]
struct Stream {
    slack: f64,
    #[serde(rename = "stream")]
    surprises: Vec<f64>,
    values: Vec<f64>,
}

#[test]
fn page_hinkley_agrees_with_river() {
    let golden: Stream = golden("page_hinkley");
    let mut test = PageHinkley::new(golden.slack);
    for (x, theirs) in golden.surprises.iter().zip(&golden.values) {
        close(test.push(*x), *theirs, "Page-Hinkley");
    }
}

#[test]
fn cusum_forgets_what_went_the_other_way() {
    let mut sums = Cusum::new(0.5);
    for _ in 0..100 {
        sums.push(-1.0);
    }
    close(sums.value(), 50.0, "downwards");
    let mut sums = Cusum::new(0.5);
    for x in [-1.0, -1.0, 2.0, 2.0] {
        sums.push(x);
    }
    close(sums.value(), 3.0, "upwards, from 0 and not from below");
}

fn sample() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![-5.0..5.0, (-3i32..3).prop_map(f64::from), Just(1e300), Just(-1e-300)];
    proptest::collection::vec(value, 0..60).prop_map(|mut values| {
        values.sort_by(f64::total_cmp);
        values
    })
}

fn counts() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let count = || prop_oneof![Just(0.0), (0u32..5_000).prop_map(f64::from)];
    proptest::collection::vec((count(), count()), 1..30)
}

proptest! {
    #[test]
    fn measures_of_numbers_are_distances(a in sample(), b in sample()) {
        for measure in [measures::ks_statistic, measures::wasserstein] {
            prop_assert_eq!(measure(&a, &a), 0.0);
            prop_assert_eq!(measure(&a, &b), measure(&b, &a));
            prop_assert!(measure(&a, &b) >= 0.0);
        }
        let (r, c) = measures::evidently_bins(&a, &b);
        prop_assert_eq!(r.iter().sum::<f64>(), a.len() as f64);
        prop_assert_eq!(c.iter().sum::<f64>(), b.len() as f64);
        let edges = measures::quantile_edges(&a, 10);
        prop_assert!(edges.len() <= 9);
        prop_assert_eq!(measures::histogram(&b, &edges).iter().sum::<f64>(), b.len() as f64);
        let d = measures::ks_statistic(&a, &b);
        prop_assert!((0.0..=1.0).contains(&kolmogorov::two_sample(d, a.len(), b.len())));
    }

    #[test]
    fn measures_of_categories_are_distances(table in counts()) {
        let (a, b): (Vec<f64>, Vec<f64>) = table.into_iter().unzip();
        let (p, q) = (measures::shares(&a), measures::shares(&b));
        for measure in [measures::psi, measures::psi_evidently, measures::jensen_shannon] {
            prop_assert_eq!(measure(&p, &p), 0.0);
            let (there, back) = (measure(&p, &q), measure(&q, &p));
            prop_assert!(there.is_finite() && (there - back).abs() <= 1e-12 * (1.0 + there.abs()));
        }
        prop_assert!(measures::jensen_shannon(&p, &q) <= 2f64.ln().sqrt() + 1e-12);
        let (statistic, _, chance) = significance::chi2_test(&a, &b);
        prop_assert!(statistic.is_finite() && (0.0..=1.0).contains(&chance));
    }

    #[test]
    fn adjusted_p_values_keep_their_order_and_never_shrink(p in proptest::collection::vec(0.0..=1.0f64, 0..40)) {
        let q = significance::benjamini_hochberg(&p);
        for (i, a) in p.iter().enumerate() {
            prop_assert!(q[i] >= *a && q[i] <= 1.0);
            prop_assert!(p.iter().zip(&q).all(|(b, qb)| b < a || *qb >= q[i]));
        }
    }

    #[test]
    fn win_limits_hold_what_they_promise(p in proptest::collection::vec(0.0..=1.0f64, 0..120), alpha in 0.001..0.3f64) {
        let (low, high) = calibration::win_limits(&p, alpha);
        let pmf = calibration::poisson_binomial(&p);
        let outside: f64 = pmf.iter().enumerate().filter(|(k, _)| (*k as u32) < low || *k as u32 > high).map(|(_, p)| p).sum();
        prop_assert!(outside <= alpha + 1e-12);
        let inside = |k: u32| pmf[k as usize] > 0.0;
        prop_assert!(low <= high && (low == 0 || inside(low)));
    }

    #[test]
    fn a_day_does_not_depend_on_the_order_of_its_leads(order in Just((0..900u32).collect::<Vec<_>>()).prop_shuffle()) {
        let day = |order: &[u32]| {
            let mut gather = Gather::default();
            for n in order {
                gather.push(LeadId::new(format!("lead {n}")), facts(&[f64::from(*n)], &["a"]), None);
            }
            gather.finish(None)
        };
        let sorted: Vec<u32> = (0..900).collect();
        prop_assert_eq!(day(&order), day(&sorted));
    }
}

fn start() -> DateTime<Utc> {
    "2026-01-05T00:00:00Z".parse().unwrap()
}

/// A lead with these further facts.
fn facts(numbers: &[f64], categories: &[&str]) -> LeadFacts {
    let mut facts = LeadFacts::empty(start());
    facts.numeric = numbers.iter().enumerate().map(|(i, v)| (format!("n{i:02}"), *v)).collect();
    facts.categorical = categories.iter().enumerate().map(|(i, v)| (format!("c{i:02}"), (*v).to_owned())).collect();
    facts
}

/// Scores a lead by its first number.
struct ByFirstNumber;

impl Scorer for ByFirstNumber {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let x = facts.numeric.values().next().copied().unwrap_or_default();
        let p_win = 1.0 / (1.0 + (-x).exp());
        let interval = crate::domain::ranking::Interval { low: p_win, high: p_win };
        let support = crate::domain::ranking::Support::default();
        reps.iter().map(|_| RepScore { p_win, interval, support }).collect()
    }
    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }
    fn segment(&self, _: &LeadFacts) -> String {
        String::new()
    }
}

fn model() -> ModelId {
    ModelId::new("m-1")
}

/// A company with numeric and categorical facts, half of them with gaps, that can be made to drift.
struct Company {
    rng: ChaCha8Rng,
    numeric: usize,
    categorical: usize,
    /// What is added to the first number, in standard deviations.
    shift: f64,
    /// How much likelier the first level of the second category becomes.
    boost: f64,
}

impl Company {
    fn new(seed: u64, numeric: usize, categorical: usize) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), numeric, categorical, shift: 0.0, boost: 0.0 }
    }

    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.rng.random(), self.rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    fn lead(&mut self) -> LeadFacts {
        let mut facts = LeadFacts::empty(start());
        for i in 0..self.numeric {
            let x = self.normal() + if i == 0 { self.shift } else { 0.0 };
            // Every other one is heavy-tailed, and has gaps.
            let x = if i % 2 == 1 { (2.0 * x).exp().round() } else { x };
            if i % 2 == 0 || self.rng.random_bool(0.8) {
                facts.numeric.insert(format!("n{i:02}"), x);
            }
        }
        for i in 0..self.categorical {
            // From 2 levels to 30, the rare ones ever rarer.
            let levels = 2 + (i * 7) % 29;
            let boosted = i == 1 && self.boost > 0.0 && self.rng.random_bool(self.boost);
            let level = if boosted { 0 } else { ((self.rng.random::<f64>().powf(1.7)) * levels as f64) as usize };
            if i % 3 != 2 || self.rng.random_bool(0.9) {
                facts.categorical.insert(format!("c{i:02}"), format!("level {level}"));
            }
        }
        facts
    }

    fn baseline(&mut self, deals: usize) -> Baseline {
        let deals: Vec<Deal> = (0..deals)
            .map(|n| Deal {
                lead_id: LeadId::new(format!("deal {n}")),
                rep: RepKey::new("rep"),
                facts: self.lead(),
                closed_at: start() + TimeDelta::days(n as i64 % 40),
                closed_assumed: false,
                outcome: if self.rng.random_bool(0.3) { Outcome::Won } else { Outcome::Lost },
                closed_amount: None,
            })
            .collect();
        Baseline::of(&deals, &ByFirstNumber)
    }

    fn day(&mut self, leads: usize) -> Leads {
        let mut gather = Gather::default();
        for _ in 0..leads {
            let id = LeadId::new(format!("lead {}", self.rng.random::<u64>()));
            gather.push(id, self.lead(), Some(0.3));
        }
        gather.finish(Some((&model(), &ByFirstNumber)))
    }
}

fn period() -> Period {
    let day = |n: i64| (start() + TimeDelta::days(n)).date_naive();
    Period { from: day(0), until: day(27), as_of: start() + TimeDelta::days(28) }
}

fn report(baseline: &Baseline, days: &[Leads], matured: &[Matured]) -> Report {
    assess(&model(), baseline, &Window::of(days, &model()), matured, period(), &Limits::default())
}

/// Days of a company that gets so many leads a day, and weekly looks at the last 28 of them.
fn weekly_looks(company: &mut Company, baseline: &Baseline, per_day: usize, weeks: usize) -> Vec<Report> {
    let days: Vec<Leads> = (0..weeks * 7 + 21).map(|_| company.day(per_day)).collect();
    (0..weeks).map(|week| report(baseline, &days[week * 7..week * 7 + 28], &[])).collect()
}

#[test]
fn nothing_is_called_drift_where_nothing_changes() {
    // 30 facts, a year of weekly looks, at a small, a usual and a large volume. The windows of two looks overlap by three
    // weeks, as in life, so alarms come in rows. Over eight such years the rate of weeks with any false alarm was 4 % at
    // 112 leads in the window, 3 % at 140, 1 to 2 % at 200 to 250, and none in 416 weeks from 336 leads on, where the
    // limit on the size of a change decides alone.
    for (seed, per_day, deals, most) in [(1, 5, 3_000, 3), (2, 12, 2_000, 0), (3, 30, 12_000, 0)] {
        let mut company = Company::new(seed, 15, 15);
        let baseline = company.baseline(deals);
        let looks = weekly_looks(&mut company, &baseline, per_day, 52);
        let alarms = looks.iter().filter(|r| !r.alerts().is_empty()).count();
        let enough = looks.iter().filter(|r| r.verdict > Verdict::TooFew).count();
        assert_eq!(enough, 52, "{per_day} leads a day are enough to say something");
        assert!(alarms <= most, "{alarms} of 52 weeks with a false alarm at {per_day} leads a day");
    }
}

#[test]
fn planted_changes_are_found_and_named() {
    let mut company = Company::new(4, 15, 15);
    let baseline = company.baseline(12_000);
    company.shift = 0.8;
    company.boost = 0.4;
    let days: Vec<Leads> = (0..28).map(|_| company.day(12)).collect();
    let found = report(&baseline, &days, &[]);
    let of = |fact: &str| found.facts.iter().find(|row| row.fact == fact).unwrap();
    assert_eq!(of("numeric.n00").verdict, Verdict::Act);
    assert_eq!(of("categorical.c01").verdict, Verdict::Act);
    assert_eq!(found.prediction.verdict, Verdict::Act, "the model scores by the first number");
    assert_eq!(found.verdict, Verdict::Act);
    let others = found.facts.iter().filter(|row| row.verdict >= Verdict::Watch).count();
    assert_eq!(others, 2, "and nothing else: {:?}", found.alerts());
    assert!(found.summary.contains("C01 has changed: level 0 "), "{}", found.summary);
    assert!(found.summary.contains("N00 has changed: "), "{}", found.summary);
    assert!(of("numeric.n00").evidently.name.starts_with("Wasserstein"));
    assert!(of("categorical.c01").evidently.drifted);
}

#[test]
fn a_small_but_certain_change_is_no_alarm() {
    // A tenth of a standard deviation over 20,000 leads is beyond chance, and does not matter.
    let mut company = Company::new(5, 2, 2);
    let baseline = company.baseline(12_000);
    company.shift = 0.1;
    let days: Vec<Leads> = (0..28).map(|_| company.day(700)).collect();
    let found = report(&baseline, &days, &[]);
    let row = found.facts.iter().find(|row| row.fact == "numeric.n00").unwrap();
    assert!(row.q_value < 0.05, "{row:?}");
    assert_eq!(row.verdict, Verdict::Steady);
}

#[test]
fn a_fact_that_stops_coming_is_found() {
    let mut company = Company::new(6, 3, 3);
    let baseline = company.baseline(3_000);
    company.numeric = 2;
    let days: Vec<Leads> = (0..28).map(|_| company.day(10)).collect();
    let found = report(&baseline, &days, &[]);
    let row = &found.facts[0];
    assert_eq!((row.fact.as_str(), row.verdict), ("numeric.n02", Verdict::Act));
    assert_eq!(row.change, "missing 0 % -> 100 %");
}

#[test]
fn a_new_value_is_named() {
    let mut company = Company::new(7, 0, 1);
    let baseline = company.baseline(2_000);
    let mut gather = Gather::default();
    for n in 0..200 {
        let mut lead = company.lead();
        if n % 4 == 0 {
            lead.categorical.insert("c00".into(), " Fintech ".into());
        }
        gather.push(LeadId::new(n.to_string()), lead, None);
    }
    let found = report(&baseline, &[gather.finish(None)], &[]);
    assert_eq!(found.facts[0].change, "Fintech 0 % -> 25 %");
    assert_eq!(found.facts[0].verdict, Verdict::Act);
}

#[test]
fn with_too_few_leads_nothing_is_said() {
    let mut company = Company::new(8, 3, 3);
    let baseline = company.baseline(3_000);
    company.shift = 5.0;
    let found = report(&baseline, &[company.day(99)], &[]);
    assert_eq!(found.verdict, Verdict::TooFew);
    assert!(found.alerts().is_empty());
    assert!(found.summary.contains("99 in the last 28 days, 100 are needed"), "{}", found.summary);
    assert_eq!(found.expected_auc, None);
    assert_eq!(report(&baseline, &[company.day(100)], &[]).verdict, Verdict::Act);
    let none = report(&baseline, &[], &[]);
    assert_eq!((none.verdict, none.leads), (Verdict::TooFew, 0));
}

#[test]
fn busy_days_count_for_what_they_were() {
    let day = |name: &str, leads: u32, value: f64| {
        let mut gather = Gather::default();
        for n in 0..leads {
            gather.push(LeadId::new(format!("{name} {n}")), facts(&[value], &[]), None);
        }
        gather.finish(None)
    };
    let window = Window::of([&day("busy", 4_000, 1.0), &day("quiet", 100, 0.0)], &model());
    let values = &window.numeric["numeric.n00"].1;
    assert_eq!(window.leads, 4_100);
    // 400 of 4,000 are kept, so of 100 only 10 may count.
    assert_eq!((values.iter().filter(|v| **v > 0.5).count(), values.len()), (400, 410));
}

/// Deals with chances around 30 %, won with the chance that `truth` makes of it.
fn stream(seed: u64, deals: usize, truth: impl Fn(usize, f64) -> f64) -> Vec<Matured> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..deals)
        .map(|n| {
            let p = rng.random_range(0.1..0.5);
            let created_at = start() - TimeDelta::days(180) + TimeDelta::hours(n as i64);
            Matured::new(&LeadId::new(n.to_string()), created_at, p, rng.random_bool(truth(n, p)))
        })
        .collect()
}

fn concept(matured: &[Matured]) -> Concept {
    concept::assess(matured, &ClosingTimes::default(), &Limits::default(), period().as_of)
}

#[test]
fn true_probabilities_are_not_doubted() {
    let doubted = (0..200).filter(|seed| concept(&stream(*seed, 1_000, |_, p| p)).verdict != Verdict::Steady).count();
    assert!(doubted <= 10, "{doubted} of 200 true streams of 1,000 deals were doubted");
}

#[test]
fn probabilities_that_stop_being_true_are_found() {
    let found = |worst: Verdict| {
        (0..50)
            .filter(|seed| concept(&stream(*seed, 800, |n, p| if n < 400 { p } else { p * 0.55 })).verdict >= worst)
            .count()
    };
    assert!(found(Verdict::Watch) >= 45, "{}", found(Verdict::Watch));
    let concept = concept(&stream(1, 1_200, |n, p| if n < 400 { p } else { p * 0.4 }));
    assert_eq!(concept.verdict, Verdict::Act);
    assert!(concept.summary.contains("too high for leads since about"), "{}", concept.summary);
    assert_eq!(concept.weeks.iter().map(|w| w.outcomes).sum::<u32>(), 1_200);
    assert!(concept.weeks.iter().all(|w| w.limits.0 <= w.limits.1));
}

#[test]
fn few_outcomes_say_nothing() {
    let concept = concept(&stream(1, 49, |_, _| 0.0));
    assert_eq!(concept.verdict, Verdict::TooFew);
    assert!(concept.summary.contains("49 leads") && concept.summary.contains("50 are needed"), "{}", concept.summary);
}

#[test]
fn young_leads_are_not_held_against_the_model() {
    // Losses close within days, wins within months: of the deals that closed so far few are won, and that is no drift.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut times = |most: f32| {
        let mut times: Vec<f32> = (0..1_000).map(|_| rng.random_range(0.0..most)).collect();
        times.sort_by(f32::total_cmp);
        times
    };
    let closing = ClosingTimes { won: times(90.0), lost: times(20.0) };
    let as_of = period().as_of;
    let mut matured = Vec::new();
    for n in 0..1_500 {
        let p = rng.random_range(0.1..0.5);
        let won = rng.random_bool(p);
        let created_at = as_of - TimeDelta::days(30) + TimeDelta::minutes(n * 20);
        let days = if won { rng.random_range(0.0..90.0) } else { rng.random_range(0.0..20.0) };
        if created_at + TimeDelta::seconds((days * 86_400.0) as i64) < as_of {
            matured.push(Matured::new(&LeadId::new(n.to_string()), created_at, p, won));
        }
    }
    let judge = |closing: &ClosingTimes| concept::assess(&matured, closing, &Limits::default(), as_of).verdict;
    assert_eq!(judge(&closing), Verdict::Steady);
    assert_eq!(judge(&ClosingTimes::default()), Verdict::Act, "which is what comparing with p itself would say");
}

#[test]
fn a_baseline_is_bounded_and_does_not_depend_on_the_order_of_the_deals() {
    let deal = |n: u32| Deal {
        lead_id: LeadId::new(n.to_string()),
        rep: RepKey::new("rep"),
        facts: facts(&[f64::from(n)], &[&format!("level {}", n % 500)]),
        closed_at: start() + TimeDelta::days(3),
        closed_assumed: n.is_multiple_of(2),
        outcome: Outcome::Won,
        closed_amount: None,
    };
    let mut deals: Vec<Deal> = (0..10_000).map(deal).collect();
    let baseline = Baseline::of(&deals, &ByFirstNumber);
    deals.reverse();
    assert_eq!(baseline, Baseline::of(&deals, &ByFirstNumber));
    assert!(baseline.is_sound());
    assert_eq!((baseline.deals, baseline.numeric[0].known, baseline.numeric[0].values.len()), (10_000, 10_000, 2_000));
    assert_eq!((baseline.categorical[0].levels.len(), baseline.categorical[0].known), (60, 10_000));
    let text = serde_json::to_string(&baseline).unwrap();
    assert!(text.len() < 60_000, "{} bytes", text.len());
    assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), baseline);
    // Assumed closing dates say nothing about how long deals take.
    assert!(baseline.closing.won.len() < 1_100 && baseline.closing.won.iter().all(|days| (days - 3.0).abs() < 1e-6));
    let mut broken = baseline.clone();
    broken.lead_scores.push(-1.0);
    assert!(!broken.is_sound());
}

#[test]
fn days_and_reports_survive_being_stored() {
    let mut company = Company::new(9, 3, 3);
    let baseline = company.baseline(500);
    let day = company.day(450);
    let text = serde_json::to_string(&day).unwrap();
    assert_eq!(serde_json::from_str::<Leads>(&text).unwrap(), day);
    assert!(text.len() < 40_000, "{} bytes for a day of 450 leads with 6 facts", text.len());
    let report = report(&baseline, &[day], &stream(1, 60, |_, p| p));
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(serde_json::from_value::<Report>(value.clone()).unwrap(), report);
    assert_eq!(value["facts"][0]["evidently"]["name"].as_str().map(|n| n.contains("p_value")), Some(true));
    assert_eq!(NaiveDate::parse_from_str(value["from"].as_str().unwrap(), "%Y-%m-%d").unwrap(), period().from);
}

#[test]
fn leads_of_one_moment_are_not_put_in_the_order_of_their_outcomes() {
    // A file with dates and no times: a thousand leads created at midnight, half of them won.
    let matured: Vec<Matured> = (0..1_000)
        .map(|n: u32| Matured::new(&LeadId::new(format!("{n:04}")), start(), 0.5, n.is_multiple_of(2)))
        .collect();
    assert_eq!(concept(&matured).verdict, Verdict::Steady);
    let mut sorted = matured.clone();
    sorted.sort_by_key(|deal| deal.won);
    assert_eq!(concept(&sorted), concept(&matured), "nor in the order in which they came");
}
