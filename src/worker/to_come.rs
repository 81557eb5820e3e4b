//! The leads still to come, as far as recent ones tell: read again every quarter of an hour, and when model or rules change.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::Deps;
use crate::app::AppError;
use crate::app::learn::LoadedModel;
use crate::app::rank::Desk;
use crate::app::rank::round::{Outlook, Recent};
use crate::app::routing::{self, InForce};
use crate::model::Clearance;

/// How long it counts.
const LASTS: TimeDelta = TimeDelta::minutes(15);

/// What is known of them.
#[derive(Clone, Default)]
pub(super) struct ToCome(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    outlook: Arc<Outlook>,
    /// What it rests on.
    rests_on: Option<RestsOn>,
}

#[derive(Clone, PartialEq, Eq)]
struct RestsOn {
    quarter: DateTime<Utc>,
    model: String,
    /// By where it is kept: other rules or reps make another one.
    rules: usize,
}

impl ToCome {
    /// Recent leads that are to be judged anew; `None` if what is known of them still counts. Where nothing asks for
    /// prices, nothing is read.
    pub(super) async fn read(
        &self,
        deps: &Deps,
        rules: &Arc<InForce>,
        model: &LoadedModel,
        now: DateTime<Utc>,
    ) -> Result<Option<Recent>, AppError> {
        let quarter = now.duration_trunc(LASTS).unwrap_or(now);
        let rests_on = RestsOn { quarter, model: model.id.to_string(), rules: Arc::as_ptr(rules).addr() };
        if self.kept().rests_on.as_ref() == Some(&rests_on) {
            return Ok(None);
        }
        let asked = model.clearance == Clearance::Routes && routing::has_caps(rules.policy.capacity());
        let recent = if asked { Recent::read(deps.store.as_ref(), now).await? } else { Recent::default() };
        self.kept().rests_on = Some(rests_on);
        Ok(Some(recent))
    }

    /// Judges them.
    pub(super) fn learn(&self, recent: Recent, desk: &Desk<'_>) -> Arc<Outlook> {
        let outlook = Arc::new(recent.outlook(desk));
        self.kept().outlook = outlook.clone();
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
