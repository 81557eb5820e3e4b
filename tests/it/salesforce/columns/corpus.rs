//! Column sets of an org, from a directory of CSV files as replication tools write them: one `sf_{object}_data.csv` for
//! each object, names in snake case, custom ones with the suffix `_c`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};

/// Fields that hold a date without a time, of those that such a tool writes out with one.
const DATES: [&str; 4] = ["CloseDate", "ConvertedDate", "ActivityDate", "LastActivityDate"];

/// One object: its fields, and rows with every one of them.
#[derive(Clone)]
pub(super) struct Object {
    /// The names, as the API has them.
    pub(super) fields: Vec<String>,
    /// The rows, as a query answers them; what is empty is null.
    pub(super) rows: Vec<Map<String, Value>>,
    /// The file.
    pub(super) file: PathBuf,
}

impl Object {
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|name| name.eq_ignore_ascii_case(field))
    }

    /// Whether some row has a number there.
    pub(super) fn is_number(&self, field: &str) -> bool {
        self.rows.iter().any(|row| row[field].is_number())
    }
}

/// The objects of an org, by name.
#[derive(Clone)]
pub(super) struct Corpus(pub(super) BTreeMap<String, Object>);

impl Corpus {
    pub(super) fn read(dir: &Path) -> Self {
        let files = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let objects = files.filter_map(|file| {
            let file = file.unwrap().path();
            let name = file.file_name()?.to_str()?.strip_prefix("sf_")?.strip_suffix("_data.csv")?.to_owned();
            Some((camel(&name), object(file)))
        });
        let corpus = Self(objects.collect());
        for name in ["Lead", "Opportunity", "Task", "User"] {
            assert!(corpus.0.contains_key(name), "{} has no sf_{}_data.csv", dir.display(), name.to_lowercase());
        }
        corpus
    }

    pub(super) fn of(&self, object: &str) -> &Object {
        &self.0[object]
    }
}

fn object(file: PathBuf) -> Object {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&file).unwrap();
    // What the tool adds for itself begins with an underscore.
    let fields: Vec<Option<String>> = reader.headers().unwrap().iter().map(api_name).collect();
    let row = |record: csv::StringRecord| {
        let named = fields.iter().enumerate().filter_map(|(n, field)| Some((field.clone()?, record.get(n)?)));
        named.map(|(field, text)| (field.clone(), value(&field, text))).collect::<Map<_, _>>()
    };
    let rows = reader.records().map(|record| row(record.unwrap())).collect();
    Object { fields: fields.iter().flatten().cloned().collect(), rows, file }
}

fn api_name(column: &str) -> Option<String> {
    if column.starts_with('_') {
        return None;
    }
    Some(column.strip_suffix("_c").map_or_else(|| camel(column), |custom| format!("{custom}__c")))
}

fn camel(snake: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    };
    snake.split('_').map(word).collect()
}

fn value(field: &str, text: &str) -> Value {
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f") {
        let form = if DATES.contains(&field) { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S%.3f+0000" };
        return at.format(form).to_string().into();
    }
    match text.to_ascii_lowercase().as_str() {
        "" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        // An id or a postal code may consist of digits alone.
        number if field.ends_with("Id") || field.ends_with("Code") || number.len() > 15 => text.into(),
        number => number.parse().ok().filter(|n: &f64| n.is_finite()).map_or_else(|| text.into(), |n| json!(n)),
    }
}
