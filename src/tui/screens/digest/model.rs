//! One day as a sheet; on a wide screen, how all stands is beside what was of the day.

use chrono::NaiveDate;

use crate::app::sheet;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::Digest;
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::view::Ctx;
use crate::tui::widgets::sheet::{Reader, Row, rows};

/// Lines besides the sheet: the day, its span, an empty one, and how much lies below.
const FIXED: u16 = 4;
/// Lines above and below the screen.
const AROUND: u16 = 4;
/// From this width on there are two columns.
const TWO: u16 = 140;

/// The state of the digest screen.
#[derive(Debug, Default)]
pub struct DigestScreen {
    /// The day as it is told.
    pub digest: Remote<Box<Digest>>,
    /// Which day is wanted; `None` for today.
    pub day: Option<NaiveDate>,
    /// Where in the sheet.
    pub reader: Reader,
}

impl DigestScreen {
    /// The digest of the day that is wanted; `None` while it is read.
    pub fn shown(&self) -> Option<&Digest> {
        self.digest.data.as_deref().filter(|digest| self.day.is_none_or(|day| day == digest.day.date))
    }

    /// The columns of the sheet, one or two, on a screen of this width.
    pub fn columns(&self, ctx: &Ctx, width: u16) -> Vec<Vec<Row>> {
        let Some(digest) = self.shown() else { return Vec::new() };
        let heading = sheet::Line::new(sheet::Tone::Heading, format!("As it stands on {}", digest.looked()));
        let standing = std::iter::once(heading).chain(digest.as_it_stands());
        let mut day = digest.of_day();
        if width < TWO {
            day.push(sheet::Line::blank());
            day.extend(standing);
            return vec![rows(&day, ctx, usize::from(width))];
        }
        let standing: Vec<sheet::Line> = standing.collect();
        vec![rows(&day, ctx, usize::from(width / 2)), rows(&standing, ctx, usize::from(width / 2))]
    }

    /// Reads the day anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        let day = self.day;
        self.digest.load.refresh().map(|generation| Effect::Board(Ask::Digest(generation, day)))
    }

    /// Another day, from its beginning.
    pub fn turn(&mut self, day: Option<NaiveDate>) -> Effect {
        self.day = day;
        self.reader = Reader { viewport: self.reader.viewport, ..Reader::default() };
        Effect::Board(Ask::Digest(self.digest.load.start(), day))
    }

    /// Takes a day.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Digest>, BackendError>) -> Option<Effect> {
        self.digest.receive(generation, result);
        let day = self.day;
        self.digest.load.repeat().map(|generation| Effect::Board(Ask::Digest(generation, day)))
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.reader.viewport = usize::from(size.1.saturating_sub(AROUND + FIXED));
    }
}
