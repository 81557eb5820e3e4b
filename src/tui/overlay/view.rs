//! What overlays look like: a frame in the middle, the screen dimmed behind it.

mod batch;
mod help;
mod palette;
mod question;
mod views;
mod what_if;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::finder::{Finder, Purpose, Standing};
use super::menu::Menu;
use super::{Note, Overlay};
use crate::tui::action::Action;
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::screens::lead;
use crate::tui::theme::Meaning;
use crate::tui::verdict::{Draft, caution};
use crate::tui::view::hits::Target;
use crate::tui::view::{Ctx, list_row, put, put_all};

const ASCII_BORDER: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Draws one overlay.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, overlay: &Overlay) {
    match overlay {
        Overlay::Menu(menu) => draw_menu(frame, model, ctx, area, menu),
        Overlay::Finder(finder) => draw_finder(frame, model, ctx, area, finder),
        Overlay::TalkTrack { scroll } => draw_talk_track(frame, model, ctx, area, *scroll),
        Overlay::Explain { scroll } => draw_explain(frame, model, ctx, area, *scroll),
        Overlay::WhatIf(supposing) => what_if::draw(frame, model, ctx, area, supposing),
        // It stands in the queue, above its rows.
        Overlay::Filter(_) => {}
        Overlay::Views(list) => views::draw(frame, model, ctx, area, list),
        Overlay::Batch(preview) => batch::draw(frame, model, ctx, area, preview),
        Overlay::Report(report) => batch::draw_report(frame, ctx, area, report),
        Overlay::Note(note) => draw_note(frame, model, ctx, area, note),
        Overlay::Question(asked) => question::draw(frame, model, ctx, area, asked),
        Overlay::Confirm(super::Confirm::Quit) => draw_quit(frame, model, ctx, area),
        Overlay::Help(shown) => help::draw(frame, model, ctx, area, shown),
        Overlay::Palette(shown) => palette::draw(frame, ctx, area, shown),
        Overlay::Welcome => draw_welcome(frame, model, ctx, area),
    }
}

/// A cleared frame of at most this size in the middle; the area inside it.
fn window(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, (width, height): (u16, u16), title: &str) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height.saturating_sub(2));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let title = ctx.theme.text(title, usize::from(width).saturating_sub(6));
    let set = if ctx.theme.ascii() { ASCII_BORDER } else { border::ROUNDED };
    let block = Block::bordered()
        .border_set(set)
        .border_style(Style::new())
        .title(Line::from(ctx.span(Meaning::Title, format!(" {title} "))));
    let inner = block.inner(place);
    // A strip of the screen beside it would look like part of it: its cursor, its ends of lines.
    let cleared = if place.width + 8 >= area.width { Rect { x: area.x, width: area.width, ..place } } else { place };
    frame.render_widget(Clear, cleared);
    frame.render_widget(block, place);
    ctx.hits.note(place, Target::Nothing);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// What the verdict so far comes to.
fn subject(ctx: &Ctx, draft: &Draft, width: u16) -> Line<'static> {
    let text = if draft.outcome.is_empty() {
        draft.company.clone()
    } else {
        format!("{} {} {}", draft.company, ctx.theme.glyphs().dot, draft.outcome)
    };
    ctx.span(Meaning::Muted, ctx.theme.text(&text, usize::from(width))).into()
}

fn draw_menu(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, menu: &Menu) {
    let two = menu.items.len() > 8;
    let rows = if two { menu.items.len().div_ceil(2) } else { menu.items.len() };
    let caution = menu.draft.as_ref().and_then(|draft| caution(model, draft));
    let columns = if two { 62 } else { 46 };
    let caution = caution.map_or_else(Vec::new, |text| ctx.theme.wrap(&text, columns - 4, 2));
    let above = if menu.draft.is_some() { 2 + caution.len() as u16 } else { 0 };
    let below = if menu.has_details() { 2 } else { 0 };
    let height = rows as u16 + 2 + above + below;
    let inner = window(frame, ctx, area, (columns as u16, height), &menu.title);
    if below > 0 {
        let hint = " A capital letter says more exactly which.";
        put(frame, inner, above + rows as u16 + 1, ctx.span(Meaning::Muted, hint).into());
    }
    if let Some(draft) = &menu.draft {
        put(frame, inner, 0, subject(ctx, draft, inner.width));
        put_all(frame, inner, 1, caution.into_iter().map(|line| ctx.span(Meaning::Warn, line).into()));
    }
    let list = Rect { y: inner.y + above, height: inner.height.saturating_sub(above), ..inner };
    let column = if two { list.width / 2 } else { list.width };
    let visible = usize::from(list.height);
    let top = if two { 0 } else { menu.selected.map_or(0, |line| (line + 1).saturating_sub(visible)) };
    for (index, item) in menu.items.iter().enumerate().skip(top) {
        let (x, y) = if two { (index / rows, index % rows) } else { (0, index - top) };
        if y >= visible {
            continue;
        }
        let place = Rect { x: list.x + column * x as u16, width: column, ..list };
        let label = ctx.theme.left(&item.label, usize::from(column).saturating_sub(4));
        let line = Line::from(vec![ctx.span(Meaning::Key, format!(" {} ", item.letter)), Span::raw(label)]);
        let selected = Some(index) == menu.selected;
        put(frame, place, y as u16, list_row(ctx, line, selected, usize::from(column)));
        ctx.hits.row(place, y as u16, index, menu.selected);
    }
}

/// Lines of the list of reps where an answer stands below it.
const FEW_REPS: u16 = 6;

fn draw_finder(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, finder: &Finder) {
    let asks = finder.purpose == Purpose::WhyNot;
    let (size, title) = match finder.purpose {
        Purpose::WhyNot => ((78, 24), "Why not which rep?"),
        Purpose::Give => ((78, 18), "Give it to which rep?"),
        Purpose::First => ((78, 18), "Whom would you give it to?"),
    };
    let inner = window(frame, ctx, area, size, title);
    put(frame, inner, 0, subject(ctx, &finder.draft, inner.width));
    let prompt = format!("{} ", ctx.theme.glyphs().cursor);
    if inner.height > 2 {
        let field = Rect { y: inner.y + 2, height: 1, ..inner };
        finder.query.draw(frame, ctx, field, (&prompt, "type a few letters of the name"), None);
    }
    let mut list = Rect { y: inner.y + 4, height: inner.height.saturating_sub(4), ..inner };
    if asks {
        list.height = list.height.min(FEW_REPS);
        let below = Rect { y: list.bottom() + 1, height: inner.bottom().saturating_sub(list.bottom() + 1), ..inner };
        draw_answer(frame, model, ctx, below, finder);
    }
    if finder.matches().len() == 0 {
        let nobody = if asks { "No rep is called so." } else { "No active rep is called so." };
        return put(frame, list, 0, ctx.span(Meaning::Warn, nobody).into());
    }
    let visible = usize::from(list.height);
    let top = (finder.selected + 1).saturating_sub(visible);
    let right = 44.min(usize::from(list.width) * 3 / 5);
    let name = usize::from(list.width).saturating_sub(right + 1);
    for (index, candidate) in finder.matches().enumerate().skip(top).take(visible) {
        let standing = match &candidate.standing {
            Standing::Ranked(rank, p) => format!("{} at rank {rank}", format::percent(*p)),
            Standing::Eligible(_, 0) => "no deals yet".into(),
            Standing::Eligible(won, deals) => format!("won {won} of {deals}"),
            Standing::Excluded(why) => why.clone(),
            Standing::Unknown => "not ranked".into(),
        };
        let muted = !candidate.standing.may();
        let line = Line::from(vec![
            Span::raw(format!("{} ", ctx.theme.left(&candidate.name, name))),
            ctx.span(if muted { Meaning::Muted } else { Meaning::Text }, ctx.theme.left(&standing, right)),
        ]);
        let line = list_row(ctx, line, index == finder.selected, usize::from(list.width));
        put(frame, list, (index - top) as u16, line);
        ctx.hits.row(list, (index - top) as u16, index, finder.selected);
    }
}

/// Why the rep under the cursor does not get the lead.
fn draw_answer(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, finder: &Finder) {
    let asked = finder.chosen().zip(model.focus.detail());
    let Some((rep, detail)) = asked.filter(|_| model.focus.id() == Some(&finder.draft.lead)) else { return };
    put_all(frame, area, 0, lead::view::answer::of_rep(detail, &rep.id, model, ctx, usize::from(area.width)));
}

fn draw_talk_track(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, scroll: usize) {
    let Some(detail) = model.focus.detail() else { return };
    draw_of_lead(frame, ctx, area, (detail, 76), scroll, lead::view::talk::lines);
}

fn draw_explain(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, scroll: usize) {
    let Some(detail) = model.focus.detail() else { return };
    draw_of_lead(frame, ctx, area, (detail, 96), scroll, lead::view::differ::lines);
}

/// Lines about a lead, under its company, with a sign where there are more.
fn draw_of_lead(
    frame: &mut Frame<'_>,
    ctx: &Ctx,
    area: Rect,
    (detail, widest): (&LeadDetail, u16),
    scroll: usize,
    lines: fn(&LeadDetail, &Ctx, usize) -> Vec<Line<'static>>,
) {
    let width = widest.min(area.width.saturating_sub(6));
    let lines = lines(detail, ctx, usize::from(width));
    let inner = window(frame, ctx, area, (width + 4, lines.len() as u16 + 2), &detail.record.lead.company);
    batch::scrolled(frame, ctx, inner, lines, scroll);
}

fn draw_note(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, note: &Note) {
    let title = match (&note.draft, note.sends) {
        (None, _) => "What should the next manager know?",
        (_, true) => "Other: what is the reason?",
        (_, false) => "Note for the rejection",
    };
    let inner = window(frame, ctx, area, (64, 11), title);
    let about = note.draft.as_ref().map_or_else(
        || ctx.span(Meaning::Muted, "It is kept with what you hand over, and cannot be changed.").into(),
        |draft| subject(ctx, draft, inner.width),
    );
    put(frame, inner, 0, about);
    let field = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
    if field.height > 0 && field.width > 0 {
        frame.render_widget(&note.area, field);
    }
    let key = |action| model.keymap.key_for(Place::Note, action).unwrap_or_default();
    let does = if note.sends { "gives the verdict" } else { "keeps it" };
    put(
        frame,
        inner,
        inner.height.saturating_sub(1),
        Line::from(vec![
            ctx.span(Meaning::Key, key(Action::Accept)),
            Span::raw(format!(" {does}  ")),
            ctx.span(Meaning::Key, "Alt-Enter"),
            Span::raw(" new line  "),
            ctx.span(Meaning::Key, key(Action::Back)),
            Span::raw(" cancels"),
        ]),
    );
}

fn draw_quit(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let inner = window(frame, ctx, area, (56, 6), "Quit leadboard?");
    let key = |action| model.keymap.key_for(Place::Confirm, action).unwrap_or_default();
    let lines = [
        Line::from("Every verdict given is stored; what is not written"),
        Line::from("yet is written when the worker runs again."),
        Line::default(),
        Line::from(vec![
            ctx.span(Meaning::Key, key(Action::Accept)),
            Span::raw(" quits  "),
            ctx.span(Meaning::Key, key(Action::Back)),
            Span::raw(" stays"),
        ]),
    ];
    put_all(frame, inner, 0, lines);
}

fn draw_welcome(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let inner = window(frame, ctx, area, (72, 17), "Welcome to leadboard");
    let key = |action| model.keymap.key_for(Place::Queue, action).unwrap_or_default();
    let six = [
        (key(Action::Approve), "approve: the lead goes where the model recommends"),
        (key(Action::KeepLegacy), "keep the owner that the CRM's rules chose, and say why"),
        (
            format!("{}-{}", key(Action::Override(1)), key(Action::Override(9))),
            "give it to the rep at that rank, and say why",
        ),
        (key(Action::Open), "open the lead and see why"),
        (key(Action::Undo), "take the last verdict back"),
        (key(Action::Help), "all keys"),
    ];
    let mut lines = vec![Line::from("New leads arrive here ranked by each rep's chance to win them.")];
    if model.options.phase.eq_ignore_ascii_case("shadow") {
        lines.push(Line::from("Nothing reaches your CRM unless you give a verdict."));
    }
    lines.push(Line::default());
    lines.extend(
        six.into_iter()
            .map(|(key, what)| Line::from(vec![ctx.span(Meaning::Key, format!("  {key:>7}  ")), Span::raw(what)])),
    );
    lines.extend([
        Line::default(),
        Line::from("A verdict can be taken back until it is written; the line at"),
        Line::from("the bottom says for how long."),
        Line::default(),
        Line::from(ctx.span(Meaning::Muted, "Any key begins.")),
    ]);
    put_all(frame, inner, 0, lines);
}
