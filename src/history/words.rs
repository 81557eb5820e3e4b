//! Wording shared by the messages of this layer.

use crate::domain::{number, text};

/// Terminal columns a quoted value may take in a message.
const QUOTE_WIDTH: usize = 60;

/// A value from a file, quoted, shortened and harmless to a terminal.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", text::fit(value, QUOTE_WIDTH))
}

/// Several values, quoted; at most `limit`, and how many more there are.
pub(super) fn quoted_list<'a>(values: impl IntoIterator<Item = &'a str>, limit: usize) -> String {
    let all: Vec<&str> = values.into_iter().collect();
    let shown = all.iter().take(limit).map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(limit) {
        0 => shown,
        more => format!("{shown} and {} more", count(more as u64)),
    }
}

/// A whole number with thousands separators.
pub(super) fn count(n: u64) -> String {
    number::grouped(n)
}

/// A count with its noun, `1 row`, `2,000 rows`.
pub(super) fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

/// The candidate a mistyped name most likely means, if any is near enough to be worth naming.
pub(super) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this similarity (Jaro-Winkler, 0 to 1) a suggestion confuses more than it helps.
    const NEAR_ENOUGH: f64 = 0.8;
    let wanted = folded(wanted);
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &folded(candidate)), candidate))
        .filter(|(similarity, _)| *similarity >= NEAR_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The letters and digits of a name in lower case: people mix up case, blanks and underscores most of all.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2_000, "row"), "2,000 rows");
    }

    #[test]
    fn the_nearest_name_ignores_case_and_punctuation() {
        assert_eq!(nearest("closedate", ["Close Date", "Create Date"]), Some("Close Date"));
        assert_eq!(nearest("opportunityid", ["lead_id", "opportunity_id"]), Some("opportunity_id"));
        assert_eq!(nearest("zzz", ["lead_id", "opportunity_id"]), None);
    }

    #[test]
    fn quoted_values_cannot_drive_a_terminal() {
        assert_eq!(quoted("a\u{1b}[2J"), "\"a\u{FFFD}[2J\"");
    }
}
