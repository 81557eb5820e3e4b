//! The story of a lead: found by the trace id of a decision, by its id or by its company, and told from first to last. Two
//! decisions of a lead can be held against each other.

mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AppError;
use super::ports::{FoundLead, Store};
use super::views::LeadDetail;
use crate::domain::audit::AuditEvent;
use crate::domain::decision::{DecidedBy, Decision};
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::lead::Owner;
use crate::domain::verdict::Verdict;
pub use words::sentence;

/// Events of one lead that are told.
pub const EVENTS: u32 = 1_000;
/// Leads that are listed where several are found.
const LISTED: u32 = 200;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Several leads, the newest first, bounded.
    Several {
        /// The leads.
        leads: Vec<FoundLead>,
    },
    /// One lead.
    Story(Box<Story>),
}

/// A lead and everything that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The lead.
    pub lead: LeadDetail,
    /// What happened, oldest first, bounded by [`EVENTS`].
    pub events: Vec<AuditEvent>,
    /// The decision that was asked for, if it was one.
    pub asked: Option<TraceId>,
}

/// Finds leads by the trace id of a decision, a lead's id, or a part of its company.
pub async fn find(store: &dyn Store, text: &str) -> Result<Found, AppError> {
    let text = text.trim();
    if let Ok(trace) = text.parse::<TraceId>() {
        return Ok(match store.decision(trace).await? {
            Some(decision) => tell(store, &decision.lead_id, Some(trace)).await?.map_or(Found::Nothing, Found::Story),
            None => Found::Nothing,
        });
    }
    let leads = store.find_leads(text, LISTED).await?;
    match leads.as_slice() {
        [] => Ok(Found::Nothing),
        [one] => Ok(tell(store, &one.id, None).await?.map_or(Found::Nothing, Found::Story)),
        _ => Ok(Found::Several { leads }),
    }
}

/// The story of a lead; `None` if there is no such lead.
pub async fn tell(store: &dyn Store, lead: &LeadId, asked: Option<TraceId>) -> Result<Option<Box<Story>>, AppError> {
    let Some(detail) = store.lead_detail(lead).await? else { return Ok(None) };
    let mut events = store.audit(Some(lead), EVENTS).await?;
    events.reverse();
    Ok(Some(Box::new(Story { lead: detail, events, asked })))
}

/// Facts of an event in one line, with names for ids; raw.
pub fn details(event: &AuditEvent, names: &BTreeMap<String, String>) -> String {
    let facts = event.details.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let words = facts.map(|(key, value)| {
        let owner = value.get("id").and_then(|id| id.as_str());
        let text = owner.or_else(|| value.as_str()).map_or_else(|| value.to_string(), ToOwned::to_owned);
        format!("{key} {}", names.get(&text).cloned().unwrap_or(text))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Who took a decision, in words; raw.
pub fn by(decision: &Decision) -> &str {
    match &decision.by {
        DecidedBy::Manager(name) => name,
        DecidedBy::Automatic => "the policy itself",
        DecidedBy::Fallback => "the fallback",
    }
}

/// What an owner is called; raw.
pub fn name<'a>(owner: &'a Owner, names: &'a BTreeMap<String, String>) -> &'a str {
    names.get(owner.id()).map_or(owner.id(), String::as_str)
}

/// What is not the same in two decisions of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What, in words.
    pub what: String,
    /// In the one.
    pub before: String,
    /// In the other.
    pub after: String,
}

/// What is not the same in two decisions of a lead, in words; raw.
pub fn differences(before: &Decision, after: &Decision, names: &BTreeMap<String, String>) -> Vec<Difference> {
    let facts = |decision: &Decision| -> [(&'static str, String); 11] {
        let none = || "-".to_owned();
        let Decision { recommendation: advice, .. } = decision;
        [
            ("verdict", decision.verdict.name().to_owned()),
            ("decided by", by(decision).to_owned()),
            ("goes to", name(&decision.owner, names).to_owned()),
            ("chance to win", decision.p_win.map_or_else(none, |p| format!("{:.1} %", p * 100.0))),
            ("recommended", name(&advice.route.owner(), names).to_owned()),
            ("because", advice.reason.to_string()),
            ("explained", advice.explanation.clone()),
            ("gap", advice.gap.map_or_else(none, |gap| format!("{:+.1} points", gap * 100.0))),
            (
                "turned down",
                decision.rejection.as_ref().map_or_else(none, |rejection| {
                    let note = rejection.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
                    format!("{}{note}", rejection.code.title())
                }),
            ),
            ("model", decision.model_id.as_ref().map_or_else(none, ToString::to_string)),
            ("write", decision.write.to_string()),
        ]
    };
    let both = facts(before).into_iter().zip(facts(after));
    both.filter(|((_, before), (_, after))| before != after)
        .map(|((what, before), (_, after))| Difference { what: what.to_owned(), before, after })
        .collect()
}

/// A decision of a lead held against the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The earlier one.
    pub before: TraceId,
    /// The later one.
    pub after: TraceId,
    /// What is not the same.
    pub differences: Vec<Difference>,
}

impl Story {
    /// The lead as one that was found.
    pub fn found(&self) -> FoundLead {
        let record = &self.lead.record;
        FoundLead {
            id: record.lead.id.clone(),
            company: record.lead.company.clone(),
            state: record.state,
            received_at: record.received_at,
            decisions: record.decisions_made,
        }
    }

    /// Holds a decision against the one before it; `None` if there is none before, or the lead has no such decision.
    pub fn compare(&self, after: TraceId) -> Option<Compared> {
        let LeadDetail { decisions, names, .. } = &self.lead;
        let mut earlier = decisions.iter().skip_while(|one| one.trace_id != after);
        let (after, before) = (earlier.next()?, earlier.next()?);
        let differences = differences(before, after, names);
        Some(Compared { before: before.trace_id, after: after.trace_id, differences })
    }
}

/// The decision that took the place of this one, and what that did.
pub fn replaced_by<'a>(decision: &Decision, all: &'a [Decision]) -> Option<(&'static str, &'a Decision)> {
    let new = all.iter().find(|one| one.undone_at.is_none() && one.replaces == Some(decision.trace_id))?;
    Some((if new.verdict == Verdict::Undo { "put back" } else { "replaced" }, new))
}
