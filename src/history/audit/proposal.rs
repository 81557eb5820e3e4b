//! Lines for the map, as they are to be pasted.

use std::collections::BTreeMap;

use super::row::Declared;

/// A text as TOML writes it.
pub(super) fn toml_text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts as TOML writes it.
pub(super) fn toml_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", texts.into_iter().map(toml_text).collect::<Vec<_>>().join(", "))
}

/// The whole `[values]` table of a column: what it replaces already and what is proposed.
pub(super) fn values_table(declared: &Declared, proposed: &BTreeMap<String, String>) -> Vec<String> {
    let end = |text: &String| proposed.get(text).unwrap_or(text).clone();
    let kept = declared.replaced.iter().map(|(from, to)| (from.clone(), end(to)));
    let all: BTreeMap<String, String> = kept.chain(proposed.clone()).collect();
    let lines = all.iter().map(|(from, to)| format!("{} = {}", toml_text(from), toml_text(to)));
    std::iter::once(format!("[values.{}]", toml_text(&declared.name))).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::toml_text;

    #[test]
    fn whatever_a_cell_holds_can_be_pasted() {
        for text in ["plain", "a \"quoted\" back\\slash", "bell \u{7} and\ttab", "Café €"] {
            let table: toml::Table = toml::from_str(&format!("v = {}", toml_text(text))).unwrap();
            assert_eq!(table["v"].as_str(), Some(text));
        }
    }
}
