//! Reps, queues and the roster of both.

use serde::{Deserialize, Serialize};

use super::ids::{QueueId, RepId, RepKey};

/// A sales representative as the CRM knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rep {
    /// The CRM user.
    pub id: RepId,
    /// How the training history calls them.
    pub key: RepKey,
    /// Full name, raw: sanitise before display.
    pub name: String,
    /// Whether the CRM lets them own leads.
    pub active: bool,
    /// Their sales territory; `None` works every territory.
    pub territory: Option<String>,
    /// The name they log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A CRM queue that may own leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// The queue.
    pub id: QueueId,
    /// Name for people.
    pub name: String,
    /// Stable name for programs (`DeveloperName` in Salesforce).
    pub key: String,
}

/// Everybody and everything that can own a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// All reps, inactive ones included (an exclusion needs a name).
    pub reps: Vec<Rep>,
    /// All queues enabled for leads.
    pub queues: Vec<Queue>,
}

impl Roster {
    /// The rep with this id.
    pub fn rep(&self, id: &RepId) -> Option<&Rep> {
        self.reps.iter().find(|r| &r.id == id)
    }

    /// The queue with this id.
    pub fn queue(&self, id: &QueueId) -> Option<&Queue> {
        self.queues.iter().find(|q| &q.id == id)
    }

    /// What the rep or queue with this id is called, raw: sanitise before display.
    pub fn name_of(&self, id: &str) -> Option<&str> {
        let rep = self.reps.iter().find(|rep| rep.id.as_str() == id).map(|rep| &rep.name);
        let queue = || self.queues.iter().find(|queue| queue.id.as_str() == id).map(|queue| &queue.name);
        rep.or_else(queue).map(String::as_str)
    }

    /// The queue with this stable name.
    pub fn queue_by_key(&self, key: &str) -> Option<&Queue> {
        self.queues.iter().find(|q| q.key == key)
    }
}
