//! `GET /query?q=…&columns=true`: the columns of a query instead of its rows. Command-line tools ask for them to head their
//! tables.

use serde_json::{Value as Json, json};

use super::super::soql::{Path, Plan, Query};

/// The columns in the order of the query; fields of a parent are joined under it.
pub(super) fn of(query: &Query, plan: &Plan) -> Json {
    let mut columns = Vec::new();
    for path in query.select.iter().flatten() {
        put(&mut columns, path);
    }
    let has_id = |path: &Path| matches!(path.as_slice(), [name] if name.eq_ignore_ascii_case("Id"));
    json!({
        "columnMetadata": columns,
        "entityName": plan.object.name(),
        "groupBy": false,
        "idSelected": query.select.iter().flatten().any(has_id),
    })
}

fn put(columns: &mut Vec<Json>, path: &[String]) {
    let Some((name, rest)) = path.split_first() else { return };
    let place = columns.iter().position(|column| column["columnName"] == name.as_str()).unwrap_or_else(|| {
        columns.push(json!({
            "aggregate": false,
            "columnName": name,
            "custom": name.ends_with("__c") || name.ends_with("__r"),
            "displayName": name,
            "joinColumns": [],
        }));
        columns.len() - 1
    });
    if let Json::Array(joined) = &mut columns[place]["joinColumns"] {
        put(joined, rest);
    }
}
