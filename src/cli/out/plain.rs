//! A result as plain lines: one fact each, in words, whole by itself. For screen readers and braille lines, which read
//! line by line and know neither columns nor charts.

use std::fmt;

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The lines of a JSON text, in its order: what a thing is called comes before what is said of it. What is said is what
/// `--json` says, under the same names, with numbers and times as they are read aloud.
pub(super) fn lines(json: &str) -> serde_json::Result<Vec<String>> {
    let tree: Tree = serde_json::from_str(json)?;
    let mut lines = Vec::new();
    put(&mut lines, "", &tree);
    Ok(lines)
}

/// A JSON value whose fields stand as they were written.
enum Tree {
    Fields(Vec<(String, Tree)>),
    Items(Vec<Tree>),
    Scalar(Value),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(InOrder)
    }
}

/// Takes a value as it comes.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(yes.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Tree::Items(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = from.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Fields(fields))
    }
}

fn put(lines: &mut Vec<String>, path: &str, tree: &Tree) {
    match tree {
        Tree::Fields(fields) => {
            for (name, tree) in fields {
                put(lines, &below(path, &name.replace('_', " ")), tree);
            }
        }
        Tree::Items(items) if items.iter().any(|item| !matches!(item, Tree::Scalar(_))) => {
            for (n, item) in items.iter().enumerate() {
                let place = format!("{} of {}", n + 1, items.len());
                let path = if path.is_empty() { place } else { format!("{path} {place}") };
                put(lines, &path, item);
            }
        }
        Tree::Items(items) if path.is_empty() && items.is_empty() => lines.push("nothing".to_owned()),
        Tree::Items(items) => lines.push(fact(path, &listed(items))),
        Tree::Scalar(value) => lines.push(fact(path, &said(value))),
    }
}

fn fact(path: &str, said: &str) -> String {
    if path.is_empty() { said.to_owned() } else { format!("{path}: {said}") }
}

fn listed(items: &[Tree]) -> String {
    let said: Vec<String> =
        items.iter().filter_map(|item| if let Tree::Scalar(value) = item { Some(said(value)) } else { None }).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}, {name}") }
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => match number.as_f64().filter(|_| !number.is_i64() && !number.is_u64()) {
            // Nobody wants to hear sixteen digits; JSON has them.
            Some(real) => format!("{real:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => number.to_string(),
        },
        Value::String(text) => moment(text).unwrap_or_else(|| text.clone()),
        // Neither is a scalar.
        Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// A moment as people say it.
fn moment(text: &str) -> Option<String> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    fn lines(json: &str) -> Vec<String> {
        super::lines(json).unwrap()
    }

    #[test]
    fn each_line_is_a_fact_that_stands_by_itself_and_names_come_first() {
        let json = r#"{
            "company": "Acme", "hot": false, "p_win": 0.4137254901, "age_minutes": -5,
            "decided_at": "2026-11-22T12:00:20.123456Z",
            "reps": [{ "rank": 1, "name": "Ana", "away": null, "reasons": [] }, { "rank": 2, "name": "Bob", "reasons": ["a", "b"] }],
            "legacy": { "owner": null, "also": {} },
            "curve": [[0, 0.5]]
        }"#;
        let told = [
            "company: Acme",
            "hot: no",
            "p win: 0.4137",
            "age minutes: -5",
            "decided at: 2026-11-22 12:00 UTC",
            "reps 1 of 2, rank: 1",
            "reps 1 of 2, name: Ana",
            "reps 1 of 2, away: none",
            "reps 1 of 2, reasons: none",
            "reps 2 of 2, rank: 2",
            "reps 2 of 2, name: Bob",
            "reps 2 of 2, reasons: a, b",
            "legacy, owner: none",
            "curve 1 of 1: 0, 0.5",
        ];
        assert_eq!(lines(json), told);
    }

    #[test]
    fn lists_and_single_words_are_lines_too() {
        assert_eq!(lines(r#"[{ "id": "L1" }, { "id": "L2" }]"#), ["1 of 2, id: L1", "2 of 2, id: L2"]);
        assert_eq!(lines("[]"), ["nothing"]);
        assert_eq!(lines("[1, 2.5]"), ["1, 2.5"]);
        assert_eq!(lines(r#""done""#), ["done"]);
        assert_eq!(lines("null"), ["none"]);
    }
}
