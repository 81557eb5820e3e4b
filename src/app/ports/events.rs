//! The CRM telling of changes by itself, where it can: a faster path beside polling, never instead of it.

use async_trait::async_trait;

use super::CrmError;
use crate::domain::ids::LeadId;

/// A place in the CRM's stream of events. Opaque: kept and given back, never computed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPlace(String);

impl EventPlace {
    /// A place as the CRM named it, or as it was stored.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For storing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one message of the stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Leads of which something changed that matters to routing. Empty for a sign of life.
    pub changed: Vec<LeadId>,
    /// Why others may have changed too, if so: the CRM says that it left events out, or one could not be read.
    pub missed: Option<String>,
    /// Where to go on after this message.
    pub place: EventPlace,
}

/// Why there is no stream, or no stream any more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EventsError {
    /// The CRM does not know the place any more (events are kept for days, and an org may be moved). Go on from now, and
    /// read what changed meanwhile.
    #[error("the CRM no longer has the events after the place we had reached: {0}")]
    PlaceLost(String),
    /// Anything else.
    #[error(transparent)]
    Crm(#[from] CrmError),
}

/// A CRM that tells which leads changed. What it tells is a reason to poll, so nothing is lost when it tells nothing.
#[async_trait]
pub trait LeadEvents: Send + Sync {
    /// Opens the stream: after this place, or from now on.
    async fn subscribe(&self, after: Option<&EventPlace>) -> Result<Box<dyn LeadStream>, EventsError>;
}

/// An open stream. Dropping it ends it.
#[async_trait]
pub trait LeadStream: Send {
    /// Waits for the next message, which comes within minutes even where nothing changes; a silence that is longer is an
    /// error. After an error the stream is of no use.
    async fn next(&mut self) -> Result<Heard, EventsError>;
}
