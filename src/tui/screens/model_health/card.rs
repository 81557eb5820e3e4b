//! A model card as the screen reads it: whatever is absent or unreadable is simply not shown, because cards of older
//! and newer versions lie side by side in one registry.

use serde::de::DeserializeOwned;
use serde_json::Value;

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
    /// Columns by their share in the model, largest first.
    pub importance: Vec<(String, f64)>,
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
    /// AUC with its 95 % interval: value, low, high.
    pub auc: Option<(f64, f64, f64)>,
    /// What knowing the rep adds to the AUC: value, low, high.
    pub rep_gain: Option<(f64, f64, f64)>,
    /// Expected calibration error.
    pub ece: Option<f64>,
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
            importance: part(card, "importance").unwrap_or_default(),
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
            auc: estimate(value.get("auc")),
            rep_gain: estimate(value.get("rep_gain")),
            ece: part(value, "ece"),
            roc: part(value, "roc").unwrap_or_default(),
            reliability: list(value, "reliability", |bin| {
                Some((part(bin, "predicted")?, part(bin, "observed")?, part(bin, "deals")?))
            }),
        }
    }
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    T::deserialize(value.get(key)?).ok()
}

fn list<T>(value: &Value, key: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value.get(key).and_then(Value::as_array).map_or_else(Vec::new, |items| items.iter().filter_map(read).collect())
}

fn estimate(value: Option<&Value>) -> Option<(f64, f64, f64)> {
    let value = value?;
    Some((part(value, "value")?, part(value, "low")?, part(value, "high")?))
}
