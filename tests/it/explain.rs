//! Explanations, intervals, shrinkage and the lead score from outside: a company with known truth in, what a manager is
//! told out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::ids::RepKey;
use leadboard::domain::ranking::Record;
use leadboard::model::{Model, Scorer, TrainOptions, train};
use ring::digest::{SHA256, digest};

use crate::model::company::{Company, Spread};

fn artifact(deals: &[Deal]) -> String {
    train(deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).unwrap().artifact
}

struct Trained {
    company: Company,
    deals: Vec<Deal>,
    artifact: String,
    model: Model,
}

fn learned(seed: u64, deals: usize) -> Trained {
    let mut company = Company::new(seed, 60, Spread::STRONG);
    let deals = company.history(deals);
    let artifact = artifact(&deals);
    let model = Model::from_artifact(&artifact).unwrap();
    Trained { company, deals, artifact, model }
}

/// One company of 3,000 deals for all tests that only look.
fn ordinary() -> &'static Trained {
    static ORDINARY: OnceLock<Trained> = OnceLock::new();
    ORDINARY.get_or_init(|| learned(21, 3_000))
}

#[test]
fn reasons_between_two_reps_sum_to_their_gap_and_leave_the_lead_out() {
    let Trained { deals, model, .. } = ordinary();
    let mut told = 0;
    for (deal, other) in deals.iter().step_by(150).zip(deals.iter().skip(7).step_by(150)) {
        for theirs in [&other.rep, &RepKey::new("a new rep")] {
            let margins = model.margins(&deal.facts, &[deal.rep.clone(), theirs.clone()]);
            let difference = model.difference(&deal.facts, &deal.rep, theirs).unwrap();
            let sum: f64 = difference.contrasts.iter().map(|c| c.weight).sum();
            assert!((sum - difference.gap).abs() < 1e-9, "{sum} {}", difference.gap);
            assert!((difference.gap - f64::from(margins[0] - margins[1])).abs() < 1e-4, "{difference:?} {margins:?}");
            assert!(difference.contrasts.windows(2).all(|w| w[0].weight.abs() >= w[1].weight.abs()));
            assert!(difference.contrasts.iter().all(|c| !c.feature.starts_with("lead.")), "{difference:?}");
            // No reason is blown up against another beyond what tells the two apart.
            let loudest: f64 = difference.contrasts.iter().map(|c| c.weight.abs()).sum();
            assert!(loudest < 8.0, "{difference:?}");
            let back = model.difference(&deal.facts, theirs, &deal.rep).unwrap();
            assert!((back.gap + difference.gap).abs() < 1e-9);
            told += difference.contrasts.len();
        }
        let same = model.difference(&deal.facts, &deal.rep, &deal.rep).unwrap();
        assert!(same.gap == 0.0 && same.contrasts.is_empty(), "{same:?}");
    }
    assert!(told > 100, "{told}");
}

#[test]
fn the_deals_behind_a_reason_are_those_of_the_history() {
    let Trained { deals, model, .. } = ordinary();
    let (deal, other) =
        deals.iter().zip(&deals[1..]).find(|(d, o)| d.facts.industry.is_some() && d.rep != o.rep).unwrap();
    let industry = deal.facts.industry.as_deref().unwrap();
    let count = |rep: &RepKey, all: bool| {
        let of = deals.iter().filter(|d| d.rep == *rep && (all || d.facts.industry.as_deref() == Some(industry)));
        let (deals, wins) = of.fold((0, 0), |(n, won), d| (n + 1, won + u32::from(d.outcome == Outcome::Won)));
        Record { deals, wins }
    };
    let contrasts = model.difference(&deal.facts, &deal.rep, &other.rep).unwrap().contrasts;
    let of = |feature: &str| contrasts.iter().find(|c| c.feature == feature).unwrap();
    let by_industry = of("pair.industry");
    assert_eq!(by_industry.label, format!("industry {industry}"));
    assert_eq!((by_industry.ours, by_industry.theirs), (count(&deal.rep, false), count(&other.rep, false)));
    assert_eq!((of("rep").ours, of("rep").theirs), (count(&deal.rep, true), count(&other.rep, true)));
    assert!(by_industry.ours.deals > 0 && by_industry.ours.deals < of("rep").ours.deals);
}

/// Share of true probabilities inside the interval and mean width, for the first reps of each pool.
fn coverage(trained: &mut Trained, leads: usize) -> (f64, f64) {
    let (mut inside, mut pairs, mut width) = (0.0, 0.0, 0.0);
    for _ in 0..leads {
        let lead = trained.company.lead();
        let pool = trained.company.pool(lead.territory);
        let keys: Vec<RepKey> = pool.iter().map(|rep| Company::key(*rep)).collect();
        for (rep, score) in pool.iter().zip(trained.model.score(&lead.facts, &keys)) {
            let truth = trained.company.truth(&lead, *rep);
            inside += f64::from(u8::from(score.interval.low <= truth && truth <= score.interval.high));
            width += score.interval.high - score.interval.low;
            pairs += 1.0;
        }
    }
    (inside / pairs, width / pairs)
}

#[test]
fn intervals_hold_also_with_few_deals_and_are_no_wider_than_they_must_be() {
    for seed in [31, 32] {
        let mut trained = learned(seed, 2_500);
        let (covered, width) = coverage(&mut trained, 200);
        assert!((0.88..=0.99).contains(&covered), "seed {seed}: {covered:.3}");
        assert!(width < 0.50, "seed {seed}: {width:.3}");
    }
}

#[test]
fn a_rep_nobody_has_seen_has_the_widest_interval() {
    let Trained { deals, model, .. } = ordinary();
    let new = RepKey::new("a new rep");
    for deal in deals.iter().step_by(300) {
        let scores = model.score(&deal.facts, &[deal.rep.clone(), new.clone()]);
        let log_odds = |p: f64| (p / (1.0 - p)).ln();
        let width = |i: usize| log_odds(scores[i].interval.high) - log_odds(scores[i].interval.low);
        assert!(width(1) > width(0), "{scores:?}");
    }
}

#[test]
fn the_lead_score_ranks_leads_by_what_comes_of_them_whoever_works_them() {
    let trained = learned(41, 4_000);
    let mut company = trained.company;
    let (mut by_fifth, mut bias) = ([(0.0, 0.0); 5], 0.0);
    for _ in 0..1_500 {
        let lead = company.lead();
        let pool = company.pool(lead.territory);
        let truth = pool.iter().map(|rep| company.truth(&lead, *rep)).sum::<f64>() / pool.len() as f64;
        let chance = trained.model.lead_chance(&lead.facts).unwrap();
        assert!(chance.interval.low < chance.probability && chance.probability < chance.interval.high);
        assert!(chance.factors.iter().all(|f| f.feature.starts_with("lead.")) && chance.deals == 4_000);
        let fifth = &mut by_fifth[usize::from(chance.score.saturating_sub(1)) / 20];
        *fifth = (fifth.0 + truth, fifth.1 + 1.0);
        bias += chance.probability - truth;
    }
    let rates: Vec<f64> = by_fifth.iter().map(|(won, leads)| won / leads).collect();
    assert!(rates.is_sorted() && rates[4] > 2.0 * rates[0], "{rates:?}");
    // Each fifth of the scale holds about a fifth of the leads: a score above 80 is the best fifth.
    assert!(by_fifth.iter().all(|(_, leads)| (200.0..400.0).contains(leads)), "{by_fifth:?}");
    assert!((bias / 1_500.0).abs() < 0.05, "{}", bias / 1_500.0);
}

#[test]
fn what_is_promised_for_the_picks_is_held() {
    let trained = learned(51, 6_000);
    let (mut company, model) = (trained.company, trained.model);
    let shrinkage = model.shrinkage().unwrap();
    assert!(shrinkage.deals > 2_000 && (0.4..=1.0).contains(&shrinkage.factor), "{shrinkage:?}");
    let (mut promised, mut held, leads) = (0.0, 0.0, 600);
    for _ in 0..leads {
        let lead = company.lead();
        let pool = company.pool(lead.territory);
        let keys: Vec<RepKey> = pool.iter().map(|rep| Company::key(*rep)).collect();
        let scores = model.score(&lead.facts, &keys);
        let truths: Vec<f64> = pool.iter().map(|rep| company.truth(&lead, *rep)).collect();
        let best = (0..pool.len()).max_by(|a, b| scores[*a].p_win.total_cmp(&scores[*b].p_win)).unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let pool_mean = mean(&scores.iter().map(|s| s.p_win).collect::<Vec<_>>());
        promised += shrinkage.expected(scores[best].p_win, pool_mean) - pool_mean;
        held += truths[best] - mean(&truths);
    }
    let (promised, held) = (promised / f64::from(leads), held / f64::from(leads));
    assert!(held > 0.03, "{held:.4}");
    assert!(promised - held < 0.02, "promised {promised:.4} over the pool, held {held:.4}");
}

#[test]
fn a_model_made_before_all_this_still_scores_and_says_nothing_it_does_not_know() {
    let Trained { deals, artifact, model, .. } = ordinary();
    let mut envelope: serde_json::Value = serde_json::from_str(artifact).unwrap();
    let mut body = envelope["model"].clone();
    body.as_object_mut().unwrap().remove("findings").unwrap();
    body["interval"].as_object_mut().unwrap().remove("curve").unwrap();
    let text = serde_json::to_string(&body).unwrap();
    envelope["sha256"] = leadboard::domain::text::hex(digest(&SHA256, text.as_bytes()).as_ref()).into();
    envelope["model"] = body;
    let old = Model::from_artifact(&serde_json::to_string(&envelope).unwrap()).unwrap();
    let (facts, rep) = (&deals[0].facts, &deals[0].rep);
    let p_win = |model: &Model| model.score(facts, std::slice::from_ref(rep))[0].p_win.to_bits();
    assert_eq!(p_win(&old), p_win(model));
    assert_eq!((old.lead_chance(facts), old.shrinkage()), (None, None));
    assert!(old.difference(facts, rep, &deals[1].rep).is_some());
}
