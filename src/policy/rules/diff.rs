//! What differs between two rulebooks, in plain language.

mod condition;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::words::quoted;
use super::{Kind, PartnerTo, RepCondition, Rule, Rulebook, Target, Then, Window};

pub use condition::{Detail, Reach};

/// Where a rule sends leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "to", content = "name")]
pub enum Route {
    /// To a rep.
    Rep(String),
    /// To a queue.
    Queue(String),
    /// To reps that meet a condition.
    RepsWhere(String),
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Change {
    /// The rule is new.
    Added {
        /// Its kind.
        kind: Kind,
        /// Its condition.
        when: String,
        /// What it does.
        does: String,
    },
    /// The rule is gone.
    Removed {
        /// Its kind.
        kind: Kind,
        /// Its condition.
        when: String,
        /// What it did.
        did: String,
    },
    /// The rule has another name and is otherwise the same.
    Renamed {
        /// What it was called.
        from: String,
    },
    /// The rule answers another question.
    Kind {
        /// Before.
        from: Kind,
        /// Now.
        to: Kind,
    },
    /// It stands elsewhere among the rules of its kind, of which the first that fires decides.
    Moved {
        /// The rule of its kind that comes right before it now; `None` if it is the first.
        after: Option<String>,
    },
    /// Its condition.
    When {
        /// Before.
        from: String,
        /// Now.
        to: String,
        /// What that means for the leads it fires on.
        reach: Reach,
        /// What is different, part by part, where that can be said.
        details: Vec<Detail>,
    },
    /// Its condition on reps.
    RepWhen {
        /// Before.
        from: String,
        /// Now.
        to: String,
        /// What that means for the reps that meet it.
        reach: Reach,
        /// What is different, part by part, where that can be said.
        details: Vec<Detail>,
    },
    /// Where it sends leads.
    Route {
        /// Before.
        from: Route,
        /// Now.
        to: Route,
    },
    /// The territory that it gives.
    Territory {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// Whether it replaces a territory that the CRM gave.
    Replace {
        /// Now.
        to: bool,
    },
    /// The source that it gives.
    Source {
        /// Before.
        from: Option<String>,
        /// Now.
        to: Option<String>,
    },
    /// When it applies.
    Dates {
        /// Before.
        from: Window,
        /// Now.
        to: Window,
    },
    /// Who answers for it.
    Owner {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// Why it exists.
    Reason {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// A setting outside of the rules.
    Setting {
        /// Before; `None` if it was not there.
        from: Option<String>,
        /// Now; `None` if it is gone.
        to: Option<String>,
    },
}

/// All that changed about one rule or setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleChange {
    /// The rule by its name now (its last, if it is gone), or the setting by its key.
    pub name: String,
    /// What changed, at least one thing.
    pub changes: Vec<Change>,
}

/// Everything that a manager must know to go from one rulebook to the other: rules in the order of the new one, then those
/// that are gone, then settings. Empty exactly when both mean the same.
pub fn diff(before: &Rulebook, after: &Rulebook) -> Vec<RuleChange> {
    let mut all = Vec::new();
    let renamed = renamed(before, after);
    let former = |rule: &Rule| before.rule(renamed.get(&rule.name).unwrap_or(&rule.name));
    let moved = moved(after, &former, before);
    for rule in &after.rules {
        let mut changes = Vec::new();
        match former(rule) {
            None => {
                changes.push(Change::Added { kind: rule.kind, when: rule.written.clone(), does: words::does(rule) });
            }
            Some(was) => {
                if was.name != rule.name {
                    changes.push(Change::Renamed { from: was.name.clone() });
                }
                of_rule(was, rule, &mut changes);
                if moved.contains(rule.name.as_str()) {
                    let same_kind = after.rules.iter().take_while(|other| other.name != rule.name);
                    let after = same_kind.filter(|other| other.kind == rule.kind).last().map(|rule| rule.name.clone());
                    changes.push(Change::Moved { after });
                }
            }
        }
        if !changes.is_empty() {
            all.push(RuleChange { name: rule.name.clone(), changes });
        }
    }
    let kept: BTreeSet<&str> = after.rules.iter().filter_map(former).map(|rule| rule.name.as_str()).collect();
    for rule in before.rules.iter().filter(|rule| !kept.contains(rule.name.as_str())) {
        let removed = Change::Removed { kind: rule.kind, when: rule.written.clone(), did: words::does(rule) };
        all.push(RuleChange { name: rule.name.clone(), changes: vec![removed] });
    }
    settings(before, after, &mut all);
    all
}

/// New names of rules that are otherwise the same, with their old ones.
fn renamed(before: &Rulebook, after: &Rulebook) -> BTreeMap<String, String> {
    let gone = before.rules.iter().filter(|rule| after.rule(&rule.name).is_none());
    let mut gone: Vec<&Rule> = gone.collect();
    let mut renamed = BTreeMap::new();
    for rule in after.rules.iter().filter(|rule| before.rule(&rule.name).is_none()) {
        let same = |was: &&Rule| {
            let mut changes = Vec::new();
            of_rule(was, rule, &mut changes);
            changes.is_empty()
        };
        if let Some(index) = gone.iter().position(same) {
            renamed.insert(rule.name.clone(), gone.remove(index).name.clone());
        }
    }
    renamed
}

/// The fewest rules that must have been moved, of kinds in which order matters.
fn moved<'a>(
    after: &'a Rulebook,
    former: &dyn Fn(&Rule) -> Option<&'a Rule>,
    before: &'a Rulebook,
) -> BTreeSet<&'a str> {
    let place = |rule: &Rule| before.rules.iter().position(|was| was.name == rule.name);
    let mut moved = BTreeSet::new();
    for kind in [Kind::Territory, Kind::Strategic, Kind::Partner] {
        let kept: Vec<(&str, usize)> = after
            .rules
            .iter()
            .filter(|rule| rule.kind == kind)
            .filter_map(|rule| Some((rule.name.as_str(), place(former(rule).filter(|was| was.kind == kind)?)?)))
            .collect();
        let stay = longest_ascending(&kept.iter().map(|(_, place)| *place).collect::<Vec<_>>());
        moved.extend(kept.iter().enumerate().filter(|(index, _)| !stay.contains(index)).map(|(_, (name, _))| *name));
    }
    moved
}

/// Indices of a longest ascending part.
fn longest_ascending(values: &[usize]) -> BTreeSet<usize> {
    // best[i]: the length of the longest that ends at i, and where its last but one is.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let before = (0..index).filter(|earlier| values[*earlier] < *value).max_by_key(|earlier| best[*earlier].0);
        best.push((before.map_or(1, |earlier| best[earlier].0 + 1), before));
    }
    let mut at = (0..values.len()).max_by_key(|index| best[*index].0);
    let mut ascending = BTreeSet::new();
    while let Some(index) = at {
        ascending.insert(index);
        at = best[index].1;
    }
    ascending
}

fn of_rule(was: &Rule, rule: &Rule, changes: &mut Vec<Change>) {
    if was.kind != rule.kind {
        changes.push(Change::Kind { from: was.kind, to: rule.kind });
    }
    if let (Some(from), Some(to)) = (route(was), route(rule))
        && from != to
        && !matches!((&from, &to), (Route::RepsWhere(_), Route::RepsWhere(_)))
    {
        changes.push(Change::Route { from, to });
    }
    if let (Some(from), Some(to)) = (was.territory(), rule.territory())
        && from != to
    {
        changes.push(Change::Territory { from: from.clone(), to: to.clone() });
    }
    if let (Then::Territory { replace: from, .. }, Then::Territory { replace: to, .. }) = (&was.then, &rule.then)
        && from != to
    {
        changes.push(Change::Replace { to: *to });
    }
    if was.source() != rule.source() {
        changes.push(Change::Source { from: was.source().cloned(), to: rule.source().cloned() });
    }
    if let Some((reach, details)) = condition::compare(&was.condition, &rule.condition) {
        changes.push(Change::When { from: was.written.clone(), to: rule.written.clone(), reach, details });
    }
    if let (Some(from), Some(to)) = (was.reps(), rule.reps())
        && let Some((reach, details)) = condition::compare(&from.condition, &to.condition)
    {
        let written = |reps: &RepCondition| reps.written.clone();
        changes.push(Change::RepWhen { from: written(from), to: written(to), reach, details });
    }
    if was.window != rule.window {
        changes.push(Change::Dates { from: was.window, to: rule.window });
    }
    if was.owner != rule.owner {
        changes.push(Change::Owner { from: was.owner.clone(), to: rule.owner.clone() });
    }
    if was.reason != rule.reason {
        changes.push(Change::Reason { from: was.reason.clone(), to: rule.reason.clone() });
    }
}

fn route(rule: &Rule) -> Option<Route> {
    match &rule.then {
        Then::Strategic(target) | Then::Partner { to: PartnerTo::Target(target), .. } => Some(match target {
            Target::Rep(name) => Route::Rep(name.clone()),
            Target::Queue(name) => Route::Queue(name.clone()),
        }),
        Then::Partner { to: PartnerTo::Reps(reps), .. } => Some(Route::RepsWhere(reps.written.clone())),
        _ => None,
    }
}

/// Settings outside of the rules, by their dotted keys.
fn settings(before: &Rulebook, after: &Rulebook, all: &mut Vec<RuleChange>) {
    let flat = |book: &Rulebook| {
        let mut flat = BTreeMap::new();
        let table: toml::Table = toml::from_str(&book.canonical).unwrap_or_default();
        for (key, value) in table.iter().filter(|(key, _)| *key != "rule" && *key != "format") {
            flatten(key, value, &mut flat);
        }
        flat
    };
    let (before, after) = (flat(before), flat(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (from, to) = (before.get(key).cloned(), after.get(key).cloned());
        if from != to {
            all.push(RuleChange { name: key.clone(), changes: vec![Change::Setting { from, to }] });
        }
    }
}

/// What the tables of a list are called, where each has a name of its own.
fn names<'a>(items: &'a [toml::Value]) -> Option<Vec<&'a str>> {
    let name = |item: &'a toml::Value| item.get("name").or_else(|| item.get("rep"))?.as_str();
    let names: Vec<&str> = items.iter().map(name).collect::<Option<_>>()?;
    let different: BTreeSet<&&str> = names.iter().collect();
    (!names.is_empty() && different.len() == names.len()).then_some(names)
}

fn flatten(key: &str, value: &toml::Value, flat: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(inner, value)| flatten(&format!("{key}.{inner}"), value, flat));
        }
        // A list of tables that have names: what is the same is known by its name, wherever it stands.
        toml::Value::Array(items) if names(items).is_some() => {
            for (name, item) in names(items).unwrap_or_default().iter().zip(items) {
                flatten(&format!("{key} {}", quoted(name)), item, flat);
            }
        }
        value => {
            flat.insert(key.to_owned(), value.to_string());
        }
    }
}
