//! A result as plain lines: one fact each, in words, whole by itself. For screen readers and braille lines, which read
//! line by line and know neither columns nor charts.

use chrono::DateTime;
use serde_json::Value;

/// The lines. What is said is what `--json` says, under the same names, with numbers and times as they are read aloud.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    put(&mut lines, "", value);
    lines
}

fn put(lines: &mut Vec<String>, path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                put(lines, &below(path, &name.replace('_', " ")), value);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (n, item) in items.iter().enumerate() {
                let place = format!("{} of {}", n + 1, items.len());
                let path = if path.is_empty() { place } else { format!("{path} {place}") };
                put(lines, &path, item);
            }
        }
        Value::Array(items) if path.is_empty() && items.is_empty() => lines.push("nothing".to_owned()),
        scalar if path.is_empty() => lines.push(said(scalar)),
        scalar => lines.push(format!("{path}: {}", said(scalar))),
    }
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
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(_) => String::new(),
    }
}

/// A moment as people say it.
fn moment(text: &str) -> Option<String> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn each_line_is_a_fact_that_stands_by_itself() {
        let value = json!({
            "company": "Acme",
            "hot": false,
            "p_win": 0.413_725_490_1,
            "decided_at": "2026-11-22T12:00:20.123456Z",
            "reps": [{ "rank": 1, "name": "Ana", "reasons": [] }, { "rank": 2, "name": "Bob", "reasons": ["a", "b"] }],
            "legacy": { "owner": null },
        });
        assert_eq!(
            lines(&value),
            [
                "company: Acme",
                "decided at: 2026-11-22 12:00 UTC",
                "hot: no",
                "legacy, owner: none",
                "p win: 0.4137",
                "reps 1 of 2, name: Ana",
                "reps 1 of 2, rank: 1",
                "reps 1 of 2, reasons: none",
                "reps 2 of 2, name: Bob",
                "reps 2 of 2, rank: 2",
                "reps 2 of 2, reasons: a, b",
            ]
            .map(str::to_owned)
            .as_slice()
        );
    }

    #[test]
    fn lists_and_single_words_are_lines_too() {
        assert_eq!(lines(&json!([{ "id": "L1" }, { "id": "L2" }])), ["1 of 2, id: L1", "2 of 2, id: L2"]);
        assert_eq!(lines(&json!([])), ["nothing"]);
        assert_eq!(lines(&json!([1, 2.5])), ["1, 2.5"]);
        assert_eq!(lines(&json!("done")), ["done"]);
    }
}
