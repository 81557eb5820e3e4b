//! People and queues by the names that rules call them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::{nearest, quoted, quoted_list};
use crate::domain::ids::{QueueId, RepId};
use crate::domain::rep::{Queue, Roster};

/// A user of the CRM, with every name that a rule may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user.
    pub id: RepId,
    /// Full name.
    pub name: String,
    /// The name they log in with, if known.
    pub user_name: Option<String>,
    /// Their e-mail address, if known.
    pub email: Option<String>,
    /// Whether the CRM lets them own leads.
    pub active: bool,
}

/// Why a name leads to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum NotFound {
    /// Nobody is called so.
    Unknown {
        /// The name.
        name: String,
        /// A name that is much like it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        near: Option<String>,
    },
    /// More than one is called so.
    Ambiguous {
        /// The name.
        name: String,
        /// Their ids.
        ids: Vec<RepId>,
    },
}

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name, near: None } => write!(f, "nobody is called {}", quoted(name)),
            Self::Unknown { name, near: Some(near) } => {
                write!(f, "nobody is called {}; did you mean {}?", quoted(name), quoted(near))
            }
            Self::Ambiguous { name, ids } => write!(
                f,
                "{} are called {}: {}",
                ids.len(),
                quoted(name),
                quoted_list(ids.iter().map(RepId::as_str), 5)
            ),
        }
    }
}

/// Everybody and every queue, by name.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    people: Vec<Person>,
    by_id: BTreeMap<RepId, usize>,
    /// Names in lower case.
    by_name: BTreeMap<String, Vec<usize>>,
    /// Keys in lower case, with the key as it is written.
    queues: BTreeMap<String, (String, QueueId)>,
}

/// Case and outer blanks do not tell names apart.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Directory {
    /// Puts people and queues together.
    pub fn new(people: Vec<Person>, queues: &[Queue]) -> Self {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, person) in people.iter().enumerate() {
            let names = [Some(&person.name), person.user_name.as_ref(), person.email.as_ref()];
            for name in names.into_iter().flatten().map(|name| folded(name)).filter(|name| !name.is_empty()) {
                let called = by_name.entry(name).or_default();
                if !called.contains(&index) {
                    called.push(index);
                }
            }
        }
        let by_id = people.iter().enumerate().map(|(index, person)| (person.id.clone(), index)).collect();
        let queues = queues.iter().map(|queue| (folded(&queue.key), (queue.key.clone(), queue.id.clone()))).collect();
        Self { people, by_id, by_name, queues }
    }

    /// The reps and queues of a roster: by id, full name, and what the training history calls them.
    pub fn of(roster: &Roster) -> Self {
        let people = roster.reps.iter().map(|rep| Person {
            id: rep.id.clone(),
            name: rep.name.clone(),
            user_name: rep.user_name.clone().or_else(|| Some(rep.key.as_str().to_owned())),
            email: rep.email.clone(),
            active: rep.active,
        });
        Self::new(people.collect(), &roster.queues)
    }

    /// The person with this id, user name, e-mail address or full name.
    ///
    /// # Errors
    /// Nobody is called so, or more than one.
    pub fn person(&self, name: &str) -> Result<&Person, NotFound> {
        if let Some(person) = self.by_id.get(&RepId::new(name.trim())).and_then(|index| self.people.get(*index)) {
            return Ok(person);
        }
        let called = self.by_name.get(&folded(name)).map_or(&[][..], Vec::as_slice);
        let mut people = called.iter().filter_map(|index| self.people.get(*index));
        match (people.next(), people.next()) {
            (Some(person), None) => Ok(person),
            (None, _) => {
                let names = self.people.iter().flat_map(|person| {
                    [Some(person.name.as_str()), person.user_name.as_deref(), person.email.as_deref()]
                });
                let near = nearest(name, names.flatten()).map(str::to_owned);
                Err(NotFound::Unknown { name: name.to_owned(), near })
            }
            (Some(_), Some(_)) => {
                let ids = called.iter().filter_map(|index| self.people.get(*index)).map(|person| person.id.clone());
                Err(NotFound::Ambiguous { name: name.to_owned(), ids: ids.collect() })
            }
        }
    }

    /// The queue with this `DeveloperName`.
    ///
    /// # Errors
    /// There is none.
    pub fn queue(&self, name: &str) -> Result<&QueueId, NotFound> {
        self.queues.get(&folded(name)).map(|(_, id)| id).ok_or_else(|| NotFound::Unknown {
            name: name.to_owned(),
            near: nearest(name, self.queues.values().map(|(key, _)| key.as_str())).map(str::to_owned),
        })
    }
}
