//! What happened to each lead by the org's journal of effects.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::demo::DemoError;
use crate::demo::wire::Judge;

/// One line of the org's journal.
#[derive(Debug, Deserialize)]
pub(super) struct OrgEffect {
    n: u64,
    /// Seconds since 1970.
    #[serde(default)]
    at: i64,
    kind: String,
    lead: Option<String>,
    cause: Option<String>,
    /// Key of the decision in whose transaction it happened.
    decision: Option<String>,
    owner: Option<String>,
    from: Option<String>,
    to: Option<String>,
    key: Option<String>,
    trace_id: Option<String>,
}

/// What the org has of one decision.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) records: u64,
    pub(super) tasks: u64,
    pub(super) moves: u64,
    pub(super) recorded_owner: Option<String>,
    /// The owner at the end of the transaction.
    pub(super) owner_after: Option<String>,
    /// Whether automation moved the lead on inside the transaction.
    pub(super) moved_on: bool,
}

/// The decisions that reached a lead, by trace id.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) by_trace: BTreeMap<String, Effects>,
}

impl Traces {
    pub(super) fn is_empty(&self) -> bool {
        self.by_trace.is_empty()
    }
}

/// A change of owner by a client.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) n: u64,
    pub(super) from: Option<String>,
    /// Whether that owner was chosen by a person.
    pub(super) from_person: bool,
    /// Whether a person had finished the lead before.
    pub(super) after_gone: bool,
}

/// One lead.
#[derive(Debug, Default)]
pub(super) struct Story {
    owner: Option<String>,
    /// Whether the present owner was chosen by a person.
    owner_by_person: bool,
    /// Every owner that a person chose.
    taken_by: Vec<String>,
    pub(super) traces: Traces,
    pub(super) moves: Vec<Moved>,
    pub(super) moved_by_org: u64,
    /// Converted, merged or deleted.
    pub(super) gone: bool,
    /// Whether anybody but a client changed its owner or finished it.
    pub(super) touched_by_others: bool,
    arrived_at: i64,
    settled_at: Option<i64>,
}

impl Story {
    /// Whether a person gave it to this owner at some time.
    pub(super) fn taken_as(&self, owner: &str) -> bool {
        self.taken_by.iter().any(|taken| taken == owner)
    }

    /// Seconds between its arrival and the moment at which a decision on it was recorded, or a person took or finished it.
    pub(super) fn took(&self) -> Option<i64> {
        self.settled_at.map(|at| at - self.arrived_at)
    }
}

/// All leads that came into the org since its beginning.
#[derive(Debug, Default)]
pub(super) struct Stories {
    pub(super) leads: BTreeMap<String, Story>,
    /// Effects of clients that belong to no decision, in words.
    pub(super) unexplained: Vec<String>,
    /// The trace id of each decision key.
    traces: HashMap<String, String>,
}

impl Stories {
    /// Reads the whole journal.
    pub(super) async fn read(org: &Judge) -> Result<Self, DemoError> {
        Ok(Self::tell(&org.journal::<OrgEffect>().await?))
    }

    fn tell(journal: &[OrgEffect]) -> Self {
        let mut stories = Self::default();
        for effect in journal {
            if let (Some(key), Some(trace)) = (&effect.key, &effect.trace_id) {
                stories.traces.insert(key.clone(), trace.clone());
            }
            stories.hear(effect);
        }
        stories
    }

    fn hear(&mut self, effect: &OrgEffect) {
        let Some(lead) = &effect.lead else { return };
        if effect.kind == "lead_arrived" {
            self.leads
                .insert(lead.clone(), Story { owner: effect.owner.clone(), arrived_at: effect.at, ..Story::default() });
            return;
        }
        // History is told of too: its leads did not come in live.
        let Some(story) = self.leads.get_mut(lead) else { return };
        let trace = effect.decision.as_ref().and_then(|key| self.traces.get(key));
        let of_decision = trace.map(|trace| story.traces.by_trace.entry(trace.clone()).or_default());
        let settles = matches!(
            (effect.kind.as_str(), effect.cause.as_deref()),
            ("decision_recorded" | "lead_converted" | "lead_merged" | "lead_deleted", _)
                | ("owner_changed", Some("person"))
        );
        if settles {
            story.settled_at.get_or_insert(effect.at);
        }
        match (effect.kind.as_str(), effect.cause.as_deref()) {
            ("decision_recorded", _) => {
                if let Some(effects) = of_decision {
                    effects.records += 1;
                    effects.recorded_owner.clone_from(&effect.owner);
                    effects.owner_after.clone_from(&story.owner);
                }
            }
            ("task_created", _) => match of_decision {
                Some(effects) => effects.tasks += 1,
                None => self.unexplained.push(format!("{lead}: a task without a decision (effect {})", effect.n)),
            },
            ("owner_changed", cause) => {
                let by_client = cause == Some("api");
                match of_decision {
                    Some(effects) => {
                        effects.moves += u64::from(by_client);
                        effects.moved_on |= !by_client;
                        effects.owner_after.clone_from(&effect.to);
                    }
                    None if by_client => {
                        self.unexplained.push(format!("{lead}: a move without a decision (effect {})", effect.n));
                    }
                    None => {}
                }
                story.change_owner(effect, by_client);
            }
            ("lead_converted" | "lead_merged" | "lead_deleted", _) => {
                story.gone = true;
                story.touched_by_others = true;
            }
            _ => {}
        }
    }
}

impl Story {
    fn change_owner(&mut self, effect: &OrgEffect, by_client: bool) {
        let by_person = effect.cause.as_deref() == Some("person");
        if by_client {
            self.moves.push(Moved {
                n: effect.n,
                from: effect.from.clone(),
                from_person: self.owner_by_person,
                after_gone: self.gone,
            });
        } else {
            self.touched_by_others = true;
        }
        if by_person {
            self.taken_by.extend(effect.to.clone());
        } else if !by_client {
            self.moved_by_org += 1;
        }
        self.owner.clone_from(&effect.to);
        self.owner_by_person = by_person;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn stories(lines: Json) -> Stories {
        let mut journal: Vec<Json> = serde_json::from_value(lines).unwrap();
        for (n, line) in journal.iter_mut().enumerate() {
            line["n"] = json!(n + 1);
            line["lead"] = json!("L");
        }
        Stories::tell(&serde_json::from_value::<Vec<OrgEffect>>(journal.into()).unwrap())
    }

    fn decision(key: &str, from: &str, to: &str) -> [Json; 3] {
        [
            json!({ "kind": "decision_recorded", "key": key, "trace_id": "T", "owner": to, "decision": key }),
            json!({ "kind": "owner_changed", "from": from, "to": to, "cause": "api", "decision": key }),
            json!({ "kind": "task_created", "owner": to, "decision": key }),
        ]
    }

    #[test]
    fn a_decision_and_its_effects_belong_together() {
        let [record, moved, task] = decision("k", "a", "b");
        let told = stories(json!([{ "kind": "lead_arrived", "owner": "a" }, record, moved, task]));
        let effects = &told.leads["L"].traces.by_trace["T"];
        assert_eq!((effects.records, effects.moves, effects.tasks), (1, 1, 1));
        assert_eq!(effects.owner_after.as_deref(), Some("b"));
        assert!(!told.leads["L"].moves[0].from_person && told.unexplained.is_empty());
    }

    #[test]
    fn one_decision_under_two_keys_is_seen_twice() {
        let arrived = json!({ "kind": "lead_arrived", "owner": "a" });
        let all: Vec<Json> =
            [arrived].into_iter().chain(decision("k1", "a", "b")).chain(decision("k2", "b", "b")).collect();
        let told = stories(all.into());
        let effects = &told.leads["L"].traces.by_trace["T"];
        assert_eq!((effects.records, effects.tasks), (2, 2));
    }

    #[test]
    fn a_move_away_from_a_persons_choice_is_seen_as_one() {
        let [record, moved, _] = decision("k", "p", "b");
        let taken = json!({ "kind": "owner_changed", "from": "a", "to": "p", "cause": "person" });
        let told = stories(json!([{ "kind": "lead_arrived", "owner": "a" }, taken, record, moved]));
        let story = &told.leads["L"];
        assert!(story.moves[0].from_person && story.taken_as("p") && story.touched_by_others);
    }

    #[test]
    fn what_belongs_to_no_decision_is_told() {
        let told = stories(json!([
            { "kind": "lead_arrived", "owner": "a" },
            { "kind": "owner_changed", "from": "a", "to": "b", "cause": "api" },
            { "kind": "task_created", "owner": "b" },
        ]));
        assert_eq!(told.unexplained.len(), 2);
    }
}
