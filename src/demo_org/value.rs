//! What a field holds.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::id::Id;
use super::stamp::Stamp;

/// The value of one field. The short names are those of the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// Nothing.
    #[default]
    #[serde(rename = "null")]
    Null,
    /// A check box.
    #[serde(rename = "b")]
    Bool(bool),
    /// A number without fraction.
    #[serde(rename = "i")]
    Int(i64),
    /// Any other number.
    #[serde(rename = "n")]
    Number(f64),
    /// Text; shared, because a few texts (industries, countries) fill most records.
    #[serde(rename = "s", with = "shared_text")]
    Text(Arc<str>),
    /// A reference to a record, its own id included.
    #[serde(rename = "r")]
    Id(Id),
    /// A day.
    #[serde(rename = "d")]
    Date(NaiveDate),
    /// A moment.
    #[serde(rename = "t")]
    DateTime(Stamp),
}

impl Value {
    /// Text, or nothing when it is empty: Salesforce does not keep empty texts.
    pub(crate) fn text(text: &str) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text.into()) }
    }

    /// A number, or nothing.
    pub(crate) fn number(number: Option<f64>) -> Self {
        number.filter(|n| n.is_finite()).map_or(Self::Null, Self::Number)
    }

    /// Whether it is nothing.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id, if it is one.
    pub(crate) const fn as_id(&self) -> Option<Id> {
        match self {
            Self::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The moment, if it is one.
    pub(crate) const fn as_stamp(&self) -> Option<Stamp> {
        match self {
            Self::DateTime(at) => Some(*at),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(crate) const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// Whether it is a ticked box.
    pub(crate) const fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// As it is written in an answer.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(b) => json!(b),
            Self::Int(n) => json!(n),
            Self::Number(n) => json!(n),
            Self::Text(text) => json!(**text),
            Self::Id(id) => json!(id.as_str()),
            Self::Date(day) => json!(day.format("%Y-%m-%d").to_string()),
            Self::DateTime(at) => json!(at.to_string()),
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<Stamp> for Value {
    fn from(at: Stamp) -> Self {
        Self::DateTime(at)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// `Arc<str>` as plain text, without serde's `rc` feature.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}
