//! What only one worker may do, where several share a store: polling, reading back, watching.
//!
//! One of them holds a lease and keeps it alive, busy or not; the others ask for it every second, so that one of them goes
//! on within seconds when it dies. A worker that lost the lease gives up what it is doing. That is for economy and not for
//! safety: whatever two workers did at once would still be stored once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::ports::Store;

/// The name of the lease.
const DUTY: &str = "worker";
/// How long it lasts when nobody keeps it alive.
const LEASE: Duration = Duration::from_secs(5);
/// How often it is kept alive, or asked for.
const RENEWAL: Duration = Duration::from_secs(1);

/// Whether the duty is this worker's at the moment.
#[derive(Clone)]
pub(super) struct Duty(watch::Receiver<bool>);

impl Duty {
    /// The duty, and what asks for it and keeps it until told to stop. Stop it after what is done under it.
    pub(super) fn of(
        store: Arc<dyn Store>,
        owner: String,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (held, receiver) = watch::channel(false);
        (Self(receiver), keep(store, owner, held, stop))
    }

    /// Runs a step while the duty is ours; `None` if it was, or became, somebody else's.
    pub(super) async fn during<T>(&mut self, step: impl Future<Output = T>) -> Option<T> {
        if !*self.0.borrow_and_update() {
            return None;
        }
        tokio::select! {
            done = step => Some(done),
            _ = self.0.wait_for(|held| !held) => None,
        }
    }

    /// Waits until the duty is ours, at most for a while. Whether it is.
    pub(super) async fn gained(&mut self) -> bool {
        tokio::time::timeout(2 * RENEWAL, self.0.wait_for(|held| *held)).await.is_ok_and(|gained| gained.is_ok())
    }
}

async fn keep(store: Arc<dyn Store>, owner: String, held: watch::Sender<bool>, stop: CancellationToken) {
    let mut until = Instant::now();
    while !stop.is_cancelled() {
        let asked = Instant::now();
        match tokio::time::timeout(LEASE, store.hold(DUTY, &owner, LEASE)).await {
            Ok(Ok(ours)) => {
                if ours {
                    until = asked + LEASE;
                }
                tell(&held, ours);
            }
            failed => {
                let error = failed.map_or_else(|late| late.to_string(), |said| format!("{:?}", said.err()));
                tracing::warn!(error, "the lease of the worker could not be kept alive");
                if Instant::now() >= until {
                    tell(&held, false);
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RENEWAL) => {}
        }
    }
    tell(&held, false);
    if let Err(error) = store.let_go(DUTY, &owner).await {
        tracing::debug!(%error, "the lease of the worker ends by itself");
    }
}

fn tell(held: &watch::Sender<bool>, ours: bool) {
    held.send_if_modified(|now| {
        if *now != ours {
            tracing::info!(ours, "the duty of polling and reading back changed hands");
        }
        std::mem::replace(now, ours) != ours
    });
}
