//! What happens between a client's look at a lead and its write: people are faster.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::fault::Fault;
use super::id::Id;
use super::knobs::Knob;
use super::org::Org;
use super::people::{self, Act};
use super::rest::Call;
use super::stamp::Stamp;
use super::world::World;

const ACTS: [(Knob, Act); 5] = [
    (Knob::Edited, Act::Edit),
    (Knob::Taken, Act::Take),
    (Knob::Converted, Act::Convert),
    (Knob::Merged, Act::Merge),
    (Knob::Deleted, Act::Delete),
];

/// Lets people act on the leads that a call is about to write, if the knobs say so: in transactions of their own, which
/// are over when the call begins.
pub(super) fn before(org: &mut Org, world: &World, call: &Call, now: Stamp) -> Result<(), Fault> {
    for lead in leads_written(call) {
        for (knob, act) in ACTS {
            if org.knobs.strikes(knob) {
                let mut chance = org.knobs.details(knob);
                if !people::act(org, world, lead, act, &mut chance, now)? {
                    org.knobs.missed(knob);
                }
                break;
            }
        }
    }
    Ok(())
}

/// Leads that a call changes, alone or as a composite.
fn leads_written(call: &Call) -> Vec<Id> {
    match (call.method(), call.segments().as_slice()) {
        ("PATCH" | "DELETE", ["sobjects", "Lead", id]) => Id::parse(id).into_iter().collect(),
        ("POST", ["composite"]) => {
            let steps = call.object().ok().and_then(|body| body.get("compositeRequest")?.as_array());
            let steps: Vec<&Json> = steps.into_iter().flatten().collect();
            let of_lead = |step: &Json| {
                let (_, rest) = step["url"].as_str()?.split_once("/sobjects/Lead/")?;
                Some(rest.split(['?', '/']).next()?.to_owned())
            };
            let writes = |step: &Json| matches!(step["method"].as_str(), Some("PATCH" | "DELETE"));
            if !steps.iter().any(|step| writes(step) && of_lead(step).is_some()) {
                return Vec::new();
            }
            // The address of a write may be a reference, so leads that are only read are looked at as well.
            let leads: BTreeSet<Id> = steps.iter().filter_map(|step| Id::parse(&of_lead(step)?)).collect();
            leads.into_iter().collect()
        }
        _ => Vec::new(),
    }
}
