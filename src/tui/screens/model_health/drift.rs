//! The drift part of the model screen: do today's leads still look like those that the model learned from, and are its
//! probabilities still true?

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::drift::{FactDrift, Verdict};
use crate::domain::ids::ModelId;
use crate::tui::backend::{BackendError, DriftReport};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put_all};
use crate::tui::widgets::strip::gauge;

/// Rows that are left for the plots, where there are so many.
const PLOTS: u16 = 14;
/// With no more rows than this, there is either this section or plots.
const LEAST: u16 = 8;
/// Most facts shown at once; the worst come first.
const FACTS: usize = 12;
/// Columns of a bar, and of a fact's name.
const BAR: usize = 10;
const NAME: usize = 18;

/// The newest report, as far as it is known.
#[derive(Debug, Default)]
pub struct DriftPanel {
    /// The report; `None` inside says that there is none yet.
    report: Remote<Option<Box<DriftReport>>>,
}

impl DriftPanel {
    /// Reads the report anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.report.load.refresh().map(Effect::LoadDrift)
    }

    /// Takes a report.
    pub fn receive(
        &mut self,
        generation: Generation,
        result: Result<Option<Box<DriftReport>>, BackendError>,
    ) -> Option<Effect> {
        self.report.receive(generation, result);
        self.report.load.repeat().map(Effect::LoadDrift)
    }
}

/// Draws the section for the model `shown` at the top of `area`, and gives what is left of it. Only the model that ranks
/// is watched, so for any other nothing is drawn.
pub fn draw(frame: &mut Frame<'_>, model: &Model, shown: (&ModelId, bool), ctx: &Ctx, area: Rect) -> Rect {
    let (id, champion) = shown;
    if !champion || area.height == 0 {
        return area;
    }
    let width = usize::from(area.width);
    // A report on the model that ranked before says nothing about this one.
    let report = model.drift.report.data.as_ref().and_then(Option::as_ref).filter(|report| &report.model == id);
    // On the smallest screens the plots stay, unless something needs a person.
    if area.height <= LEAST && report.is_none_or(|report| report.verdict < Verdict::Watch) {
        return area;
    }
    let rows = usize::from(area.height.saturating_sub(PLOTS));
    let lines = match (&model.drift.report.error, report) {
        (Some(error), None) => vec![headline(Meaning::Bad, &format!("could not be read: {error}"), ctx, width)],
        (_, Some(report)) => section(report, ctx, width, rows),
        (None, None) => {
            let text = "nothing was compared yet; the worker does it as soon as leads have come and been ranked";
            vec![headline(Meaning::Muted, text, ctx, width)]
        }
    };
    let used = lines.len() as u16;
    put_all(frame, area, 0, lines);
    Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area }
}

/// One line where there is little room; else the whole summary and the facts, the worst first.
fn section(report: &DriftReport, ctx: &Ctx, width: usize, rows: usize) -> Vec<Line<'static>> {
    let (meaning, _) = sign(report.verdict, ctx);
    let alerts = report.alerts();
    if rows < 6 {
        let text = if alerts.is_empty() { report.summary.clone() } else { alerts.join(", ") };
        return vec![headline(meaning, text.trim_start_matches("drift: "), ctx, width)];
    }
    let summary = ctx.theme.wrap(&report.summary, width.saturating_sub(8), 3);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (number, text) in summary.into_iter().enumerate() {
        let lead = if number == 0 { " Drift " } else { "       " };
        lines.push(Line::from(vec![ctx.span(Meaning::Title, lead), ctx.span(meaning, text)]));
    }
    let room = rows.saturating_sub(lines.len() + 1).min(FACTS);
    let facts = report.facts.len() + 1;
    // The prediction is always there; of the facts as many as there is room for.
    let shown = report.facts.iter().take(if facts > room { room.saturating_sub(2) } else { room });
    lines.extend(shown.map(|fact| fact_line(fact, ctx, width)));
    if facts > room {
        let more = format!("   {} {} more facts: leadboard model drift", ctx.theme.glyphs().skipped, facts + 1 - room);
        lines.push(ctx.span(Meaning::Muted, more).into());
    }
    lines.push(fact_line(&report.prediction, ctx, width));
    lines.push(Line::default());
    lines
}

fn headline(meaning: Meaning, text: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    let text = ctx.theme.text(text, width.saturating_sub(8));
    Line::from(vec![ctx.span(Meaning::Title, " Drift "), ctx.span(meaning, text)])
}

fn fact_line(fact: &FactDrift, ctx: &Ctx, width: usize) -> Line<'static> {
    let (meaning, mark) = sign(fact.verdict, ctx);
    let name = ctx.theme.left(&fact.label, NAME);
    let leads = format!("n {:>6}", format::compact(fact.leads.into()));
    if fact.verdict == Verdict::TooFew {
        let text = format!(" {name} {leads}  too few leads to say");
        return Line::from(vec![ctx.span(meaning, format!(" {mark}")), ctx.span(Meaning::Muted, text)]);
    }
    // The bar is full at twice the limit, so half of it is where a change begins to matter.
    let bar = gauge(ctx.theme.glyphs(), fact.psi / (2.0 * fact.psi_limit), BAR);
    let numbers = format!("PSI {:.2} limit {:.2} ", fact.psi, fact.psi_limit);
    let room = width.saturating_sub(3 + NAME + 1 + numbers.len() + BAR + 2 + leads.len() + 2);
    Line::from(vec![
        ctx.span(meaning, format!(" {mark} ")),
        Span::raw(format!("{name} {numbers}")),
        ctx.span(meaning, bar),
        ctx.span(Meaning::Muted, format!("  {leads}  {}", ctx.theme.text(&fact.change, room))),
    ])
}

/// How a verdict looks: never by colour alone.
fn sign(verdict: Verdict, ctx: &Ctx) -> (Meaning, &'static str) {
    let (good, bad, unknown) = ctx.theme.glyphs().marks;
    match verdict {
        Verdict::TooFew => (Meaning::Muted, unknown),
        Verdict::Steady => (Meaning::Good, good),
        Verdict::Watch => (Meaning::Warn, "!"),
        Verdict::Act => (Meaning::Bad, bad),
    }
}
