//! The judge: what leadboard believes, lead by lead, beside what the org's own journal says.
//!
//! The org is the truth. leadboard is asked through its ports, like any screen; nothing here knows how a decision is
//! written, only what may be seen of it in the end.

mod belief;
mod story;

use std::collections::BTreeMap;

use super::TortureError;
use crate::app::ports::Store;
use crate::demo::wire::Judge;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::ids::LeadId;
use crate::domain::lead::{LeadRecord, LeadState};
use crate::domain::verdict::Verdict;
use belief::Belief;
use story::{Stories, Story, Traces};

/// Findings kept in words.
const SHOWN: usize = 20;
/// Events of a lead that a finding tells.
const TRAIL: u32 = 100;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Leads that came into the org.
    pub(super) leads: u64,
    /// Leads that leadboard does not know, or has in no final state.
    pub(super) lost: u64,
    /// Records, tasks and moves of a decision beyond the one of each that it may have.
    pub(super) doubled: u64,
    /// Leads on which a person's word was overwritten.
    pub(super) overruled: u64,
    /// Leads of which leadboard believes something else than the org has.
    pub(super) mismatched: u64,
    /// Leads with a standing decision that is written.
    pub(super) written: u64,
    /// Leads where a person was faster.
    pub(super) superseded: u64,
    /// Leads that a person converted, merged or deleted before leadboard had read them: not its to route.
    pub(super) finished_before_seen: u64,
    /// Leads that a person took before leadboard read them first, so that it took them for the legacy assignment.
    pub(super) taken_before_seen: u64,
    /// Decisions that were taken back.
    pub(super) undone: u64,
    /// Written decisions that put back what another one had written.
    pub(super) put_back: u64,
    /// Decision records in the org.
    pub(super) records: u64,
    /// Tasks of leads in the org.
    pub(super) tasks: u64,
    /// Changes of owner by leadboard.
    pub(super) moves: u64,
    /// Changes of owner by triggers and rules of the org.
    pub(super) moved_by_org: u64,
    /// Seconds between the arrival of a lead and the moment at which it was settled, for each that was.
    pub(super) took: Vec<i64>,
    /// What is wrong, in words.
    pub(super) findings: Vec<String>,
}

/// Compares everything.
pub(super) async fn judge(store: &dyn Store, org: &Judge) -> Result<Judgement, TortureError> {
    let stories = Stories::read(org).await?;
    let ids: Vec<LeadId> = stories.leads.keys().map(LeadId::new).collect();
    let belief = Belief::read(store, &ids).await?;
    let mut judgement = Judgement { undone: belief.undone, ..Judgement::default() };
    for (id, story) in &stories.leads {
        let case = Case { id, story, record: belief.leads.get(id), decisions: belief.decisions_of(id) };
        let before = judgement.findings.len();
        case.judge(&mut judgement);
        // A run cannot be repeated to the letter, so a finding brings along what happened to its lead.
        if let Some(finding) = judgement.findings.get_mut(before) {
            let trail = store.audit(Some(&LeadId::new(id)), TRAIL).await?;
            finding
                .extend(trail.iter().rev().map(|event| format!("\n  {} {} {}", event.at, event.what, event.details)));
        }
    }
    if !stories.unexplained.is_empty() {
        judgement.mismatched += stories.unexplained.len() as u64;
        judgement.findings.extend(stories.unexplained.iter().take(SHOWN).cloned());
    }
    for id in belief.leads.keys().filter(|id| !stories.leads.contains_key(*id)) {
        judgement.mismatch(format!("{id} is known here, but never came into the org"));
    }
    judgement.findings.truncate(SHOWN);
    Ok(judgement)
}

impl Judgement {
    fn find(&mut self, words: String) {
        if self.findings.len() < SHOWN {
            self.findings.push(words);
        }
    }

    fn mismatch(&mut self, words: String) {
        self.mismatched += 1;
        self.find(words);
    }
}

/// One lead: both sides of it.
struct Case<'a> {
    id: &'a str,
    story: &'a Story,
    record: Option<&'a LeadRecord>,
    /// All of them, those that were taken back included.
    decisions: &'a BTreeMap<String, Decision>,
}

impl Case<'_> {
    fn judge(&self, found: &mut Judgement) {
        let (id, story) = (self.id, self.story);
        found.leads += 1;
        found.moved_by_org += story.moved_by_org;
        found.took.extend(story.took());
        self.count_effects(found);
        let Some(record) = self.record else {
            // Whoever was finished before our first look is not ours; it was seen by nobody if nothing was done to it.
            if story.gone && story.traces.is_empty() {
                found.finished_before_seen += 1;
            } else {
                found.lost += 1;
                found.find(format!("{id} came into the org and is not known here"));
            }
            return;
        };
        self.overruling(record, found);
        let standing = self.decisions.values().find(|decision| decision.stands());
        match (record.state, standing) {
            (LeadState::Decided, Some(decision)) if decision.write == WriteState::Written => found.written += 1,
            (LeadState::Superseded, _) => {
                found.superseded += 1;
                self.as_superseded(found);
            }
            (state, decision) => {
                found.lost += 1;
                let write = decision.map_or("no decision".to_owned(), |d| format!("a decision that is {}", d.write));
                found.find(format!("{id} is in no final state: {state}, {write}"));
            }
        }
        // Those that were put back, or that put back, are in the org as well.
        for decision in self.decisions.values().filter(|decision| decision.write == WriteState::Written) {
            self.as_written(decision, found);
        }
        if story.taken_as(record.legacy.owner.id()) {
            found.taken_before_seen += 1;
        }
    }

    /// One record, one task and one move for each decision, and only decisions that were meant.
    fn count_effects(&self, found: &mut Judgement) {
        let Traces { by_trace, .. } = &self.story.traces;
        for (trace, effects) in by_trace {
            found.records += effects.records;
            found.tasks += effects.tasks;
            found.moves += effects.moves;
            let extra = [effects.records, effects.tasks, effects.moves].map(|n| n.saturating_sub(1));
            let doubled: u64 = extra.iter().sum();
            if doubled > 0 {
                found.doubled += doubled;
                let [records, tasks, moves] = [effects.records, effects.tasks, effects.moves];
                found.find(format!(
                    "{}: decision {trace} has {records} records, {tasks} tasks and {moves} moves in the org",
                    self.id
                ));
            }
            match self.decisions.get(trace) {
                None => found.mismatch(format!("{}: the org has decision {trace}, which is not known here", self.id)),
                Some(decision) if decision.undone_at.is_some() => {
                    // The next decision on the lead comes on top of it.
                    found.doubled += 1;
                    found.find(format!("{}: decision {trace} was taken back, but the org has it", self.id));
                }
                Some(_) => {}
            }
        }
    }

    /// Nobody was overruled: not by a move away from the owner that a person chose after we had read the lead, and not
    /// by a change of a lead that a person had finished.
    fn overruling(&self, record: &LeadRecord, found: &mut Judgement) {
        let legacy = record.legacy.owner.id();
        for moved in self.story.moves.iter().filter(|moved| moved.after_gone || moved.from_person) {
            if moved.after_gone || moved.from.as_deref() != Some(legacy) {
                found.overruled += 1;
                let what = if moved.after_gone { "finished by a person" } else { "taken by a person" };
                found.find(format!("{}: {what}, and then moved by us (effect {})", self.id, moved.n));
            }
        }
    }

    /// What leadboard believes to have written is there.
    fn as_written(&self, decision: &Decision, found: &mut Judgement) {
        let id = self.id;
        let Some(effects) = self.story.traces.by_trace.get(&decision.trace_id.to_string()) else {
            return found.mismatch(format!(
                "{id}: decision {} is believed written, but the org has nothing",
                decision.trace_id
            ));
        };
        found.put_back += u64::from(decision.verdict == Verdict::Undo);
        let wants_task =
            decision.owner.rep().is_some() && !matches!(decision.verdict, Verdict::KeepLegacy | Verdict::Undo);
        // Whoever keeps a hot lead has a task all the same.
        let may_have = decision.owner.rep().is_some() && decision.verdict == Verdict::KeepLegacy;
        if wants_task != (effects.tasks > 0) && !(may_have && effects.tasks > 0) {
            found.mismatch(format!("{id}: {} tasks where {} was owed", effects.tasks, u8::from(wants_task)));
        }
        let owner = decision.owner.id();
        if effects.recorded_owner.as_deref() != Some(owner) {
            found.mismatch(format!("{id}: recorded for {:?} instead of {owner}", effects.recorded_owner));
        }
        // Automation of the org may have moved it on inside the same transaction, which is its right.
        if !effects.moved_on && effects.owner_after.as_deref() != Some(owner) {
            found.mismatch(format!("{id}: written for {owner}, but then owned by {:?}", effects.owner_after));
        }
    }

    /// Somebody really was faster, and nothing of ours was written, or it was put back before.
    fn as_superseded(&self, found: &mut Judgement) {
        if !self.story.touched_by_others {
            found.mismatch(format!("{} is believed taken by a person, but nobody in the org took it", self.id));
        }
        let put_back = |decision: &Decision| decision.closed_at.is_some() || decision.verdict == Verdict::Undo;
        let settled = |decision: &Decision| decision.write == WriteState::Written && put_back(decision);
        for trace in self.story.traces.by_trace.keys() {
            if !self.decisions.get(trace).is_some_and(settled) {
                found.mismatch(format!("{} is believed taken by a person, but decision {trace} was written", self.id));
            }
        }
    }
}
