//! The Pub/Sub API (gRPC): the org tells which leads changed, within about a second.
//!
//! What it tells is a reason to poll and nothing else, so that all it may leave out (deliveries have an allocation of
//! their own, events are kept for three days, and gaps are part of the protocol) costs time and no lead. A subscription
//! goes on after the last place that was heard; where the org does not know that any more, it begins with the next event,
//! and polling reads what lies between. Reading the old events again would cost deliveries and tell nothing new.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apache_avro::Schema;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use super::auth::Session;
use super::errors::{Class, Fault};
use super::map;
use super::query::Api;
use super::{Limits, Salesforce, address};
use crate::app::ports::{CrmError, EventPlace, EventsError, Heard, LeadEvents, LeadStream};
use crate::config::salesforce as config;
use change::Change;
use refusal::{Refusal, classify};
use wire::{FetchRequest, FetchResponse, ReplayPreset, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest};

mod change;
mod refusal;
mod wire;

/// Events that may be under way to us: the most the org allows.
const WINDOW: i32 = 100;
/// With fewer than this we ask for more.
const LOW: i32 = 50;
/// Largest message that is read, and largest thing in an event: an event has at most 1 MB, and a message holds several.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// How often the operating system asks whether the other side is still there.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// Stamps, which every change changes.
const STAMPS: [&str; 3] = ["lastmodifieddate", "systemmodstamp", "createddate"];

type Schemas = Arc<Mutex<HashMap<String, Arc<Schema>>>>;

/// What every subscription of this org needs.
pub(super) struct PubSub {
    endpoint: Endpoint,
    topic: String,
    call_timeout: Duration,
    silence: Duration,
    /// Fields whose changes matter, in lower case.
    interest: Arc<BTreeSet<String>>,
    /// An id always means the same schema, so they are kept for ever. There is one for each change of the org's fields.
    schemas: Schemas,
}

impl PubSub {
    /// Checks the configuration; connects to nothing. `fields` are those that are read of Lead besides the system's own.
    /// `None` if it is switched off.
    pub(super) fn new(
        config: &config::PubSub,
        fields: impl Iterator<Item = Api>,
        limits: &Limits,
    ) -> Result<Option<Self>, Fault> {
        if !config.enabled {
            return Ok(None);
        }
        let url = address::endpoint(&config.endpoint)?;
        let wrong = |error: tonic::transport::Error| {
            Fault::new(Class::Configuration, format!("salesforce.pubsub.endpoint: {}", describe(&error)))
        };
        let mut endpoint = Endpoint::from_shared(url.to_string())
            .map_err(wrong)?
            .connect_timeout(limits.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEP_ALIVE));
        if url.scheme() == "https" {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(wrong)?;
        }
        // The library's own bound is far beyond any event. It can be set once, and then stays.
        apache_avro::util::max_allocation_bytes(MAX_MESSAGE);
        let names = map::LEAD.into_iter().map(str::to_lowercase).chain(fields.map(|f| f.as_str().to_lowercase()));
        Ok(Some(Self {
            endpoint,
            topic: config.topic.clone(),
            call_timeout: limits.call_timeout,
            silence: limits.event_silence,
            interest: Arc::new(names.filter(|name| !STAMPS.contains(&name.as_str())).collect()),
            schemas: Schemas::default(),
        }))
    }

    /// Where it is, and what it is about, for people.
    pub(super) fn names(&self) -> (String, &str) {
        (self.endpoint.uri().to_string(), &self.topic)
    }

    /// Connects, and makes sure that the topic is there and may be read.
    async fn reach(&self, session: &Session) -> Result<(Caller, TopicInfo), Refusal> {
        let caller = Caller::connect(self, session).await?;
        let topic = TopicRequest { topic_name: self.topic.clone() };
        let info: TopicInfo = caller.unary("GetTopic", topic).await?;
        if !info.can_subscribe {
            let words = format!("the user may not subscribe to {}; it takes \"View All\" on Lead", self.topic);
            return Err(Fault::new(Class::Configuration, words).into());
        }
        Ok((caller, info))
    }

    /// Looks at the topic without listening to it, which costs no delivery.
    pub(super) async fn look(&self, session: &Session) -> Result<Topic, Fault> {
        let (caller, info) = self.reach(session).await.map_err(Refusal::into_fault)?;
        if info.schema_id.is_empty() {
            return Ok(Topic { fields: Ok(None) });
        }
        let schema = caller.schema(&self.schemas, &info.schema_id).await;
        let fields = schema.and_then(|schema| change::fields(&schema).ok_or("it is no schema of changes".to_owned()));
        Ok(Topic { fields: fields.map(Some) })
    }

    /// One try, with one session.
    async fn subscribe(&self, session: &Session, after: Option<&EventPlace>) -> Result<Stream, Refusal> {
        let (caller, _) = self.reach(session).await?;
        let (asking, asked) = mpsc::channel(4);
        let (replay_preset, replay_id) = match after {
            Some(place) => (ReplayPreset::Custom, read_place(place)?),
            None => (ReplayPreset::Latest, Vec::new()),
        };
        let first = FetchRequest {
            topic_name: self.topic.clone(),
            replay_preset: replay_preset.into(),
            replay_id,
            num_requested: WINDOW,
        };
        // There is room, and the other end is here.
        drop(asking.try_send(first));
        let answers = caller.streaming("Subscribe", ReceiverStream::new(asked)).await?;
        let (topic, interest, schemas) = (self.topic.clone(), self.interest.clone(), self.schemas.clone());
        Ok(Stream { caller, topic, interest, schemas, asking, answers })
    }
}

/// A topic that may be listened to.
pub(super) struct Topic {
    /// The fields of its events by name, `None` where they are of several objects, or why they could not be read.
    pub(super) fields: Result<Option<Vec<String>>, String>,
}

#[async_trait]
impl LeadEvents for Salesforce {
    async fn subscribe(&self, after: Option<&EventPlace>) -> Result<Box<dyn LeadStream>, EventsError> {
        let pubsub = self
            .pubsub
            .as_ref()
            .ok_or_else(|| CrmError::Configuration("salesforce.pubsub.enabled is false".to_owned()))?;
        let mut session = self.client.session().await.map_err(CrmError::from)?;
        let mut renewed = false;
        loop {
            match pubsub.subscribe(&session, after).await {
                Ok(stream) => return Ok(Box::new(stream)),
                Err(Refusal::PlaceLost(words)) => return Err(EventsError::PlaceLost(words)),
                Err(Refusal::Fault(fault)) if fault.class == Class::SessionExpired && !renewed => {
                    renewed = true;
                    session = self.client.renew(&session).await.map_err(CrmError::from)?;
                }
                Err(Refusal::Fault(fault)) => return Err(CrmError::from(fault).into()),
            }
        }
    }
}

/// A connection on which calls bear a session.
#[derive(Clone)]
struct Caller {
    channel: Channel,
    session: MetadataMap,
    call_timeout: Duration,
    silence: Duration,
}

impl Caller {
    async fn connect(pubsub: &PubSub, session: &Session) -> Result<Self, Fault> {
        let ascii = |text: &str| {
            let value = MetadataValue::<Ascii>::try_from(text);
            value.map_err(|_| Fault::new(Class::Protocol, "the session holds characters that no header can"))
        };
        let mut metadata = MetadataMap::new();
        let mut token = ascii(session.token.expose_secret())?;
        token.set_sensitive(true);
        metadata.insert("accesstoken", token);
        metadata.insert("instanceurl", ascii(session.instance.as_str().trim_end_matches('/'))?);
        metadata.insert("tenantid", ascii(session.org.as_str())?);
        let unreachable = |error: tonic::transport::Error| {
            let words = format!("no connection to {}: {}", pubsub.endpoint.uri(), describe(&error));
            Fault::new(Class::Transient, words)
        };
        let channel = pubsub.endpoint.connect().await.map_err(unreachable)?;
        Ok(Self { channel, session: metadata, call_timeout: pubsub.call_timeout, silence: pubsub.silence })
    }

    async fn unary<Q, A>(&self, method: &str, question: Q) -> Result<A, Refusal>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut request = Request::new(question);
        *request.metadata_mut() = self.session.clone();
        let call = async {
            let mut grpc = self.ready().await?;
            let answer = grpc.unary(request, path(method)?, ProstCodec::<Q, A>::default()).await;
            answer.map(tonic::Response::into_inner).map_err(|status| classify(&status))
        };
        tokio::time::timeout(self.call_timeout, call).await.unwrap_or_else(|_| Err(silent(self.call_timeout).into()))
    }

    async fn streaming(
        &self,
        method: &str,
        questions: ReceiverStream<FetchRequest>,
    ) -> Result<Streaming<FetchResponse>, Refusal> {
        let mut request = Request::new(questions);
        *request.metadata_mut() = self.session.clone();
        let call = async {
            let mut grpc = self.ready().await?;
            let answer = grpc.streaming(request, path(method)?, ProstCodec::default()).await;
            answer.map(tonic::Response::into_inner).map_err(|status| classify(&status))
        };
        // Even the headers may come with the first message only.
        tokio::time::timeout(self.silence, call).await.unwrap_or_else(|_| Err(silent(self.silence).into()))
    }

    /// A schema, asked for once.
    async fn schema(&self, schemas: &Schemas, id: &str) -> Result<Arc<Schema>, String> {
        let kept = || schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(id).cloned();
        if let Some(schema) = known {
            return Ok(schema);
        }
        let request = SchemaRequest { schema_id: id.to_owned() };
        let info = self.unary("GetSchema", request).await;
        let info: SchemaInfo = info.map_err(|refusal| refusal.into_fault().message)?;
        let schema = Arc::new(Schema::parse_str(&info.schema_json).map_err(|error| error.to_string())?);
        kept().insert(id.to_owned(), schema.clone());
        Ok(schema)
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Fault> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE);
        grpc.ready().await.map_err(|error| Fault::new(Class::Transient, describe(&error)))?;
        Ok(grpc)
    }
}

/// An open subscription.
struct Stream {
    caller: Caller,
    topic: String,
    interest: Arc<BTreeSet<String>>,
    schemas: Schemas,
    asking: mpsc::Sender<FetchRequest>,
    answers: Streaming<FetchResponse>,
}

#[async_trait]
impl LeadStream for Stream {
    async fn next(&mut self) -> Result<Heard, EventsError> {
        let silence = self.caller.silence;
        let message = match tokio::time::timeout(silence, self.answers.message()).await {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => return Err(CrmError::Transient("the org ended the stream of events".to_owned()).into()),
            Ok(Err(status)) => return Err(ended(classify(&status))),
            Err(_) => return Err(CrmError::from(silent(silence)).into()),
        };
        if message.pending_num_requested < LOW {
            let more = FetchRequest {
                topic_name: self.topic.clone(),
                num_requested: WINDOW - message.pending_num_requested.max(0),
                ..FetchRequest::default()
            };
            // A stream that takes no questions any more says so at the next message.
            drop(self.asking.try_send(more));
        }
        let last = message.events.last().map(|event| &event.replay_id).filter(|id| !id.is_empty());
        let place = write_place(last.unwrap_or(&message.latest_replay_id));
        let mut heard = Heard { changed: Vec::new(), missed: None, place };
        for event in message.events.into_iter().filter_map(|event| event.event) {
            match self.read(&event.schema_id, &event.payload).await {
                Ok(Change::Leads(leads)) => heard.changed.extend(leads),
                Ok(Change::Overflow) => heard.missed = Some("more changed at once than the org tells".to_owned()),
                Ok(Change::Nothing) => {}
                Err(why) => heard.missed = Some(format!("an event could not be read: {why}")),
            }
        }
        Ok(heard)
    }
}

impl Stream {
    async fn read(&self, schema_id: &str, payload: &[u8]) -> Result<Change, String> {
        let schema = self.caller.schema(&self.schemas, schema_id).await?;
        change::read(&schema, payload, &self.interest)
    }
}

/// The end of an open stream. A session that ended is no matter for a person: the next subscription opens a new one.
fn ended(refusal: Refusal) -> EventsError {
    match refusal {
        Refusal::PlaceLost(words) => EventsError::PlaceLost(words),
        Refusal::Fault(fault) if fault.class == Class::SessionExpired => {
            CrmError::Transient(format!("the stream of events ended with its session: {}", fault.message)).into()
        }
        Refusal::Fault(fault) => CrmError::from(fault).into(),
    }
}

fn silent(time: Duration) -> Fault {
    Fault::new(Class::Transient, format!("nothing was heard of the org's events for {} seconds", time.as_secs_f64()))
}

fn path(method: &str) -> Result<PathAndQuery, Fault> {
    let path = PathAndQuery::try_from(format!("/eventbus.v1.PubSub/{method}"));
    path.map_err(|error| Fault::new(Class::Permanent, error.to_string()))
}

fn write_place(id: &[u8]) -> EventPlace {
    EventPlace::new(STANDARD.encode(id))
}

fn read_place(place: &EventPlace) -> Result<Vec<u8>, Refusal> {
    let id = STANDARD.decode(place.as_str());
    id.map_err(|_| Refusal::PlaceLost("the stored place is none".to_owned()))
}

/// An error with its causes.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
