//! The leads still to come, as far as recent ones tell: read again every quarter of an hour, and when model or rules change.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::Deps;
use crate::app::AppError;
use crate::app::learn::LoadedModel;
use crate::app::rank::Desk;
use crate::app::rank::round::{Outlook, Recent};
use crate::app::routing::{self, InForce};
use crate::domain::ids::ModelId;
use crate::model::Clearance;

/// How long it counts.
const LASTS: TimeDelta = TimeDelta::minutes(15);

/// What is known of them.
#[derive(Clone, Default)]
pub(super) struct ToCome(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    outlook: Arc<Outlook>,
    /// What it rests on; `None` before there was any.
    rests_on: Option<RestsOn>,
}

/// What an outlook was made from. Where any of it changes, another one is needed.
#[derive(Clone)]
pub(super) struct RestsOn {
    quarter: DateTime<Utc>,
    model: ModelId,
    /// Kept and not only compared: other rules could come to stand where these stood.
    rules: Arc<InForce>,
}

impl PartialEq for RestsOn {
    fn eq(&self, other: &Self) -> bool {
        self.quarter == other.quarter && self.model == other.model && Arc::ptr_eq(&self.rules, &other.rules)
    }
}

impl ToCome {
    /// Recent leads that are to be judged anew, with what the judgement rests on; `None` if what is known of them still
    /// counts. Where nothing asks for prices, nothing is read.
    pub(super) async fn read(
        &self,
        deps: &Deps,
        rules: &Arc<InForce>,
        model: &LoadedModel,
        now: DateTime<Utc>,
    ) -> Result<Option<(Recent, RestsOn)>, AppError> {
        let quarter = now.duration_trunc(LASTS).unwrap_or(now);
        let rests_on = RestsOn { quarter, model: model.id.clone(), rules: rules.clone() };
        if self.kept().rests_on.as_ref() == Some(&rests_on) {
            return Ok(None);
        }
        let asked = model.clearance == Clearance::Routes && routing::has_caps(rules.policy.capacity());
        let recent = if asked { Recent::read(deps.store.as_ref(), now).await? } else { Recent::default() };
        Ok(Some((recent, rests_on)))
    }

    /// Judges them. Only now does it count as known: whoever fails before this asks again.
    pub(super) fn learn(&self, (recent, rests_on): (Recent, RestsOn), desk: &Desk<'_>) -> Arc<Outlook> {
        let outlook = Arc::new(recent.outlook(desk));
        *self.kept() = Kept { outlook: outlook.clone(), rests_on: Some(rests_on) };
        outlook
    }

    /// What is known.
    pub(super) fn latest(&self) -> Arc<Outlook> {
        self.kept().outlook.clone()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
