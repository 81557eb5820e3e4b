//! Whether it is worth waiting a moment for more leads before one is given.
//!
//! Leads that are given together can be given better. By how much is computed, not assumed: leads of the sample stand for
//! those that would arrive during the hold (as in [`super::price`]), and what the best assignment of all of them brings is
//! compared with giving the ones that wait now and each of the others as it comes. Against that stands what is lost by
//! answering later, a share of each lead's value a minute. A hold opens only where more is won than lost.
//!
//! A hold has an end from its first moment. A lead that joins can bring the end nearer, never put it off, and no lead is
//! held that would come near its deadline or is urgent. When the end comes, all are given together.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::assignment::{DEAL, Offer};
use super::price::{Expected, Prices, net, points, solve};

/// What a manager can set about holding leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldSettings {
    /// No lead is held for longer; 0 switches holding off.
    pub longest_seconds: u32,
    /// A hold ends at least so long before the deadline of any lead in it: what the rep is left to make contact.
    pub reserve_minutes: u32,
    /// What a minute of waiting costs, as a share of what the lead is worth, in percent.
    pub loss_per_minute: f64,
    /// A hold must win at least so much more than it costs, in points of win probability.
    pub worth_points: f64,
}

impl Default for HoldSettings {
    fn default() -> Self {
        Self { longest_seconds: 120, reserve_minutes: 60, loss_per_minute: 0.5, worth_points: 0.5 }
    }
}

impl HoldSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let no_number = |value: &f64| !(value.is_finite() && *value >= 0.0);
        let values = [("loss_per_minute", self.loss_per_minute), ("worth_points", self.worth_points)];
        let (name, value) = values.into_iter().find(|(_, value)| no_number(value))?;
        Some(format!("[hold] {name} = {value}: it must be 0 or more"))
    }
}

/// A lead that could be given now.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// What it is worth to whom; reps by place in the room.
    pub offers: Vec<Offer>,
    /// When it must have been contacted.
    pub deadline: DateTime<Utc>,
    /// It is hot, or must not wait for another reason.
    pub urgent: bool,
}

/// What was found about waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum HoldAnswer {
    /// Wait until then, and give all together.
    Wait(Hold),
    /// Give now: holding is switched off.
    Off,
    /// Give now: nothing waits.
    Nothing,
    /// Give now: a lead must not wait.
    Urgent,
    /// Give now: a deadline is too near.
    Deadline {
        /// The earliest deadline.
        at: DateTime<Utc>,
    },
    /// Give now: no leads are expected, or there are no recent ones to tell by.
    NothingExpected,
    /// Give now: it would cost more than it wins.
    NotWorth {
        /// The wait that comes closest, in seconds.
        seconds: u32,
        /// What it would win, in billionths of a deal.
        gain: i64,
        /// What it would cost, in the same.
        cost: i64,
    },
}

/// A hold that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// When it opened.
    pub opened_at: DateTime<Utc>,
    /// When all in it are given. Fixed when it opens.
    pub closes_at: DateTime<Utc>,
    /// How many more leads are expected until then.
    pub expected: f64,
    /// What waiting wins on average, in billionths of a deal.
    pub gain: i64,
    /// What it costs, in the same.
    pub cost: i64,
}

impl Hold {
    /// Whether its end has come.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.closes_at
    }

    /// The hold once this lead has come as well. What must not wait, or would be held too long, ends it at once.
    #[must_use]
    pub fn joined(&self, lead: &Waiting, now: DateTime<Utc>, settings: &HoldSettings) -> Self {
        let latest = if lead.urgent { now } else { lead.deadline - reserve(settings) };
        Self { closes_at: self.closes_at.min(latest), ..self.clone() }
    }
}

impl std::fmt::Display for HoldAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wait(hold) => {
                let seconds = (hold.closes_at - hold.opened_at).num_seconds();
                let (gain, cost) = (points(hold.gain), points(hold.cost));
                write!(
                    f,
                    "Held for {seconds} s: with {:.1} more leads expected, giving them together wins ",
                    hold.expected
                )?;
                write!(f, "{gain} points and waiting costs {cost}.")
            }
            Self::Off => f.write_str("Not held: holding is switched off."),
            Self::Nothing => f.write_str("Not held: nothing waits."),
            Self::Urgent => f.write_str("Not held: it must not wait."),
            Self::Deadline { at } => write!(f, "Not held: a deadline is near, at {} UTC.", at.format("%H:%M")),
            Self::NothingExpected => f.write_str("Not held: no other lead is expected."),
            Self::NotWorth { seconds, gain, cost } => {
                write!(f, "Not held: {seconds} s would win {} points and cost {}.", points(*gain), points(*cost))
            }
        }
    }
}

fn reserve(settings: &HoldSettings) -> TimeDelta {
    TimeDelta::minutes(i64::from(settings.reserve_minutes))
}

/// Whether the leads that wait are better held, and for how long. `expected` are the leads until there is room again, which
/// is `horizon` away; `prices` are those of the room now.
pub fn hold(
    waiting: &[Waiting],
    expected: &Expected,
    horizon: TimeDelta,
    prices: &Prices,
    now: DateTime<Utc>,
    settings: &HoldSettings,
) -> HoldAnswer {
    if settings.longest_seconds == 0 {
        return HoldAnswer::Off;
    }
    let Some(deadline) = waiting.iter().map(|lead| lead.deadline).min() else { return HoldAnswer::Nothing };
    if waiting.iter().any(|lead| lead.urgent) {
        return HoldAnswer::Urgent;
    }
    let spare = (deadline - reserve(settings) - now).num_seconds();
    let longest = i64::from(settings.longest_seconds).min(spare);
    if longest < 1 {
        return HoldAnswer::Deadline { at: deadline };
    }
    let seconds_left = horizon.num_seconds();
    if expected.sample.is_empty() || expected.leads.is_nan() || expected.leads <= 0.0 || seconds_left < 1 {
        return HoldAnswer::NothingExpected;
    }
    // A few lengths: the longest that is allowed, and halves of it.
    let lengths = [8, 4, 2, 1].map(|part| (longest / part).max(1));
    let mut best: Option<(i64, Hold)> = None;
    for seconds in lengths {
        let share = (seconds as f64 / seconds_left as f64).min(1.0);
        let arriving = expected.leads * share;
        let (gain, worth_arriving) = gain(waiting, expected, arriving, prices);
        let cost = cost(waiting, worth_arriving, seconds, prices, settings);
        let hold =
            Hold { opened_at: now, closes_at: now + TimeDelta::seconds(seconds), expected: arriving, gain, cost };
        // Of equally good ones the shortest.
        if best.as_ref().is_none_or(|(net, _)| gain - cost > *net) {
            best = Some((gain - cost, hold));
        }
    }
    let wanted = (settings.worth_points.max(0.0) / 100.0 * DEAL as f64) as i64;
    match best {
        Some((net, hold)) if net > wanted => HoldAnswer::Wait(hold),
        Some((_, hold)) => HoldAnswer::NotWorth {
            seconds: (hold.closes_at - now).num_seconds() as u32,
            gain: hold.gain,
            cost: hold.cost,
        },
        None => HoldAnswer::NothingExpected,
    }
}

/// What giving all together wins over giving each in its turn, on average over the draws, and what the leads that arrive are
/// worth. Not negative: together, they could be given in turn as well.
fn gain(waiting: &[Waiting], expected: &Expected, arriving: f64, prices: &Prices) -> (i64, i64) {
    let room: Vec<u32> = prices.reps.iter().map(|rep| rep.places).collect();
    let nets = |offers: &[Offer]| -> Vec<Offer> {
        net(offers, prices).iter().map(|net| Offer { rep: net.rep, value: net.net }).collect()
    };
    let held: Vec<Vec<Offer>> = waiting.iter().map(|lead| nets(&lead.offers)).collect();
    let held: Vec<&[Offer]> = held.iter().map(Vec::as_slice).collect();
    let (mut gain, mut worth, mut draws) = (0i128, 0i128, 0i128);
    for leads in expected.draws(arriving) {
        draws += 1;
        worth += leads.iter().map(|lead| i128::from(best(lead))).sum::<i128>();
        let leads: Vec<Vec<Offer>> = leads.iter().map(|lead| nets(lead)).collect();
        let all: Vec<&[Offer]> = held.iter().copied().chain(leads.iter().map(Vec::as_slice)).collect();
        let together = solve(&room, &all).1.total;
        // Now those that wait, then each as it comes.
        let first = solve(&room, &held).1;
        let mut left = room.clone();
        for rep in first.rep.iter().flatten() {
            left[*rep] -= 1;
        }
        let mut in_turn = first.total;
        for lead in &leads {
            let open = lead.iter().filter(|offer| left[offer.rep] > 0 && offer.value >= 0);
            if let Some(taken) = open.max_by_key(|offer| (offer.value, std::cmp::Reverse(offer.rep))) {
                left[taken.rep] -= 1;
                in_turn += i128::from(taken.value);
            }
        }
        gain += together - in_turn;
    }
    let mean = |sum: i128| if draws == 0 { 0 } else { (sum / draws) as i64 };
    (mean(gain), mean(worth))
}

/// What a lead is worth to the best rep for it.
fn best(offers: &[Offer]) -> i64 {
    offers.iter().map(|offer| offer.value).max().unwrap_or(0).max(0)
}

/// What waiting loses: those that wait, all of the time; those that come, half of it on average.
fn cost(waiting: &[Waiting], arriving: i64, seconds: i64, prices: &Prices, settings: &HoldSettings) -> i64 {
    let here = |lead: &Waiting| net(&lead.offers, prices).iter().map(|net| net.value).max().unwrap_or(0).max(0);
    let whole: i64 = waiting.iter().map(here).sum();
    let rate = if settings.loss_per_minute.is_finite() { settings.loss_per_minute.max(0.0) / 100.0 } else { 1.0 };
    let lost = rate * seconds as f64 / 60.0;
    // Rounded up: what costs anything costs something.
    (lost * (whole as f64 + arriving as f64 / 2.0)).ceil() as i64
}

#[cfg(test)]
mod tests;
