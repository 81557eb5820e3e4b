//! A demo org that is running, as its host sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use toml::{Table, Value as Toml};

use super::auth::Credentials;
use super::server::Server;
use super::world::World;

/// A running demo org. It stops when it is dropped, or in good order by [`RunningOrg::shutdown`].
pub struct RunningOrg {
    address: SocketAddr,
    began: DateTime<Utc>,
    server: Arc<Server>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

impl RunningOrg {
    pub(super) fn new(
        address: SocketAddr,
        began: DateTime<Utc>,
        server: Arc<Server>,
        tasks: TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        Self { address, began, server, tasks, cancel }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it was made, in whole seconds: its history is older than this, its live leads are not. The same after every
    /// restart on the same journal.
    pub const fn began(&self) -> DateTime<Utc> {
        self.began
    }

    /// Its address for clients: both the login host and the instance.
    pub fn url(&self) -> &str {
        &self.server.authority.url
    }

    /// What clients log in with.
    pub fn credentials(&self) -> &Credentials {
        &self.server.authority.credentials
    }

    /// The user that clients act as; `sub` of a JWT login.
    pub fn username(&self) -> &str {
        self.server.authority.username
    }

    /// How many leads came in live so far, those of earlier runs included.
    pub fn leads_arrived(&self) -> u64 {
        self.server.state().org.arrived()
    }

    /// How many leads can still come; `None` without end.
    pub fn leads_left(&self) -> Option<u64> {
        match &self.server.world {
            World::Company { .. } => None,
            World::Replay(replay) => Some((replay.len() as u64).saturating_sub(self.leads_arrived())),
        }
    }

    /// In a replay: leads created before this are history, to be imported from the file.
    pub fn history_ends(&self) -> Option<DateTime<Utc>> {
        match &self.server.world {
            World::Company { .. } => None,
            World::Replay(replay) => replay.cut(),
        }
    }

    /// Stops arrivals and outcomes, or lets them go on. Requests are answered either way.
    pub fn set_paused(&self, paused: bool) {
        self.server.state().life.set_paused(paused);
        self.server.changed.notify_one();
    }

    /// The `[salesforce]` section with which leadboard finds this org and reads its fields, as TOML.
    pub fn leadboard_config(&self) -> String {
        let mut section = Table::from_iter([
            ("login_url".to_owned(), Toml::from(self.url())),
            ("auth".to_owned(), "client_credentials".into()),
            ("client_id".to_owned(), self.credentials().client_id.as_str().into()),
            ("client_secret".to_owned(), self.credentials().client_secret.as_str().into()),
            ("poll_seconds".to_owned(), 1.0.into()),
            ("rep_out_of_office".to_owned(), "Away_Until__c".into()),
            ("accounts".to_owned(), true.into()),
            // Whoever starts later still gets the leads that came in before.
            ("since".to_owned(), self.began.to_rfc3339_opts(SecondsFormat::Secs, true).into()),
        ]);
        let events = [("enabled".to_owned(), Toml::from(false)), ("endpoint".to_owned(), self.url().into())];
        section.insert("pubsub".into(), Table::from_iter(events).into());
        if let World::Replay(replay) = &self.server.world {
            let named = |numeric: bool| {
                let facts = replay.fact_fields().iter().filter(move |fact| fact.numeric == numeric);
                facts.map(|fact| (fact.fact.clone(), Toml::from(fact.field.as_str()))).collect::<Table>()
            };
            let fields = [("numeric".to_owned(), named(true).into()), ("categorical".to_owned(), named(false).into())];
            section.insert("rep_key".into(), "Name".into());
            section.insert("fields".into(), Table::from_iter(fields).into());
        }
        Table::from_iter([("salesforce".to_owned(), Toml::from(section))]).to_string()
    }

    /// Stops answering, after the requests that are being answered.
    pub async fn shutdown(self) {
        self.cancel.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for RunningOrg {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl std::fmt::Debug for RunningOrg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningOrg").field("address", &self.address).finish_non_exhaustive()
    }
}
