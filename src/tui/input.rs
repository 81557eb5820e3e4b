//! What came from the terminal, as it is meant: tells typing from text that only looks like typing, and a click by where it
//! fell.
//!
//! Pasted into a terminal without bracketed paste, replayed by a program, or held down by a phone lying on the keyboard,
//! `a great lead` would be a dozen verdicts. No hand types three keys in a tenth of a second.

use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use tokio::time::Instant;

use super::view::hits::{Hits, Target};

/// Three keys within this are not from a hand: fast typists reach about 60 ms a key, key repeat about 33 ms.
const THREE_KEYS: Duration = Duration::from_millis(100);

/// Remembers when the last two keys came.
#[derive(Debug, Default)]
pub struct Pace {
    last: [Option<Instant>; 2],
}

impl Pace {
    /// For events that were all waiting at this moment: whether their keys came faster than a hand types.
    pub fn hurried(&mut self, events: &[Event], now: Instant) -> bool {
        let keys = events.iter().filter(|e| matches!(e, Event::Key(key) if key.kind != KeyEventKind::Release));
        let mut hurried = false;
        for _ in keys {
            hurried |= self.last[0].is_some_and(|first| now.saturating_duration_since(first) < THREE_KEYS);
            self.last = [self.last[1], Some(now)];
        }
        hurried
    }
}

/// What a person did with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// A click on this part of the picture.
    Click(Target),
    /// The wheel was turned a notch; true is down.
    Wheel(bool),
}

impl Mouse {
    /// An event of the terminal over the last picture; `None` if it means nothing.
    pub fn of(event: MouseEvent, hits: &Hits) -> Option<Self> {
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => hits.at(event.column, event.row).map(Self::Click),
            MouseEventKind::ScrollDown => Some(Self::Wheel(true)),
            MouseEventKind::ScrollUp => Some(Self::Wheel(false)),
            _ => None,
        }
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
        assert!(!pace.hurried(&[key()], start + Duration::from_millis(120)), "going on");
        assert!(!pace.hurried(&[key(), key()], start + Duration::from_millis(300)), "two keys joined by the network");
        assert!(pace.hurried(&[key(), key(), key()], start + Duration::from_millis(500)), "a paste");
        assert!(pace.hurried(&[key()], start + Duration::from_millis(505)), "its tail");
        assert!(!pace.hurried(&[Event::Resize(80, 24)], start + Duration::from_millis(506)));
    }

    #[test]
    fn a_key_held_down_is_hurried_from_its_fourth_stroke() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let strokes = [0, 400, 433, 466, 500].map(|ms| pace.hurried(&[key()], start + Duration::from_millis(ms)));
        assert_eq!(strokes, [false, false, false, true, true]);
    }
}
