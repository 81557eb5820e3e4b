//! What became of leads: the opportunity each was converted to.

use chrono::{DateTime, Utc};

use super::errors::Fault;
use super::map::Record;
use super::poll::created_since;
use super::query::{Api, Condition, Select, Value};
use super::{Salesforce, ids};
use crate::app::ports::Cursor;
use crate::domain::deal::{LeadOutcome, Outcome};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::Owner;

/// Change stamp of the deal, by which outcomes are found.
pub(super) const STAMP: &str = "ConvertedOpportunity.SystemModstamp";
const WON: &str = "ConvertedOpportunity.IsWon";
const CLOSED: &str = "ConvertedOpportunity.IsClosed";
const AMOUNT: &str = "ConvertedOpportunity.Amount";
const CLOSE_DATE: &str = "ConvertedOpportunity.CloseDate";
const OWNER: &str = "ConvertedOpportunity.OwnerId";

/// Fields of the deal that tell how it stands.
pub(super) const DEAL: [&str; 5] = [WON, CLOSED, AMOUNT, CLOSE_DATE, OWNER];

/// How a deal stands.
pub(super) struct DealState {
    /// `None` while open.
    pub outcome: Option<Outcome>,
    /// End of the close date, once closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Amount, once closed.
    pub amount: Option<f64>,
    /// Its owner.
    pub rep: Option<RepId>,
}

/// Reads the deal of a converted lead. While it is open its close date and amount are guesses, so they are left out.
pub(super) fn deal(record: &Record) -> DealState {
    let closed = record.flag(CLOSED);
    DealState {
        outcome: closed.then(|| if record.flag(WON) { Outcome::Won } else { Outcome::Lost }),
        closed_at: record.end_of_day(CLOSE_DATE).filter(|_| closed),
        amount: record.number(AMOUNT).filter(|_| closed),
        rep: record.text(OWNER).and_then(|id| match ids::owner(&id) {
            Some(Owner::Rep(rep)) => Some(rep),
            _ => None,
        }),
    }
}

impl Salesforce {
    /// Leads whose deals changed since the cursor: closed, re-opened, given to somebody else.
    pub(super) async fn poll_outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), Fault> {
        let since = self.since(cursor).await?;
        let fields = ["Id", STAMP].into_iter().chain(DEAL).map(Api::known);
        let select = Select::new(fields, "Lead")
            .filter(Condition::Eq(Api::known("IsConverted"), Value::Bool(true)))
            .filter(created_since(since));
        let batch = self.outcome_feed.poll(&self.client, cursor, since, &select).await?;
        let outcomes = batch
            .rows
            .iter()
            .filter_map(|row| {
                let DealState { outcome, closed_at, amount, rep } = deal(&row.record);
                Some(LeadOutcome {
                    lead_id: LeadId::new(row.record.id("Id")?),
                    rep_id: rep,
                    outcome,
                    closed_at,
                    amount,
                })
            })
            .collect();
        Ok((outcomes, batch.next))
    }
}
