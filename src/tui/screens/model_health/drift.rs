//! The drift part of the model screen: do today's leads still look like those that the model learned from, and are its
//! probabilities still true?

use ratatui::text::{Line, Span};

use crate::app::drift::{FactDrift, Verdict};
use crate::domain::number::apart;
use crate::tui::backend::{BackendError, DriftReport, ModelRow};
use crate::tui::format;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;
use crate::tui::widgets::strip::gauge;

/// What will fill the section.
const NOTHING: &str = "nothing was compared yet; the worker does it as soon as leads have come and been ranked";
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

/// What is known of one model's drift.
#[derive(Clone, Copy)]
pub struct Drift<'a> {
    report: Option<&'a DriftReport>,
    error: Option<&'a str>,
}

impl DriftPanel {
    /// The drift of this model; `None` unless it ranks, because only the model that ranks is watched.
    pub fn of(&self, row: &ModelRow) -> Option<Drift<'_>> {
        // A report on the model that ranked before says nothing about this one.
        let report = self.report.data.as_ref().and_then(Option::as_ref).filter(|report| report.model == row.id);
        row.champion.then(|| Drift { report: report.map(AsRef::as_ref), error: self.report.error.as_deref() })
    }
}

impl Drift<'_> {
    /// Whether somebody should look at it now.
    pub fn needs_a_person(&self) -> bool {
        self.report.is_some_and(|report| report.verdict >= Verdict::Watch)
    }

    /// It in one line.
    pub fn headline(&self, ctx: &Ctx, width: usize) -> Line<'static> {
        let Some(report) = self.report else { return headline(Meaning::Muted, NOTHING, ctx, width) };
        let alerts = report.alerts();
        let text = if alerts.is_empty() { report.summary.clone() } else { alerts.join(", ") };
        headline(sign(report.verdict, ctx).0, text.trim_start_matches("drift: "), ctx, width)
    }

    /// The whole summary and the facts, the worst first, or what will fill their place.
    pub fn section(&self, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
        match (self.report, self.error) {
            (Some(report), _) => section(report, ctx, width),
            (None, Some(error)) => {
                vec![headline(Meaning::Bad, &format!("could not be read: {error}"), ctx, width)]
            }
            (None, None) => vec![headline(Meaning::Muted, NOTHING, ctx, width)],
        }
    }
}

fn section(report: &DriftReport, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (meaning, _) = sign(report.verdict, ctx);
    let summary = ctx.theme.wrap(&report.summary, width.saturating_sub(8), 3);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (number, text) in summary.into_iter().enumerate() {
        let lead = if number == 0 { " Drift " } else { "       " };
        lines.push(Line::from(vec![ctx.span(Meaning::Title, lead), ctx.span(meaning, text)]));
    }
    // Where nothing can be told, saying so once is enough.
    if report.facts.iter().chain([&report.prediction]).all(|fact| fact.verdict == Verdict::TooFew) {
        return lines;
    }
    lines.extend(report.facts.iter().take(FACTS).map(|fact| fact_line(fact, ctx, width)));
    if let Some(more) = report.facts.len().checked_sub(FACTS + 1) {
        let more = format!("   {} {} more facts: leadboard model drift", ctx.theme.glyphs().skipped, more + 1);
        lines.push(ctx.span(Meaning::Muted, more).into());
    }
    lines.push(fact_line(&report.prediction, ctx, width));
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
    let (psi, limit) = apart(fact.psi, fact.psi_limit, 2);
    let numbers = format!("PSI {psi} limit {limit} ");
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
