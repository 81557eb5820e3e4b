//! What each rep was given today, this week, this month and in the weeks before, by the rep's own calendar.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Utc};
use chrono_tz::Tz;

use crate::app::ports::{Given, WorkloadPart, Workloads};
use crate::domain::ids::RepId;
use crate::domain::rep::Roster;
use crate::policy::absence::{Away, Feed, Source};
use crate::policy::capacity::Workload;
use crate::policy::route::{Policy, Situation};

/// Full weeks before this one that are looked at.
const PAST_WEEKS: usize = 8;

/// The workload of every active rep, from what they were given.
pub(super) fn workloads(
    given: &[Given],
    policy: &Policy,
    roster: &Roster,
    now: DateTime<Utc>,
) -> BTreeMap<RepId, Workload> {
    let mut by_rep: BTreeMap<&RepId, Vec<&Given>> = BTreeMap::new();
    for one in given {
        by_rep.entry(&one.rep).or_default().push(one);
    }
    let active = roster.reps.iter().filter(|rep| rep.active);
    active
        .map(|rep| {
            let given = by_rep.get(&rep.id).map_or(&[][..], Vec::as_slice);
            (rep.id.clone(), workload(given, policy.team().schedule(&rep.id).zone(), now))
        })
        .collect()
}

/// Adds what the CRM knows of how busy reps are: open deals, today's meetings, calendars and absences.
pub(super) fn add_crm(situation: &mut Situation, crm: &Workloads, policy: &Policy, read_at: DateTime<Utc>) {
    let mut away = Vec::new();
    for (rep, desk) in &crm.reps {
        let zone = policy.team().schedule(rep).zone();
        if let Some(load) = situation.loads.get_mut(rep) {
            load.open.clone_from(&desk.open);
            load.activities_today = desk.activities(load.today, zone);
        }
        let busy = desk.busy_spans(zone);
        if !busy.is_empty() {
            situation.busy.insert(rep.clone(), busy);
        }
        away.extend(desk.away_spans(read_at, zone).into_iter().map(|span| Away { rep: rep.clone(), span, kind: None }));
    }
    let problem =
        crm.unknown.get(&WorkloadPart::Calendar).or_else(|| crm.unknown.get(&WorkloadPart::Presence)).cloned();
    situation.feeds.push(Feed { problem, ..Feed::read(Source::Crm, read_at, away) });
}

fn workload(given: &[&Given], zone: Tz, now: DateTime<Utc>) -> Workload {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let today = day(now);
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    let mut load = Workload { today, past_weeks: vec![0; PAST_WEEKS], ..Workload::default() };
    for one in given {
        let on = day(one.at);
        if on == today {
            load.leads_today += one.leads;
        }
        if on >= monday {
            load.leads_week += one.leads;
        } else if let Some(week) = usize::try_from((monday - on).num_days() - 1).ok().map(|days| days / 7)
            && let Some(past) = load.past_weeks.get_mut(week)
        {
            *past += one.leads;
        }
        if (on.year(), on.month()) == (today.year(), today.month()) {
            load.leads_month += one.leads;
        }
    }
    load
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_weeks_and_months_are_those_of_the_rep() {
        let given = |at: &str, leads| Given { rep: RepId::new("r"), at: at.parse().unwrap(), leads };
        // Sunday evening in Berlin is Monday morning in Tokyo.
        let now = "2026-11-01T20:00:00Z".parse().unwrap();
        let all = [
            given("2026-11-01T19:00:00Z", 1),
            given("2026-10-31T23:30:00Z", 2),
            given("2026-10-31T14:00:00Z", 4),
            given("2026-10-25T12:00:00Z", 8),
            given("2026-10-11T12:00:00Z", 16),
        ];
        let all: Vec<&Given> = all.iter().collect();
        let berlin = workload(&all, Tz::Europe__Berlin, now);
        assert_eq!(berlin.today, day("2026-11-01"));
        assert_eq!((berlin.leads_today, berlin.leads_week, berlin.leads_month), (3, 7, 3));
        assert_eq!(berlin.past_weeks[..3], [8, 0, 16]);
        let tokyo = workload(&all, Tz::Asia__Tokyo, now);
        assert_eq!(tokyo.today, day("2026-11-02"));
        assert_eq!((tokyo.leads_today, tokyo.leads_week, tokyo.leads_month), (1, 1, 3));
        assert_eq!(tokyo.past_weeks[..4], [6, 8, 0, 16]);
    }
}
