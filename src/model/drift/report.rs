//! What drift has found, for the screen, the command line and scripts: the JSON of [`Report`] is a contract.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::ModelId;

/// When a change is called one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Days of leads that are compared with the training deals.
    pub window_days: u32,
    /// With fewer leads than this nothing is said.
    pub min_leads: u32,
    /// With fewer closed deals than this nothing is said about the probabilities.
    pub min_outcomes: u32,
    /// Population stability index, beyond chance, from which a change is to be watched.
    pub psi_watch: f64,
    /// The same, from which something is to be done.
    pub psi_act: f64,
    /// False discovery rate: where nothing changed, the share of looks with any fact beyond chance.
    pub false_alarms: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window_days: 28, min_leads: 100, min_outcomes: 50, psi_watch: 0.1, psi_act: 0.25, false_alarms: 0.05 }
    }
}

/// What is to be done about it; in the order of how bad it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Nothing can be said yet.
    TooFew,
    /// No change that matters.
    Steady,
    /// It changed: look at it again soon.
    Watch,
    /// It changed so much that the model may be wrong: find out why, train anew.
    Act,
}

/// What kind of thing is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number.
    Numeric,
    /// A category.
    Categorical,
    /// A probability of the model.
    Prediction,
}

/// One measure of change by the name that the Python library Evidently gives it, chosen by its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Evidently's name of it.
    pub name: String,
    /// Its value: a distance, or a p value.
    pub value: f64,
    /// Evidently's limit.
    pub limit: f64,
    /// Whether Evidently alone would call it drift.
    pub drifted: bool,
}

/// How one fact of the leads, or the prediction, compares with the training deals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactDrift {
    /// Key: `industry`, `amount`, `numeric.visits`, `lead_score`.
    pub fact: String,
    /// For people; may be outside text.
    pub label: String,
    /// What kind it is.
    pub kind: Kind,
    /// Verdict.
    pub verdict: Verdict,
    /// The greatest change in words, from then to now; may hold outside text.
    pub change: String,
    /// Training deals that it is compared with.
    pub reference: u32,
    /// Leads of the window.
    pub leads: u32,
    /// Population stability index by deciles of the reference, or by category, missing values being one of them.
    pub psi: f64,
    /// What the index would be on average had nothing changed.
    pub psi_by_chance: f64,
    /// The index from which the verdict is `watch`: the limit plus chance.
    pub psi_limit: f64,
    /// Jensen-Shannon distance in Evidently's bins, natural logarithm.
    pub jensen_shannon: f64,
    /// Kolmogorov-Smirnov statistic; numbers only.
    pub ks: Option<f64>,
    /// Wasserstein distance in standard deviations of the reference; numbers only.
    pub wasserstein: Option<f64>,
    /// Probability of such a change by chance.
    pub p_value: f64,
    /// The same adjusted for the number of facts looked at; 1 where there are too few leads.
    pub q_value: f64,
    /// What Evidently would say.
    pub evidently: Measure,
    /// Share of deals without it, and of leads without it.
    pub missing: (f64, f64),
}

/// Wins against what was expected of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concept {
    /// Verdict.
    pub verdict: Verdict,
    /// In words.
    pub summary: String,
    /// Deals that closed and whose leads this model ranked.
    pub outcomes: u32,
    /// Of those, won.
    pub wins: u32,
    /// Sum of the probabilities, adjusted for how long the deals had to close.
    pub expected_wins: f64,
    /// 99 % limits of the wins if the probabilities are true (Poisson-binomial).
    pub limits: (u32, u32),
    /// By week of creation, oldest first.
    pub weeks: Vec<Week>,
    /// CUSUM of the standardised surprises.
    pub cusum: Sequential,
    /// Page-Hinkley test of the surprises.
    pub page_hinkley: Sequential,
}

/// The leads created in one week that have closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Week {
    /// Its Monday.
    pub from: NaiveDate,
    /// Closed deals.
    pub outcomes: u32,
    /// Of those, won.
    pub wins: u32,
    /// Sum of the adjusted probabilities.
    pub expected_wins: f64,
    /// 99.8 % limits of the wins, as on a control chart.
    pub limits: (u32, u32),
}

/// A sequential test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequential {
    /// Where it stands after the newest deal.
    pub value: f64,
    /// Its limit.
    pub limit: f64,
    /// When the lead was created at which it passed the limit for the first time.
    pub alarm: Option<NaiveDate>,
}

/// Everything about drift at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The model that ranks.
    pub model: ModelId,
    /// When it was made.
    pub as_of: DateTime<Utc>,
    /// First day of the window (UTC).
    pub from: NaiveDate,
    /// Last day of the window.
    pub until: NaiveDate,
    /// The worst of what follows.
    pub verdict: Verdict,
    /// For a manager, one to a few sentences; may hold outside text.
    pub summary: String,
    /// Leads received in the window.
    pub leads: u32,
    /// Training deals.
    pub deals: u32,
    /// Every fact, worst first.
    pub facts: Vec<FactDrift>,
    /// How good the model takes the leads to be.
    pub prediction: FactDrift,
    /// AUC that the model has on the window's leads if its probabilities are true; needs no outcome.
    pub expected_auc: Option<f64>,
    /// Mean `p_win` of the first rep of the ranked leads.
    pub mean_best_p_win: Option<f64>,
    /// Whether the probabilities are still true.
    pub concept: Concept,
}

impl Report {
    /// What needs a person, in a few words each: `drift: act on industry`.
    pub fn alerts(&self) -> Vec<String> {
        let rows = self.facts.iter().chain([&self.prediction]).map(|fact| (fact.verdict, fact.label.as_str()));
        rows.chain([(self.concept.verdict, "win probabilities")])
            .filter_map(|(verdict, what)| match verdict {
                Verdict::Act => Some(format!("drift: act on {what}")),
                Verdict::Watch => Some(format!("drift: watch {what}")),
                Verdict::Steady | Verdict::TooFew => None,
            })
            .collect()
    }
}
