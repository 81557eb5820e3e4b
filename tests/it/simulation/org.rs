//! An org in a few maps: unique keys, conditional writes, answers that get lost, writes that come late, people.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use leadboard::app::ports::*;
use leadboard::domain::deal::LeadOutcome;
use leadboard::domain::effect::DecisionWrite;
use leadboard::domain::ids::{DecisionKey, LeadId, OrgId, QueueId, RepId};
use leadboard::domain::lead::Owner;
use leadboard::domain::rep::{Queue, Roster};
use leadboard::domain::vocabulary::Vocabulary;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::store_fixtures::{at, raw, rep, roster};

/// Of the writes, so many are cut off from their caller and done later.
const LATE: f64 = 0.08;
/// Seconds that are read again. No write is later than that.
const OVERLAP: i64 = 60;

#[derive(Debug)]
struct Lead {
    owner: Owner,
    stamp: i64,
}

/// What was written of one decision.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) trace: String,
    pub(super) lead: String,
    pub(super) owner: Owner,
}

#[derive(Debug)]
struct Inside {
    now: i64,
    leads: BTreeMap<String, Lead>,
    by_key: BTreeMap<String, Written>,
    late: Vec<DecisionWrite>,
    /// Who took which lead.
    taken: BTreeMap<String, Owner>,
    overruled: Vec<String>,
    random: ChaCha8Rng,
    calm: bool,
    tries: u64,
}

/// The org.
#[derive(Debug)]
pub(super) struct Org {
    inside: Mutex<Inside>,
    /// A guard that is left out: the key of a decision is another one at each try.
    keyless: bool,
}

impl Org {
    pub(super) fn new(seed: u64, keyless: bool) -> Self {
        let inside = Inside {
            now: 0,
            leads: BTreeMap::new(),
            by_key: BTreeMap::new(),
            late: Vec::new(),
            taken: BTreeMap::new(),
            overruled: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            calm: false,
            tries: 0,
        };
        Self { inside: Mutex::new(inside), keyless }
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Its own time goes on; it never jumps.
    pub(super) fn pass(&self, seconds: i64) {
        self.inside().now += seconds;
    }

    pub(super) fn arrive(&self) -> LeadId {
        let mut org = self.inside();
        let (name, stamp) = (format!("L{}", org.leads.len()), org.now);
        org.leads.insert(name.clone(), Lead { owner: rep("legacy"), stamp });
        LeadId::new(name)
    }

    pub(super) fn leads(&self) -> Vec<LeadId> {
        self.inside().leads.keys().map(LeadId::new).collect()
    }

    /// A person takes a lead, for good.
    pub(super) fn take(&self, lead: &LeadId) {
        let mut org = self.inside();
        let (now, owner) = (org.now, rep("person"));
        let Some(found) = org.leads.get_mut(lead.as_str()) else { return };
        (found.owner, found.stamp) = (owner.clone(), now);
        org.taken.insert(lead.to_string(), owner);
    }

    pub(super) fn owner(&self, lead: &LeadId) -> Owner {
        self.inside().leads[lead.as_str()].owner.clone()
    }

    pub(super) fn was_taken(&self, lead: &LeadId) -> bool {
        self.inside().taken.contains_key(lead.as_str())
    }

    /// What was written, of all decisions.
    pub(super) fn written(&self) -> Vec<Written> {
        self.inside().by_key.values().cloned().collect()
    }

    pub(super) fn overruled(&self) -> Vec<String> {
        self.inside().overruled.clone()
    }

    /// Does the oldest of the writes that were cut off.
    pub(super) fn do_late(&self) {
        let mut org = self.inside();
        if !org.late.is_empty() {
            let write = org.late.remove(0);
            drop(org.write(&write, self.keyless));
        }
    }

    /// From now on every answer arrives, once what is late is done.
    pub(super) fn calm_down(&self) {
        self.inside().calm = true;
        while !self.inside().late.is_empty() {
            self.do_late();
        }
    }
}

impl Inside {
    fn write(&mut self, write: &DecisionWrite, keyless: bool) -> WriteOutcome {
        self.tries += 1;
        let key = if keyless { format!("{}{}", write.key.as_str(), self.tries) } else { write.key.to_string() };
        if self.by_key.contains_key(&key) {
            return WriteOutcome::AlreadyApplied;
        }
        let (lead_id, now) = (write.lead_id.to_string(), self.now);
        let lead = self.leads.get_mut(&lead_id).unwrap();
        if lead.owner != write.expected_owner {
            return WriteOutcome::Superseded { why: "taken".into() };
        }
        (lead.owner, lead.stamp) = (write.owner.clone(), now);
        if self.taken.contains_key(&lead_id) {
            self.overruled.push(lead_id.clone());
        }
        let trace = write.trace_id.to_string();
        self.by_key.insert(key, Written { trace, lead: lead_id, owner: write.owner.clone() });
        WriteOutcome::Applied {
            owner_after: write.owner.clone(),
            modified_at: at(now),
            modstamp: at(now),
            source: None,
        }
    }
}

#[async_trait]
impl Crm for Org {
    async fn org(&self) -> Result<OrgInfo, CrmError> {
        Ok(OrgInfo { id: OrgId::new("org"), instance_url: "http://org".into(), api_version: "v66.0".into() })
    }

    async fn roster(&self) -> Result<Roster, CrmError> {
        let mut roster = roster();
        let (name, key) = ("Default".to_owned(), "Leadboard_Default".to_owned());
        roster.queues.push(Queue { id: QueueId::new("dq"), name, key });
        Ok(roster)
    }

    async fn vocabulary(&self) -> Result<Vocabulary, CrmError> {
        Ok(Vocabulary::default())
    }

    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        let org = self.inside();
        let from = cursor.low.map_or(DateTime::<Utc>::MIN_UTC, |low| low - chrono::TimeDelta::seconds(OVERLAP));
        let changed = org.leads.iter().filter(|(_, lead)| at(lead.stamp) >= from);
        let mut leads: Vec<RawLead> = changed.map(|(name, lead)| raw(name, lead.stamp, lead.owner.clone())).collect();
        leads.sort_by_key(|raw| raw.lead.modstamp);
        let next = Cursor { low: Some(at(org.now)), since: cursor.since.or(Some(at(0))) };
        Ok(LeadChanges { leads, next, more: false })
    }

    async fn clock(&self) -> Result<DateTime<Utc>, CrmError> {
        Ok(at(self.inside().now))
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
        let mut org = self.inside();
        if !org.calm && org.random.random_bool(LATE) {
            org.late.push(write.clone());
            return Err(CrmError::OutcomeUnknown("cut off".into()));
        }
        Ok(org.write(write, self.keyless))
    }

    async fn closed_deals(&self, _: Option<&str>) -> Result<DealPage, CrmError> {
        Ok(DealPage::default())
    }

    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError> {
        let inside = self.inside();
        let known = leads.iter().filter_map(|id| Some((id, inside.leads.get(id.as_str())?)));
        let read = known.map(|(id, lead)| {
            let of = inside.by_key.iter().filter(|(_, written)| written.lead == id.as_str());
            ReadBack {
                lead_id: id.clone(),
                owner: lead.owner.clone(),
                modified_at: at(lead.stamp),
                modstamp: at(lead.stamp),
                decisions: of.map(|(key, w)| (DecisionKey::new(key), w.owner.id().to_owned())).collect(),
            }
        });
        Ok(read.collect())
    }

    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError> {
        Ok((Vec::new(), cursor.clone()))
    }

    async fn workloads(&self, reps: &[RepId], _: Span) -> Result<Workloads, CrmError> {
        let nothing = reps.iter().map(|rep| (rep.clone(), RepWorkload::default()));
        Ok(Workloads { reps: nothing.collect(), ..Workloads::default() })
    }

    async fn accounts(&self, _: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError> {
        Ok(Some(Vec::new()))
    }

    /// Nobody ever gets in touch with a lead.
    async fn contacts(&self, leads: &[LeadId], _: Span) -> Result<Vec<Contacts>, CrmError> {
        let inside = self.inside();
        let known = leads.iter().filter_map(|id| Some((id, inside.leads.get(id.as_str())?)));
        let of = |(id, lead): (&LeadId, &Lead)| Contacts {
            lead_id: id.clone(),
            modstamp: at(lead.stamp),
            contacts: Vec::new(),
        };
        Ok(known.map(of).collect())
    }

    fn usage(&self) -> ApiUsage {
        ApiUsage::default()
    }

    async fn probe(&self) -> Result<(), CrmError> {
        Ok(())
    }
}
