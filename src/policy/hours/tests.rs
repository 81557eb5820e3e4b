use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

const ZONES: [Tz; 9] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::New_York,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Asia::Beirut,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::America::Santiago,
    chrono_tz::Africa::Casablanca,
    chrono_tz::Pacific::Kiritimati,
    chrono_tz::UTC,
];

const WEEKS: [&str; 6] = [
    "Mon-Fri 09:00-17:30",
    "Mon-Thu 08:00-12:00, 13:00-17:00; Fri 08:00-14:00",
    "Sun-Thu 22:00-06:00",
    "Sat-Sun 00:00-24:00; Mon 01:15-02:45, 02:50-03:10",
    "Mon,Wed,Sun 23:30-01:30, 01:30-02:30",
    "Mon-Sun 00:00-24:00",
];

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn schedule(zone: Tz, week: &str) -> Schedule {
    Schedule::new(zone, week.parse().unwrap())
}

/// The definition, minute by minute: what does the clock on the wall show, and on which day did that shift begin?
fn open_by_the_wall(schedule: &Schedule, at: DateTime<Utc>) -> bool {
    let wall = at.with_timezone(&schedule.zone).naive_local();
    [0, 1].into_iter().any(|days_ago| {
        let day = wall.date() - TimeDelta::days(days_ago);
        let minutes = (wall - day.and_time(NaiveTime::MIN)).num_minutes();
        schedule.holiday(day).is_none()
            && schedule
                .week
                .shifts(day.weekday())
                .iter()
                .any(|s| i64::from(s.start) <= minutes && minutes < i64::from(s.end))
    })
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    (0..ZONES.len(), 0..WEEKS.len(), prop::collection::vec((2024i32..2030, 1u32..=12, 1u32..=28), 0..3), any::<bool>())
        .prop_map(|(zone, week, days, yearly)| {
            let holiday = || Holiday { calendar: "x".into(), name: "y".into() };
            schedule(ZONES[zone], WEEKS[week]).with_holidays(days.into_iter().map(|(y, month, day)| {
                let key = if yearly {
                    HolidayKey::Yearly { month, day }
                } else {
                    HolidayKey::Date(NaiveDate::from_ymd_opt(y, month, day).unwrap())
                };
                (key, holiday())
            }))
        })
}

/// Moments near the changes of clocks as well as any others.
fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
    let changes = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z", "2027-03-14T07:00:00Z"];
    let others = ["2026-10-03T15:30:00Z", "2027-04-03T15:00:00Z", "2026-03-28T22:00:00Z", "2026-02-15T02:00:00Z"];
    let known: Vec<DateTime<Utc>> = changes.iter().chain(&others).map(|t| utc(t)).collect();
    prop_oneof![
        (0..known.len(), -4000i64..4000).prop_map(move |(i, m)| known[i] + TimeDelta::minutes(m)),
        (0i64..3_000_000).prop_map(|m| utc("2024-01-01T00:00:00Z") + TimeDelta::minutes(m)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn agrees_with_walking_minute_by_minute(schedule in any_schedule(), from in any_moment(), minutes in 1i64..4000) {
        let within = Span::new(from, from + TimeDelta::minutes(minutes));
        let spans = schedule.open_spans(within);
        prop_assert!(spans.windows(2).all(|w| w[0].end < w[1].start));
        let mut walked = TimeDelta::zero();
        let mut first = None;
        for n in 0..minutes {
            let at = from + TimeDelta::minutes(n);
            let open = open_by_the_wall(&schedule, at);
            prop_assert_eq!(schedule.is_open(at), open, "{}", at);
            prop_assert_eq!(spans.iter().any(|s| s.contains(at)), open, "{}", at);
            if open {
                walked += TimeDelta::minutes(1);
                first = first.or(Some(at));
            }
        }
        prop_assert_eq!(schedule.working_time(within), walked);
        let next = schedule.next_opening(from);
        match first {
            Some(first) => prop_assert_eq!(next, Some(first)),
            None => prop_assert!(next.is_none_or(|next| next >= within.end)),
        }
    }

    #[test]
    fn a_week_never_panics(text in "[A-Za-z0-9:,; -]{0,40}") {
        let week: Result<Week, WeekError> = text.parse();
        prop_assert!(week.is_err() || text.contains(':'));
    }
}

#[test]
fn a_day_off_is_named() {
    let christmas = Holiday { calendar: "germany".into(), name: "Christmas Day".into() };
    let schedule = schedule(chrono_tz::Europe::Berlin, "Mon-Fri 09:00-17:30")
        .with_holidays([(HolidayKey::Yearly { month: 12, day: 25 }, christmas.clone())]);
    // The 25th is a Friday, so work goes on on Monday.
    let opens = Some(utc("2026-12-28T08:00:00Z"));
    assert_eq!(schedule.state(utc("2026-12-25T10:00:00Z")), State::Closed { opens, holiday: Some(christmas) });
    // In the night it is not the holiday that keeps anybody from working.
    assert_eq!(schedule.state(utc("2026-12-25T03:00:00Z")), State::Closed { opens, holiday: None });
    assert_eq!(schedule.state(utc("2026-12-24T16:29:59Z")), State::Open);
}

#[test]
fn a_night_shift_lasts_an_hour_longer_when_clocks_go_back() {
    let schedule = schedule(chrono_tz::Europe::Berlin, "Sat 22:00-06:00");
    let night = |from: &str| {
        let start = utc(from);
        schedule.working_time(Span::new(start, start + TimeDelta::days(1))).num_hours()
    };
    assert_eq!(night("2026-10-17T12:00:00Z"), 8);
    assert_eq!(night("2026-10-24T12:00:00Z"), 9);
    assert_eq!(night("2026-03-28T12:00:00Z"), 7);
}

#[test]
fn what_is_no_week_says_how_to_write_one() {
    let wrong = |text: &str| text.parse::<Week>().unwrap_err().to_string();
    assert_eq!(wrong(" "), WeekError::Empty.to_string());
    assert!(wrong("Mo-Fr 09:00-17:00").starts_with("\"Mo\" is no day"));
    assert!(wrong("Mon-Fri 9-17").starts_with("\"9\" is no time"));
    assert!(wrong("Mon 09:00-17:60").starts_with("\"17:60\" is no time"));
    assert!(wrong("Mon 09:00-24:01").starts_with("\"24:01\" is no time"));
    assert!(wrong("Mon-Fri").starts_with("\"Mon-Fri\" has no times"));
    assert!(wrong("Mon 09:00").starts_with("\"09:00\" is no span"));
    assert!(wrong("Mon 09:00-09:00").contains("lasts no time"));
    assert_eq!(wrong("Mon 09:00-12:00; Mon-Fri 11:00-15:00"), "the shifts of Mon overlap");
}

#[test]
fn settings_are_read_and_wrong_ones_named() {
    let calendars: HolidaySettings =
        toml::from_str("[germany]\n\"12-25\" = \"Christmas Day\"\n\"2027-03-26\" = \"Good Friday\"\n").unwrap();
    let settings: HoursSettings = toml::from_str(
        "week = \"Mon-Fri 09:00-17:30\"\nzone = \"Europe/Berlin\"\nholidays = [\"germany\"]\noutside = \"exclude\"\n",
    )
    .unwrap();
    assert_eq!(settings.outside, Outside::Exclude);
    let schedule = settings.schedule(&RepHours::default(), &calendars).unwrap();
    assert_eq!(schedule.holiday(day("2027-03-26")).unwrap().name, "Good Friday");
    assert_eq!(schedule.holiday(day("2031-12-25")).unwrap().calendar, "germany");
    let elsewhere = RepHours { zone: Some("America/Chicago".into()), week: None, holidays: Some(vec![]) };
    let schedule = settings.schedule(&elsewhere, &calendars).unwrap();
    assert!(schedule.is_open(utc("2026-12-25T22:00:00Z")) && schedule.holiday(day("2027-03-26")).is_none());
    let wrong = |rep: RepHours| settings.schedule(&rep, &calendars).unwrap_err().to_string();
    assert!(wrong(RepHours { zone: Some("Berlin".into()), ..Default::default() }).contains("no IANA time zone"));
    assert!(
        wrong(RepHours { holidays: Some(vec!["france".into()]), ..Default::default() }).contains("[holidays.france]")
    );
    assert!(toml::from_str::<HolidaySettings>("[x]\n\"25.12.\" = \"y\"\n").unwrap_err().to_string().contains("12-25"));
    assert!(toml::from_str::<HoursSettings>("weak = \"\"").is_err());
}
