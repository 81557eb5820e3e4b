//! Before the model: what the rules say, what the lead needs, and who may get it.

use std::collections::BTreeMap;

use super::{Moment, Policy};
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::policy::eligibility::{Circumstances, Needs, eligibility};
use crate::policy::rules::{Facts, Firing, RepFacts};
use crate::policy::subject::Subject;

/// Name of the further fact that tells the tier of the partner a lead came by.
const PARTNER_TIER: &str = "partner_tier";

/// What is known of a lead before the model scores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Who may get it: these are to be scored.
    pub pool: Pool,
    /// What the rules say.
    pub firing: Firing,
    /// What it asks of a rep.
    pub needs: Needs,
}

/// Asks the rules about a lead, and finds who may get it.
pub fn prepare(subject: &Subject, moment: &Moment<'_>) -> Prepared {
    let policy = moment.policy;
    let facts = Facts::new(subject, moment.now);
    let firing = policy.book().fire(&facts, policy.directory());
    let needs = needs(subject, policy, &firing);
    let narrowing = policy.book().narrowing(&facts, &firing);
    let mut further: BTreeMap<RepId, Vec<Exclusion>> = BTreeMap::new();
    if !narrowing.is_empty() {
        further.clone_from(&moment.known.full);
        for (rep, profile) in moment.known.present.reps() {
            let known = RepFacts { rep, profile };
            if let Some(refusal) = narrowing.refusal(known) {
                let lacks: Vec<String> = refusal.because.iter().map(ToString::to_string).collect();
                let why = Exclusion::Rule { rule: refusal.rule, lacks: lacks.join(", ") };
                further.entry(rep.id.clone()).or_default().push(why);
            }
        }
    }
    let sections = policy.book().sections();
    let world = Circumstances {
        present: &moment.known.present,
        language: &sections.language,
        settings: sections.eligibility,
        // What the model knows of each rep is known only once it has scored them: see the model's rung.
        support: &BTreeMap::new(),
        further: if narrowing.is_empty() { &moment.known.full } else { &further },
    };
    let pool = eligibility(subject, &needs, &world);
    Prepared { pool, firing, needs }
}

fn needs(subject: &Subject, policy: &Policy, firing: &Firing) -> Needs {
    let facts = &subject.facts;
    if policy.is_plain() {
        return Needs { territory: facts.territory.clone(), ..Needs::default() };
    }
    let tier = facts.categorical.get(PARTNER_TIER).filter(|tier| !tier.trim().is_empty());
    Needs {
        territory: firing.territory.clone(),
        partner_tier: tier.cloned(),
        ..Needs::of(subject, policy.skills(), &policy.book().sections().language)
    }
}
