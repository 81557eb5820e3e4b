//! Promotion gates: what a model must prove before it may score leads, and before it may route them.

use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;

/// Highest expected calibration error that passes G4.
pub const MAX_ECE: f64 = 0.05;

/// One gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
pub enum GateId {
    /// The model tells good leads from bad: lower 95 % bound of AUC above 0.5, on both splits.
    G1,
    /// Knowing the rep adds something: lower 95 % bound of the AUC difference above 0, stratified split.
    G2,
    /// G1 and G2 on later deals.
    G3,
    /// Probabilities can be taken at their word: calibration error of at most [`MAX_ECE`] on later deals.
    G4,
}

/// The result of one gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Which.
    pub id: GateId,
    /// Whether it passed.
    pub passed: bool,
    /// The numbers, in one sentence.
    pub why: String,
}

/// What the gates allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Clearance {
    /// May not be promoted.
    Refused,
    /// May be promoted; scores leads, does not yet route.
    ScoresLeads,
    /// May be promoted and may route.
    Routes,
}

/// Everything the gates said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// G1 to G4.
    pub gates: Vec<Gate>,
    /// What they allow.
    pub clearance: Clearance,
    /// One paragraph for a manager.
    pub text: String,
}

/// Judges a model by its two evaluations.
pub fn judge(stratified: &Evaluation, out_of_time: &Evaluation) -> Verdict {
    let beats_coin = |e: &Evaluation| e.auc.low > 0.5;
    let reps_matter = |e: &Evaluation| e.rep_gain.low > 0.0;
    let auc = |e: &Evaluation| format!("AUC {:.3} ({:.3} to {:.3})", e.auc.value, e.auc.low, e.auc.high);
    let gain = |e: &Evaluation| {
        format!(
            "knowing the rep changes AUC by {:+.4} ({:+.4} to {:+.4})",
            e.rep_gain.value, e.rep_gain.low, e.rep_gain.high
        )
    };
    let gate = |id, passed, why| Gate { id, passed, why };
    let gates = vec![
        gate(
            GateId::G1,
            beats_coin(stratified) && beats_coin(out_of_time),
            format!(
                "later deals: {}; stratified 20 %: {}; both intervals must lie above 0.5",
                auc(out_of_time),
                auc(stratified)
            ),
        ),
        gate(GateId::G2, reps_matter(stratified), format!("stratified 20 %: {}", gain(stratified))),
        gate(
            GateId::G3,
            beats_coin(out_of_time) && reps_matter(out_of_time),
            format!("later deals: {}; {}", auc(out_of_time), gain(out_of_time)),
        ),
        gate(
            GateId::G4,
            out_of_time.ece <= MAX_ECE,
            format!("calibration error on later deals {:.3}, at most {MAX_ECE:.2}", out_of_time.ece),
        ),
    ];
    let passed = |id| gates.iter().any(|gate: &Gate| gate.id == id && gate.passed);
    let clearance = match (passed(GateId::G1), passed(GateId::G2) && passed(GateId::G3) && passed(GateId::G4)) {
        (false, _) => Clearance::Refused,
        (true, false) => Clearance::ScoresLeads,
        (true, true) => Clearance::Routes,
    };
    let text = paragraph(stratified, out_of_time, &gates, clearance);
    Verdict { gates, clearance, text }
}

fn paragraph(stratified: &Evaluation, out_of_time: &Evaluation, gates: &[Gate], clearance: Clearance) -> String {
    let (failing, where_) = if out_of_time.auc.low > 0.5 {
        (stratified, format!("on {} deals held back at random", thousands(stratified.test_deals)))
    } else {
        (out_of_time, format!("on the newest {} deals", thousands(out_of_time.test_deals)))
    };
    let interval =
        |e: &Evaluation| format!("AUC is {:.2} (95 % interval {:.2} to {:.2})", e.auc.value, e.auc.low, e.auc.high);
    let passed = |id| gates.iter().any(|gate| gate.id == id && gate.passed);
    let newest = format!(
        "On the newest {} deals, which it had not seen, its {}",
        thousands(out_of_time.test_deals),
        interval(out_of_time)
    );
    match clearance {
        Clearance::Refused => {
            let compare = if failing.auc.value > 0.5 {
                "which cannot be told from the 0.50 of a coin"
            } else {
                "no better than a coin"
            };
            format!(
                "This model cannot tell good leads from bad: {where_} its {}, {compare}. It must not route leads.",
                interval(failing)
            )
        }
        Clearance::ScoresLeads => {
            let mut missing = Vec::new();
            if !(passed(GateId::G2) && passed(GateId::G3)) {
                let e = if out_of_time.rep_gain.low > 0.0 { stratified } else { out_of_time };
                missing.push(format!(
                    "it cannot yet tell which rep is better: knowing the rep changes AUC by {:+.3} (95 % interval {:+.3} to {:+.3}), which may be nothing",
                    e.rep_gain.value, e.rep_gain.low, e.rep_gain.high
                ));
            }
            if !passed(GateId::G4) {
                missing.push(format!(
                    "its probabilities are off by {:.1} points on average, so they must not be compared with thresholds",
                    out_of_time.ece * 100.0
                ));
            }
            format!(
                "This model tells good leads from bad. {newest}. But {}. It scores leads; it does not yet route them.",
                missing.join("; and ")
            )
        }
        Clearance::Routes => format!(
            "This model tells good leads from bad, and which rep is better for them. {newest}; without knowing the rep it is {:.2}. \
             Its probabilities are off by {:.1} points on average. It may route leads.",
            out_of_time.lead_only_auc.value,
            out_of_time.ece * 100.0
        ),
    }
}

/// `1340` as `1,340`.
pub(super) fn thousands(n: u32) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evaluate::Estimate;

    fn evaluation(auc_low: f64, gain_low: f64, ece: f64) -> Evaluation {
        let around = |low: f64, half: f64| Estimate { value: low + half, low, high: low + 2.0 * half };
        Evaluation {
            train_deals: 5_000,
            embargoed_deals: 0,
            assumed_known_deals: 0,
            test_deals: 1_340,
            test_wins: 300,
            train_period: None,
            test_period: None,
            auc: around(auc_low, 0.03),
            lead_only_auc: around(auc_low - 0.01, 0.03),
            rep_gain: around(gain_low, 0.01),
            brier: 0.2,
            log_loss: 0.6,
            ece,
            ece_equal_mass: None,
            spiegelhalter: None,
            in_the_large: None,
            by_rep: Vec::new(),
            reliability: Vec::new(),
            roc: Vec::new(),
        }
    }

    #[test]
    fn a_coin_is_refused_whichever_split_shows_it() {
        let (good, coin) = (evaluation(0.7, 0.01, 0.02), evaluation(0.47, 0.01, 0.02));
        for (stratified, later) in [(&good, &coin), (&coin, &good), (&coin, &coin)] {
            let verdict = judge(stratified, later);
            assert_eq!(verdict.clearance, Clearance::Refused);
            assert!(verdict.text.contains("0.50 (95 % interval 0.47 to 0.53)"), "{}", verdict.text);
            assert!(verdict.text.contains("1,340 deals") && verdict.text.ends_with("It must not route leads."));
        }
    }

    #[test]
    fn a_model_blind_to_reps_or_miscalibrated_scores_but_does_not_route() {
        let good = evaluation(0.7, 0.01, 0.02);
        for later in [evaluation(0.7, -0.005, 0.02), evaluation(0.7, 0.01, 0.08)] {
            let verdict = judge(&good, &later);
            assert_eq!(verdict.clearance, Clearance::ScoresLeads);
            assert!(verdict.text.ends_with("it does not yet route them."), "{}", verdict.text);
        }
        assert_eq!(judge(&evaluation(0.7, -0.005, 0.02), &good).clearance, Clearance::ScoresLeads);
        assert_eq!(judge(&good, &good).clearance, Clearance::Routes);
    }
}
