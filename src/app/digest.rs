//! The daily digest: one business day in numbers, as text that can be pasted into a chat or a mail.
//!
//! A day is the manager's: from midnight to midnight by their clock, so it has 23 or 25 hours where clocks are changed. What
//! came in and what was said is of the day; how leads, writes and drift stand is as of the moment somebody looks. Nothing is
//! claimed without data: each share comes with the number it is a share of, and where nothing was counted, that is said.

mod words;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::ports::{ContactTally, Store, VerdictTally};
use super::rollout::Configured;
use super::stop::{self, Switch};
use super::{AppError, drift};
use crate::domain::effect::EffectCounts;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::{Conservation, LeadRecord, LeadState};
use crate::domain::recommendation::{Route, RouteReason};
use crate::domain::verdict::Reason;

/// Leads that are read at once.
const PAGE: u32 = 500;
/// No clock on earth is further from UTC.
const FURTHEST: TimeDelta = TimeDelta::hours(26);

/// What is said of the lift. A phase with an experiment would have an estimate; this version has none to read.
const LIFT: &str = "no conclusion: no experiment runs, so nothing says whether the recommendations win more than the legacy \
                    rules would have.";

/// A business day of the manager, as far as it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date.
    pub date: NaiveDate,
    /// Its first moment, by the manager's clock.
    pub from: DateTime<FixedOffset>,
    /// The first moment that does not belong to it any more, or now while it lasts.
    pub until: DateTime<FixedOffset>,
    /// Whether it is over.
    pub over: bool,
}

impl Day {
    /// The day that `now` belongs to, where `zone` is the difference to UTC that holds at a moment.
    pub fn today(now: DateTime<Utc>, zone: fn(DateTime<Utc>) -> FixedOffset) -> Self {
        let date = date_of(now, zone);
        Self { date, from: local(midnight(date, zone), zone), until: local(now, zone), over: false }
    }

    /// A day by its date.
    ///
    /// # Errors
    /// Refused if it has not begun.
    pub fn of(date: NaiveDate, now: DateTime<Utc>, zone: fn(DateTime<Utc>) -> FixedOffset) -> Result<Self, AppError> {
        let today = Self::today(now, zone);
        match date.succ_opt() {
            Some(next) if date < today.date => {
                let (from, until) = (midnight(date, zone), midnight(next, zone));
                Ok(Self { date, from: local(from, zone), until: local(until, zone), over: true })
            }
            _ if date == today.date => Ok(today),
            _ => Err(AppError::Refused(format!("{date} has not begun; today is {}", today.date))),
        }
    }
}

fn local(at: DateTime<Utc>, zone: fn(DateTime<Utc>) -> FixedOffset) -> DateTime<FixedOffset> {
    at.with_timezone(&zone(at))
}

fn date_of(at: DateTime<Utc>, zone: fn(DateTime<Utc>) -> FixedOffset) -> NaiveDate {
    local(at, zone).date_naive()
}

/// The first second of a date. Found by halving, because a clock that is set forward at midnight never shows it.
fn midnight(date: NaiveDate, zone: fn(DateTime<Utc>) -> FixedOffset) -> DateTime<Utc> {
    let middle = date.and_time(chrono::NaiveTime::MIN).and_utc();
    let (mut before, mut within) = (-FURTHEST.num_seconds(), FURTHEST.num_seconds());
    let at = |seconds| middle.checked_add_signed(TimeDelta::seconds(seconds)).unwrap_or(middle);
    while within - before > 1 {
        let half = i64::midpoint(before, within);
        if date_of(at(half), zone) < date { before = half } else { within = half }
    }
    at(within)
}

/// Whom the recommendations and the legacy rules named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Leads of the day for which both name a rep.
    pub compared: u64,
    /// Of those, leads for which they name the same.
    pub agree: u64,
}

/// Verdicts of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// The verdict, by its stable name.
    pub verdict: String,
    /// How many were given.
    pub given: u64,
    /// Of those, taken back since.
    pub taken_back: u64,
    /// How many were given for which reason, the most frequent first; empty where none is owed.
    pub reasons: Vec<(Reason, u64)>,
}

/// The first contacts of a rep that were looked at on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoContact {
    /// The rep.
    pub rep: RepId,
    /// Their name, raw.
    pub name: String,
    /// Leads with which nobody got in touch.
    pub missed: u64,
    /// Leads of theirs that were looked at.
    pub settled: u64,
}

/// First contacts that were looked at on the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FirstContacts {
    /// Made in time.
    pub in_time: u64,
    /// Made too late.
    pub late: u64,
    /// Not made at all.
    pub missed: u64,
    /// Past due now, and not looked at yet.
    pub overdue: u64,
    /// Reps of whom no contact at all was found for some lead, who missed most first.
    pub no_contact: Vec<NoContact>,
}

/// The newest look at drift.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftLight {
    /// The worst that was found.
    pub verdict: drift::Verdict,
    /// When it was looked.
    pub as_of: DateTime<Utc>,
    /// Leads that were compared.
    pub leads: u32,
    /// How many facts got which verdict, the prediction among them.
    pub facts: BTreeMap<String, u64>,
    /// Names of the facts that changed, worst first; may hold outside text.
    pub changed: Vec<String>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Digest {
    /// The day.
    pub day: Day,
    /// When it was looked.
    pub at: DateTime<FixedOffset>,
    /// Leads received on the day, by where they stand now. `received` is their sum, so nothing can be missing in it: that is
    /// what `all` is for.
    pub leads: Conservation,
    /// All leads ever, `received` counted in the ledger of what came and the others by their states, each by itself.
    pub all: Conservation,
    /// Whom the recommendations and the legacy rules named.
    pub agreement: Agreement,
    /// Verdicts given on the day, whenever their leads came; the most frequent first.
    pub verdicts: Vec<Verdicts>,
    /// First contacts.
    pub first_contacts: FirstContacts,
    /// Leads of the day by the reason code of their newest recommendation.
    pub ladder: BTreeMap<String, u64>,
    /// Leads of the day that have no recommendation.
    pub unranked: u64,
    /// Drift; `None` while nothing was ever compared.
    pub drift: Option<DriftLight>,
    /// All writes to the CRM, whenever they were decided on.
    pub writes: EffectCounts,
    /// The kill switch.
    pub switch: Switch,
    /// What may be executed, in words.
    pub phase: String,
    /// What is known of the lift, in words.
    pub lift: &'static str,
}

/// One day in numbers. `now` is when it is looked.
///
/// Verdicts and contacts of a day that is over are what happened since it began without what happened since it ended, as
/// the store counts both.
pub async fn digest(
    store: &dyn Store,
    day: &Day,
    now: DateTime<Utc>,
    configured: &Configured,
) -> Result<Digest, AppError> {
    let (from, until) = (day.from.to_utc(), day.until.to_utc());
    let leads = leads(store, from, until).await?;
    let (mut given, mut contacts) = (store.verdict_tallies(from).await?, store.contact_tallies(from, now).await?);
    if day.over {
        given = verdicts_without(given, &store.verdict_tallies(until).await?);
        contacts = contacts_without(contacts, &store.contact_tallies(until, now).await?);
    }
    let roster = store.roster().await?;
    let name = |rep: &RepId| roster.name_of(rep.as_str()).unwrap_or(rep.as_str()).to_owned();
    Ok(Digest {
        day: day.clone(),
        at: now.with_timezone(day.until.offset()),
        leads: leads.stand,
        all: store.conservation().await?,
        agreement: leads.agreement,
        verdicts: verdicts(&given),
        first_contacts: first_contacts(contacts, name),
        ladder: leads.ladder,
        unranked: leads.unranked,
        drift: drift::newest(store).await?.as_ref().map(light),
        writes: store.effect_counts().await?,
        switch: stop::switch(store).await?,
        phase: configured.in_words(),
        lift: LIFT,
    })
}

/// What the leads of a day add up to.
#[derive(Debug, Default)]
struct Leads {
    stand: Conservation,
    agreement: Agreement,
    ladder: BTreeMap<String, u64>,
    unranked: u64,
}

impl Leads {
    /// Adds a lead with its newest recommendation.
    fn add(&mut self, lead: &LeadRecord, recommended: Option<(&Route, RouteReason)>) {
        let Conservation { received, decided, in_lane, pending, superseded } = &mut self.stand;
        *received += 1;
        *match lead.state {
            LeadState::Decided => decided,
            LeadState::InLane => in_lane,
            LeadState::Pending => pending,
            LeadState::Superseded => superseded,
        } += 1;
        let Some((route, reason)) = recommended else {
            self.unranked += 1;
            return;
        };
        *self.ladder.entry(reason.to_string()).or_default() += 1;
        if let (Some(legacy), Some(rep)) = (lead.legacy.owner.rep(), route.rep()) {
            self.agreement.compared += 1;
            self.agreement.agree += u64::from(legacy == rep);
        }
    }
}

async fn leads(store: &dyn Store, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Leads, AppError> {
    let mut sums = Leads::default();
    loop {
        let page = store.received_between(from, until, sums.stand.received, PAGE).await?;
        let ids: Vec<LeadId> = page.iter().map(|lead| lead.lead.id.clone()).collect();
        let rows = store.queue_rows(&ids).await?;
        let recommended: HashMap<&LeadId, (&Route, RouteReason)> =
            rows.iter().filter_map(|row| Some((&row.id, (row.route.as_ref()?, row.reason?)))).collect();
        for lead in &page {
            sums.add(lead, recommended.get(&lead.lead.id).copied());
        }
        if page.len() < PAGE as usize {
            return Ok(sums);
        }
    }
}

fn verdicts_without(all: Vec<VerdictTally>, later: &[VerdictTally]) -> Vec<VerdictTally> {
    let without = |one: VerdictTally| {
        let same = later.iter().find(|other| other.verdict == one.verdict && other.code == one.code);
        let Some(later) = same else { return one };
        VerdictTally {
            verdicts: one.verdicts.saturating_sub(later.verdicts),
            taken_back: one.taken_back.saturating_sub(later.taken_back),
            won: one.won.saturating_sub(later.won),
            lost: one.lost.saturating_sub(later.lost),
            ..one
        }
    };
    all.into_iter().map(without).filter(|one| one.verdicts > 0).collect()
}

/// What is owed is owed now, so it stays.
fn contacts_without(all: Vec<(RepId, ContactTally)>, later: &[(RepId, ContactTally)]) -> Vec<(RepId, ContactTally)> {
    let without = |(rep, one): (RepId, ContactTally)| {
        let Some((_, later)) = later.iter().find(|(other, _)| *other == rep) else { return (rep, one) };
        let tally = ContactTally {
            in_time: one.in_time.saturating_sub(later.in_time),
            late: one.late.saturating_sub(later.late),
            missed: one.missed.saturating_sub(later.missed),
            reassigned: one.reassigned.saturating_sub(later.reassigned),
            ..one
        };
        (rep, tally)
    };
    all.into_iter().map(without).collect()
}

fn verdicts(given: &[VerdictTally]) -> Vec<Verdicts> {
    let mut by_name: BTreeMap<&str, Verdicts> = BTreeMap::new();
    for one in given {
        let sum = by_name.entry(&one.verdict).or_default();
        sum.verdict.clone_from(&one.verdict);
        sum.given += one.verdicts;
        sum.taken_back += one.taken_back;
        sum.reasons.extend(one.code.map(|code| (code, one.verdicts)));
    }
    let mut sums: Vec<Verdicts> = by_name.into_values().collect();
    for sum in &mut sums {
        sum.reasons.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), code.title()));
    }
    sums.sort_by(|a, b| b.given.cmp(&a.given).then_with(|| a.verdict.cmp(&b.verdict)));
    sums
}

fn first_contacts(tallies: Vec<(RepId, ContactTally)>, name: impl Fn(&RepId) -> String) -> FirstContacts {
    let mut sums = FirstContacts::default();
    for (rep, tally) in tallies {
        sums.in_time += tally.in_time;
        sums.late += tally.late;
        sums.missed += tally.missed;
        sums.overdue += tally.overdue;
        if tally.missed > 0 {
            let (name, missed, settled) = (name(&rep), tally.missed, tally.settled());
            sums.no_contact.push(NoContact { rep, name, missed, settled });
        }
    }
    sums.no_contact.sort_by(|a, b| b.missed.cmp(&a.missed).then_with(|| a.name.cmp(&b.name)));
    sums
}

fn light(report: &drift::Report) -> DriftLight {
    let mut facts: BTreeMap<String, u64> = BTreeMap::new();
    let mut changed = Vec::new();
    for fact in report.facts.iter().chain([&report.prediction]) {
        *facts.entry(fact.verdict.to_string()).or_default() += 1;
        if fact.verdict > drift::Verdict::Steady {
            changed.push(fact.label.clone());
        }
    }
    DriftLight { verdict: report.verdict, as_of: report.as_of, leads: report.leads, facts, changed }
}

#[cfg(test)]
mod tests;
