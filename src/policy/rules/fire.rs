//! All rules against one lead.

use serde::{Deserialize, Serialize};

use super::condition::{Because, Truth};
use super::directory::{Directory, NotFound};
use super::facts::{Facts, Field, RepFacts};
use super::{Kind, PartnerTo, RepCondition, Rule, Rulebook, Target, Then, Version};
use crate::domain::ids::{QueueId, RepId};

/// Where a rule sends a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Destination {
    /// To this rep, whether active and free or not.
    Rep {
        /// Who.
        id: RepId,
    },
    /// To this queue.
    Queue {
        /// Which.
        id: QueueId,
    },
    /// To the best of the reps that the rule's `rep_when` lets through.
    Reps,
    /// Whom it names cannot be found, so it sends nobody anywhere.
    Nobody {
        /// Why.
        why: NotFound,
    },
}

/// What a rule that fired says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Effect {
    /// The lead is in this territory.
    Territory {
        /// Which.
        territory: String,
    },
    /// The lead goes there, whatever the model says.
    Strategic {
        /// Where.
        to: Destination,
    },
    /// The lead is a partner's and goes there.
    Partner {
        /// Where.
        to: Destination,
        /// The source that the lead gets in the CRM.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// Only reps whom the rule's `rep_when` lets through may get the lead.
    Require,
    /// A manager must look.
    Exception,
    /// The lead shows high intent.
    Hot,
}

/// Whether what a rule says takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Standing {
    /// It does.
    Applies,
    /// An earlier rule of its kind decided already.
    Overruled {
        /// Which.
        by: String,
    },
    /// The lead keeps the territory that the CRM gave it.
    TerritoryKept {
        /// Which.
        territory: String,
    },
    /// Whom it names cannot be found; the next rule of its kind decides.
    TargetNotFound,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Its name.
    pub rule: String,
    /// The question that it answers.
    pub kind: Kind,
    /// What it says.
    pub effect: Effect,
    /// Whether that takes effect.
    pub standing: Standing,
    /// Why the rule exists.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
}

/// A fact that is missing, so that rules which ask about it did not fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Which.
    pub field: Field,
    /// How many rules would have had to know it.
    pub rules: u32,
    /// The first of them.
    pub first: String,
}

/// A rule that did not fire because a part of its condition could not be calculated, although all its facts are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Its name.
    pub rule: String,
    /// What could not be calculated, and why.
    pub because: Vec<Because>,
}

/// What the rules say about one lead. Territory rules come first, then all others in the order of the file; rules that
/// plainly do not concern the lead are left out ([`Rulebook::explain`] speaks of any).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The rules it was decided by.
    pub version: Version,
    /// The lead's territory after the territory rules.
    pub territory: Option<String>,
    /// Rules that fired.
    pub fired: Vec<Fired>,
    /// What some rules would have had to know.
    pub unknown: Vec<Unknown>,
    /// Rules that could not be calculated.
    pub failed: Vec<Failed>,
}

impl Firing {
    /// The rules of a kind that take effect.
    pub fn applying(&self, kind: Kind) -> impl Iterator<Item = &Fired> {
        self.fired.iter().filter(move |fired| fired.kind == kind && fired.standing == Standing::Applies)
    }

    /// The first rule of a kind that takes effect: of kinds in which the first decides, the only one.
    pub fn first(&self, kind: Kind) -> Option<&Fired> {
        self.applying(kind).next()
    }
}

/// What became of one rule on one lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Outcome {
    /// It fires.
    Fires,
    /// It does not apply at this time.
    OutsideItsDates,
    /// Its condition does not hold.
    DoesNotHold {
        /// Why: the parts of it that are false or unknown.
        because: Vec<Because>,
    },
}

/// Why a rule keeps a rep from a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The rule.
    pub rule: String,
    /// Its kind: `require`, or `partner` with a `rep_when`.
    pub kind: Kind,
    /// What the rep lacks: the parts of `rep_when` that are false or unknown.
    pub because: Vec<Because>,
}

/// The conditions that reps must meet for one lead.
#[derive(Clone, Debug)]
pub struct Narrowing<'r> {
    rules: Vec<(&'r Rule, &'r RepCondition)>,
    facts: Facts<'r>,
}

impl Narrowing<'_> {
    /// Whether no rule keeps any rep from the lead.
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule that keeps this rep from the lead; `None` if none does.
    pub fn refusal(&self, rep: RepFacts<'_>) -> Option<Refusal> {
        if self.rules.is_empty() {
            return None;
        }
        let facts = self.facts.with_rep(rep);
        let (rule, reps) = self.rules.iter().find(|(_, reps)| reps.condition.truth(&facts) != Truth::True)?;
        Some(Refusal { rule: rule.name.clone(), kind: rule.kind, because: reps.condition.because(&facts) })
    }
}

impl Rulebook {
    /// Asks every rule about a lead. The same facts always give the same answer.
    pub fn fire(&self, facts: &Facts<'_>, directory: &Directory) -> Firing {
        let mut firing = Firing {
            version: self.version.clone(),
            territory: None,
            fired: Vec::new(),
            unknown: Vec::new(),
            failed: Vec::new(),
        };
        let territories = self.rules.iter().filter(|rule| rule.kind == Kind::Territory);
        for rule in territories {
            firing.ask(rule, facts, directory);
        }
        let given = firing.first(Kind::Territory).and_then(|fired| match &fired.effect {
            Effect::Territory { territory } => Some(territory.clone()),
            _ => None,
        });
        firing.territory = given.or_else(|| facts.territory().map(str::to_owned));
        let territory = firing.territory.clone();
        let seen = territory.as_deref().map_or_else(|| facts.clone(), |territory| facts.in_territory(territory));
        for rule in self.rules.iter().filter(|rule| rule.kind != Kind::Territory) {
            firing.ask(rule, &seen, directory);
        }
        firing
    }

    /// The conditions that reps must meet for a lead about which the rules said this.
    pub fn narrowing<'r>(&'r self, facts: &Facts<'r>, firing: &'r Firing) -> Narrowing<'r> {
        let applying = firing.fired.iter().filter(|fired| fired.standing == Standing::Applies);
        let rules = applying.filter_map(|fired| {
            let rule = self.rule(&fired.rule)?;
            Some((rule, rule.reps()?))
        });
        Narrowing { rules: rules.collect(), facts: seen(facts, firing) }
    }

    /// What became of one rule on a lead about which the rules said this, and why. `None` if there is no such rule.
    pub fn explain(&self, rule: &str, facts: &Facts<'_>, firing: &Firing) -> Option<Outcome> {
        let rule = self.rule(rule)?;
        let seen = if rule.kind == Kind::Territory { facts.clone() } else { seen(facts, firing) };
        if !rule.window.holds(facts.now()) {
            return Some(Outcome::OutsideItsDates);
        }
        Some(match rule.condition.truth(&seen) {
            Truth::True => Outcome::Fires,
            Truth::False | Truth::Unknown => Outcome::DoesNotHold { because: rule.condition.because(&seen) },
        })
    }
}

/// The lead as all rules but those of kind `territory` see it.
fn seen<'f>(facts: &Facts<'f>, firing: &'f Firing) -> Facts<'f> {
    firing.territory.as_deref().map_or_else(|| facts.clone(), |territory| facts.in_territory(territory))
}

impl Firing {
    fn ask(&mut self, rule: &Rule, facts: &Facts<'_>, directory: &Directory) {
        if !rule.window.holds(facts.now()) {
            return;
        }
        match rule.condition.truth(facts) {
            Truth::False => {}
            Truth::Unknown => self.not_judged(rule, facts),
            Truth::True => {
                let effect = effect(rule, directory);
                let standing = self.standing(rule, &effect, facts);
                let Rule { name, kind, reason, owner, .. } = rule;
                let (rule, reason, owner) = (name.clone(), reason.clone(), owner.clone());
                self.fired.push(Fired { rule, kind: *kind, effect, standing, reason, owner });
            }
        }
    }

    fn not_judged(&mut self, rule: &Rule, facts: &Facts<'_>) {
        let mut missing = Vec::new();
        rule.condition.missing(facts, &mut missing);
        if missing.is_empty() {
            self.failed.push(Failed { rule: rule.name.clone(), because: rule.condition.because(facts) });
        }
        for field in missing {
            match self.unknown.iter_mut().find(|unknown| unknown.field == *field) {
                Some(unknown) => unknown.rules += 1,
                None => self.unknown.push(Unknown { field: field.clone(), rules: 1, first: rule.name.clone() }),
            }
        }
    }

    fn standing(&self, rule: &Rule, effect: &Effect, facts: &Facts<'_>) -> Standing {
        if rule.kind.first_decides()
            && let Some(first) = self.first(rule.kind)
        {
            return Standing::Overruled { by: first.rule.clone() };
        }
        match (&rule.then, effect, facts.territory()) {
            (Then::Territory { replace: false, .. }, _, Some(territory)) => {
                Standing::TerritoryKept { territory: territory.to_owned() }
            }
            (
                _,
                Effect::Strategic { to: Destination::Nobody { .. } }
                | Effect::Partner { to: Destination::Nobody { .. }, .. },
                _,
            ) => Standing::TargetNotFound,
            _ => Standing::Applies,
        }
    }
}

fn effect(rule: &Rule, directory: &Directory) -> Effect {
    match &rule.then {
        Then::Territory { territory, .. } => Effect::Territory { territory: territory.clone() },
        Then::Strategic(target) => Effect::Strategic { to: destination(target, directory) },
        Then::Partner { to, source } => {
            let to = match to {
                PartnerTo::Target(target) => destination(target, directory),
                PartnerTo::Reps(_) => Destination::Reps,
            };
            Effect::Partner { to, source: source.clone() }
        }
        Then::Require { .. } => Effect::Require,
        Then::Exception => Effect::Exception,
        Then::Hot => Effect::Hot,
    }
}

fn destination(target: &Target, directory: &Directory) -> Destination {
    let found = match target {
        Target::Rep(name) => directory.person(name).map(|person| Destination::Rep { id: person.id.clone() }),
        Target::Queue(name) => directory.queue(name).map(|id| Destination::Queue { id: id.clone() }),
    };
    found.unwrap_or_else(|why| Destination::Nobody { why })
}
