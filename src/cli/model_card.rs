//! A model card as text: the paragraph for a manager first, then everything else for an engineer.

use super::out::{table, wrap};
use crate::domain::ids::ModelId;
use crate::model::Card;
use crate::model::evaluate::{Estimate, Evaluation, Period};
use crate::model::features::column_words;
use crate::model::who_matters::WhoMatters;

/// Columns of the importance list and reps of the calibration list that are shown; `--json` has all.
const SHOWN: usize = 10;

/// The whole card.
pub(super) fn describe(id: &ModelId, card: &Card) -> Vec<String> {
    let mut lines = vec![id.to_string()];
    lines.extend(wrap(&card.verdict));
    if let Some(who) = &card.who_matters {
        lines.push(String::new());
        lines.extend(wrap(&who.text));
    }
    lines.push(String::new());
    lines.extend(card.imported.iter().flat_map(super::model::exchange::source).flat_map(|line| wrap(&line)));
    lines.extend(wrap(&learned_from(card)));
    for gate in &card.gates {
        lines.extend(wrap(&format!("{} {:<7} {}", gate.id, if gate.passed { "passed" } else { "failed" }, gate.why)));
    }
    section(&mut lines, "Judged on deals it had not seen", judged(card));
    section(&mut lines, "Does who matter?", card.who_matters.as_ref().map_or_else(Vec::new, who_matters));
    section(&mut lines, "Honesty on later deals: what was promised and what came", reliability(&card.out_of_time));
    section(&mut lines, "Reps who won more or less than promised, beyond chance", reps(&card.out_of_time));
    let importance = card.importance.iter().take(SHOWN).map(|(name, share)| vec![column_words(name), percent(*share)]);
    section(&mut lines, "What it looks at", table(&["what", "share"], &importance.collect::<Vec<_>>()));
    section(&mut lines, "How it was made", made(card));
    lines
}

fn section(lines: &mut Vec<String>, title: &str, body: Vec<String>) {
    if !body.is_empty() {
        lines.extend([String::new(), title.to_owned()]);
        lines.extend(body.into_iter().map(|line| format!("  {line}")));
    }
}

fn learned_from(card: &Card) -> String {
    let data = &card.data;
    format!(
        "{} {} deals ({} won, {} lost) of {} reps, leads of {} to {}",
        if card.imported.is_some() { "judged with" } else { "learned from" },
        data.deals,
        data.won,
        data.lost,
        data.reps,
        data.first_created_at.format("%Y-%m-%d"),
        data.last_created_at.format("%Y-%m-%d")
    )
}

fn judged(card: &Card) -> Vec<String> {
    let (later, random) = (&card.out_of_time, &card.stratified);
    let row = |name: &str, of: &dyn Fn(&Evaluation) -> String| vec![name.to_owned(), of(later), of(random)];
    let dates = |p: Option<Period>| {
        p.map_or_else(|| "-".into(), |p| format!("{} to {}", p.from.format("%Y-%m-%d"), p.to.format("%Y-%m-%d")))
    };
    let optional = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{x:.4}"));
    let mut rows = vec![
        row("deals, won", &|e| format!("{}, {}", e.test_deals, e.test_wins)),
        row("leads of", &|e| dates(e.test_period)),
        row("AUC", &|e| estimate(e.auc, 3)),
        row("  by the lead alone", &|e| estimate(e.lead_only_auc, 3)),
        row("  the rep adds", &|e| signed(e.rep_gain)),
        row("log loss", &|e| format!("{:.4}", e.log_loss)),
        row("Brier score", &|e| format!("{:.4}", e.brier)),
        row("calibration error (ECE)", &|e| format!("{:.4}", e.ece)),
        row("  equal mass", &|e| optional(e.ece_equal_mass)),
        row("Spiegelhalter Z (p)", &|e| {
            e.spiegelhalter.map_or_else(|| "-".into(), |t| format!("{:.2} ({:.3})", t.z, t.p_value))
        }),
        row("wins promised, come", &|e| {
            e.in_the_large.map_or_else(|| "-".into(), |w| format!("{:.0}, {}", w.expected, w.wins))
        }),
        row("learned from", &|e| format!("{} deals", e.train_deals)),
        row("  leads of", &|e| dates(e.train_period)),
        row("  left out, still open", &|e| e.embargoed_deals.to_string()),
    ];
    if later.assumed_known_deals > 0 {
        rows.push(row("  closing date assumed", &|e| e.assumed_known_deals.to_string()));
    }
    let mut lines = table(&["", "later deals", "random fifth"], &rows);
    if let Some(baselines) = &later.baselines {
        let row = |name: &str, b: &crate::model::train::Baseline| {
            vec![name.to_owned(), estimate(b.auc, 3), format!("{:.4}", b.log_loss), estimate(b.gain, 3)]
        };
        lines.push("simpler models on the same later deals:".to_owned());
        lines.extend(table(
            &["", "AUC", "log loss", "this model is better by"],
            &[row("lead only", &baselines.lead_only), row("logistic regression", &baselines.logistic)],
        ));
    }
    lines
}

fn who_matters(who: &WhoMatters) -> Vec<String> {
    let mut rows = Vec::new();
    let points =
        |e: Estimate| estimate(Estimate { value: 100.0 * e.value, low: 100.0 * e.low, high: 100.0 * e.high }, 1);
    if let Some(shares) = who.shares {
        let share = |name: &str, e: Estimate| vec![name.to_owned(), format!("{} %", points(e))];
        rows.extend([
            share("of the outcome: the lead", shares.lead),
            share("  the rep", shares.rep),
            share("  the fit of rep and segment", shares.rep_by_segment),
            share("  noise to every model", shares.noise),
            share("rep and fit seen by this model", shares.seen),
        ]);
    }
    if let Some((rep, fit)) = who.effect_sd {
        rows.push(vec!["spread of reps, of fit (log-odds)".into(), format!("{rep:.2}, {fit:.2}")]);
    }
    if let Some(realised) = who.realised {
        rows.push(vec!["promised advantages that came true".into(), format!("{} times", estimate(realised, 2))]);
    }
    if let Some(router) = who.router {
        rows.extend([
            vec!["won of 100 today".into(), format!("{:.1}", 100.0 * router.today)],
            vec!["more by this model".into(), points(router.model)],
            vec!["more by perfect routing".into(), points(router.ceiling)],
        ]);
    }
    let mut lines = table(&["", "(95 % interval)"], &rows);
    if rows.is_empty() {
        lines.clear();
    }
    lines.push(format!(
        "{} deals; {} later ones that another of {} reps could have had",
        who.deals, who.with_choice, who.reps
    ));
    lines.push("Reps are compared on leads whose recorded facts look alike.".to_owned());
    lines
}

fn reliability(e: &Evaluation) -> Vec<String> {
    let rows: Vec<Vec<String>> = e
        .reliability
        .iter()
        .filter(|bin| bin.deals > 0)
        .map(|bin| vec![bin.deals.to_string(), percent(bin.predicted), percent(bin.observed)])
        .collect();
    if rows.is_empty() { Vec::new() } else { table(&["deals", "promised", "won"], &rows) }
}

fn reps(e: &Evaluation) -> Vec<String> {
    if e.by_rep.is_empty() {
        return Vec::new();
    }
    let off: Vec<Vec<String>> = e
        .by_rep
        .iter()
        .filter(|rep| !rep.wins.within_limits())
        .map(|rep| {
            let w = rep.wins;
            let limits = format!("{} to {}", w.limits.0, w.limits.1);
            vec![rep.rep.to_string(), w.deals.to_string(), w.wins.to_string(), format!("{:.1}", w.expected), limits]
        })
        .collect();
    let mut lines = vec![format!("{} of {} reps; chance alone makes 1 in 20", off.len(), e.by_rep.len())];
    if !off.is_empty() {
        lines.extend(table(&["rep", "deals", "won", "promised", "likely"], &off[..off.len().min(SHOWN)]));
    }
    if off.len() > SHOWN {
        lines.push(format!("and {} more", off.len() - SHOWN));
    }
    lines
}

fn made(card: &Card) -> Vec<String> {
    let v = &card.versions;
    let mut lines = vec![format!(
        "leadboard {}, {}, features version {}, artifact version {}",
        v.leadboard, v.trainer, v.features, v.artifact
    )];
    match &card.parameters {
        Some(p) => lines.extend([
            format!(
                "{} trees of depth {} (at most {}, patience {}), learning rate {}",
                card.trees, p.max_depth, p.max_rounds, p.patience, p.eta
            ),
            format!(
                "lambda {}, min child weight {}, rows {}, columns {}, bins {}, seed {}",
                p.lambda, p.min_child_weight, p.subsample, p.colsample_bytree, p.max_bin, p.seed
            ),
        ]),
        None => lines.push(format!("{} trees, grown elsewhere", card.trees)),
    }
    lines.extend([
        format!(
            "calibration: {} on {} deals; {} columns",
            card.calibration.method,
            card.calibration.deals,
            card.features.len()
        ),
        "SHA-256 of the deals:".to_owned(),
        format!("  {}", card.data.sha256),
    ]);
    lines
}

fn estimate(e: Estimate, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", e.value, e.low, e.high)
}

fn signed(e: Estimate) -> String {
    format!("{:+.3} ({:+.3} to {:+.3})", e.value, e.low, e.high)
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}
