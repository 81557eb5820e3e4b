//! Closed deals: converted leads whose opportunity was won or lost. A few are read by queries, many by a bulk job.
//!
//! A lead's fields are read as they stand today; Salesforce does not keep what they were at creation. Fields that
//! people fill in later must therefore stay out of the configured facts.

use std::collections::HashMap;
use std::time::Duration;

use super::errors::{Class, Fault};
use super::map::Record;
use super::outcomes::{self, DEAL};
use super::query::{Api, Condition, Page, Rows, Select, Value};
use super::{Salesforce, ids};
use crate::app::ports::DealPage;
use crate::domain::deal::Deal;
use crate::domain::ids::{LeadId, RepId, RepKey};

mod story;
mod token;

use story::Stories;
pub(super) use story::Untold;
use token::Token;

/// Fields of a closed lead besides its facts and its deal.
const LEAD: [&str; 5] = ["Id", "CreatedDate", "OwnerId", "ConvertedDate", "ConvertedContactId"];
/// Name of the fact that holds a rep's response to a lead; the model knows it as no feature of the lead itself.
const RESPONSE: &str = "response_hours";
/// Rows of one file of results.
const FILE_ROWS: u32 = 4_000;
/// Looks at a job in one call; then the caller hears that it is still running.
const LOOKS: u32 = 8;
/// Longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Jobs that may fail before it is given up.
const MAX_FAILED: u32 = 3;

impl Salesforce {
    /// One page of closed deals. A dead locator goes on from the last lead and a failed job is started again, so a pull
    /// can be taken up again days later.
    pub(super) async fn history_page(&self, page: Option<&str>) -> Result<DealPage, Fault> {
        match page.map(Token::parse).transpose()? {
            Some(Token::Job { id, locator, failed }) => self.job_page(&id, locator.as_deref(), failed).await,
            Some(Token::Rows { after, locator }) => {
                let rows = self.history_rows(Some(&after), locator.as_deref()).await?;
                self.rows_page(rows, Some(after)).await
            }
            None => {
                let rows = self.history_rows(None, None).await?;
                // The first page says how many there are.
                let total = Some(rows.total);
                let mut notes = Vec::new();
                if rows.total > u64::from(self.bulk_above) {
                    match self.new_job(0, None).await {
                        Ok(page) => return Ok(DealPage { total, ..page }),
                        // An org may have no Bulk API, or not for us. It takes more calls then, and no other way.
                        Err(fault) if fault.class == Class::Configuration || is_lost(&fault) => {
                            notes.push(format!("the Bulk API is not to be had ({}); queries are used", fault.message));
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                let mut page = self.rows_page(rows, None).await?;
                notes.append(&mut page.notes);
                Ok(DealPage { total, notes, ..page })
            }
        }
    }

    /// Deals from rows in the order of lead ids.
    async fn rows_page(&self, rows: Page, after: Option<String>) -> Result<DealPage, Fault> {
        let records = rows.rows.iter().map(|raw| Record::parse(raw)).collect::<Result<Vec<_>, _>>()?;
        let last = match records.last() {
            Some(record) => record.id("Id"),
            None => after.clone(),
        };
        let next = rows.next.zip(last).map(|(locator, after)| Token::Rows { after, locator: Some(locator) }.write());
        self.deal_page(&records, after.is_none(), next).await
    }

    async fn history_rows(&self, after: Option<&str>, locator: Option<&str>) -> Result<Page, Fault> {
        if let Some(locator) = locator {
            match self.client.next_page(locator).await {
                Err(fault) if fault.class == Class::LocatorExpired => {}
                answer => return answer,
            }
        }
        let select = self
            .closed_leads()
            .filter_some(after.map(|id| Condition::Above(Api::known("Id"), Value::Text(id.to_owned()))))
            .order([Api::known("Id")]);
        self.client.query(&select, Rows::Living).await
    }

    /// One file of a job's results, or nothing yet while the job runs.
    async fn job_page(&self, job: &str, locator: Option<&str>, failed: u32) -> Result<DealPage, Fault> {
        let here = || Token::Job { id: job.to_owned(), locator: locator.map(str::to_owned), failed }.write();
        if locator.is_none() {
            match self.wait_for(job).await {
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(why))) => return self.new_job(failed + 1, Some((job, why))).await,
                Ok(None) => return Ok(DealPage { next: Some(here()), ..DealPage::default() }),
                Err(fault) if is_lost(&fault) => return self.new_job(failed + 1, Some((job, fault.message))).await,
                Err(fault) => return Err(fault),
            }
        }
        let file = match self.client.job_results(job, locator, FILE_ROWS).await {
            Err(fault) if is_lost(&fault) => return self.new_job(failed + 1, Some((job, fault.message))).await,
            answer => answer?,
        };
        let next = file.next.map(|locator| Token::Job { id: job.to_owned(), locator: Some(locator), failed }.write());
        self.deal_page(&file.rows, locator.is_none(), next).await
    }

    /// Starts a job, in the place of one that is lost if there was one; the page that leads to its results.
    async fn new_job(&self, failed: u32, lost: Option<(&str, String)>) -> Result<DealPage, Fault> {
        if let Some((job, why)) = lost.as_ref().filter(|_| failed > MAX_FAILED) {
            let message = format!("{MAX_FAILED} bulk jobs were started again in vain; the last, {job}: {why}");
            return Err(Fault::new(Class::Permanent, message));
        }
        let id = self.client.start_job(&self.closed_leads()).await?;
        let id = ids::normalise(&id).ok_or_else(|| Fault::new(Class::Protocol, "a bulk job came without an id"))?;
        let notes = lost.map(|(job, why)| format!("bulk job {job} was lost ({why}); {id} reads everything again"));
        if let Some(note) = &notes {
            tracing::warn!("{note}");
        }
        let next = Token::Job { id, locator: None, failed }.write();
        Ok(DealPage { next: Some(next), notes: notes.into_iter().collect(), ..DealPage::default() })
    }

    /// How a job ended; `None` if it still runs after some looks.
    async fn wait_for(&self, job: &str) -> Result<Option<Result<(), String>>, Fault> {
        let mut wait = self.client.limits().retry_wait;
        for look in 0..LOOKS {
            if let Some(end) = self.client.job(job).await?.ended() {
                return Ok(Some(end));
            }
            if look + 1 < LOOKS {
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(LONGEST_WAIT);
            }
        }
        Ok(None)
    }

    /// All leads whose deals have closed.
    fn closed_leads(&self) -> Select {
        let fields = LEAD.into_iter().chain(DEAL).map(Api::known).chain(self.fields.all());
        Select::new(fields, "Lead")
            .filter(Condition::Eq(Api::known("IsConverted"), Value::Bool(true)))
            .filter(Condition::Eq(Api::known("ConvertedOpportunity.IsClosed"), Value::Bool(true)))
    }

    /// Records as deals. Who is called how is read anew where a walk begins.
    async fn deal_page(&self, records: &[Record], begins: bool, next: Option<String>) -> Result<DealPage, Fault> {
        let keys = self.rep_keys(begins).await?;
        let stories = self.stories(records).await?;
        let mut page = DealPage { next, notes: stories.notes.clone(), ..DealPage::default() };
        for record in records {
            let id = record.id("Id").ok_or_else(|| Fault::new(Class::Protocol, "a lead came without an Id"))?;
            match self.deal(record, &id, &stories, keys.as_deref()) {
                Ok(deal) => page.deals.push(deal),
                Err(why) => page.rejected.push((LeadId::new(id), why)),
            }
        }
        Ok(page)
    }

    fn deal(
        &self,
        record: &Record,
        id: &str,
        stories: &Stories,
        keys: Option<&HashMap<RepId, RepKey>>,
    ) -> Result<Deal, String> {
        let created_at = record.at("CreatedDate").ok_or("no CreatedDate")?;
        let state = outcomes::deal(record);
        let rep_id =
            stories.rep(record, id, state.rep).ok_or("neither lead nor opportunity had an owner who is a user")?;
        let rep = match keys {
            None => RepKey::new(rep_id.as_str()),
            Some(keys) => {
                keys.get(&rep_id).cloned().ok_or_else(|| format!("its owner {rep_id} is no standard user"))?
            }
        };
        let closed_at = state.closed_at.ok_or("no CloseDate")?;
        if closed_at < created_at {
            return Err(format!("closed on {} before it was created", closed_at.format("%Y-%m-%d")));
        }
        let mut facts = self.fields.facts(record, created_at);
        if let Some(hours) = stories.response_hours(record, id, created_at, &rep_id) {
            facts.numeric.entry(RESPONSE.to_owned()).or_insert(hours);
        }
        Ok(Deal {
            lead_id: LeadId::new(id),
            rep,
            facts,
            closed_at,
            closed_assumed: false,
            outcome: state.outcome.ok_or("not closed")?,
            closed_amount: state.amount,
        })
    }
}

/// Whether a job is not to be had any more: deleted after its seven days, or made with another version of the API.
fn is_lost(fault: &Fault) -> bool {
    matches!(fault.class, Class::NotFound | Class::Permanent | Class::LocatorExpired)
}
