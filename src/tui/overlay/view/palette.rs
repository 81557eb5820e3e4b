//! The palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::window;
use crate::tui::keymap::Scope;
use crate::tui::overlay::palette::{Entry, Palette};
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, list_row, put};

/// Columns of a name, and of a key.
const NAME: usize = 18;
const KEY: usize = 9;

pub(super) fn draw(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, palette: &Palette) {
    let inner = window(frame, ctx, area, (78, 20), "What do you want to do?");
    let prompt = format!("{} ", ctx.theme.glyphs().cursor);
    palette.field.draw(
        frame,
        ctx,
        Rect { height: inner.height.min(1), ..inner },
        (&prompt, "type a few letters"),
        None,
    );
    let list = Rect { y: inner.y + inner.height.min(2), height: inner.height.saturating_sub(2), ..inner };
    if palette.matches().len() == 0 {
        return put(frame, list, 0, ctx.span(Meaning::Warn, "Nothing is called so.").into());
    }
    let (visible, width) = (usize::from(list.height), usize::from(list.width));
    let top = palette.selected.map_or(0, |line| (line + 1).saturating_sub(visible));
    for (index, entry) in palette.matches().enumerate().skip(top).take(visible) {
        let line = list_row(ctx, row(ctx, entry, width), Some(index) == palette.selected, width);
        put(frame, list, (index - top) as u16, line);
        ctx.hits.row(list, (index - top) as u16, index, palette.selected);
    }
}

/// Where such things can be done, in one word if the name is many.
const fn place(scope: Scope) -> &'static str {
    match scope {
        Scope::Judge => "lead",
        Scope::Group => "group",
        other => other.title(),
    }
}

fn row(ctx: &Ctx, entry: &Entry, width: usize) -> Line<'static> {
    let does = match entry.elsewhere {
        // Where comes first, so that it is the end of what can be looked up there that is cut.
        Some(scope) => format!("not here ({}): {}", place(scope), entry.does),
        None => entry.does.clone(),
    };
    let here = entry.elsewhere.is_none();
    Line::from(vec![
        ctx.span(Meaning::Key, format!("{} ", ctx.theme.right(&entry.key, KEY))),
        ctx.span(if here { Meaning::Title } else { Meaning::Muted }, format!("{} ", ctx.theme.left(&entry.name, NAME))),
        if here {
            Span::raw(ctx.theme.text(&does, width.saturating_sub(NAME + KEY + 2)))
        } else {
            ctx.span(Meaning::Muted, ctx.theme.text(&does, width.saturating_sub(NAME + KEY + 2)))
        },
    ])
}
