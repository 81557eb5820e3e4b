//! Everything the dashboard knows. Changed by `update` alone, read by `view` alone.

use chrono::{DateTime, TimeDelta, Utc};

use super::Options;
use super::backend::{LoopHealth, LoopState, Overview, SavedView};
use super::boards::Boards;
use super::keymap::{Keymap, Place};
use super::msg::{Effect, Remote};
use super::overlay::Overlay;
use super::overlay::filter::Prompt;
use super::screens::Screen;
use super::screens::disagreements::Board;
use super::screens::lead::{Focus, Lead};
use super::screens::model_health::{DriftPanel, ModelHealth};
use super::screens::queue::Queue;
use super::screens::sync::{self, Sync};
use super::team::{self, Team};
use super::theme::Theme;
use super::verdict::Session;
use super::view::{Ctx, layout};
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::domain::rep::Roster;

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// How it was started.
    pub options: Options,
    /// Keys to actions.
    pub keymap: Keymap,
    /// Looks.
    pub theme: Theme,
    /// Now, as of the newest message.
    pub now: DateTime<Utc>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Which screen is shown.
    pub screen: Screen,
    /// The lead screen, while a lead is open.
    pub lead: Option<Lead>,
    /// The queue screen.
    pub queue: Queue,
    /// The disagreements screen.
    pub board: Board,
    /// The sync screen.
    pub sync: Sync,
    /// The model screen.
    pub health: ModelHealth,
    /// What watching for drift found.
    pub drift: DriftPanel,
    /// The screens about the team, first contacts, stories of leads and the rollout.
    pub boards: Boards,
    /// The lead that verdicts are about.
    pub focus: Focus,
    /// Numbers of the header.
    pub overview: Remote<Overview>,
    /// Reps and queues.
    pub roster: Remote<Roster>,
    /// Views under the function keys.
    pub views: Remote<Vec<SavedView>>,
    /// What lies over the screen; the last one is on top.
    pub overlays: Vec<Overlay>,
    /// Verdicts given in this session.
    pub session: Session,
    /// What the other managers know of this one, and what was said about them.
    pub team: Team,
    /// What happened last, in words.
    pub status: Option<Status>,
    /// Whether the person did anything yet; until then the dashboard may choose the lane that has work.
    pub touched: bool,
    /// Leave.
    pub exit: bool,
}

/// One line about what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How to take it.
    pub tone: Tone,
    /// What happened; raw.
    pub text: String,
    /// Until then it can be taken back; the words change at that moment.
    pub undo_until: Option<DateTime<Utc>>,
}

/// How a status is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// For your information.
    Info,
    /// Done.
    Good,
    /// Not done, and that is all right.
    Warn,
    /// It failed.
    Error,
}

impl Model {
    /// The state at the start, and the first questions.
    pub fn new(options: Options, keymap: Keymap, size: (u16, u16), now: DateTime<Utc>) -> (Self, Vec<Effect>) {
        let mut model = Self {
            theme: Theme::new(options.ascii, options.palette),
            keymap,
            now,
            size,
            screen: Screen::Queue,
            lead: None,
            queue: Queue::new(Lane::Fast),
            board: Board::default(),
            sync: Sync::default(),
            health: ModelHealth::default(),
            drift: DriftPanel::default(),
            boards: Boards::default(),
            focus: Focus::default(),
            overview: Remote::default(),
            roster: Remote::default(),
            views: Remote::default(),
            overlays: if options.greet { vec![Overlay::Welcome] } else { Vec::new() },
            session: Session::default(),
            team: Team::default(),
            status: None,
            touched: false,
            exit: false,
            options,
        };
        model.relayout();
        let first = vec![
            Effect::LoadOverview(model.overview.load.start()),
            model.queue.reload(),
            Effect::LoadRoster(model.roster.load.start()),
            Effect::LoadViews(model.views.load.start()),
        ];
        (model, first)
    }

    /// Where the keyboard points.
    pub fn place(&self) -> Place {
        match (self.overlays.last(), self.screen) {
            (Some(overlay), _) => overlay.place(),
            (None, Screen::Disagreements) if self.board.group.is_some() => Place::Group,
            (None, screen) => Self::place_of(screen),
        }
    }

    /// Where the keyboard points on a bare screen.
    pub const fn place_of(screen: Screen) -> Place {
        match screen {
            Screen::Queue => Place::Queue,
            Screen::Lead => Place::Lead,
            Screen::Disagreements => Place::Disagreements,
            Screen::Sync => Place::Sync,
            Screen::Model => Place::Model,
            Screen::Reps => Place::Reps,
            Screen::Sla => Place::Sla,
            Screen::Trace => Place::Trace,
            Screen::Rollout => Place::Rollout,
            Screen::Feedback => Place::Feedback,
            Screen::Handoff => Place::Handoff,
            Screen::Digest => Place::Digest,
        }
    }

    /// The lead that a verdict would be about.
    pub fn lead_in_focus(&self) -> Option<&LeadId> {
        match self.screen {
            Screen::Queue => self.queue.selected().map(|row| &row.id),
            Screen::Lead => self.lead.as_ref().map(|lead| &lead.id),
            Screen::Disagreements => self.board.lead().map(|one| &one.lead),
            _ => None,
        }
    }

    /// Whether the terminal is too small to show anything true.
    pub const fn too_small(&self) -> bool {
        self.size.0 < layout::MIN_WIDTH || self.size.1 < layout::MIN_HEIGHT
    }

    /// Tells the lists how many rows they have on screen.
    pub fn relayout(&mut self) {
        self.queue.resize(layout::queue_rows(self.size, self.filter_bar()));
        let lines = sync::view::loops(self, &Ctx::of(self)).len();
        self.sync.resize(layout::outbox_rows(self.size, lines));
        self.boards.resize(self.size);
    }

    /// Lines above the rows of the queue that speak of its filter: the prompt and what is wrong with it, or the filter in
    /// force.
    pub fn filter_bar(&self) -> u16 {
        match self.prompt() {
            Some(prompt) => 1 + prompt.lines_below(self.size.0),
            None => u16::from(!self.queue.filter().is_empty()),
        }
    }

    /// The filter that is being typed.
    pub fn prompt(&self) -> Option<&Prompt> {
        self.overlays.iter().find_map(|overlay| match overlay {
            Overlay::Filter(prompt) => Some(&**prompt),
            _ => None,
        })
    }

    /// The view that is kept under a function key.
    pub fn view(&self, key: u8) -> Option<&SavedView> {
        self.views.data.as_ref()?.iter().find(|view| view.key == key)
    }

    /// The view that is shown, if it is one that is kept.
    pub fn view_shown(&self) -> Option<&SavedView> {
        let fits = |view: &&SavedView| {
            view.filter == *self.queue.filter() && view.lane.is_none_or(|lane| lane == self.queue.lane)
        };
        self.views.data.as_ref()?.iter().find(fits)
    }

    /// Background loops that have a line of their own on the sync screen, and those that work and share one.
    pub fn loops(&self) -> (Vec<&LoopHealth>, Vec<&LoopHealth>) {
        let all = self.overview.data.as_ref().map_or(&[][..], |overview| &overview.health.loops);
        if !layout::loops_fold(self.size, all.len()) {
            return (all.iter().collect(), Vec::new());
        }
        all.iter().partition(|one| one.state != LoopState::Running)
    }

    /// Says something in the status line.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.status = Some(Status { tone, text: text.into(), undo_until: None });
    }

    /// Whether the seconds are counted in which the last verdict can be taken back, and nothing else is due.
    pub fn counts_down(&self) -> bool {
        self.now.timestamp() % 60 != 0
            && self.status.as_ref().and_then(|s| s.undo_until).is_some_and(|grace| grace > self.now)
    }

    /// When something on screen changes by time alone: the next whole minute (ages and SLA clocks), the end of a grace
    /// period, or that of another manager's claim. Nothing is drawn before that unless something happens.
    pub fn wake_at(&self) -> DateTime<Utc> {
        let minute = TimeDelta::seconds(60 - self.now.timestamp().rem_euclid(60))
            - TimeDelta::nanoseconds(i64::from(self.now.timestamp_subsec_nanos()));
        let minute = self.now + minute;
        let minute = team::next_end(self).map_or(minute, |end| minute.min(end));
        match self.status.as_ref().and_then(|s| s.undo_until) {
            // Its seconds are counted down.
            Some(grace) if grace > self.now => {
                let whole = (grace - self.now - TimeDelta::nanoseconds(1)).num_seconds();
                minute.min(grace - TimeDelta::seconds(whole))
            }
            _ => minute,
        }
    }
}
