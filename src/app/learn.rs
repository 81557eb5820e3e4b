//! Learning: from stored deals to a registered model, and from the registry to a scorer.

use std::sync::Arc;

use super::AppError;
use super::ports::Store;
use crate::domain::ids::ModelId;
use crate::model::Scorer;

/// A model of the registry, parsed and ready to score.
pub struct LoadedModel {
    /// Its id.
    pub id: ModelId,
    /// The scorer.
    pub scorer: Arc<dyn Scorer>,
}

/// Loads a model from the registry.
pub async fn load(store: &dyn Store, id: &ModelId) -> Result<LoadedModel, AppError> {
    let _artifact = store
        .model_artifact(id)
        .await?
        .ok_or_else(|| AppError::Refused(format!("model {id} has no artifact; train a new one")))?;
    Err(AppError::Refused("no model layer yet".into()))
}
