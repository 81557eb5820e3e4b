//! What the digest screen looks like.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::tui::action::Action;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, unread};
use crate::tui::widgets::sheet;

/// Draws the day, its span, and what is told of it.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.digest;
    let width = usize::from(area.width);
    let Some(digest) = screen.shown() else {
        let day = screen.day.map_or_else(|| "today".to_owned(), |day| day.format("%A, %Y-%m-%d").to_string());
        put(frame, area, 0, title(ctx, &day));
        return unread(frame, area, ctx, "The day", screen.digest.error.as_deref());
    };
    put(frame, area, 0, title(ctx, &digest.date()));
    put(
        frame,
        area,
        1,
        ctx.span(Meaning::Muted, format!(" {}", ctx.theme.text(&digest.span(), width.saturating_sub(2)))).into(),
    );
    let columns = screen.columns(ctx, area.width);
    let place = Rect { y: area.y + 3, height: area.height.saturating_sub(4), ..area };
    let places = Layout::horizontal(columns.iter().map(|_| Constraint::Fill(1))).split(place);
    let below =
        columns.iter().zip(places.iter()).map(|(rows, place)| sheet::draw(frame, ctx, *place, rows, &screen.reader));
    let below = below.max().unwrap_or(0);
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    sheet::more(frame, ctx, last, below, model.keymap.key_for(Place::Digest, Action::PageDown));
}

fn title(ctx: &Ctx, day: &str) -> Line<'static> {
    Line::from(vec![ctx.span(Meaning::Title, " Digest  "), ctx.span(Meaning::Text, day.to_owned())])
}
