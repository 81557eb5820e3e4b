//! What a person can ask for. Models see actions and never keys, so that rebinding, help and tests share one path.

use std::str::FromStr;

use strum::VariantArray;

use crate::domain::lane::Lane;

/// One thing a person can ask for. The order is the order of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Do what is recommended.
    Approve,
    /// Leave the lead with its legacy owner.
    KeepLegacy,
    /// Give it to the rep at this rank.
    Override(u8),
    /// Give it to any rep, found by name.
    OverrideAny,
    /// Send it to a queue.
    Reroute,
    /// Ask again later.
    Snooze,
    /// Write a note that goes with the next rejection.
    Note,
    /// Take the last verdict back.
    Undo,
    /// Ask why some rep does not get it.
    WhyNot,
    /// Show what the chosen rep can say to the lead.
    TalkTrack,
    /// Open what is under the cursor.
    Open,
    /// Go back, close, cancel.
    Back,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// The next lane.
    NextLane,
    /// The lane before.
    PreviousLane,
    /// This lane.
    Lane(Lane),
    /// Try a failed write again.
    Retry,
    /// To the queue screen.
    ShowQueue,
    /// To the sync screen.
    ShowSync,
    /// To the model screen.
    ShowModel,
    /// Read everything anew.
    Refresh,
    /// Show every key.
    Help,
    /// Stop the program for now, back to the shell.
    Suspend,
    /// Leave, after asking.
    Quit,
    /// Leave at once.
    QuitNow,
    /// Take what is chosen or written.
    Accept,
}

impl Action {
    /// Every action, in the order of the help.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Approve, Self::KeepLegacy];
        all.extend((2..=9).map(Self::Override));
        all.extend([
            Self::OverrideAny,
            Self::Reroute,
            Self::Snooze,
            Self::Note,
            Self::Undo,
            Self::WhyNot,
            Self::TalkTrack,
            Self::Open,
            Self::Back,
            Self::Up,
            Self::Down,
            Self::PageUp,
            Self::PageDown,
            Self::Top,
            Self::Bottom,
            Self::NextLane,
            Self::PreviousLane,
        ]);
        all.extend(Lane::VARIANTS.iter().copied().map(Self::Lane));
        all.extend([
            Self::Retry,
            Self::ShowQueue,
            Self::ShowSync,
            Self::ShowModel,
            Self::Refresh,
            Self::Help,
            Self::Suspend,
            Self::Quit,
            Self::QuitNow,
            Self::Accept,
        ]);
        all
    }

    /// Its name in a keymap file.
    pub fn name(self) -> String {
        match self {
            Self::Override(n) => format!("override-{n}"),
            Self::Lane(lane) => format!("lane-{}", lane.to_string().replace('_', "-")),
            Self::Approve => "approve".into(),
            Self::KeepLegacy => "keep-legacy".into(),
            Self::OverrideAny => "override-any".into(),
            Self::Reroute => "reroute".into(),
            Self::Snooze => "snooze".into(),
            Self::Note => "note".into(),
            Self::Undo => "undo".into(),
            Self::WhyNot => "why-not".into(),
            Self::TalkTrack => "talk-track".into(),
            Self::Open => "open".into(),
            Self::Back => "back".into(),
            Self::Up => "up".into(),
            Self::Down => "down".into(),
            Self::PageUp => "page-up".into(),
            Self::PageDown => "page-down".into(),
            Self::Top => "top".into(),
            Self::Bottom => "bottom".into(),
            Self::NextLane => "next-lane".into(),
            Self::PreviousLane => "previous-lane".into(),
            Self::Retry => "retry".into(),
            Self::ShowQueue => "show-queue".into(),
            Self::ShowSync => "show-sync".into(),
            Self::ShowModel => "show-model".into(),
            Self::Refresh => "refresh".into(),
            Self::Help => "help".into(),
            Self::Suspend => "suspend".into(),
            Self::Quit => "quit".into(),
            Self::QuitNow => "quit-now".into(),
            Self::Accept => "accept".into(),
        }
    }

    /// What it does, for the help.
    pub fn describe(self) -> String {
        match self {
            Self::Approve => "approve: do what is recommended".into(),
            Self::KeepLegacy => "keep the legacy owner, with a reason".into(),
            Self::Override(_) => "give it to the rep at that rank, with a reason".into(),
            Self::OverrideAny => "give it to any rep, found by name".into(),
            Self::Reroute => "send it to a queue, with a reason".into(),
            Self::Snooze => "ask me again later".into(),
            Self::Note => "write a note for the next rejection".into(),
            Self::Undo => "take the last verdict back".into(),
            Self::WhyNot => "why not another rep, and what would change it".into(),
            Self::TalkTrack => "what the chosen rep can say to the lead".into(),
            Self::Open => "open the lead".into(),
            Self::Back => "back".into(),
            Self::Up => "up".into(),
            Self::Down => "down".into(),
            Self::PageUp => "one page up".into(),
            Self::PageDown => "one page down".into(),
            Self::Top => "to the first row".into(),
            Self::Bottom => "to the last row".into(),
            Self::NextLane => "next lane".into(),
            Self::PreviousLane => "previous lane".into(),
            Self::Lane(lane) => format!("lane {}", lane.title()),
            Self::Retry => "try the failed write again".into(),
            Self::ShowQueue => "queue screen".into(),
            Self::ShowSync => "sync screen: outbox, worker, API".into(),
            Self::ShowModel => "model screen: may it be trusted?".into(),
            Self::Refresh => "read everything anew".into(),
            Self::Help => "all keys".into(),
            Self::Suspend => "to the shell (come back with fg)".into(),
            Self::Quit => "quit".into(),
            Self::QuitNow => "quit at once".into(),
            Self::Accept => "take it".into(),
        }
    }

    /// What it is called in the footer, as short as can be.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::KeepLegacy => "keep legacy",
            Self::Override(_) => "pick rank",
            Self::OverrideAny => "any rep",
            Self::Reroute => "reroute",
            Self::Snooze => "snooze",
            Self::Note => "note",
            Self::Undo => "undo",
            Self::WhyNot => "why not",
            Self::TalkTrack => "talk track",
            Self::Open => "open",
            Self::Back => "back",
            Self::Up => "up",
            Self::Down => "down",
            Self::PageUp => "page up",
            Self::PageDown => "page down",
            Self::Top => "first",
            Self::Bottom => "last",
            Self::NextLane => "next lane",
            Self::PreviousLane => "previous lane",
            Self::Lane(lane) => lane.title(),
            Self::Retry => "retry",
            Self::ShowQueue => "queue",
            Self::ShowSync => "sync",
            Self::ShowModel => "model",
            Self::Refresh => "refresh",
            Self::Help => "help",
            Self::Suspend => "suspend",
            Self::Quit => "quit",
            Self::QuitNow => "quit now",
            Self::Accept => "accept",
        }
    }

    /// Whether it asks for more about a lead: harmless, and still not meant where keys come faster than a hand types.
    pub const fn asks(self) -> bool {
        matches!(self, Self::WhyNot | Self::TalkTrack)
    }

    /// Whether it gives a verdict or leads to one: barred in read-only mode and from keys no hand can type so fast.
    pub const fn judges(self) -> bool {
        matches!(
            self,
            Self::Approve
                | Self::KeepLegacy
                | Self::Override(_)
                | Self::OverrideAny
                | Self::Reroute
                | Self::Snooze
                | Self::Undo
                | Self::Retry
        )
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::all().into_iter().find(|a| a.name() == name).ok_or(())
    }
}
