//! The model file: one JSON text that holds everything scoring needs. An envelope names format and version and carries
//! a checksum of the rest, so that a damaged or newer file is refused by name and never half understood.

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::calibrate::Calibration;
use super::drift::Baseline;
use super::ensemble::Ensemble;
use super::features::{FEATURES_VERSION, FeatureSet};
use super::interval::IntervalModel;
use super::train::Findings;
use super::xgboost::XgbModel;

/// Name of the format.
const FORMAT: &str = "leadboard-model";
/// Version this code writes, and the newest it reads.
pub const ARTIFACT_VERSION: u32 = 2;

/// Why a model file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Something else altogether.
    #[error("this is not a leadboard model: {0}")]
    NotAModel(String),
    /// From the future.
    #[error(
        "this model has {what} version {found}, but this leadboard reads up to {known}: update leadboard, or train the model again"
    )]
    Newer {
        /// Which version number.
        what: &'static str,
        /// In the file.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Right envelope, wrong contents.
    #[error("this model file is damaged ({0}): restore it from a backup, or train the model again")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    format: String,
    version: u32,
    sha256: String,
    model: Box<RawValue>,
}

/// Only what is needed to say what a file is.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Body {
    /// One forest, or several whose probabilities are averaged.
    forests: Vec<XgbModel>,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
    /// Absent in models of versions that did not watch for drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drift: Option<Baseline>,
    /// Models that were made before they were looked for, or elsewhere, have none.
    #[serde(default)]
    findings: Option<Findings>,
}

/// Version 1 had one forest.
#[derive(Deserialize)]
struct BodyOfOne {
    xgboost: XgbModel,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
}

impl From<BodyOfOne> for Body {
    fn from(body: BodyOfOne) -> Self {
        let BodyOfOne { xgboost, calibration, interval, features } = body;
        Self { forests: vec![xgboost], calibration, interval, features, drift: None, findings: None }
    }
}

/// What a model file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) ensemble: Ensemble,
    pub(super) calibration: Calibration,
    pub(super) interval: IntervalModel,
    pub(super) features: FeatureSet,
    pub(super) drift: Option<Baseline>,
    pub(super) findings: Option<Findings>,
}

/// SHA-256, hexadecimal.
pub(super) fn hex(digest: &digest::Digest) -> String {
    digest
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

fn checksum(text: &str) -> String {
    hex(&digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Writes a model file. The same parts give the same bytes.
pub(super) fn write(parts: Parts) -> Result<String, serde_json::Error> {
    let Parts { ensemble, calibration, interval, features, drift, findings } = parts;
    let forests = ensemble.forests().iter().map(XgbModel::from_forest).collect();
    let body = Body { forests, calibration, interval, features, drift, findings };
    let model = serde_json::value::to_raw_value(&body)?;
    let envelope = Envelope { format: FORMAT.into(), version: ARTIFACT_VERSION, sha256: checksum(model.get()), model };
    serde_json::to_string(&envelope)
}

/// Reads a model file.
pub(super) fn read(text: &str) -> Result<Parts, ModelError> {
    let head: Head = serde_json::from_str(text).map_err(|e| ModelError::NotAModel(e.to_string()))?;
    if head.format != FORMAT {
        return Err(ModelError::NotAModel(format!("its format is {:?}, not {FORMAT:?}", head.format)));
    }
    if head.version > ARTIFACT_VERSION {
        return Err(ModelError::Newer { what: "format", found: head.version, known: ARTIFACT_VERSION });
    }
    let damaged = |e: serde_json::Error| ModelError::Damaged(e.to_string());
    let envelope: Envelope = serde_json::from_str(text).map_err(damaged)?;
    if checksum(envelope.model.get()) != envelope.sha256 {
        return Err(ModelError::Damaged("its checksum is wrong".into()));
    }
    let body = match envelope.version {
        1 => serde_json::from_str::<BodyOfOne>(envelope.model.get()).map(Body::from),
        _ => serde_json::from_str(envelope.model.get()),
    };
    let Body { forests, calibration, interval, mut features, drift, findings } = body.map_err(damaged)?;
    if features.spec.version > FEATURES_VERSION {
        return Err(ModelError::Newer { what: "features", found: features.spec.version, known: FEATURES_VERSION });
    }
    let forests: Result<Vec<_>, _> = forests.into_iter().map(XgbModel::into_forest).collect();
    let ensemble = Ensemble::new(forests.map_err(|e| ModelError::Damaged(e.to_string()))?);
    let Some(ensemble) = ensemble else { return Err(ModelError::Damaged("its forests do not fit together".into())) };
    let sound = ensemble.features() == features.spec.columns.len()
        && features.spec.is_sound()
        && features.state.attach(&features.spec)
        && calibration.is_sound()
        && interval.is_sound()
        && drift.as_ref().is_none_or(Baseline::is_sound)
        && findings.as_ref().is_none_or(Findings::is_sound);
    if !sound {
        return Err(ModelError::Damaged("its parts do not fit together".into()));
    }
    Ok(Parts { ensemble, calibration, interval, features, drift, findings })
}
