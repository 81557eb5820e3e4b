//! `leadboard model export`, `import` and `rollback`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::json;

use super::super::args::{Export, ExportFormat, ImportModel};
use super::super::history::from_history;
use super::super::out::{Out, wrap};
use super::super::{CliError, CliResult};
use super::{describe, named_or_champion, options, refusal, shown_on, until_stopped};
use crate::app::exchange::{self, Import, NamedFile};
use crate::app::ports::Store;
use crate::bootstrap::Context;
use crate::history::AtomicFile;
use crate::model::Clearance;
use crate::model::card::ImportedFrom;
use crate::model::exchange::{LabelledRows, Sidecar};
use crate::model::xgboost::{self, Format, Keep};

const ARCHIVE: &str = ".tar.gz";
/// Endings that the name of a sidecar does without.
const ENDINGS: [&str; 5] = [ARCHIVE, ".json", ".ubj", ".csv", ".model"];

pub(super) async fn export(store: &dyn Store, options: Export, out: Out) -> CliResult {
    let Export { id, format, out: to, holdout } = options;
    let format = match format {
        ExportFormat::Matrix if id.is_some() => {
            return Err(CliError::Usage(
                "--format matrix writes the stored history, not a model: leave the id out".into(),
            ));
        }
        ExportFormat::Matrix => return export_matrix(store, &to, holdout.as_deref(), out).await,
        _ if holdout.is_some() => return Err(CliError::Usage("--holdout goes with --format matrix".into())),
        ExportFormat::Xgboost => Format::Json,
        ExportFormat::Ubjson => Format::Ubjson,
    };
    let id = named_or_champion(store, id).await?;
    let (mut forests, sidecar) = exchange::export(store, &id, format).await?;
    let count = forests.len();
    let model = if to.to_string_lossy().ends_with(ARCHIVE) {
        xgboost::pack(&forests).map_err(CliError::failed)?
    } else if count == 1 {
        forests.remove(0)
    } else {
        return Err(CliError::Usage(format!(
            "model {id} averages {count} forests, which XGBoost cannot hold in one file: give --out a name that ends in {ARCHIVE}"
        )));
    };
    let mut file = AtomicFile::create(&to).map_err(from_history)?;
    let written = file.write_all(&model);
    file.checked(written).map_err(from_history)?;
    let beside = write_sidecar(&sidecar, &to)?;
    file.commit().map_err(from_history)?;
    let result = json!({
        "id": id, "out": to, "features": beside, "forests": count, "columns": sidecar.features().spec.columns.len(),
    });
    out.result(&result, || {
        let columns = sidecar.features().spec.columns.len();
        let lines = [
            format!("{id} is in {}: {format}, {columns} columns.", to.display()),
            format!("What the columns are, and the calibration, is in {}.", beside.display()),
        ];
        lines.iter().flat_map(|line| wrap(line)).collect()
    });
    Ok(())
}

async fn export_matrix(store: &dyn Store, to: &Path, holdout: Option<&Path>, out: Out) -> CliResult {
    let rows = exchange::training_rows(store, holdout.is_some()).await?;
    let mut files = vec![write_rows(&rows.train, to)?];
    if let (Some(rows), Some(to)) = (&rows.holdout, holdout) {
        files.push(write_rows(rows, to)?);
    }
    let columns = rows.features.spec.columns.len();
    let beside = write_sidecar(&Sidecar::new(rows.features, None), to)?;
    for file in files {
        file.commit().map_err(from_history)?;
    }
    let held_out = rows.holdout.as_ref().map(|rows| rows.won.len());
    let result = json!({
        "out": to, "features": beside, "columns": columns, "rows": rows.train.won.len(), "holdout": holdout,
        "holdout_rows": held_out, "until": rows.until,
    });
    out.result(&result, || {
        let mut lines = vec![
            format!("{} rows of {columns} columns, after the label, are in {}.", rows.train.won.len(), to.display()),
            format!("What the columns are is in {}.", beside.display()),
        ];
        if let (Some(file), Some(until), Some(held_out)) = (holdout, rows.until, held_out) {
            let until = until.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            lines.push(format!(
                "The newest {held_out} rows are in {}. Import what you train without them with --trained-until {until}",
                file.display()
            ));
        }
        lines.iter().flat_map(|line| wrap(line)).collect()
    });
    Ok(())
}

/// Rows in a file that is not in its place yet.
fn write_rows(rows: &LabelledRows, to: &Path) -> Result<AtomicFile, CliError> {
    let mut file = AtomicFile::create(to).map_err(from_history)?;
    let written = rows.write_csv(&mut file);
    file.checked(written).map_err(from_history)?;
    Ok(file)
}

/// Puts the sidecar in its place; before the file it goes with, so that there is never one without.
fn write_sidecar(sidecar: &Sidecar, of: &Path) -> Result<PathBuf, CliError> {
    let name = of.file_name().unwrap_or_default().to_string_lossy();
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).filter(|stem| !stem.is_empty());
    let path = of.with_file_name(format!("{}.leadboard.json", stem.unwrap_or(&name)));
    let text = sidecar.write().map_err(CliError::failed)?;
    let mut file = AtomicFile::create(&path).map_err(from_history)?;
    let written = file.write_all(text.as_bytes());
    file.checked(written).map_err(from_history)?;
    file.commit().map_err(from_history)?;
    Ok(path)
}

pub(super) async fn import(store: &dyn Store, from: ImportModel, context: &Context, out: Out) -> CliResult {
    let ImportModel { files, features, trained_until, all_rounds } = from;
    let import = Import {
        files: files.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
        sidecar: read(&features)?,
        trained_until,
        keep: keep(all_rounds),
    };
    let bar = out.progress("judging", 1_000);
    let cancel = Arc::new(AtomicBool::new(false));
    let judging = exchange::import(store, context.clock.as_ref(), import, options(), shown_on(&bar), cancel.clone());
    let judged = until_stopped(judging, &cancel).await;
    bar.finish_and_clear();
    let (id, card) = judged?;
    let refused = card.clearance == Clearance::Refused;
    out.result(&json!({"id": id, "card": card}), || {
        let mut lines = describe(&id, &card);
        lines.push(if refused {
            "It is kept for comparison, and cannot be promoted.".to_owned()
        } else {
            format!("Next: leadboard model promote {id}")
        });
        lines
    });
    if refused { Err(refusal(&id)) } else { Ok(()) }
}

pub(super) fn keep(all_rounds: bool) -> Keep {
    if all_rounds { Keep::AllRounds } else { Keep::BestRound }
}

/// Reads a file that is not larger than any model.
pub(super) fn read(path: &Path) -> Result<NamedFile, CliError> {
    let failed = |e: std::io::Error| CliError::Failed(format!("cannot read {}: {e}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(xgboost::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > xgboost::MAX_BYTES {
        return Err(CliError::Failed(format!("{}: {}", path.display(), xgboost::XgboostError::TooLarge)));
    }
    Ok(NamedFile { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes })
}

/// Where an imported model comes from, for its card.
pub(in crate::cli) fn source(imported: &ImportedFrom) -> Vec<String> {
    let mut lines: Vec<String> = imported
        .files
        .iter()
        .map(|file| {
            let origin = &file.origin;
            let rounds = if origin.rounds_kept < origin.rounds {
                format!(
                    "the first {} of {} rounds, up to the one the file names as best (--all-rounds keeps all)",
                    origin.rounds_kept, origin.rounds
                )
            } else {
                format!("{} rounds", origin.rounds)
            };
            format!(
                "imported from {}: XGBoost {}, {}, {}, {rounds}",
                file.name, origin.version, origin.objective, origin.booster
            )
        })
        .collect();
    if imported.files.len() > 1 {
        lines.push(format!("the probabilities of these {} are averaged", imported.files.len()));
    }
    if let Some(until) = imported.trained_until {
        lines.push(format!(
            "trained with data until {}; {} stored deals are later, {}",
            until.format("%Y-%m-%d %H:%M UTC"),
            imported.later_deals,
            if imported.unseen_deals > 0 { "and it is judged on those alone" } else { "too few to judge it by" }
        ));
    }
    lines
}

pub(super) async fn rollback(store: &dyn Store, context: &Context, out: Out) -> CliResult {
    let (id, card, instead_of) = exchange::rollback(store, context.clock.as_ref(), &context.manager()).await?;
    out.result(&json!({"id": id, "instead_of": instead_of, "verdict": card.verdict}), || {
        let mut lines = wrap(&card.verdict);
        lines.push(format!("{id} ranks again, instead of {instead_of}."));
        lines
    });
    Ok(())
}
