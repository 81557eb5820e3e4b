use proptest::prelude::*;

use super::*;
use crate::policy::assignment::nano;
use crate::policy::price::prices;

fn lead(values: &[f64]) -> Vec<Offer> {
    values.iter().enumerate().map(|(rep, value)| Offer { rep, value: nano(*value) }).collect()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_769_600, 0).unwrap()
}

fn waiting(values: &[f64]) -> Waiting {
    Waiting { offers: lead(values), deadline: now() + TimeDelta::hours(4), urgent: false }
}

/// Two reps with one place each, for leads that only Ana can win and leads that both can, many a minute.
fn rush() -> (Expected, Prices) {
    let sample = (0..40).map(|i| if i % 2 == 0 { lead(&[0.6, 0.0]) } else { lead(&[0.5, 0.45]) }).collect();
    let expected = Expected { sample, leads: 4.0 };
    let room = [1, 1];
    // Prices of a quiet moment, so that there is something to win.
    let quiet = prices(&room, &Expected { leads: 0.0, ..expected.clone() });
    (expected, quiet)
}

fn ask(waiting: &[Waiting], settings: &HoldSettings) -> HoldAnswer {
    let (expected, prices) = rush();
    hold(waiting, &expected, TimeDelta::minutes(2), &prices, now(), settings)
}

#[test]
fn a_hold_opens_where_it_wins_more_than_it_costs_and_says_what() {
    let settings = HoldSettings::default();
    let HoldAnswer::Wait(open) = ask(&[waiting(&[0.5, 0.45])], &settings) else { panic!("not held") };
    assert!(open.gain > open.cost + 5_000_000, "{open:?}");
    assert!(open.closes_at <= now() + TimeDelta::seconds(120));
    assert!(!open.is_over(now()) && open.is_over(open.closes_at));
    let words = HoldAnswer::Wait(open).to_string();
    assert!(words.contains("giving them together wins") && words.contains("points and waiting costs"), "{words}");
    let dear = HoldSettings { loss_per_minute: 900.0, ..settings };
    let answer = ask(&[waiting(&[0.5, 0.45])], &dear);
    assert!(matches!(answer, HoldAnswer::NotWorth { .. }), "{answer}");
}

#[test]
fn what_must_not_wait_does_not() {
    let settings = HoldSettings::default();
    let urgent = Waiting { urgent: true, ..waiting(&[0.5, 0.45]) };
    assert_eq!(ask(&[waiting(&[0.5, 0.45]), urgent], &settings), HoldAnswer::Urgent);
    let deadline = now() + TimeDelta::minutes(60);
    let late = Waiting { deadline, ..waiting(&[0.5, 0.45]) };
    let answer = ask(&[late], &settings);
    assert_eq!(answer, HoldAnswer::Deadline { at: deadline });
    assert_eq!(answer.to_string(), "Not held: a deadline is near, at 01:00 UTC.");
    assert_eq!(ask(&[], &settings), HoldAnswer::Nothing);
    assert_eq!(ask(&[waiting(&[0.5])], &HoldSettings { longest_seconds: 0, ..settings.clone() }), HoldAnswer::Off);
    let (expected, prices) = rush();
    let none = Expected { leads: 0.0, ..expected };
    let answer = hold(&[waiting(&[0.5])], &none, TimeDelta::hours(1), &prices, now(), &settings);
    assert_eq!(answer, HoldAnswer::NothingExpected);
}

#[test]
fn a_lead_that_joins_brings_the_end_nearer_and_never_puts_it_off() {
    let settings = HoldSettings::default();
    let HoldAnswer::Wait(open) = ask(&[waiting(&[0.5, 0.45])], &settings) else { panic!("not held") };
    let later = now() + TimeDelta::seconds(1);
    assert_eq!(open.joined(&waiting(&[0.4]), later, &settings), open);
    let urgent = Waiting { urgent: true, ..waiting(&[0.4]) };
    assert!(open.joined(&urgent, later, &settings).is_over(later));
    let late = Waiting { deadline: later + TimeDelta::minutes(30), ..waiting(&[0.4]) };
    assert!(open.joined(&late, later, &settings).is_over(later));
}

proptest! {
    #[test]
    fn no_hold_comes_near_a_deadline_or_lasts_too_long(
        values in proptest::collection::vec(proptest::collection::vec(0.0f64..0.6, 3), 1..4),
        sample in proptest::collection::vec(proptest::collection::vec(0.0f64..0.6, 3), 0..20),
        room in proptest::collection::vec(0u32..4, 3),
        minutes in proptest::collection::vec(-30i64..300, 4),
        (leads, horizon) in (0.0f64..60.0, 0i64..3_600),
        (longest_seconds, reserve_minutes, loss_per_minute) in (0u32..600, 0u32..120, 0.0f64..3.0),
    ) {
        let settings = HoldSettings { longest_seconds, reserve_minutes, loss_per_minute, worth_points: 0.0 };
        let waiting: Vec<Waiting> = values
            .iter()
            .zip(&minutes)
            .map(|(values, minutes)| Waiting {
                offers: lead(values),
                deadline: now() + TimeDelta::minutes(*minutes),
                urgent: false,
            })
            .collect();
        let expected = Expected { sample: sample.iter().map(|values| lead(values)).collect(), leads };
        let prices = prices(&room, &expected);
        let answer = hold(&waiting, &expected, TimeDelta::seconds(horizon), &prices, now(), &settings);
        prop_assert_eq!(&hold(&waiting, &expected, TimeDelta::seconds(horizon), &prices, now(), &settings), &answer);
        match &answer {
            HoldAnswer::Wait(open) => {
                prop_assert!(open.gain > open.cost && open.cost >= 0);
                prop_assert!(open.closes_at > now());
                prop_assert!(open.closes_at <= now() + TimeDelta::seconds(i64::from(longest_seconds)));
                let latest = |lead: &Waiting| lead.deadline - TimeDelta::minutes(i64::from(reserve_minutes));
                prop_assert!(waiting.iter().all(|lead| open.closes_at <= latest(lead)));
            }
            HoldAnswer::NotWorth { gain, .. } => prop_assert!(*gain >= 0),
            _ => {}
        }
        let stored = serde_json::to_string(&answer).unwrap();
        prop_assert!(serde_json::from_str::<HoldAnswer>(&stored).is_ok());
    }
}
