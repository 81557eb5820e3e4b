//! The planted truth of the generated company: how likely each rep is to win each lead. Known here and nowhere else;
//! a model has to find it in the outcomes.
//!
//! `logit p = base + source + industry + product + size + rep + rep x industry + rep x size`

use super::chance::Chance;
use super::company::{INDUSTRIES, PRODUCTS, SIZES, SOURCES, TERRITORIES};

/// Share of deals that are won when leads go to the reps of their territory in turn.
const BASE_WIN_RATE: f64 = 0.22;
/// Spread of the effects, in logits.
const SOURCE_SD: f64 = 0.40;
const INDUSTRY_SD: f64 = 0.25;
const PRODUCT_SD: f64 = 0.20;
const SIZE_SD: f64 = 0.30;
const REP_SD: f64 = 0.35;
const REP_INDUSTRY_SD: f64 = 0.50;
const REP_SIZE_SD: f64 = 0.25;
/// Leads on which the base is set.
const CALIBRATION_LEADS: u64 = 300;

/// What the truth depends on, whether or not the record shows it. Places in the lists of the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) territory: usize,
    pub(crate) source: Option<usize>,
    pub(crate) industry: Option<usize>,
    pub(crate) product: Option<usize>,
    pub(crate) size: Option<usize>,
}

/// All effects, drawn once from the seed.
#[derive(Debug)]
pub(crate) struct Truth {
    base: f64,
    source: [f64; SOURCES.len()],
    industry: [f64; INDUSTRIES.len()],
    product: [f64; PRODUCTS.len()],
    size: [f64; SIZES.len()],
    reps: Vec<Skill>,
}

/// What one rep adds.
#[derive(Debug)]
struct Skill {
    everywhere: f64,
    industry: [f64; INDUSTRIES.len()],
    size: [f64; SIZES.len()],
}

impl Truth {
    /// Draws the effects for so many reps; all others are as good as each other. `lead` gives sample leads, `team` the reps of a territory.
    pub(crate) fn new(
        seed: u64,
        reps: usize,
        lead: impl Fn(u64) -> Traits,
        team: impl Fn(usize) -> std::ops::Range<usize>,
    ) -> Self {
        let mut chance = Chance::new(seed, "truth", 0);
        let mut draw = |sd| chance.normal(sd);
        let mut truth = Self {
            base: 0.0,
            source: std::array::from_fn(|_| draw(SOURCE_SD)),
            industry: std::array::from_fn(|_| draw(INDUSTRY_SD)),
            product: std::array::from_fn(|_| draw(PRODUCT_SD)),
            size: std::array::from_fn(|_| draw(SIZE_SD)),
            reps: Vec::with_capacity(reps),
        };
        for _ in 0..reps {
            truth.reps.push(Skill {
                everywhere: draw(REP_SD),
                industry: std::array::from_fn(|_| draw(REP_INDUSTRY_SD)),
                size: std::array::from_fn(|_| draw(REP_SIZE_SD)),
            });
        }
        let sample: Vec<f64> = (0..CALIBRATION_LEADS)
            .map(&lead)
            .flat_map(|traits| team(traits.territory % TERRITORIES.len()).map(move |rep| (traits, rep)))
            .map(|(traits, rep)| truth.logit(&traits, rep))
            .collect();
        truth.base = base_for(&sample, BASE_WIN_RATE);
        truth
    }

    /// The probability that this rep (by number) wins a lead with these traits.
    pub(crate) fn probability(&self, traits: &Traits, rep: usize) -> f64 {
        sigmoid(self.base + self.logit(traits, rep))
    }

    fn logit(&self, traits: &Traits, rep: usize) -> f64 {
        let of = |effects: &[f64], place: Option<usize>| place.map_or(0.0, |place| effects[place]);
        let lead = of(&self.source, traits.source)
            + of(&self.industry, traits.industry)
            + of(&self.product, traits.product)
            + of(&self.size, traits.size);
        let skill = self.reps.get(rep).map_or(0.0, |skill| {
            skill.everywhere + of(&skill.industry, traits.industry) + of(&skill.size, traits.size)
        });
        lead + skill
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// The base that makes the mean probability what it should be, by bisection.
fn base_for(logits: &[f64], wanted: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        let mean = logits.iter().map(|logit| sigmoid(middle + logit)).sum::<f64>() / logits.len() as f64;
        if mean < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reps_who_are_alike_win_a_lead_with_the_same_probability_and_the_company_as_often_as_before() {
        let lead = |n: u64| {
            let n = n as usize;
            let place = |all: usize| Some(n * 7 / 3 % all);
            Traits {
                territory: n % TERRITORIES.len(),
                source: place(SOURCES.len()),
                industry: place(INDUSTRIES.len()),
                product: place(PRODUCTS.len()),
                size: place(SIZES.len()),
            }
        };
        let of = |reps: usize| -> Vec<Vec<f64>> {
            let truth = Truth::new(7, reps, lead, |territory| territory * 10..territory * 10 + 10);
            (0..CALIBRATION_LEADS).map(|n| (0..10).map(|rep| truth.probability(&lead(n), rep)).collect()).collect()
        };
        let (differ, alike) = (of(60), of(0));
        let apart = |lead: &Vec<f64>| lead.iter().any(|p| (p - lead[0]).abs() > 0.05);
        assert!(differ.iter().filter(|lead| apart(lead)).count() > 250);
        assert!(alike.iter().all(|lead| lead.iter().all(|p| p.to_bits() == lead[0].to_bits())));
        let mean = alike.iter().map(|lead| lead[0]).sum::<f64>() / alike.len() as f64;
        assert!((mean - BASE_WIN_RATE).abs() < 0.01, "{mean}");
    }
}
