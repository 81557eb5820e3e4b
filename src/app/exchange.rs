//! Models that go to other programs and come from them, and the way back to the model that ranked before.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};
use ring::digest;

use super::AppError;
use super::learn::{self, Promotion};
use super::ports::{Clock, Store};
use crate::domain::ids::ModelId;
use crate::domain::text::hex;
use crate::model::card::ImportedFile;
use crate::model::ensemble::Ensemble;
use crate::model::exchange::{Sidecar, SidecarError, TrainingRows, Unpacked};
use crate::model::train::{self, Candidate};
use crate::model::xgboost::{self, Format, Imported, Keep, Member};
use crate::model::{Card, Progress, TrainOptions};

/// A file as it was read from disk.
#[derive(Clone, Debug)]
pub struct NamedFile {
    /// Its name, for people.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A model file that was understood.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What it is called, where it was, and its hash.
    pub file: ImportedFile,
    /// What is in it.
    pub model: Imported,
}

/// Reads model files and archives of model files, in the order given.
///
/// # Errors
/// The first that is not a model we can run, by name.
pub fn open(files: Vec<NamedFile>, keep: Keep) -> Result<Vec<Opened>, AppError> {
    let mut opened = Vec::new();
    for NamedFile { name, bytes } in files {
        let refused = |name: &str, why: &dyn std::fmt::Display| AppError::Refused(format!("{name}: {why}"));
        for Member { name: member, bytes } in xgboost::unpack(bytes).map_err(|e| refused(&name, &e))? {
            let name = member.map_or_else(|| name.clone(), |member| format!("{name}/{member}"));
            let model = xgboost::read(&bytes, keep).map_err(|e| refused(&name, &e))?;
            let sha256 = hex(digest::digest(&digest::SHA256, &bytes).as_ref());
            opened.push(Opened { file: ImportedFile { name, sha256, origin: model.origin.clone() }, model });
        }
    }
    Ok(opened)
}

/// The forests of opened files as one model.
///
/// # Errors
/// Files that read different numbers of columns.
pub fn together(opened: Vec<Opened>) -> Result<(Ensemble, Vec<ImportedFile>), AppError> {
    let (forests, files): (Vec<_>, Vec<_>) = opened.into_iter().map(|one| (one.model.forest, one.file)).unzip();
    let first = forests.first().map_or(0, |forest| forest.features);
    if let Some(other) = forests.iter().position(|forest| forest.features != first) {
        return Err(AppError::Refused(format!(
            "{} reads {} columns, but {} reads {first}: only models of the same columns can be averaged",
            files[other].name, forests[other].features, files[0].name
        )));
    }
    let ensemble = Ensemble::new(forests).ok_or_else(|| AppError::Refused("there is no model file".into()))?;
    Ok((ensemble, files))
}

/// A model that was trained elsewhere, to be taken into the registry.
#[derive(Clone, Debug)]
pub struct Import {
    /// Model files and archives; the probabilities of several models are averaged.
    pub files: Vec<NamedFile>,
    /// The feature list.
    pub sidecar: NamedFile,
    /// Deals of leads created before this it may have learned from.
    pub trained_until: Option<DateTime<Utc>>,
    /// Which trees of a model that was stopped early.
    pub keep: Keep,
}

/// Calibrates and judges a model from elsewhere on every stored deal and registers it; promotes nothing, and stores
/// nothing of a model that is refused.
///
/// # Errors
/// A file that is refused, by name; a history that is too small.
pub async fn import(
    store: &dyn Store,
    clock: &dyn Clock,
    import: Import,
    options: TrainOptions,
    mut progress: impl FnMut(Progress) + Send + 'static,
    cancel: Arc<AtomicBool>,
) -> Result<(ModelId, Card), AppError> {
    let deals = store.deals().await?;
    let judged = tokio::task::spawn_blocking(move || {
        let candidate = candidate(import)?;
        train::adopt(candidate, &deals, &options, &mut progress, &cancel).map_err(|e| AppError::Refused(e.to_string()))
    });
    let trained = judged.await.map_err(|e| AppError::Refused(format!("judging did not finish: {e}")))??;
    learn::register(store, clock, trained).await
}

/// Everything that can be refused without looking at a deal.
fn candidate(import: Import) -> Result<Candidate, AppError> {
    let Import { files, sidecar: NamedFile { name, bytes }, trained_until, keep } = import;
    let refused = |why: &dyn std::fmt::Display| AppError::Refused(format!("{name}: {why}"));
    let text = String::from_utf8(bytes).map_err(|_| refused(&SidecarError::NotASidecar("it is not text".into())))?;
    let sidecar = Sidecar::read(&text).map_err(|e| refused(&e))?;
    let opened = open(files, keep)?;
    for one in &opened {
        sidecar.check(&one.model).map_err(|e| AppError::Refused(format!("{}: {e}", one.file.name)))?;
    }
    let (ensemble, files) = together(opened)?;
    Ok(Candidate { ensemble, files, trained_until, spec: sidecar.features().spec.clone() })
}

/// A model of the registry, taken apart.
///
/// # Errors
/// If there is no such model, or it cannot be read.
pub async fn unpack(store: &dyn Store, id: &ModelId) -> Result<Unpacked, AppError> {
    let artifact = learn::artifact(store, id).await?;
    Unpacked::from_artifact(&artifact).map_err(|e| AppError::Refused(format!("model {id}: {e}")))
}

/// A model of the registry as files of XGBoost, one for each forest, and the file that goes beside them.
///
/// # Errors
/// As [`unpack`].
pub async fn export(store: &dyn Store, id: &ModelId, format: Format) -> Result<(Vec<Vec<u8>>, Sidecar), AppError> {
    let models = store.models().await?;
    let model = unpack(store, id).await?;
    let forests = model.ensemble().forests().iter().map(|forest| xgboost::write(forest, format));
    let forests = forests.collect::<Result<Vec<_>, _>>().map_err(|e| AppError::Refused(format!("model {id}: {e}")))?;
    let card = models.into_iter().find(|row| row.id == *id).map(|row| row.card).unwrap_or_default();
    Ok((forests, model.into_sidecar(id.clone(), card)))
}

/// The stored history as rows to train on elsewhere; with `holdout`, the newest fifth apart.
///
/// # Errors
/// A history that is too small.
pub async fn training_rows(store: &dyn Store, holdout: bool) -> Result<TrainingRows, AppError> {
    let deals = store.deals().await?;
    tokio::task::spawn_blocking(move || train::training_rows(&deals, holdout))
        .await
        .map_err(|e| AppError::Refused(format!("making the rows did not finish: {e}")))?
        .map_err(|e| AppError::Refused(e.to_string()))
}

/// Makes the model that ranked before the present one rank again. Doing so twice comes back to the present one.
/// Returns the model that ranks now with its card, and the one that ranked until now.
///
/// # Errors
/// If no other model has ranked, or it cannot be read or promoted any more; then nothing changed.
pub async fn rollback(store: &dyn Store, clock: &dyn Clock, by: &str) -> Result<(ModelId, Card, ModelId), AppError> {
    let models = store.models().await?;
    let Some(present) = models.iter().find(|model| model.champion) else {
        return Err(AppError::Refused("no model ranks yet: leadboard model train --promote".into()));
    };
    let before = models.iter().filter(|model| !model.champion && model.promoted_at.is_some());
    let Some(before) = before.max_by_key(|model| model.promoted_at) else {
        return Err(AppError::Refused(format!(
            "no other model has ranked before {}: leadboard model promote ID makes one rank",
            present.id
        )));
    };
    match learn::promote(store, clock, &before.id, by).await? {
        (Promotion::Promoted, card) => Ok((before.id.clone(), card, present.id.clone())),
        (Promotion::Refused, card) => Err(AppError::Refused(format!("model {}: {}", before.id, card.verdict))),
    }
}
