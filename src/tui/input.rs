//! Tells typing from text that only looks like typing.
//!
//! Pasted into a terminal without bracketed paste, or replayed by a program, `a great lead` would be a dozen verdicts. No
//! hand types three keys between two looks of the event loop, or two within a few milliseconds.

use std::time::Duration;

use crossterm::event::{Event, KeyEventKind};
use tokio::time::Instant;

/// Two keys nearer than this are not from a hand (fast typists reach about 60 ms).
const HAND: Duration = Duration::from_millis(20);
/// So many keys found waiting at once are not from a hand.
const AT_ONCE: usize = 3;

/// Remembers when the last key came.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
}

impl Pace {
    /// For keys that were all waiting at this moment: whether they came faster than a hand types.
    pub fn hurried(&mut self, events: &[Event], now: Instant) -> bool {
        let keys = events.iter().filter(|e| matches!(e, Event::Key(key) if key.kind != KeyEventKind::Release)).count();
        if keys == 0 {
            return false;
        }
        let close = self.last.is_some_and(|last| now.saturating_duration_since(last) < HAND);
        self.last = Some(now);
        close || keys >= AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn key() -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE))
    }

    #[test]
    fn a_hand_is_not_hurried_and_a_paste_is() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert!(!pace.hurried(&[key()], start));
        assert!(!pace.hurried(&[key()], start + Duration::from_millis(60)), "a fast typist");
        assert!(!pace.hurried(&[key(), key()], start + Duration::from_millis(200)), "two keys joined by the network");
        assert!(pace.hurried(&[key(), key(), key()], start + Duration::from_millis(400)), "a paste");
        assert!(pace.hurried(&[key()], start + Duration::from_millis(405)), "its tail");
        assert!(!pace.hurried(&[Event::Resize(80, 24)], start + Duration::from_millis(406)));
    }
}
