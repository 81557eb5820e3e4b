//! Managers at random: they say all that managers can say, at any moment, and now and then take it back.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::TortureError;
use crate::app::AppError;
use crate::app::decide::{self, VerdictRequest};
use crate::app::ports::{Clock, Store};
use crate::app::views::{LeadFilter, Seek};
use crate::bootstrap::Context;
use crate::domain::effect::EffectState;
use crate::domain::ids::LeadId;
use crate::domain::lead::LeadState;
use crate::domain::rep::Roster;
use crate::domain::verdict::{ReasonCode, Rejection, Verdict};
use crate::policy::Settings;

/// Rows a manager looks at in one go.
const WINDOW: u32 = 60;
/// Of the leads in view, so many are judged in one go; the others wait, and people may take them meanwhile.
const JUDGED: f64 = 0.4;
/// Of the decisions that wait to be written, so many are taken back in one go.
const TAKEN_BACK: f64 = 0.02;
/// Of the newest that were written, so many are taken back all the same, which takes a decision of its own.
const TAKEN_BACK_LATE: f64 = 0.004;
const NAMES: [&str; 3] = ["Ada", "Ben", "Cho"];

/// The managers.
pub(super) struct Managers {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    random: ChaCha8Rng,
}

impl Managers {
    pub(super) fn new(context: &Context, store: Arc<dyn Store>, random: ChaCha8Rng) -> Self {
        Self { store, clock: context.clock.clone(), settings: context.settings(), random }
    }

    /// The time by their clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// They look at their queue, say something about some of the leads, and think again about others.
    pub(super) async fn look(&mut self) -> Result<(), TortureError> {
        let roster = self.store.roster().await?;
        for lead in self.waiting().await? {
            if self.random.random_bool(JUDGED) {
                let verdict = self.verdict(&roster);
                self.say(lead, verdict).await?;
            }
        }
        self.take_back(&[EffectState::Ready, EffectState::Leased], TAKEN_BACK).await?;
        self.take_back(&[EffectState::Done], TAKEN_BACK_LATE).await?;
        self.revive().await
    }

    /// They think again about some of the decisions whose effects are in these states.
    async fn take_back(&mut self, states: &[EffectState], share: f64) -> Result<(), TortureError> {
        for effect in self.store.effects(states, WINDOW).await? {
            if self.random.random_bool(share) {
                let name = self.name();
                let undone = decide::undo(self.store.as_ref(), self.clock.as_ref(), &effect.lead_id, name).await;
                heard(undone.map(drop))?;
            }
        }
        Ok(())
    }

    /// They do what is recommended with everything that waits.
    pub(super) async fn decide_all(&mut self) -> Result<(), TortureError> {
        loop {
            let waiting = self.waiting().await?;
            if waiting.is_empty() {
                return self.revive().await;
            }
            for lead in waiting {
                self.say(lead, Verdict::Approve).await?;
            }
        }
    }

    async fn waiting(&self) -> Result<Vec<LeadId>, TortureError> {
        let filter = LeadFilter { state: Some(LeadState::InLane), include_snoozed: true, ..LeadFilter::default() };
        let page = self.store.queue_page(&filter, &Seek::Top, WINDOW, self.clock.now()).await?;
        Ok(page.rows.into_iter().map(|row| row.id).collect())
    }

    /// What failed for good is tried again by hand.
    async fn revive(&mut self) -> Result<(), TortureError> {
        for effect in self.store.effects(&[EffectState::Dead], WINDOW).await? {
            let name = self.name();
            self.store.revive_effect(effect.id, name, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn say(&mut self, lead_id: LeadId, verdict: Verdict) -> Result<(), TortureError> {
        let rejection = verdict.needs_reason().then(|| {
            let code = [ReasonCode::T, ReasonCode::K, ReasonCode::P, ReasonCode::O];
            let code = *code.choose(&mut self.random).unwrap_or(&ReasonCode::O);
            Rejection { code: code.into(), note: (code == ReasonCode::O).then(|| "torture".to_owned()) }
        });
        let manager = self.name().to_owned();
        let request = VerdictRequest { lead_id, verdict, rejection, manager, seen_decisions: None };
        let said = decide::decide(self.store.as_ref(), self.clock.as_ref(), &self.settings, request).await;
        heard(said.map(drop))
    }

    fn verdict(&mut self, roster: &Roster) -> Verdict {
        let reps: Vec<_> = roster.reps.iter().filter(|rep| rep.active).collect();
        match self.random.random_range(0..100) {
            0..60 => Verdict::Approve,
            60..72 => Verdict::KeepLegacy,
            72..86 => {
                reps.choose(&mut self.random).map_or(Verdict::Approve, |rep| Verdict::Override { rep: rep.id.clone() })
            }
            86..94 => roster
                .queues
                .choose(&mut self.random)
                .map_or(Verdict::Approve, |queue| Verdict::Reroute { queue: queue.id.clone() }),
            _ => Verdict::Snooze { until: self.clock.now() + TimeDelta::seconds(1) },
        }
    }

    fn name(&mut self) -> &'static str {
        NAMES.choose(&mut self.random).copied().unwrap_or(NAMES[0])
    }
}

/// A refusal is an answer: the lead changed between the look and the word, as it may for a person.
fn heard(answer: Result<(), AppError>) -> Result<(), TortureError> {
    match answer {
        Err(AppError::Refused(_)) => Ok(()),
        answer => Ok(answer?),
    }
}
