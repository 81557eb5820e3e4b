//! A lead, as the CRM holds it and as we keep it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::LeadFacts;
use super::ids::{LeadId, QueueId, RepId, TraceId};
use super::lane::Lane;
use super::pool::Earlier;

/// Who owns a lead in the CRM: a person or a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Owner {
    /// A rep.
    Rep(RepId),
    /// A queue.
    Queue(QueueId),
}

impl Owner {
    /// The CRM's id of the owner, whichever kind it is.
    pub fn id(&self) -> &str {
        match self {
            Self::Rep(id) => id.as_str(),
            Self::Queue(id) => id.as_str(),
        }
    }

    /// The rep, unless a queue owns it.
    pub fn rep(&self) -> Option<&RepId> {
        match self {
            Self::Rep(id) => Some(id),
            Self::Queue(_) => None,
        }
    }
}

/// What the record says beside the facts. Routing may look at it, a model never does. Raw: sanitise before display.
///
/// It is personal data, so it leaves the store only with somebody who asks for it by name: it is not serialised with the
/// lead, and `Debug` tells what is there, not what it says.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// E-mail address of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Web site of the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// What the person wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The person's language, as the CRM names it (`de`, `German`, `de_DE`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Why the rep who has the lead gives it back, in their words. Of no form, and there only afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<String>,
    /// Whether the CRM says that it is no lead at all. Of no form either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disqualified: bool,
}

impl Form {
    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        matches!(
            self,
            Self { email: None, website: None, text: None, language: None, returned: None, disqualified: false }
        )
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = |field: &Option<String>| field.as_ref().map(|_| "…");
        f.debug_struct("Form")
            .field("email", &hidden(&self.email))
            .field("website", &hidden(&self.website))
            .field("text", &hidden(&self.text))
            .field("language", &self.language)
            .field("returned", &hidden(&self.returned))
            .field("disqualified", &self.disqualified)
            .finish()
    }
}

/// A lead as we read it from the CRM. The raw record is kept beside it in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// Company name, raw: sanitise before display.
    pub company: String,
    /// The person's name, raw.
    pub contact: Option<String>,
    /// What the model may know.
    pub facts: LeadFacts,
    /// What policy may know besides.
    #[serde(skip)]
    pub form: Form,
    /// Its owner at the moment of reading.
    pub owner: Owner,
    /// When a person or a program last changed it; the condition of a conditional write. Whole seconds in Salesforce.
    pub modified_at: DateTime<Utc>,
    /// The CRM's change stamp, by which polling finds it (also moves without a human change).
    pub modstamp: DateTime<Utc>,
    /// Converted to an opportunity, so no longer ours to route.
    pub converted: bool,
    /// Deleted, or merged into another lead.
    pub deleted: bool,
}

/// Where a lead stands. At every moment each received lead is in exactly one of the four; the conservation rule
/// `received = decided + in a lane + pending + superseded` is the sum over this.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LeadState {
    /// Received, not yet ranked.
    Pending,
    /// Ranked, waits for a person.
    InLane,
    /// A decision was taken; whether it is written is the outbox's business.
    Decided,
    /// Somebody was faster (owner changed, converted, deleted); nothing will be written.
    Superseded,
}

/// The owner that the CRM's own rules gave the lead. Captured once at intake and never overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyAssignment {
    /// The owner.
    pub owner: Owner,
    /// When we captured it.
    pub captured_at: DateTime<Utc>,
}

/// A rep who was given a lead by a decision and has it no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Had {
    /// The rep.
    pub rep: RepId,
    /// How they lost it.
    pub how: Earlier,
    /// When we learned of it.
    pub at: DateTime<Utc>,
    /// Why, in their words, raw: sanitise before display.
    pub why: Option<String>,
    /// What the lead said then, as a hash: they are not offered it again until it says something else.
    pub said: String,
    /// The decision that had given it to them.
    pub decision: TraceId,
    /// Whether a person had chosen them against what was recommended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
}

/// A lead with all that we know of where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadRecord {
    /// Our reading of it.
    pub lead: Lead,
    /// Where it stands.
    pub state: LeadState,
    /// The lane it waits in, while `InLane`.
    pub lane: Option<Lane>,
    /// Whom the CRM's own rules chose.
    pub legacy: LegacyAssignment,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// When it was last ranked.
    pub ranked_at: Option<DateTime<Utc>>,
    /// Hidden from its lane until then.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How many decisions were taken on it so far (undone ones included); makes each decision key unique.
    pub decisions_made: u32,
    /// Reps who were given it and have it no more, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Had>,
}

/// The conservation rule as numbers. `received` counts the intake ledger, the others the lead states, so that the
/// two can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conservation {
    /// Leads that ever reached us.
    pub received: u64,
    /// Leads with a standing decision.
    pub decided: u64,
    /// Leads that wait for a person.
    pub in_lane: u64,
    /// Leads not yet ranked.
    pub pending: u64,
    /// Leads where somebody was faster.
    pub superseded: u64,
}

impl Conservation {
    /// Received leads that are in none of the four states. Anything but 0 is a broken promise.
    pub fn lost(&self) -> i64 {
        let accounted = self.decided + self.in_lane + self.pending + self.superseded;
        self.received as i64 - accounted as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_said_is_in_no_export_and_no_log() {
        let said = |text: &str| Some(text.to_owned());
        let form = Form {
            email: said("ada@secret.example"),
            website: said("https://secret.example"),
            text: said("secret wishes"),
            language: said("de"),
            returned: said("secret grudges"),
            disqualified: false,
        };
        let at = DateTime::UNIX_EPOCH;
        let lead = Lead {
            id: LeadId::new("00Q1"),
            company: "Acme".into(),
            contact: None,
            facts: LeadFacts::empty(at),
            form: form.clone(),
            owner: Owner::Rep(RepId::new("bea")),
            modified_at: at,
            modstamp: at,
            converted: false,
            deleted: false,
        };
        for shown in [format!("{lead:?}"), format!("{lead:#?}"), serde_json::to_string(&lead).unwrap()] {
            assert!(shown.contains("Acme") && !shown.contains("secret"), "{shown}");
        }
        let kept: Form = serde_json::from_str(&serde_json::to_string(&form).unwrap()).unwrap();
        assert_eq!(kept, form, "the store keeps it by itself");
        assert!(!form.is_empty() && serde_json::from_str::<Form>("{}").unwrap().is_empty());
    }
}
