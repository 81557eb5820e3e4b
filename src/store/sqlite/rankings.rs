//! Rankings stored, and their leads moved into lanes.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::SqliteConnection;

use super::errors::database;
use super::{SqliteStore, audit, execute};
use crate::app::ports::{RankedLead, StoreError};
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Route;
use crate::store::rows::Columns;
use crate::store::sql;
use crate::store::values::{self, WORKER, micros, route_parts};

pub(super) async fn save(store: &SqliteStore, ranked: Vec<RankedLead>) -> Result<u64, StoreError> {
    if ranked.is_empty() {
        return Ok(0);
    }
    let mut tx = store.begin().await?;
    let mut stored = 0;
    let desks: BTreeMap<_, _> =
        ranked.iter().filter_map(|one| one.made_from.as_ref()).map(|from| (&from.desk.id, &from.desk.body)).collect();
    for (id, body) in desks {
        execute(&mut tx, sqlx::query(sql::rankings::KEEP_DESK).bind(id).bind(body)).await?;
    }
    for one in &ranked {
        stored += u64::from(save_one(&mut tx, one).await?);
    }
    if stored > 0 {
        store.commit(tx).await?;
    } else {
        tx.rollback().await.map_err(database)?;
    }
    Ok(stored)
}

/// False if the lead changed since it was ranked: then it stays pending, and is ranked again.
async fn save_one(conn: &mut SqliteConnection, one: &RankedLead) -> Result<bool, StoreError> {
    let id = one.lead_id.as_str();
    let row = sqlx::query(sql::rankings::RANKABLE)
        .bind(id)
        .bind(micros(one.modstamp))
        .fetch_optional(&mut *conn)
        .await
        .map_err(database)?;
    let Some(row) = row else { return Ok(false) };
    let legacy = row.owner("legacy_kind", "legacy_id")?;
    let ranking = one.ranking.as_ref();
    let p_win = |rep| ranking.and_then(|r: &Ranking| r.of(rep)).map(|r| r.p_win);
    let lead_score = ranking.and_then(|r| r.lead_score.as_ref());
    let recommended_p_win = match &one.recommendation.route {
        Route::AssignRep(rep) => p_win(rep),
        Route::ManagerQueue(_) | Route::DefaultQueue(_) => None,
    };
    let (route_kind, route_id) = route_parts(&one.recommendation.route);
    // Something that is not a number has no place in an order; the end of it is the least harmful one.
    let priority = if one.priority.is_nan() { f64::NEG_INFINITY } else { one.priority };
    let ranking_id: i64 = sqlx::query_scalar(sql::rankings::INSERT)
        .bind(id)
        .bind(micros(one.modstamp))
        .bind(ranking.map(|r| r.model_id.as_str()))
        .bind(micros(one.at))
        .bind(one.lane.to_string())
        .bind(priority)
        .bind(route_kind)
        .bind(route_id)
        .bind(one.recommendation.reason.to_string())
        .bind(recommended_p_win)
        .bind(legacy.rep().and_then(p_win))
        .bind(values::json(&one.recommendation)?)
        .bind(ranking.map(values::json).transpose()?)
        .bind(lead_score.map(|s| i64::from(s.score)))
        .bind(lead_score.map(|s| s.tier.to_string()))
        .bind(one.made_from.as_ref().map(|from| from.facts.as_str()))
        .bind(one.made_from.as_ref().map(|from| from.desk.id.as_str()))
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
    let into_lane = sqlx::query(sql::rankings::INTO_LANE)
        .bind(id)
        .bind(one.lane.to_string())
        .bind(-priority)
        .bind(ranking_id)
        .bind(micros(one.at));
    execute(conn, into_lane).await?;
    let details = json!({
        "lane": one.lane,
        "route": one.recommendation.route,
        "reason": one.recommendation.reason,
        "model": ranking.map(|r| &r.model_id),
    });
    audit::append(conn, &audit::of_lead(one.at, WORKER, "lead.ranked", &one.lead_id, details)).await?;
    Ok(true)
}
