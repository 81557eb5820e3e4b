//! A made-up company whose true win probabilities are known: reps differ by themselves, by industry and by deal size.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepKey};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const INDUSTRIES: [(&str, f64); 6] = [
    ("Technology", 0.3),
    ("Healthcare", 0.1),
    ("Finance", 0.0),
    ("Retail", -0.2),
    ("Manufacturing", -0.1),
    ("Education", -0.3),
];
const SOURCES: [(&str, f64); 5] =
    [("Referral", 0.7), ("Webinar", 0.1), ("Web", -0.2), ("Trade show", 0.0), ("Cold call", -0.7)];
const PRODUCTS: [(&str, f64); 4] = [("Core", 0.1), ("Plus", 0.0), ("Enterprise", -0.3), ("Starter", 0.3)];
const TERRITORIES: usize = 6;
const SIZES: usize = 3;

/// How strongly reps differ, as standard deviations in log-odds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) rep: f64,
    pub(crate) rep_by_industry: f64,
    pub(crate) rep_by_size: f64,
}

impl Spread {
    /// Reps differ, and differ most by industry.
    pub(crate) const STRONG: Self = Self { rep: 0.35, rep_by_industry: 0.5, rep_by_size: 0.25 };
    /// Who works a lead does not matter.
    pub(crate) const NONE: Self = Self { rep: 0.0, rep_by_industry: 0.0, rep_by_size: 0.0 };
}

/// The company.
pub(crate) struct Company {
    rng: ChaCha8Rng,
    reps_per_territory: usize,
    rep: Vec<f64>,
    by_industry: Vec<[f64; INDUSTRIES.len()]>,
    by_size: Vec<[f64; SIZES]>,
    next_rep: Vec<usize>,
    leads: usize,
}

/// A lead with what only the company knows.
pub(crate) struct Lead {
    pub(crate) facts: LeadFacts,
    pub(crate) territory: usize,
    industry: usize,
    size: usize,
    own: f64,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl Company {
    pub(crate) fn new(seed: u64, reps: usize, spread: Spread) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rng_ref = &mut rng;
        let rep = (0..reps).map(|_| spread.rep * normal(rng_ref)).collect();
        let by_industry =
            (0..reps).map(|_| std::array::from_fn(|_| spread.rep_by_industry * normal(rng_ref))).collect();
        let by_size = (0..reps).map(|_| std::array::from_fn(|_| spread.rep_by_size * normal(rng_ref))).collect();
        Self {
            rng,
            reps_per_territory: reps / TERRITORIES,
            rep,
            by_industry,
            by_size,
            next_rep: vec![0; TERRITORIES],
            leads: 0,
        }
    }

    /// The reps who can own a lead of this territory.
    pub(crate) fn pool(&self, territory: usize) -> Vec<usize> {
        (0..self.reps_per_territory).map(|i| territory * self.reps_per_territory + i).collect()
    }

    pub(crate) fn key(rep: usize) -> RepKey {
        RepKey::new(format!("rep-{rep:02}"))
    }

    /// The next lead, half an hour after the last.
    pub(crate) fn lead(&mut self) -> Lead {
        let start: DateTime<Utc> = Utc.with_ymd_and_hms(2024, 1, 1, 8, 0, 0).unwrap();
        let created_at = start + TimeDelta::minutes(60 * self.leads as i64);
        self.leads += 1;
        let rng = &mut self.rng;
        let territory = rng.random_range(0..TERRITORIES);
        let industry = rng.random_range(0..INDUSTRIES.len());
        let source = rng.random_range(0..SOURCES.len());
        let product = rng.random_range(0..PRODUCTS.len());
        let size = rng.random_range(0..SIZES);
        let employees = [20.0, 200.0, 2_000.0][size] * (0.8 * normal(rng)).exp().clamp(0.4, 2.5);
        let amount = 2_000.0 * f64::powf(employees, 0.6) * (0.5 * normal(rng)).exp();
        let own = -1.45
            + INDUSTRIES[industry].1
            + SOURCES[source].1
            + PRODUCTS[product].1
            + [0.2, 0.0, -0.3][size]
            + 0.1 * (territory as f64 - 2.5)
            + 0.2 * normal(rng);
        let mut facts = LeadFacts::empty(created_at);
        facts.industry = (rng.random::<f64>() > 0.05).then(|| INDUSTRIES[industry].0.to_owned());
        facts.source = Some(SOURCES[source].0.to_owned());
        facts.product = Some(PRODUCTS[product].0.to_owned());
        facts.territory = Some(format!("Territory {territory}"));
        facts.employees = (rng.random::<f64>() > 0.1).then_some(employees);
        facts.annual_revenue = (rng.random::<f64>() > 0.3).then(|| employees * 150_000.0 * (0.4 * normal(rng)).exp());
        facts.amount = Some(amount);
        Lead { facts, territory, industry, size, own }
    }

    /// The true probability that a rep wins a lead.
    pub(crate) fn truth(&self, lead: &Lead, rep: usize) -> f64 {
        let log_odds = lead.own + self.rep[rep] + self.by_industry[rep][lead.industry] + self.by_size[rep][lead.size];
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// The rep whose turn it is in a territory.
    pub(crate) fn round_robin(&mut self, territory: usize) -> usize {
        let turn = self.next_rep[territory];
        self.next_rep[territory] = (turn + 1) % self.reps_per_territory;
        territory * self.reps_per_territory + turn
    }

    /// A history of closed deals that the legacy round robin assigned.
    pub(crate) fn history(&mut self, deals: usize) -> Vec<Deal> {
        (0..deals)
            .map(|i| {
                let lead = self.lead();
                let rep = self.round_robin(lead.territory);
                let won = self.rng.random::<f64>() < self.truth(&lead, rep);
                let days = if won { 45.0 } else { 30.0 } * -(1.0 - self.rng.random::<f64>()).ln();
                Deal {
                    lead_id: LeadId::new(format!("00Q{i:015}")),
                    rep: Self::key(rep),
                    closed_at: lead.facts.created_at + TimeDelta::minutes((days * 1_440.0) as i64 + 60),
                    facts: lead.facts,
                    closed_assumed: false,
                    outcome: if won { Outcome::Won } else { Outcome::Lost },
                    closed_amount: None,
                }
            })
            .collect()
    }
}

/// What routing new leads by a model is worth, in true expected wins, and how honest its intervals are.
pub(crate) struct Routed {
    pub(crate) legacy: f64,
    pub(crate) model: f64,
    pub(crate) oracle: f64,
    /// Share of (lead, rep) pairs whose true probability lies in the interval.
    pub(crate) coverage: f64,
    /// Mean width of the intervals.
    pub(crate) width: f64,
    /// Mean of predicted less true probability of the picks: the winner's curse.
    pub(crate) top_pick_gap: f64,
}

impl Routed {
    pub(crate) fn captured(&self) -> f64 {
        (self.model - self.legacy) / (self.oracle - self.legacy)
    }
}

/// Routes new leads of the company within each territory's pool.
pub(crate) fn route(company: &mut Company, scorer: &dyn leadboard::model::Scorer, leads: usize) -> Routed {
    let (mut legacy, mut model, mut oracle) = (0.0, 0.0, 0.0);
    let (mut covered, mut pairs, mut width, mut gap) = (0usize, 0usize, 0.0, 0.0);
    for _ in 0..leads {
        let lead = company.lead();
        let pool = company.pool(lead.territory);
        let keys: Vec<RepKey> = pool.iter().map(|rep| Company::key(*rep)).collect();
        let scores = scorer.score(&lead.facts, &keys);
        let truths: Vec<f64> = pool.iter().map(|rep| company.truth(&lead, *rep)).collect();
        let pick = (0..pool.len()).max_by(|a, b| scores[*a].p_win.total_cmp(&scores[*b].p_win)).unwrap();
        model += truths[pick];
        gap += scores[pick].p_win - truths[pick];
        oracle += truths.iter().copied().fold(0.0, f64::max);
        let turn = company.round_robin(lead.territory);
        legacy += company.truth(&lead, turn);
        for (score, truth) in scores.iter().zip(&truths) {
            pairs += 1;
            covered += usize::from(score.interval.low <= *truth && *truth <= score.interval.high);
            width += score.interval.high - score.interval.low;
        }
    }
    Routed {
        legacy,
        model,
        oracle,
        coverage: covered as f64 / pairs as f64,
        width: width / pairs as f64,
        top_pick_gap: gap / leads as f64,
    }
}
