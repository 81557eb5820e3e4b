//! Leads that reps give back: how the CRM tells it, and when a rep may get such a lead again.
//!
//! A rep who was given a lead by a decision writes a reason into a field of it. That opens the lead again: the decision
//! stands no more, its share of the accounts is taken out, and the lead is ranked anew without the rep, for a person to
//! decide. Nobody is overruled: the lead stays with the rep until somebody decides.

use ring::digest;
use serde_json::json;

use crate::domain::decision::{Decision, WriteState};
use crate::domain::ids::RepId;
use crate::domain::lead::{Form, Had, Lead, LeadRecord, LeadState};
use crate::domain::pool::Earlier;
use crate::domain::text::hex;

/// What a lead says, as a hash: what it is ranked by, and not why somebody gave it back.
pub fn said(lead: &Lead) -> String {
    let form = Form { returned: None, ..lead.form.clone() };
    let text = json!([lead.facts, form]).to_string();
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Reps who had the lead and lost it, for as long as it says what it said then.
pub fn earlier(record: &LeadRecord) -> Vec<(RepId, Earlier)> {
    if record.earlier.is_empty() {
        return Vec::new();
    }
    let now = said(&record.lead);
    record.earlier.iter().filter(|had| had.said == now).map(|had| (had.rep.clone(), had.how)).collect()
}

/// Whether a new reading of a decided lead has a reason that the one before had not: then a decision that was written may
/// have been turned down by who got the lead.
pub fn has_news(known: &LeadRecord, reading: &Lead) -> bool {
    known.state == LeadState::Decided
        && !reading.converted
        && !reading.deleted
        && reading.form.returned.is_some()
        && reading.form.returned != known.lead.form.returned
}

/// Who gives the lead back: the rep whom the written decision gave it, and who has it still.
pub fn giver<'a>(decision: &'a Decision, reading: &Lead) -> Option<&'a RepId> {
    let theirs = decision.write == WriteState::Written && decision.owner == reading.owner;
    decision.owner.rep().filter(|_| theirs)
}

/// The note that a rep gave a lead back.
pub fn had(rep: &RepId, reading: &Lead, at: chrono::DateTime<chrono::Utc>) -> Had {
    let why = reading.form.returned.clone();
    Had { rep: rep.clone(), how: Earlier::Returned, at, why, said: said(reading) }
}
