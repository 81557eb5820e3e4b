//! Wording shared by the messages about rules.

use crate::domain::text;

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
        more => format!("{shown} and {more} more"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and_list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A text as a CEL literal in double quotes.
pub(super) fn literal(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text of a literal that [`literal`] made.
pub(super) fn unquoted(quoted: &str) -> Option<String> {
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}

/// A number as a person writes it: whole numbers without a point.
pub(super) fn number(value: f64) -> String {
    format!("{value}")
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
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// The letters and digits of a name in lower case: people mix up case, blanks and underscores most of all.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
