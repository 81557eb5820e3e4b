//! Names and values of a rule against those of the org.

use std::collections::BTreeSet;

use super::{Finding, Trouble, World};
use crate::policy::rules::condition::{Atom, Condition};
use crate::policy::rules::directory::NotFound;
use crate::policy::rules::facts::{Field, LeadField, RepField};
use crate::policy::rules::problem::Place;
use crate::policy::rules::words::nearest;
use crate::policy::rules::{Rule, Rulebook, Target};

pub(super) fn check(rule: &Rule, book: &Rulebook, world: &World, findings: &mut Vec<Finding>) {
    let places = &rule.places;
    let target = places.target.as_ref().unwrap_or(&places.rule);
    match rule.target() {
        Some(Target::Rep(name)) => match world.directory.person(name) {
            Ok(person) if !person.active => {
                findings.push(Finding::new(rule, target, Trouble::TargetInactive { name: person.name.clone() }));
            }
            Ok(_) => {}
            Err(why) => findings.push(Finding::new(rule, target, Trouble::TargetNotFound { why })),
        },
        Some(Target::Queue(name)) => {
            if let Err(why) = world.directory.queue(name) {
                findings.push(Finding::new(rule, target, Trouble::TargetNotFound { why }));
            }
        }
        None => {}
    }
    match world.directory.person(&rule.owner) {
        Ok(person) if !person.active => {
            findings.push(Finding::new(rule, &places.owner, Trouble::OwnerInactive { name: person.name.clone() }));
        }
        // Two people of one name: any of them may answer.
        Ok(_) | Err(NotFound::Ambiguous { .. }) => {}
        Err(why) => findings.push(Finding::new(rule, &places.owner, Trouble::OwnerNotFound { why })),
    }
    if let Some(territory) = rule.territory() {
        let known = world.territories.iter().flatten().map(String::as_str);
        findings.extend(unknown_territory(rule, target, territory, world, known));
    }
    if let (Some(source), Some(place)) = (rule.source(), &places.source) {
        let field = Field::Lead(LeadField::Source);
        findings.extend(not_in_picklist(rule, place, &field, source, world));
    }
    in_condition(rule, &rule.condition, book, world, findings);
    if let Some(reps) = rule.reps() {
        in_condition(rule, &reps.condition, book, world, findings);
    }
}

/// Reps that settings speak of.
pub(super) fn check_settings(book: &Rulebook, world: &World, findings: &mut Vec<Finding>) {
    for (key, name) in book.sections().named_reps() {
        let trouble = match world.directory.person(name) {
            Ok(person) if person.active => continue,
            Ok(person) => Trouble::RepInactive { name: person.name.clone() },
            Err(why) => Trouble::RepNotFound { why },
        };
        let (severity, place) = (trouble.severity(), book.settings.place(&key));
        findings.push(Finding { severity, place, rule: key, trouble });
    }
}

/// Values that a condition compares with.
fn in_condition(rule: &Rule, condition: &Condition, book: &Rulebook, world: &World, findings: &mut Vec<Finding>) {
    let mut unknown_facts = BTreeSet::new();
    let mut accounts = None;
    condition.each_atom(&mut |atom, place| {
        for field in atom.fields() {
            if matches!(field, Field::Account(_)) {
                accounts.get_or_insert(place);
            }
            if let (Field::More(name), Some(further)) = (&field, &world.further)
                && !further.iter().any(|known| **known == **name)
                && unknown_facts.insert(name.clone())
            {
                let near = nearest(name, further.iter().map(String::as_str)).map(str::to_owned);
                findings.push(Finding::new(rule, place, Trouble::UnknownFact { name: name.to_string(), near }));
            }
        }
        let Atom::OneOf(field, values) = atom else { return };
        for value in values {
            match field {
                Field::Lead(LeadField::Territory) | Field::Rep(RepField::Territory) => {
                    let given = book.rules.iter().filter_map(Rule::territory);
                    let known = world.territories.iter().flatten().chain(given).map(String::as_str);
                    findings.extend(unknown_territory(rule, place, value, world, known));
                }
                _ => findings.extend(not_in_picklist(rule, place, field, value, world)),
            }
        }
    });
    if let Some(place) = accounts.filter(|_| world.accounts == Some(false)) {
        findings.push(Finding::new(rule, place, Trouble::AccountsNotRead));
    }
}

fn not_in_picklist(rule: &Rule, place: &Place, field: &Field, value: &str, world: &World) -> Option<Finding> {
    let known = world.picklists.get(field)?;
    if known.iter().any(|known| known == value) {
        return None;
    }
    let near = nearest(value, known.iter().map(String::as_str)).map(str::to_owned);
    Some(Finding::new(rule, place, Trouble::NotInPicklist { field: field.clone(), value: value.to_owned(), near }))
}

fn unknown_territory<'n>(
    rule: &Rule,
    place: &Place,
    territory: &str,
    world: &World,
    known: impl Iterator<Item = &'n str>,
) -> Option<Finding> {
    world.territories.as_ref()?;
    let known: Vec<&str> = known.collect();
    if known.contains(&territory) {
        return None;
    }
    let near = nearest(territory, known).map(str::to_owned);
    Some(Finding::new(rule, place, Trouble::UnknownTerritory { territory: territory.to_owned(), near }))
}
