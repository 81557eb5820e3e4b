//! [`SavedViewStore`]: views of the queue that managers keep.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Driver, RowOf, SqlStore};
use crate::app::ports::{SavedView, SavedViewStore, StoreError};
use crate::store::query::{Query, query};
use crate::store::rows::Columns;
use crate::store::sql::saved_views as sql;
use crate::store::values::{micros, storable};

fn id(manager: &str, key: u8) -> String {
    storable(&format!("{manager} F{key}"))
}

#[async_trait]
impl<D: Driver> SavedViewStore for SqlStore<D> {
    async fn saved_views(&self) -> Result<Vec<SavedView>, StoreError> {
        let one = |row: &RowOf<D>| {
            Ok(SavedView {
                manager: row.text("manager")?,
                key: u8::try_from(row.int("key")?).map_err(|_| StoreError::Corrupt("the key of a view".to_owned()))?,
                name: row.text("name")?,
                filter: row.word("filter")?,
                lane: row.word_opt("lane")?,
            })
        };
        self.ask(query(sql::ALL_VIEWS)).await?.iter().map(one).collect()
    }

    async fn save_view(&self, view: &SavedView, at: DateTime<Utc>) -> Result<(), StoreError> {
        let save = query(sql::SAVE)
            .bind(id(&view.manager, view.key))
            .bind(storable(&view.manager))
            .bind(i64::from(view.key))
            .bind(storable(&view.name))
            .bind(storable(&view.filter.to_string()))
            .bind(view.lane.map(|lane| lane.to_string()))
            .bind(micros(at));
        change(self, save).await.map(|_| ())
    }

    async fn remove_view(&self, manager: &str, key: u8, at: DateTime<Utc>) -> Result<bool, StoreError> {
        change(self, query(sql::REMOVE).bind(id(manager, key)).bind(micros(at))).await
    }
}

/// A statement that is all of its transaction; true if it changed something.
async fn change<D: Driver>(store: &SqlStore<D>, change: Query) -> Result<bool, StoreError> {
    let once = || async {
        let mut tx = store.begin().await?;
        let changed = change.clone().execute(&mut *tx).await? > 0;
        store.commit(tx).await?;
        Ok(changed)
    };
    store.again(once).await
}
