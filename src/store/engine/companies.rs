//! [`CompanyStore`]: which companies leads are from, and who has other leads of them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, leads};
use crate::app::ports::{Asked, CompanyStore, EarlierLead, LeadCompany, StoreError, Unlooked};
use crate::domain::ids::LeadId;
use crate::domain::lead::{Form, LeadRecord, LeadState};
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql::{companies as sql, routing};
use crate::store::values::{self, WORKER, micros, storable};

#[async_trait]
impl<D: Driver> CompanyStore for SqlStore<D> {
    async fn unlooked(&self, which: Unlooked, limit: u32) -> Result<Vec<LeadRecord>, StoreError> {
        let limit = i64::from(limit);
        let found = match which {
            Unlooked::Waiting => query(sql::WAITING).bind(limit),
            Unlooked::Stale { before } => query(sql::STALE).bind(limit).bind(micros(before)),
            Unlooked::Settled { since } => query(sql::SETTLED).bind(limit).bind(micros(since)),
        };
        self.ask(found).await?.iter().map(rows::lead_record).collect()
    }

    async fn note_companies(&self, found: &[LeadCompany], at: DateTime<Utc>) -> Result<u64, StoreError> {
        self.again(|| note(self, found, at)).await
    }

    async fn asked_companies(&self, leads: &[LeadId]) -> Result<Vec<(LeadId, Asked)>, StoreError> {
        let one = |row: &RowOf<D>| {
            let accounts = row.text_opt("accounts")?;
            let accounts = accounts.map(|text| values::from_json(&text, "accounts of a lead")).transpose()?;
            Ok((LeadId::new(row.text("lead_id")?), Asked { at: row.time("asked_at")?, accounts }))
        };
        self.ask(query(sql::OF_LEADS).bind(values::json(&leads)?)).await?.iter().map(one).collect()
    }

    async fn earlier_leads(
        &self,
        keys: &[String],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<EarlierLead>, StoreError> {
        let one = |row: &RowOf<D>| {
            let form: Option<Form> =
                row.text_opt("form")?.map(|text| values::from_json(&text, "form of a lead")).transpose()?;
            Ok(EarlierLead {
                id: LeadId::new(row.text("id")?),
                company: row.text("company")?,
                contact: row.text_opt("contact")?,
                form: form.unwrap_or_default(),
                owner: row.owner("owner_kind", "owner_id")?,
                since: row.time("since")?,
            })
        };
        let found = query(sql::EARLIER).bind(values::json(&keys)?).bind(micros(since)).bind(i64::from(limit));
        self.ask(found).await?.iter().map(one).collect()
    }
}

async fn note<D: Driver>(store: &SqlStore<D>, found: &[LeadCompany], at: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    leads::lock(&mut *tx, found.iter().map(|one| &one.lead_id)).await?;
    let (mut noted, mut ranked_again) = (false, 0);
    for one in found {
        let id = one.lead_id.as_str();
        let before = query(sql::BEFORE).bind(id).bind(micros(one.modstamp)).optional(&mut *tx).await?;
        // It says something else by now: what was found is of another company, perhaps.
        let Some(before) = before else { continue };
        noted = true;
        let accounts = one.asked.as_ref().and_then(|asked| asked.accounts.as_ref()).map(values::json).transpose()?;
        let news =
            one.asked.is_some() && (before.int_opt("asked_at")?.is_none() || before.text_opt("accounts")? != accounts);
        let asked_at = one.asked.as_ref().map(|asked| micros(asked.at));
        query(sql::NOTE).bind(id).bind(asked_at).bind(accounts).execute(&mut *tx).await?;
        query(sql::FORGET_KEYS).bind(id).execute(&mut *tx).await?;
        for key in &one.keys {
            query(sql::KEEP_KEY).bind(storable(key)).bind(id).execute(&mut *tx).await?;
        }
        if news
            && before.word::<LeadState>("state")? == LeadState::InLane
            && query(routing::RANK_ANEW).bind(id).execute(&mut *tx).await? > 0
        {
            ranked_again += 1;
            let event = audit::of_lead(at, WORKER, "lead.rank_anew", &one.lead_id, json!({ "why": "company" }));
            audit::append(&mut *tx, &event).await?;
        }
    }
    if noted {
        store.commit(tx).await?;
    } else {
        store.rollback(tx).await?;
    }
    Ok(ranked_again)
}

/// Forgets what was known of the company of a lead that says something else of it by now.
pub(super) async fn forget(conn: &mut impl Session, lead: &LeadId) -> Result<(), StoreError> {
    query(sql::FORGET).bind(lead.as_str()).execute(conn).await.map(drop)
}
