//! How far automation may go, and what speaks for the next step.
//!
//! This version has one phase, shadow: nothing is executed but what a manager's verdict asks for. So what is said of a scope is
//! evidence, and no permission.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ports::{Scope, ScopeTally, Store};
use super::stop::{self, Switch};
use super::{AppError, drift};
use crate::model::Clearance;

/// Days that are looked back.
pub const DAYS: i64 = 30;
/// Scopes of a kind that are listed.
pub const LISTED: u32 = 100;
/// Manager verdicts in a scope below which its share of approvals says little.
pub const FEW: u64 = 50;

/// Where the rollout stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// Over how many days leads are counted.
    pub days: i64,
    /// The phase of every scope.
    pub phase: String,
    /// Whether a manager's verdict is written to the CRM, or recorded only.
    pub writes_verdicts: bool,
    /// The kill switch.
    pub switch: Switch,
    /// Leads by source.
    pub sources: Vec<ScopeTally>,
    /// Leads by territory.
    pub territories: Vec<ScopeTally>,
    /// What the next phase would need, as far as it can be looked at today.
    pub needs: Vec<Need>,
}

impl Rollout {
    /// What the phase means, in words.
    pub fn phase_in_words(&self) -> String {
        Configured { phase: self.phase.clone(), writes_verdicts: self.writes_verdicts }.in_words()
    }
}

/// One thing that the next phase would need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What, in words.
    pub what: String,
    /// Whether it is so; `None` where nothing can be said yet.
    pub met: Option<bool>,
    /// What that rests on, or what is missing, in words.
    pub why: String,
}

/// What the config says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// The phase.
    pub phase: String,
    /// Whether verdicts are written.
    pub writes_verdicts: bool,
}

impl Configured {
    /// What the phase means, in words.
    pub fn in_words(&self) -> String {
        let written = if self.writes_verdicts {
            "what a manager decides is written, and nothing else"
        } else {
            "verdicts are recorded and nothing is written (write_verdicts = false)"
        };
        format!("Every scope is in the phase {}: {written}.", self.phase)
    }
}

/// Where the rollout stands now.
pub async fn rollout(store: &dyn Store, now: DateTime<Utc>, configured: Configured) -> Result<Rollout, AppError> {
    let since = now - TimeDelta::days(DAYS);
    let sources = store.scope_tallies(Scope::Source, since, LISTED).await?;
    let territories = store.scope_tallies(Scope::Territory, since, LISTED).await?;
    let needs = needs(store, &sources).await?;
    let Configured { phase, writes_verdicts } = configured;
    let switch = stop::switch(store).await?;
    Ok(Rollout { at: now, days: DAYS, phase, writes_verdicts, switch, sources, territories, needs })
}

async fn needs(store: &dyn Store, sources: &[ScopeTally]) -> Result<Vec<Need>, AppError> {
    let champion = store.champion().await?;
    let clearance =
        champion.as_ref().and_then(|row| serde_json::from_value::<Clearance>(row.card.get("clearance")?.clone()).ok());
    let model = Need {
        what: "a model whose gates let it route".to_owned(),
        met: champion.as_ref().map(|_| clearance == Some(Clearance::Routes)),
        why: match (&champion, clearance) {
            (None, _) => "no model ranks yet: train one and promote it".to_owned(),
            (Some(row), Some(Clearance::Routes)) => format!("{} passed G1 to G4", row.id),
            (Some(row), _) => format!("{} scores leads and is not cleared to route; see the model screen", row.id),
        },
    };
    let verdict = drift::newest(store).await?.map(|report| report.verdict);
    let drift = Need {
        what: "leads like those that the model learned from".to_owned(),
        met: verdict
            .filter(|verdict| *verdict != drift::Verdict::TooFew)
            .map(|verdict| verdict <= drift::Verdict::Steady),
        why: verdict.map_or_else(
            || "no drift report yet".to_owned(),
            |verdict| format!("newest drift report: {}", verdict.to_string().replace('_', " ")),
        ),
    };
    let counts = store.effect_counts().await?;
    let sync = Need {
        what: "no write that failed for good".to_owned(),
        met: Some(counts.failed == 0),
        why: format!("{} written, {} waiting, {} failed", counts.sent, counts.pending, counts.failed),
    };
    let enough = sources.iter().filter(|source| source.decided >= FEW).count();
    let judged = Need {
        what: format!("a scope with at least {FEW} verdicts of managers"),
        met: Some(enough > 0),
        why: format!("{enough} of {} sources have them", sources.len()),
    };
    let phases = Need {
        what: "a version that knows the hybrid phase".to_owned(),
        met: Some(false),
        why: "this one knows shadow alone".to_owned(),
    };
    Ok(vec![model, drift, sync, judged, phases])
}
