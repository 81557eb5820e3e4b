//! Where things are, as a function of the size alone, so that `update` (which pages) and the views (which draw) agree.

use ratatui::layout::{Constraint, Layout, Rect};

/// Narrower than this, nothing true can be shown.
pub const MIN_WIDTH: u16 = 60;
/// Lower than this, nothing true can be shown.
pub const MIN_HEIGHT: u16 = 15;
/// From this width on the queue shows the why-panel of the selected lead beside the list, and the lead screen has a
/// second column.
pub const WIDE: u16 = 120;

/// Lines of the header on every screen: navigation and the conservation counter.
const HEADER: u16 = 2;
/// Lines above the rows of the queue: lanes and column heads.
pub const QUEUE_HEAD: u16 = 2;
/// Lines of the sync screen besides the loops and the outbox rows.
pub const SYNC_FIXED: u16 = 8;

/// The parts of a screen.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Navigation and counters.
    pub header: Rect,
    /// The screen itself.
    pub body: Rect,
    /// What happened last.
    pub status: Rect,
    /// Keys.
    pub footer: Rect,
}

/// Cuts the terminal into its parts.
pub fn parts(area: Rect) -> Parts {
    let [header, body, status, footer] = Layout::vertical([
        Constraint::Length(HEADER),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    Parts { header, body, status, footer }
}

/// Cuts the queue's body into the list and, when wide, the why-panel.
pub fn queue_columns(body: Rect) -> (Rect, Option<Rect>) {
    if body.width < WIDE {
        return (body, None);
    }
    let panel = (body.width * 44 / 100).max(50);
    let [list, _, panel] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Length(panel)]).areas(body);
    (list, Some(panel))
}

/// Rows of the queue that fit on a terminal, below so many lines about its filter.
pub fn queue_rows(size: (u16, u16), bar: u16) -> usize {
    usize::from(size.1.saturating_sub(HEADER + 2 + QUEUE_HEAD + bar))
}

/// Rows of the outbox that have to fit before each loop that works gets a line of its own.
const OUTBOX_FIRST: usize = 8;

/// Whether the loops that work share a line, so that there is room for what waits to be written.
pub fn loops_fold(size: (u16, u16), loops: usize) -> bool {
    outbox_rows(size, loops) < OUTBOX_FIRST
}

/// Rows of the outbox that fit on a terminal, below so many lines about the loops.
pub fn outbox_rows(size: (u16, u16), loops: usize) -> usize {
    usize::from(size.1.saturating_sub(HEADER + 2 + SYNC_FIXED + outbox_detail(size))).saturating_sub(loops.max(1))
}

/// Lines below the outbox that say in full what is with the write under the cursor, and the blank above them; none on a
/// terminal that has room for little else.
pub const fn outbox_detail(size: (u16, u16)) -> u16 {
    if size.1 < 20 { 0 } else { 3 }
}
