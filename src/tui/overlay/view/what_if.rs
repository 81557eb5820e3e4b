//! What would become of a lead: the ranking as it is and as supposed, side by side.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::batch::scrolled;
use super::window;
use crate::app::what_if::{Moved, Outcome, Stands};
use crate::tui::backend::{LeadDetail, WhatIf};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::overlay::what_if::Supposing;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put};

/// Columns besides the name of a rep.
const BESIDES: usize = 40;
/// Columns of the window, lines above what is told, and the fewest lines in all.
const WIDTH: u16 = 96;
const ABOVE: u16 = 3;
const LOWEST: u16 = 20;
/// Lines of a sentence, at most.
const SENTENCE: usize = 3;

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, supposing: &Supposing) {
    let detail = model.focus.detail().filter(|_| model.focus.id() == Some(&supposing.lead));
    let width = usize::from(WIDTH.min(area.width.saturating_sub(2)).saturating_sub(4));
    let lines = told(ctx, supposing, width);
    // As high as what is told, and no lower than where nothing is told yet.
    let height = (lines.len() as u16 + ABOVE + 2).max(LOWEST);
    let inner = window(frame, ctx, area, (WIDTH, height), "What if? Nothing is written.");
    if let Some(detail) = detail {
        put(frame, inner, 0, ctx.span(Meaning::Muted, ctx.theme.text(&facts(detail), width)).into());
    }
    if inner.height > 1 {
        let row = Rect { y: inner.y + 1, height: 1, ..inner };
        let prompt = format!("{} ", ctx.theme.glyphs().cursor);
        supposing.field.draw(
            frame,
            ctx,
            row,
            (&prompt, "source=Webinar, amount=250k, absent=Ana Ruiz, room=Bob"),
            None,
        );
    }
    let body = Rect { y: inner.y + ABOVE.min(inner.height), height: inner.height.saturating_sub(ABOVE), ..inner };
    scrolled(frame, ctx, body, lines, supposing.scroll);
}

/// What would become of it, or what can be supposed.
fn told(ctx: &Ctx, supposing: &Supposing, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    if let Some(problem) = &supposing.problem {
        lines.extend(
            ctx.theme.wrap(problem, width, SENTENCE).into_iter().map(|line| ctx.span(Meaning::Warn, line).into()),
        );
    }
    match (&supposing.answer, supposing.asked) {
        (_, true) => lines.push(ctx.span(Meaning::Muted, "ranking ...").into()),
        (Some(answer), false) => lines.extend(answered(answer, ctx, width)),
        (None, false) if supposing.problem.is_none() => lines.extend(hints(ctx, width)),
        (None, false) => {}
    }
    lines
}

/// The facts that can be supposed, as they are.
fn facts(detail: &LeadDetail) -> String {
    let facts = &detail.record.lead.facts;
    let text = |name: &str, value: &Option<String>| format!("{name} {}", value.as_deref().unwrap_or("-"));
    let number =
        |name: &str, value: Option<f64>| format!("{name} {}", value.map_or_else(|| "-".to_owned(), format::magnitude));
    [
        text("source", &facts.source),
        text("industry", &facts.industry),
        text("country", &facts.country),
        number("amount", facts.amount),
        number("employees", facts.employees),
        text("product", &facts.product),
        text("territory", &facts.territory),
    ]
    .join(", ")
}

fn hints(ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let text = "The lead is ranked twice, as it is and as supposed, by the model and rules in force. Nothing after = means \
                not known; room= takes everything off a rep's desk.";
    ctx.theme.wrap(text, width, SENTENCE).into_iter().map(|line| ctx.span(Meaning::Muted, line).into()).collect()
}

fn answered(answer: &WhatIf, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |meaning: Meaning, text: &str| {
        lines.extend(ctx.theme.wrap(text, width, SENTENCE).into_iter().map(|line| ctx.span(meaning, line).into()));
    };
    say(Meaning::Title, &format!("If {}:", answer.supposed.join(", ")));
    if answer.before.to == answer.after.to {
        say(Meaning::Text, &format!("It would still go to {}: {}.", answer.after.to, because(&answer.after)));
    } else {
        say(Meaning::Model, &format!("It would go to {}: {}.", answer.after.to, because(&answer.after)));
        say(Meaning::Muted, &format!("As it is, it goes to {}: {}.", answer.before.to, because(&answer.before)));
    }
    if eligible(&answer.before) != eligible(&answer.after) {
        let (was, is) = (answer.before.eligible, answer.after.eligible);
        say(Meaning::Text, &format!("{is} may get it; as it is, {was}."));
    }
    lines.push(Line::default());
    let name = width.saturating_sub(BESIDES).min(30);
    let head = format!(" was  now {} {:>7} {:>7} {:>6}", ctx.theme.left("", name), "p_win", "then", "moves");
    lines.push(ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    lines.extend(answer.reps.iter().map(|one| moved(one, ctx, name, width)));
    lines.push(Line::default());
    let moment = format::moment(answer.as_of, ctx.now, ctx.zone);
    let basis = if answer.as_ranked {
        format!("Both as of {moment}, when it was ranked, with the loads and absences of then.")
    } else {
        format!(
            "Both as of {moment}: what it was ranked from is not in force any more. What the CRM alone knows is left out."
        )
    };
    let model = if answer.other_model { ", another than ranked it" } else { "" };
    let basis = format!("{basis} Leads of the same moment are left aside. Model {}{model}.", answer.model);
    let basis = ctx.theme.wrap(&basis, width, 4);
    lines.extend(basis.into_iter().map(|line| ctx.span(Meaning::Muted, line).into()));
    lines
}

/// Why it goes there, without its full stop.
fn because(outcome: &Outcome) -> &str {
    outcome.explanation.trim_end_matches('.')
}

const fn eligible(outcome: &Outcome) -> usize {
    outcome.eligible
}

fn rank(stands: &Stands) -> String {
    match (stands.out.is_some(), stands.rank) {
        (true, _) => "out".to_owned(),
        (false, Some(rank)) => rank.to_string(),
        (false, None) => "-".to_owned(),
    }
}

fn moved(one: &Moved, ctx: &Ctx, name: usize, width: usize) -> Line<'static> {
    let p = |stands: &Stands| stands.p_win.map_or_else(|| "-".to_owned(), format::percent);
    let gap = one.before.p_win.zip(one.after.p_win).map_or_else(String::new, |(was, is)| format::points(is - was));
    let meaning = match one.recommended {
        (_, true) => Meaning::Model,
        (true, false) => Meaning::Text,
        _ if one.legacy => Meaning::Legacy,
        _ => Meaning::Text,
    };
    let tag = match (one.recommended, one.legacy, &one.after.out) {
        ((_, true), ..) => "gets it".to_owned(),
        (_, _, Some(why)) => why.clone(),
        ((true, _), ..) => "got it".to_owned(),
        (_, true, _) => "legacy".to_owned(),
        _ => String::new(),
    };
    let numbers = format!(
        "{:>4} {:>4} {} {:>7} {:>7} {gap:>6}",
        rank(&one.before),
        rank(&one.after),
        ctx.theme.left(&one.name, name),
        p(&one.before),
        p(&one.after),
    );
    let room = width.saturating_sub(BESIDES + name - 4);
    Line::from(vec![ctx.span(meaning, numbers), Span::raw("  "), ctx.span(Meaning::Muted, ctx.theme.text(&tag, room))])
}
