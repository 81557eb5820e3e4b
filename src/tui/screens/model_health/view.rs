//! What the model screen looks like: may it be trusted, and what does that rest on?

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::card::{Card, Evaluation};
use super::drift;
use crate::tui::backend::ModelRow;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, put, put_all};
use crate::tui::widgets::plot::{Plot, Series};

/// The gates and what each asks, in words.
const GATES: [(&str, &str); 4] = [
    ("G1", "better than a coin"),
    ("G2", "knowing the rep helps"),
    ("G3", "both hold on newer deals"),
    ("G4", "probabilities are honest"),
];

/// Draws the model under the cursor and, when there is room, the others.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let Some((row, card)) = model.health.selected() else { return nothing(frame, model, ctx, area) };
    let area = if area.width >= layout::WIDE {
        let [main, _, side] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Length(40)]).areas(area);
        let rule = Rect { width: 1, ..side };
        put_all(frame, rule, 0, (0..rule.height).map(|_| ctx.span(Meaning::Frame, ctx.theme.glyphs().rule).into()));
        registry(frame, model, ctx, Rect { x: side.x + 1, width: side.width - 1, ..side });
        main
    } else {
        area
    };
    let width = usize::from(area.width);
    put(frame, area, 0, title(row, card, model, ctx, width));

    let verdict = card.verdict.as_deref().unwrap_or("This card has no verdict in words.");
    let room = if area.height >= 30 { 6 } else { 4 };
    let verdict = ctx.theme.wrap(verdict, width.saturating_sub(2), room);
    let mut lines: Vec<Line<'_>> = verdict.into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    if area.height >= 26 {
        lines.push(Line::default());
    }
    lines.extend(GATES.iter().map(|(id, asks)| gate_line(card, id, asks, ctx, width)));
    if area.height >= 26 {
        lines.push(Line::default());
    }
    lines.push(evaluation_head(ctx));
    lines.push(evaluation_line("newest deals", &card.out_of_time, ctx));
    lines.push(evaluation_line("random 20 %", &card.stratified, ctx));
    let used = 1 + lines.len() as u16;
    put_all(frame, area, 1, lines);
    let rest = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area };
    let rest = drift::draw(frame, model, (&row.id, row.champion), ctx, rest);
    plots(frame, card, ctx, rest);
}

fn nothing(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let room = usize::from(area.width).saturating_sub(2);
    let lines: Vec<(Meaning, String)> = match (&model.health.models.error, &model.health.models.data) {
        (Some(error), _) => {
            vec![(Meaning::Bad, "The models could not be read.".into()), (Meaning::Text, error.clone())]
        }
        (None, None) => vec![(Meaning::Muted, "reading ...".into())],
        (None, Some(_)) => vec![
            (Meaning::Warn, "There is no model yet.".into()),
            (Meaning::Muted, "Bring in at least 2,000 closed deals (leadboard history import), then train one".into()),
            (Meaning::Muted, "(leadboard model train). Until then no lead is ranked.".into()),
        ],
    };
    put_all(
        frame,
        area,
        1,
        lines.into_iter().map(|(m, t)| ctx.span(m, format!(" {}", ctx.theme.text(&t, room))).into()),
    );
}

fn title(row: &ModelRow, card: &Card, model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    let (meaning, standing) = match (row.champion, card.clearance.as_deref()) {
        (true, Some("scores_leads")) => (Meaning::Warn, "champion: scores leads, does not yet route"),
        (true, _) => (Meaning::Good, "champion"),
        (false, Some("refused")) => (Meaning::Bad, "refused by its gates"),
        (false, _) => (Meaning::Muted, "not in use"),
    };
    let mut parts = vec![
        ctx.span(Meaning::Title, format!(" {}", ctx.theme.text(row.id.as_str(), 30))),
        ctx.span(meaning, format!("  {standing}")),
    ];
    let mut about = vec![format!("trained {}", format::date(row.created_at, ctx.zone))];
    about.extend(card.deals.map(|n| format!("{} deals", format::grouped(n))));
    about.extend(card.won.map(|n| format!("{} won", format::grouped(n))));
    about.extend(card.reps.map(|n| format!("{} reps", format::grouped(n))));
    let many = model.health.rows().len();
    if many > 1 {
        about.push(format!("model {} of {many}", model.health.selected + 1));
    }
    let used: usize = parts.iter().map(Span::width).sum();
    parts.push(
        ctx.span(Meaning::Muted, format!("  {}", ctx.theme.text(&about.join(", "), width.saturating_sub(used + 2)))),
    );
    Line::from(parts)
}

fn gate_line(card: &Card, id: &str, asks: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    let (yes, no, unknown) = ctx.theme.glyphs().marks;
    let (meaning, mark, state, why) = match card.gate(id) {
        Some(gate) if gate.passed => (Meaning::Good, yes, "passed", gate.why.as_str()),
        Some(gate) => (Meaning::Bad, no, "FAILED", gate.why.as_str()),
        None => (Meaning::Muted, unknown, "not measured", ""),
    };
    Line::from(vec![
        ctx.span(Meaning::Title, format!(" {id} ")),
        ctx.span(meaning, format!("{mark} {state:<13}")),
        Span::raw(format!("{asks:<25}")),
        ctx.span(Meaning::Muted, ctx.theme.text(why, width.saturating_sub(45))),
    ])
}

fn evaluation_head(ctx: &Ctx) -> Line<'static> {
    let head = format!(" {:<13} {:>9} {:>6}  {:<21} {:>12}", "judged on", "deals", "won", "AUC (95 %)", "calib. error");
    ctx.span(Meaning::Muted, head).into()
}

fn evaluation_line(name: &str, e: &Evaluation, ctx: &Ctx) -> Line<'static> {
    let count = |n: Option<u64>| n.map_or_else(|| "-".into(), format::grouped);
    let auc = e.auc.map_or_else(|| "not measured".into(), |(v, l, h)| format!("{v:.3} ({l:.3} to {h:.3})"));
    let ece = e.ece.map_or_else(|| "-".into(), |ece| format!("{ece:.3}"));
    Line::from(vec![
        Span::raw(format!(" {name:<13} {:>9} {:>6}  ", count(e.deals), count(e.wins))),
        ctx.span(Meaning::Title, format!("{auc:<21}")),
        Span::raw(format!(" {ece:>12}")),
    ])
}

/// ROC curve and reliability diagram of the newest deals, or of the random ones where those are not measured.
fn plots(frame: &mut Frame<'_>, card: &Card, ctx: &Ctx, area: Rect) {
    let newest = !card.out_of_time.roc.is_empty() || !card.out_of_time.reliability.is_empty();
    let (e, which) = if newest { (&card.out_of_time, "newest") } else { (&card.stratified, "random") };
    if area.height < 8 || (e.roc.is_empty() && e.reliability.is_empty()) {
        return;
    }
    let height = usize::from(area.height.min(24));
    let width = usize::from(area.width.saturating_sub(3) / 2).min((height * 3).max(38));
    let n = e.deals.map_or(String::new(), |n| format!(", n = {}", format::grouped(n)));
    let diagonal = |end: f64| Series {
        points: (0..=20).map(|i| (end * f64::from(i) / 20.0, end * f64::from(i) / 20.0)).collect(),
        joined: false,
        meaning: Meaning::Muted,
        letter: '.',
    };
    let curve = Series { points: e.roc.clone(), joined: true, meaning: Meaning::Model, letter: '*' };
    let roc_label = format!("ROC: won deals found ({which}{n})");
    let roc = Plot {
        series: &[diagonal(1.0), curve],
        end: 1.0,
        x_label: "lost deals taken for won",
        y_label: if width > 6 + roc_label.len() { &roc_label } else { "ROC: won deals found" },
    };
    let points: Vec<(f64, f64)> = e.reliability.iter().filter(|b| b.2 > 0).map(|b| (b.0, b.1)).collect();
    let highest = points.iter().fold(0.1_f64, |m, (x, y)| m.max(*x).max(*y));
    let end = ((highest * 10.0).ceil() / 10.0).min(1.0);
    let dots = Series { points, joined: true, meaning: Meaning::Model, letter: 'o' };
    let reliability =
        Plot { series: &[diagonal(end), dots], end, x_label: "predicted p_win", y_label: "honesty: deals really won" };
    for (plot, column) in [(roc, 0), (reliability, width + 2)] {
        let place = Rect { x: area.x + column as u16, width: width as u16, ..area };
        put_all(frame, place, 0, plot.lines(ctx, width, height));
    }
}

fn registry(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = vec![ctx.span(Meaning::Title, " Models").into()];
    for (index, (row, card)) in model.health.rows().iter().enumerate() {
        let cursor = if index == model.health.selected { ctx.theme.glyphs().cursor } else { " " };
        let auc = card.out_of_time.auc.or(card.stratified.auc);
        let auc = auc.map_or_else(|| "AUC -".into(), |(v, ..)| format!("AUC {v:.3}"));
        let text = format!("{cursor} {} {auc}", ctx.theme.left(row.id.as_str(), width.saturating_sub(14)));
        lines.push(Line::from(ctx.span(if row.champion { Meaning::Model } else { Meaning::Text }, text)));
        let standing = match (row.champion, row.promoted_at) {
            (true, Some(at)) => format!("champion since {}", format::moment(at, ctx.now, ctx.zone)),
            (true, None) => "champion".into(),
            _ => format!("trained {}", format::moment(row.created_at, ctx.now, ctx.zone)),
        };
        lines.push(ctx.span(Meaning::Muted, format!("  {standing}")).into());
    }
    if let Some((_, card)) = model.health.selected()
        && !card.importance.is_empty()
    {
        lines.push(Line::default());
        lines.push(ctx.span(Meaning::Title, " What it looks at").into());
        lines.extend(card.importance.iter().take(12).map(|(name, share)| {
            Line::from(vec![
                Span::raw(format!("  {} ", ctx.theme.left(name, width.saturating_sub(12)))),
                ctx.span(Meaning::Muted, format!("{:>6}", format::percent(*share))),
            ])
        }));
    }
    put_all(frame, area, 0, lines);
}
