//! Salesforce over its REST API.
//!
//! The facts of the wire agree with Salesforce's public documentation and with independent clients. Start at
//! [`Salesforce`]; each file below is one duty. Nothing of the wire leaves this folder.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::app::ports::{
    ApiUsage, Clock, CompanyAccount, CompanySought, Contacts, CreatedLeads, Crm, CrmError, Cursor, DealPage,
    LeadChanges, LeadEvents, OrgInfo, ReadBack, Span, Workloads, WriteOutcome,
};
use crate::config::salesforce as config;
use crate::domain::deal::LeadOutcome;
use crate::domain::effect::DecisionWrite;
use crate::domain::ids::{LeadId, RepId, RepKey};
use crate::domain::rep::Roster;
use crate::domain::vocabulary::Vocabulary;

mod accounts;
mod activities;
mod address;
mod auth;
mod bulk;
mod client;
mod contacts;
mod dates;
mod doctor;
mod errors;
mod feed;
mod history;
mod http;
mod ids;
mod map;
mod optional;
mod outcomes;
mod poll;
mod pubsub;
mod query;
mod read_back;
mod roster;
mod vocabulary;
mod wire;
mod workload;
mod write;

use client::Client;
use feed::Feed;
use map::{FactFields, FormFields};
use optional::Optional;
use pubsub::PubSub;
use query::{Api, LARGEST_PAGE, Rows};

/// Bounds of one call.
#[derive(Clone, Debug)]
pub struct Limits {
    /// To reach the server.
    pub connect_timeout: Duration,
    /// For a call as a whole, body included. A write that takes longer has an unknown outcome and is looked up.
    pub call_timeout: Duration,
    /// Wait before a read is repeated the first time; doubled each time, with jitter.
    pub retry_wait: Duration,
    /// Without a message for so long, the stream of change events is dead: the org promises one every 270 seconds.
    pub event_silence: Duration,
    /// Largest body that is read, in bytes after decompression.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_mins(1),
            retry_wait: Duration::from_millis(500),
            event_silence: Duration::from_mins(5),
            // 2,000 rows of 16 kB; real pages are a tenth of it.
            max_body: 32 * 1024 * 1024,
        }
    }
}

/// One Salesforce org, as a CRM.
pub struct Salesforce {
    client: Client,
    clock: Arc<dyn Clock>,
    fields: FactFields,
    form: FormFields,
    lead_page: AtomicU32,
    rep_key: Api,
    rep_territory: Option<Api>,
    /// By which rules may call people.
    rep_names: Optional,
    /// What is read of accounts besides their names; `None` if they are not looked up.
    accounts: Option<Optional>,
    rep_out_of_office: Option<Api>,
    /// Zone, and whether they are there.
    rep_presence: Optional,
    since: Option<DateTime<Utc>>,
    lead_feed: Feed,
    outcome_feed: Feed,
    keys: Mutex<Option<Arc<HashMap<RepId, RepKey>>>>,
    bulk_above: u32,
    untold: history::Untold,
    pubsub: Option<PubSub>,
}

impl Salesforce {
    /// Checks the configuration and loads the secrets; connects to nothing.
    ///
    /// # Errors
    /// [`CrmError::Configuration`] names the setting or file that is wrong, and the cure.
    pub fn new(config: &config::Salesforce, clock: Arc<dyn Clock>) -> Result<Self, CrmError> {
        Self::with_limits(config, clock, Limits::default())
    }

    /// [`Salesforce::new`] with other bounds.
    ///
    /// # Errors
    /// As [`Salesforce::new`].
    pub fn with_limits(config: &config::Salesforce, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, CrmError> {
        let overlap = TimeDelta::seconds(i64::from(config.overlap_seconds));
        let rep_key = map::optional_field("rep_key", &config.rep_key)?
            .ok_or_else(|| CrmError::Configuration("rep_key is empty; write Id or a field of User".to_owned()))?;
        let away = map::optional_field("rep_out_of_office", &config.rep_out_of_office)?;
        let fields = FactFields::new(&config.fields)?;
        let form = FormFields::new(&config.fields)?;
        Ok(Self {
            pubsub: PubSub::new(&config.pubsub, fields.all().chain(form.all().cloned()), &limits)?,
            client: Client::new(config, clock.clone(), limits)?,
            clock,
            fields,
            form,
            lead_page: AtomicU32::new(LARGEST_PAGE),
            rep_key,
            rep_territory: map::optional_field("rep_territory", &config.rep_territory)?,
            accounts: config.accounts.then(|| Optional::new("Account", ["Website", "Type"].map(Api::known))),
            rep_presence: Optional::new("User", [Api::known("TimeZoneSidKey")].into_iter().chain(away.clone())),
            rep_out_of_office: away,
            rep_names: Optional::new("User", ["Username", "Email"].map(Api::known)),
            since: config.since,
            lead_feed: Feed::new("SystemModstamp", Rows::All, overlap).covering("Lead"),
            outcome_feed: Feed::new(outcomes::STAMP, Rows::Living, overlap),
            keys: Mutex::default(),
            bulk_above: config.bulk_above,
            untold: history::Untold::default(),
        })
    }
}

#[async_trait]
impl Crm for Salesforce {
    async fn org(&self) -> Result<OrgInfo, CrmError> {
        let session = self.client.discover().await?.session;
        Ok(OrgInfo {
            id: session.org.clone(),
            instance_url: session.instance.as_str().trim_end_matches('/').to_owned(),
            api_version: self.client.version().to_owned(),
        })
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        Ok(self.read_roster().await?)
    }

    async fn vocabulary(&self) -> Result<Vocabulary, CrmError> {
        Ok(self.read_vocabulary().await?)
    }

    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        Ok(self.poll_leads(cursor).await?)
    }

    async fn clock(&self) -> Result<DateTime<Utc>, CrmError> {
        Ok(self.org_date().await?)
    }

    async fn count_created(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, CrmError> {
        Ok(Self::count_created(self, from, until).await?)
    }

    async fn created_leads(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&LeadId>,
    ) -> Result<CreatedLeads, CrmError> {
        Ok(self.read_created(from, until, after).await?)
    }

    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        self.apply_decision(write).await
    }

    async fn closed_deals(&self, page: Option<&str>) -> Result<DealPage, CrmError> {
        Ok(self.history_page(page).await?)
    }

    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError> {
        Ok(self.read_leads_back(leads).await?)
    }

    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError> {
        Ok(self.poll_outcomes(cursor).await?)
    }

    async fn workloads(&self, reps: &[RepId], window: Span) -> Result<Workloads, CrmError> {
        Ok(self.read_workloads(reps, window).await?)
    }

    async fn accounts(&self, sought: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError> {
        Ok(self.read_accounts(sought).await?)
    }

    async fn contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, CrmError> {
        Ok(self.read_contacts(leads, within).await?)
    }

    fn usage(&self) -> ApiUsage {
        self.client.usage()
    }

    async fn probe(&self) -> Result<(), CrmError> {
        Ok(self.client.probe().await?)
    }

    fn lead_events(&self) -> Option<&dyn LeadEvents> {
        self.pubsub.is_some().then_some(self as &dyn LeadEvents)
    }
}
