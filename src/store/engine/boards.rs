//! [`BoardStore`]: what the screens about reps, first contacts, scopes and verdicts count.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Driver, RowOf, SqlStore};
use crate::app::ports::{
    BoardStore, ContactList, ContactRow, ContactTally, FoundLead, RepDeals, SEARCHED, Scope, ScopeTally, StoreError,
    VerdictTally,
};
use crate::domain::contact::ContactOutcome;
use crate::domain::ids::{LeadId, RepId, RepKey};
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::sql::boards as sql;
use crate::store::values::{count, folded, micros};

#[async_trait]
impl<D: Driver> BoardStore for SqlStore<D> {
    async fn newest_situation(&self) -> Result<Option<(DateTime<Utc>, String)>, StoreError> {
        let row = self.ask_optional(query(sql::NEWEST_SITUATION)).await?;
        row.map(|row| Ok((row.time("ranked_at")?, row.text("body")?))).transpose()
    }

    async fn open_leads(&self, since: DateTime<Utc>) -> Result<Vec<(RepId, u64)>, StoreError> {
        let one = |row: &RowOf<D>| Ok((RepId::new(row.text("rep")?), count(row.int("leads")?)?));
        self.ask(query(sql::OPEN_LEADS).bind(micros(since))).await?.iter().map(one).collect()
    }

    async fn deals_closed(&self, since: DateTime<Utc>) -> Result<Vec<RepDeals>, StoreError> {
        let one = |row: &RowOf<D>| {
            let (won, lost) = (count(row.int("won")?)?, count(row.int("lost")?)?);
            Ok(RepDeals { rep: RepKey::new(row.text("rep_key")?), won, lost })
        };
        self.ask(query(sql::DEALS_CLOSED).bind(micros(since))).await?.iter().map(one).collect()
    }

    async fn contact_tallies(
        &self,
        since: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<(RepId, ContactTally)>, StoreError> {
        let mut tallies: BTreeMap<RepId, ContactTally> = BTreeMap::new();
        for row in &self.ask(query(sql::CONTACTS_OWED).bind(micros(at))).await? {
            let tally = tallies.entry(RepId::new(row.text("rep_id")?)).or_default();
            (tally.owed, tally.overdue) = (count(row.int("owed")?)?, count(row.int("overdue")?)?);
        }
        for row in &self.ask(query(sql::CONTACTS_SETTLED).bind(micros(since))).await? {
            let tally = tallies.entry(RepId::new(row.text("rep_id")?)).or_default();
            let contacts = count(row.int("contacts")?)?;
            match row.word("outcome")? {
                ContactOutcome::InTime => tally.in_time = contacts,
                ContactOutcome::Late => tally.late = contacts,
                ContactOutcome::Missed => {
                    tally.missed = contacts;
                    tally.reassigned = count(row.int("reassigned")?)?;
                }
                ContactOutcome::Moot => tally.lapsed = contacts,
            }
        }
        // Nobody looks before they are due, and it shows already that nobody will ask for them.
        for row in &self.ask(query(sql::CONTACTS_LAPSING)).await? {
            let tally = tallies.entry(RepId::new(row.text("rep_id")?)).or_default();
            tally.lapsed += count(row.int("contacts")?)?;
        }
        Ok(tallies.into_iter().collect())
    }

    async fn contact_list(
        &self,
        list: ContactList,
        rep: Option<&RepId>,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<ContactRow>, StoreError> {
        let of = |statement| query(statement).bind(rep.map_or("", RepId::as_str)).bind(i64::from(limit));
        let asked = match list {
            ContactList::Due => of(sql::CONTACTS_DUE),
            ContactList::Breached => of(sql::CONTACTS_BREACHED).bind(micros(since)),
            ContactList::Made => of(sql::CONTACTS_MADE).bind(micros(since)),
            ContactList::Lapsed => of(sql::CONTACTS_LAPSED).bind(micros(since)),
        };
        self.ask(asked).await?.iter().map(|row| contact_row(row, list)).collect()
    }

    async fn scope_tallies(&self, by: Scope, since: DateTime<Utc>, limit: u32) -> Result<Vec<ScopeTally>, StoreError> {
        let statement = match by {
            Scope::Source => sql::BY_SOURCE,
            Scope::Territory => sql::BY_TERRITORY,
            Scope::LegacyOwner => sql::BY_LEGACY,
            Scope::Recommended => sql::BY_RECOMMENDED,
        };
        let one = |row: &RowOf<D>| {
            Ok(ScopeTally {
                name: row.text("name")?,
                leads: count(row.int("leads")?)?,
                compared: count(row.int("compared")?)?,
                agree: count(row.int("agree")?)?,
                decided: count(row.int("decided")?)?,
                approved: count(row.int("approved")?)?,
            })
        };
        self.ask(query(statement).bind(micros(since)).bind(i64::from(limit))).await?.iter().map(one).collect()
    }

    async fn verdict_tallies(&self, since: DateTime<Utc>) -> Result<Vec<VerdictTally>, StoreError> {
        let one = |row: &RowOf<D>| {
            Ok(VerdictTally {
                verdict: row.text("verdict")?,
                code: row.word_opt("rejection_code")?,
                verdicts: count(row.int("verdicts")?)?,
                taken_back: count(row.int("taken_back")?)?,
                won: count(row.int("won")?)?,
                lost: count(row.int("lost")?)?,
            })
        };
        self.ask(query(sql::VERDICTS).bind(micros(since))).await?.iter().map(one).collect()
    }

    async fn find_leads(&self, word: &str, limit: u32) -> Result<Vec<FoundLead>, StoreError> {
        let exact = self.ask(query(sql::FIND_BY_ID).bind(word)).await?;
        if !exact.is_empty() {
            return exact.iter().map(found_lead).collect();
        }
        let find = query(sql::FIND).bind(folded(word)).bind(i64::from(limit)).bind(i64::from(SEARCHED));
        self.ask(find).await?.iter().map(found_lead).collect()
    }
}

fn found_lead(row: &impl Columns) -> Result<FoundLead, StoreError> {
    Ok(FoundLead {
        id: LeadId::new(row.text("id")?),
        company: row.text("company")?,
        state: row.word("state")?,
        received_at: row.time("received_at")?,
        decisions: row.small_count("decisions_made")?,
    })
}

fn contact_row(row: &impl Columns, list: ContactList) -> Result<ContactRow, StoreError> {
    Ok(ContactRow {
        trace_id: row.word("trace_id")?,
        lead_id: LeadId::new(row.text("lead_id")?),
        company: row.text("company")?,
        rep: RepId::new(row.text("rep_id")?),
        rep_name: row.text("rep_name")?,
        decided_at: row.time("decided_at")?,
        due_at: row.time("due_at")?,
        outcome: row.word_opt("outcome")?,
        contacted_at: row.time_opt("contacted_at")?,
        reassigned: row.flag("reassigned")?,
        lapsed: if list == ContactList::Lapsed { row.word_opt("lapsed")? } else { None },
        write: row.word("write_state")?,
    })
}
