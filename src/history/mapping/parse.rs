//! From TOML to [`Mapping`], with every mistake found in one go.

use std::collections::BTreeMap;
use std::path::Path;

use strum::IntoEnumIterator;
use toml::de::DeTable;

use super::section::{Document, Located, Section};
use super::{Assumptions, Column, Feature, FeatureKind, Join, Mapping, Outcomes, Replacements, Role, fits};
use crate::history::error::{Problem, Problems};
use crate::history::format::{DateFormat, Format, When};
use crate::history::words::quoted;

pub(super) fn parse(text: &str, path: &Path) -> Result<Mapping, Problems> {
    let file = path.display().to_string();
    let document = Document::new(&file, text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| document.line(span.start));
        let cure = "compare it with the example map: texts in quotes, lists in [ ], one key a line".to_owned();
        Problems::new(vec![Problem { file: file.clone(), line, message: error.message().to_owned(), cure }])
    })?;
    let mut top = Section::top(&document, table.get_ref());

    let columns_section = top.section("columns");
    let columns_line = columns_section.as_ref().map_or(1, |section| section.line);
    let columns = columns_section.map(columns).unwrap_or_default();
    let assume = top.section("history").map(|section| assumptions(section, &document)).unwrap_or_default();
    let mapping = Mapping {
        columns_line,
        outcomes: top.section("outcome").map(|section| outcomes(section, &document)).unwrap_or_default(),
        features: top.section("features").map(features).unwrap_or_default(),
        known_afterwards: top.section("known_afterwards").map(known_afterwards).unwrap_or_default(),
        format: top.section("format").map(|section| format(section, &document)).unwrap_or_default(),
        joins: top.sections("join").into_iter().filter_map(|section| join(section, path)).collect(),
        replacements: top.section("values").map(|section| replacements(section, &document)).unwrap_or_default(),
        columns,
        assume,
        file: file.clone(),
    };
    top.finish();

    check_roles(&mapping, &document);
    check_columns(&mapping, &document);
    check_known_afterwards(&mapping, &document);
    check_joins(&mapping, &document);
    let problems = document.into_problems();
    if problems.is_empty() { Ok(mapping) } else { Err(Problems::new(problems)) }
}

fn column(found: &Located<String>) -> Column {
    Column { name: found.value.trim().to_owned(), line: found.line }
}

fn columns(mut section: Section<'_, '_>) -> BTreeMap<Role, Column> {
    let columns =
        Role::iter().filter_map(|role| Some((role, column(&section.text(role.into())?)))).collect::<BTreeMap<_, _>>();
    section.finish();
    columns
}

fn features(mut section: Section<'_, '_>) -> Vec<Feature> {
    let kinds =
        [("numeric", FeatureKind::Numeric), ("categorical", FeatureKind::Categorical), ("dates", FeatureKind::Date)];
    let mut features = Vec::new();
    for (key, kind) in kinds {
        for (name, found) in section.names(key) {
            features.push(Feature { name: name.trim().to_owned(), kind, column: column(&found) });
        }
    }
    section.finish();
    features
}

fn outcomes(mut section: Section<'_, '_>, document: &Document<'_>) -> Outcomes {
    let mut values = |key| {
        let list = section.texts(key).map(|list| list.value).unwrap_or_default();
        list.into_iter().map(|value| Located { value: value.value.trim().to_owned(), ..value }).collect::<Vec<_>>()
    };
    let lists = [("won", values("won")), ("lost", values("lost")), ("open", values("open"))];
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, list) in &lists {
        for value in list {
            if let Some(other) = seen.insert(&value.value, key) {
                let message = format!("the outcome {} is listed under {other} and under {key}", quoted(&value.value));
                document.wrong(value.line, message, "list it once");
            }
        }
    }
    let line = section.line;
    section.finish();
    let [won, lost, open] = lists.map(|(_, list)| list.into_iter().map(|value| value.value).collect());
    Outcomes { won, lost, open, line }
}

fn known_afterwards(mut section: Section<'_, '_>) -> Vec<Column> {
    let columns = section.texts("columns").map(|list| list.value.iter().map(column).collect());
    section.finish();
    columns.unwrap_or_default()
}

fn join(mut section: Section<'_, '_>, map: &Path) -> Option<Join> {
    let (file, key, main) =
        (section.required_text("file"), section.required_text("key"), section.required_text("column"));
    let prefix = section.text("prefix").map(|prefix| prefix.value).unwrap_or_default();
    section.finish();
    let folder = map.parent().unwrap_or(Path::new(""));
    Some(Join { path: folder.join(file?.value), key: column(&key?), column: column(&main?), prefix })
}

fn replacements(section: Section<'_, '_>, document: &Document<'_>) -> Vec<Replacements> {
    let mut all = Vec::new();
    for (name, inside) in section.tables("a table of \"as written\" = \"as meant\"") {
        let column = Column { name: name.trim().to_owned(), line: inside.line };
        let mut values: BTreeMap<String, Located<String>> = BTreeMap::new();
        for (written, meant) in inside.entries("a text in quotes") {
            let (written, meant) =
                (written.trim().to_owned(), Located { value: meant.value.trim().to_owned(), ..meant });
            if written.is_empty() || meant.value.is_empty() {
                let cure = "to read a value as \"nothing\", list it in [format] missing";
                document.wrong(meant.line, format!("[values.{}] has an empty value", quoted(&column.name)), cure);
            } else {
                values.insert(written, meant);
            }
        }
        for (written, meant) in &values {
            if let Some(further) = values.get(&meant.value).filter(|further| further.value != meant.value) {
                let message =
                    format!("{} is read as {}, which is itself replaced", quoted(written), quoted(&meant.value));
                document.wrong(
                    meant.line,
                    message,
                    format!("write what is meant in the end: {}", quoted(&further.value)),
                );
            }
        }
        let values = values.into_iter().map(|(written, meant)| (written, meant.value)).collect();
        all.push(Replacements { column, values });
    }
    all
}

fn format(mut section: Section<'_, '_>, document: &Document<'_>) -> Format {
    let mut format = Format::default();
    if let Some(patterns) = section.texts("date_formats") {
        format.dates = Vec::new();
        for pattern in &patterns.value {
            match DateFormat::new(&pattern.value) {
                Ok(date) => format.dates.push(date),
                Err(lack) => document.wrong(
                    pattern.line,
                    format!("the date format {} {lack}", quoted(&pattern.value)),
                    "write it like \"%d.%m.%Y\" or \"%Y-%m-%d %H:%M:%S\"",
                ),
            }
        }
        if patterns.value.is_empty() {
            document.wrong(patterns.line, "date_formats is empty", "leave it out for ISO dates such as 2017-12-31");
        }
    }
    if let Some(delimiter) = section.text("delimiter") {
        match delimiter.value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => format.delimiter = *byte,
            _ => document.wrong(
                delimiter.line,
                format!("the delimiter {} is not usable", quoted(&delimiter.value)),
                "it must be one ASCII character: \",\", \";\", \"|\" or \"\\t\"",
            ),
        }
    }
    format.decimal_comma = section.flag("decimal_comma").unwrap_or_default();
    if let Some(ignored) = section.texts("ignore_in_numbers") {
        for sign in &ignored.value {
            format.ignore_in_numbers.extend(sign.value.chars());
        }
        let decimal_sign = if format.decimal_comma { ',' } else { '.' };
        let needed = |c: &char| c.is_ascii_digit() || matches!(c, '-') || *c == decimal_sign;
        if let Some(sign) = format.ignore_in_numbers.iter().find(|c| needed(c)) {
            let message = format!("ignore_in_numbers lists \"{sign}\", which numbers need");
            document.wrong(ignored.line, message, "digits, the minus and the decimal sign cannot be left out");
        }
    }
    if let Some(missing) = section.texts("missing") {
        format.missing = missing.value.into_iter().map(|value| value.value.trim().to_owned()).collect();
    }
    section.finish();
    format
}

fn assumptions(mut section: Section<'_, '_>, document: &Document<'_>) -> Assumptions {
    let closed_after_days = section.whole("assume_closed_after_days");
    if let Some(days) = closed_after_days.as_ref().filter(|days| days.value > 3_650) {
        document.wrong(
            days.line,
            "assume_closed_after_days is more than ten years",
            "give the usual length of a sale in days",
        );
    }
    let created = section.text("assume_created").and_then(|date| {
        let found = Format::default().date(&date.value);
        if found.is_none() {
            document.wrong(
                date.line,
                format!("assume_created is {}, not a date", quoted(&date.value)),
                "write it like \"2017-12-31\"",
            );
        }
        found.map(When::start)
    });
    let rep = section.text("assume_rep").map(|rep| rep.value);
    section.finish();
    Assumptions { closed_after_days: closed_after_days.map(|days| days.value), created, rep }
}

/// What every map must say.
fn check_roles(mapping: &Mapping, document: &Document<'_>) {
    let line = mapping.columns_line;
    let has = |role| mapping.columns.contains_key(&role);
    if mapping.columns.is_empty() {
        document.wrong_overall(
            "the map names no columns",
            "it needs a section [columns] with lead_id, created, rep and outcome; see the example map",
        );
        return;
    }
    if !has(Role::LeadId) {
        document.wrong(line, "[columns] lacks \"lead_id\"", "add: lead_id = \"…\", the column that names each lead");
    }
    let either = |role: Role, assumed: bool, key: &str, example: &str| match (has(role), assumed) {
        (false, false) => document.wrong(
            line,
            format!("[columns] lacks \"{role}\""),
            format!("add: {role} = \"…\", or if the file has no {}, {key} = {example} in [history]", role.words()),
        ),
        (true, true) => {
            let message = format!("[columns] names the {} and [history] assumes one", role.words());
            document.wrong(mapping.columns[&role].line, message, format!("remove {role} or {key}"));
        }
        _ => {}
    };
    either(Role::Created, mapping.assume.created.is_some(), "assume_created", "\"2020-01-01\"");
    either(Role::Rep, mapping.assume.rep.is_some(), "assume_rep", "\"everybody\"");
    if let Some(outcome) = mapping.columns.get(&Role::Outcome) {
        for (key, values) in [("won", &mapping.outcomes.won), ("lost", &mapping.outcomes.lost)] {
            if values.is_empty() {
                document.wrong(
                    mapping.outcomes.line.max(outcome.line),
                    format!("no value of {} means {key}", quoted(&outcome.name)),
                    format!("list the values in [outcome], for example {key} = [\"Closed {}\"]", capitalised(key)),
                );
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A column may have one meaning only, and a feature name one column.
fn check_columns(mapping: &Mapping, document: &Document<'_>) {
    let mut seen: BTreeMap<&str, (String, u64)> = BTreeMap::new();
    let mut names: BTreeMap<&str, u64> = BTreeMap::new();
    for NamedColumn { column, place, .. } in mapping.named_columns() {
        if column.name.is_empty() {
            document.wrong(column.line, format!("{place} names no column"), "name one, or remove the line");
        } else if let Some((other, line)) = seen.get(column.name.as_str()) {
            let message =
                format!("column {} is used twice: as {other} (line {line}) and as {place}", quoted(&column.name));
            document.wrong(column.line, message, "use it once");
        } else {
            seen.insert(&column.name, (place, column.line));
        }
    }
    for feature in &mapping.features {
        if let Some(line) = names.insert(&feature.name, feature.column.line) {
            let message = format!("two features are called {} (the other is on line {line})", quoted(&feature.name));
            document.wrong(feature.column.line, message, "give each its own name");
        }
    }
}

/// A column declared as known only afterwards may not also be a fact.
fn check_known_afterwards(mapping: &Mapping, document: &Document<'_>) {
    let looked_up = mapping.joins.iter().map(|join| NamedColumn {
        column: &join.column,
        role: None,
        place: "[[join]] column".to_owned(),
    });
    for NamedColumn { column, role, place } in mapping.named_columns().chain(looked_up) {
        if role.is_some_and(Role::is_known_afterwards) {
            continue;
        }
        if let Some(declared) = mapping.known_afterwards.iter().find(|declared| fits(&declared.name, &column.name)) {
            let message = format!(
                "column {} is used as {place}, but {} in [known_afterwards] (line {}) says that it is not known when a lead comes in",
                quoted(&column.name),
                quoted(&declared.name),
                declared.line,
            );
            document.wrong(column.line, message, "take it out of one of the two");
        }
    }
}

/// What is looked up by the outcome gives the outcome away.
fn check_joins(mapping: &Mapping, document: &Document<'_>) {
    for join in &mapping.joins {
        let afterwards =
            mapping.columns.iter().find(|(role, column)| role.is_known_afterwards() && column.name == join.column.name);
        if let Some((role, _)) = afterwards {
            let message = format!(
                "[[join]] looks up by {}, the {}, which is known only afterwards",
                quoted(&join.column.name),
                role.words()
            );
            document.wrong(join.column.line, message, "look up by a column that is known when the lead comes in");
        }
    }
}

/// A column that the map uses.
pub(in crate::history) struct NamedColumn<'m> {
    pub(in crate::history) column: &'m Column,
    /// Its role; `None` for a further feature.
    pub(in crate::history) role: Option<Role>,
    /// The key of the map that names it.
    pub(in crate::history) place: String,
}

impl Mapping {
    /// Every column the map uses: roles first, then features.
    pub(in crate::history) fn named_columns(&self) -> impl Iterator<Item = NamedColumn<'_>> {
        let roles = self.columns.iter().map(|(role, column)| NamedColumn {
            column,
            role: Some(*role),
            place: format!("[columns] {role}"),
        });
        let features = self.features.iter().map(|feature| {
            let key = match feature.kind {
                FeatureKind::Numeric => "numeric",
                FeatureKind::Categorical => "categorical",
                FeatureKind::Date => "dates",
            };
            NamedColumn { column: &feature.column, role: None, place: format!("[features] {key}") }
        });
        roles.chain(features)
    }
}
