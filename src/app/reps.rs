//! The team at a glance: what each rep has, could take, was given and made of it.
//!
//! Nothing here is asked of the CRM. Open deals, calendars and absences are what the worker had read when it ranked last, and
//! when that was is said.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ports::{ContactTally, RepDeals, Store};
use super::{AppError, rank, routing};
use crate::domain::ids::{RepId, RepKey};
use crate::domain::rep::Rep;
use crate::domain::share::Share;
use crate::policy::capacity::{LEAD, Room};
use crate::policy::fairness;
use crate::policy::route::Moment;

/// Days over which leads and first contacts are counted.
pub const DAYS: i64 = 30;
/// Days over which closed deals are counted.
pub const DEAL_DAYS: i64 = 365;

/// The team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reps {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// Days over which leads and first contacts are counted.
    pub days: i64,
    /// Days over which closed deals are counted.
    pub deal_days: i64,
    /// Whether rules are in force: without any, nobody has caps, hours or an account.
    pub rules: bool,
    /// When the CRM was last asked how busy reps are, as far as it is known here.
    pub crm_read_at: Option<DateTime<Utc>>,
    /// What a manager should know about the sources of absences, in words.
    pub warnings: Vec<String>,
    /// Everybody who can own leads, by name; who is inactive only if they still have something.
    pub reps: Vec<RepRow>,
}

/// One rep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepRow {
    /// The rep.
    pub id: RepId,
    /// Their name, raw.
    pub name: String,
    /// Their territory, raw.
    pub territory: Option<String>,
    /// Whether the CRM lets them own leads.
    pub active: bool,
    /// Leads of the last [`DAYS`] days that are theirs now and still leads.
    pub open_leads: u64,
    /// Open deals; `None` where the CRM was not asked.
    pub open_deals: Option<u64>,
    /// What they can still take; `None` where nobody counts it.
    pub room: Option<RepRoom>,
    /// That they are away now.
    pub away: Option<Away>,
    /// When they will be away next.
    pub next_away: Option<NextAway>,
    /// Whether they are at work now; `None` where no hours are known.
    pub at_work: Option<AtWork>,
    /// When they are free first in time for a lead that comes now.
    pub next_slot: NextSlot,
    /// Leads given today, by their own calendar.
    pub given_today: u32,
    /// Leads given this week, by their own calendar.
    pub given_week: u32,
    /// Leads given in the last [`DAYS`] days.
    pub given_days: u32,
    /// What they got and what they were entitled to; `None` where no accounts are kept.
    pub account: Option<RepAccount>,
    /// Deals won of those closed in the last [`DEAL_DAYS`] days; `None` where none closed.
    pub won: Option<Share>,
    /// First contacts: owed now, and what came of those of the last [`DAYS`] days.
    pub contacts: ContactTally,
}

/// What a rep can still take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepRoom {
    /// Leads that still fit; `None` where no cap is set.
    pub left: Option<u32>,
    /// Leads, or what counts as such, under the cap that leaves least.
    pub used: f64,
    /// How many that cap allows.
    pub of: f64,
    /// All of it in words.
    pub words: String,
}

/// That a rep is away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Away {
    /// Until when the absence lasts.
    pub until: DateTime<Utc>,
    /// When they are at work again, where that is known.
    pub back: Option<DateTime<Utc>>,
    /// What kind it is, raw.
    pub kind: Option<String>,
}

/// An absence to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAway {
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Whether a rep is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum AtWork {
    /// Yes.
    Open,
    /// No.
    Closed {
        /// When they begin again, unless that is further off than two months.
        opens: Option<DateTime<Utc>>,
    },
}

/// When a rep is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum NextSlot {
    /// Nothing says when they are at work or busy.
    Unknown,
    /// Then.
    At {
        /// When it begins.
        at: DateTime<Utc>,
    },
    /// Not before the clock of a lead that comes now runs out.
    None,
}

/// A rep's account, in leads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepAccount {
    /// What they got.
    pub got: f64,
    /// What they were entitled to.
    pub entitled: f64,
}

impl RepAccount {
    /// How far ahead of their share they are; negative is behind.
    pub fn ahead(&self) -> f64 {
        self.got - self.entitled
    }
}

/// Who can take leads, and when: what a list of reps ranked for a lead says of them besides their chances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Availability {
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// Everybody in the CRM's roster; nobody where no routing rules are in force, because then nothing of it counts.
    pub reps: BTreeMap<RepId, Available>,
}

/// What a rep can take, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Available {
    /// Room under the caps; `None` where none is counted.
    pub room: Option<RepRoom>,
    /// When they are free first in time for a lead that comes now.
    pub next_slot: NextSlot,
    /// What they got and what they were entitled to; `None` where no accounts are kept.
    pub account: Option<RepAccount>,
}

/// Who can take leads now, and when; `sla` is how long a lead may wait for its first contact.
pub async fn availability(store: &dyn Store, now: DateTime<Utc>, sla: TimeDelta) -> Result<Availability, AppError> {
    let rules = match routing::in_force(store, None).await? {
        Some(rules) if !rules.policy.is_plain() => rules,
        _ => return Ok(Availability { at: now, reps: BTreeMap::new() }),
    };
    let (situation, _) = routing::situation_as_known(store, &rules, now).await?;
    let moment = rank::moment(&rules, &situation, now);
    let reps = rules.roster.reps.iter().map(|rep| (rep.id.clone(), available(&moment, &rep.id, now + sla))).collect();
    Ok(Availability { at: now, reps })
}

fn available(moment: &Moment<'_>, rep: &RepId, deadline: DateTime<Utc>) -> Available {
    let plain = moment.policy().is_plain();
    let leads = |millionths: i64| millionths as f64 / fairness::LEAD as f64;
    let account = moment.situation().ledger.account(rep);
    Available {
        room: moment.room(rep).map(room),
        next_slot: if plain { NextSlot::Unknown } else { slot(moment, rep, deadline) },
        account: (!plain).then(|| RepAccount { got: leads(account.got), entitled: leads(account.entitled) }),
    }
}

/// The team now; `sla` is how long a lead may wait for its first contact.
pub async fn reps(store: &dyn Store, now: DateTime<Utc>, sla: TimeDelta) -> Result<Reps, AppError> {
    let since = now - TimeDelta::days(DAYS);
    let roster = store.roster().await?;
    let rules = match routing::in_force(store, None).await? {
        Some(rules) => rules,
        None => routing::InForce::plain(roster).into(),
    };
    let (situation, crm_read_at) = routing::situation_as_known(store, &rules, now).await?;
    let given = routing::given(store, &rules, since, now).await?;
    let moment = rank::moment(&rules, &situation, now);
    let open: BTreeMap<RepId, u64> = store.open_leads(since).await?.into_iter().collect();
    let deals: BTreeMap<RepKey, RepDeals> = store
        .deals_closed(now - TimeDelta::days(DEAL_DAYS))
        .await?
        .into_iter()
        .map(|one| (one.rep.clone(), one))
        .collect();
    let contacts: BTreeMap<RepId, ContactTally> = store.contact_tallies(since, now).await?.into_iter().collect();
    let plain = rules.policy.is_plain();
    let row = |rep: &Rep| {
        let (load, given_days) = given.get(&rep.id).cloned().unwrap_or_default();
        let schedule = rules.policy.team().schedule(&rep.id);
        let Available { room, next_slot, account } = available(&moment, &rep.id, now + sla);
        let deals = deals.get(&rep.key);
        RepRow {
            id: rep.id.clone(),
            name: rep.name.clone(),
            territory: rep.territory.clone(),
            active: rep.active,
            open_leads: open.get(&rep.id).copied().unwrap_or(0),
            open_deals: crm_read_at
                .and(situation.loads.get(&rep.id))
                .map(|load| u64::try_from(load.open.len()).unwrap_or(u64::MAX)),
            room,
            away: moment.away(&rep.id).map(|away| Away { until: away.span.end, back: away.back, kind: away.kind }),
            next_away: moment.next_away(&rep.id).map(|span| NextAway { from: span.start, until: span.end }),
            at_work: (!plain && !schedule.is_always()).then(|| {
                if schedule.is_open(now) { AtWork::Open } else { AtWork::Closed { opens: schedule.next_opening(now) } }
            }),
            next_slot,
            given_today: load.leads_today,
            given_week: load.leads_week,
            given_days,
            account,
            won: deals.and_then(|deals| Share::of(deals.won, deals.won + deals.lost)),
            contacts: contacts.get(&rep.id).cloned().unwrap_or_default(),
        }
    };
    let mut reps: Vec<RepRow> = rules.roster.reps.iter().map(row).collect();
    reps.retain(|rep| rep.active || rep.open_leads > 0 || rep.contacts.owed > 0);
    reps.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
    let warnings = moment.warnings().iter().map(ToString::to_string).collect();
    Ok(Reps { at: now, days: DAYS, deal_days: DEAL_DAYS, rules: !plain, crm_read_at, warnings, reps })
}

fn room(room: &Room) -> RepRoom {
    let leads = |thousandths: u64| thousandths as f64 / LEAD as f64;
    let cap = room.binding();
    RepRoom {
        left: room.left,
        used: cap.map_or(0.0, |cap| leads(cap.used)),
        of: cap.map_or(0.0, |cap| leads(cap.of)),
        words: room.words(),
    }
}

fn slot(moment: &Moment<'_>, rep: &RepId, deadline: DateTime<Utc>) -> NextSlot {
    if !moment.knows_time_of(rep) {
        return NextSlot::Unknown;
    }
    moment.slot(rep, deadline).start().map_or(NextSlot::None, |at| NextSlot::At { at })
}

/// How a list of reps is ordered.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// Who has least room first.
    Room,
    /// Who has most open leads first.
    Open,
    /// Who was given most first.
    Given,
    /// Who is furthest behind their share first.
    Share,
    /// Who wins most surely first: by the lower end of the interval.
    Won,
    /// Who missed most first contacts first.
    Missed,
}

/// Puts reps in order; of equals, by name.
pub fn sort(reps: &mut [RepRow], order: Order) {
    let most = |n: u64| std::cmp::Reverse(n);
    reps.sort_by(|a, b| {
        let by = match order {
            Order::Name => std::cmp::Ordering::Equal,
            Order::Room => {
                let left = |rep: &RepRow| rep.room.as_ref().and_then(|room| room.left).unwrap_or(u32::MAX);
                left(a).cmp(&left(b))
            }
            Order::Open => most(a.open_leads).cmp(&most(b.open_leads)),
            Order::Given => most(a.given_days.into()).cmp(&most(b.given_days.into())),
            Order::Share => {
                let ahead = |rep: &RepRow| rep.account.map_or(f64::INFINITY, |account| account.ahead());
                ahead(a).total_cmp(&ahead(b))
            }
            Order::Won => {
                let low = |rep: &RepRow| rep.won.map_or(-1.0, |won| won.low);
                low(b).total_cmp(&low(a))
            }
            Order::Missed => {
                let missed = |rep: &RepRow| most(rep.contacts.missed + rep.contacts.late);
                missed(a).cmp(&missed(b))
            }
        };
        by.then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id))
    });
}
