//! A card as lines to scroll through: whether the model may be trusted, with the gates and what it means for a manager, then
//! by sections what an engineer asks for.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::card::{Card, Evaluation, Triple, Who};
use super::drift::{Drift, DriftPanel};
use crate::tui::backend::ModelRow;
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout};
use crate::tui::widgets::plot::{Plot, Series};

/// The gates and what each asks, in words.
const GATES: [(&str, &str); 4] = [
    ("G1", "better than a coin"),
    ("G2", "knowing the rep helps"),
    ("G3", "both hold on newer deals"),
    ("G4", "probabilities are honest"),
];
/// Columns of the registry beside the card on a wide screen.
const REGISTRY: u16 = 40;
/// Most lines of one text for a manager, and of a gate.
const TEXT_LINES: usize = 9;

/// Where the card and, on a wide screen, the registry are inside the body: the title's line is above both.
pub fn areas(body: Rect) -> (Rect, Option<Rect>) {
    if body.width < layout::WIDE {
        return (body, None);
    }
    let [main, _, side] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Length(REGISTRY)]).areas(body);
    (main, Some(side))
}

/// Where the lines of the card are, below the title, on a terminal of this size.
pub fn place(size: (u16, u16)) -> Rect {
    let (main, _) = areas(layout::parts(Rect::new(0, 0, size.0, size.1)).body);
    Rect { y: main.y + 1, height: main.height.saturating_sub(1), ..main }
}

/// A card to be read from top to bottom.
#[derive(Debug, Default)]
pub struct Page {
    /// Its lines.
    pub lines: Vec<Line<'static>>,
    /// Where its sections begin, and what they are called.
    pub sections: Vec<(usize, &'static str)>,
}

impl Page {
    /// A section with its title above it.
    fn section(&mut self, title: &'static str, ctx: &Ctx, lines: Vec<Line<'static>>) {
        self.lines.push(Line::default());
        self.sections.push((self.lines.len(), title));
        self.lines.push(ctx.span(Meaning::Title, format!(" {title}")).into());
        self.lines.extend(lines);
    }

    /// The first section that begins below a line.
    pub fn next(&self, line: usize) -> Option<(usize, &'static str)> {
        self.sections.iter().copied().find(|(at, _)| *at > line)
    }

    /// Where the section before a line begins, or the top.
    pub fn previous(&self, line: usize) -> usize {
        self.sections.iter().rev().map(|(at, _)| *at).find(|at| *at < line).unwrap_or(0)
    }
}

/// The whole card, with the drift of the model that ranks, for a place of this width; the height decides how large the
/// curves are. Whether the model may be trusted, and why, comes first.
pub fn page(row: &ModelRow, card: &Card, drift: &DriftPanel, ctx: &Ctx, place: Rect) -> Page {
    let width = usize::from(place.width);
    let roomy = place.height >= 26;
    let mut page = Page::default();
    let gap = |page: &mut Page| {
        if roomy {
            page.lines.push(Line::default());
        }
    };
    let drift = drift.of(row);
    page.lines.push(answer(card, ctx, width));
    page.lines.extend(drift.filter(Drift::needs_a_person).map(|drift| drift.headline(ctx, width)));
    let verdict = card.verdict.as_deref().unwrap_or("This card has no verdict in words.");
    page.lines.extend(paragraph(verdict, ctx, width));
    gap(&mut page);
    page.lines.extend(GATES.iter().flat_map(|(id, asks)| gate_lines(card, id, asks, ctx, width)));
    gap(&mut page);
    page.lines.push(evaluation_head(ctx));
    page.lines.push(evaluation_line("newest deals", &card.out_of_time, ctx));
    page.lines.push(evaluation_line("random 20 %", &card.stratified, ctx));
    if let Some(drift) = drift {
        page.section("Has the world changed?", ctx, drift.section(ctx, width));
    }
    if let Some(who) = &card.who {
        let mut lines = paragraph(&who.text, ctx, width);
        lines.extend(shares(who, ctx, width));
        page.section("Does who matter?", ctx, lines);
    }
    let plots = plots(card, ctx, place);
    if !plots.is_empty() {
        page.section("Curves", ctx, plots);
    }
    if let Some(who) = &card.who {
        page.section("Who matters, in numbers", ctx, named(&who_rows(who), ctx, width));
    }
    for (title, rows) in in_full(card, ctx).into_iter().filter(|(_, rows)| !rows.is_empty()) {
        page.section(title, ctx, named(&rows, ctx, width));
    }
    page
}

/// May it be trusted? In a line.
fn answer(card: &Card, ctx: &Ctx, width: usize) -> Line<'static> {
    let (meaning, words) = match card.clearance.as_deref() {
        Some("routes") => (Meaning::Good, "Yes: it scores leads and may route them."),
        Some("scores_leads") => (Meaning::Warn, "In part: it scores leads and does not yet route them."),
        Some("refused") => (Meaning::Bad, "No: its gates refuse it, so it may not rank leads."),
        _ => (Meaning::Muted, "Its card does not say."),
    };
    let words = ctx.theme.text(words, width.saturating_sub(21));
    Line::from(vec![ctx.span(Meaning::Title, " May it be trusted? "), ctx.span(meaning, words)])
}

fn paragraph(text: &str, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let wrapped = ctx.theme.wrap(text, width.saturating_sub(2), TEXT_LINES);
    wrapped.into_iter().map(|line| Line::raw(format!(" {line}"))).collect()
}

/// What decides whether a lead is won, of what can be explained, as one bar with its key.
fn shares(who: &Who, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let [lead, rep, fit, _] = who.shares?.map(|(value, ..)| value.max(0.0));
    let sum = lead + rep + fit;
    if sum <= 0.0 {
        return None;
    }
    let signs = if ctx.theme.ascii() { ['#', '=', '.'] } else { ['█', '▓', '░'] };
    let parts = [("lead", lead, Meaning::Text), ("rep", rep, Meaning::Model), ("rep x segment", fit, Meaning::Model)];
    let key: Vec<String> = parts
        .iter()
        .zip(signs)
        .map(|((name, share, _), sign)| format!("{sign} {name} {}", format::percent_short(share / sum)))
        .collect();
    let key = key.join("  ");
    let room = width.saturating_sub(key.chars().count() + 4).min(60);
    // Cut at the same places however they round, so that the bar is always full.
    let cut = |share: f64| (share / sum * room as f64).round() as usize;
    let ends = [cut(lead), cut(lead + rep), room];
    let mut spans = vec![Span::raw(" ")];
    let mut start = 0;
    for ((end, sign), (_, _, meaning)) in ends.into_iter().zip(signs).zip(parts) {
        spans.push(ctx.span(meaning, sign.to_string().repeat(end.saturating_sub(start))));
        start = end;
    }
    spans.push(ctx.span(Meaning::Muted, format!("  {key}")));
    Some(Line::from(spans))
}

/// A gate: what it asks, whether it passed, and the numbers that say so, in full.
fn gate_lines(card: &Card, id: &str, asks: &str, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (yes, no, unknown) = ctx.theme.glyphs().marks;
    let (meaning, mark, state, why) = match card.gate(id) {
        Some(gate) if gate.passed => (Meaning::Good, yes, "passed", gate.why.as_str()),
        Some(gate) => (Meaning::Bad, no, "FAILED", gate.why.as_str()),
        None => (Meaning::Muted, unknown, "not measured", ""),
    };
    let head = [ctx.span(Meaning::Title, format!(" {id} ")), ctx.span(meaning, format!("{mark} {state}  "))];
    let (indent, colon) = (head[0].width() + head[1].width(), if why.is_empty() { "" } else { ":" });
    let told = ctx.theme.wrap(&format!("{asks}{colon} {why}"), width.saturating_sub(indent + 1), TEXT_LINES);
    let mut head = Some(head);
    let line = |text: String| match head.take() {
        Some(head) => {
            let (asked, why) = text.split_at(text.find(": ").map_or(text.len(), |at| at + 1));
            let rest = [Span::raw(asked.to_owned()), ctx.span(Meaning::Muted, why.to_owned())];
            head.into_iter().chain(rest).collect()
        }
        None => Line::from(vec![Span::raw(" ".repeat(indent)), ctx.span(Meaning::Muted, text)]),
    };
    told.into_iter().map(line).collect()
}

fn evaluation_head(ctx: &Ctx) -> Line<'static> {
    let head = format!(" {:<13} {:>9} {:>6}  {:<22} {:>12}", "judged on", "deals", "won", "AUC (95 %)", "calib. error");
    ctx.span(Meaning::Muted, head).into()
}

fn evaluation_line(name: &str, e: &Evaluation, ctx: &Ctx) -> Line<'static> {
    let count = |n: Option<u64>| n.map_or_else(|| "-".into(), format::grouped);
    let auc = e.auc.map_or_else(|| "not measured".into(), |auc| triple(auc, 3));
    let ece = e.ece.map_or_else(|| "-".into(), |ece| format!("{ece:.3}"));
    Line::from(vec![
        Span::raw(format!(" {name:<13} {:>9} {:>6}  ", count(e.deals), count(e.wins))),
        ctx.span(Meaning::Title, format!("{auc:<22}")),
        Span::raw(format!(" {ece:>12}")),
    ])
}

fn triple((value, low, high): Triple, digits: usize) -> String {
    format!("{value:.digits$} ({low:.digits$} to {high:.digits$})")
}

/// ROC curve and reliability diagram side by side, of the newest deals, or of the random ones where those are not
/// measured.
fn plots(card: &Card, ctx: &Ctx, place: Rect) -> Vec<Line<'static>> {
    let newest = !card.out_of_time.roc.is_empty() || !card.out_of_time.reliability.is_empty();
    let (e, which) = if newest { (&card.out_of_time, "newest") } else { (&card.stratified, "random") };
    if e.roc.is_empty() && e.reliability.is_empty() {
        return Vec::new();
    }
    let height = usize::from(place.height * 2 / 5).clamp(13, 24);
    let width = usize::from(place.width.saturating_sub(3) / 2).min((height * 3).max(38));
    let n = e.deals.map_or(String::new(), |n| format!(", n = {}", format::grouped(n)));
    let diagonal = |end: f64| Series {
        points: (0..=20).map(|i| (end * f64::from(i) / 20.0, end * f64::from(i) / 20.0)).collect(),
        joined: false,
        meaning: Meaning::Muted,
        letter: '.',
    };
    let curve = Series { points: e.roc.clone(), joined: true, meaning: Meaning::Model, letter: '*' };
    let label = |long: String, short: &str| if width > 6 + long.len() { long } else { short.to_owned() };
    let roc_label = label(format!("ROC: won deals found ({which}{n})"), &format!("won deals found{n}"));
    let roc =
        Plot { series: &[diagonal(1.0), curve], end: 1.0, x_label: "lost deals taken for won", y_label: &roc_label };
    let points: Vec<(f64, f64)> = e.reliability.iter().filter(|b| b.2 > 0).map(|b| (b.0, b.1)).collect();
    let highest = points.iter().fold(0.1_f64, |m, (x, y)| m.max(*x).max(*y));
    let end = ((highest * 10.0).ceil() / 10.0).min(1.0);
    let dots = Series { points, joined: true, meaning: Meaning::Model, letter: 'o' };
    let honesty_label = label(format!("honesty: deals really won ({which}{n})"), &format!("really won{n}"));
    let reliability = Plot { series: &[diagonal(end), dots], end, x_label: "predicted p_win", y_label: &honesty_label };
    beside(roc.lines(ctx, width, height), reliability.lines(ctx, width, height), width + 2)
}

/// Two blocks of lines, the right one beginning at `column`.
fn beside(left: Vec<Line<'static>>, right: Vec<Line<'static>>, column: usize) -> Vec<Line<'static>> {
    left.into_iter()
        .zip(right)
        .map(|(mut left, right)| {
            let used = left.width();
            left.spans.push(Span::raw(" ".repeat(column.saturating_sub(used))));
            left.spans.extend(right.spans);
            left
        })
        .collect()
}

/// A title, and names with their values.
type Rows = Vec<(String, String)>;

/// Everything else the card says.
fn in_full(card: &Card, ctx: &Ctx) -> Vec<(&'static str, Rows)> {
    let baselines = card.baselines.iter().map(|(name, auc, loss)| {
        let loss = loss.map_or_else(String::new, |loss| format!(", log loss {loss:.4}"));
        (name.clone(), format!("AUC {}{loss}", triple(*auc, 3)))
    });
    let importance = card.importance.iter().map(|(name, share)| (name.clone(), format::percent(*share)));
    vec![
        ("Newest deals", evaluation_rows(&card.out_of_time, ctx)),
        ("Random fifth", evaluation_rows(&card.stratified, ctx)),
        ("Simpler models on the newest deals", baselines.collect()),
        ("What it looks at", importance.collect()),
        ("How it was made", card.details.clone()),
    ]
}

/// Names with their values beside them.
fn named(rows: &[(String, String)], ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let names = 34.min(width / 2);
    let mut lines = Vec::new();
    for (name, value) in rows {
        // Values that are sentences go over several lines.
        let mut name = ctx.theme.left(name, names);
        for part in ctx.theme.wrap(value, width.saturating_sub(names + 4), 8) {
            lines.push(Line::from(vec![ctx.span(Meaning::Muted, format!("  {name} ")), Span::raw(part)]));
            name = " ".repeat(names);
        }
    }
    lines
}

fn who_rows(who: &Who) -> Rows {
    let mut rows = Vec::new();
    let hundred = |(value, low, high): Triple| triple((100.0 * value, 100.0 * low, 100.0 * high), 1);
    let (deals, with_choice, reps) = who.deals;
    if let Some([lead, rep, fit, noise]) = who.shares {
        let names = ["the lead, % of the outcome", "the rep", "the fit of rep and segment", "noise to every model"];
        rows.extend(names.into_iter().zip([lead, rep, fit, noise]).map(|(n, share)| (n.to_owned(), hundred(share))));
    }
    rows.extend(
        who.realised.map(|r| ("promised advantages that came true".to_owned(), format!("{} times", triple(r, 2)))),
    );
    if let Some((today, model, ceiling)) = who.router {
        rows.push(("won of 100 today".into(), format!("{:.1}", 100.0 * today)));
        rows.push(("more by this model".into(), hundred(model)));
        rows.push(("more by perfect routing".into(), hundred(ceiling)));
    }
    let grouped = format::grouped;
    let rests = format!(
        "{} deals; {} later ones that another of {reps} reps could have had",
        grouped(deals),
        grouped(with_choice)
    );
    rows.push(("it rests on".into(), rests));
    rows.push(("assumption".into(), "reps are compared on leads whose recorded facts look alike".into()));
    rows
}

fn evaluation_rows(e: &Evaluation, ctx: &Ctx) -> Rows {
    let mut rows: Rows = Vec::new();
    let mut put = |name: &str, value: Option<String>| rows.extend(value.map(|v| (name.to_owned(), v)));
    put("leads of", e.period.map(|(a, b)| format!("{} to {}", format::date(a, ctx.zone), format::date(b, ctx.zone))));
    put("AUC by the lead alone", e.lead_only_auc.map(|auc| triple(auc, 3)));
    put("the rep adds", e.rep_gain.map(|(v, l, h)| format!("{v:+.4} ({l:+.4} to {h:+.4})")));
    put("log loss", e.log_loss.map(|x| format!("{x:.4}")));
    put("Brier score", e.brier.map(|x| format!("{x:.4}")));
    put("wins promised, come", e.wins_promised.map(|(p, w)| format!("{p:.0}, {}", format::grouped(w))));
    put("reps off beyond chance", e.reps_off.map(|(n, off)| format!("{off} of {n} (1 in 20 by chance)")));
    rows
}
