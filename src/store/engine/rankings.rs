//! Rankings stored, and their leads moved into lanes.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Driver, SqlStore, audit, leads};
use crate::app::ports::{RankedLead, StoreError};
use crate::domain::lead::Owner;
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Route;
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, micros, route_parts};

pub(super) async fn save<D: Driver>(store: &SqlStore<D>, ranked: &[RankedLead]) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    leads::lock(&mut *tx, ranked.iter().map(|one| &one.lead_id)).await?;
    let made_from = ranked.iter().filter_map(|one| one.made_from.as_ref());
    let desks: BTreeMap<_, _> =
        made_from.flat_map(|from| [&from.desk, &from.situation]).map(|kept| (&kept.id, &kept.body)).collect();
    for (id, body) in desks {
        query(sql::rankings::KEEP_DESK).bind(id).bind(body).execute(&mut *tx).await?;
    }
    let mut stored = 0;
    for one in ranked {
        stored += u64::from(save_one(&mut *tx, one).await?);
    }
    if stored > 0 {
        store.commit(tx).await?;
    } else {
        store.rollback(tx).await?;
    }
    Ok(stored)
}

/// False if the lead changed since it was ranked: then it stays pending, and is ranked again.
async fn save_one(conn: &mut impl Session, one: &RankedLead) -> Result<bool, StoreError> {
    let id = one.lead_id.as_str();
    let row = query(sql::rankings::RANKABLE).bind(id).bind(micros(one.modstamp)).optional(conn).await?;
    let Some(row) = row else { return Ok(false) };
    let ranking_id = insert(conn, one, &row.owner("legacy_kind", "legacy_id")?).await?;
    let into_lane = query(sql::rankings::INTO_LANE)
        .bind(id)
        .bind(one.lane.to_string())
        .bind(-priority(one))
        .bind(ranking_id)
        .bind(micros(one.at));
    into_lane.execute(conn).await?;
    ranked(conn, one).await?;
    Ok(true)
}

/// A new ranking of a lead that is just being decided on the strength of it. `None` if the lead changed since it was made.
pub(super) async fn renew(conn: &mut impl Session, one: &RankedLead) -> Result<Option<i64>, StoreError> {
    let id = one.lead_id.as_str();
    let row = query(sql::rankings::UNCHANGED).bind(id).bind(micros(one.modstamp)).optional(conn).await?;
    let Some(row) = row else { return Ok(None) };
    if let Some(from) = &one.made_from {
        for kept in [&from.desk, &from.situation] {
            query(sql::rankings::KEEP_DESK).bind(&kept.id).bind(&kept.body).execute(conn).await?;
        }
    }
    let ranking_id = insert(conn, one, &row.owner("legacy_kind", "legacy_id")?).await?;
    let renew = query(sql::rankings::RENEW)
        .bind(id)
        .bind(one.lane.to_string())
        .bind(-priority(one))
        .bind(ranking_id)
        .bind(micros(one.at));
    renew.execute(conn).await?;
    ranked(conn, one).await?;
    Ok(Some(ranking_id))
}

/// Something that is not a number has no place in an order; the end of it is the least harmful one.
const fn priority(one: &RankedLead) -> f64 {
    if one.priority.is_nan() { f64::NEG_INFINITY } else { one.priority }
}

/// The row of a ranking.
async fn insert(conn: &mut impl Session, one: &RankedLead, legacy: &Owner) -> Result<i64, StoreError> {
    let id = one.lead_id.as_str();
    let ranking = one.ranking.as_ref();
    let p_win = |rep| ranking.and_then(|r: &Ranking| r.of(rep)).map(|r| r.p_win);
    let lead_score = ranking.and_then(|r| r.lead_score.as_ref());
    let recommended_p_win = match &one.recommendation.route {
        Route::AssignRep(rep) => p_win(rep),
        Route::Queue(_) | Route::ManagerQueue(_) | Route::DefaultQueue(_) => None,
    };
    let (route_kind, route_id) = route_parts(&one.recommendation.route);
    let stored = query(sql::rankings::INSERT)
        .bind(id)
        .bind(micros(one.modstamp))
        .bind(ranking.map(|r| r.model_id.as_str()))
        .bind(micros(one.at))
        .bind(one.lane.to_string())
        .bind(priority(one))
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
        .bind(&one.rules)
        .bind(one.made_from.as_ref().map(|from| from.situation.id.as_str()))
        .bind(one.path.as_ref().map(values::json).transpose()?);
    stored.one(conn).await?.int("id")
}

/// Notes a ranking in the trail.
async fn ranked(conn: &mut impl Session, one: &RankedLead) -> Result<(), StoreError> {
    let ranking = one.ranking.as_ref();
    let details = json!({
        "lane": one.lane,
        "route": one.recommendation.route,
        "reason": one.recommendation.reason,
        "rules": one.rules,
        "model": ranking.map(|r| &r.model_id),
    });
    audit::append(conn, &audit::of_lead(one.at, WORKER, "lead.ranked", &one.lead_id, details)).await
}
