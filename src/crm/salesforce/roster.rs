//! Reps and queues.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Salesforce;
use super::errors::Fault;
use super::map::Record;
use super::query::{Api, Condition, Select, Value};
use crate::domain::ids::{QueueId, RepId, RepKey};
use crate::domain::rep::{Queue, Rep, Roster};

impl Salesforce {
    /// Standard users, inactive ones included, and the queues that may own leads.
    pub(super) async fn read_roster(&self) -> Result<Roster, Fault> {
        Ok(Roster { reps: self.read_reps().await?, queues: self.read_queues().await? })
    }

    /// Queues that may own leads.
    pub(super) async fn read_queues(&self) -> Result<Vec<Queue>, Fault> {
        let groups = Select::new(["Id", "Name", "DeveloperName"].map(Api::known), "Group")
            .filter(Condition::Eq(Api::known("Type"), Value::Text("Queue".into())))
            .order([Api::known("Id")]);
        // A queue owns only the objects it is enabled for; assigning a lead to another is refused.
        let enabled = Select::new([Api::known("QueueId")], "QueueSobject")
            .filter(Condition::Eq(Api::known("SobjectType"), Value::Text("Lead".into())))
            .order([Api::known("Id")]);
        let enabled: HashSet<String> = self
            .client
            .query_all_rows(&enabled)
            .await?
            .iter()
            .map(|raw| Ok(Record::parse(raw)?.id("QueueId")))
            .filter_map(Result::transpose)
            .collect::<Result<_, Fault>>()?;
        let mut queues = Vec::new();
        for raw in self.client.query_all_rows(&groups).await? {
            let record = Record::parse(&raw)?;
            if let Some(id) = record.id("Id").filter(|id| enabled.contains(id)) {
                let key = record.text("DeveloperName").unwrap_or_else(|| id.clone());
                let name = record.text("Name").unwrap_or_else(|| key.clone());
                queues.push(Queue { id: QueueId::new(id), name, key });
            }
        }
        Ok(queues)
    }

    /// Standard users, inactive ones included.
    pub(super) async fn read_reps(&self) -> Result<Vec<Rep>, Fault> {
        let rows = loop {
            let fields = ["Id", "Name", "IsActive"].into_iter().map(Api::known);
            let fields = fields.chain([self.rep_key.clone()]).chain(self.rep_territory.clone());
            let users = Select::new(fields.chain(self.rep_names.shown()), "User")
                .filter(Condition::Eq(Api::known("UserType"), Value::Text("Standard".into())))
                .order([Api::known("Id")]);
            match self.client.query_all_rows(&users).await {
                Err(fault) if self.rep_names.learns_from(&fault, &self.client).await => {}
                answer => break answer?,
            }
        };
        let mut reps = Vec::new();
        for raw in rows {
            let record = Record::parse(&raw)?;
            let Some(id) = record.id("Id") else { continue };
            // A user without the key field is nobody in the history; the id keeps them apart from everybody else.
            let key = if self.keys_are_ids() { None } else { record.text(self.rep_key.as_str()) };
            reps.push(Rep {
                key: RepKey::new(key.unwrap_or_else(|| id.clone())),
                name: record.text("Name").unwrap_or_else(|| id.clone()),
                active: record.flag("IsActive"),
                territory: self.rep_territory.as_ref().and_then(|field| record.text(field.as_str())),
                user_name: record.text("Username"),
                email: record.text("Email"),
                id: RepId::new(id),
            });
        }
        Ok(reps)
    }

    /// Whether the history knows reps by their user id.
    fn keys_are_ids(&self) -> bool {
        self.rep_key.as_str().eq_ignore_ascii_case("Id")
    }

    /// How the history calls each user; `None` when it calls them by id. Read once for a walk over the history.
    pub(super) async fn rep_keys(&self, anew: bool) -> Result<Option<Arc<HashMap<RepId, RepKey>>>, Fault> {
        if self.keys_are_ids() {
            return Ok(None);
        }
        let mut keys = self.keys.lock().await;
        match &*keys {
            Some(known) if !anew => Ok(Some(Arc::clone(known))),
            _ => {
                let reps = self.read_reps().await?;
                let read = Arc::new(reps.into_iter().map(|rep| (rep.id, rep.key)).collect());
                *keys = Some(Arc::clone(&read));
                Ok(Some(read))
            }
        }
    }
}
