//! What is on the desks of the reps when the org opens: open opportunities, calendars, and who is away.

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc, Weekday};
use chrono_tz::Tz;

use super::super::id::Id;
use super::super::org::Org;
use super::super::schema::Object;
use super::super::setup::Loader;
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::{ACTIVE_REPS, Chance, Company, PRODUCTS, SIZE_SHARES, SIZES, SOURCES, TEAM, TERRITORIES, rep_id};

/// Open deals of a rep: this many at least, and up to so many more.
const OPEN_DEALS: (usize, usize) = (4, 14);
/// Calendars are filled from yesterday to so many days ahead.
const CALENDAR_DAYS: u64 = 16;
/// Events of a working day are fewer than this.
const EVENTS: usize = 5;
/// Days of a leave.
const LEAVE_DAYS: u64 = 4;
const SUBJECTS: [&str; 5] = ["Call", "Demo", "Meeting", "Pipeline review", "Contract review"];
const STAGES: [&str; 3] = ["Prospecting", "Qualification", "Proposal/Price Quote"];
const OPPORTUNITY_FIELDS: [&str; 14] = [
    "AccountId",
    "Name",
    "StageName",
    "CloseDate",
    "Amount",
    "LeadSource",
    "IsClosed",
    "IsWon",
    "OwnerId",
    "CreatedById",
    "LastModifiedById",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
];
const EVENT_FIELDS: [&str; 12] = [
    "Subject",
    "StartDateTime",
    "EndDateTime",
    "IsAllDayEvent",
    "ActivityDate",
    "ShowAs",
    "OwnerId",
    "CreatedById",
    "LastModifiedById",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
];

/// An account of the history.
pub(super) struct KnownAccount {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) territory: usize,
}

/// How a rep says that they are away for a while, if they are.
#[derive(PartialEq, Eq)]
enum Leave {
    InCalendar,
    InUserRecord,
}

/// One rep of a territory or two is away.
fn leave(rep: usize) -> Option<Leave> {
    match rep % (2 * TEAM) {
        7 => Some(Leave::InCalendar),
        13 => Some(Leave::InUserRecord),
        _ => None,
    }
}

/// The last day of a leave that the user record tells of.
pub(super) fn away_until(rep: usize, base: Stamp) -> Option<NaiveDate> {
    let away = rep < ACTIVE_REPS && leave(rep) == Some(Leave::InUserRecord);
    away.then(|| base.date() + Days::new(LEAVE_DAYS - 1))
}

impl Company {
    /// Fills the desks of all reps who are there.
    pub(super) fn load_desks(&self, org: &mut Org, base: Stamp, accounts: &[KnownAccount]) {
        for rep in 0..ACTIVE_REPS {
            let mut chance = Chance::new(self.seed, "desk", rep as u64);
            let theirs: Vec<&KnownAccount> =
                accounts.iter().filter(|account| account.territory == rep / TEAM).collect();
            if !theirs.is_empty() {
                load_open_deals(org, base, rep_id(rep), &theirs, &mut chance);
            }
            load_calendar(org, base, rep, &mut chance);
        }
    }
}

fn load_open_deals(org: &mut Org, base: Stamp, rep: Id, accounts: &[&KnownAccount], chance: &mut Chance) {
    let loader = Loader::new(org, Object::Opportunity, &OPPORTUNITY_FIELDS);
    for _ in 0..OPEN_DEALS.0 + chance.below(OPEN_DEALS.1 + 1) {
        let account = accounts[chance.below(accounts.len())];
        let name: String = format!("{} - {}", account.name, chance.pick(&PRODUCTS)).chars().take(120).collect();
        let (low, high) = SIZES[chance.weighted(&SIZE_SHARES)];
        let amount = (chance.log_uniform(low, high) / 100.0).round() * 100.0;
        let created = super::days_before(base, 60.0 * chance.unit());
        // A few are overdue, as they are everywhere.
        let closes = base.date() - Days::new(10) + Days::new(chance.below(90) as u64);
        let id = org.next_id(Object::Opportunity);
        let stamps = [rep.into(), rep.into(), created.into(), created.into(), created.into()];
        let values = [
            account.id.into(),
            name.as_str().into(),
            chance.pick(&STAGES).into(),
            Value::Date(closes),
            Value::Number(amount),
            chance.pick(&SOURCES).into(),
            false.into(),
            false.into(),
            rep.into(),
        ];
        loader.load(org, id, values.into_iter().chain(stamps));
    }
}

fn load_calendar(org: &mut Org, base: Stamp, rep: usize, chance: &mut Chance) {
    let zone: Tz = TERRITORIES[rep / TEAM].zone.parse().unwrap_or_default();
    let loader = Loader::new(org, Object::Event, &EVENT_FIELDS);
    let owner = rep_id(rep);
    let mut load = |subject: &str, start: Stamp, end: Stamp, all_day: bool, shows: &str| {
        let stamps = [owner, owner, owner].map(Value::from).into_iter().chain([base, base, base].map(Value::from));
        let id = org.next_id(Object::Event);
        let values =
            [subject.into(), start.into(), end.into(), all_day.into(), Value::Date(start.date()), shows.into()];
        loader.load(org, id, values.into_iter().chain(stamps));
    };
    if leave(rep) == Some(Leave::InCalendar) {
        // An event of whole days has midnights in UTC, wherever its owner is.
        let day = |after: u64| Stamp::from((base.date() + Days::new(after)).and_time(NaiveTime::MIN).and_utc());
        load("Vacation", day(0), day(LEAVE_DAYS - 1), true, "OutOfOffice");
    }
    for after in 0..CALENDAR_DAYS {
        let day = base.date() - Days::new(1) + Days::new(after);
        if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            continue;
        }
        for _ in 0..chance.below(EVENTS) {
            let half_hours = 16 + chance.below(18) as i64;
            let wall = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(30 * half_hours);
            // Clocks are set at night.
            let Some(start) = zone.from_local_datetime(&wall).earliest() else { continue };
            let start = start.with_timezone(&Utc);
            let end = start + TimeDelta::minutes(if chance.happens(0.5) { 30 } else { 60 });
            let shows = if chance.happens(0.1) { "Free" } else { "Busy" };
            load(chance.pick(&SUBJECTS), start.into(), end.into(), false, shows);
        }
    }
}
