//! What the screens about the team, first contacts, stories of leads and the rollout ask.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::{Desk, said};
use crate::app::digest::{self, Day};
use crate::app::sla::board;
use crate::app::{feedback, handoff, replay, reps, rollout, stop, story};
use crate::domain::ids::TraceId;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{
    Availability, Board, Boards, ContactList, Digest, Feedback, Found, Handoff, HandoffBoard, Replay, Reps, Rollout,
    Switch,
};
use crate::tui::local_zone;

#[async_trait]
impl Boards for Desk {
    async fn reps(&self) -> Result<Reps, BackendError> {
        reps::reps(self.store.as_ref(), self.clock.now(), self.settings.sla).await.map_err(said)
    }

    async fn availability(&self) -> Result<Availability, BackendError> {
        reps::availability(self.store.as_ref(), self.clock.now(), self.settings.sla).await.map_err(said)
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

    async fn handoffs(&self) -> Result<HandoffBoard, BackendError> {
        handoff::board(self.store.as_ref(), self.clock.now(), &self.manager, self.settings.sla).await.map_err(said)
    }

    async fn give_handoff(&self, note: &str) -> Result<Handoff, BackendError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        handoff::write(store, clock, &self.manager, note, self.settings.sla).await.map_err(said)
    }

    async fn accept_handoff(&self, id: i64) -> Result<Handoff, BackendError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        handoff::accept(store, clock, &self.manager, Some(id)).await.map_err(said)
    }

    async fn digest(&self, day: Option<NaiveDate>) -> Result<Digest, BackendError> {
        let now = self.clock.now();
        let day = day.map_or_else(|| Ok(Day::today(now, local_zone)), |day| Day::of(day, now, local_zone));
        digest::digest(self.store.as_ref(), &day.map_err(said)?, now, &self.rollout).await.map_err(said)
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
