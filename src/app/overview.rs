//! What is to be known at every moment, on whichever screen: where all leads are, what is owed to the CRM, how the worker is,
//! and what the other managers do.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::AppError;
use super::handoff::{self, Waiting};
use super::health::{RANK, SEND, WorkerHealth};
use super::ports::{ApiUsage, HandedLead, Presence, Stopped, Store, StoreError};
use super::presence;
use super::views::LaneCounts;
use crate::domain::effect::{EffectCounts, EffectRow, EffectState};
use crate::domain::lead::Conservation;
use crate::model::Clearance;

/// How everything stands at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overview {
    /// The conservation rule.
    pub conservation: Conservation,
    /// Leads per lane.
    #[serde(flatten)]
    pub lanes: LaneCounts,
    /// The outbox in numbers.
    pub effects: EffectCounts,
    /// How the background loops are.
    pub health: WorkerHealth,
    /// How much of the CRM's allocation is used; told once, with `health`.
    #[serde(skip)]
    pub api: ApiUsage,
    /// Whether the gates let the model that ranks route; `None` while there is none, or where its card does not say.
    pub cleared: Option<bool>,
    /// That nothing is written to the CRM, by the kill switch.
    pub stopped: Option<Stopped>,
    /// Other managers who are at work, the latest first.
    pub others: Vec<Presence>,
    /// Leads that are handed to this manager and wait for a verdict, the newest first; not more than a hundred.
    pub handed: Vec<HandedLead>,
    /// What was handed over and waits for this manager.
    pub handoff: Option<Waiting>,
}

/// How everything stands now, as this manager is told it; `health` as the worker says it.
pub async fn overview(
    store: &dyn Store,
    mut health: WorkerHealth,
    manager: &str,
    now: DateTime<Utc>,
) -> Result<Overview, AppError> {
    let conservation = store.conservation().await?;
    let effects = store.effect_counts().await?;
    // What waits is known here, and of this moment.
    for entry in &mut health.loops {
        match entry.name.as_str() {
            RANK => entry.backlog = conservation.pending,
            SEND => entry.backlog = effects.pending,
            _ => {}
        }
    }
    let champion = store.champion().await?;
    let clearance = champion.and_then(|row| Clearance::deserialize(row.card.get("clearance")?).ok());
    Ok(Overview {
        conservation,
        lanes: store.lane_counts(now).await?,
        effects,
        api: health.usage,
        health,
        cleared: clearance.map(|clearance| clearance == Clearance::Routes),
        stopped: store.stopped().await?,
        others: presence::others(store, manager, now).await?,
        handed: store.handed_to(&presence::called(manager)).await?,
        handoff: handoff::waiting_for(store, manager).await?,
    })
}

/// Lines of the outbox for a person: those that need one first, then those waiting or being sent, then the newest settled ones.
pub async fn outbox(store: &dyn Store, limit: u32) -> Result<Vec<EffectRow>, StoreError> {
    use EffectState as S;
    let mut rows = Vec::new();
    for states in [&[S::Dead][..], &[S::Leased, S::Ready], &[S::Done, S::Superseded, S::Cancelled]] {
        let left = limit.saturating_sub(rows.len() as u32);
        rows.extend(store.effects(states, left).await?);
    }
    Ok(rows)
}
