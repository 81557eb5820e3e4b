//! The leads of a group: what they have in common, how many were looked at, and the verdict that all of them may get.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::stake_words;
use crate::app::disagreements::{Tally, hundredths};
use crate::tui::action::Action;
use crate::tui::backend::{Disagreement, Which, batch};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::screens::lead;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put};

/// Lines above the leads.
const HEAD: u16 = 4;
/// Columns of what is at stake, and of what the manager said.
const STAKE: usize = 7;
const SAID: usize = 14;

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let (list, panel) = layout::queue_columns(area);
    leads(frame, model, ctx, list);
    if let Some(panel) = panel {
        lead::view::panel(frame, model, ctx, panel);
    }
}

fn leads(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let (board, width) = (&model.board, usize::from(area.width));
    let Some(group) = &board.group else { return };
    let all: Vec<&Disagreement> = board.leads().collect();
    let tally = all.iter().fold(Tally::default(), |sum, one| sum.and(Tally::of(one)));
    let room = width.saturating_sub(1);
    let title = format!("Group: {}", board.group_words());
    put(frame, area, 0, ctx.span(Meaning::Title, format!(" {}", ctx.theme.text(&title, room))).into());
    let n = if tally.leads == 1 { "1 lead".to_owned() } else { format!("{} leads", format::grouped(tally.leads)) };
    let about = format!("{n}; {}", stake_words(&tally));
    put(frame, area, 1, ctx.span(Meaning::Muted, format!(" {}", ctx.theme.text(&about, room))).into());
    put(frame, area, 2, may(model, ctx, width));
    if all.is_empty() {
        let none = " No lead is in this group any more.";
        return put(frame, area, HEAD, ctx.span(Meaning::Muted, ctx.theme.text(none, width)).into());
    }
    let decided = board.which != Which::Open;
    let names = width.saturating_sub(4 + STAKE + 1 + if decided { SAID } else { 0 });
    let company = names * 2 / 5;
    let pair = names.saturating_sub(company + 1);
    let head = format!("   {} {:>STAKE$}  {}", ctx.theme.left("lead", company), "wins", "legacy to model");
    put(frame, area, HEAD - 1, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    let visible = usize::from(area.height.saturating_sub(HEAD));
    let top = (group.selected + 1).saturating_sub(visible);
    for (index, one) in all.iter().enumerate().skip(top).take(visible) {
        let mark = if board.was_opened(&one.lead) { ctx.theme.glyphs().marks.0 } else { " " };
        let owners = format!("{} {} {}", one.legacy_name, ctx.theme.glyphs().arrow, one.model_name);
        let stake = one.stake.map_or_else(|| "-".to_owned(), |stake| format!("{:+.2}", hundredths(stake)));
        let mut line = Line::from(vec![
            ctx.span(Meaning::Good, format!(" {mark} ")),
            Span::raw(ctx.theme.left(&one.company, company)),
            ctx.span(Meaning::Text, format!(" {stake:>STAKE$}  ")),
            ctx.span(Meaning::Muted, ctx.theme.left(&owners, pair.saturating_sub(1))),
        ]);
        if let Some(said) = one.said.as_ref().filter(|_| decided) {
            let reason = said.reason.map_or_else(String::new, |code| format!(" {code}"));
            let text = format!(" {}{reason}", said.verdict.replace('_', " "));
            line.push_span(ctx.span(Meaning::Text, ctx.theme.left(&text, SAID)));
        }
        put(frame, area, (index - top) as u16 + HEAD, list_row(ctx, line, index == group.selected, width));
        ctx.hits.row(area, (index - top) as u16 + HEAD, index, group.selected);
    }
}

/// Whether all of it may be judged, and how.
fn may(model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    let key = |action| model.keymap.key_for(model.place(), action).unwrap_or_default();
    let all = model.board.leads().count();
    let (meaning, text) = match model.board.may_be_judged() {
        Err(why) if model.board.which == Which::Open => (Meaning::Warn, format!("{why} Then all may get one verdict.")),
        Err(why) => (Meaning::Muted, why),
        Ok(()) => {
            let most = if all > batch::MOST { format!(" (the first {})", batch::MOST) } else { String::new() };
            let (approve, keep) = (key(Action::ApproveMarked), key(Action::KeepMarked));
            (
                Meaning::Good,
                format!("{approve} approves all{most}, {keep} keeps the legacy owners: first you see what it does."),
            )
        }
    };
    ctx.span(meaning, format!(" {}", ctx.theme.text(&text, width.saturating_sub(1)))).into()
}
