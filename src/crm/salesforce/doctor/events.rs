//! Change events: whether their topic may be listened to, and whether what it says can be read. Nothing is failed by them,
//! because polling alone finds every lead.

use crate::app::doctor::Finding;
use crate::crm::salesforce::Salesforce;
use crate::crm::salesforce::errors::{Class, Fault};
use crate::crm::salesforce::query::Api;

const TOPIC: &str = "event_topic";
const SCHEMA: &str = "event_schema";
/// The checks, in their order.
pub(super) const IDS: [&str; 2] = [TOPIC, SCHEMA];

impl Salesforce {
    /// Topic and schema; nothing where change events are switched off.
    pub(super) async fn examine_events(&self) -> Vec<Finding> {
        let Some(pubsub) = &self.pubsub else { return Vec::new() };
        let (endpoint, topic) = pubsub.names();
        let looked = match self.client.session().await {
            Ok(session) => pubsub.look(&session).await,
            Err(fault) => Err(fault),
        };
        let found = match looked {
            Ok(found) => found,
            Err(fault) => {
                let seen = format!("{topic} cannot be listened to: {}", fault.message);
                let unread = Finding::skipped(SCHEMA, "Not looked at: the topic cannot be listened to.");
                return vec![Finding::warning(TOPIC, seen, advice(&fault, &endpoint)), unread];
            }
        };
        vec![Finding::passed(TOPIC, format!("{topic} may be listened to.")), self.schema(found.fields)]
    }

    fn schema(&self, fields: Result<Option<Vec<String>>, String>) -> Finding {
        let fields = match fields {
            Ok(Some(fields)) => fields,
            Ok(None) => return Finding::passed(SCHEMA, "Each event of this channel names its schema."),
            Err(why) => {
                return Finding::warning(
                    SCHEMA,
                    format!("The schema of the change events cannot be read: {why}"),
                    "Name a channel of Lead's change events in salesforce.pubsub.topic; leads are found by polling alone \
                     until then.",
                );
            }
        };
        let has = |name: &str| fields.iter().any(|field| field.eq_ignore_ascii_case(name));
        let facts: Vec<_> = self.fields.all().filter(|fact| !fact.as_str().contains('.')).collect();
        let untold: Vec<&str> = facts.iter().map(Api::as_str).filter(|name| !has(name)).collect();
        if untold.is_empty() {
            return Finding::passed(
                SCHEMA,
                format!("The change events have {} fields, with all that are read.", fields.len()),
            );
        }
        // A formula, for example, has no changes of its own.
        Finding::passed(
            SCHEMA,
            format!(
                "The change events have {} fields; changes of {} are seen by polling.",
                fields.len(),
                untold.join(", ")
            ),
        )
    }
}

/// What to do about a topic that cannot be listened to.
fn advice(fault: &Fault, endpoint: &str) -> String {
    let what = match fault.class {
        Class::Configuration | Class::NotFound | Class::Permanent => {
            "In Setup, select Lead for Change Data Capture (or name its channel in salesforce.pubsub.topic), and give the \
             integration user \"View All\" on Lead"
                .to_owned()
        }
        Class::Quota { .. } => "Too many programs listen, or too many events were delivered today; try again later".to_owned(),
        Class::SessionExpired | Class::Credentials => {
            "The Pub/Sub API does not take the session of the REST API; let the app use the scope \"api\"".to_owned()
        }
        _ => format!("Let this machine reach {endpoint} by HTTP/2, past any proxy"),
    };
    format!("{what}. Leads are found by polling alone until then.")
}
