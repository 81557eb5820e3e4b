//! What lies over a screen: a stack, of which the top one gets the keys.

pub mod batch;
pub mod filter;
pub mod finder;
pub mod fuzzy;
pub mod help;
pub mod menu;
pub mod palette;
pub mod question;
pub mod view;
pub mod views;
pub mod what_if;

use tui_textarea::{TextArea, WrapMode};

use super::keymap::Place;
use super::verdict::Draft;
use batch::{Preview, Report};
use filter::Prompt;
use finder::Finder;
use help::Help;
use menu::Menu;
use palette::Palette;
use question::Question;
use views::Views;
use what_if::Supposing;

/// Longest note, in characters; the CRM's text fields hold no more.
pub const NOTE_LIMIT: usize = 1_000;

/// One thing that lies over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// Choose by a letter: a reason, a queue, how long to snooze.
    Menu(Menu),
    /// Find a rep by name, to give the lead to or to ask about.
    Finder(Box<Finder>),
    /// What the chosen rep can say to the lead in focus.
    TalkTrack {
        /// Lines scrolled past.
        scroll: usize,
    },
    /// Why the recommended owner is not the legacy owner.
    Explain {
        /// Lines scrolled past.
        scroll: usize,
    },
    /// Suppose something else of the lead in focus.
    WhatIf(Box<Supposing>),
    /// Say which leads the queue shows.
    Filter(Box<Prompt>),
    /// The views under F1 to F8.
    Views(Box<Views>),
    /// What approving the marked leads would do.
    Batch(Box<Preview>),
    /// Leads that were refused.
    Report(Report),
    /// Write a note.
    Note(Box<Note>),
    /// One line is asked for.
    Question(Box<Question>),
    /// Yes or no?
    Confirm(Confirm),
    /// Every key.
    Help(Box<Help>),
    /// Everything that can be done.
    Palette(Box<Palette>),
    /// The greeting of the first run; any key closes it.
    Welcome,
}

impl Overlay {
    /// Where the keyboard points while this is on top.
    pub fn place(&self) -> Place {
        match self {
            Self::Menu(_) => Place::Menu,
            Self::Finder(_) => Place::Finder,
            Self::WhatIf(_) => Place::WhatIf,
            Self::Filter(_) => Place::Filter,
            Self::Views(views) if views.naming.is_some() => Place::Name,
            Self::Views(_) => Place::Views,
            Self::Batch(_) => Place::Batch,
            Self::Palette(_) => Place::Palette,
            Self::Help(help) if help.typing => Place::Search,
            Self::Note(_) => Place::Note,
            Self::Question(_) => Place::Question,
            Self::Confirm(_) => Place::Confirm,
            Self::Help(_) | Self::TalkTrack { .. } | Self::Explain { .. } | Self::Report(_) | Self::Welcome => {
                Place::Help
            }
        }
    }
}

/// A question with two answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// Leave the program?
    Quit,
}

/// A note being written for one lead.
#[derive(Debug)]
pub struct Note {
    /// The verdict it belongs to; a rejection for "other" waits for it. `None` for what is handed over.
    pub draft: Option<Draft>,
    /// Whether the verdict is sent when the note is done (reason "other"), or only kept for the next rejection.
    pub sends: bool,
    /// The text.
    pub area: TextArea<'static>,
}

impl Note {
    /// An empty text, or the one written before.
    pub fn new(draft: Draft, sends: bool) -> Self {
        let text = draft.note.clone().unwrap_or_default();
        Self::over(Some(draft), sends, &text)
    }

    /// What is added to what is handed over, as far as it is written.
    pub fn for_handoff(text: &str) -> Self {
        Self::over(None, false, text)
    }

    fn over(draft: Option<Draft>, sends: bool, text: &str) -> Self {
        let mut area = TextArea::new(text.lines().map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        // A line below what is written says nothing.
        area.set_cursor_line_style(ratatui::style::Style::new());
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        Self { draft, sends, area }
    }

    /// The text as it will be stored; `None` if there is none.
    pub fn text(&self) -> Option<String> {
        let text: String = self.area.lines().join("\n").trim().chars().take(NOTE_LIMIT).collect();
        (!text.is_empty()).then_some(text)
    }
}
