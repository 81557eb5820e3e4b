//! What leadboard has in its store.

use std::collections::BTreeMap;

use crate::app::ports::{Store, StoreError};
use crate::domain::decision::Decision;
use crate::domain::ids::LeadId;
use crate::domain::lead::LeadRecord;

/// Leads read at a time, and decisions.
const PAGE: usize = 500;

/// Everything that leadboard believes.
pub(super) struct Belief {
    pub(super) leads: BTreeMap<String, LeadRecord>,
    pub(super) undone: u64,
    decisions: BTreeMap<String, BTreeMap<String, Decision>>,
    none: BTreeMap<String, Decision>,
}

impl Belief {
    /// Reads these leads, and all decisions.
    pub(super) async fn read(store: &dyn Store, ids: &[LeadId]) -> Result<Self, StoreError> {
        let mut leads = BTreeMap::new();
        for some in ids.chunks(PAGE) {
            leads.extend(store.leads(some).await?.into_iter().map(|record| (record.lead.id.to_string(), record)));
        }
        let mut decisions: BTreeMap<String, BTreeMap<String, Decision>> = BTreeMap::new();
        let (mut after, mut undone) = (None, 0);
        loop {
            let page = store.decisions_after(after, PAGE as u32).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.decision.trace_id);
            for decision in page.into_iter().map(|row| row.decision) {
                undone += u64::from(decision.undone_at.is_some());
                let of_lead = decisions.entry(decision.lead_id.to_string()).or_default();
                of_lead.insert(decision.trace_id.to_string(), decision);
            }
        }
        Ok(Self { leads, undone, decisions, none: BTreeMap::new() })
    }

    /// The decisions on a lead, by trace id.
    pub(super) fn decisions_of(&self, lead: &str) -> &BTreeMap<String, Decision> {
        self.decisions.get(lead).unwrap_or(&self.none)
    }
}
