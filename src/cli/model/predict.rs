//! `leadboard model predict`: a model on rows of its own columns, for comparing it with other programs.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::super::args::Predict;
use super::super::history::from_history;
use super::super::out::Out;
use super::super::{CliError, CliResult};
use super::exchange::{keep, read};
use super::named_or_champion;
use crate::app::exchange;
use crate::app::ports::Store;
use crate::history::AtomicFile;
use crate::model::ensemble::Ensemble;

/// What a model says of one row.
#[derive(Clone, Copy, Debug, Serialize)]
struct Prediction {
    /// Log-odds, as the trees add up.
    margin: f32,
    /// What XGBoost predicts.
    probability: f64,
    /// Calibrated; a model file of XGBoost has no calibration.
    #[serde(skip_serializing_if = "Option::is_none")]
    p_win: Option<f64>,
}

pub(super) async fn run(store: &dyn Store, options: Predict, out: Out) -> CliResult {
    let Predict { id, rows, labelled, file, all_rounds, out: to } = options;
    let (name, predictions) = if file.is_empty() {
        let id = named_or_champion(store, id).await?;
        let model = exchange::unpack(store, &id).await?;
        (id.to_string(), predict(&rows, labelled, model.ensemble(), |margin| Some(model.probability(margin)))?)
    } else {
        let files = file.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        let (ensemble, files) = exchange::together(exchange::open(files, keep(all_rounds))?)?;
        let names: Vec<String> = files.into_iter().map(|file| file.name).collect();
        (names.join(" + "), predict(&rows, labelled, &ensemble, |_| None)?)
    };
    let Some(to) = to else {
        if out.json() {
            out.result(&json!({"model": name, "rows": predictions}), Vec::new);
        } else {
            out.verbatim(&csv(&predictions));
        }
        return Ok(());
    };
    let mut file = AtomicFile::create(&to).map_err(from_history)?;
    let written = file.write_all(csv(&predictions).as_bytes());
    file.checked(written).and_then(|()| file.commit()).map_err(from_history)?;
    out.result(&json!({"model": name, "rows": predictions.len(), "out": to}), || {
        vec![format!("{} rows predicted by {name}: {}", predictions.len(), to.display())]
    });
    Ok(())
}

fn predict(
    rows: &Path,
    labelled: bool,
    model: &Ensemble,
    p_win: impl Fn(f32) -> Option<f64>,
) -> Result<Vec<Prediction>, CliError> {
    let place = rows.display();
    let failed = |e: csv::Error| CliError::Failed(format!("cannot read {place}: {e}"));
    let skipped = usize::from(labelled);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(rows)
        .map_err(failed)?;
    let mut predictions = Vec::new();
    let mut row = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != model.features() + skipped {
            return Err(CliError::Failed(format!(
                "{place}:{line}: the row has {} cells, but the model reads {} columns{}",
                record.len(),
                model.features(),
                if labelled { " after the label" } else { "; a label in front of them needs --labelled" }
            )));
        }
        row.clear();
        for (column, cell) in record.iter().enumerate().skip(skipped) {
            row.push(match cell {
                "" => f32::NAN,
                cell => cell.parse().map_err(|_| {
                    CliError::Failed(format!(
                        "{place}:{line}: {cell:?} in column {} is not a number; the file has no header, and nothing for a missing value",
                        column + 1
                    ))
                })?,
            });
        }
        let margin = model.margin(&row);
        predictions.push(Prediction {
            margin,
            probability: 1.0 / (1.0 + f64::from(-margin).exp()),
            p_win: p_win(margin),
        });
    }
    Ok(predictions)
}

/// With a header, and with all digits.
fn csv(predictions: &[Prediction]) -> String {
    let calibrated = predictions.first().is_some_and(|row| row.p_win.is_some());
    let header = if calibrated { "margin,probability,p_win" } else { "margin,probability" };
    let rows = predictions.iter().map(|row| {
        let p_win = row.p_win.map(|p| format!(",{p:?}")).unwrap_or_default();
        format!("{:?},{:?}{p_win}", row.margin, row.probability)
    });
    std::iter::once(header.to_owned()).chain(rows).map(|line| line + "\n").collect()
}
