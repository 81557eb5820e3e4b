//! Random sequences of calls, beside a model of a few maps. Whatever happens in whatever order: no lead is lost, no lead
//! has two writes under way, nothing that was taken back is ever handed out, and every answer is the one the model gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "how much was looked at, for the record of a release")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use leadboard::app::audit_trail::verify;
use leadboard::app::ports::{DecideOutcome, DecisionStore, EffectResult, LeadStore, QueryStore, UndoOutcome};
use leadboard::domain::effect::{EffectCounts, EffectState, LeasedEffect};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{Conservation, LeadState};
use leadboard::store::SqliteStore;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use strum::IntoEnumIterator;

use crate::store_fixtures::*;

/// Few, so that sequences get deep into the life of each.
const NAMES: [&str; 3] = ["A", "B", "C"];
const LEASE: i64 = 4;

/// How a sender ends, as far as the store cares.
#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Superseded,
    Retry { counts: bool },
    Dead,
}

/// One call, or something that happens around the calls.
#[derive(Clone, Debug)]
enum Step {
    Receive(usize),
    /// The change of stamp may be negative: answers overtake each other.
    Refresh(usize, i64, bool),
    Supersede(usize, i64),
    /// With the reading as it is, or with an older one.
    Rank(usize, bool),
    /// With the count as it is, or a wrong one; with or without a write.
    Decide(usize, bool, bool),
    Undo(usize),
    Snooze(usize),
    Claim(u32),
    /// One of the leases ever given, so often one that was lost.
    Finish(usize, End),
    Release,
    Revive(usize),
    Wait(i64),
    /// The process dies and starts again: no connection is closed in order.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let lead = 0..NAMES.len();
    let end = prop_oneof![
        2 => Just(End::Done),
        1 => Just(End::Superseded),
        4 => any::<bool>().prop_map(|counts| End::Retry { counts }),
        2 => Just(End::Dead),
    ];
    prop_oneof![
        4 => lead.clone().prop_map(Step::Receive),
        2 => (lead.clone(), -1..3_i64, any::<bool>()).prop_map(|(l, d, rerank)| Step::Refresh(l, d, rerank)),
        1 => (lead.clone(), -1..3_i64).prop_map(|(l, d)| Step::Supersede(l, d)),
        10 => (lead.clone(), prop::bool::weighted(0.9)).prop_map(|(l, current)| Step::Rank(l, current)),
        12 => (lead.clone(), prop::bool::weighted(0.9), prop::bool::weighted(0.8))
            .prop_map(|(l, right, effect)| Step::Decide(l, right, effect)),
        8 => lead.clone().prop_map(Step::Undo),
        1 => lead.prop_map(Step::Snooze),
        12 => (1..3_u32).prop_map(Step::Claim),
        12 => (0..4_usize, end).prop_map(|(n, end)| Step::Finish(n, end)),
        1 => Just(Step::Release),
        4 => (0..4_usize).prop_map(Step::Revive),
        12 => (1..8_i64).prop_map(Step::Wait),
        1 => Just(Step::Crash),
    ]
}

#[derive(Debug)]
struct Lead {
    state: LeadState,
    stamp: i64,
    /// Whether it was last read with another owner than the legacy one.
    taken: bool,
    decisions: u32,
    /// Key and end of grace of the standing decision, and whether it owes a write.
    standing: Option<(String, i64, bool)>,
}

#[derive(Debug)]
struct Effect {
    lead: usize,
    key: String,
    state: EffectState,
    due: i64,
    not_before: i64,
    attempts: u32,
    token: i64,
}

impl Effect {
    fn live(&self) -> bool {
        matches!(self.state, EffectState::Ready | EffectState::Leased)
    }
}

/// What the store should hold.
#[derive(Debug, Default)]
struct Model {
    now: i64,
    leads: BTreeMap<usize, Lead>,
    /// In order of making, which is the order of ids.
    effects: Vec<Effect>,
    undone: BTreeSet<String>,
    /// Every lease that was ever handed out, with the place of its effect.
    leases: Vec<(usize, LeasedEffect)>,
}

impl Model {
    fn read(&mut self, lead: usize, stamp: i64, taken: bool) -> Option<&mut Lead> {
        let lead = self.leads.get_mut(&lead).filter(|lead| stamp >= lead.stamp)?;
        (lead.stamp, lead.taken) = (stamp, taken);
        Some(lead)
    }

    fn conservation(&self) -> Conservation {
        let count = |state| self.leads.values().filter(|lead| lead.state == state).count() as u64;
        Conservation {
            received: self.leads.len() as u64,
            decided: count(LeadState::Decided),
            in_lane: count(LeadState::InLane),
            pending: count(LeadState::Pending),
            superseded: count(LeadState::Superseded),
        }
    }

    fn effect_counts(&self) -> EffectCounts {
        let count = |state| self.effects.iter().filter(|e| e.state == state).count() as u64;
        EffectCounts {
            sent: count(EffectState::Done),
            pending: count(EffectState::Ready) + count(EffectState::Leased),
            failed: count(EffectState::Dead),
            superseded: count(EffectState::Superseded),
            cancelled: count(EffectState::Cancelled),
        }
    }
}

struct World {
    path: PathBuf,
    store: SqliteStore,
    model: Model,
}

impl World {
    async fn run(&mut self, step: &Step) {
        match *step {
            Step::Receive(l) => self.receive(l).await,
            Step::Refresh(l, change, rerank) => {
                let Some(stamp) = self.model.leads.get(&l).map(|lead| lead.stamp + change) else { return };
                take_in(&self.store, vec![refresh(raw(NAMES[l], stamp, rep("legacy")), rerank)], self.model.now).await;
                let read = self.model.read(l, stamp, false);
                if let Some(lead) = read.filter(|lead| rerank && lead.state == LeadState::InLane) {
                    lead.state = LeadState::Pending;
                }
            }
            Step::Supersede(l, change) => {
                let Some(stamp) = self.model.leads.get(&l).map(|lead| lead.stamp + change) else { return };
                take_in(&self.store, vec![supersede(raw(NAMES[l], stamp, rep("x")), "taken")], self.model.now).await;
                if let Some(lead) = self.model.read(l, stamp, true)
                    && matches!(lead.state, LeadState::Pending | LeadState::InLane)
                {
                    lead.state = LeadState::Superseded;
                }
            }
            Step::Rank(l, current) => self.rank(l, current).await,
            Step::Decide(l, right, effect) => self.decide(l, right, effect).await,
            Step::Undo(l) => self.undo(l).await,
            Step::Snooze(l) => {
                let now = self.model.now;
                let done = self.store.snooze(&id(NAMES[l]), at(now + 5), "Ana", at(now)).await.unwrap();
                assert_eq!(done, self.model.leads.get(&l).is_some_and(|lead| lead.state == LeadState::InLane));
            }
            Step::Claim(limit) => self.claim(limit).await,
            Step::Finish(n, end) => self.finish(n, end).await,
            Step::Release => {
                let released = self.store.release_leases().await.unwrap();
                let mut expected = 0;
                for effect in self.model.effects.iter_mut().filter(|e| e.state == EffectState::Leased) {
                    (effect.state, effect.due) = (EffectState::Ready, effect.not_before);
                    expected += 1;
                }
                assert_eq!(released, expected);
            }
            Step::Revive(n) => self.revive(n).await,
            Step::Wait(seconds) => self.model.now += seconds,
            Step::Crash => {
                self.store = SqliteStore::open(&self.path).await.unwrap();
                let trail = verify(&self.store, &[]).await.unwrap();
                assert!(trail.ok && trail.waiting == 0, "{trail:?}");
            }
        }
    }

    async fn receive(&mut self, l: usize) {
        let now = self.model.now;
        let report = take_in(&self.store, vec![receive(raw(NAMES[l], now, rep("legacy")))], now).await;
        assert_eq!(report.received, u64::from(!self.model.leads.contains_key(&l)));
        let fresh = Lead { state: LeadState::Pending, stamp: now, taken: false, decisions: 0, standing: None };
        self.model.leads.entry(l).or_insert(fresh);
        self.model.read(l, now, false);
    }

    async fn rank(&mut self, l: usize, current: bool) {
        let Some(lead) = self.model.leads.get_mut(&l) else { return };
        let stamp = if current { lead.stamp } else { lead.stamp - 1 };
        let one = ranked(NAMES[l], stamp, Lane::Fast, 1.0, self.model.now);
        let stored = self.store.save_rankings(vec![one]).await.unwrap();
        let counts = current && lead.state == LeadState::Pending;
        assert_eq!(stored, u64::from(counts));
        if counts {
            lead.state = LeadState::InLane;
        }
    }

    async fn decide(&mut self, l: usize, right: bool, effect: bool) {
        let made = self.model.leads.get(&l).map_or(0, |lead| lead.decisions);
        let mut new = decision(NAMES[l], made, self.model.now, effect);
        new.expected_decisions = if right { made } else { made + 1 };
        let (key, grace) = (new.decision.key.to_string(), self.model.now + GRACE);
        let outcome = self.store.decide(new).await.unwrap();
        let open = self.model.leads.get_mut(&l).filter(|lead| right && lead.state == LeadState::InLane);
        assert_eq!(outcome == DecideOutcome::Taken, open.is_some(), "{outcome:?}");
        let Some(lead) = open else { return };
        (lead.state, lead.decisions) = (LeadState::Decided, made + 1);
        lead.standing = Some((key.clone(), grace, effect));
        if effect {
            let state = EffectState::Ready;
            self.model.effects.push(Effect {
                lead: l,
                key,
                state,
                due: grace,
                not_before: grace,
                attempts: 0,
                token: 0,
            });
        }
    }

    async fn undo(&mut self, l: usize) {
        let outcome = self.store.undo(&id(NAMES[l]), "Ana", at(self.model.now)).await.unwrap();
        let now = self.model.now;
        let Model { leads, effects, undone, .. } = &mut self.model;
        let free = leads.get_mut(&l).filter(|lead| {
            lead.standing.as_ref().is_some_and(|(key, grace, writes)| {
                if !writes {
                    return now <= *grace;
                }
                effects.iter().any(|e| &e.key == key && e.state == EffectState::Ready && e.token == 0)
            })
        });
        assert_eq!(matches!(outcome, UndoOutcome::Undone(_)), free.is_some(), "{outcome:?}");
        let Some(lead) = free else { return };
        // Whoever took it while it was decided must not be overruled by the next decision.
        lead.state = if lead.taken { LeadState::Superseded } else { LeadState::InLane };
        let (key, ..) = lead.standing.take().unwrap();
        for effect in effects.iter_mut().filter(|e| e.key == key) {
            effect.state = EffectState::Cancelled;
        }
        undone.insert(key);
    }

    async fn claim(&mut self, limit: u32) {
        let now = self.model.now;
        let claimed = self.store.claim_effects("w", limit, at(now + LEASE), at(now)).await.unwrap();
        let mut due: Vec<usize> = (0..self.model.effects.len())
            .filter(|&n| self.model.effects[n].live() && self.model.effects[n].due <= now)
            .collect();
        due.sort_by_key(|&n| (self.model.effects[n].due, n));
        due.truncate(limit as usize);
        due.sort_unstable();
        assert_eq!(claimed.len(), due.len());
        for (lease, n) in claimed.into_iter().zip(due) {
            let effect = &mut self.model.effects[n];
            (effect.state, effect.due) = (EffectState::Leased, now + LEASE);
            (effect.attempts, effect.token) = (effect.attempts + 1, effect.token + 1);
            assert_eq!(lease.write.key.as_str(), effect.key);
            assert_eq!((lease.attempt, lease.token), (effect.attempts, effect.token));
            assert!(!self.model.undone.contains(&effect.key), "{} was taken back", effect.key);
            self.model.leases.push((n, lease));
        }
    }

    async fn finish(&mut self, n: usize, end: End) {
        // The youngest leases first, which are the ones that may still hold.
        let Some((n, lease)) = self.model.leases.iter().rev().nth(n).cloned() else { return };
        let now = self.model.now;
        let again = now + 3;
        let result = match end {
            End::Done => {
                EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(now), at(now))), source: None }
            }
            End::Superseded => EffectResult::Superseded("taken".into()),
            End::Retry { counts } => EffectResult::Retry { not_before: at(again), error: "busy".into(), counts },
            End::Dead => EffectResult::Dead("broken".into()),
        };
        let finished = self.store.finish_effect(&lease, result, at(now)).await.unwrap();
        let effect = &mut self.model.effects[n];
        let holds = effect.state == EffectState::Leased && effect.token == lease.token;
        assert_eq!(finished, holds);
        if !holds {
            return;
        }
        let lead = self.model.leads.get_mut(&effect.lead).unwrap();
        match end {
            End::Done => {
                effect.state = EffectState::Done;
                lead.stamp = lead.stamp.max(now);
            }
            End::Superseded => {
                effect.state = EffectState::Superseded;
                lead.state = LeadState::Superseded;
            }
            End::Retry { counts } => {
                (effect.state, effect.due, effect.not_before) = (EffectState::Ready, again, again);
                effect.attempts -= u32::from(!counts);
            }
            End::Dead => effect.state = EffectState::Dead,
        }
    }

    async fn revive(&mut self, n: usize) {
        let Some(effect) = self.model.effects.get_mut(n) else { return };
        let row = self.store.effects(&EffectState::iter().collect::<Vec<_>>(), 1_000).await.unwrap();
        // Newest first, so counted from the end.
        let row = &row[row.len() - 1 - n];
        let revived = self.store.revive_effect(row.id, "Ana", at(self.model.now)).await.unwrap();
        assert_eq!(revived, effect.state == EffectState::Dead);
        if revived {
            (effect.state, effect.attempts) = (EffectState::Ready, 0);
            (effect.due, effect.not_before) = (self.model.now, self.model.now);
        }
    }

    /// The promises, and that the store holds what the model holds.
    async fn check(&self) {
        let c = self.store.conservation().await.unwrap();
        assert_eq!(c.lost(), 0, "lost leads: {c:?}");
        assert_eq!(c, self.model.conservation());
        assert_eq!(self.store.effect_counts().await.unwrap(), self.model.effect_counts());
        let next = self.model.effects.iter().filter(|e| e.live()).map(|e| at(e.due)).min();
        assert_eq!(self.store.next_effect_at().await.unwrap(), next);
        let live = self.store.effects(&[EffectState::Ready, EffectState::Leased], 1_000).await.unwrap();
        let leads: BTreeSet<_> = live.iter().map(|row| row.lead_id.clone()).collect();
        assert_eq!(leads.len(), live.len(), "two writes of one lead under way: {live:?}");
        for (&l, lead) in &self.model.leads {
            let stored = record(&self.store, NAMES[l]).await;
            assert_eq!((stored.state, stored.decisions_made), (lead.state, lead.decisions), "{}", NAMES[l]);
            assert_eq!(stored.lead.modstamp, at(lead.stamp), "{}", NAMES[l]);
            assert_eq!(stored.legacy.owner, rep("legacy"));
            let standing = self.store.decision_of(&id(NAMES[l])).await.unwrap().map(|d| d.key.to_string());
            assert_eq!(standing, lead.standing.as_ref().map(|(key, ..)| key.clone()));
        }
    }
}

/// Fewer than the library's own 256, because each is a hundred transactions, unless `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = ProptestConfig::default().cases;
    if asked == 256 { 48 } else { asked }
}

#[test]
fn any_sequence_of_calls_keeps_the_promises() {
    let config = ProptestConfig {
        cases: cases(),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sequences, calls) = (Cell::new(0), Cell::new(0));
    let kept = TestRunner::new(config).run(&prop::collection::vec(step(), 40..160), |steps| {
        runtime.block_on(play(&steps));
        sequences.set(sequences.get() + 1);
        calls.set(calls.get() + steps.len());
        Ok(())
    });
    kept.unwrap_or_else(|broken| panic!("{broken}"));
    eprintln!("{} sequences, {} calls", sequences.get(), calls.get());
}

async fn play(steps: &[Step]) {
    let dir = place();
    let path = dir.path().join("leadboard.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut world = World { path, store, model: Model::default() };
    for step in steps {
        world.run(step).await;
        world.check().await;
    }
}
