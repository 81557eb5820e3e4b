//! The model layer from outside: a history with known truth in, a ranking out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

pub(crate) mod company;
mod gates;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use company::{Company, Spread, route};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::RepKey;
use leadboard::model::{
    ARTIFACT_VERSION, Clearance, Model, ModelError, Scorer, TrainError, TrainOptions, Trained, train,
};

fn trained(deals: &[Deal]) -> Trained {
    train(deals, &TrainOptions::default(), &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

/// A small company's model, trained once for all tests that only need some model.
fn small() -> &'static (Vec<Deal>, Trained) {
    static SMALL: OnceLock<(Vec<Deal>, Trained)> = OnceLock::new();
    SMALL.get_or_init(|| {
        let deals = Company::new(3, 24, Spread::STRONG).history(1_500);
        let trained = trained(&deals);
        (deals, trained)
    })
}

#[test]
fn routing_by_the_model_captures_most_of_what_could_be_won() {
    let mut company = Company::new(7, 60, Spread::STRONG);
    let trained = trained(&company.history(12_000));
    let model = Model::from_artifact(&trained.artifact).unwrap();
    let routed = route(&mut company, &model, 1_500);
    assert!(routed.captured() >= 0.65, "captured {:.3}", routed.captured());
    // The intervals are nominally 95 %.
    assert!(routed.coverage > 0.90 && routed.coverage < 0.99, "coverage {:.3}", routed.coverage);
    assert!(routed.width < 0.45, "width {:.3}", routed.width);
    // What is shown for the pick is what comes of it: no winner's curse worth the name.
    assert!(routed.top_pick_gap.abs() < 0.06, "the picks promise {:+.3} more than they hold", routed.top_pick_gap);
    assert_eq!(trained.card.clearance, Clearance::Routes, "{}", trained.card.verdict);
    assert!(trained.card.out_of_time.ece < 0.05 && trained.card.out_of_time.embargoed_deals > 0);
}

#[test]
fn where_who_works_a_lead_does_not_matter_the_model_says_so() {
    let deals = Company::new(5, 60, Spread::NONE).history(6_000);
    let card = trained(&deals).card;
    assert_eq!(card.clearance, Clearance::ScoresLeads, "{}", card.verdict);
    assert!(card.verdict.contains("cannot yet tell which rep is better"), "{}", card.verdict);
    // Where reps do differ, that of the company above is 0.35 for the rep and 0.5 for the rep by industry.
    let spread = card.rep_effect_sd.iter().map(|(_, sd)| sd * sd).sum::<f64>().sqrt();
    assert!(spread < 0.25, "{:?}", card.rep_effect_sd);
}

#[test]
fn synthetic_deals_and_weights_leave_probabilities_what_they_are_and_the_model_the_same_each_time() {
    let (deals, plain) = small();
    let one = TrainOptions { smote: true, rep_weights: true, ..TrainOptions::default() };
    let two = TrainOptions { threads: NonZeroUsize::new(2).unwrap(), ..one };
    let fit = |options| train(deals, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let (sampled, again) = (fit(one), fit(two));
    assert!(sampled.artifact == again.artifact && sampled.artifact != plain.artifact);
    // Trees saw as many wins as losses; the probabilities must not believe it.
    let model = Model::from_artifact(&sampled.artifact).unwrap();
    let predicted = deals.iter().map(|deal| model.score(&deal.facts, std::slice::from_ref(&deal.rep))[0].p_win);
    let (predicted, won) = (predicted.sum::<f64>(), f64::from(sampled.card.data.won));
    assert!((predicted / won - 1.0).abs() < 0.15, "{predicted} of {won}");
}

#[test]
fn simpler_models_are_judged_on_the_same_deals() {
    let (_, trained) = small();
    for evaluation in [&trained.card.stratified, &trained.card.out_of_time] {
        let baselines = evaluation.baselines.unwrap();
        assert_eq!(baselines.lead_only.auc, evaluation.lead_only_auc);
        assert_eq!(baselines.lead_only.gain, evaluation.rep_gain);
        let gain = evaluation.auc.value - baselines.logistic.auc.value;
        assert!((baselines.logistic.gain.value - gain).abs() < 1e-9 && baselines.logistic.auc.value > 0.5);
    }
}

#[test]
fn coin_tosses_are_refused() {
    let mut deals = Company::new(11, 24, Spread::NONE).history(4_000);
    for (i, deal) in deals.iter_mut().enumerate() {
        // Neither the lead nor the rep nor the time has anything to do with it.
        let toss =
            (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xBF58_476D_1CE4_E5B9)
                >> 40;
        deal.outcome = if toss % 100 < 40 { Outcome::Won } else { Outcome::Lost };
    }
    let card = trained(&deals).card;
    assert_eq!(card.clearance, Clearance::Refused, "{}", card.verdict);
    assert!(card.verdict.contains("cannot tell good leads from bad"), "{}", card.verdict);
    assert!(!card.gates[0].passed);
}

#[test]
fn the_same_deals_in_any_order_on_any_threads_give_the_same_bytes() {
    let (deals, first) = small();
    let mut reversed = deals.clone();
    reversed.reverse();
    let options = TrainOptions { threads: NonZeroUsize::new(2).unwrap(), ..TrainOptions::default() };
    let again = train(&reversed, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    assert!(first.artifact == again.artifact);
    assert_eq!(serde_json::to_string(&first.card).unwrap(), serde_json::to_string(&again.card).unwrap());
}

#[test]
fn a_foreign_newer_or_damaged_model_is_refused_by_name() {
    let (_, trained) = small();
    let good = &trained.artifact;
    assert!(matches!(Model::from_artifact("{}"), Err(ModelError::NotAModel(_))));
    assert!(matches!(Model::from_artifact(good.get(..good.len() / 2).unwrap()), Err(ModelError::NotAModel(_))));
    let foreign = good.replacen("leadboard-model", "another-model", 1);
    assert!(matches!(Model::from_artifact(&foreign), Err(ModelError::NotAModel(_))));
    let newer = good.replacen(&format!(r#""version":{ARTIFACT_VERSION},"#), r#""version":7,"#, 1);
    let refusal = Model::from_artifact(&newer).unwrap_err();
    assert!(refusal.to_string().contains("format version 7") && refusal.to_string().contains("update leadboard"));
    let damaged = good.replacen(r#""default_left":[1"#, r#""default_left":[0"#, 1);
    assert!(damaged != *good && matches!(Model::from_artifact(&damaged), Err(ModelError::Damaged(_))));
}

#[test]
fn training_tells_how_far_it_is_and_stops_when_asked() {
    let (deals, _) = small();
    let mut shares = Vec::new();
    train(deals, &TrainOptions::default(), &mut |p| shares.push(p.done), &AtomicBool::new(false)).unwrap();
    assert!(shares.len() > 50 && shares.windows(2).all(|w| w[0] <= w[1]), "{} steps", shares.len());
    assert!((shares.last().unwrap() - 1.0).abs() < 1e-9);

    let cancel = AtomicBool::new(false);
    let mut after = 0;
    let mut report = |_| {
        after += 1;
        if after == 20 {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let stopped = train(deals, &TrainOptions::default(), &mut report, &cancel);
    assert_eq!(stopped.unwrap_err(), TrainError::Cancelled);
    assert!(after < shares.len() / 2, "{after} of {}", shares.len());
}

#[test]
fn a_history_that_cannot_teach_is_refused_with_the_cure() {
    let (deals, _) = small();
    let options = TrainOptions::default();
    let refusal = |deals: &[Deal]| train(deals, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap_err();
    assert!(refusal(&deals[..50]).to_string().contains("50 closed deals are too few"));
    let mut won = deals.clone();
    for deal in &mut won {
        deal.outcome = Outcome::Won;
    }
    assert!(refusal(&won).to_string().contains("0 are lost"));
    let mut slow = deals.clone();
    for deal in &mut slow {
        deal.closed_at += TimeDelta::days(4_000);
    }
    assert!(refusal(&slow).to_string().contains("check the closing dates"));
}

#[test]
fn every_score_is_explained_to_the_last_bit_that_matters() {
    let (deals, trained) = small();
    let model = Model::from_artifact(&trained.artifact).unwrap();
    for deal in deals.iter().step_by(100) {
        for rep in [&deal.rep, &RepKey::new("a new rep")] {
            let explanation = model.explain(&deal.facts, rep);
            let sum = explanation.base + explanation.factors.iter().map(|factor| factor.weight).sum::<f64>();
            let margin = f64::from(model.margins(&deal.facts, std::slice::from_ref(rep))[0]);
            assert!((sum - margin).abs() < 1e-4, "{sum} {margin}");
            assert!(explanation.factors.windows(2).all(|w| w[0].weight.abs() >= w[1].weight.abs()));
        }
    }
    let labels: Vec<String> =
        model.explain(&deals[0].facts, &deals[0].rep).factors.into_iter().map(|factor| factor.label).collect();
    let source = format!("source {}", deals[0].facts.source.as_deref().unwrap());
    assert!(labels.contains(&source), "{labels:?}");
    assert!(labels.iter().any(|label| label.ends_with("x this rep")), "{labels:?}");
}

#[test]
fn a_new_rep_and_an_empty_lead_are_scored_with_wide_intervals() {
    let (deals, trained) = small();
    let model = Model::from_artifact(&trained.artifact).unwrap();
    let reps = [deals[0].rep.clone(), RepKey::new("a new rep")];
    let width = |score: &leadboard::model::RepScore| score.interval.high - score.interval.low;
    let scores = model.score(&deals[0].facts, &reps);
    assert_eq!((scores[1].support.deals, scores[1].support.similar_deals), (0, 0));
    assert!(scores[0].support.deals > 20 && scores[0].support.similar_deals > 0);
    for score in model.score(&LeadFacts::empty(deals[0].facts.created_at), &reps).iter().chain(&scores) {
        assert!(0.0 < score.interval.low && score.interval.low < score.p_win);
        assert!(score.p_win < score.interval.high && score.interval.high < 1.0 && width(score) > 0.05);
    }
    assert_eq!(model.segment(&LeadFacts::empty(deals[0].facts.created_at)), "all deals");
    let known = deals.iter().find(|deal| deal.facts.industry.is_some()).unwrap();
    assert_eq!(model.segment(&known.facts), format!("industry {}", known.facts.industry.as_deref().unwrap()));
}

#[test]
fn a_rep_scores_the_same_in_every_pool_and_every_batch() {
    let (deals, trained) = small();
    let model = Model::from_artifact(&trained.artifact).unwrap();
    let mut reps: Vec<RepKey> = deals[..60].iter().map(|deal| deal.rep.clone()).collect();
    reps.push(RepKey::new("a new rep"));
    let leads: Vec<&LeadFacts> = deals.iter().step_by(5).map(|deal| &deal.facts).collect();
    let whole: Vec<_> = leads.iter().map(|facts| model.score(facts, &reps)).collect();
    // More pools than are kept ready, long and short, in both orders.
    for (i, facts) in leads.iter().enumerate() {
        let (first, last) = (i % 50, i % 50 + 1 + i % 11);
        let mut pool = reps[first..last].to_vec();
        assert_eq!(model.score(facts, &pool), whole[i][first..last]);
        pool.reverse();
        assert!(model.score(facts, &pool).iter().eq(whole[i][first..last].iter().rev()));
    }
    assert!(model.score(leads[0], &[]).is_empty());
    let batch: Vec<(&LeadFacts, &[RepKey])> = leads.iter().map(|facts| (*facts, reps.as_slice())).collect();
    assert_eq!(model.score_many(&batch), whole);
    assert!(model.score_many(&[]).is_empty());
}
