//! [`BackfillStore`]: leads to be scored again, and how far a run has come.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit};
use crate::app::ports::{BackfillRun, BackfillStore, RunState, RunTally, Selection, StoreError};
use crate::domain::decision::WriteState;
use crate::domain::ids::{LeadId, ModelId};
use crate::domain::lead::{LeadRecord, Owner};
use crate::domain::verdict::Verdict;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::sql::backfill as sql;
use crate::store::values::{self, count, micros, owner_kind, storable};

#[async_trait]
impl<D: Driver> BackfillStore for SqlStore<D> {
    async fn candidates(
        &self,
        selection: &Selection,
        after: Option<&LeadId>,
        limit: u32,
        at: DateTime<Utc>,
    ) -> Result<Vec<LeadRecord>, StoreError> {
        let Selection { decided, lane, owner, since } = selection;
        let found = query(sql::CANDIDATES)
            .bind(after.map_or("", LeadId::as_str))
            .bind(micros(at))
            .bind(i64::from(*decided))
            .bind(lane.map(|lane| lane.to_string()))
            .bind(since.map(micros))
            .bind(owner.as_ref().map(owner_kind))
            .bind(owner.as_ref().map(Owner::id))
            .bind(i64::from(limit));
        self.ask(found).await?.iter().map(rows::lead_record).collect()
    }

    async fn running_backfill(&self) -> Result<Option<BackfillRun>, StoreError> {
        self.ask_optional(query(sql::RUNNING)).await?.as_ref().map(rows::backfill_run).transpose()
    }

    async fn begin_backfill(
        &self,
        selection: &Selection,
        model: &ModelId,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<BackfillRun>, StoreError> {
        self.again(|| begin(self, selection, model, by, at)).await
    }

    async fn note_backfill(&self, id: i64, done_until: &LeadId, tally: &RunTally) -> Result<bool, StoreError> {
        let note = || async {
            let mut tx = self.begin().await?;
            let note = query(sql::NOTE).bind(id).bind(done_until.as_str()).bind(values::json(tally)?);
            let noted = note.execute(&mut *tx).await? > 0;
            self.commit(tx).await?;
            Ok(noted)
        };
        self.again(note).await
    }

    async fn end_backfill(&self, id: i64, state: RunState, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| end(self, id, state, by, at)).await
    }

    async fn backfill_writes(&self, id: i64) -> Result<BTreeMap<WriteState, u64>, StoreError> {
        let found = query(sql::WRITES).bind(values::json(&Verdict::Backfill { run: id })?);
        self.ask(found).await?.iter().map(|row| Ok((row.word("write_state")?, count(row.int("n")?)?))).collect()
    }
}

async fn begin<D: Driver>(
    store: &SqlStore<D>,
    selection: &Selection,
    model: &ModelId,
    by: &str,
    at: DateTime<Utc>,
) -> Result<Option<BackfillRun>, StoreError> {
    let mut tx = store.begin().await?;
    let begin = query(sql::BEGIN)
        .bind(micros(at))
        .bind(storable(by))
        .bind(model.as_str())
        .bind(values::json(selection)?)
        .bind(values::json(&RunTally::default())?);
    if begin.execute(&mut *tx).await? == 0 {
        store.rollback(tx).await?;
        return Ok(None);
    }
    let run = rows::backfill_run(&query(sql::RUNNING).one(&mut *tx).await?)?;
    let details = json!({ "run": run.id, "model": model, "selection": selection });
    audit::append(&mut *tx, &audit::event(at, by, "backfill.begun", details)).await?;
    store.commit(tx).await?;
    Ok(Some(run))
}

async fn end<D: Driver>(
    store: &SqlStore<D>,
    id: i64,
    state: RunState,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let end = query(sql::END).bind(id).bind(state.to_string()).bind(micros(at));
    if end.execute(&mut *tx).await? == 0 {
        store.rollback(tx).await?;
        return Ok(false);
    }
    let what = format!("backfill.{state}");
    audit::append(&mut *tx, &audit::event(at, by, &what, json!({ "run": id }))).await?;
    store.commit(tx).await?;
    Ok(true)
}
