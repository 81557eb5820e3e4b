//! What the chosen rep can say to the lead.

use ratatui::text::Line;

use super::answer::sentence;
use super::parts::heading;
use crate::app::explain::{self, Point};
use crate::tui::backend::LeadDetail;
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// All of it, or why there is none.
pub fn lines(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let lines = of_chosen(detail, ctx, width);
    if lines.is_empty() {
        return sentence(Meaning::Muted, "No rep is chosen, or nothing is stored about the one who is.", ctx, width);
    }
    lines
}

/// All of it; nothing where there is none.
pub(super) fn of_chosen(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let track = explain::chosen(detail).and_then(|rep| explain::talk_track(detail, rep));
    let Some(track) = track else { return Vec::new() };
    let mut lines = vec![heading(ctx, &format!("Talk track for {}", ctx.theme.text(&track.name, 28)))];
    // What to do comes before why it should work.
    let said = track.ask_first.iter().chain(&track.deals);
    lines.extend(said.flat_map(|words| sentence(Meaning::Text, words, ctx, width)));
    lines.extend(track.points.iter().flat_map(|point: &Point| {
        let meaning = if point.weight >= 0.0 { Meaning::Good } else { Meaning::Warn };
        sentence(meaning, &point.line(), ctx, width)
    }));
    if track.points.is_empty() {
        lines.extend(sentence(Meaning::Muted, "No reasons are stored for this rep, only counts.", ctx, width));
    }
    lines
}
