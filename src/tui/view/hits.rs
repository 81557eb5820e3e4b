//! What a click means, by where it falls in the last picture. Drawing notes it, so that what is hit is what was seen.

use std::cell::RefCell;

use ratatui::layout::{Position, Rect};

use crate::tui::action::Action;

/// What is meant by a click on a part of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Do this.
    Do(Action),
    /// The row so many below the one under the cursor.
    Row(isize),
    /// Nothing, and nothing of what lies below it either.
    Nothing,
}

/// The parts of one picture, in the order in which they were drawn.
#[derive(Debug, Default)]
pub struct Hits(RefCell<Vec<(Rect, Target)>>);

impl Hits {
    /// Notes what an area means, from now on and above all that was there.
    pub fn note(&self, area: Rect, target: Target) {
        self.0.borrow_mut().push((area, target));
    }

    /// Notes a row of a list: which line of an area, and how far below the cursor, which stands above the list where nothing is
    /// chosen yet.
    pub fn row(&self, area: Rect, line: u16, index: usize, selected: impl Into<Option<usize>>) {
        if line < area.height {
            let below = index as isize - selected.into().map_or(-1, |selected| selected as isize);
            self.note(Rect { y: area.y + line, height: 1, ..area }, Target::Row(below));
        }
    }

    /// What a click there means.
    pub fn at(&self, column: u16, line: u16) -> Option<Target> {
        let here = Position::new(column, line);
        self.0.borrow().iter().rev().find(|(area, _)| area.contains(here)).map(|(_, target)| *target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_top_is_hit() {
        let hits = Hits::default();
        let all = Rect::new(0, 0, 80, 24);
        hits.row(all, 3, 7, 5);
        hits.row(all, 30, 9, 5);
        hits.note(Rect::new(70, 3, 4, 1), Target::Do(Action::Approve));
        assert_eq!(hits.at(10, 3), Some(Target::Row(2)));
        assert_eq!(hits.at(71, 3), Some(Target::Do(Action::Approve)));
        assert_eq!((hits.at(10, 4), hits.at(10, 30)), (None, None));
        hits.note(all, Target::Nothing);
        assert_eq!(hits.at(71, 3), Some(Target::Nothing));
    }
}
