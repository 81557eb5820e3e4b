//! Many leads approved at once, or left with their legacy owners: what that would do, before it is done.
//!
//! Nothing is decided here. Each lead of a batch is decided by itself, as if somebody had approved it alone
//! ([`decide`](super::decide)); the plan says what that comes to for each owner, and which of the marked leads are not as they
//! were when they were marked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::disagreements::Disagreement;
use super::ports::Store;
use super::views::QueueRow;
use super::{AppError, rank, routing};
use crate::domain::ids::LeadId;
use crate::domain::lead::{LeadState, Owner};
use crate::domain::recommendation::Route;
use crate::policy::capacity::{Cap, CapKind, CapacitySettings, LEAD, Room};

/// Most leads of a batch: what the queue holds in memory.
pub const MOST: usize = 400;

/// A lead as it was marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Decisions it had.
    pub decisions: u32,
    /// Who was recommended.
    pub owner: Option<Owner>,
    /// Whom the CRM's rules chose, where that is known: it never changes.
    pub legacy: Option<Owner>,
}

/// What is done to each lead of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// What is recommended.
    #[default]
    Approve,
    /// It stays with its legacy owner.
    Keep,
}

impl Marked {
    /// As a row of the queue shows it.
    pub fn of(row: &QueueRow) -> Self {
        Self {
            lead: row.id.clone(),
            company: row.company.clone(),
            decisions: row.decisions_made,
            owner: row.route.as_ref().map(Route::owner),
            legacy: None,
        }
    }

    /// As a list of disagreements shows it.
    pub fn of_disagreement(one: &Disagreement) -> Self {
        Self {
            lead: one.lead.clone(),
            company: one.company.clone(),
            decisions: one.decisions,
            owner: Some(one.model.clone()),
            legacy: Some(one.legacy.clone()),
        }
    }
}

/// What approving marked leads would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Who would get how many; most first.
    pub owners: Vec<Share>,
    /// The leads that would be decided, in the order in which they were marked.
    pub leads: Vec<LeadId>,
    /// Those that are left out.
    pub left_out: Vec<LeftOut>,
    /// What of it is against the chances, by the model's own estimate.
    pub against: Against,
}

/// Leads that would go to somebody less likely to win them than their legacy owner, because a rule, an account or a turn
/// chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// How many.
    pub leads: u32,
    /// Expected wins that this gives up.
    pub wins: f64,
}

impl Against {
    /// Counts a lead with these chances, in 0..=1, of who gets it and of its legacy owner, where both are known.
    pub fn add(&mut self, chances: Option<(f64, f64)>) {
        if let Some((given, legacy)) = chances.filter(|(given, legacy)| given < legacy) {
            self.leads += 1;
            self.wins += legacy - given;
        }
    }
}

/// What an owner would get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Who.
    pub owner: Owner,
    /// Their name, raw.
    pub name: String,
    /// How many leads.
    pub leads: u32,
    /// How much they have and could have, where a cap is known.
    pub load: Option<Load>,
}

/// The cap that leaves a rep least room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Leads, or what counts as such, under the cap.
    pub used: u64,
    /// How many it allows.
    pub of: u64,
    /// Leads that still fit.
    pub left: u32,
    /// All of it in words: `has 5 of 5 leads today`.
    pub words: String,
}

impl Load {
    /// Of the caps whose use is known without asking the CRM: what it says of open deals and calendars is known to the worker
    /// alone, and half a count would be a wrong one.
    fn of(room: &Room, settings: &CapacitySettings) -> Option<Self> {
        let counted = |cap: &&Cap| match cap.kind {
            CapKind::Open => false,
            CapKind::Day => settings.activities_per_lead == 0,
            CapKind::Week | CapKind::Month => true,
        };
        let cap = room.caps.iter().filter(counted).min_by_key(|cap| (cap.left(), cap.kind))?;
        let left = room.left.map_or(cap.left(), |left| left.min(cap.left()));
        Some(Self { used: cap.used / LEAD, of: cap.of / LEAD, left, words: format!("has {cap}") })
    }
}

impl Share {
    /// How many of the leads do not fit. Whoever was chosen among those who have room is refused then, and ranked again.
    pub fn over(&self) -> u32 {
        self.load.as_ref().map_or(0, |load| self.leads.saturating_sub(load.left))
    }
}

/// A marked lead that is not approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Why, in words.
    pub why: String,
}

/// What doing this to these leads would come to now. Leads beyond [`MOST`] are left out.
pub async fn plan(store: &dyn Store, marked: &[Marked], doing: Doing, now: DateTime<Utc>) -> Result<Plan, AppError> {
    let ids: Vec<LeadId> = marked.iter().take(MOST).map(|one| one.lead.clone()).collect();
    let rows: BTreeMap<LeadId, QueueRow> =
        store.queue_rows(&ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut plan = Plan::default();
    let mut shares: BTreeMap<(&'static str, String), Share> = BTreeMap::new();
    for one in marked {
        match today(one, rows.get(&one.lead), doing, now) {
            Ok((owner, name)) => {
                let kind = if owner.rep().is_some() { "rep" } else { "queue" };
                let share = shares.entry((kind, owner.id().to_owned()));
                share.or_insert_with(|| Share { owner, name, leads: 0, load: None }).leads += 1;
                plan.leads.push(one.lead.clone());
                if doing == Doing::Approve {
                    plan.against.add(rows.get(&one.lead).and_then(|row| row.p_win.zip(row.legacy_p_win)));
                }
            }
            Err(why) => plan.left_out.push(LeftOut { lead: one.lead.clone(), company: one.company.clone(), why }),
        }
    }
    plan.owners = shares.into_values().collect();
    add_loads(store, &mut plan.owners, now).await?;
    plan.owners.sort_by(|a, b| b.leads.cmp(&a.leads).then_with(|| a.name.cmp(&b.name)));
    Ok(plan)
}

/// Who gets it; or why nothing can be done to it unseen.
fn today(marked: &Marked, row: Option<&QueueRow>, doing: Doing, now: DateTime<Utc>) -> Result<(Owner, String), String> {
    let row = row.ok_or("it is not there any more, or beyond what a batch holds")?;
    match row.state {
        LeadState::InLane => {}
        LeadState::Pending => return Err("it is being ranked again".into()),
        LeadState::Superseded => return Err("somebody changed it in the CRM".into()),
        LeadState::Decided => {
            return Err(format!("it is already decided: {}", row.decided_owner.as_deref().unwrap_or("-")));
        }
    }
    if row.decisions_made != marked.decisions {
        return Err("it was decided and taken back meanwhile".into());
    }
    if row.snoozed_until.is_some_and(|until| until > now) {
        return Err("it was snoozed meanwhile".into());
    }
    let owner = row.route.as_ref().ok_or("nothing is recommended for it")?.owner();
    let name = row.recommended.clone().unwrap_or_else(|| owner.id().to_owned());
    if marked.owner.as_ref() != Some(&owner) {
        return Err(format!("it was ranked again: {name} is recommended now"));
    }
    if doing == Doing::Keep {
        let legacy = marked.legacy.clone().ok_or("its legacy owner is not known")?;
        let name = row.legacy.clone().unwrap_or_else(|| legacy.id().to_owned());
        return Ok((legacy, name));
    }
    Ok((owner, name))
}

/// How much each rep has, where rules cap that and the store knows it.
async fn add_loads(store: &dyn Store, shares: &mut [Share], now: DateTime<Utc>) -> Result<(), AppError> {
    let Some(rules) = routing::in_force(store, None).await?.filter(|rules| !rules.policy.is_plain()) else {
        return Ok(());
    };
    let situation = routing::situation(store, &rules, None, now).await?;
    let moment = rank::moment(&rules, &situation, now);
    for share in shares {
        share.load =
            share.owner.rep().and_then(|rep| moment.room(rep)).and_then(|room| Load::of(room, rules.policy.capacity()));
    }
    Ok(())
}
