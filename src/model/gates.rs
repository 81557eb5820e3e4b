//! Promotion gates: what a model must prove before it may score leads, and before it may route them.
//!
//! Two held-out sets judge a model: a random fifth with the same win rate, and the newest fifth by creation, judged by a
//! model that knew only deals closed before that fifth began. (By creation and not by closing: live scoring meets leads as
//! they are created, and a fifth by closing holds old leads that closed late, which are no sample of what comes.) All
//! intervals are 95 %; AUC by DeLong on the logit scale, differences by paired DeLong against a model of the lead alone.
//!
//! Later deals decide what a model may do, so G1, which alone can refuse it, must hold on them too. G4 is the calibration
//! error alone; the wins promised in all are reported beside it, because a model can be off there while each bin is within
//! its limit.

use serde::{Deserialize, Serialize};

use super::evaluate::{Evaluation, Period};
use crate::domain::number::{apart, beside_limit, grouped};

/// Highest expected calibration error that passes G4.
pub const MAX_ECE: f64 = 0.05;
/// Wins promised in all may differ by this share from those that came before it is called out.
const MAX_GAP_IN_THE_LARGE: f64 = 0.1;
/// With fewer won or fewer lost deals to judge on than this, nothing is judged: DeLong's interval is not to be trusted.
pub const MIN_TO_JUDGE: u32 = 10;
/// With fewer than this, the verdict says how little it rests on (Collins, Ogundimu & Altman 2016 ask for at least 100
/// events to validate a model).
pub const FEW: u32 = 100;

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
    let numbers = |e: &Evaluation| {
        let deals = format!("{} deals, {} won", grouped(e.test_deals.into()), grouped(e.test_wins.into()));
        format!("AUC {:.3} ({:.3} to {:.3}; {deals})", e.auc.value, e.auc.low, e.auc.high)
    };
    let gain = |e: &Evaluation| {
        let (value, low, high) = (e.rep_gain.value, e.rep_gain.low, e.rep_gain.high);
        format!("knowing the rep changes AUC by {value:+.4} ({low:+.4} to {high:+.4})")
    };
    let gate = |id, passed, why| Gate { id, passed, why };
    let gates = vec![
        gate(
            GateId::G1,
            beats_coin(stratified) && beats_coin(out_of_time),
            format!(
                "later deals: {}; random fifth: {}; both intervals must lie above 0.5",
                numbers(out_of_time),
                numbers(stratified)
            ),
        ),
        gate(
            GateId::G2,
            reps_help(stratified),
            format!("random fifth: {}; the interval must lie above 0", gain(stratified)),
        ),
        gate(
            GateId::G3,
            beats_coin(out_of_time) && reps_help(out_of_time),
            format!("later deals: {}, and {}", numbers(out_of_time), gain(out_of_time)),
        ),
        gate(GateId::G4, honest(out_of_time), {
            let wins = out_of_time.in_the_large.map_or_else(String::new, |all| {
                format!("; {:.0} wins promised, {} came", all.expected, grouped(all.wins.into()))
            });
            let (error, _) = apart(out_of_time.ece, MAX_ECE, 3);
            format!("later deals: calibration error {error}, at most {MAX_ECE:.2}{wins}")
        }),
    ];
    let passed = |id| gates.iter().any(|gate: &Gate| gate.id == id && gate.passed);
    let clearance = match (passed(GateId::G1), passed(GateId::G2) && passed(GateId::G3) && passed(GateId::G4)) {
        (false, _) => Clearance::Refused,
        (true, false) => Clearance::ScoresLeads,
        (true, true) => Clearance::Routes,
    };
    let text = paragraph(stratified, out_of_time, clearance);
    Verdict { gates, clearance, text }
}

/// Won or lost deals judged on, whichever are fewer.
fn rarer(e: &Evaluation) -> u32 {
    e.test_wins.min(e.test_losses())
}

fn judged(e: &Evaluation) -> bool {
    rarer(e) >= MIN_TO_JUDGE
}

fn beats_coin(e: &Evaluation) -> bool {
    judged(e) && e.auc.low > 0.5
}

fn reps_help(e: &Evaluation) -> bool {
    judged(e) && e.rep_gain.low > 0.0
}

fn honest(e: &Evaluation) -> bool {
    judged(e) && e.ece <= MAX_ECE
}

fn paragraph(stratified: &Evaluation, later: &Evaluation, clearance: Clearance) -> String {
    let mut text = match clearance {
        Clearance::Refused => refused(stratified, later),
        Clearance::ScoresLeads => format!(
            "This model tells good leads from bad. {} But {}. It scores leads; it does not yet route them.",
            finds(later, &newest(later)),
            shortcomings(stratified, later).join("; and ")
        ),
        Clearance::Routes => format!(
            "This model tells good leads from bad, and which rep is better for them. {} Without knowing the rep it \
             would find {:.0}. Its probabilities are off by {:.1} points on average. It may route leads.",
            finds(later, &newest(later)),
            100.0 * later.lead_only_auc.value,
            100.0 * later.ece
        ),
    };
    if clearance != Clearance::Refused && rarer(later) < FEW {
        let which = if later.test_wins < later.test_losses() { "won" } else { "lost" };
        let few = rarer(later);
        text = format!(
            "{text} All this rests on only {few} {which} deals among the newest: take it as a first impression until there are {FEW}."
        );
    }
    if clearance != Clearance::Refused
        && let Some(all) = later.in_the_large
        && all.gap().is_some_and(|gap| gap > MAX_GAP_IN_THE_LARGE)
        && !all.within_limits()
    {
        text = format!(
            "{text} It promised {:.0} wins among the newest deals and {} came, so do not plan with its sums.",
            all.expected,
            grouped(all.wins.into())
        );
    }
    text
}

/// The deals, in words that fit behind "on".
fn newest(e: &Evaluation) -> String {
    format!("the newest {} deals{}, which it had not seen", grouped(e.test_deals.into()), dates(e.test_period))
}

fn dates(period: Option<Period>) -> String {
    period.map_or_else(String::new, |p| format!(" ({} to {})", p.from.format("%Y-%m-%d"), p.to.format("%Y-%m-%d")))
}

/// AUC as what it is: how often the better of two deals is found.
fn finds(e: &Evaluation, on: &str) -> String {
    format!(
        "On {on}, it finds the won one of a won and a lost deal {:.0} times in 100 (AUC {:.2}, 95 % interval {:.2} to \
         {:.2}; a coin: 50 times).",
        100.0 * e.auc.value,
        e.auc.value,
        e.auc.low,
        e.auc.high
    )
}

fn refused(stratified: &Evaluation, later: &Evaluation) -> String {
    let random = || format!("{} deals held back at random", grouped(stratified.test_deals.into()));
    // Later deals decide; the others are named only where these would let the model pass.
    let (failing, on) = if beats_coin(later) { (stratified, random()) } else { (later, newest(later)) };
    if !judged(failing) {
        return format!(
            "It cannot be told whether this model tells good leads from bad: of {on}, {} were won and {} lost, and at \
             least {MIN_TO_JUDGE} of each are needed. It must not route leads.",
            failing.test_wins,
            failing.test_losses()
        );
    }
    let compare = if failing.auc.high < 0.5 {
        "That is worse than a coin, so what it learned has turned round."
    } else if failing.auc.value > 0.5 {
        "That cannot be told from a coin."
    } else {
        "That is no better than a coin."
    };
    format!(
        "This model cannot tell good leads from bad. {} {compare} It found nothing in these deals, as they are \
         recorded, that shows beforehand who will buy. It must not route leads.",
        finds(failing, &on)
    )
}

/// What keeps a model that tells good leads from bad from routing; each completes "But …".
fn shortcomings(stratified: &Evaluation, later: &Evaluation) -> Vec<String> {
    let mut missing = Vec::new();
    let change = |e: &Evaluation| {
        format!(
            "knowing the rep changes AUC by {:+.3} (95 % interval {:+.3} to {:+.3})",
            e.rep_gain.value, e.rep_gain.low, e.rep_gain.high
        )
    };
    match (reps_help(stratified), reps_help(later)) {
        (true, true) => {}
        (true, false) if later.rep_gain.high < 0.0 => missing.push(format!(
            "it cannot tell which rep is better: what it learned of reps misleads it on newer deals, where {}",
            change(later)
        )),
        (true, false) => missing.push(format!(
            "it cannot yet tell which rep is better: on deals held back at random it can, but on newer ones {}, which \
             may be nothing",
            change(later)
        )),
        (false, helps) => missing.push(format!(
            "it cannot yet tell which rep is better: {}, which may be nothing",
            change(if helps { stratified } else { later })
        )),
    }
    if !honest(later) {
        let (off, allowed) = beside_limit(later.ece, MAX_ECE);
        missing.push(format!(
            "its probabilities are off by {off} points on average, where {allowed} are allowed, so they must not be \
             compared with thresholds"
        ));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evaluate::{Estimate, InTheLarge};

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
            baselines: None,
        }
    }

    #[test]
    fn a_coin_is_refused_whichever_split_shows_it() {
        let (good, coin) = (evaluation(0.7, 0.01, 0.02), evaluation(0.47, 0.01, 0.02));
        for (stratified, later) in [(&good, &coin), (&coin, &good), (&coin, &coin)] {
            let verdict = judge(stratified, later);
            assert_eq!(verdict.clearance, Clearance::Refused);
            assert!(verdict.text.contains("AUC 0.50, 95 % interval 0.47 to 0.53; a coin: 50"), "{}", verdict.text);
            assert!(verdict.text.contains("1,340 deals") && verdict.text.ends_with("It must not route leads."));
        }
        let text = judge(&good, &evaluation(0.40, 0.01, 0.02)).text;
        assert!(text.contains("worse than a coin"), "{text}");
    }

    /// Every combination of what can pass, and the words it must and must not use.
    #[test]
    fn the_words_say_what_the_gates_found_and_nothing_more() {
        let set = |gain: f64, ece: f64| evaluation(0.7, gain, ece);
        let (helps, not) = (0.01, -0.005);
        for (random, later, ece, clearance, says, never) in [
            (helps, helps, 0.02, Clearance::Routes, "which rep is better for them.", "But"),
            (
                helps,
                not,
                0.02,
                Clearance::ScoresLeads,
                "held back at random it can, but on newer ones",
                "probabilities",
            ),
            (helps, -0.05, 0.02, Clearance::ScoresLeads, "misleads it on newer deals", "may route"),
            (
                not,
                helps,
                0.02,
                Clearance::ScoresLeads,
                "cannot yet tell which rep is better: knowing",
                "at random it can",
            ),
            (not, not, 0.02, Clearance::ScoresLeads, "cannot yet tell which rep is better: knowing", "may route"),
            (
                helps,
                helps,
                0.08,
                Clearance::ScoresLeads,
                "But its probabilities are off by 8.0 points",
                "cannot yet tell",
            ),
            (not, not, 0.08, Clearance::ScoresLeads, "; and its probabilities are off", "may route"),
        ] {
            let verdict = judge(&set(random, 0.02), &set(later, ece));
            let case = format!("{random} {later} {ece}: {}", verdict.text);
            assert_eq!(verdict.clearance, clearance, "{case}");
            assert!(verdict.text.contains(says) && !verdict.text.contains(never), "{case}");
            assert!(verdict.text.contains("newest 1,340 deals"), "{case}");
            let last = if clearance == Clearance::Routes { "It may route leads." } else { "does not yet route them." };
            assert!(verdict.text.ends_with(last), "{case}");
            let passed: Vec<bool> = verdict.gates.iter().map(|gate| gate.passed).collect();
            assert_eq!(passed, [true, random > 0.0, later > 0.0, ece < 0.05], "{case}");
        }
    }

    #[test]
    fn few_deals_to_judge_on_are_said_and_very_few_decide_nothing() {
        let with_wins = |wins: u32| Evaluation { test_wins: wins, ..evaluation(0.7, 0.01, 0.02) };
        let text = judge(&with_wins(300), &with_wins(37)).text;
        assert!(
            text.ends_with("only 37 won deals among the newest: take it as a first impression until there are 100."),
            "{text}"
        );
        for (random, later) in [(300, 9), (9, 300)] {
            let verdict = judge(&with_wins(random), &with_wins(later));
            assert_eq!(verdict.clearance, Clearance::Refused);
            assert!(
                verdict.text.starts_with("It cannot be told whether") && verdict.text.contains("9 were won"),
                "{}",
                verdict.text
            );
        }
        assert!(judge(&with_wins(300), &with_wins(9)).gates[2..].iter().all(|gate| !gate.passed));
    }

    #[test]
    fn sums_that_are_off_beyond_chance_are_called_out() {
        let promised = |expected: f64| {
            let all =
                InTheLarge { deals: 1_340, wins: 300, expected, limits: (expected as u32 - 30, expected as u32 + 30) };
            Evaluation { in_the_large: Some(all), ..evaluation(0.7, 0.01, 0.02) }
        };
        let good = evaluation(0.7, 0.01, 0.02);
        assert!(judge(&good, &promised(350.0)).text.contains("promised 350 wins among the newest deals and 300 came"));
        assert!(!judge(&good, &promised(325.0)).text.contains("promised"));
    }
}
