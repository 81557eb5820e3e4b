//! `leadboard model evaluate`: the metrics of any scores with known outcomes, for example of a model hosted elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde::Serialize;

use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::model::evaluate::{Comparison, Estimate, InTheLarge, Metrics};

/// What is evaluated.
#[derive(Debug, ClapArgs)]
pub(crate) struct Options {
    /// CSV with a header. Columns: p, the probability of a win, 0 to 1; y, the outcome: 1, true or won, and 0, false or
    /// lost. Optional: p2, the probabilities of a second model, to compare with; rep, for calibration by rep
    pub(crate) file: PathBuf,
}

/// The rows of the file, by column.
#[derive(Debug, Default, PartialEq)]
struct Scores {
    p: Vec<f64>,
    won: Vec<bool>,
    p2: Option<Vec<f64>>,
    rep: Option<Vec<String>>,
}

/// The result.
#[derive(Debug, Serialize)]
struct Report {
    p: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    p2: Option<Metrics>,
    /// `p` against `p2`; absent without `p2` or without both outcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_rep: Vec<Rep>,
}

#[derive(Debug, Serialize)]
struct Rep {
    rep: String,
    #[serde(flatten)]
    wins: InTheLarge,
}

pub(super) fn run(options: &Options, out: Out) -> CliResult {
    let scores = read(&options.file)?;
    let report = Report::of(&scores);
    out.result(&report, || report.lines());
    Ok(())
}

fn read(path: &Path) -> Result<Scores, CliError> {
    let shown = path.display();
    let unreadable = |e: csv::Error| CliError::Failed(format!("{shown}: {e}"));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let place = |name: &str| headers.iter().position(|h| h.trim_start_matches('\u{feff}') == name);
    let needed = |name: &str| {
        let missing = || {
            CliError::Failed(format!(
                "{shown}: there is no column {name}; needed are p (probability of a win) and y (1 or 0), optional are p2 and rep"
            ))
        };
        place(name).ok_or_else(missing)
    };
    let (p, y) = (needed("p")?, needed("y")?);
    let (p2, rep) = (place("p2"), place("rep"));
    let mut scores = Scores { p2: p2.map(|_| Vec::new()), rep: rep.map(|_| Vec::new()), ..Scores::default() };
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |column: &str, text: &str, wanted: &str| {
            CliError::Failed(format!("{shown}, line {line}: {column} is {text:?}, but must be {wanted}"))
        };
        let probability = |column: &str, at: usize| -> Result<f64, CliError> {
            let text = record.get(at).unwrap_or_default();
            let value = text.parse().ok().filter(|p| (0.0..=1.0).contains(p));
            value.ok_or_else(|| wrong(column, text, "a number from 0 to 1"))
        };
        scores.p.push(probability("p", p)?);
        let text = record.get(y).unwrap_or_default();
        scores.won.push(outcome(text).ok_or_else(|| wrong("y", text, "1, true or won, or 0, false or lost"))?);
        if let (Some(at), Some(column)) = (p2, &mut scores.p2) {
            column.push(probability("p2", at)?);
        }
        if let (Some(at), Some(column)) = (rep, &mut scores.rep) {
            column.push(record.get(at).unwrap_or_default().to_owned());
        }
    }
    if scores.p.is_empty() {
        return Err(CliError::Failed(format!("{shown}: there are no rows below the header")));
    }
    Ok(scores)
}

fn outcome(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" | "won" => Some(true),
        "0" | "0.0" | "false" | "lost" => Some(false),
        _ => None,
    }
}

impl Report {
    fn of(scores: &Scores) -> Self {
        let mut by_rep: BTreeMap<&str, (Vec<f64>, Vec<bool>)> = BTreeMap::new();
        for (i, rep) in scores.rep.iter().flatten().enumerate() {
            let (p, won) = by_rep.entry(rep).or_default();
            p.push(scores.p[i]);
            won.push(scores.won[i]);
        }
        let by_rep = by_rep
            .into_iter()
            .filter_map(|(rep, (p, won))| Some(Rep { rep: rep.to_owned(), wins: InTheLarge::of(&p, &won)? }));
        Self {
            p: Metrics::of(&scores.p, &scores.won),
            p2: scores.p2.as_ref().map(|p2| Metrics::of(p2, &scores.won)),
            comparison: scores.p2.as_ref().and_then(|p2| Comparison::of(&scores.p, p2, &scores.won)),
            by_rep: by_rep.collect(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let both = self.p.wins > 0 && self.p.wins < self.p.deals;
        let mut lines =
            vec![format!("{} deals, {} won, {} lost", self.p.deals, self.p.wins, self.p.deals - self.p.wins)];
        let models: Vec<(&str, &Metrics)> =
            std::iter::once(("p", &self.p)).chain(self.p2.as_ref().map(|m| ("p2", m))).collect();
        let mut header = vec![""];
        header.extend(models.iter().map(|(name, _)| *name));
        let row = |name: &str, of: &dyn Fn(&Metrics) -> String| -> Vec<String> {
            std::iter::once(name.to_owned()).chain(models.iter().map(|(_, m)| of(m))).collect()
        };
        let unknown = || "cannot be told".to_owned();
        lines.extend(table(
            &header,
            &[
                row("AUC (95 %)", &|m| m.auc.map_or_else(unknown, interval)),
                row("log loss", &|m| format!("{:.4}", m.log_loss)),
                row("Brier score", &|m| format!("{:.4}", m.brier)),
                row("ECE, equal width", &|m| format!("{:.4}", m.ece)),
                row("ECE, equal mass", &|m| format!("{:.4}", m.ece_equal_mass)),
                row("Spiegelhalter Z (p)", &|m| {
                    m.spiegelhalter.map_or_else(unknown, |t| format!("{:.2} ({:.3})", t.z, t.p_value))
                }),
                row("wins promised", &|m| m.in_the_large.map_or_else(unknown, |w| format!("{:.1}", w.expected))),
                row("wins likely if right", &|m| {
                    m.in_the_large.map_or_else(unknown, |w| format!("{} to {}", w.limits.0, w.limits.1))
                }),
            ],
        ));
        if let Some(comparison) = self.comparison {
            let e = comparison.auc_difference;
            let p = comparison.p_value.map_or_else(|| "no test is possible".to_owned(), |p| format!("p-value {p:.3}"));
            lines.push(format!("AUC of p less that of p2: {:+.4} ({:+.4} to {:+.4}), {p}", e.value, e.low, e.high));
        }
        if !both {
            lines.push("With one outcome only, nothing can be said about telling good leads from bad.".to_owned());
        }
        let off: Vec<&Rep> = self.by_rep.iter().filter(|rep| !rep.wins.within_limits()).collect();
        if !self.by_rep.is_empty() {
            lines.push(format!(
                "{} of {} reps won more or less often than chance allows if p is right (1 in 20 would by chance)",
                off.len(),
                self.by_rep.len()
            ));
            lines.extend(off.iter().map(|rep| {
                let w = rep.wins;
                format!(
                    "  {}: {} won of {}, promised {:.1} ({} to {})",
                    rep.rep, w.wins, w.deals, w.expected, w.limits.0, w.limits.1
                )
            }));
        }
        lines.iter().flat_map(|line| if line.contains("  ") { vec![line.clone()] } else { wrap(line) }).collect()
    }
}

fn interval(e: Estimate) -> String {
    format!("{:.4} ({:.4} to {:.4})", e.value, e.low, e.high)
}
