//! What the handoff screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::model::Part;
use super::update::waits;
use crate::tui::action::Action;
use crate::tui::backend::boards::Handoff;
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, button, put, unread};
use crate::tui::widgets::sheet;

const BY: usize = 24;

/// Draws the two parts, what can be done with the one that is shown, and its sheet.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.handoff;
    let width = usize::from(area.width);
    put(frame, area, 0, parts(model, ctx, area));
    let Some(board) = &screen.board.data else {
        return unread(frame, area, ctx, "What is handed over", screen.board.error.as_deref());
    };
    let said = match (screen.part, &board.last) {
        (Part::Now, _) => now(model, ctx, width),
        (Part::Last, Some(last)) => standing(model, last, ctx, width),
        (Part::Last, None) => {
            let text = " Nobody has handed over yet. At the end of a shift, whoever leaves does it here.";
            ctx.span(Meaning::Muted, ctx.theme.text(text, width)).into()
        }
    };
    put(frame, area, 1, said);
    let place = Rect { y: area.y + 3, height: area.height.saturating_sub(4), ..area };
    let rows = screen.rows(ctx, width);
    let below = sheet::draw(frame, ctx, place, &rows, &screen.reader);
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    sheet::more(frame, ctx, last, below, model.keymap.key_for(Place::Handoff, Action::PageDown));
}

/// Both parts, the one that is shown reversed.
fn parts(model: &Model, ctx: &Ctx, area: Rect) -> Line<'static> {
    let screen = &model.boards.handoff;
    let last = screen.last().map_or_else(
        || " Handed over last ".to_owned(),
        |last| format!(" From {}, {} ", ctx.theme.text(&last.by, BY), format::moment(last.at, ctx.now, ctx.zone)),
    );
    let mut spans = vec![ctx.span(Meaning::Title, " Handoff "), Span::raw(" ")];
    for (part, text) in [(Part::Last, last), (Part::Now, " Hand over now ".to_owned())] {
        let span = ctx.span(if part == screen.part { Meaning::Selected } else { Meaning::Text }, text);
        if part != screen.part {
            let start = spans.iter().map(Span::width).sum::<usize>();
            button(ctx, Rect { height: 1, ..area }, start, span.width(), Action::NextTab);
        }
        spans.extend([span, Span::raw("  ")]);
    }
    Line::from(spans)
}

fn key(model: &Model, action: Action) -> String {
    model.keymap.key_for(Place::Handoff, action).unwrap_or_default()
}

/// What can be done with what would be handed over now.
fn now(model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    if model.options.read_only {
        return ctx.span(Meaning::Muted, " Read-only: this is what could be handed over now.").into();
    }
    if model.boards.handoff.under_way {
        return ctx.span(Meaning::Muted, " Being stored ...").into();
    }
    let adds = if model.boards.handoff.note.is_empty() { " adds a note." } else { " changes the note." };
    let spans = vec![
        Span::raw(" "),
        ctx.span(Meaning::Key, key(model, Action::GiveHandoff)),
        Span::raw(" hands this over to whoever comes next.  "),
        ctx.span(Meaning::Key, key(model, Action::Note)),
        Span::raw(adds),
    ];
    let line = Line::from(spans);
    if line.width() <= width { line } else { ctx.span(Meaning::Text, " For whoever comes next.").into() }
}

/// Whether it was taken over, and what that takes.
fn standing(model: &Model, last: &Handoff, ctx: &Ctx, width: usize) -> Line<'static> {
    let (good, ..) = ctx.theme.glyphs().marks;
    if let Some(accepted) = &last.accepted {
        let when = format::moment(accepted.at, ctx.now, ctx.zone);
        let text = format!(" {good} Accepted by {} {when}.", accepted.by);
        return ctx.span(Meaning::Good, ctx.theme.text(&text, width)).into();
    }
    if !waits(model) {
        return ctx
            .span(Meaning::Muted, " Yours. Nobody has accepted it yet; whoever comes next is greeted with it.")
            .into();
    }
    if model.options.read_only {
        return ctx.span(Meaning::Warn, " Nobody has accepted it yet. Read-only: not from this session.").into();
    }
    let ago = format::ago(last.at, ctx.now);
    Line::from(vec![
        Span::raw(" "),
        ctx.span(Meaning::Key, key(model, Action::GiveHandoff)),
        ctx.span(Meaning::Title, " to accept"),
        Span::raw(", "),
        ctx.span(Meaning::Key, key(model, Action::Back)),
        Span::raw(" for later.  "),
        ctx.span(Meaning::Muted, format!("This is how it stood {ago}.")),
    ])
}
