//! The composite request of a decision.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{DECISION, DECISION_KEY};
use crate::crm::salesforce::client::{AUTO_ASSIGN, Client};
use crate::crm::salesforce::errors::{Class, Fault};
use crate::crm::salesforce::query::{Api, Condition, Select, Value as Soql};
use crate::crm::salesforce::wire::{Composite, Subrequest};
use crate::crm::salesforce::{dates, ids};
use crate::domain::effect::{DecisionWrite, SourceWrite, TaskWrite};

/// Reference ids of the subrequests.
pub(super) const AUDIT: &str = "audit";
pub(super) const GUARD: &str = "guard";
pub(super) const LEAD: &str = "lead";
pub(super) const TASK: &str = "task";
pub(super) const AFTER: &str = "after";

/// What is read of the lead inside the same transaction, after all automation of the org ran.
const READ_BACK: &str = "OwnerId,LastModifiedDate,SystemModstamp,IsConverted";

/// Lengths of the text fields we write, as deployed by `assets/salesforce`. `Subject` and `Description` are standard.
mod length {
    pub(super) const REASON: usize = 255;
    pub(super) const CODE: usize = 40;
    pub(super) const NAME: usize = 80;
    pub(super) const SUBJECT: usize = 255;
    pub(super) const DESCRIPTION: usize = 32_000;
    pub(super) const KEY: usize = 64;
    pub(super) const SOURCE: usize = 255;
}

/// A decision with its ids checked, so that none can change the address it stands in.
pub(super) struct Parts<'a> {
    pub(super) write: &'a DecisionWrite,
    pub(super) lead: String,
    pub(super) key: &'a str,
    /// The lead source to set, with the field that has it; none where somebody has chosen theirs.
    pub(super) source: Option<(&'a SourceWrite, &'a Api)>,
    /// The field in which reps give leads back, to be cleared.
    clears: Option<Api>,
}

impl<'a> Parts<'a> {
    /// `source` is the field of the lead source, and `returned` the one in which reps give leads back, where the org has it.
    pub(super) fn new(write: &'a DecisionWrite, source: Option<&'a Api>, returned: Option<Api>) -> Result<Self, Fault> {
        let refuse = |what: &str, id: &str| Fault::new(Class::Permanent, format!("{what} {id:?} cannot be written"));
        let lead = ids::normalise(write.lead_id.as_str()).filter(|id| id.starts_with("00Q"));
        let lead = lead.ok_or_else(|| refuse("lead id", write.lead_id.as_str()))?;
        let key = write.key.as_str();
        if key.is_empty() || key.len() > length::KEY || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(refuse("decision key", key));
        }
        if ids::owner(write.owner.id()).as_ref() != Some(&write.owner) {
            return Err(refuse("owner id", write.owner.id()));
        }
        let clears = returned.filter(|_| write.return_reason.is_some());
        Ok(Self { write, lead, key, source: write.source.as_ref().zip(source), clears })
    }

    /// What is read of the lead, its source included where that is to be set.
    pub(super) fn read_back(&self) -> String {
        self.source.map_or_else(|| READ_BACK.to_owned(), |(_, field)| format!("{READ_BACK},{}", field.as_str()))
    }

    /// The whole write. It takes effect only if the lead was not changed since that time.
    pub(super) fn composite(&self, client: &Client, unmodified_since: DateTime<Utc>) -> Composite {
        let lead_path = format!("sobjects/Lead/{}", self.lead);
        // Resolved by the org from what the guard found; without a lead it cannot be, and all is rolled back.
        let guarded_path = format!("sobjects/Lead/@{{{GUARD}.records[0].Id}}");
        let step = |method, resource: &str, reference_id, condition: Option<String>, body| Subrequest {
            method,
            url: client.path(resource),
            reference_id,
            http_headers: headers(condition),
            body,
        };
        let mut steps = vec![
            step("POST", &format!("sobjects/{DECISION}"), AUDIT, None, Some(self.decision())),
            step("GET", &self.guard(), GUARD, None, None),
            step("PATCH", &guarded_path, LEAD, Some(dates::http(unmodified_since)), Some(self.lead())),
        ];
        if let (Some(task), Some(_)) = (&self.write.task, self.write.owner.rep()) {
            steps.push(step("POST", "sobjects/Task", TASK, None, Some(self.task(task))));
        }
        steps.push(step("GET", &format!("{lead_path}?fields={}", self.read_back()), AFTER, None, None));
        Composite { all_or_none: true, collate_subrequests: false, steps }
    }

    /// Finds the lead if it still has the owner that the decision started from and is not converted. Dates have whole
    /// seconds, so the condition on the date lets a change pass that a person made in the very second of the date; this
    /// one does not. The same holds for the source, if that is to be set.
    fn guard(&self) -> String {
        let equals = |field, value| Condition::Eq(Api::known(field), value);
        let mut select = Select::new([Api::known("Id")], "Lead")
            .filter(equals("Id", Soql::Text(self.lead.clone())))
            .filter(equals("OwnerId", Soql::Text(self.write.expected_owner.id().to_owned())))
            .filter(equals("IsConverted", Soql::Bool(false)));
        if let Some((set, field)) = self.source {
            let from = set.from.clone().map_or(Soql::Null, Soql::Text);
            select = select.filter(Condition::Eq(field.clone(), from));
        }
        format!("query?q={}", select.encoded())
    }

    fn decision(&self) -> Value {
        let write = self.write;
        let mut body = json!({
            DECISION_KEY: self.key,
            "Trace_Id__c": write.trace_id.to_string(),
            "Lead__c": self.lead,
            "Assigned_Owner_Id__c": write.owner.id(),
            "Legacy_Owner_Id__c": write.legacy_owner.id(),
            "Verdict__c": cut(&write.verdict, length::CODE),
            "Reason_Code__c": cut(&write.reason_code, length::CODE),
            "Reason__c": cut(&write.reason, length::REASON),
            "Win_Probability__c": probability(write.p_win),
            "Model__c": cut(&write.model, length::NAME),
            "Decided_By__c": cut(&write.decided_by, length::NAME),
            "Decided_At__c": dates::write(write.decided_at),
        });
        // A queue is no user, so the lookup stays empty for it.
        if let Some(rep) = write.owner.rep() {
            body["Assigned_Rep__c"] = json!(rep.as_str());
        }
        body
    }

    fn lead(&self) -> Value {
        let write = self.write;
        let mut body = json!({
            "AI_Assigned__c": write.ai_assigned,
            "AI_Routing_Reason__c": cut(&write.reason, length::REASON),
            "AI_Win_Probability__c": probability(write.p_win),
        });
        if let Some(field) = &self.clears {
            body[field.as_str()] = Value::Null;
        }
        // An owner that stays is not written: "change of owner" would wake automation for nothing.
        if write.owner != write.expected_owner {
            body["OwnerId"] = json!(write.owner.id());
        }
        if let Some((set, field)) = self.source {
            body[field.as_str()] = json!(set.to.as_deref().map(|to| cut(to, length::SOURCE)));
        }
        body
    }

    fn task(&self, task: &TaskWrite) -> Value {
        json!({
            "WhoId": self.lead,
            "OwnerId": self.write.owner.id(),
            "Subject": cut(&task.subject, length::SUBJECT),
            "Description": cut(&task.description, length::DESCRIPTION),
            "ActivityDate": dates::write_date(task.due_at),
            "Status": "Not Started",
            "Priority": "High",
        })
    }
}

/// Headers of a subrequest: it inherits none of the outer ones but three, so the assignment rules must be silenced in
/// each, also where the lead is touched only by a trigger.
fn headers(unmodified_since: Option<String>) -> Map<String, Value> {
    let mut headers = Map::new();
    headers.insert(AUTO_ASSIGN.0.to_owned(), AUTO_ASSIGN.1.into());
    if let Some(date) = unmodified_since {
        headers.insert("If-Unmodified-Since".to_owned(), date.into());
    }
    headers
}

/// Text that fits a field. Salesforce counts as Java does, in UTF-16 units; a character is never cut in half. Control
/// characters other than line breaks and tabs are dropped: no field shows them and some interfaces choke on them.
fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
        .take_while(|c| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

/// A probability with the four decimals that the field has; absent is null.
fn probability(p: Option<f64>) -> Value {
    p.filter(|p| p.is_finite()).map_or(Value::Null, |p| json!((p.clamp(0.0, 1.0) * 1e4).round() / 1e4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("a🦀b", 2), "a");
        assert_eq!(cut("a🦀b", 3), "a🦀");
        assert_eq!(cut("a\u{0}\u{1b}\nb", 9), "a\nb");
    }

    #[test]
    fn probabilities_have_four_decimals() {
        assert_eq!(probability(Some(0.123_456)), json!(0.1235));
        assert_eq!(probability(Some(f64::NAN)), Value::Null);
        assert_eq!(probability(None), Value::Null);
    }

    proptest! {
        #[test]
        fn cut_text_always_fits(text in crate::testing::text(32), units in 0usize..40) {
            prop_assert!(cut(&text, units).encode_utf16().count() <= units);
        }
    }
}
