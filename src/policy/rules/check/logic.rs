//! What follows from the conditions themselves: contradictions, rules that others always come before, rules that disagree.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Finding, Trouble, World};
use crate::policy::rules::condition::{Atom, Condition, Truth};
use crate::policy::rules::facts::{Field, LeadField, RepFacts, Value, Values};
use crate::policy::rules::region::{Region, Sampled, TooMany};
use crate::policy::rules::words::{literal, number};
use crate::policy::rules::{Kind, PartnerTo, Rule, Rulebook, Target, Then};

/// A rule that can fire, with the leads for which it does from now on.
struct Live<'r> {
    rule: &'r Rule,
    region: Region,
    opaque: Vec<String>,
}

pub(super) fn check(book: &Rulebook, world: &World, now: DateTime<Utc>, findings: &mut Vec<Finding>) {
    let mut live: Vec<Live<'_>> = Vec::new();
    for rule in &book.rules {
        on_reps(rule, world, now, findings);
        let when = &rule.places.when;
        if let Some(at) = rule.window.before.filter(|before| *before <= now) {
            let place = rule.places.until.as_ref().unwrap_or(when);
            findings.push(Finding::new(rule, place, Trouble::Expired { at }));
            continue;
        }
        let Ok(region) = reach(rule, now) else {
            findings.push(Finding::new(rule, when, Trouble::NotAnalysed { parts: Vec::new() }));
            continue;
        };
        if region.is_empty() {
            let about = region.conflicts();
            findings.push(Finding::new(rule, when, Trouble::NeverHolds { about, of_reps: false }));
            continue;
        }
        let earlier: Vec<&Live<'_>> = live.iter().filter(|earlier| earlier.rule.kind == rule.kind).collect();
        let this = Live { rule, region, opaque: opaque(&rule.condition) };
        let before = findings.len();
        among(&this, &earlier, world, findings);
        undoes_itself(&this, findings);
        if findings.len() == before && !this.opaque.is_empty() {
            findings.push(Finding::new(rule, when, Trouble::NotAnalysed { parts: this.opaque.clone() }));
        }
        live.push(this);
    }
}

fn reach(rule: &Rule, now: DateTime<Utc>) -> Result<Region, TooMany> {
    Region::of(&rule.condition)?.and(&Region::of_window(rule.window, now))
}

/// The parts of a condition that are not understood.
fn opaque(condition: &Condition) -> Vec<String> {
    let mut parts = BTreeSet::new();
    condition.each_atom(&mut |atom, _| {
        if matches!(atom, Atom::Part(..) | Atom::HoldsFact(..) | Atom::Same(..) | Atom::Formula(_)) {
            parts.insert(atom.to_string());
        }
    });
    parts.into_iter().collect()
}

/// Whether two rules of one kind say the same of a lead that meets both.
fn says_the_same(one: &Rule, other: &Rule) -> bool {
    match (&one.then, &other.then) {
        (Then::Territory { territory: a, .. }, Then::Territory { territory: b, .. }) => a == b,
        (Then::Strategic(a), Then::Strategic(b)) => a == b,
        (Then::Partner { to: a, source: from_a }, Then::Partner { to: b, source: from_b }) => {
            let to = match (a, b) {
                (PartnerTo::Target(a), PartnerTo::Target(b)) => a == b,
                (PartnerTo::Reps(a), PartnerTo::Reps(b)) => a.condition.to_string() == b.condition.to_string(),
                _ => false,
            };
            to && from_a == from_b
        }
        (Then::Exception, Then::Exception) | (Then::Hot, Then::Hot) => true,
        (Then::Require { rep_when: a }, Then::Require { rep_when: b }) => {
            a.condition.to_string() == b.condition.to_string()
        }
        _ => false,
    }
}

/// Whether an earlier rule decides for every lead that it fires on. A territory rule that leaves what the CRM gave does not
/// decide for leads that have a territory, and neither does one after it.
fn decides(rule: &Rule) -> bool {
    rule.kind.first_decides()
}

/// A rule that names nobody who can be found leaves the decision to the next.
fn finds_its_target(rule: &Rule, world: &World) -> bool {
    match rule.target() {
        Some(Target::Rep(name)) => world.directory.person(name).is_ok(),
        Some(Target::Queue(name)) => world.directory.queue(name).is_ok(),
        None => true,
    }
}

/// A rule against the earlier ones of its kind.
fn among(this: &Live<'_>, earlier: &[&Live<'_>], world: &World, findings: &mut Vec<Finding>) {
    let rule = this.rule;
    let when = &rule.places.when;
    let comparable: Vec<&&Live<'_>> = earlier
        .iter()
        // A replacing territory rule acts where one that fills gaps does not.
        .filter(|one| {
            !matches!(
                (&one.rule.then, &rule.then),
                (Then::Territory { replace: false, .. }, Then::Territory { replace: true, .. })
            )
        })
        .filter(|one| if decides(rule) { finds_its_target(one.rule, world) } else { says_the_same(one.rule, rule) })
        .collect();
    if let Some(by) = covering(&this.region, &comparable) {
        let same = by.iter().all(|one| says_the_same(one.rule, rule));
        let by = by.iter().map(|one| one.rule.name.clone()).collect();
        let trouble = if decides(rule) { Trouble::NeverDecides { by, same } } else { Trouble::AddsNothing { by } };
        findings.push(Finding::new(rule, when, trouble));
        return;
    }
    if decides(rule) {
        contradictions(this, &comparable, findings);
    } else if rule.kind == Kind::Require {
        exclusions(this, earlier, findings);
    }
}

/// The earlier rules that together fire on every lead of a region; none of them can be spared in their order.
fn covering<'l, 'r>(region: &Region, earlier: &[&&'l Live<'r>]) -> Option<Vec<&'l Live<'r>>> {
    let mut rest = region.clone();
    let mut by = Vec::new();
    for one in earlier {
        let less = rest.without(&one.region).ok()?;
        if less != rest {
            by.push(**one);
        }
        rest = less;
        if rest.is_empty() {
            // Rules that took something away which a later one would have taken as well are not needed.
            let mut index = 0;
            while index < by.len() {
                let others = by.iter().enumerate().filter(|(other, _)| *other != index);
                let left = others.map(|(_, one)| one).try_fold(region.clone(), |left, one| left.without(&one.region));
                if left.is_ok_and(|left| left.is_empty()) {
                    by.remove(index);
                } else {
                    index += 1;
                }
            }
            return Some(by);
        }
    }
    None
}

/// Earlier rules that say something else about some of the leads, where neither rule is a special case of the other: then
/// the order decides, and probably nobody thought about it.
fn contradictions(this: &Live<'_>, earlier: &[&&Live<'_>], findings: &mut Vec<Finding>) {
    let mut with = Vec::new();
    let mut example = None;
    for one in earlier.iter().filter(|one| !says_the_same(one.rule, this.rule)) {
        let conditions = [&this.rule.condition, &one.rule.condition];
        let lead = this.region.common(&one.region).filter_map(|cell| cell.sample()).find(|sample| {
            // Never claimed without a lead that proves it.
            conditions.iter().all(|condition| condition.truth(sample) == Truth::True)
        });
        let special = || one.region.without(&this.region).is_ok_and(|rest| rest.is_empty());
        if let Some(lead) = lead.filter(|_| !special()) {
            with.push(one.rule.name.clone());
            example.get_or_insert(lead);
        }
    }
    if let Some(lead) = example {
        let shown = lead.0.into_iter().filter(|(field, _)| *field != Field::Now).map(|(field, value)| {
            let value = match value {
                Sampled::Text(text) => literal(&text),
                Sampled::Number(value) => number(value),
                Sampled::Time(at) => at.to_rfc3339(),
                Sampled::Flag(flag) => flag.to_string(),
                Sampled::Texts(texts) => format!("{texts:?}"),
            };
            (field, value)
        });
        let trouble = Trouble::Contradicts { with, example: shown.collect() };
        findings.push(Finding::new(this.rule, &this.rule.places.when, trouble));
    }
}

/// Earlier requirements that no rep can meet together with this one.
fn exclusions(this: &Live<'_>, earlier: &[&Live<'_>], findings: &mut Vec<Finding>) {
    let Some(Ok(mine)) = this.rule.reps().map(|reps| Region::of(&reps.condition)) else { return };
    for one in earlier {
        let Some(Ok(theirs)) = one.rule.reps().map(|reps| Region::of(&reps.condition)) else { continue };
        if mine.is_empty() || theirs.is_empty() {
            continue;
        }
        let Ok(leads) = this.region.and(&one.region) else { continue };
        let together = leads.cells().iter().any(|cell| cell.sample().is_some());
        let Ok(both) = mine.and(&theirs) else { continue };
        if together && both.is_empty() {
            let trouble = Trouble::ExcludesAllWith { with: one.rule.name.clone(), about: both.conflicts() };
            let place = this.rule.places.target.as_ref().unwrap_or(&this.rule.places.rule);
            findings.push(Finding::new(this.rule, place, trouble));
        }
    }
}

/// A partner rule whose new source its own condition does not allow.
fn undoes_itself(this: &Live<'_>, findings: &mut Vec<Finding>) {
    let Some(source) = this.rule.source() else { return };
    let text = [source.as_str().into()].into();
    let Ok(after) =
        Region::of(&Condition::Atom(Atom::OneOf(Field::Lead(LeadField::Source), text), this.rule.places.when.clone()))
    else {
        return;
    };
    if this.region.and(&after).is_ok_and(|left| left.is_empty()) {
        let place = this.rule.places.source.as_ref().unwrap_or(&this.rule.places.rule);
        findings.push(Finding::new(this.rule, place, Trouble::UndoesItself { source: source.clone() }));
    }
}

/// A condition on reps: whether it can be met at all, and whether anybody does.
fn on_reps(rule: &Rule, world: &World, now: DateTime<Utc>, findings: &mut Vec<Finding>) {
    let Some(reps) = rule.reps() else { return };
    let place = rule.places.target.as_ref().unwrap_or(&rule.places.rule);
    if let Ok(region) = Region::of(&reps.condition)
        && region.is_empty()
    {
        let about = region.conflicts();
        findings.push(Finding::new(rule, place, Trouble::NeverHolds { about, of_reps: true }));
        return;
    }
    let mut about_reps_alone = true;
    reps.condition.each_atom(&mut |atom, _| {
        about_reps_alone &= atom.fields().iter().all(|field| matches!(field, Field::Rep(_)));
    });
    let meets = |(rep, profile): &(_, Option<_>)| {
        let only = OnlyRep(RepFacts { rep, profile: profile.as_ref() }, now);
        reps.condition.truth(&only) == Truth::True
    };
    let active: Vec<_> = world.reps.iter().filter(|(rep, _)| rep.active).collect();
    if about_reps_alone && !active.is_empty() && !active.into_iter().any(meets) {
        findings.push(Finding::new(rule, place, Trouble::NobodyMeets));
    }
}

/// A rep without a lead.
struct OnlyRep<'w>(RepFacts<'w>, DateTime<Utc>);

impl Values for OnlyRep<'_> {
    fn value(&self, field: &Field) -> Option<Value<'_>> {
        match field {
            Field::Rep(field) => self.0.value(*field, self.1),
            Field::Now => Some(Value::Time(self.1)),
            _ => None,
        }
    }
}
