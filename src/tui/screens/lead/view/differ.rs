//! Why the recommended owner is not the legacy owner: the cause, what adds up to the gap, and what it rests on.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::answer::sentence;
use super::parts::heading;
use crate::app::disagreements::{Explained, Seen, Side, Sum, hundredths, of_lead};
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// Columns of a weight.
const WEIGHT: usize = 8;

/// All of it, or why there is nothing to explain.
pub fn lines(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(explained) = of_lead(detail) else {
        let why = if detail.recommendation.is_some() {
            "The legacy rules chose the same owner: there is nothing to explain."
        } else {
            "Nothing is recommended for this lead yet."
        };
        return sentence(Meaning::Muted, why, ctx, width);
    };
    let mut lines = vec![heading(ctx, &format!("Why they differ: {}", explained.cause.title()))];
    lines.extend(sentence(Meaning::Text, &explained.words, ctx, width));
    lines.push(Line::default());
    lines.extend(sides(&explained, ctx, width));
    lines.extend(sentence(evidence_meaning(&explained), &explained.evidence, ctx, width));
    let stake = match explained.stake {
        Some(stake) => format!("{:+.2} expected wins on this lead, by the model's own estimate.", hundredths(stake)),
        None => "What is at stake cannot be told: the model does not compare the two.".to_owned(),
    };
    let similar = explained.similar.as_ref().map_or_else(String::new, |similar| format!("Similar: {similar}. "));
    lines.extend(sentence(Meaning::Muted, &format!("{similar}{stake}"), ctx, width));
    if let Some(sum) = &explained.sum {
        lines.push(Line::default());
        lines.extend(adding_up(sum, ctx, width));
    }
    lines
}

fn evidence_meaning(explained: &Explained) -> Meaning {
    match (explained.enough, explained.overlap) {
        (Some(false), _) => Meaning::Warn,
        // Only ranges that do not touch are good news.
        (Some(true), Some(true)) => Meaning::Text,
        (Some(true), _) => Meaning::Good,
        (None, _) => Meaning::Muted,
    }
}

/// The two owners, with what the model knows of each.
fn sides(explained: &Explained, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let name = width.saturating_sub(50).clamp(10, 28);
    let head = format!(
        " {:<8} {} {:>6} {:>7} {:>11}  {}",
        "",
        ctx.theme.left("", name),
        "p_win",
        "95%",
        "won in all",
        "similar"
    );
    let one = |role: &str, side: &Side, meaning: Meaning| {
        let start = format!(" {role:<8} {} ", ctx.theme.left(&side.name, name));
        let rest = match &side.seen {
            Some(Seen { p_win, interval, similar, all, .. }) => format!(
                "{:>6} {:>7} {:>11}  {similar}",
                format::percent(*p_win),
                format::interval(interval.low, interval.high),
                all.to_string(),
            ),
            None => "not scored".to_owned(),
        };
        Line::from(vec![ctx.span(meaning, start), Span::raw(rest)])
    };
    vec![
        ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into(),
        one("model", &explained.model, Meaning::Model),
        one("legacy", &explained.legacy, Meaning::Legacy),
    ]
}

/// Every reason with its deals, and their sum.
fn adding_up(sum: &Sum, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let title = if sum.of_the_two {
        format!("What sets {} before {}, in log-odds", sum.ours, sum.theirs)
    } else {
        format!("What the model sets {} before {} for, in log-odds", sum.ours, sum.theirs)
    };
    let mut lines = vec![heading(ctx, &ctx.theme.text(&title, width.saturating_sub(1)))];
    let add = |weight: f64, what: &str| {
        let meaning = if weight >= 0.0 { Meaning::Good } else { Meaning::Warn };
        let text = ctx.theme.text(what, width.saturating_sub(WEIGHT));
        Line::from(vec![ctx.span(meaning, format!(" {:>+6.2} ", hundredths(weight))), Span::raw(text)])
    };
    let first = |name: &str| name.split_whitespace().next().unwrap_or(name).to_owned();
    let short = (first(&sum.ours), first(&sum.theirs));
    lines.extend(sum.reasons.iter().map(|reason| {
        let full = reason.words(&sum.ours, &sum.theirs);
        let tight = full.width() + WEIGHT > width && short.0 != short.1;
        add(reason.weight, &if tight { reason.words(&short.0, &short.1) } else { full })
    }));
    match sum.rest {
        (0, _) => {}
        (1, weight) => lines.push(add(weight, "one more that tells next to nothing")),
        (n, weight) => lines.push(add(weight, &format!("{n} more that tell next to nothing, together"))),
    }
    let rule: String = std::iter::repeat_n(ctx.theme.glyphs().dash, WEIGHT - 2).collect();
    lines.push(ctx.span(Meaning::Frame, format!(" {rule}")).into());
    lines.push(Line::from(vec![
        ctx.span(Meaning::Title, format!(" {:>+6.2} ", sum.gap)),
        ctx.span(Meaning::Muted, ctx.theme.text("the gap, before calibration", width.saturating_sub(WEIGHT))),
    ]));
    lines.extend(sentence(
        Meaning::Muted,
        "Each weight allows for which leads the two had; few deals weigh little.",
        ctx,
        width,
    ));
    lines
}
