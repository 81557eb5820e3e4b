//! The result, as it is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Options;
use super::director::Deeds;
use super::judge::Judgement;
use super::soak::Soak;

/// What torture found. This is the JSON that is printed.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Leads that came into the org.
    pub leads: u64,
    /// SIGKILLs that struck a running worker.
    pub kills: u64,
    /// Faults that the org injected.
    pub faults: u64,
    /// Leads that leadboard does not know, or has in no final state.
    pub lost: u64,
    /// Records, tasks and changes of owner beyond one for each decision.
    pub doubled: u64,
    /// Leads on which a person's word was overwritten.
    pub overruled: u64,
    /// Whether the hash chain of the audit trail is whole.
    pub chain_ok: bool,
    /// The seed.
    pub seed: u64,
    /// Leads of which leadboard believes something else than the org has.
    pub mismatched: u64,
    /// Whether everything came to rest.
    pub quiet: bool,
    /// Starts after a kill at which the conservation rule was looked at, and those at which it was broken.
    pub conservation: Checks,
    /// Where the leads are.
    pub ended: Ended,
    /// What the org has of leadboard.
    pub effects: Effects,
    /// Acts of people, besides those that are faults.
    pub acts_of_people: u64,
    /// Kills that struck before the worker had opened its store.
    pub kills_at_start: u64,
    /// Faults by kind.
    pub faults_by_kind: BTreeMap<String, u64>,
    /// The database.
    pub store: &'static str,
    /// Whether the program is an optimised build.
    pub release: bool,
    /// How long it took.
    pub seconds: f64,
    /// How it went hour after hour, if it was a soak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
    /// Guards that were left out on purpose.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planted: Vec<String>,
    /// What is wrong, in words; the first of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// Looks at the conservation rule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Checks {
    /// All.
    pub checks: u64,
    /// Those that found it broken.
    pub broken: u64,
}

/// Where the leads ended.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ended {
    /// Decided and written.
    pub written: u64,
    /// A person was faster.
    pub superseded: u64,
    /// A person converted, merged or deleted them before leadboard had read them.
    pub finished_before_seen: u64,
    /// Of all: those that a person took before leadboard read them first.
    pub taken_before_seen: u64,
}

/// What leadboard did in the org.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effects {
    /// Decision records.
    pub records: u64,
    /// Tasks.
    pub tasks: u64,
    /// Changes of owner.
    pub moves: u64,
    /// Changes of owner by triggers and rules of the org.
    pub moved_by_org: u64,
    /// Decisions that were taken back in time.
    pub undone: u64,
    /// Decisions that put back what another one had written.
    pub put_back: u64,
}

impl Report {
    pub(super) fn new(options: &Options, deeds: Deeds, found: Judgement, chain_ok: bool, took: Duration) -> Self {
        let knobs = deeds.faults["knobs"].as_object().into_iter().flatten();
        let faults_by_kind: BTreeMap<String, u64> = knobs
            .filter_map(|(name, knob)| Some((name.clone(), knob["injected"].as_u64().filter(|n| *n > 0)?)))
            .collect();
        Self {
            leads: found.leads,
            kills: deeds.kills,
            faults: faults_by_kind.values().sum(),
            lost: found.lost,
            doubled: found.doubled,
            overruled: found.overruled,
            chain_ok,
            seed: options.seed,
            mismatched: found.mismatched,
            quiet: deeds.quiet,
            conservation: Checks { checks: deeds.checks, broken: deeds.broken },
            ended: Ended {
                written: found.written,
                superseded: found.superseded,
                finished_before_seen: found.finished_before_seen,
                taken_before_seen: found.taken_before_seen,
            },
            effects: Effects {
                records: found.records,
                tasks: found.tasks,
                moves: found.moves,
                moved_by_org: found.moved_by_org,
                undone: found.undone,
                put_back: found.put_back,
            },
            acts_of_people: deeds.acts,
            kills_at_start: deeds.kills_at_start,
            faults_by_kind,
            store: if options.database_url.is_some() { "postgres" } else { "sqlite" },
            release: !cfg!(debug_assertions),
            soak: options.per_minute.map(|pace| Soak::of(pace, found.leads, &found.took, &deeds.samples)),
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            planted: planted(options),
            findings: deeds.findings.into_iter().chain(found.findings).collect(),
        }
    }

    /// Whether every promise was kept.
    pub fn kept(&self) -> bool {
        let damage = self.lost + self.doubled + self.overruled + self.mismatched + self.conservation.broken;
        damage == 0 && self.quiet && self.chain_ok
    }
}

#[cfg(debug_assertions)]
fn planted(options: &Options) -> Vec<String> {
    options.plants.iter().map(ToString::to_string).collect()
}

#[cfg(not(debug_assertions))]
const fn planted(_: &Options) -> Vec<String> {
    Vec::new()
}
