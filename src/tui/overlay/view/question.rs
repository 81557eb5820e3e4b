//! One line that is asked for.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::window;
use crate::tui::action::Action;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::overlay::question::{Purpose, Question};
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, put_all};

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, question: &Question) {
    let words = question.purpose.words();
    let inner = window(
        frame,
        ctx,
        area,
        (66, words.len() as u16 + 6),
        &format!("{}{}", question.purpose.title(), question.about),
    );
    let meaning = if question.purpose == Purpose::Stop { Meaning::Warn } else { Meaning::Text };
    put_all(frame, inner, 0, words.iter().map(|line| ctx.span(meaning, *line).into()));
    let at = words.len() as u16 + 1;
    if at < inner.height {
        let field = Rect { y: inner.y + at, height: 1, ..inner };
        let prompt = format!("{} ", ctx.theme.glyphs().cursor);
        question.field.draw(frame, ctx, field, (&prompt, question.purpose.hint()), None);
    }
    let key = |action| model.keymap.key_for(Place::Question, action).unwrap_or_default();
    let keys = Line::from(vec![
        ctx.span(Meaning::Key, key(Action::Accept)),
        Span::raw(format!(" {}  ", question.purpose.does())),
        ctx.span(Meaning::Key, key(Action::Back)),
        Span::raw(" cancels"),
    ]);
    put(frame, inner, at + 2, keys);
}
