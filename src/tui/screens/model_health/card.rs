//! A model card as the screen reads it: whatever is absent or unreadable is simply not shown, because cards of older
//! and newer versions lie side by side in one registry.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::views::column_words;

/// What the screen takes from a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// One paragraph for a manager; raw.
    pub verdict: Option<String>,
    /// What the model may do: `refused`, `scores_leads` or `routes`.
    pub clearance: Option<String>,
    /// Gates by id; a gate that is not here was not measured.
    pub gates: Vec<Gate>,
    /// Deals it learned from: all, won, reps.
    pub deals: Option<u64>,
    /// Of those, won.
    pub won: Option<u64>,
    /// Reps in them.
    pub reps: Option<u64>,
    /// On deals held back at random.
    pub stratified: Evaluation,
    /// On the newest deals.
    pub out_of_time: Evaluation,
    /// How much depends on the rep; absent on older cards.
    pub who: Option<Who>,
    /// Simpler models on the newest deals: name, AUC, log loss.
    pub baselines: Vec<(String, Triple, Option<f64>)>,
    /// What the trees look at, in words, by its share in the model, largest first.
    pub importance: Vec<(String, f64)>,
    /// How it was made, for an engineer: names and values as the card has them.
    pub details: Vec<(String, String)>,
}

/// A value with the ends of its interval.
pub type Triple = (f64, f64, f64);

/// Does who matter?
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Who {
    /// In sentences, for a manager; raw.
    pub text: String,
    /// Shares of the outcome: lead, rep, fit of rep and segment, noise. Absent where nothing can be told.
    pub shares: Option<[Triple; 4]>,
    /// Win rate today, what this model would add, and the most that any router could.
    pub router: Option<(f64, Triple, Triple)>,
    /// How much of what was promised came true.
    pub realised: Option<Triple>,
    /// All deals it rests on, those of them that another rep could have had, and the reps of those.
    pub deals: (u64, u64, u64),
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// `G1` to `G4`.
    pub id: String,
    /// Whether it passed.
    pub passed: bool,
    /// The numbers, in a sentence; raw.
    pub why: String,
}

/// How good the model was on deals it had not seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Deals it was judged on.
    pub deals: Option<u64>,
    /// Of those, won.
    pub wins: Option<u64>,
    /// When their leads were created: first and last.
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// AUC with its 95 % interval.
    pub auc: Option<Triple>,
    /// The same by the lead alone.
    pub lead_only_auc: Option<Triple>,
    /// What knowing the rep adds to the AUC.
    pub rep_gain: Option<Triple>,
    /// Expected calibration error.
    pub ece: Option<f64>,
    /// Mean negative log-likelihood.
    pub log_loss: Option<f64>,
    /// Mean squared error.
    pub brier: Option<f64>,
    /// Wins promised, and those that came.
    pub wins_promised: Option<(f64, u64)>,
    /// Reps, and those of them who won more or less often than chance allows if the probabilities are right.
    pub reps_off: Option<(u64, u64)>,
    /// ROC curve: false and true positive rate.
    pub roc: Vec<(f64, f64)>,
    /// Reliability diagram: mean probability, win rate, deals.
    pub reliability: Vec<(f64, f64, u64)>,
}

impl Card {
    /// Reads what is there.
    pub fn read(card: &Value) -> Self {
        let data = card.get("data").unwrap_or(&Value::Null);
        Self {
            verdict: part(card, "verdict"),
            clearance: part(card, "clearance"),
            gates: list(card, "gates", |gate| {
                Some(Gate {
                    id: part(gate, "id")?,
                    passed: part(gate, "passed")?,
                    why: part(gate, "why").unwrap_or_default(),
                })
            }),
            deals: part(data, "deals"),
            won: part(data, "won"),
            reps: part(data, "reps"),
            stratified: Evaluation::read(card.get("stratified")),
            out_of_time: Evaluation::read(card.get("out_of_time")),
            who: card.get("who_matters").and_then(Who::read),
            baselines: [("lead_only", "lead only"), ("logistic", "logistic regression")]
                .into_iter()
                .filter_map(|(key, name)| {
                    let of = card.get("out_of_time")?.get("baselines")?.get(key)?;
                    Some((name.to_owned(), estimate(of.get("auc"))?, part(of, "log_loss")))
                })
                .collect(),
            importance: part::<Vec<(String, f64)>>(card, "importance")
                .unwrap_or_default()
                .into_iter()
                .map(|(column, share)| (column_words(&column), share))
                .collect(),
            details: details(card),
        }
    }

    /// The gate of this name, if it was measured.
    pub fn gate(&self, id: &str) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.id.eq_ignore_ascii_case(id))
    }
}

impl Evaluation {
    fn read(value: Option<&Value>) -> Self {
        let value = value.unwrap_or(&Value::Null);
        Self {
            deals: part(value, "test_deals"),
            wins: part(value, "test_wins"),
            period: value.get("test_period").and_then(|p| Some((part(p, "from")?, part(p, "to")?))),
            auc: estimate(value.get("auc")),
            lead_only_auc: estimate(value.get("lead_only_auc")),
            rep_gain: estimate(value.get("rep_gain")),
            ece: part(value, "ece"),
            log_loss: part(value, "log_loss"),
            brier: part(value, "brier"),
            wins_promised: value.get("in_the_large").and_then(|w| Some((part(w, "expected")?, part(w, "wins")?))),
            reps_off: reps_off(value),
            roc: part(value, "roc").unwrap_or_default(),
            reliability: list(value, "reliability", |bin| {
                Some((part(bin, "predicted")?, part(bin, "observed")?, part(bin, "deals")?))
            }),
        }
    }
}

impl Who {
    fn read(value: &Value) -> Option<Self> {
        let share = |key: &str| estimate(value.get("shares")?.get(key));
        let shares = || Some([share("lead")?, share("rep")?, share("rep_by_segment")?, share("noise")?]);
        let router = || {
            let router = value.get("router")?;
            Some((part(router, "today")?, estimate(router.get("model"))?, estimate(router.get("ceiling"))?))
        };
        let count = |key: &str| part(value, key).unwrap_or_default();
        Some(Self {
            text: part(value, "text")?,
            shares: shares(),
            router: router(),
            realised: estimate(value.get("realised")),
            deals: (count("deals"), count("with_choice"), count("reps")),
        })
    }
}

fn reps_off(value: &Value) -> Option<(u64, u64)> {
    let reps: Vec<bool> = list(value, "by_rep", |rep| {
        let ((low, high), wins) = (part::<(u64, u64)>(rep, "limits")?, part::<u64>(rep, "wins")?);
        Some(!(low..=high).contains(&wins))
    });
    (!reps.is_empty()).then(|| (reps.len() as u64, reps.iter().filter(|off| **off).count() as u64))
}

/// Names and values of the parts that only an engineer reads, whatever is in them.
fn details(card: &Value) -> Vec<(String, String)> {
    let mut details = Vec::new();
    for section in ["parameters", "calibration", "versions", "data"] {
        let Some(fields) = card.get(section).and_then(Value::as_object) else { continue };
        for (key, value) in fields {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            details.push((format!("{section}.{key}").replace('_', " "), text));
        }
    }
    details.extend(part::<u64>(card, "trees").map(|n| ("trees".to_owned(), n.to_string())));
    let spreads: Vec<(String, f64)> = part(card, "rep_effect_sd").unwrap_or_default();
    details.extend(spreads.into_iter().map(|(name, sd)| (format!("spread of {name}"), format!("{sd:.3} log-odds"))));
    details
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    T::deserialize(value.get(key)?).ok()
}

fn list<T>(value: &Value, key: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value.get(key).and_then(Value::as_array).map_or_else(Vec::new, |items| items.iter().filter_map(read).collect())
}

fn estimate(value: Option<&Value>) -> Option<Triple> {
    let value = value?;
    Some((part(value, "value")?, part(value, "low")?, part(value, "high")?))
}
