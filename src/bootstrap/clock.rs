//! The time by which a program works: this machine's, or that of the database it shares with others.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::SystemClock;
use crate::app::ports::Clock;

/// This machine's clock until a store is open whose users must agree on the time, and from then on the store's.
#[derive(Default)]
pub(super) struct SharedClock(OnceLock<Arc<dyn Clock>>);

impl SharedClock {
    /// Follows a clock from now on. The first one stays.
    pub(super) fn follow(&self, clock: Arc<dyn Clock>) {
        self.0.get_or_init(|| clock);
    }
}

impl Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.get().map_or_else(|| SystemClock.now(), |clock| clock.now())
    }
}
