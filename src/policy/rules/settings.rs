//! The settings of a rulebook against sense: what is wrong with them wherever they are used, and where they are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Sections;
use super::problem::{Place, Problem, Source};
use crate::domain::ids::RepId;
use crate::policy::eligibility::{Team, TeamError};
use crate::policy::hold::HoldSettings;
use crate::policy::hours::HoursError;
use crate::policy::skill::Skills;

/// Where each setting is in its file, by its dotted key: `capacity.per_day`, `rep[2].zone`.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    file: Arc<str>,
    text: Arc<str>,
    spans: BTreeMap<String, Range<usize>>,
}

impl Settings {
    pub(super) fn of(source: &Source<'_>, table: &DeTable<'_>) -> Self {
        let mut spans = BTreeMap::new();
        for (key, value) in table.iter().filter(|(key, _)| !matches!(key.get_ref().as_ref(), "rule" | "format")) {
            spans_of(key.get_ref(), value, &mut spans);
        }
        Self { file: Arc::clone(&source.file), text: source.text.into(), spans }
    }

    /// Where a setting is; where it is not in the file, what it would be part of.
    fn span(&self, key: &str) -> Range<usize> {
        let mut key = key;
        loop {
            if let Some(span) = self.spans.get(key) {
                return span.clone();
            }
            match key.rfind(['.', '[']).and_then(|at| key.get(..at)) {
                Some(parent) => key = parent,
                None => return 0..0,
            }
        }
    }

    pub(super) fn problem(&self, key: &str, message: impl Into<String>, cure: impl Into<String>) -> Problem {
        Source::new(&self.file, &self.text).problem(self.span(key), message, cure)
    }

    pub(super) fn place(&self, key: &str) -> Place {
        Source::new(&self.file, &self.text).place(self.span(key).start)
    }
}

fn spans_of(key: &str, value: &Spanned<DeValue<'_>>, spans: &mut BTreeMap<String, Range<usize>>) {
    spans.insert(key.to_owned(), value.span());
    match value.get_ref() {
        DeValue::Table(table) => {
            for (inner, value) in table {
                spans_of(&format!("{key}.{}", inner.get_ref()), value, spans);
            }
        }
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                spans_of(&format!("{key}[{index}]"), value, spans);
            }
        }
        _ => {}
    }
}

/// Everything that makes no sense in any org.
pub(super) fn problems(sections: &Sections, places: &Settings) -> Vec<Problem> {
    let default = "change it, or take it out for the default";
    let mut problems = Vec::new();
    let of_sections = [
        ("slot", sections.slot.problem()),
        ("language", sections.language.problem()),
        ("value", sections.value.problem().map(|what| format!("[value] amounts: {what}"))),
        ("capacity", sections.capacity.problem()),
        ("fairness", sections.fairness.problem()),
        ("hold", sections.hold.as_ref().and_then(HoldSettings::problem)),
        ("high_value", sections.high_value.problem()),
        ("margin", sections.margin.problem()),
    ];
    for (section, problem) in of_sections {
        problems.extend(problem.map(|what| places.problem(section, what, default)));
    }
    for (key, what) in sections.absence.problems() {
        problems.push(places.problem(&key, what, "give each source a name of its own and a file"));
    }
    if let Err(error) = Skills::compile(&sections.skills) {
        problems.push(places.problem("skill", error.to_string(), "give each skill a name, and phrases or products"));
    }
    if let Err(TeamError::Common(error)) = Team::new(&[], &sections.hours, &sections.holidays) {
        let (field, cure) = of_hours(&error);
        problems.push(places.problem(&format!("hours.{field}"), format!("[hours]: {error}"), cure));
        return problems;
    }
    for (index, rep) in sections.reps.iter().enumerate() {
        if !(rep.weight.is_finite() && (0.0..=100.0).contains(&rep.weight)) {
            let message = format!("weight = {}: a share is from 0 to 100 times an ordinary one", rep.weight);
            problems.push(places.problem(&format!("rep[{index}].weight"), message, default));
        }
        let profile = rep.profile(RepId::new(rep.rep.clone()));
        match Team::new(&[profile], &sections.hours, &sections.holidays) {
            Err(TeamError::Rep { error, .. }) => {
                let (field, cure) = of_hours(&error);
                problems.push(places.problem(&format!("rep[{index}].{field}"), error.to_string(), cure));
            }
            Err(error @ TeamError::Language { .. }) => {
                let key = format!("rep[{index}].languages");
                problems.push(places.problem(&key, error.to_string(), "write a code such as \"de\", or a name"));
            }
            Ok(_) | Err(TeamError::Common(_) | TeamError::Twice(_)) => {}
        }
    }
    problems
}

/// Which setting an error of hours is about, and what to do.
const fn of_hours(error: &HoursError) -> (&'static str, &'static str) {
    match error {
        HoursError::Week(_) => ("week", "write for example \"Mon-Fri 09:00-17:30\""),
        HoursError::Zone(_) => ("zone", "write for example \"Europe/Berlin\""),
        HoursError::Calendar(_) => ("holidays", "add the calendar, or take its name away"),
    }
}
