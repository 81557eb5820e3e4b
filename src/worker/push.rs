//! The CRM's own word that leads changed, as a reason to poll at once.
//!
//! Polling stays the truth. While events come, it goes on at a slower pace; when they end, it takes up its usual pace at
//! once, and whoever looks at the worker's health reads why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use super::health::Went;
use super::steps::{self, Pause};
use super::{Deps, EVENTS, Shared, allowance};
use crate::app::AppError;
use crate::app::ports::{CrmError, EventPlace, EventsError, Heard, LeadEvents};

/// Polls that events may cause in quick succession.
const BURST: f64 = 20.0;
/// Beyond that, one poll in so long at most, or at the usual pace if that is quicker: a busy org must not cost more calls
/// than polling alone would.
const EVERY: Duration = Duration::from_secs(15);
/// How long more news is waited for before polling: records that change together are told one after another.
const GATHER: Duration = Duration::from_millis(200);
/// How often the place is stored while events come. What is heard again after a crash does no harm.
const KEEP: Duration = Duration::from_secs(30);

/// What the loops know of the events.
#[derive(Default)]
pub(super) struct Push {
    /// A message has come on the open stream.
    alive: AtomicBool,
    /// Rung when it is time to poll.
    bell: Notify,
    allowed: Mutex<Option<Allowed>>,
}

/// Polls that events may cause: so many at once, and then one now and then.
#[derive(Clone, Copy)]
struct Allowed {
    /// Below 0 if polls that wait for their time have taken more than there is.
    polls: f64,
    at: Instant,
}

impl Allowed {
    const fn full(now: Instant) -> Self {
        Self { polls: BURST, at: now }
    }

    /// Takes one; how long it has to wait if one comes in so long.
    fn take(&mut self, now: Instant, every: Duration) -> Duration {
        let gained = (now - self.at).as_secs_f64() / every.as_secs_f64();
        let polls = (self.polls + gained).min(BURST);
        *self = Self { polls: polls - 1.0, at: now };
        every.mul_f64((1.0 - polls).max(0.0))
    }
}

impl Push {
    /// How long to wait before the next poll if nothing is heard.
    pub(super) fn pace(&self, deps: &Deps) -> Duration {
        let events = self.alive.load(Ordering::Acquire);
        allowance::pace(deps, if events { deps.pace.poll_with_events } else { deps.pace.poll })
    }

    /// Waits until something is heard and may cause a poll.
    pub(super) async fn heard(&self, deps: &Deps) {
        self.bell.notified().await;
        tokio::time::sleep(GATHER).await;
        let every = allowance::pace(deps, deps.pace.poll.min(EVERY));
        let now = Instant::now();
        let wait = self.allowed.lock().await.get_or_insert(Allowed::full(now)).take(now, every);
        tokio::time::sleep(wait).await;
    }

    /// A message has come. Whether it was the first one of its stream.
    fn came(&self) -> bool {
        !self.alive.swap(true, Ordering::AcqRel)
    }
}

/// Says that no events come any more, whichever way a subscription ends.
struct Open<'a>(&'a Push);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.0.alive.swap(false, Ordering::AcqRel) {
            // What changed since the last message is read now and not at the slower pace.
            self.0.bell.notify_one();
        }
    }
}

/// Listens until the stream ends, which is an error, or the worker does.
pub(super) async fn listen(shared: Arc<Shared>) -> Result<Pause, AppError> {
    steps::right_org(&shared).await?;
    let Some(events) = shared.deps.crm.lead_events() else { return Ok(Pause::None) };
    let mut place = Place { stored: shared.deps.store.event_place().await?, ..Place::default() };
    let ended = tokio::select! {
        () = shared.cancel.cancelled() => Ok(()),
        ended = follow(&shared, events, &mut place) => ended,
    };
    match ended {
        Ok(()) => place.keep(&shared.deps).await?,
        Err(Ended::Failed(error)) => return Err(error),
        Err(Ended::Lost(EventsError::PlaceLost(words))) => {
            shared.deps.store.set_event_place(None).await?;
            let words =
                format!("the org has forgotten how far its events were read; they are read from now on ({words})");
            return Err(CrmError::Transient(words).into());
        }
        Err(Ended::Lost(EventsError::Crm(error))) => {
            place.keep(&shared.deps).await?;
            return Err(error.into());
        }
    }
    Ok(Pause::None)
}

/// Why listening ended.
enum Ended {
    /// The stream is gone.
    Lost(EventsError),
    /// We failed ourselves.
    Failed(AppError),
}

impl From<EventsError> for Ended {
    fn from(error: EventsError) -> Self {
        Self::Lost(error)
    }
}

async fn follow(shared: &Shared, events: &dyn LeadEvents, place: &mut Place) -> Result<(), Ended> {
    let mut stream = events.subscribe(place.stored.as_ref()).await?;
    let _open = Open(&shared.push);
    loop {
        let Heard { changed, missed, place: reached } = stream.next().await?;
        // Until the first message nobody knows from where on we are told, so what lies before it is polled.
        let first = shared.push.came();
        if let Some(why) = &missed {
            tracing::info!(why, "the org's events are not complete; polling");
        }
        if first || missed.is_some() || !changed.is_empty() {
            tracing::debug!(leads = changed.len(), first, "the org told of changes");
            shared.push.bell.notify_one();
        }
        if first {
            shared.monitor.report(EVENTS, &Went::Well, &shared.deps);
        }
        place.reach(reached, &shared.deps).await.map_err(Ended::Failed)?;
    }
}

/// How far was heard, and how far that is stored.
#[derive(Default)]
struct Place {
    stored: Option<EventPlace>,
    reached: Option<EventPlace>,
    at: Option<Instant>,
}

impl Place {
    async fn reach(&mut self, place: EventPlace, deps: &Deps) -> Result<(), AppError> {
        self.reached = Some(place);
        if self.at.is_some_and(|at| at.elapsed() < KEEP) {
            return Ok(());
        }
        self.keep(deps).await
    }

    async fn keep(&mut self, deps: &Deps) -> Result<(), AppError> {
        let Some(reached) = self.reached.take().filter(|reached| Some(reached) != self.stored.as_ref()) else {
            return Ok(());
        };
        deps.store.set_event_place(Some(&reached)).await?;
        (self.stored, self.at) = (Some(reached), Some(Instant::now()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_org_causes_no_more_polls_than_there_would_be_without_events() {
        let began = Instant::now();
        let (mut allowed, mut now, mut polls) = (Allowed::full(began), began, 0);
        // The next poll is not before the last one was made.
        while now - began < Duration::from_hours(1) && polls < 1_000 {
            now += allowed.take(now, EVERY);
            polls += 1;
        }
        assert_eq!(polls, 20 + 240);
        now += Duration::from_hours(1);
        let waits: Vec<bool> = (0..25).map(|_| allowed.take(now, EVERY).is_zero()).collect();
        assert_eq!(waits.iter().filter(|at_once| **at_once).count(), 20, "after a rest");
    }
}
