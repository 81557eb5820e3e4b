//! A company in which things went wrong.

use chrono::TimeDelta;

use super::State;
use crate::domain::decision::WriteState;
use crate::domain::effect::EffectState;
use crate::tui::backend::LoopState;
use crate::tui::testing::{Stage, noon};

/// A company whose writes went wrong in every way.
pub(crate) fn troubled() -> State {
    let mut stage = Stage::new();
    stage.press("f2 a a a a a");
    stage.later(TimeDelta::seconds(11));
    stage.press("a a");
    let mut state = std::mem::take(&mut *stage.fake.state());
    state.effects[1].state = EffectState::Dead;
    let failed = state.effects[1].lead_id.clone();
    if let Some((_, detail)) = state.leads.get_mut(&failed) {
        detail.decisions[0].write = WriteState::Failed;
    }
    state.effects[1].attempts = 8;
    state.effects[1].last_error = Some("the CRM refused the request: Region must match the owner's region".into());
    state.effects[2].state = EffectState::Superseded;
    state.effects[2].last_error = Some("the owner was changed by Kim Doe".into());
    state.loops[2].state = LoopState::Failing;
    state.loops[2].backlog = 14;
    state.loops[2].last_error = Some((noon(), "the CRM had a passing fault: 503 Service Unavailable".into()));
    state
}
