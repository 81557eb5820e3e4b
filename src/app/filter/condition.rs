//! Terms as a store can test them: every name is an id, every duration a time, every bound part of a closed interval.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Filter, NumberField, Side, Test, TextField, TimeField};
use crate::app::ports::{Store, StoreError};
use crate::app::presence::called;
use crate::domain::rep::Roster;

/// One condition on a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What of the lead it is about.
    pub field: Field,
    /// 1 if it must not hold, else 0.
    pub negated: u8,
    /// What a text contains or a code is, in lower case where case says nothing; for owners, the ids of all who are meant,
    /// each between commas.
    pub text: String,
    /// The least value of a number or time. Times are microseconds since 1970.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// What of a lead a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Company or id contain the text.
    Any,
    /// The source contains the text.
    Source,
    /// The territory contains the text.
    Territory,
    /// The recommended owner is one of these.
    Recommended,
    /// The legacy owner is one of these.
    Legacy,
    /// It is handed to a manager whose name, in lower case between line ends, contains the text.
    Handed,
    /// The lead score is in the interval.
    Score,
    /// The gap in points is in the interval.
    Gap,
    /// The recommended rep's win probability in points is in the interval.
    Win,
    /// The CRM got it in the interval.
    Created,
    /// It is in this tier.
    Tier,
    /// It stands so.
    State,
    /// It is in this lane.
    Lane,
    /// A verdict on it has this reason.
    Reason,
}

/// What the meaning of a filter depends on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Now.
    pub now: DateTime<Utc>,
    /// How long after its creation a lead is late.
    pub sla: TimeDelta,
    /// Whom names mean.
    pub roster: &'a Roster,
    /// The manager who asks: whom `for:me` means.
    pub me: &'a str,
}

impl Filter {
    /// Its terms as conditions on the leads of a store, as things are now: names mean whom its roster has.
    pub async fn conditions_in(
        &self,
        store: &dyn Store,
        now: DateTime<Utc>,
        sla: TimeDelta,
        me: &str,
    ) -> Result<Vec<Condition>, StoreError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let roster = store.roster().await?;
        Ok(self.conditions(&Situation { now, sla, roster: &roster, me }))
    }

    /// Its terms as conditions on leads, as things are now.
    pub fn conditions(&self, situation: &Situation<'_>) -> Vec<Condition> {
        let condition = |term: &super::Term| {
            let bare = bare(&term.test, situation);
            Condition { negated: u8::from(term.negated), ..bare }
        };
        self.terms.iter().map(condition).collect()
    }
}

fn bare(test: &Test, situation: &Situation<'_>) -> Condition {
    let owners = |text: &str| owners(text, situation.roster);
    match test {
        Test::Contains(TextField::Any, text) => textual(Field::Any, text.clone()),
        Test::Contains(TextField::Source, text) => textual(Field::Source, text.clone()),
        Test::Contains(TextField::Territory, text) => textual(Field::Territory, text.clone()),
        Test::Contains(TextField::Rep, text) => textual(Field::Recommended, owners(text)),
        Test::Contains(TextField::Legacy, text) => textual(Field::Legacy, owners(text)),
        Test::Contains(TextField::For, text) if text == "me" => {
            textual(Field::Handed, format!("\n{}\n", called(situation.me).to_lowercase()))
        }
        Test::Contains(TextField::For, text) => textual(Field::Handed, text.clone()),
        Test::Number(field, side, bound) => {
            let field = match field {
                NumberField::Score => Field::Score,
                NumberField::Gap => Field::Gap,
                NumberField::Win => Field::Win,
            };
            let (low, high) = match side {
                Side::Above { at: true } => (*bound, f64::MAX),
                Side::Above { at: false } => (bound.next_up(), f64::MAX),
                Side::Below { at: true } => (f64::MIN, *bound),
                Side::Below { at: false } => (f64::MIN, bound.next_down()),
            };
            Condition { low, high, ..textual(field, String::new()) }
        }
        Test::Time(field, side, span) => created(*field, *side, *span, situation),
        Test::Tier(tier) => textual(Field::Tier, tier.to_string()),
        Test::State(state) => textual(Field::State, state.to_string()),
        Test::Lane(lane) => textual(Field::Lane, lane.to_string()),
        Test::Reason(code) => textual(Field::Reason, code.to_string()),
    }
}

fn textual(field: Field, text: String) -> Condition {
    Condition { field, negated: 0, text, low: 0.0, high: 0.0 }
}

/// Age and time left both follow from when the CRM got the lead, and grow and shrink with the clock.
fn created(field: TimeField, side: Side, span: TimeDelta, situation: &Situation<'_>) -> Condition {
    let now = situation.now.timestamp_micros() as f64;
    let micros = |time: TimeDelta| time.num_seconds() as f64 * 1e6;
    // Younger than the span: created after the bound. Less left than the span: created before it.
    let (bound, later) = match field {
        TimeField::Age => (now - micros(span), matches!(side, Side::Below { .. })),
        TimeField::Sla => (now + micros(span) - micros(situation.sla), matches!(side, Side::Above { .. })),
    };
    let at = matches!(side, Side::Below { at: true } | Side::Above { at: true });
    let step = if at { 0.0 } else { 1.0 };
    let (low, high) = if later { (bound + step, f64::MAX) } else { (f64::MIN, bound - step) };
    Condition { low, high, ..textual(Field::Created, String::new()) }
}

/// The ids of reps and queues whose name contains a text, in lower case, between commas.
fn owners(text: &str, roster: &Roster) -> String {
    let reps = roster.reps.iter().map(|rep| (rep.id.as_str(), &rep.name));
    let queues = roster.queues.iter().map(|queue| (queue.id.as_str(), &queue.name));
    let ids = reps.chain(queues).filter(|(_, name)| name.to_lowercase().contains(text)).map(|(id, _)| id);
    ids.fold(",".to_owned(), |all, id| format!("{all}{id},"))
}
