//! The preview of a batch, and what was refused of one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::views::queue_words;
use super::window;
use crate::tui::action::Action;
use crate::tui::backend::{LeftOut, Plan, Share};
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::overlay::batch::{Preview, Report};
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, put_all};

/// Lines around what scrolls: the leads it is about above, a blank and the question below.
const FIXED: u16 = 4;

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, preview: &Preview) {
    let marked = preview.marked.len();
    let title = match &preview.plan {
        Some(Ok(plan)) if plan.leads.len() < marked => format!("{} of {marked}", plan.leads.len()),
        _ => marked.to_string(),
    };
    let leads = if marked == 1 { "lead" } else { "leads" };
    let title = match (&preview.keeps, &preview.group) {
        (Some(why), _) => format!("Keep the legacy owner of {title} {leads}? Reason: {}", why.code.title()),
        (None, Some(_)) => format!("Approve {title} {leads} of this group?"),
        (None, None) => format!("Approve {title} marked {leads}?"),
    };
    let width = 74.min(area.width.saturating_sub(6));
    let lines = match &preview.plan {
        None => vec![ctx.span(Meaning::Muted, "reading ...").into()],
        Some(Err(error)) => vec![
            ctx.span(Meaning::Bad, "What it would do could not be found out, so it cannot be done.").into(),
            Line::from(ctx.theme.text(error, usize::from(width))),
        ],
        Some(Ok(plan)) => planned(ctx, plan, usize::from(width)),
    };
    let inner = window(frame, ctx, area, (width + 4, lines.len() as u16 + FIXED + 2), &title);
    let subject = match &preview.group {
        Some(group) => group.clone(),
        None => queue_words(model.queue.filter(), Some(model.queue.lane)),
    };
    put(frame, inner, 0, ctx.span(Meaning::Muted, ctx.theme.text(&subject, usize::from(inner.width))).into());
    let body = Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(FIXED - 1), ..inner };
    scrolled(frame, ctx, body, lines, preview.scroll);
    question(frame, model, ctx, inner, preview);
}

/// The last line: what Enter does, or the number that is to be typed first.
fn question(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, inner: Rect, preview: &Preview) {
    let key = |action| model.keymap.key_for(Place::Batch, action).unwrap_or_default();
    let (n, enter, back) = (preview.leads(), key(Action::Accept), key(Action::Back));
    let row = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
    if n == 0 {
        return put(frame, row, 0, Line::from(vec![ctx.span(Meaning::Key, back), Span::raw(" closes")]));
    }
    if preview.must_count() {
        let what = if preview.keeps.is_some() { "keep" } else { "approve" };
        let ask = format!("type {n} and {enter} to {what} them all: ");
        preview.typed.draw(frame, ctx, row, (&ask, ""), None);
        return;
    }
    let does = if preview.keeps.is_some() { "keeps" } else { "approves" };
    let approves = format!(" {does} {}  ", if n == 1 { "it".to_owned() } else { format!("all {n}") });
    let line =
        [ctx.span(Meaning::Key, enter), Span::raw(approves), ctx.span(Meaning::Key, back), Span::raw(" cancels")];
    put(frame, row, 0, Line::from(line.to_vec()));
}

/// What must not be missed first, then who gets how many.
fn planned(ctx: &Ctx, plan: &Plan, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    let over: u32 = plan.owners.iter().map(Share::over).sum();
    if over > 0 {
        let text = format!("{over} more than fit: a rep without room gets none of these, they are ranked again.");
        lines.extend(ctx.theme.wrap(&text, width, 3).into_iter().map(|line| ctx.span(Meaning::Warn, line).into()));
    }
    if plan.against.leads > 0 {
        let go = if plan.against.leads == 1 { "goes" } else { "go" };
        let text = format!(
            "{} {go} to somebody less likely to win than the legacy owner (a rule, an account or a turn chose): {:.1} wins \
             given up, by the model.",
            format::grouped(u64::from(plan.against.leads)),
            plan.against.wins
        );
        lines.extend(ctx.theme.wrap(&text, width, 3).into_iter().map(|line| ctx.span(Meaning::Warn, line).into()));
    }
    if !plan.left_out.is_empty() {
        let text = match plan.left_out.len() {
            1 => "1 is left out, since it is not as it was marked:".to_owned(),
            n => format!("{} are left out, since they are not as they were marked:", format::grouped(n as u64)),
        };
        lines.push(ctx.span(Meaning::Warn, text).into());
        lines.extend(plan.left_out.iter().take(FIRST).map(|one| left_out(ctx, one, width)));
        if plan.left_out.len() > FIRST {
            lines.push(ctx.span(Meaning::Muted, "  the others stand at the end").into());
        }
    }
    if !lines.is_empty() && !plan.owners.is_empty() {
        lines.push(Line::default());
    }
    if !plan.owners.is_empty() {
        let loads = plan.owners.iter().any(|share| share.load.is_some());
        let head = if loads { "they have, then, of" } else { "" };
        let head = format!("{} {:>5}  {head}", ctx.theme.left("goes to", NAME), "leads");
        lines.push(Line::from(ctx.span(Meaning::Muted, head)));
    }
    lines.extend(plan.owners.iter().map(|share| owner(ctx, share, width)));
    lines.extend(plan.left_out.iter().skip(FIRST).map(|one| left_out(ctx, one, width)));
    lines
}

/// Leads left out that stand above all else.
const FIRST: usize = 4;

/// Columns of a name.
const NAME: usize = 28;

fn owner(ctx: &Ctx, share: &Share, width: usize) -> Line<'static> {
    let mut line = vec![
        Span::raw(format!("{} ", ctx.theme.left(&share.name, NAME))),
        ctx.span(Meaning::Title, format!("{:>5}", share.leads)),
    ];
    if let Some(load) = &share.load {
        let then = load.used + u64::from(share.leads);
        let arrow = ctx.theme.glyphs().arrow;
        let text = format!("  {} {arrow} {then} of {}", load.used, load.of);
        line.push(Span::raw(ctx.theme.text(&text, width.saturating_sub(NAME + 6))));
        if share.over() > 0 {
            line.push(ctx.span(Meaning::Bad, format!("  {} too many", share.over())));
        }
    }
    line.into()
}

fn left_out(ctx: &Ctx, one: &LeftOut, width: usize) -> Line<'static> {
    let name = ctx.theme.left(&one.company, 24);
    let why = ctx.theme.text(&one.why, width.saturating_sub(27));
    Line::from(vec![Span::raw(format!("  {name} ")), ctx.span(Meaning::Muted, why)])
}

pub(super) fn draw_report(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, report: &Report) {
    let width = 74.min(area.width.saturating_sub(6));
    let lines: Vec<Line<'_>> = report.refused.iter().map(|one| left_out(ctx, one, usize::from(width))).collect();
    let inner = window(frame, ctx, area, (width + 4, lines.len() as u16 + 2), &report.title);
    scrolled(frame, ctx, inner, lines, report.scroll);
}

/// Lines from a scroll on, with a sign where there are more.
pub(super) fn scrolled(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, lines: Vec<Line<'_>>, scroll: usize) {
    let most = lines.len().saturating_sub(usize::from(area.height));
    let scroll = scroll.min(most);
    put_all(frame, area, 0, lines.into_iter().skip(scroll));
    if scroll < most {
        let mark = Rect { x: area.right(), width: 1, ..area };
        put(frame, mark, area.height.saturating_sub(1), ctx.span(Meaning::Key, ctx.theme.glyphs().more.1).into());
    }
}
