//! XGBoost model files.
//!
//! Read in every format that XGBoost 1.x to 3.x wrote (JSON, UBJSON, and the binary `binf` that ended with 3.1), told
//! apart by their content and never by their name, into one [`document`] and from there into a [`Forest`] whose margins
//! are XGBoost's. Written as JSON or UBJSON so that every version from 1.7 on reads the same margins.
//!
//! Everything here treats a file as hostile: sizes are checked before memory is taken, depth is bounded, and whatever
//! does not fit is refused with the cure, never guessed.

mod archive;
mod binf;
mod document;
mod json;
mod plant;
mod sniff;
#[cfg(test)]
mod tests;
mod ubjson;
mod ubjson_writer;

use serde::{Deserialize, Serialize};

pub use archive::{MEMBER, Member, pack, unpack};
use document::Head;
pub(super) use document::XgbModel;

use super::forest::Forest;

/// Largest model file, and largest unpacked archive, that is read.
pub const MAX_BYTES: u64 = 256 << 20;

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XgboostError {
    /// It is something else.
    #[error("it is {what}, not an XGBoost model: {cure}")]
    Foreign {
        /// What it is.
        what: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// It is an XGBoost model of a kind that has no place here.
    #[error("{what}: {cure}")]
    Unsupported {
        /// What it is.
        what: String,
        /// What to do.
        cure: &'static str,
    },
    /// It contradicts itself or ends early.
    #[error("this XGBoost model is damaged ({0}): copy it again, or have it saved again with save_model")]
    Damaged(String),
    /// It is larger than anything sensible.
    #[error("it is larger than {} MB: train with fewer or shallower trees", MAX_BYTES >> 20)]
    TooLarge,
}

/// How a model is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// XGBoost's JSON schema.
    #[strum(serialize = "JSON")]
    Json,
    /// The same schema as UBJSON (ubjson.org, draft 12), XGBoost's default since 2.1.
    #[strum(serialize = "UBJSON")]
    Ubjson,
    /// The binary format of XGBoost before 3.1.
    #[strum(serialize = "the old binary format")]
    Binary,
}

/// Which trees of a model that was stopped early are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Up to the round that the file names as best, as XGBoost's scikit-learn interface and SageMaker's 1.7 container
    /// predict; all, if it names none.
    #[default]
    BestRound,
    /// All, as `Booster.predict` does.
    AllRounds,
}

/// What a model file says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// How it was written.
    pub format: Format,
    /// Version of XGBoost that wrote it; the binary format does not tell the last number.
    pub version: String,
    /// `binary:logistic` or `reg:logistic`.
    pub objective: String,
    /// `gbtree` or `dart`.
    pub booster: String,
    /// Rounds of boosting in the file.
    pub rounds: u32,
    /// Of those, kept; see [`Keep`].
    pub rounds_kept: u32,
}

/// A model file, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The trees. Dropped-out trees of `dart` carry their weight in their leaves.
    pub forest: Forest,
    /// Names of the columns, if the file has them.
    pub feature_names: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Reads one model file.
///
/// # Errors
/// Anything but a binary classifier of one forest is refused by name, with the cure.
pub fn read(bytes: &[u8], keep: Keep) -> Result<Imported, XgboostError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(XgboostError::TooLarge);
    }
    let format = sniff::format(bytes)?;
    let model = match format {
        Format::Binary => binf::read(bytes)?,
        Format::Json => {
            let text = json::with_null_for_nan(bytes);
            let damaged = |e: serde_json::Error| XgboostError::Damaged(e.to_string());
            serde_json::from_slice::<Head>(&text).map_err(damaged)?.check()?;
            serde_json::from_slice::<XgbModel>(&text).map_err(damaged)?
        }
        Format::Ubjson => {
            ubjson::from_slice::<Head>(bytes)?.check()?;
            ubjson::from_slice::<XgbModel>(bytes)?
        }
    };
    model.into_imported(format, keep)
}

/// Writes a forest as a model file that XGBoost 1.7 to 3.x read.
///
/// # Errors
/// If a value cannot be written as JSON.
pub fn write(forest: &Forest, format: Format) -> Result<Vec<u8>, XgboostError> {
    let model = XgbModel::from_forest(forest);
    match format {
        Format::Json => serde_json::to_vec(&model).map_err(|e| XgboostError::Damaged(e.to_string())),
        Format::Ubjson => Ok(ubjson_writer::write(&model)),
        Format::Binary => Err(XgboostError::Unsupported {
            what: "the old binary format is only read".into(),
            cure: "write JSON or UBJSON, which XGBoost 1.7 reads too",
        }),
    }
}
