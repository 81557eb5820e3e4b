//! What happened to a lead, each event as a sentence. Names are raw: sanitise before display.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::audit::AuditEvent;
use crate::domain::pool::Earlier;

/// An event as a sentence without a full stop, with names for ids. What it does not say is in the event's details.
pub fn sentence(event: &AuditEvent, names: &BTreeMap<String, String>) -> String {
    let told = Told { details: &event.details, names };
    match event.what.as_str() {
        "lead.received" => format!("received from the CRM{}", told.named("; legacy owner ", "legacy_owner")),
        "lead.ranked" => told.ranked(),
        "lead.refreshed" if told.is("reranked") => "changed in the CRM, so it is ranked again".to_owned(),
        "lead.refreshed" => format!("read anew from the CRM{}", told.named("; owner ", "owner")),
        "lead.held" => "held back, to be given together with others".to_owned(),
        "lead.superseded" => told.superseded(),
        "lead.reopened" => format!("open again{}", told.named("; owner ", "owner")),
        "lead.snoozed" if told.until(event.at) => "awake again".to_owned(),
        "lead.snoozed" => "snoozed".to_owned(),
        "lead.handed_over" => format!("handed over{}", told.words_raw(" to ", "to")),
        "lead.rank_anew" => format!("to be ranked again{}", told.words(" because of the ", "why")),
        "lead.returned" => {
            let how = told.text("how").and_then(|how| how.parse().ok()).map_or("gave it back", Earlier::words);
            format!("{} {how}", told.name("rep").unwrap_or("the rep"))
        }
        "lead.sla_breached" => {
            let late = told.text("contacted_at").is_some();
            let what = if late { "got in touch too late" } else { "made no contact in time" };
            let anew = if told.is("reassigned") { ", so it is routed anew" } else { "" };
            format!("{} {what}{anew}", told.name("rep").unwrap_or("the rep"))
        }
        "lead.chosen_blind" => {
            let recommended = told.named("; recommended was ", "recommended");
            format!("chosen before anything was shown{}{recommended}", told.named(": ", "owner"))
        }
        "lead.disqualified" => "found to be no lead".to_owned(),
        "lead.requalified" => "a lead again".to_owned(),
        "lead.overridden" => {
            let decided = told.named(", and not to ", "decided");
            format!("the CRM gave it{}{decided}", told.named(" to ", "owner"))
        }
        "decision.taken" => told.decided(),
        "decision.undone" => "the decision was taken back".to_owned(),
        "decision.reinstated" => "the decision before it stands again".to_owned(),
        "decision.put_back" => "the decision was put back".to_owned(),
        "decision.replaced" => "a newer decision took its place".to_owned(),
        "effect.done" => format!("written to the CRM{}", told.named("; owner ", "owner")),
        "effect.overridden" => {
            format!("written, and the CRM's own automation gave it{}", told.named(" to ", "owner"))
        }
        "effect.superseded" => "not written: somebody was faster in the CRM".to_owned(),
        "effect.retry" => "the write did not go through yet and is tried again".to_owned(),
        "effect.degraded" => "the write goes on in a plainer form".to_owned(),
        "effect.dead" => "the write failed for good".to_owned(),
        "effect.revived" => "the write is tried again".to_owned(),
        other => other.replace(['.', '_'], " "),
    }
}

/// The details of an event.
struct Told<'a> {
    details: &'a Value,
    names: &'a BTreeMap<String, String>,
}

impl<'a> Told<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.details.get(key)?.as_str()
    }

    fn is(&self, key: &str) -> bool {
        self.details.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// Whether it ended as it began.
    fn until(&self, at: DateTime<Utc>) -> bool {
        let until = self.text("until").and_then(|until| DateTime::parse_from_rfc3339(until).ok());
        // The store keeps moments less exactly than details do.
        until.is_some_and(|until| until.to_utc() - at < TimeDelta::milliseconds(1))
    }

    /// What a rep or a queue is called that is told by id, or as an owner.
    fn name(&self, key: &str) -> Option<&'a str> {
        let value = self.details.get(key)?;
        let id = value.get("id").and_then(Value::as_str).or_else(|| value.as_str())?;
        Some(self.names.get(id).map_or(id, String::as_str))
    }

    /// The name after some words, or nothing.
    fn named(&self, before: &str, key: &str) -> String {
        self.name(key).map_or_else(String::new, |name| format!("{before}{name}"))
    }

    /// A word of ours after some words, or nothing.
    fn words(&self, before: &str, key: &str) -> String {
        self.text(key).map_or_else(String::new, |word| format!("{before}{}", word.replace('_', " ")))
    }

    /// A name that is told as it is after some words, or nothing.
    fn words_raw(&self, before: &str, key: &str) -> String {
        self.text(key).map_or_else(String::new, |name| format!("{before}{name}"))
    }

    fn ranked(&self) -> String {
        let by =
            self.text("model").map_or_else(|| "not ranked by any model".to_owned(), |id| format!("ranked by {id}"));
        let goes = self.named("; recommended ", "route");
        let reason = self.text("reason").filter(|_| !goes.is_empty());
        let why = reason.map_or_else(String::new, |reason| format!(" ({})", reason.replace('_', " ")));
        let by = if self.details.is_null() { "ranked".to_owned() } else { by };
        format!("{by}{goes}{why}{}", self.words("; lane ", "lane"))
    }

    fn superseded(&self) -> String {
        match (self.is("deleted"), self.is("converted")) {
            (true, _) => "superseded: it was deleted in the CRM".to_owned(),
            (_, true) => "superseded: it was converted in the CRM".to_owned(),
            _ => format!("somebody was faster in the CRM{}", self.named("; owner ", "owner")),
        }
    }

    fn decided(&self) -> String {
        let Some(verdict) = self.text("verdict") else { return "decided".to_owned() };
        let why = self.text("reason").map_or_else(String::new, |code| format!(", reason {code}"));
        let unwritten = if self.details.get("write").and_then(Value::as_bool) == Some(false) {
            "; recorded only, not written"
        } else {
            ""
        };
        format!("{}{}{why}{unwritten}", verdict.replace('_', " "), self.named(": goes to ", "owner"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::LeadId;

    #[test]
    fn events_are_told_as_sentences_with_names() {
        let names = [("r1", "Emeka Okafor"), ("r2", "Ana Ruiz")].map(|(id, name)| (id.to_owned(), name.to_owned()));
        let told = |what: &str, details: Value| {
            let event = AuditEvent {
                at: DateTime::UNIX_EPOCH,
                actor: "worker".into(),
                what: what.into(),
                lead_id: Some(LeadId::new("l1")),
                trace_id: None,
                details,
            };
            sentence(&event, &names.clone().into())
        };
        let rep = |id: &str| json!({ "kind": "rep", "id": id });
        assert_eq!(
            told("lead.received", json!({ "legacy_owner": rep("r1") })),
            "received from the CRM; legacy owner Emeka Okafor"
        );
        let route = json!({ "kind": "assign_rep", "id": "r2" });
        assert_eq!(
            told(
                "lead.ranked",
                json!({ "model": "m-2026", "route": route, "reason": "model_pick", "lane": "disagree" })
            ),
            "ranked by m-2026; recommended Ana Ruiz (model pick); lane disagree"
        );
        assert_eq!(
            told("lead.ranked", json!({ "model": null, "route": null, "lane": "failed" })),
            "not ranked by any model; lane failed"
        );
        assert_eq!(told("lead.returned", json!({ "rep": "r2", "how": "returned" })), "Ana Ruiz gave it back");
        assert_eq!(
            told("lead.sla_breached", json!({ "rep": "r2", "contacted_at": null, "reassigned": true })),
            "Ana Ruiz made no contact in time, so it is routed anew"
        );
        assert_eq!(
            told(
                "decision.taken",
                json!({ "verdict": "keep_legacy", "owner": rep("r1"), "reason": "R", "write": false })
            ),
            "keep legacy: goes to Emeka Okafor, reason R; recorded only, not written"
        );
        assert_eq!(told("effect.done", json!({ "owner": null })), "written to the CRM");
        assert_eq!(told("lead.something_new", Value::Null), "lead something new");
    }
}
