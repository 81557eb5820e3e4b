//! [`DisagreementStore`]: leads whose recommended owner is not the legacy owner.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Driver, RowOf, SqlStore};
use crate::app::ports::{Differs, DisagreementStore, Looked, StoreError};
use crate::app::views::QueueKey;
use crate::domain::decision::Decision;
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::recommendation::Recommendation;
use crate::domain::verdict::Verdict;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::sql::disagreements as sql;
use crate::store::values;

/// After every trace id there is.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

#[async_trait]
impl<D: Driver> DisagreementStore for SqlStore<D> {
    async fn open_differing(&self, after: Option<&QueueKey>, limit: u32) -> Result<Vec<Looked<QueueKey>>, StoreError> {
        let (order, id) = after.map_or((f64::NEG_INFINITY, ""), |key| (-key.priority, key.id.as_str()));
        let one = |row: &RowOf<D>| {
            let id = LeadId::new(row.text("id")?);
            let differs = differs(row, &id, None)?;
            Ok(Looked { place: QueueKey { priority: -row.real("queue_order")?, id }, differs })
        };
        self.ask(query(sql::OPEN).bind(order).bind(id).bind(i64::from(limit))).await?.iter().map(one).collect()
    }

    async fn decided_differing(
        &self,
        after: Option<TraceId>,
        limit: u32,
    ) -> Result<Vec<Looked<(TraceId, DateTime<Utc>)>>, StoreError> {
        let before = after.map_or_else(|| NEWEST.to_owned(), |trace| trace.to_string());
        let one = |row: &RowOf<D>| {
            // What is not told of has no recommendation here.
            let decision = row.text_opt("recommendation")?.map(|_| rows::decision(row)).transpose()?;
            let decision = decision.filter(|decision| judges(&decision.verdict));
            let differs = match decision {
                Some(decision) => differs(row, &decision.lead_id.clone(), Some(decision))?,
                None => None,
            };
            Ok(Looked { place: (row.word("trace_id")?, row.time("decided_at")?), differs })
        };
        self.ask(query(sql::DECIDED).bind(before).bind(i64::from(limit))).await?.iter().map(one).collect()
    }
}

/// Whether somebody looked at the lead and said so.
const fn judges(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Approve | Verdict::KeepLegacy | Verdict::Override { .. } | Verdict::Reroute { .. } => true,
        Verdict::Snooze { .. } | Verdict::Undo | Verdict::Backfill { .. } => false,
    }
}

fn differs(row: &impl Columns, lead: &LeadId, decision: Option<Decision>) -> Result<Option<Box<Differs>>, StoreError> {
    let Some(recommendation) = row.text_opt("recommendation")? else { return Ok(None) };
    let recommendation: Recommendation = values::from_json(&recommendation, "a recommendation")?;
    let legacy = row.owner("legacy_kind", "legacy_id")?;
    let model = recommendation.route.owner();
    Ok(Some(Box::new(Differs {
        lead: lead.clone(),
        company: row.text("company")?,
        decisions: row.small_count("decisions_made")?,
        legacy_name: row.text_opt("legacy")?.unwrap_or_else(|| legacy.id().to_owned()),
        model_name: row.text_opt("recommended")?.unwrap_or_else(|| model.id().to_owned()),
        legacy,
        recommendation,
        ranking: row.text_opt("ranking")?.map(|text| values::from_json(&text, "a ranking")).transpose()?,
        path: row.text_opt("path")?.map(|text| values::from_json(&text, "a way to a recommendation")).transpose()?,
        decision,
    })))
}
