//! A CRM in the test's hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::ports::{
    ApiUsage, CompanyAccount, CompanySought, Contact, Contacts, CreatedLeads, Crm, CrmError, Cursor, DealPage,
    LeadChanges, OrgInfo, RawLead, ReadBack, RepWorkload, Span, Workloads, WriteOutcome,
};
use leadboard::domain::deal::LeadOutcome;
use leadboard::domain::effect::DecisionWrite;
use leadboard::domain::ids::{LeadId, OrgId, RepId};
use leadboard::domain::lead::Lead;
use leadboard::domain::rep::Roster;
use leadboard::domain::vocabulary::Vocabulary;
use tokio::sync::Semaphore;

use super::everybody;
use crate::store_fixtures::at;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Panic(&'static str),
    Error(CrmError),
}

type Answer = Box<dyn Fn(&DecisionWrite) -> Result<WriteOutcome, CrmError> + Send>;

/// The CRM.
pub(crate) struct FakeCrm {
    leads: Mutex<Vec<Lead>>,
    /// What polls still say of a lead that has changed since.
    lagging: Mutex<Option<Lead>>,
    poll_fault: Mutex<Option<Fault>>,
    polls: AtomicU64,
    answer: Mutex<Answer>,
    gate: Mutex<Option<Arc<Semaphore>>>,
    tries: AtomicU64,
    accepted: Mutex<Vec<String>>,
    usage: Mutex<ApiUsage>,
    org: Mutex<String>,
    probes: AtomicU64,
    probe_says: Mutex<Option<ApiUsage>>,
    accounts: Mutex<Result<Vec<CompanyAccount>, CrmError>>,
    asked_accounts: AtomicU64,
    /// Who got in touch with which lead; or why it does not tell.
    contacts: Mutex<Result<BTreeMap<LeadId, Vec<Contact>>, CrmError>>,
    asked_contacts: AtomicU64,
    /// By how much its clock is ahead of the tests'.
    ahead: Mutex<TimeDelta>,
    now: Mutex<DateTime<Utc>>,
}

impl FakeCrm {
    pub(crate) fn new() -> Self {
        Self {
            leads: Mutex::default(),
            lagging: Mutex::default(),
            poll_fault: Mutex::default(),
            polls: AtomicU64::new(0),
            answer: Mutex::new(Box::new(applied)),
            gate: Mutex::default(),
            tries: AtomicU64::new(0),
            accepted: Mutex::default(),
            usage: Mutex::default(),
            org: Mutex::new("org".into()),
            probes: AtomicU64::new(0),
            probe_says: Mutex::default(),
            accounts: Mutex::new(Ok(Vec::new())),
            asked_accounts: AtomicU64::new(0),
            contacts: Mutex::new(Ok(BTreeMap::new())),
            asked_contacts: AtomicU64::new(0),
            ahead: Mutex::default(),
            now: Mutex::new(at(100)),
        }
    }

    /// A lead comes in, or changes if it is there already.
    pub(crate) fn arrive(&self, lead: Lead) {
        let mut leads = self.leads.lock().unwrap();
        leads.retain(|l| l.id != lead.id);
        leads.push(lead);
    }

    /// Polls say this of a lead from now on, whatever became of it since; `None`: they are up to date again.
    pub(crate) fn lag(&self, before: Option<Lead>) {
        *self.lagging.lock().unwrap() = before;
    }

    /// Every poll ends so from now on; `None` mends it.
    pub(crate) fn fail_polls(&self, fault: Option<Fault>) {
        *self.poll_fault.lock().unwrap() = fault;
    }

    /// Every write is answered so from now on.
    pub(crate) fn answer(&self, answer: impl Fn(&DecisionWrite) -> Result<WriteOutcome, CrmError> + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// Every write is applied from now on, as it is at first.
    pub(crate) fn accept(&self) {
        self.answer(applied);
    }

    /// Writes get no answer until they are given a permit.
    pub(crate) fn hold_writes(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(gate.clone());
        gate
    }

    /// These accounts there are from now on, or so it fails to tell.
    pub(crate) fn set_accounts(&self, accounts: Result<Vec<CompanyAccount>, CrmError>) {
        *self.accounts.lock().unwrap() = accounts;
    }

    /// How often accounts were asked for.
    pub(crate) fn asked_accounts(&self) -> u64 {
        self.asked_accounts.load(Ordering::SeqCst)
    }

    /// Somebody gets in touch with a lead, by the clock of the tests.
    pub(crate) fn contact(&self, lead: &str, by: &str, at: DateTime<Utc>) {
        let contact = Contact { at: at + *self.ahead.lock().unwrap(), by: Some(RepId::new(by)) };
        let mut contacts = self.contacts.lock().unwrap();
        contacts.as_mut().unwrap().entry(LeadId::new(lead)).or_default().push(contact);
    }

    /// From now on it tells who got in touch, or not.
    pub(crate) fn hides_contacts(&self, fault: Option<CrmError>) {
        *self.contacts.lock().unwrap() = fault.map_or_else(|| Ok(BTreeMap::new()), Err);
    }

    /// How often it was asked who got in touch.
    pub(crate) fn asked_contacts(&self) -> u64 {
        self.asked_contacts.load(Ordering::SeqCst)
    }

    /// It is so late by the clock of the tests.
    pub(crate) fn is_now(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap() = now;
    }

    /// Its clock is ahead by so much.
    pub(crate) fn be_ahead(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap() = by;
    }

    /// Another org answers from now on.
    pub(crate) fn become_org(&self, id: &str) {
        id.clone_into(&mut self.org.lock().unwrap());
    }

    /// So much of the allocation is used from now on, as any answer of the CRM says.
    pub(crate) fn set_used(&self, used: u64, limit: u64) {
        *self.usage.lock().unwrap() = ApiUsage { used, limit, calls_made: 0 };
    }

    /// So much is used, as nothing but the answer to a probe will say.
    pub(crate) fn probe_says(&self, used: u64, limit: u64) {
        *self.probe_says.lock().unwrap() = Some(ApiUsage { used, limit, calls_made: 0 });
    }

    /// Probes so far.
    pub(crate) fn probes(&self) -> u64 {
        self.probes.load(Ordering::SeqCst)
    }

    /// Polls so far.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::SeqCst)
    }

    /// Writes that were asked for.
    pub(crate) fn tries(&self) -> u64 {
        self.tries.load(Ordering::SeqCst)
    }

    /// Leads whose writes were accepted, in order.
    pub(crate) fn accepted(&self) -> Vec<String> {
        self.accepted.lock().unwrap().clone()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer like the others")]
pub(crate) fn applied(write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
    let now = write.expected_modified_at + TimeDelta::seconds(1);
    Ok(WriteOutcome::Applied { owner_after: write.owner.clone(), modified_at: now, modstamp: now, source: None })
}

#[async_trait]
impl Crm for FakeCrm {
    async fn org(&self) -> Result<OrgInfo, CrmError> {
        Ok(OrgInfo {
            id: OrgId::new(self.org.lock().unwrap().clone()),
            instance_url: "http://fake".into(),
            api_version: "v66.0".into(),
        })
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        Ok(everybody())
    }

    async fn vocabulary(&self) -> Result<Vocabulary, CrmError> {
        Ok(Vocabulary { accounts: true, ..Vocabulary::default() })
    }

    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let fault = self.poll_fault.lock().unwrap().clone();
        match fault {
            Some(Fault::Panic(why)) => panic!("{why}"),
            Some(Fault::Error(error)) => return Err(error),
            None => {}
        }
        // The overlap is endless: everything comes again each time.
        let mut leads = self.leads.lock().unwrap().clone();
        if let Some(before) = self.lagging.lock().unwrap().clone() {
            leads.retain(|lead| lead.id != before.id);
            leads.push(before);
        }
        let low = leads.iter().map(|l| l.modstamp).max();
        let leads = leads.into_iter().map(|lead| RawLead { raw: format!("{:?}", lead.modstamp), lead }).collect();
        Ok(LeadChanges { leads, next: Cursor { low: low.or(cursor.low), since: Some(at(-1_000)) }, more: false })
    }

    async fn clock(&self) -> Result<DateTime<Utc>, CrmError> {
        Ok(*self.now.lock().unwrap() + *self.ahead.lock().unwrap())
    }

    async fn count_created(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> Result<u64, CrmError> {
        Ok(0)
    }

    async fn created_leads(
        &self,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
        _: Option<&LeadId>,
    ) -> Result<CreatedLeads, CrmError> {
        Ok(CreatedLeads { leads: Vec::new(), more: false })
    }

    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let outcome = (self.answer.lock().unwrap())(write);
        if matches!(outcome, Ok(WriteOutcome::Applied { .. })) {
            self.accepted.lock().unwrap().push(write.lead_id.to_string());
        }
        outcome
    }

    async fn closed_deals(&self, _: Option<&str>) -> Result<DealPage, CrmError> {
        Ok(DealPage { total: Some(0), ..DealPage::default() })
    }

    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError> {
        let known = self.leads.lock().unwrap().clone();
        let read = |Lead { id, owner, modified_at, modstamp, .. }| ReadBack {
            lead_id: id,
            owner,
            modified_at,
            modstamp,
            decisions: Vec::new(),
        };
        Ok(known.into_iter().filter(|lead| leads.contains(&lead.id)).map(read).collect())
    }

    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError> {
        Ok((Vec::new(), cursor.clone()))
    }

    async fn workloads(&self, reps: &[RepId], _: Span) -> Result<Workloads, CrmError> {
        let nothing = reps.iter().map(|rep| (rep.clone(), RepWorkload::default()));
        Ok(Workloads { reps: nothing.collect(), ..Workloads::default() })
    }

    async fn accounts(&self, _: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError> {
        self.asked_accounts.fetch_add(1, Ordering::SeqCst);
        self.accounts.lock().unwrap().clone().map(Some)
    }

    async fn contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, CrmError> {
        self.asked_contacts.fetch_add(1, Ordering::SeqCst);
        let contacts = self.contacts.lock().unwrap().clone()?;
        let known = self.leads.lock().unwrap().clone();
        let of = |lead: Lead| {
            let mut contacts = contacts.get(&lead.id).cloned().unwrap_or_default();
            contacts.retain(|contact| within.contains(contact.at));
            Contacts { lead_id: lead.id, modstamp: lead.modstamp, contacts }
        };
        Ok(known.into_iter().filter(|lead| leads.contains(&lead.id)).map(of).collect())
    }

    fn usage(&self) -> ApiUsage {
        *self.usage.lock().unwrap()
    }

    async fn probe(&self) -> Result<(), CrmError> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        if let Some(news) = *self.probe_says.lock().unwrap() {
            *self.usage.lock().unwrap() = news;
        }
        Ok(())
    }
}
