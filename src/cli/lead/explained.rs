//! An explanation as plain lines: why not the legacy owner, why not the rep who was asked about, and what to say.

use crate::app::disagreements::{Explained, hundredths};
use crate::app::explain::{Answer, Explanation, Point, TalkTrack};
use crate::cli::out::wrap;
use crate::domain::text::fit;
use crate::policy::rules::short;

pub(super) fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(explanation.disagreement.iter().flat_map(differ));
    lines.extend(explanation.legacy.iter().flat_map(|legacy| answer(legacy, " (legacy owner)")));
    lines.extend(explanation.asked.iter().flat_map(|asked| answer(asked, "")));
    let ranked = explanation.as_of.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC, ").to_string());
    let model = explanation.model.as_ref().map_or_else(|| "no model".to_owned(), ToString::to_string);
    lines.push(format!("all of this is as it was ranked: {ranked}rules {}, {model}", short(&explanation.rules)));
    lines.extend(explanation.since.iter().flat_map(|since| indented(&format!("since then: {}", since.words))));
    lines.extend(explanation.talk_track.iter().flat_map(talk));
    lines
}

fn indented(text: &str) -> Vec<String> {
    wrap(&format!("  {text}"))
}

/// Why the recommended owner is not the legacy owner. The reasons that add up are told with the ranking.
fn differ(explained: &Explained) -> Vec<String> {
    let mut lines = vec![format!("why model and legacy rules differ: {}", explained.cause.title())];
    lines.extend(indented(&explained.words));
    lines.extend(indented(&explained.evidence));
    let stake = explained
        .stake
        .map(|stake| format!("{:+.2} expected wins on this lead, by the model's own estimate", hundredths(stake)));
    lines.extend(stake.iter().flat_map(|stake| indented(stake)));
    if let Some(sum) = explained.sum.as_ref().filter(|sum| sum.rest.0 > 0) {
        let (more, weight) = sum.rest;
        lines.extend(indented(&format!(
            "{more} more reasons tell next to nothing: together {:+.2} of {:+.2} log-odds",
            hundredths(weight),
            sum.gap
        )));
    }
    lines
}

fn answer(answer: &Answer, role: &str) -> Vec<String> {
    let name = fit(&answer.name, 28);
    let mut lines = vec![format!("why not {name}{role}:")];
    lines.extend(answer.why_not.iter().flat_map(|why| indented(&why.words)));
    if !answer.smallest_change.is_empty() {
        lines.push(format!("the smallest change that puts {name} first:"));
        lines.extend(answer.smallest_change.iter().flat_map(|change| indented(&change.words)));
    }
    lines.extend(answer.since.iter().flat_map(|since| indented(&format!("since then: {}", since.words))));
    lines
}

fn talk(track: &TalkTrack) -> Vec<String> {
    let mut lines = vec![format!("talk track for {}:", fit(&track.name, 28))];
    lines.extend(track.points.iter().map(Point::line).flat_map(|line| indented(&line)));
    if track.points.is_empty() {
        lines.push("  no reasons are stored for this rep, only counts of deals".to_owned());
    }
    lines.extend(track.deals.iter().chain(&track.ask_first).flat_map(|line| indented(line)));
    lines
}
