//! Every key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{views, window};
use crate::tui::keymap::Scope;
use crate::tui::model::Model;
use crate::tui::overlay::help::Help;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, put_all};

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, help: &Help) {
    let searched = help.typing || !help.search.is_empty();
    let mut lines = Vec::new();
    for (scope, bindings) in help.found(&model.keymap) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(ctx.span(Meaning::Title, scope.title())));
        if scope == Scope::Queue && !searched {
            lines.extend(model.views.data.iter().flatten().map(|view| {
                let words = format!("{}: {}", view.name, views::described(view));
                let key = ctx.span(Meaning::Key, format!("  F{:<15} ", view.key));
                Line::from(vec![key, Span::raw(ctx.theme.text(&words, 50))])
            }));
        }
        lines.extend(bindings.into_iter().map(|(keys, what)| {
            Line::from(vec![ctx.span(Meaning::Key, format!("  {:<16} ", ctx.theme.text(&keys, 16))), Span::raw(what)])
        }));
    }
    if searched {
        if lines.is_empty() {
            lines.push(ctx.span(Meaning::Warn, "No key does that here. : finds everything that can be done.").into());
        }
    } else {
        lines.push(Line::default());
        if let Some(path) = &model.options.log_path {
            let path = ctx.theme.text(&path.to_string_lossy(), 200);
            lines.push(ctx.span(Meaning::Muted, format!("log: {path}")).into());
        }
        lines.push(ctx.span(Meaning::Muted, format!("leadboard {}", env!("CARGO_PKG_VERSION"))).into());
    }
    // As high as all keys are, so that it stays where it is while one types.
    let height = if searched { area.height } else { lines.len() as u16 + 2 };
    let inner = window(frame, ctx, area, (72, height), "Keys");
    let mut list = inner;
    if searched {
        list.height = list.height.saturating_sub(2);
        let row = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
        help.search.draw(frame, ctx, row, ("/ ", "a word of what it does, or a key"), None);
    }
    let most = lines.len().saturating_sub(usize::from(list.height));
    let scroll = help.scroll.min(most);
    put_all(frame, list, 0, lines.into_iter().skip(scroll));
    if scroll < most {
        let mark = Rect { x: list.right(), width: 1, ..list };
        put(frame, mark, list.height.saturating_sub(1), ctx.span(Meaning::Key, ctx.theme.glyphs().more.1).into());
    }
}
