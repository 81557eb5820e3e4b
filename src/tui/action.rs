//! What a person can ask for. Models see actions and never keys, so that rebinding, help and tests share one path.

use std::str::FromStr;

use strum::VariantArray;

use super::backend::VIEW_KEYS;
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
    /// Ask another manager to decide the marked leads, or the one in focus.
    HandOver,
    /// Take the last verdict back.
    Undo,
    /// Give again what was taken back last.
    Redo,
    /// Mark the lead, or take its mark away.
    Mark,
    /// Mark every lead that is listed.
    MarkAll,
    /// Do what is recommended for every marked lead, after a preview.
    ApproveMarked,
    /// Ask why some rep does not get it.
    WhyNot,
    /// Show what the chosen rep can say to the lead.
    TalkTrack,
    /// Put something of the lead on the clipboard.
    Copy,
    /// Show why the recommended owner is not the legacy owner.
    Explain,
    /// Suppose something else of the lead, and see what becomes of it.
    WhatIf,
    /// Show the disagreements of the same cause.
    Group,
    /// Leave every lead of the group with its legacy owner, after a preview.
    KeepMarked,
    /// Open what is under the cursor.
    Open,
    /// Go back, close, cancel.
    Back,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
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
    /// Say which leads are shown.
    Filter,
    /// Write what the queue lists to a file.
    Export,
    /// Go to the view that is kept under this function key.
    View(u8),
    /// Show the list of views.
    Views,
    /// Keep what is shown as a view.
    SaveView,
    /// Call a view something else.
    RenameView,
    /// Make the key of a view free again.
    RemoveView,
    /// The other part of the screen.
    OtherPart,
    /// Only leads with the owners of the one under the cursor, or all of the group.
    Narrow,
    /// Disagreements that were decided, or those that are open.
    Decided,
    /// Try a failed write again.
    Retry,
    /// To the queue screen.
    ShowQueue,
    /// To the disagreements screen.
    ShowDisagreements,
    /// To the sync screen.
    ShowSync,
    /// To the model screen.
    ShowModel,
    /// To the reps screen.
    ShowReps,
    /// To the SLA screen.
    ShowSla,
    /// To the trace screen.
    ShowTrace,
    /// To the rollout screen.
    ShowRollout,
    /// To the feedback screen.
    ShowFeedback,
    /// To the handoff screen.
    ShowHandoff,
    /// To the digest screen.
    ShowDigest,
    /// Accept what was handed over, or hand over.
    GiveHandoff,
    /// The day before.
    PreviousDay,
    /// The day after.
    NextDay,
    /// Stop all writing to the CRM, or let it go on, after asking.
    KillSwitch,
    /// The next list of a screen.
    NextTab,
    /// The list before.
    PreviousTab,
    /// To the next section of what is read.
    NextSection,
    /// To the section before.
    PreviousSection,
    /// Put a list in another order.
    Sort,
    /// Look for a lead.
    Find,
    /// Make a ranking again.
    Replay,
    /// Hold a decision against the one before it.
    Compare,
    /// Give the mouse to the terminal, or take it again.
    Mouse,
    /// Read everything anew.
    Refresh,
    /// Show every key.
    Help,
    /// Find something that can be done by its name.
    Palette,
    /// Find a key in the help.
    Search,
    /// Stop the program for now, back to the shell.
    Suspend,
    /// Leave, after asking.
    Quit,
    /// Leave at once.
    QuitNow,
    /// Take what is chosen or written.
    Accept,
    /// Finish the word that is being typed.
    Complete,
}

impl Action {
    /// Every action, in the order of the help.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Approve, Self::KeepLegacy];
        all.extend((1..=9).map(Self::Override));
        all.extend([
            Self::OverrideAny,
            Self::Reroute,
            Self::Snooze,
            Self::Note,
            Self::HandOver,
            Self::Undo,
            Self::Redo,
            Self::Mark,
            Self::MarkAll,
            Self::ApproveMarked,
            Self::WhyNot,
            Self::TalkTrack,
            Self::Copy,
            Self::Explain,
            Self::WhatIf,
            Self::Group,
            Self::KeepMarked,
            Self::Open,
            Self::Back,
            Self::Up,
            Self::Down,
            Self::Left,
            Self::Right,
            Self::PageUp,
            Self::PageDown,
            Self::Top,
            Self::Bottom,
            Self::NextLane,
            Self::PreviousLane,
        ]);
        all.extend(Lane::VARIANTS.iter().copied().map(Self::Lane));
        all.extend([Self::Filter, Self::Export]);
        all.extend(VIEW_KEYS.map(Self::View));
        all.extend([
            Self::Views,
            Self::SaveView,
            Self::RenameView,
            Self::RemoveView,
            Self::OtherPart,
            Self::Narrow,
            Self::Decided,
            Self::Retry,
            Self::ShowQueue,
            Self::ShowDisagreements,
            Self::ShowSync,
            Self::ShowModel,
            Self::ShowReps,
            Self::ShowSla,
            Self::ShowTrace,
            Self::ShowRollout,
            Self::ShowFeedback,
            Self::ShowHandoff,
            Self::ShowDigest,
            Self::GiveHandoff,
            Self::PreviousDay,
            Self::NextDay,
            Self::KillSwitch,
            Self::NextTab,
            Self::PreviousTab,
            Self::NextSection,
            Self::PreviousSection,
            Self::Sort,
            Self::Find,
            Self::Replay,
            Self::Compare,
            Self::Mouse,
            Self::Refresh,
            Self::Help,
            Self::Palette,
            Self::Search,
            Self::Suspend,
            Self::Quit,
            Self::QuitNow,
            Self::Accept,
            Self::Complete,
        ]);
        all
    }

    /// Its name in a keymap file, what it does, and what it is called in the footer, as short as can be.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            // Ranks and lanes have names of their own, see `name` and `describe`.
            Self::Override(_) => ("override", "give it to the rep at that rank, and say why", "pick"),
            Self::Lane(lane) => ("lane", "that lane", lane.title()),
            Self::Approve => ("approve", "approve: do what is recommended", "approve"),
            Self::KeepLegacy => ("keep-legacy", "keep the legacy owner, with a reason", "keep legacy"),
            Self::OverrideAny => ("override-any", "give it to any rep, found by name", "any rep"),
            Self::Reroute => ("reroute", "send it to a queue, with a reason", "reroute"),
            Self::Snooze => ("snooze", "ask me again later", "snooze"),
            Self::Note => ("note", "write a note for the next rejection", "note"),
            Self::HandOver => ("hand-over", "hand the lead or those marked to a manager", "hand over"),
            Self::Undo => ("undo", "take the last verdict back", "undo"),
            Self::WhyNot => ("why-not", "why not another rep, and what would change it", "why not"),
            Self::TalkTrack => ("talk-track", "what the chosen rep can say to the lead", "talk track"),
            Self::Copy => ("copy", "copy something of the lead to the clipboard", "copy"),
            Self::Export => ("export", "write all that the queue lists to a file", "export"),
            Self::Explain => ("explain", "why model and legacy rules differ", "explain"),
            Self::WhatIf => ("what-if", "suppose other facts: who would get it then?", "what if"),
            Self::Group => ("group", "disagreements of the same cause", "group"),
            Self::KeepMarked => ("keep-marked", "keep the legacy owners of the group, after a preview", "keep all"),
            Self::Left => ("left", "to the left", "left"),
            Self::Right => ("right", "to the right", "right"),
            Self::OtherPart => ("other-part", "between owners and causes", "owners or causes"),
            Self::Narrow => ("narrow", "only leads with these owners and cause, or all", "narrow"),
            Self::Decided => ("decided", "decided disagreements, or open ones", "open or decided"),
            Self::ShowDisagreements => {
                ("show-disagreements", "disagreements screen: model against legacy rules", "disagreements")
            }
            Self::Open => ("open", "open the lead", "open"),
            Self::Back => ("back", "back", "back"),
            Self::Up => ("up", "up", "up"),
            Self::Down => ("down", "down", "down"),
            Self::PageUp => ("page-up", "one page up", "page up"),
            Self::PageDown => ("page-down", "one page down", "page down"),
            Self::Top => ("top", "to the first row", "first"),
            Self::Bottom => ("bottom", "to the last row", "last"),
            Self::NextLane => ("next-lane", "next lane", "lane"),
            Self::PreviousLane => ("previous-lane", "previous lane", "previous lane"),
            Self::Redo => ("redo", "give again what was taken back", "redo"),
            Self::Mark => ("mark", "mark the lead, for a batch", "mark"),
            Self::MarkAll => ("mark-all", "mark all that are listed, or none", "mark all"),
            Self::ApproveMarked => ("approve-marked", "approve the marked leads, after a preview", "approve marked"),
            Self::View(_) => ("view", "the view saved there; F1-F7 show lanes until then", "view"),
            Self::Views => ("views", "views: go to, save, rename, remove", "views"),
            Self::SaveView => ("save-view", "save what the queue shows under that key", "save here"),
            Self::RenameView => ("rename-view", "call the view something else", "rename"),
            Self::RemoveView => ("remove-view", "remove the view from that key", "remove"),
            Self::Filter => ("filter", "filter: say which leads are shown", "filter"),
            Self::Retry => ("retry", "try the failed write again", "retry"),
            Self::ShowQueue => ("show-queue", "queue screen", "queue"),
            Self::ShowSync => ("show-sync", "sync screen: outbox, worker, API", "sync"),
            Self::ShowModel => ("show-model", "model screen: may it be trusted?", "model"),
            Self::ShowReps => ("show-reps", "reps screen: room, absences, shares, calls", "reps"),
            Self::ShowSla => ("show-sla", "first contacts: due, missed, made", "contacts"),
            Self::ShowTrace => ("show-trace", "trace screen: the story of a lead", "trace"),
            Self::ShowRollout => ("show-rollout", "rollout screen: phase, kill switch", "rollout"),
            Self::ShowFeedback => ("show-feedback", "feedback screen: verdicts, reasons", "feedback"),
            Self::ShowHandoff => ("show-handoff", "handoff: to whoever comes next, and from", "handoff"),
            Self::ShowDigest => ("show-digest", "digest screen: one day in words", "digest"),
            Self::GiveHandoff => ("give-handoff", "hand over, or accept what waits for you", "hand over"),
            Self::PreviousDay => ("previous-day", "the day before", "day before"),
            Self::NextDay => ("next-day", "the next day", "next day"),
            Self::KillSwitch => ("kill-switch", "stop all writing to the CRM, or let it go on", "kill switch"),
            Self::NextTab => ("next-tab", "the next list", "next list"),
            Self::PreviousTab => ("previous-tab", "the list before", "list before"),
            Self::NextSection => ("next-section", "the next section", "next section"),
            Self::PreviousSection => ("previous-section", "the section before", "section before"),
            Self::Sort => ("sort", "put the list in another order", "sort"),
            Self::Find => ("find", "look for a lead", "find"),
            Self::Replay => ("replay", "make the ranking again, and compare", "replay"),
            Self::Compare => ("compare", "what differs from the decision before", "compare"),
            Self::Mouse => ("mouse", "the mouse: works here, or selects text", "mouse"),
            Self::Refresh => ("refresh", "read everything anew", "refresh"),
            Self::Help => ("help", "all keys", "help"),
            Self::Palette => ("palette", "find what can be done by its name", "find"),
            Self::Search => ("search", "find a key", "find"),
            Self::Suspend => ("suspend", "to the shell (come back with fg)", "suspend"),
            Self::Quit => ("quit", "quit", "quit"),
            Self::QuitNow => ("quit-now", "quit at once", "quit now"),
            Self::Accept => ("accept", "take it", "accept"),
            Self::Complete => ("complete", "finish the word", "complete"),
        }
    }

    /// Its name in a keymap file.
    pub fn name(self) -> String {
        let (name, ..) = self.words();
        match self {
            Self::Override(n) | Self::View(n) => format!("{name}-{n}"),
            Self::Lane(lane) => format!("{name}-{}", lane.to_string().replace('_', "-")),
            _ => name.into(),
        }
    }

    /// What it does, for the help.
    pub fn describe(self) -> String {
        match self {
            Self::Lane(lane) => format!("lane {}", lane.title()),
            _ => self.words().1.into(),
        }
    }

    /// What it is called in the footer, as short as can be.
    pub const fn hint(self) -> &'static str {
        self.words().2
    }

    /// Whether it asks for more about a lead, or takes a shift over: no verdict, and still not meant where keys come faster than
    /// a hand types.
    pub const fn asks(self) -> bool {
        matches!(self, Self::WhyNot | Self::TalkTrack | Self::Explain | Self::WhatIf | Self::Group | Self::GiveHandoff)
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
                | Self::HandOver
                | Self::Undo
                | Self::Redo
                | Self::ApproveMarked
                | Self::KeepMarked
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
