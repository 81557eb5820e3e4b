//! What data scientists and other programs exchange with a stored model: its forests, the feature list that goes with
//! them (the *sidecar*), and the rows that a model is trained on elsewhere.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::artifact::{self, ModelError, Parts};
use super::calibrate::Calibration;
use super::ensemble::Ensemble;
use super::features::{FEATURES_VERSION, FeatureMatrix, FeatureSet};
use super::interval::IntervalModel;
use super::xgboost::Imported;
use crate::domain::ids::ModelId;

/// Name of the sidecar's format.
const FORMAT: &str = "leadboard-features";
/// Version this code writes, and the newest it reads.
const SIDECAR_VERSION: u32 = 1;

/// A stored model taken apart.
#[derive(Debug)]
pub struct Unpacked {
    parts: Parts,
}

impl Unpacked {
    /// Reads a model of the registry.
    ///
    /// # Errors
    /// As [`Model::from_artifact`](super::Model::from_artifact).
    pub fn from_artifact(text: &str) -> Result<Self, ModelError> {
        Ok(Self { parts: artifact::read(text)? })
    }

    /// Its forests.
    pub fn ensemble(&self) -> &Ensemble {
        &self.parts.ensemble
    }

    /// Calibrated probability of a margin.
    pub fn probability(&self, margin: f32) -> f64 {
        self.parts.calibration.probability(margin.into())
    }

    /// The file that goes beside the exported forests.
    pub fn into_sidecar(self, id: ModelId, card: Value) -> Sidecar {
        let Parts { calibration, interval, features, .. } = self.parts;
        Sidecar::new(features, Some(TrainedModel { id, calibration, interval, card }))
    }
}

/// Why a feature list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SidecarError {
    /// Something else.
    #[error(
        "it is not a feature list ({0}): give the .leadboard.json file that `leadboard model export` wrote beside the model or the matrix"
    )]
    NotASidecar(String),
    /// From the future.
    #[error(
        "it was written by a newer leadboard ({what} version {found}, this one reads up to {known}): update leadboard"
    )]
    Newer {
        /// Which version number.
        what: &'static str,
        /// In the file.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It contradicts itself.
    #[error("it is damaged ({0}): export it again")]
    Damaged(String),
}

/// How a model file differs from the feature list it was given with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another number of columns.
    #[error(
        "it reads {found} columns, but the feature list has {listed}, the {} being `{first}`: train it on the matrix that was written with this list, all columns in order",
        if found < listed { "first it lacks" } else { "last" }
    )]
    Count {
        /// In the model.
        found: usize,
        /// In the list.
        listed: usize,
        /// Where they part.
        first: String,
    },
    /// Another column in the same place.
    #[error(
        "its column {number} is `{found}`, but in the feature list it is `{listed}`: train it on the matrix that was written with this list"
    )]
    Name {
        /// From 1.
        number: usize,
        /// In the model.
        found: String,
        /// In the list.
        listed: String,
    },
}

/// All that is needed to make rows for a model, and, for a model of ours, what became of its margins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    format: String,
    version: u32,
    /// Version of leadboard that wrote it.
    leadboard: String,
    /// The declaration, and the statistics as of the end of training.
    features: FeatureSet,
    /// The model that it was written with; none beside a matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<TrainedModel>,
}

/// A model of the registry, less its forests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedModel {
    /// Its id.
    pub id: ModelId,
    /// From margin to probability.
    pub calibration: Calibration,
    /// How wide intervals are.
    pub interval: IntervalModel,
    /// Its card: gates, data with their hash, versions. Not interpreted.
    pub card: Value,
}

impl Sidecar {
    /// A feature list, with the model it belongs to.
    pub fn new(features: FeatureSet, model: Option<TrainedModel>) -> Self {
        let leadboard = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT.into(), version: SIDECAR_VERSION, leadboard, features, model }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`SidecarError`].
    pub fn read(text: &str) -> Result<Self, SidecarError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|e| SidecarError::NotASidecar(e.to_string()))?;
        if head.format != FORMAT {
            return Err(SidecarError::NotASidecar(format!("its format is {:?}", head.format)));
        }
        if head.version > SIDECAR_VERSION {
            return Err(SidecarError::Newer { what: "format", found: head.version, known: SIDECAR_VERSION });
        }
        let mut sidecar: Self = serde_json::from_str(text).map_err(|e| SidecarError::Damaged(e.to_string()))?;
        let FeatureSet { spec, state } = &mut sidecar.features;
        if spec.version > FEATURES_VERSION {
            return Err(SidecarError::Newer { what: "features", found: spec.version, known: FEATURES_VERSION });
        }
        if !spec.is_sound() || !state.attach(spec) {
            return Err(SidecarError::Damaged("its parts do not fit together".into()));
        }
        Ok(sidecar)
    }

    /// As a file.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The features.
    pub fn features(&self) -> &FeatureSet {
        &self.features
    }

    /// Whether a model reads these columns. Their number must be the same, and so must their names where the file has
    /// names.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, model: &Imported) -> Result<(), Mismatch> {
        let columns = &self.features.spec.columns;
        let (found, listed) = (model.forest.features, columns.len());
        for (i, (name, column)) in model.feature_names.iter().zip(columns).enumerate() {
            if *name != column.name {
                return Err(Mismatch::Name { number: i + 1, found: name.clone(), listed: column.name.clone() });
            }
        }
        if found != listed {
            let first = columns.get(found).or(columns.last()).map(|column| column.name.clone()).unwrap_or_default();
            return Err(Mismatch::Count { found, listed, first });
        }
        Ok(())
    }
}

/// Rows with their labels, as a trainer takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledRows {
    /// The features.
    pub matrix: FeatureMatrix,
    /// Whether each deal was won.
    pub won: Vec<bool>,
}

impl LabelledRows {
    /// Writes CSV as XGBoost and Amazon SageMaker read it: the label first, no header, nothing for a missing value, and
    /// each number with all the digits that tell it from its neighbours.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_csv(&self, to: &mut impl Write) -> io::Result<()> {
        for (i, won) in self.won.iter().enumerate() {
            write!(to, "{}", u8::from(*won))?;
            for value in self.matrix.row(i) {
                if value.is_nan() {
                    to.write_all(b",")?;
                } else {
                    write!(to, ",{value:?}")?;
                }
            }
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The stored history as rows to train on elsewhere.
#[derive(Clone, Debug)]
pub struct TrainingRows {
    /// What the columns are.
    pub features: FeatureSet,
    /// To learn from.
    pub train: LabelledRows,
    /// The newest deals, with the statistics as of [`Self::until`], as a model that was trained then would see them.
    pub holdout: Option<LabelledRows>,
    /// When the first deal of the holdout was created: nothing of the rows to learn from was known later.
    pub until: Option<DateTime<Utc>>,
}
