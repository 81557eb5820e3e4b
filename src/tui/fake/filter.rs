//! Filters, held against rows in memory.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::filter::{NumberField, Side, Test, TextField, TimeField};
use crate::tui::backend::{Filter, QueueRow};

/// What the dashboard's tests take for the time a lead may take.
const SLA: TimeDelta = TimeDelta::hours(4);

pub(super) fn passes(filter: &Filter, row: &QueueRow, now: DateTime<Utc>) -> bool {
    filter.terms().iter().all(|term| holds(&term.test, row, now) != term.negated)
}

fn holds(test: &Test, row: &QueueRow, now: DateTime<Utc>) -> bool {
    let has = |text: Option<&str>, part: &str| text.is_some_and(|text| text.to_lowercase().contains(part));
    match test {
        Test::Contains(TextField::Any, text) => has(Some(&row.company), text) || has(Some(row.id.as_str()), text),
        Test::Contains(TextField::Source, text) => has(row.source.as_deref(), text),
        Test::Contains(TextField::Territory, text) => has(row.territory.as_deref(), text),
        Test::Contains(TextField::Rep, text) => has(row.recommended.as_deref(), text),
        Test::Contains(TextField::Legacy, text) => has(row.legacy.as_deref(), text),
        Test::Contains(TextField::For, text) => {
            let text = if text == "me" { "ana m." } else { text };
            has(row.handed.as_ref().map(|hand| hand.to.as_str()), text)
        }
        Test::Number(field, side, bound) => {
            let number = match field {
                NumberField::Score => row.lead_score.map(f64::from),
                NumberField::Gap => row.p_win.zip(row.legacy_p_win).map(|(a, b)| (a - b) * 100.0),
                NumberField::Win => row.p_win.map(|p| p * 100.0),
            };
            number.is_some_and(|number| within(number, *side, *bound))
        }
        Test::Time(field, side, bound) => {
            let age = now - row.created_at;
            let time = match field {
                TimeField::Age => age,
                TimeField::Sla => SLA - age,
            };
            within(time.as_seconds_f64(), *side, bound.as_seconds_f64())
        }
        Test::Tier(tier) => row.lead_tier == Some(*tier),
        Test::State(state) => row.state == *state,
        Test::Lane(lane) => row.lane == Some(*lane),
        Test::Reason(_) => false,
    }
}

fn within(value: f64, side: Side, bound: f64) -> bool {
    match side {
        Side::Below { at } => value < bound || at && value <= bound,
        Side::Above { at } => value > bound || at && value >= bound,
    }
}
