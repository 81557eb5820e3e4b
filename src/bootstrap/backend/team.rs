//! What the dashboard asks and tells of the other managers who share the store.

use std::sync::PoisonError;

use async_trait::async_trait;

use super::{Desk, said};
use crate::app::{hand_over, presence};
use crate::domain::ids::LeadId;
use crate::tui::backend::BackendError;
use crate::tui::backend::team::{HandedOver, HandingOver, Team};

/// That the others were told that the manager is at work.
pub(super) struct Noted {
    /// The lead that they have open.
    open: Option<LeadId>,
}

#[async_trait]
impl Team for Desk {
    async fn present(&self, open: Option<LeadId>) -> Result<(), BackendError> {
        // Before it is stored: what may have been stored must be taken back.
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Noted { open: open.clone() });
        presence::note(self.store.as_ref(), self.clock.as_ref(), &self.manager, open.as_ref()).await.map_err(said)
    }

    async fn managers(&self) -> Result<Vec<String>, BackendError> {
        hand_over::managers(self.store.as_ref(), &self.manager).await.map_err(said)
    }

    async fn hand_over(&self, HandingOver { leads, to, note }: HandingOver) -> Result<HandedOver, BackendError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        hand_over::hand_over(store, clock, (&self.manager, &to), note.as_deref(), &leads).await.map_err(said)
    }
}

impl Desk {
    /// Tells the others that the manager left, if they were told that the manager came.
    pub async fn leave(&self) -> Result<(), BackendError> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Noted { open }) = noted else { return Ok(()) };
        presence::leave(self.store.as_ref(), &self.manager, open.as_ref()).await.map_err(said)
    }
}
