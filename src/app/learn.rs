//! Learning: from stored deals to a registered model, and from the registry to a scorer.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ring::digest;
use serde::Deserialize;

use super::AppError;
use super::ports::{Clock, ModelRow, Store};
use crate::domain::ids::ModelId;
use crate::domain::text::hex;
use crate::model::drift::Baseline;
use crate::model::{self, Card, Clearance, Model, Progress, Scorer, TrainOptions, Trained};

/// A model of the registry, parsed and ready to score.
pub struct LoadedModel {
    /// Its id.
    pub id: ModelId,
    /// The scorer.
    pub scorer: Arc<dyn Scorer>,
    /// What its gates let it do.
    pub clearance: Clearance,
    /// What it learned from, to compare today's leads with; `None` if the model does not say.
    pub baseline: Option<Arc<Baseline>>,
}

/// Loads a model from the registry.
pub async fn load(store: &dyn Store, id: &ModelId) -> Result<LoadedModel, AppError> {
    let artifact = artifact(store, id).await?;
    let model = Model::from_artifact(&artifact).map_err(|e| AppError::Refused(format!("model {id}: {e}")))?;
    let clearance = clearance(store, id).await?;
    let baseline = model.drift_baseline().cloned().map(Arc::new);
    Ok(LoadedModel { id: id.clone(), scorer: Arc::new(model), clearance, baseline })
}

/// A model file of the registry.
pub(super) async fn artifact(store: &dyn Store, id: &ModelId) -> Result<String, AppError> {
    let found = store.model_artifact(id).await?;
    found.ok_or_else(|| AppError::Refused(format!("there is no model {id}; `leadboard model list` shows them")))
}

/// What a model may do, by its card. A card that does not say so clears nothing.
async fn clearance(store: &dyn Store, id: &ModelId) -> Result<Clearance, AppError> {
    let row = store.models().await?.into_iter().find(|row| &row.id == id);
    let said = row.and_then(|row| Clearance::deserialize(row.card.get("clearance")?).ok());
    Ok(said.unwrap_or(Clearance::ScoresLeads))
}

/// Trains on every stored deal and registers the model; promotes nothing. Runs for seconds to minutes on its own thread.
///
/// The same deals give the same model, so training twice registers one model.
pub async fn train(
    store: &dyn Store,
    clock: &dyn Clock,
    options: TrainOptions,
    mut progress: impl FnMut(Progress) + Send + 'static,
    cancel: Arc<AtomicBool>,
) -> Result<(ModelId, Card), AppError> {
    let deals = store.deals().await?;
    let trained = tokio::task::spawn_blocking(move || model::train(&deals, &options, &mut progress, &cancel))
        .await
        .map_err(|e| AppError::Refused(format!("training did not finish: {e}")))?
        .map_err(|e| AppError::Refused(e.to_string()))?;
    register(store, clock, trained).await
}

/// Adds a model to the registry, unless it is there. A model from elsewhere is another one when other things are said
/// about where it comes from, because its card is another one then.
pub(super) async fn register(
    store: &dyn Store,
    clock: &dyn Clock,
    trained: Trained,
) -> Result<(ModelId, Card), AppError> {
    let now = clock.now();
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(trained.artifact.as_bytes());
    if let Some(imported) = &trained.card.imported {
        hash.update(&serde_json::to_vec(imported).map_err(|e| AppError::Refused(e.to_string()))?);
    }
    let hash = hex(&hash.finish().as_ref()[..4]);
    let known = store.models().await?.into_iter().find(|m| m.id.as_str().ends_with(&hash));
    if let Some(known) = known {
        return Ok((known.id, trained.card));
    }
    let id = ModelId::new(format!("m-{}-{hash}", now.format("%Y%m%d")));
    let card = serde_json::to_value(&trained.card).map_err(|e| AppError::Refused(e.to_string()))?;
    let row = ModelRow { id: id.clone(), created_at: now, champion: false, promoted_at: None, card };
    store.save_model(&row, &trained.artifact).await?;
    Ok((id, trained.card))
}

/// What came of asking for a promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// It ranks now.
    Promoted,
    /// Its gates refuse it; nothing changed.
    Refused,
}

/// Makes a model the one that ranks, if its gates allow (rule M5: a model that fails G1 is never promoted).
pub async fn promote(
    store: &dyn Store,
    clock: &dyn Clock,
    id: &ModelId,
    by: &str,
) -> Result<(Promotion, Card), AppError> {
    let card = card(store, id).await?;
    if card.clearance == Clearance::Refused {
        return Ok((Promotion::Refused, card));
    }
    // A model that cannot be read must not take the place of one that can.
    load(store, id).await?;
    store.promote(id, by, clock.now()).await?;
    Ok((Promotion::Promoted, card))
}

/// The card of a model.
pub async fn card(store: &dyn Store, id: &ModelId) -> Result<Card, AppError> {
    let row = store
        .models()
        .await?
        .into_iter()
        .find(|m| &m.id == id)
        .ok_or_else(|| AppError::Refused(format!("there is no model {id}; `leadboard model list` shows them")))?;
    serde_json::from_value(row.card)
        .map_err(|e| AppError::Refused(format!("the card of model {id} cannot be read ({e}); train the model again")))
}
