//! Where an actor waits before each call until the scheduler lets it go on.

use std::sync::Mutex;

use tokio::sync::{Notify, Semaphore};

use crate::failpoints::brittle::{Failure, Steps};

/// What becomes of the next call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Turn {
    #[default]
    Works,
    /// It is not done, and the caller is told so.
    FailsUndone,
    /// It is done, and the caller is not told.
    FailsDone,
}

/// The gate of one actor.
pub(super) struct Gate {
    permits: Semaphore,
    passed: Notify,
    turn: Mutex<Turn>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { permits: Semaphore::new(0), passed: Notify::new(), turn: Mutex::default() }
    }

    /// Lets one call through.
    pub(super) fn open(&self, turn: Turn) {
        *self.turn.lock().unwrap() = turn;
        self.permits.add_permits(1);
    }

    /// Waits until it is over.
    pub(super) async fn passed(&self) {
        self.passed.notified().await;
    }
}

impl Steps for Gate {
    async fn step<T: Send, E: Failure>(
        &self,
        _: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        self.permits.acquire().await.unwrap().forget();
        let turn = *self.turn.lock().unwrap();
        let answer = match turn {
            Turn::Works => call.await,
            Turn::FailsUndone => Err(E::undone()),
            Turn::FailsDone => call.await.and_then(|_| Err(E::done())),
        };
        self.passed.notify_one();
        answer
    }
}
