//! [`HandOverStore`]: leads that one manager asked another to decide.

use async_trait::async_trait;
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, leads};
use crate::app::ports::{HandOver, HandOverStore, HandedLead, StoreError};
use crate::domain::ids::LeadId;
use crate::store::query::{query, texts};
use crate::store::rows::{Columns, hand_over};
use crate::store::session::Session;
use crate::store::sql::hand_overs as sql;
use crate::store::values::{folded, micros, storable};

#[async_trait]
impl<D: Driver> HandOverStore for SqlStore<D> {
    async fn hand_over(&self, leads: &[LeadId], hand_over: &HandOver) -> Result<Vec<LeadId>, StoreError> {
        self.again(|| hand(self, leads, hand_over)).await
    }

    async fn handed_to(&self, manager: &str) -> Result<Vec<HandedLead>, StoreError> {
        let one = |row: &RowOf<D>| {
            Ok(HandedLead {
                lead: LeadId::new(row.text("lead_id")?),
                company: row.text("company")?,
                hand_over: hand_over(row)?,
            })
        };
        self.ask(query(sql::HANDED_TO).bind(storable(manager))).await?.iter().map(one).collect()
    }

    async fn managers(&self) -> Result<Vec<String>, StoreError> {
        texts(&self.ask(query(sql::MANAGERS)).await?, "name")
    }
}

async fn hand<D: Driver>(store: &SqlStore<D>, ids: &[LeadId], hand_over: &HandOver) -> Result<Vec<LeadId>, StoreError> {
    let HandOver { from, to, note, at } = hand_over;
    let mut tx = store.begin().await?;
    // What is decided at this moment is seen as decided.
    leads::lock(&mut *tx, ids).await?;
    let mut handed = Vec::new();
    for lead in ids {
        let hand = query(sql::HAND_OVER)
            .bind(lead.as_str())
            .bind(storable(from))
            .bind(storable(to))
            .bind(format!("\n{}\n", folded(to)))
            .bind(note.as_deref().map(storable))
            .bind(micros(*at));
        if hand.execute(&mut *tx).await? > 0 {
            let told = audit::of_lead(*at, from, "lead.handed_over", lead, json!({ "from": from, "to": to }));
            audit::append(&mut *tx, &told).await?;
            handed.push(lead.clone());
        }
    }
    if handed.is_empty() {
        store.rollback(tx).await?;
    } else {
        store.commit(tx).await?;
    }
    Ok(handed)
}

/// The hand-over of a lead that holds.
pub(super) async fn of_lead(conn: &mut impl Session, lead: &LeadId) -> Result<Option<HandOver>, StoreError> {
    query(sql::OF_LEAD).bind(lead.as_str()).optional(conn).await?.map(|row| hand_over(&row)).transpose()
}
