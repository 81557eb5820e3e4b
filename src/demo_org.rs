//! The demo org: an HTTP server on loopback that speaks the subset of the Salesforce REST API that leadboard uses, and
//! speaks it strictly, as the public documentation describes. What a real org would refuse is refused here, with the
//! same codes; in particular its assignment rule fires again on every update that does not forbid it.
//!
//! It serves a generated company with a planted truth ([`Source::Company`]) or real closed deals ([`Source::Replay`]).
//! The truth is known here alone and is told to nobody but the holder of the admin token, under `/demo`:
//!
//! | request | answers |
//! |---|---|
//! | `POST /demo/truth {"pairs": [[lead, owner]]}` | `{"probabilities": [p or null]}` |
//! | `POST /demo/pools {"lead_ids": [lead]}` | the truly best active rep of each lead's territory |
//! | `GET /demo/stats`, `POST /demo/mark` | live leads, records, API calls by kind since the start and the mark |
//! | `GET /demo/journal?after=n&limit=n` | effects: arrivals, owner changes, decision records, tasks, conversions |
//! | `POST /demo/arrivals {"count": n}` | n more leads now |
//! | `POST /demo/owner {"lead": id, "owner": id}` | a person moves a lead |
//! | `POST /demo/person {"lead": id, "act": "take"}` | a person takes, converts, merges, deletes or edits a lead |
//! | `GET /demo/faults` | how the knobs stand, how often each fault was injected, what is under way because of them |
//! | `POST /demo/faults {"faults": "all,slow=0.1", "seed": n}` | turns knobs ([`FaultPlan`]) |
//! | `POST /demo/authorise` | `{"refresh_token": …}`, as if a person had allowed the app; good until the org stops |
//! | `POST /demo/call {"lead": id, "owner": id}` | a rep logs a call with a lead |
//! | `POST /demo/fail_jobs {"count": n}` | 204; the next n bulk jobs fail |
//! | `POST /demo/pause`, `resume`, `expire_tokens` | 204 |
//!
//! On the same port it serves the Pub/Sub API (gRPC without TLS): change events of Lead, in Avro.
//!
//! With a journal file the org survives being killed at any moment: see [`DemoOrgConfig::journal`].

mod admin;
mod auth;
mod bulk;
mod chance;
mod company;
mod dml;
mod fault;
mod id;
mod knobs;
mod life;
mod line;
mod meddle;
mod org;
mod people;
pub mod planted;
mod pubsub;
mod replay;
mod rest;
mod rules;
mod running;
mod schema;
mod server;
mod setup;
mod soql;
mod stamp;
mod truth;
mod usage;
mod value;
mod weather;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::ports::Clock;
use crate::domain::deal::Deal;
use auth::{Authority, PublicKey, Tokens};
use bulk::Jobs;
use knobs::Knobs;
use life::Life;
use line::{Exchange, Scissors};
use org::Journal;
use pubsub::LeadEvents;
use replay::Replay;
use rest::Locators;
use server::{Manners, Server, State};
use stamp::Stamp;
use usage::Usage;
use world::{World, WorldKey};

pub use auth::Credentials;
pub use knobs::{Dial, FaultPlan, Knob};
pub use org::JournalError;
pub use running::RunningOrg;
pub use world::Pace;

/// Closed deals of the generated company unless asked otherwise.
pub const CLOSED_DEALS: u64 = 12_000;
/// The seed of the generated company unless asked otherwise.
pub const SEED: u64 = 20_261_122;

/// How to run a demo org.
#[derive(Clone, Debug)]
pub struct DemoOrgConfig {
    /// Where to listen; must be a loopback address. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// File that keeps everything that happens, readable by its owner only. An org that is started on it again is the
    /// same org: same records, same credentials. Without one everything is forgotten at the end.
    pub journal: Option<PathBuf>,
    /// What clients log in with; generated if absent. A journal keeps the first ones, and these are ignored then.
    pub credentials: Option<Credentials>,
    /// PEM of the RSA public key that JWT logins are checked with; without it there are none.
    pub jwt_public_key: Option<String>,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// API calls allowed in 24 hours.
    pub daily_api_calls: u64,
    /// What the org is made from.
    pub source: Source,
    /// Whether every rep of the generated company is as good as every other, so that who works a lead does not matter.
    pub reps_alike: bool,
    /// How fast leads come in by themselves.
    pub pace: Pace,
    /// Seconds of a deal's life that pass in one second, for leads with a decision record; their deals then close, won
    /// with the true probability of whoever owns them. `None` leaves all deals open.
    pub outcome_speed: Option<f64>,
    /// The faults it has from the start.
    pub faults: FaultPlan,
    /// Seed of the faults.
    pub fault_seed: u64,
    /// `Retry-After` in seconds, sent when a quota is used up. Salesforce promises none.
    pub retry_after: Option<u32>,
    /// How often a subscriber hears something while nothing changes.
    pub event_keep_alive: Duration,
}

impl Default for DemoOrgConfig {
    /// The generated company on a free port, nothing happening by itself, nothing kept.
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            journal: None,
            credentials: None,
            jwt_public_key: None,
            token_lifetime: Duration::from_hours(2),
            daily_api_calls: 160_000,
            source: Source::Company { seed: SEED, closed_deals: CLOSED_DEALS },
            reps_alike: false,
            pace: Pace::Never,
            outcome_speed: None,
            faults: FaultPlan::default(),
            fault_seed: 0,
            retry_after: None,
            event_keep_alive: Duration::from_secs(270),
        }
    }
}

/// What an org is made from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A generated company: 60 reps in 6 territories, closed deals, planted truth.
    Company {
        /// Everything follows from it.
        seed: u64,
        /// Closed deals of history.
        closed_deals: u64,
    },
    /// Real closed deals. Those whose leads were created in the last `live_days` of the data come in live, the others
    /// are not in the org.
    Replay {
        /// All of them, in any order.
        deals: Vec<Deal>,
        /// Days of the data, counted from its end, that are replayed.
        live_days: u32,
    },
}

/// Why a demo org does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoOrgError {
    /// It would be reachable from outside.
    #[error("a demo org listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// The port is taken, or similar.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal belongs to a company of another seed, or to another file of deals.
    #[error("the journal {0} belongs to another demo org (other seed, deals or period); use another file")]
    OtherOrg(PathBuf),
    /// The key is no RSA public key in PEM.
    #[error("the JWT key is not an RSA public key in PEM (BEGIN PUBLIC KEY)")]
    BadKey,
    /// The fields of its leads have names that change events cannot have.
    #[error("cannot tell of changes of leads: {0}")]
    Events(String),
    /// The system has no randomness to give.
    #[error("cannot make credentials: no randomness")]
    NoRandomness,
}

/// First line of a journal: how to make the org that everything after it happened to.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// Rises when the lines or the generated company change their meaning.
    demo_org_journal: u32,
    world: WorldKey,
    base: Stamp,
    credentials: Credentials,
}

const JOURNAL_VERSION: u32 = 1;

/// The demo org.
#[derive(Debug)]
pub struct DemoOrg;

impl DemoOrg {
    /// Makes the org, brings it to where its journal left it, and opens its door. Must be called inside a tokio
    /// runtime.
    ///
    /// # Errors
    /// See [`DemoOrgError`].
    pub async fn start(config: DemoOrgConfig, clock: Arc<dyn Clock>) -> Result<RunningOrg, DemoOrgError> {
        if !config.bind.ip().is_loopback() {
            return Err(DemoOrgError::NotLoopback(config.bind));
        }
        let public_key = match &config.jwt_public_key {
            Some(pem) => Some(PublicKey::from_pem(pem).ok_or(DemoOrgError::BadKey)?),
            None => None,
        };
        let world = match config.source {
            Source::Company { seed, closed_deals } => World::company(seed, closed_deals, config.reps_alike),
            Source::Replay { deals, live_days } => World::Replay(Replay::new(deals, live_days)),
        };
        let fresh = Header {
            demo_org_journal: JOURNAL_VERSION,
            world: world.key(),
            base: Stamp::from(clock.now()),
            credentials: match config.credentials {
                Some(credentials) => credentials,
                None => Credentials::generate().map_err(|_| DemoOrgError::NoRandomness)?,
            },
        };
        let (mut org, credentials, base) = match &config.journal {
            None => (world.make_org(fresh.base), fresh.credentials, fresh.base),
            Some(path) => {
                let (journal, header, lines) = Journal::open(path, || fresh)?;
                if header.demo_org_journal != JOURNAL_VERSION || header.world != world.key() {
                    return Err(DemoOrgError::OtherOrg(path.clone()));
                }
                let mut org = world.make_org(header.base);
                org.resume(journal, lines);
                (org, header.credentials, header.base)
            }
        };
        let listening = async {
            let listener = TcpListener::bind(config.bind).await?;
            let address = listener.local_addr()?;
            std::io::Result::Ok((listener, address))
        };
        let (listener, address) =
            listening.await.map_err(|source| DemoOrgError::Listen { address: config.bind, source })?;
        org.knobs = Knobs::new(&config.faults, config.fault_seed);
        let landmarks = org.landmarks();
        let authority = Authority {
            credentials,
            public_key,
            username: setup::INTEGRATION_USERNAME,
            url: format!("http://{address}"),
            lifetime_seconds: config.token_lifetime.as_secs() as i64,
            org: landmarks.org,
            user: landmarks.integration_user,
        };
        let state = State {
            org,
            tokens: Tokens::default(),
            locators: Locators::default(),
            jobs: Jobs::default(),
            usage: Usage::new(config.daily_api_calls),
            life: Life::new(config.pace, config.outcome_speed),
        };
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let events = LeadEvents::new(state.org.schema()).map_err(DemoOrgError::Events)?;
        let manners = Manners {
            retry_after: config.retry_after,
            event_keep_alive: config.event_keep_alive,
            closing: cancel.clone(),
        };
        let server = Arc::new(Server::new(state, world, authority, clock, events, manners));
        tasks.spawn(Arc::clone(&server).live(cancel.clone()));
        let service = Arc::clone(&server).router().into_make_service_with_connect_info::<Scissors>();
        let serving = axum::serve(Exchange(listener), service).with_graceful_shutdown(cancel.clone().cancelled_owned());
        tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the demo org stopped listening");
            }
        });
        tasks.close();
        Ok(RunningOrg::new(address, base.utc(), server, tasks, cancel))
    }
}
