//! Views of the queue that managers keep: a filter under a name and a key.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::app::filter::Filter;
use crate::domain::lane::Lane;

/// Keys that views are kept under: F1 to F8.
pub const VIEW_KEYS: std::ops::RangeInclusive<u8> = 1..=8;

/// A view of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedView {
    /// Whose it is.
    pub manager: String,
    /// The number of its function key, one of [`VIEW_KEYS`]. A manager has one view under it.
    pub key: u8,
    /// What they call it.
    pub name: String,
    /// Which leads it shows.
    pub filter: Filter,
    /// The lane it goes to; `None` where it stays in the lane that is shown.
    pub lane: Option<Lane>,
}

/// Where views are kept: in the store, so that they are there on every machine of a team.
#[async_trait]
pub trait SavedViewStore: Send + Sync {
    /// Everybody's views, by manager and key.
    async fn saved_views(&self) -> Result<Vec<SavedView>, StoreError>;
    /// Keeps a view, in the place of the one that the manager had under this key.
    async fn save_view(&self, view: &SavedView, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Makes a key free again. False if there was nothing under it.
    async fn remove_view(&self, manager: &str, key: u8, at: DateTime<Utc>) -> Result<bool, StoreError>;
}
