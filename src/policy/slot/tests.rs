use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn office() -> Schedule {
    Schedule::new(chrono_tz::Europe::Berlin, "Mon-Fri 09:00-17:30".parse().unwrap())
}

fn minutes(start: &str, minutes: i64) -> Span {
    Span::new(utc(start), utc(start) + TimeDelta::minutes(minutes))
}

#[test]
fn the_first_gap_between_meetings() {
    // Tuesday, 9:50 in Berlin.
    let now = utc("2026-11-24T08:50:00Z");
    let busy = [minutes("2026-11-24T09:00:00Z", 20), minutes("2026-11-24T08:30:00Z", 30)];
    let slot = first_free(&office(), &busy, now, now + TimeDelta::hours(4), SlotSettings::default());
    assert_eq!(slot.words(chrono_tz::Europe::Berlin, now), "Tue 10:30, in 40 min");
    // What was found is told as seen later: how long it still is, and that it has passed.
    let later = |minutes| slot.words(chrono_tz::Europe::Berlin, now + TimeDelta::minutes(minutes));
    assert_eq!((later(35).as_str(), later(40).as_str()), ("Tue 10:30, in 5 min", "Tue 10:30, now"));
    assert_eq!(later(41), "was free Tue 10:30, which has passed");
    let slot =
        first_free(&office(), &[], now + TimeDelta::minutes(10), now + TimeDelta::hours(4), SlotSettings::default());
    assert_eq!(slot.words(chrono_tz::Europe::Berlin, now + TimeDelta::minutes(10)), "Tue 10:00, now");
}

#[test]
fn none_says_what_is_in_the_way() {
    let now = utc("2026-11-24T09:00:00Z");
    let busy = [minutes("2026-11-24T09:00:00Z", 221)];
    let sla = now + TimeDelta::hours(4);
    let slot = first_free(&office(), &busy, now, sla, SlotSettings::default());
    assert_eq!(slot.words(chrono_tz::Europe::Berlin, now), "no free half hour before the SLA ends at Tue 14:00");
    // Five minutes less of meetings, and the half hour is over just in time.
    let busy = [minutes("2026-11-24T09:00:00Z", 210)];
    let slot = first_free(&office(), &busy, now, sla, SlotSettings::default());
    assert_eq!(slot.start(), Some(utc("2026-11-24T12:30:00Z")));
    // Friday evening.
    let now = utc("2026-11-27T17:00:00Z");
    let slot = first_free(&office(), &[], now, now + TimeDelta::hours(4), SlotSettings::default());
    assert_eq!(slot.words(chrono_tz::Europe::Berlin, now), "not at work before the SLA ends at Fri 22:00");
    let slot = first_free(&office(), &[], now, now + TimeDelta::hours(400), SlotSettings::default());
    assert_eq!(slot.words(chrono_tz::Europe::Berlin, now), "not at work until Sun 18:00");
}

#[test]
fn quarters_are_those_of_the_reps_own_clock() {
    // Kathmandu is 5:45 ahead.
    let schedule = Schedule::always(chrono_tz::Asia::Kathmandu);
    let now = utc("2026-11-24T09:01:00Z");
    let settings = SlotSettings { every_minutes: 60, ..SlotSettings::default() };
    let slot = first_free(&schedule, &[], now, now + TimeDelta::hours(4), settings);
    assert_eq!(slot.start(), Some(utc("2026-11-24T09:15:00Z")));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    assert_eq!(SlotSettings::default().problem(), None);
    let with = |minutes, within_hours, every_minutes| SlotSettings { minutes, within_hours, every_minutes }.problem();
    assert!(with(0, 48, 15).unwrap().contains("minutes = 0"));
    assert!(with(30, 0, 15).unwrap().contains("within_hours"));
    assert!(with(30, 48, 7).unwrap().contains("every_minutes = 7"));
    assert!(toml::from_str::<SlotSettings>("minute = 3").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn agrees_with_trying_each_minute(
        start in 0i64..20_000,
        sla in 0i64..4000,
        length in 1u32..90,
        every in prop::sample::select(vec![1u32, 5, 10, 15, 30, 60]),
        busy in prop::collection::vec((0i64..4000, 1i64..200), 0..20),
    ) {
        // Around the Sunday on which clocks are set forward.
        let now = utc("2026-03-20T00:00:00Z") + TimeDelta::minutes(start);
        let schedule = Schedule::new(chrono_tz::Europe::Berlin, "Mon-Fri 09:00-12:00, 13:00-17:30; Sun 01:00-04:30".parse().unwrap());
        let busy: Vec<Span> = busy.iter().map(|(s, n)| {
            let from = now + TimeDelta::minutes(*s);
            Span::new(from, from + TimeDelta::minutes(*n))
        }).collect();
        let settings = SlotSettings { minutes: length, within_hours: 48, every_minutes: every };
        let sla_ends = now + TimeDelta::minutes(sla);
        let last = sla_ends.min(now + TimeDelta::hours(48));
        let free = |at: DateTime<Utc>| schedule.is_open(at) && !busy.iter().any(|b| b.contains(at)) && at < last;
        let wanted = (0..sla.min(48 * 60)).map(|m| now + TimeDelta::minutes(m)).find(|from| {
            from.with_timezone(&chrono_tz::Europe::Berlin).minute() % every == 0
                && (0..i64::from(length)).all(|m| free(*from + TimeDelta::minutes(m)))
        });
        let slot = first_free(&schedule, &busy, now, sla_ends, settings);
        prop_assert_eq!(slot.start(), wanted);
    }
}
