//! What the routing policy brings, and what it costs.
//!
//! Brings: expected deals on the generated company's planted truth, at 90 % load, against giving each lead in order of
//! arrival to the likeliest rep who has room; over 20 seeds. Costs: processor time against scoring the same leads with a
//! trained model, 500 reps and 200 rules, as a ratio in one run: the whole way that the worker takes, and its parts.
//!
//! `cargo bench --bench policy`
#![expect(clippy::print_stdout, reason = "a bench prints")]

#[path = "policy/days.rs"]
mod days;
#[path = "policy/model.rs"]
mod model;
#[path = "policy/route.rs"]
mod route;
#[path = "policy/work.rs"]
mod work;

use days::{Plan, Policy, play};
use leadboard::policy::assignment::Offer;
use leadboard::policy::price::{Expected, prices};
use rustix::time::{ClockId, clock_gettime};
use work::{Office, together};

const REPS: usize = 500;
const RULES: usize = 200;
const LEADS: usize = 10_000;
const SEEDS: u64 = 20;
/// More expected deals than greedy, in percent, that are promised.
const PROMISED: f64 = 5.0;

fn main() {
    // `cargo test --benches` runs benches too, to see that they run at all.
    let arguments: Vec<String> = std::env::args().collect();
    let once = !arguments.iter().any(|a| a == "--bench");
    brings(if once { 1 } else { 10 });
    costs(if once { 40 } else { 1 });
}

fn brings(days: u64) {
    println!("expected deals against greedy in arrival order, 60 reps, {days} days, {SEEDS} seeds, planted truth");
    let plan = Plan { places: 4, load: 0.9, days, noise: 0.0 };
    let policies = [
        ("prices, each lead at once", Policy::Priced),
        ("prices, given every hour of 8", Policy::Held(8)),
        ("hindsight, a whole day together", Policy::Hindsight),
    ];
    for (what, noise) in [("the truth itself", 0.0), ("an estimate, off by 0.4 in log-odds", 0.4)] {
        println!("  seen by all policies: {what}");
        let plan = Plan { noise, ..plan };
        let greedy: Vec<_> = (0..SEEDS).map(|seed| play(seed, &plan, Policy::Greedy)).collect();
        for (name, policy) in policies {
            let gain = |seed: u64| {
                let (ours, theirs) = (play(seed, &plan, policy), greedy[seed as usize]);
                // Leads that wait on the last evening differ by a few: compare a lead with a lead.
                let each = |outcome: days::Outcome| outcome.deals / outcome.given.max(1) as f64;
                100.0 * (each(ours) / each(theirs) - 1.0)
            };
            let gains: Vec<f64> = (0..SEEDS).map(gain).collect();
            let (mean, half, least, most) = interval(&gains);
            let met = match policy {
                Policy::Hindsight => "",
                _ if mean - half >= PROMISED => ", promised 5: met",
                _ if noise > 0.0 => "",
                _ => ", promised 5: MISSED",
            };
            println!(
                "    {name:<34} {mean:+.2} % (95 %: {:+.2} to {:+.2}; seeds {least:+.2} to {most:+.2}){met}",
                mean - half,
                mean + half
            );
        }
    }
}

fn costs(share: usize) {
    let leads = LEADS / share;
    let (scored, scoring) = model::score(REPS, leads);
    let seconds = scoring.sum();
    println!("\n{leads} leads, {REPS} reps each, processor time of one thread");
    print("scoring, as the worker does for each lead", seconds, leads, seconds);
    print("  probabilities of all reps with intervals", scoring.probabilities, leads, seconds);
    print("  lead score, factors of four reps, comparison", scoring.reasons, leads, seconds);
    let way = route::route(REPS, RULES, &scored);
    let whole = if way.sum() <= seconds { "met" } else { "MISSED" };
    print(&format!("the policy with {RULES} rules, less than scoring: {whole}"), way.sum(), leads, seconds);
    print("  who is away, at work, has room; each batch of 64", way.moments, leads, seconds);
    print("  what places cost, once a minute", way.prices, leads, seconds);
    print("  rules and pool", way.prepare, leads, seconds);
    print("  ladder and explanation", way.ladder, leads, seconds);
    print(&format!("  batches given together, {} given", way.given), way.together, leads, seconds);
    let mut office = Office::new(REPS, (LEADS.div_ceil(REPS) as f64 / 0.9).ceil() as u32);
    let at = scored[0].0.created_at;
    let room = office.room(&vec![0; REPS], at);
    let offers: Vec<Vec<Offer>> = scored.iter().map(|(facts, p)| office.offers(facts, p)).collect();
    let sample: Vec<Vec<Offer>> = offers.iter().take(400).cloned().collect();
    let start = cpu_seconds();
    let prices = prices(&room, &Expected { sample, leads: leads as f64 });
    let priced = cpu_seconds() - start;
    print("prices for the leads still expected, once", priced, leads, seconds);
    let start = cpu_seconds();
    for (number, (facts, p)) in scored.iter().enumerate() {
        office.decide(number, facts, p, &prices);
    }
    let alone = cpu_seconds() - start;
    print("each lead: pool, fairness, value, net value, entry", alone, leads, seconds);
    let (given, solved) = together(room.clone(), &offers);
    print(&format!("all together, {given} given"), solved, leads, seconds);
    let tight: Vec<u32> = room.iter().map(|places| places * 4 / 5 * leads as u32 / LEADS as u32).collect();
    let (given, solved) = together(tight, &offers);
    print(&format!("all together with too little room, {given} given"), solved, leads, seconds);
    let (given, solved) = together(vec![1; REPS], &offers[..200.min(leads)]);
    print(&format!("200 leads and a place of each rep, {given} given"), solved, 200.min(leads), f64::NAN);
}

fn print(what: &str, seconds: f64, leads: usize, scoring: f64) {
    let ratio = if scoring.is_nan() { String::new() } else { format!("{:>8.3} of scoring", seconds / scoring) };
    println!("  {what:<55} {:>9.1} ms {:>8.1} us a lead {ratio}", 1e3 * seconds, 1e6 * seconds / leads as f64);
}

/// Mean and half the width of the 95 % interval of Student's t over 20 values, the least and the largest.
fn interval(values: &[f64]) -> (f64, f64, f64, f64) {
    const T_19: f64 = 2.093_024_054;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    (mean, T_19 * (variance / n).sqrt(), least, most)
}

/// Processor time of this process so far: on a busy machine a better measure of one thread's work than the clock.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
