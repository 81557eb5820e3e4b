//! Days of the generated company under one policy or another: leads arrive at random moments, each rep can take so many a
//! day, and what finds no place waits for the morning. What a policy brings is counted with the planted probabilities, so
//! no luck of single deals is in it.

use leadboard::demo_org::planted::{PlantedCompany, PlantedLead};
use leadboard::policy::assignment::{Market, Offer, assign};
use leadboard::policy::price::{Expected, net, prices, together};
use leadboard::policy::value::worth;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Leads that a rep can take in a day.
    pub(crate) places: u32,
    /// Leads that arrive in a day, as a share of all places.
    pub(crate) load: f64,
    /// Days.
    pub(crate) days: u64,
    /// How far what the policies see is from the truth: standard deviation in log-odds. A model never knows it exactly.
    pub(crate) noise: f64,
}

/// How leads are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Each to the likeliest rep who has room, in order of arrival.
    Greedy,
    /// Each to the rep of the highest net value; those that wait in the morning, together.
    Priced,
    /// The same, but what arrives in one part of so many of the day is given together at its end.
    Held(u32),
    /// All leads of a day together at its end. No policy that must answer sooner can do better.
    Hindsight,
}

/// Leads of the past that stand for those to come, of each territory.
const SAMPLE: usize = 150;

/// A lead as it is seen, and as it is.
struct Lead {
    /// When, as a share of the day.
    at: f64,
    seen: Vec<Offer>,
    truth: Vec<f64>,
}

/// Expected deals of all leads that were given, and how many those are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) deals: f64,
    pub(crate) given: u64,
}

/// Plays a company's days under a policy. All policies meet the same leads at the same moments.
pub(crate) fn play(seed: u64, plan: &Plan, policy: Policy) -> Outcome {
    let company = PlantedCompany::new(seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x00da_75ee);
    let mut number = 0;
    let mut next = |rng: &mut ChaCha8Rng| {
        number += 1;
        let at = rng.random::<f64>();
        let lead = company.lead(number - 1);
        (lead.territory, seen(lead, at, plan.noise, rng))
    };
    let territories = PlantedCompany::territories();
    let mut teams: Vec<Team> = (0..territories).map(|_| Team::default()).collect();
    while teams.iter().any(|team| team.sample.len() < SAMPLE) {
        let (territory, lead) = next(&mut rng);
        teams[territory].remember(&lead);
    }
    let places = f64::from(plan.places) * (territories * PlantedCompany::team()) as f64;
    let mut outcome = Outcome::default();
    for _ in 0..plan.days {
        let mut today: Vec<Vec<Lead>> = (0..territories).map(|_| Vec::new()).collect();
        for _ in 0..poisson(plan.load * places, &mut rng) {
            let (territory, lead) = next(&mut rng);
            today[territory].push(lead);
        }
        for (team, mut leads) in teams.iter_mut().zip(today) {
            leads.sort_by(|a, b| a.at.total_cmp(&b.at));
            let mean = plan.load * places / territories as f64;
            team.day(leads, plan, policy, mean, &mut outcome);
        }
    }
    outcome
}

#[derive(Default)]
struct Team {
    sample: Vec<Vec<Offer>>,
    waiting: Vec<Lead>,
    room: Vec<u32>,
}

impl Team {
    fn remember(&mut self, lead: &Lead) {
        self.sample.push(lead.seen.clone());
        if self.sample.len() > SAMPLE {
            self.sample.remove(0);
        }
    }

    fn day(&mut self, leads: Vec<Lead>, plan: &Plan, policy: Policy, mean: f64, outcome: &mut Outcome) {
        self.room = vec![plan.places; PlantedCompany::team()];
        let waiting = std::mem::take(&mut self.waiting);
        for lead in &leads {
            self.remember(lead);
        }
        match policy {
            Policy::Greedy => {
                for lead in waiting.into_iter().chain(leads) {
                    let best =
                        lead.seen.iter().filter(|offer| self.room[offer.rep] > 0).max_by_key(|offer| offer.value);
                    let rep = best.map(|offer| offer.rep);
                    self.give(lead, rep, outcome);
                }
            }
            Policy::Priced => {
                self.give_together(waiting, mean, outcome);
                for lead in leads {
                    let left = mean * (1.0 - lead.at);
                    self.give_together(vec![lead], left, outcome);
                }
            }
            Policy::Held(parts) => {
                let mut held = waiting;
                let mut leads = leads.into_iter().peekable();
                for part in 1..=parts {
                    let end = f64::from(part) / f64::from(parts);
                    held.extend(std::iter::from_fn(|| leads.next_if(|lead| lead.at <= end)));
                    self.give_together(std::mem::take(&mut held), mean * (1.0 - end), outcome);
                }
            }
            Policy::Hindsight => {
                let all: Vec<Lead> = waiting.into_iter().chain(leads).collect();
                let mut market = Market::new(self.room.clone());
                for lead in &all {
                    market.push(lead.seen.iter().copied());
                }
                let found = assign(&market);
                for (lead, rep) in all.into_iter().zip(found.rep) {
                    self.give(lead, rep, outcome);
                }
            }
        }
    }

    /// Gives leads at one moment, when so many more are expected before the day ends.
    fn give_together(&mut self, leads: Vec<Lead>, expected: f64, outcome: &mut Outcome) {
        if leads.is_empty() {
            return;
        }
        let sample = std::mem::take(&mut self.sample);
        let expected = Expected { sample, leads: expected };
        let prices = prices(&self.room, &expected);
        self.sample = expected.sample;
        let reps = match &leads[..] {
            [lead] => vec![net(&lead.seen, &prices).first().map(|net| net.rep)],
            many => together(&many.iter().map(|lead| lead.seen.clone()).collect::<Vec<_>>(), &prices),
        };
        for (lead, rep) in leads.into_iter().zip(reps) {
            self.give(lead, rep, outcome);
        }
    }

    fn give(&mut self, lead: Lead, rep: Option<usize>, outcome: &mut Outcome) {
        match rep {
            Some(rep) => {
                self.room[rep] -= 1;
                outcome.deals += lead.truth[rep];
                outcome.given += 1;
            }
            None => self.waiting.push(lead),
        }
    }
}

/// What a policy sees of a lead: the truth with an error in log-odds, as a model would give it.
fn seen(lead: PlantedLead, at: f64, noise: f64, rng: &mut ChaCha8Rng) -> Lead {
    let estimate = |p: &f64, rng: &mut ChaCha8Rng| {
        let logit = (p / (1.0 - p)).ln() + noise * normal(rng);
        1.0 / (1.0 + (-logit).exp())
    };
    let p: Vec<f64> = lead.chances.iter().map(|p| estimate(p, rng)).collect();
    let seen = worth(&p, 1.0, 1.0).iter().enumerate().map(|(rep, worth)| Offer { rep, value: worth.value }).collect();
    Lead { at, seen, truth: lead.chances }
}

fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Knuth's method, in steps whose exponentials do not underflow.
fn poisson(mean: f64, rng: &mut impl Rng) -> u64 {
    let (mut left, mut count) = (mean, 0);
    while left > 0.0 {
        let step = left.min(50.0);
        let (floor, mut product) = ((-step).exp(), rng.random::<f64>());
        while product > floor {
            count += 1;
            product *= rng.random::<f64>();
        }
        left -= step;
    }
    count
}
