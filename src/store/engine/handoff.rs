//! [`HandoffStore`]: what managers hand over, and what that is gathered from.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit};
use crate::app::ports::{
    Acceptance, HandoffStore, NewHandoff, OpenLead, Overruled, RiskTally, StoreError, StoredHandoff,
};
use crate::domain::ids::LeadId;
use crate::domain::verdict::Verdict;
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::sql::handoff as sql;
use crate::store::values::{count, from_json, micros, storable};

#[async_trait]
impl<D: Driver> HandoffStore for SqlStore<D> {
    async fn write_handoff(&self, new: &NewHandoff) -> Result<i64, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let written = query(sql::WRITE)
                .bind(micros(new.at))
                .bind(storable(&new.by))
                .bind(new.note.as_deref().map(storable))
                .bind(storable(&new.facts))
                .one(&mut *tx)
                .await?;
            let id = written.int("id")?;
            let details = json!({ "handoff": id, "note": new.note });
            audit::append(&mut *tx, &audit::event(new.at, &new.by, "handoff.written", details)).await?;
            self.commit(tx).await?;
            Ok(id)
        })
        .await
    }

    async fn accept_handoff(&self, id: i64, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let accept = query(sql::ACCEPT).bind(id).bind(micros(at)).bind(storable(by));
            if accept.execute(&mut *tx).await? == 0 {
                self.rollback(tx).await?;
                return Ok(false);
            }
            let told = audit::event(at, by, "handoff.accepted", json!({ "handoff": id }));
            audit::append(&mut *tx, &told).await?;
            self.commit(tx).await?;
            Ok(true)
        })
        .await
    }

    async fn newest_handoff(&self) -> Result<Option<StoredHandoff>, StoreError> {
        self.ask_optional(query(sql::NEWEST)).await?.map(|row| handoff(&row)).transpose()
    }

    async fn leads_at_risk(
        &self,
        over: DateTime<Utc>,
        ending: DateTime<Utc>,
        limit: u32,
    ) -> Result<(RiskTally, Vec<OpenLead>), StoreError> {
        let tally = self.ask_one(query(sql::AT_RISK_TALLY).bind(micros(over)).bind(micros(ending))).await?;
        let (all, over) = (count(tally.int("at_risk")?)?, count(tally.int("too_late")?)?);
        let rows = self.ask(query(sql::AT_RISK).bind(micros(ending)).bind(i64::from(limit))).await?;
        let leads = rows.iter().map(open_lead).collect::<Result<_, _>>()?;
        Ok((RiskTally { over, ending: all.saturating_sub(over) }, leads))
    }

    async fn snoozed_leads(&self, at: DateTime<Utc>, limit: u32) -> Result<Vec<OpenLead>, StoreError> {
        let rows = self.ask(query(sql::SNOOZED).bind(micros(at)).bind(i64::from(limit))).await?;
        rows.iter().map(open_lead).collect()
    }

    async fn overruled(&self, since: DateTime<Utc>, limit: u32) -> Result<(u64, Vec<Overruled>), StoreError> {
        let all = self.ask_one(query(sql::OVERRULED_TALLY).bind(micros(since))).await?;
        let rows = self.ask(query(sql::OVERRULED).bind(micros(since)).bind(i64::from(limit))).await?;
        let first = rows.iter().map(overruled).collect::<Result<_, _>>()?;
        Ok((count(all.int("overruled")?)?, first))
    }
}

fn handoff(row: &impl Columns) -> Result<StoredHandoff, StoreError> {
    let accepted = match (row.time_opt("accepted_at")?, row.text_opt("accepted_by")?) {
        (Some(at), Some(by)) => Some(Acceptance { at, by }),
        _ => None,
    };
    let written = NewHandoff {
        at: row.time("written_at")?,
        by: row.text("written_by")?,
        note: row.text_opt("note")?,
        facts: row.text("facts")?,
    };
    Ok(StoredHandoff { id: row.int("id")?, written, accepted })
}

fn open_lead(row: &impl Columns) -> Result<OpenLead, StoreError> {
    Ok(OpenLead {
        id: LeadId::new(row.text("id")?),
        company: row.text("company")?,
        lane: row.word_opt("lane")?,
        created_at: row.time("created_at")?,
        snoozed_until: row.time_opt("snoozed_until")?,
        recommended: row.text_opt("recommended")?,
    })
}

fn overruled(row: &impl Columns) -> Result<Overruled, StoreError> {
    let verdict: Verdict = from_json(&row.text("verdict")?, "verdict of a decision")?;
    Ok(Overruled {
        trace_id: row.word("trace_id")?,
        lead_id: LeadId::new(row.text("lead_id")?),
        company: row.text("company")?,
        verdict: verdict.name().to_owned(),
        reason: row.word("rejection_code")?,
        note: row.text_opt("rejection_note")?,
        by: row.text("decided_by_name")?,
        at: row.time("decided_at")?,
        recommended: row.text_opt("recommended")?,
        recommended_p_win: row.real_opt("recommended_p_win")?,
        chosen: row.text("chosen")?,
        chosen_p_win: row.real_opt("chosen_p_win")?,
    })
}
