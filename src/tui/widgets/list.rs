//! The cursor of a list, and the part of the list that is on screen.

use crate::tui::action::Action;

/// Where the cursor is, and what is on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Line under the cursor.
    pub selected: usize,
    /// First line on screen.
    pub top: usize,
    /// Lines that fit.
    pub viewport: usize,
}

impl Cursor {
    /// So many lines fit now, of a list of so many.
    pub fn resize(&mut self, viewport: usize, len: usize) {
        self.viewport = viewport;
        self.settle(len);
    }

    /// Moves in a list of so many lines; false when the action is no movement.
    pub fn act(&mut self, action: Action, len: usize) -> bool {
        let page = self.viewport.saturating_sub(1).max(1) as isize;
        let lines = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::Top => isize::MIN,
            Action::Bottom => isize::MAX,
            _ => return false,
        };
        self.selected = self.selected.saturating_add_signed(lines);
        self.settle(len);
        true
    }

    /// Keeps the cursor inside a list of so many lines, and in sight.
    pub fn settle(&mut self, len: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
        let viewport = self.viewport.max(1);
        self.top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(viewport));
    }

    /// The lines on screen of a list, each with its number.
    pub fn shown<'a, T>(&self, list: &'a [T]) -> impl Iterator<Item = (usize, &'a T)> + use<'a, T> {
        list.iter().enumerate().skip(self.top).take(self.viewport)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_the_list_and_in_sight() {
        let mut cursor = Cursor::default();
        cursor.resize(3, 10);
        for (action, wanted) in [
            (Action::Up, (0, 0)),
            (Action::Bottom, (9, 7)),
            (Action::Down, (9, 7)),
            (Action::PageUp, (7, 7)),
            (Action::Up, (6, 6)),
            (Action::Top, (0, 0)),
            (Action::PageDown, (2, 0)),
        ] {
            assert!(cursor.act(action, 10));
            assert_eq!((cursor.selected, cursor.top), wanted, "{action:?}");
        }
        assert!(!cursor.act(Action::Open, 10));
        cursor.settle(1);
        assert_eq!((cursor.selected, cursor.top), (0, 0));
        cursor.settle(0);
        assert_eq!(cursor.selected, 0);
        assert_eq!(cursor.shown(&[1, 2, 3, 4]).count(), 3);
    }
}
