//! One subscription: from where it begins, as many events as were asked for, and a sign of life when there are none.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status, Streaming};

use super::super::knobs::Knob;
use super::super::org::{Change, ChangeLog};
use super::super::server::{Server, State};
use super::event::Telling;
use super::wire::{ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent};
use super::{check_topic, refused, rpc_id};

/// Events that may be asked for and not yet be there.
const MOST: i32 = 100;
/// Events of one message.
const BATCH: usize = 20;

type Answers = Pin<Box<dyn Stream<Item = Result<FetchResponse, Status>> + Send>>;

/// Opens a subscription, which goes on until either side ends it.
pub(super) fn open(server: Arc<Server>, session: MetadataMap, requests: Streaming<FetchRequest>) -> Answers {
    let (out, answers) = mpsc::channel(4);
    tokio::spawn(async move {
        let closing = server.closing.clone();
        let subscription = Subscription { server, session, out: out.clone(), place: 0, pending: 0 };
        let ended = tokio::select! {
            ended = subscription.run(requests) => ended,
            () = closing.cancelled() => Err(Status::unavailable("the org is closing")),
        };
        if let Err(status) = ended {
            // A client that is gone does not hear it.
            drop(out.send(Err(status)).await);
        }
    });
    Box::pin(ReceiverStream::new(answers))
}

struct Subscription {
    server: Arc<Server>,
    session: MetadataMap,
    out: mpsc::Sender<Result<FetchResponse, Status>>,
    /// The number of the last change that was told, or left out.
    place: u64,
    /// Events that were asked for and are not there yet.
    pending: i32,
}

impl Subscription {
    async fn run(mut self, mut requests: Streaming<FetchRequest>) -> Result<(), Status> {
        let Some(first) = requests.message().await? else { return Ok(()) };
        check_topic(&first.topic_name)?;
        self.place = self.begin(&first)?;
        self.ask(&first)?;
        let mut newest = self.server.state().org.changes.watch();
        let mut silent_since = Instant::now();
        loop {
            newest.mark_unchanged();
            while let Some(message) = self.gather()? {
                if self.out.send(Ok(message)).await.is_err() {
                    return Ok(());
                }
                silent_since = Instant::now();
            }
            tokio::select! {
                request = requests.message() => match request? {
                    Some(request) => self.ask(&request)?,
                    None => return Ok(()),
                },
                changed = newest.changed(), if self.pending > 0 => if changed.is_err() { return Ok(()) },
                () = tokio::time::sleep_until(silent_since + self.server.event_keep_alive) => {
                    let message = self.message(Vec::new(), self.place);
                    if self.out.send(Ok(message)).await.is_err() {
                        return Ok(());
                    }
                    silent_since = Instant::now();
                }
            }
        }
    }

    /// From where on to tell.
    fn begin(&self, first: &FetchRequest) -> Result<u64, Status> {
        let mut state = self.server.state();
        let (newest, forgotten) = (state.org.changes.newest(), state.org.changes.forgotten());
        match first.replay_preset {
            0 => Ok(newest),
            1 => Ok(forgotten),
            2 => {
                let stale = state.org.knobs.strikes(Knob::StaleReplay);
                let known = read_replay_id(&first.replay_id).filter(|n| !stale && (forgotten..=newest).contains(n));
                known.ok_or_else(|| {
                    let words = "the replay id is corrupted, or of an event that is not kept any more";
                    refused(Code::InvalidArgument, "subscription.fetch.replayid.corrupted", words)
                })
            }
            other => Err(Status::invalid_argument(format!("there is no replay preset {other}"))),
        }
    }

    fn ask(&mut self, request: &FetchRequest) -> Result<(), Status> {
        if request.num_requested < 1 {
            let words = "num_requested must be more than 0";
            return Err(refused(Code::InvalidArgument, "subscription.fetch.requested.events.invalid", words));
        }
        self.pending = self.pending.saturating_add(request.num_requested).min(MOST);
        Ok(())
    }

    /// The next message, if there is something to tell and it was asked for.
    fn gather(&mut self) -> Result<Option<FetchResponse>, Status> {
        let most = BATCH.min(self.pending.max(0) as usize);
        let mut told = Vec::new();
        {
            let mut state = self.server.state();
            let State { org, .. } = &mut *state;
            while told.len() < most {
                let Some(change) = next(&org.changes, self.place) else { break };
                self.place = change.n;
                if org.knobs.strikes(Knob::StreamCut) {
                    return Err(Status::unavailable("the connection was reset"));
                }
                if org.knobs.strikes(Knob::EventLost) {
                    continue;
                }
                let telling = if org.knobs.strikes(Knob::EventOverflow) {
                    self.place = org.changes.newest();
                    Telling::Overflow
                } else if org.knobs.strikes(Knob::EventGap) {
                    Telling::Gap
                } else {
                    Telling::Whole
                };
                told.push((change, telling));
            }
        }
        if told.is_empty() {
            return Ok(None);
        }
        // Nothing is told to a session that has ended meanwhile.
        self.server.admits(&self.session)?;
        self.pending -= told.len() as i32;
        let events = told.iter().map(|(change, telling)| self.event(change, *telling));
        let events = events.collect::<Result<Vec<_>, Status>>()?;
        Ok(Some(self.message(events, self.place)))
    }

    fn event(&self, change: &Change, telling: Telling) -> Result<ConsumerEvent, Status> {
        let encoded = self.server.events.encode(change, telling, self.server.authority.org);
        let payload = encoded.map_err(|error| Status::internal(format!("an event cannot be written: {error}")))?;
        let schema_id = self.server.events.id.clone();
        let event = ProducerEvent { id: rpc_id(), schema_id, payload };
        let n = if telling == Telling::Overflow { self.place } else { change.n };
        Ok(ConsumerEvent { event: Some(event), replay_id: write_replay_id(n) })
    }

    fn message(&self, events: Vec<ConsumerEvent>, place: u64) -> FetchResponse {
        FetchResponse {
            events,
            latest_replay_id: write_replay_id(place),
            rpc_id: rpc_id(),
            pending_num_requested: self.pending,
        }
    }
}

fn next(changes: &ChangeLog, place: u64) -> Option<Change> {
    changes.after(place).next().cloned()
}

/// Ten bytes, of which the first eight are the number. Clients may send the eight alone.
fn write_replay_id(n: u64) -> Vec<u8> {
    n.to_be_bytes().into_iter().chain([0, 0]).collect()
}

fn read_replay_id(id: &[u8]) -> Option<u64> {
    let (number, rest) = id.split_first_chunk::<8>()?;
    (rest.is_empty() || rest == [0, 0]).then(|| u64::from_be_bytes(*number))
}
