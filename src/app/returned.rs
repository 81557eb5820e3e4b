//! Leads that reps give back: how the CRM tells it, and when a rep may get such a lead again.
//!
//! A rep who was given a lead by a decision writes a reason into a field of it. That opens the lead again: the decision
//! stands no more, its share of the accounts is taken out, and the lead is ranked anew without the rep, for a person to
//! decide. Nobody is overruled: the lead stays with the rep until somebody decides.
//!
//! The store asks [`given_back`] inside its transactions, at each of the two moments at which it can become true: when a new
//! reading comes, and when a write is known to have happened of which the CRM has told more by then. Whatever a worker was
//! doing when it died, one of the two comes after it, and the decision that was given back stands no more for another.

use chrono::{DateTime, Utc};
use ring::digest;
use serde_json::{Value, json};

use crate::domain::decision::{Decision, WriteState};
use crate::domain::effect::{DecisionWrite, Rung};
use crate::domain::ids::RepId;
use crate::domain::lead::{Form, Had, Lead, LeadRecord, LeadState};
use crate::domain::pool::Earlier;
use crate::domain::text::hex;

/// What a lead says, as a hash: what it is ranked by, and not what became of it.
pub fn said(lead: &Lead) -> String {
    let form = Form { returned: None, disqualified: false, ..lead.form.clone() };
    let text = json!([lead.facts, form]).to_string();
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Reps who had the lead and lost it: those who gave it back for as long as it says what it said then, and those who let its
/// clock run out for good, because that was not for what it says.
pub fn earlier(record: &LeadRecord) -> Vec<(RepId, Earlier)> {
    if record.earlier.is_empty() {
        return Vec::new();
    }
    let now = said(&record.lead);
    let still = |had: &&Had| had.how == Earlier::SlaBreached || had.said == now;
    record.earlier.iter().filter(still).map(|had| (had.rep.clone(), had.how)).collect()
}

/// Whether a person had chosen a rep who let its clock run out.
pub fn was_chosen(record: &LeadRecord) -> bool {
    record.earlier.iter().any(|had| had.how == Earlier::SlaBreached && had.chosen)
}

/// Whether the rep to whom a decision gave the lead, and who has it still, gives it back; then what is to be noted of it.
///
/// `before` is the reason that stood on the lead before, which is nobody's word on this decision. Where the write of the
/// decision cleared it, the same words are new all the same.
pub fn given_back(
    record: &LeadRecord,
    decision: &Decision,
    write: &DecisionWrite,
    before: Option<&str>,
    at: DateTime<Utc>,
) -> Option<Had> {
    let LeadRecord { lead, state: LeadState::Decided, .. } = record else { return None };
    let reason = lead.form.returned.as_deref()?;
    let rep = decision.owner.rep()?;
    let theirs = decision.write == WriteState::Written && [&lead.owner, &write.owner] == [&decision.owner; 2];
    if !theirs || lead.converted || lead.deleted {
        return None;
    }
    let cleared = write.rung != Rung::OwnerOnly
        && write.return_reason.as_deref() == Some(reason)
        && write.owner != write.expected_owner;
    (before != Some(reason) || cleared).then(|| Had {
        rep: rep.clone(),
        how: Earlier::Returned,
        at,
        why: Some(reason.to_owned()),
        said: said(lead),
        decision: decision.trace_id,
        chosen: decision.verdict.needs_reason(),
    })
}

/// What training learns from a rep who gives a lead back, where nothing is stored of what the manager was shown.
pub fn feedback(lead: &Lead, decision: &Decision) -> Value {
    json!({
        "facts": lead.facts,
        "ranking": null,
        "recommendation": decision.recommendation,
        "verdict": decision.verdict,
        "rejection": null,
    })
}

#[cfg(test)]
pub(super) mod tests;
