//! What the screens about the team, first contacts, stories of leads and the rollout ask.

use async_trait::async_trait;

use super::{Desk, said};
use crate::app::sla::board;
use crate::app::{feedback, replay, reps, rollout, stop, story};
use crate::domain::ids::TraceId;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Board, Boards, ContactList, Feedback, Found, Replay, Reps, Rollout, Switch};

#[async_trait]
impl Boards for Desk {
    async fn reps(&self) -> Result<Reps, BackendError> {
        reps::reps(self.store.as_ref(), self.clock.now(), self.settings.sla).await.map_err(said)
    }

    async fn contacts(&self, list: ContactList) -> Result<Board, BackendError> {
        board::board(self.store.as_ref(), self.clock.now(), list, None, board::DAYS).await.map_err(said)
    }

    async fn find(&self, text: &str) -> Result<Found, BackendError> {
        story::find(self.store.as_ref(), text).await.map_err(said)
    }

    async fn replay(&self, trace: TraceId) -> Result<Replay, BackendError> {
        replay::replay(self.store.as_ref(), trace).await.map_err(said)
    }

    async fn rollout(&self) -> Result<Rollout, BackendError> {
        rollout::rollout(self.store.as_ref(), self.clock.now(), self.rollout.clone()).await.map_err(said)
    }

    async fn feedback(&self) -> Result<Feedback, BackendError> {
        feedback::feedback(self.store.as_ref(), self.clock.now(), feedback::DAYS).await.map_err(said)
    }

    async fn turn(&self, on: bool, why: &str) -> Result<Switch, BackendError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        let turned = if on {
            stop::stop(store, clock, &self.manager, why).await
        } else {
            stop::resume(store, clock, &self.manager, why).await
        };
        turned.map_err(said)
    }
}
