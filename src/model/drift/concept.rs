//! Concept drift: wins against the probabilities that were shown, as the deals close.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::calibration::{ClosingTimes, win_limits};
use super::day::Matured;
use super::report::{Concept, Limits, Sequential, Verdict, Week};
use super::sequential::{Cusum, PageHinkley};

/// Gap between expected and counted wins, as a share of the wins, up to which calibration is taken to be good enough.
const GAP: f64 = 0.1;
/// Chance of being outside the limits of all wins: to be watched, and to act on.
const OUTSIDE: (f64, f64) = (0.01, 0.001);
/// The same for one week: three standard deviations, as on any control chart.
const OUTSIDE_WEEK: f64 = 0.002;
/// Slack and limit of the CUSUM in standard deviations. Tuned to a shift of 0.2 of them (a win rate of 25 % that becomes
/// 34 %), found after some 300 deals; by Siegmund's approximation a false alarm comes once in 12,500 deals.
const CUSUM: (f64, f64) = (0.1, 30.0);
/// Slack and limit of the Page-Hinkley test in wins: about the same for win rates around 25 %.
const PAGE_HINKLEY: (f64, f64) = (0.05, 13.0);
/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// Nothing is so sure that it cannot surprise.
const EDGE: f64 = 1e-3;

/// Judges deals that closed, in any order.
pub(super) fn assess(matured: &[Matured], closing: &ClosingTimes, limits: &Limits, as_of: DateTime<Utc>) -> Concept {
    let mut deals: Vec<(NaiveDate, f64, bool)> = {
        let mut matured = matured.to_vec();
        matured.sort_by(Matured::order);
        let adjusted = |deal: &Matured| {
            let days = (as_of - deal.created_at).num_seconds() as f64 / DAY;
            closing.won_by(deal.p, days).clamp(EDGE, 1.0 - EDGE)
        };
        matured.iter().map(|deal| (deal.created_at.date_naive(), adjusted(deal), deal.won)).collect()
    };
    deals.retain(|(_, p, _)| !p.is_nan());

    let (cusum, page_hinkley) = sequential(&deals);
    let p: Vec<f64> = deals.iter().map(|(_, p, _)| *p).collect();
    let wins = deals.iter().filter(|(_, _, won)| *won).count() as u32;
    let expected: f64 = p.iter().sum();
    let outside = |alpha: f64| {
        let (low, high) = win_limits(&p, alpha);
        wins < low || wins > high
    };
    let off = (expected - f64::from(wins)).abs() > GAP * f64::from(wins);
    let verdict = if (deals.len() as u32) < limits.min_outcomes {
        Verdict::TooFew
    } else if cusum.value > cusum.limit || (off && outside(OUTSIDE.1)) {
        Verdict::Act
    } else if page_hinkley.value > page_hinkley.limit || (off && outside(OUTSIDE.0)) {
        Verdict::Watch
    } else {
        Verdict::Steady
    };
    let mut concept = Concept {
        verdict,
        summary: String::new(),
        outcomes: deals.len() as u32,
        wins,
        expected_wins: expected,
        limits: win_limits(&p, OUTSIDE.0),
        weeks: weeks(&deals),
        cusum,
        page_hinkley,
    };
    concept.summary = summary(&concept, limits);
    concept
}

fn sequential(deals: &[(NaiveDate, f64, bool)]) -> (Sequential, Sequential) {
    let (mut cusum, mut page) = (Cusum::new(CUSUM.0), PageHinkley::new(PAGE_HINKLEY.0));
    let mut of_cusum = Sequential { value: 0.0, limit: CUSUM.1, alarm: None };
    let mut of_page = Sequential { value: 0.0, limit: PAGE_HINKLEY.1, alarm: None };
    let note = |to: &mut Sequential, value: f64, on: NaiveDate| {
        to.value = value;
        if value > to.limit && to.alarm.is_none() {
            to.alarm = Some(on);
        }
    };
    for &(on, p, won) in deals {
        let surprise = f64::from(u8::from(won)) - p;
        note(&mut of_cusum, cusum.push(surprise / (p * (1.0 - p)).sqrt()), on);
        note(&mut of_page, page.push(surprise), on);
    }
    (of_cusum, of_page)
}

fn weeks(deals: &[(NaiveDate, f64, bool)]) -> Vec<Week> {
    let monday = |day: NaiveDate| day - TimeDelta::days(day.weekday().num_days_from_monday().into());
    deals
        .chunk_by(|a, b| monday(a.0) == monday(b.0))
        .map(|week| {
            let p: Vec<f64> = week.iter().map(|(_, p, _)| *p).collect();
            Week {
                from: monday(week[0].0),
                outcomes: week.len() as u32,
                wins: week.iter().filter(|(_, _, won)| *won).count() as u32,
                expected_wins: p.iter().sum(),
                limits: win_limits(&p, OUTSIDE_WEEK),
            }
        })
        .collect()
}

fn summary(concept: &Concept, limits: &Limits) -> String {
    let Concept { outcomes, wins, expected_wins: expected, limits: (low, high), .. } = concept;
    let count =
        format!("{wins} of {outcomes} closed deals were won where {expected:.0} were expected ({low} to {high})");
    match concept.verdict {
        Verdict::TooFew => format!(
            "Whether the win probabilities are still true cannot be told yet: {outcomes} leads that this model ranked have \
             closed, {} are needed.",
            limits.min_outcomes
        ),
        Verdict::Steady => format!("The win probabilities are true: {count}."),
        Verdict::Watch | Verdict::Act => {
            let since = concept.cusum.alarm.or(concept.page_hinkley.alarm);
            let since = since.map_or_else(String::new, |day| format!(" for leads since about {day}"));
            let way = if f64::from(*wins) < *expected { "too high" } else { "too low" };
            format!("The win probabilities are {way}{since}: {count}.")
        }
    }
}
