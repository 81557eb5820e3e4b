mod economics;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::lane::{lane, priority, urgency};
use super::recommend::{recommend, technical_failure};
use super::{Queues, Settings};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{ModelId, QueueId, RepId};
use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::pool::Pool;
use crate::domain::ranking::{Interval, RankedRep, Ranking, Support};
use crate::domain::recommendation::{Route, RouteReason};

fn queues() -> Queues {
    Queues { manager: QueueId::new("m"), default: QueueId::new("d") }
}

/// A ranking of reps r0, r1, … with these probabilities, best first.
fn ranking(ps: &[f64]) -> Ranking {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*b].total_cmp(&ps[*a]));
    let reps: Vec<RankedRep> = order
        .iter()
        .zip(1..)
        .map(|(&i, rank)| RankedRep {
            rep_id: RepId::new(format!("r{i}")),
            rank,
            p_win: ps[i],
            interval: Interval { low: (ps[i] - 0.05).max(0.0), high: (ps[i] + 0.05).min(1.0) },
            support: Support::default(),
            in_pool: true,
            factors: vec![],
        })
        .collect();
    Ranking {
        model_id: ModelId::new("m"),
        ranked_at: DateTime::UNIX_EPOCH,
        pool: Pool { eligible: reps.iter().map(|r| r.rep_id.clone()).collect(), ..Pool::default() },
        reps,
        segment: "all deals".into(),
        expected: None,
        comparison: None,
        lead_score: None,
    }
}

fn rep(i: usize) -> Owner {
    Owner::Rep(RepId::new(format!("r{i}")))
}

#[test]
fn agreement_is_fast() {
    let r = ranking(&[0.4, 0.3]);
    let rec = recommend(&r, &rep(0), &queues(), &Settings::default(), true);
    assert_eq!((rec.reason, rec.route.owner()), (RouteReason::ModelAgrees, rep(0)));
    assert_eq!(lane(&rec, Some(&r), &rep(0)), Lane::Fast);
}

#[test]
fn a_narrow_difference_is_a_disagreement_and_a_clear_one_is_fast() {
    let close = ranking(&[0.4, 0.35]);
    let rec = recommend(&close, &rep(1), &queues(), &Settings::default(), true);
    assert_eq!(rec.reason, RouteReason::ModelPick);
    assert_eq!(lane(&rec, Some(&close), &rep(1)), Lane::Disagree);
    let clear = ranking(&[0.4, 0.25]);
    let rec = recommend(&clear, &rep(1), &queues(), &Settings::default(), true);
    assert_eq!(lane(&rec, Some(&clear), &rep(1)), Lane::Fast);
    assert!((rec.gap.unwrap() - 0.15).abs() < 1e-12);
}

/// Gate M5: a model that only scores leads may name a rep for a person to judge, but promises nothing.
#[test]
fn a_model_that_is_not_cleared_claims_no_gain_and_is_never_fast_where_it_differs() {
    let clear = ranking(&[0.6, 0.1]);
    let rec = recommend(&clear, &rep(1), &queues(), &Settings::default(), false);
    assert_eq!((rec.reason, rec.gap), (RouteReason::ModelUncleared, None));
    assert_eq!(rec.route.owner(), rep(0));
    assert_eq!(lane(&rec, Some(&clear), &rep(1)), Lane::Disagree);
    let agrees = recommend(&clear, &rep(0), &queues(), &Settings::default(), false);
    assert_eq!(agrees.reason, RouteReason::ModelAgrees);
    let low = recommend(&ranking(&[0.1, 0.05]), &rep(1), &queues(), &Settings::default(), false);
    assert_eq!(low.reason, RouteReason::ModelUncleared, "an uncleared probability is compared with no threshold");
}

#[test]
fn a_legacy_queue_is_a_disagreement_without_a_gap() {
    let r = ranking(&[0.4]);
    let queue = Owner::Queue(QueueId::new("q"));
    let rec = recommend(&r, &queue, &queues(), &Settings::default(), true);
    assert_eq!((rec.reason, rec.gap), (RouteReason::ModelPick, None));
    assert_eq!(lane(&rec, Some(&r), &queue), Lane::Disagree);
}

#[test]
fn failure_goes_to_the_default_queue_and_an_empty_pool_to_the_manager() {
    let rec = technical_failure("no answer", &queues());
    assert_eq!(rec.route, Route::DefaultQueue(QueueId::new("d")));
    assert_eq!(lane(&rec, None, &rep(0)), Lane::Sync);
    let empty = ranking(&[]);
    let rec = recommend(&empty, &rep(0), &queues(), &Settings::default(), true);
    assert_eq!((rec.reason, &rec.route), (RouteReason::EmptyPool, &Route::ManagerQueue(QueueId::new("m"))));
    assert_eq!(lane(&rec, Some(&empty), &rep(0)), Lane::Exceptions);
}

#[test]
fn priority_is_stake_first_then_age() {
    let facts = |created: DateTime<Utc>, amount: f64| LeadFacts { amount: Some(amount), ..LeadFacts::empty(created) };
    let now = DateTime::from_timestamp(1_763_769_600, 0).unwrap();
    let small = facts(now, 5_000.0);
    let large = facts(now, 500_000.0);
    let older = facts(now - Duration::seconds(1), 5_000.0);
    assert!(priority(&large, Some(0.05)) > priority(&small, Some(0.10)));
    assert!(priority(&small, Some(0.10)) > priority(&small, Some(0.05)));
    // A hot lead is before them all, and the older before the newer.
    assert!(urgency(&small) > priority(&large, Some(1.0)));
    assert!(urgency(&older) > urgency(&small));
    assert!(priority(&older, Some(0.05)) > priority(&small, Some(0.05)));
    assert!(priority(&older, Some(0.050_02)) > priority(&small, Some(0.050_04)), "noise does not outweigh age");
}

proptest! {
    /// The confidence gate (R6): whenever every rep is below it, and only then, the lead goes to the manager queue.
    #[test]
    fn below_the_gate_means_the_manager_queue(
        ps in proptest::collection::vec(0.0f64..1.0, 1..20),
        legacy in 0usize..20,
        gate in 0.0f64..1.0,
    ) {
        let settings = Settings { confidence_gate: gate, ..Settings::default() };
        let r = ranking(&ps);
        let rec = recommend(&r, &rep(legacy), &queues(), &settings, true);
        let all_below = ps.iter().all(|p| *p < gate);
        prop_assert_eq!(rec.route == Route::ManagerQueue(QueueId::new("m")), all_below);
        prop_assert_eq!(rec.reason == RouteReason::LowConfidence, all_below);
        if !all_below {
            let best = ps.iter().copied().fold(0.0, f64::max);
            prop_assert!(r.of(&RepId::new(rec.route.owner().id())).unwrap().p_win >= best);
        }
    }
}
