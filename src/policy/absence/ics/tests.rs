use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

const BERLIN: Tz = chrono_tz::Europe::Berlin;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn year() -> Span {
    Span::new(utc("2026-01-01T00:00:00Z"), utc("2027-01-01T00:00:00Z"))
}

/// A calendar of these lines between its first and last.
fn calendar(lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"))
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT")
}

/// An out-of-office event.
fn away(lines: &str) -> String {
    event(&format!("UID:1\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n{lines}"))
}

fn read_all(lines: &str) -> Calendar {
    parse(&calendar(lines), BERLIN, year(), Means::Appointments).unwrap()
}

fn spans(spans: &[Span]) -> Vec<String> {
    let time = |at: DateTime<Utc>| at.format("%m-%dT%H:%M").to_string();
    spans.iter().map(|s| format!("{}/{}", time(s.start), time(s.end))).collect()
}

#[test]
fn an_outlook_calendar() {
    let text = read_all(
        "METHOD:PUBLISH
        BEGIN:VTIMEZONE
        TZID:W. Europe Standard Time
        BEGIN:STANDARD
        DTSTART:16010101T030000
        TZOFFSETFROM:+0200
        TZOFFSETTO:+0100
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
        END:STANDARD
        BEGIN:DAYLIGHT
        DTSTART:16010101T020000
        TZOFFSETFROM:+0100
        TZOFFSETTO:+0200
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
        END:DAYLIGHT
        END:VTIMEZONE
        BEGIN:VEVENT
        UID:vacation
        SUMMARY:Away
        DTSTART;VALUE=DATE:20261224
        DTEND;VALUE=DATE:20261228
        X-MICROSOFT-CDO-BUSYSTATUS:OOF
        END:VEVENT
        BEGIN:VEVENT
        UID:parents-evening
        RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=SA
        EXDATE;TZID=W. Europe Standard Time:20261024T140000
        DTSTART;TZID=W. Europe Standard Time:20261017T140000
        DTEND;TZID=W. Europe Standard Time:20261017T160000
        X-MICROSOFT-CDO-BUSYSTATUS:OOF
        END:VEVENT
        BEGIN:VEVENT
        UID:lunch
        DTSTART;TZID=W. Europe Standard Time:20261102T120000
        DTEND;TZID=W. Europe Standard Time:20261102T130000
        X-MICROSOFT-CDO-BUSYSTATUS:BUSY
        END:VEVENT
        BEGIN:VEVENT
        UID:birthday
        DTSTART;VALUE=DATE:20261103
        X-MICROSOFT-CDO-BUSYSTATUS:FREE
        END:VEVENT
        BEGIN:VEVENT
        UID:home
        DTSTART;VALUE=DATE:20261104
        X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE
        END:VEVENT",
    );
    // Two hours on Saturdays: before the change of clocks, not on the 24th, and after it.
    let wanted = ["10-17T12:00/10-17T14:00", "10-31T13:00/10-31T15:00", "12-23T23:00/12-27T23:00"];
    assert_eq!(spans(&text.away), wanted);
    assert_eq!(spans(&text.busy), [wanted[0], wanted[1], "11-02T11:00/11-02T12:00", wanted[2]]);
    assert_eq!(text.notes, []);
}

#[test]
fn an_end_in_utc_ends_a_series_on_its_own_wall() {
    // The last time begins at 8:00 UTC, which is when the rule ends; read as a clock on the wall it would be too early.
    let berlin = read_all(&away(
        "DTSTART;TZID=Europe/Berlin:20261116T090000\nDTEND;TZID=Europe/Berlin:20261116T100000
        RRULE:FREQ=DAILY;UNTIL=20261118T080000Z",
    ));
    assert_eq!(spans(&berlin.away), ["11-16T08:00/11-16T09:00", "11-17T08:00/11-17T09:00", "11-18T08:00/11-18T09:00"]);
    // 18:00 in New York is 23:00 UTC: the 18th is after the end.
    let york = read_all(&away(
        "DTSTART;TZID=America/New_York:20261116T180000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261118T220000Z",
    ));
    assert_eq!(spans(&york.away), ["11-16T23:00/11-17T00:00", "11-17T23:00/11-18T00:00"]);
    let days = read_all(&away("DTSTART;VALUE=DATE:20261116\nRRULE:FREQ=DAILY;UNTIL=20261117"));
    assert_eq!(spans(&days.away), ["11-15T23:00/11-17T23:00"]);
}

#[test]
fn a_changed_or_cancelled_date_replaces_the_one_of_the_series() {
    let series = away("SEQUENCE:1\nDTSTART:20261102T090000Z\nDTEND:20261102T100000Z\nRRULE:FREQ=DAILY;COUNT=4");
    // Outlook counts the sequence of a changed date up; the date is in another zone than the series.
    let moved = away(
        "SEQUENCE:5\nRECURRENCE-ID;TZID=Europe/Berlin:20261103T100000\nDTSTART:20261103T150000Z\nDTEND:20261103T160000Z",
    );
    let cancelled = away("STATUS:CANCELLED\nRECURRENCE-ID:20261104T090000Z\nDTSTART:20261104T090000Z\nDURATION:PT1H");
    // Another series with the same times is not touched by that.
    let other = "BEGIN:VEVENT\nUID:2\nSEQUENCE:5\nDTSTART:20261103T090000Z\nDTEND:20261103T093000Z
        RRULE:FREQ=DAILY;COUNT=2\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nEND:VEVENT";
    let text = read_all(&[other.into(), series, moved, cancelled].join("\n"));
    assert_eq!(spans(&text.away), ["11-02T09:00/11-02T10:00", "11-03T15:00/11-03T16:00", "11-05T09:00/11-05T10:00"]);
    assert_eq!(spans(&text.busy)[1..3], ["11-03T09:00/11-03T09:30", "11-03T15:00/11-03T16:00"]);
    assert_eq!(spans(&text.busy)[3], "11-04T09:00/11-04T09:30");
}

#[test]
fn what_is_cancelled_or_transparent_keeps_nobody_busy() {
    let lines = [
        event("UID:a\nDTSTART:20261102T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED"),
        event("UID:b\nDTSTART:20261103T090000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT"),
        event("UID:c\nDTSTART:20261104T090000Z\nDURATION:PT1H"),
    ]
    .join("\n");
    let text = read_all(&lines);
    assert_eq!((spans(&text.away), spans(&text.busy)), (vec![], vec!["11-04T09:00/11-04T10:00".to_owned()]));
    // In a calendar of leave, every event that stands is an absence, whatever it looks like.
    let leave = parse(&calendar(&lines), BERLIN, year(), Means::Leave).unwrap();
    assert_eq!(spans(&leave.away), ["11-03T09:00/11-03T10:00", "11-04T09:00/11-04T10:00"]);
    let withdrawn = calendar(&format!("METHOD:CANCEL\n{lines}"));
    assert_eq!(parse(&withdrawn, BERLIN, year(), Means::Leave).unwrap(), Calendar::default());
}

#[test]
fn published_free_and_busy_times() {
    let text = read_all(
        "BEGIN:VFREEBUSY\nDTSTART:20261101T000000Z\nDTEND:20261201T000000Z
        FREEBUSY;FBTYPE=BUSY:20261102T090000Z/20261102T100000Z,20261102T110000Z/PT30M
        FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261103T000000Z/20261104T000000Z
        FREEBUSY;FBTYPE=FREE:20261105T000000Z/20261106T000000Z\nEND:VFREEBUSY",
    );
    assert_eq!(spans(&text.away), ["11-03T00:00/11-04T00:00"]);
    assert_eq!(spans(&text.busy)[..2], ["11-02T09:00/11-02T10:00", "11-02T11:00/11-02T11:30"]);
}

#[test]
fn times_that_no_clock_shows_are_still_times() {
    // Half past two is skipped on the 29th of March in Berlin; and a day in Beirut begins at one.
    let gap = read_all(&away("DTSTART;TZID=Europe/Berlin:20260329T023000\nDTEND;TZID=Europe/Berlin:20260329T040000"));
    assert_eq!(spans(&gap.away), ["03-29T01:30/03-29T02:00"]);
    let fold = read_all(&away("DTSTART;TZID=Europe/Berlin:20261025T023000\nDTEND;TZID=Europe/Berlin:20261025T040000"));
    assert_eq!(spans(&fold.away), ["10-25T00:30/10-25T03:00"]);
    // A series that begins at such a time has its own time again on the next day.
    let series =
        read_all(&away("DTSTART;TZID=Europe/Berlin:20260329T023000\nDURATION:PT30M\nRRULE:FREQ=DAILY;COUNT=2"));
    assert_eq!(spans(&series.away), ["03-29T01:30/03-29T02:00", "03-30T00:30/03-30T01:00"]);
    let text = calendar(&away("DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330"));
    let beirut = parse(&text, chrono_tz::Asia::Beirut, year(), Means::Appointments).unwrap();
    assert_eq!(spans(&beirut.away), ["03-28T22:00/03-29T21:00"]);
}

#[test]
fn what_is_not_understood_is_said() {
    let zone = read_all(&away("DTSTART;TZID=Somewhere:20261102T090000\nDURATION:PT1H"));
    assert_eq!(spans(&zone.away), ["11-02T08:00/11-02T09:00"]);
    assert_eq!(zone.notes, [Note::Zone { name: "Somewhere".into() }]);
    let hourly = read_all(&away("DTSTART:20261102T090000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY"));
    assert_eq!(spans(&hourly.away), ["11-02T09:00/11-02T10:00"]);
    assert_eq!(hourly.notes, [Note::Repetition { events: 1 }]);
    let timeless = read_all(&away("SUMMARY:x"));
    assert_eq!((timeless.away.len(), timeless.notes), (0, vec![Note::NoTime { events: 1 }]));
    let refused = |text: &str| parse(text, BERLIN, year(), Means::Leave).unwrap_err();
    assert_eq!(refused("<html>Please sign in</html>"), IcsError::NoCalendar);
    assert_eq!(refused("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2026"), IcsError::CutOff);
    assert_eq!(refused(&"x".repeat(MAX_BYTES + 1)), IcsError::TooLarge);
}

#[test]
fn a_series_may_begin_after_all_that_is_asked_for_or_end_before_it_begins() {
    let later = read_all(&away("DTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"));
    assert_eq!((later.away, later.notes), (vec![], vec![]));
    let once = read_all(&away("DTSTART:20261102T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261101T000000Z"));
    assert_eq!((spans(&once.away), once.notes), (vec!["11-02T09:00/11-02T10:00".to_owned()], vec![]));
}

#[test]
fn an_old_daily_series_still_reaches_today() {
    let text = read_all(&away("DTSTART:19990101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"));
    assert_eq!(text.away.len(), 365);
}

#[test]
fn series_that_are_over_use_up_no_limit() {
    let mut lines = String::new();
    for n in 0..500 {
        let ends = ["COUNT=20", "UNTIL=20240101T000000Z", "COUNT=10;BYDAY=MO,TU"][n % 3];
        lines
            .push_str(&event(&format!("UID:{n}\nDTSTART:20230101T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;{ends}\n")));
        lines.push('\n');
    }
    // One of them was moved to a day that is not over.
    lines.push_str(&event("UID:1\nRECURRENCE-ID:20230108T090000Z\nDTSTART:20261102T090000Z\nDURATION:PT1H"));
    lines.push('\n');
    lines.push_str(&event("UID:live\nDTSTART:20261103T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"));
    let text = read_all(&lines);
    assert_eq!(text.notes, []);
    // Eight months with a 31st take more than a year.
    let rare = read_all(&away("DTSTART:20250131T090000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;COUNT=8"));
    assert_eq!(spans(&rare.away), ["01-31T09:00/01-31T10:00"]);
    assert_eq!(spans(&text.busy), ["11-02T09:00/11-02T10:00", "11-03T09:00/11-03T10:00", "11-04T09:00/11-04T10:00"]);
}

#[test]
fn rules_that_can_never_be_met_and_floods_of_events_end() {
    let mut lines = String::new();
    for n in 0..2_000 {
        let rule = [
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
            "FREQ=WEEKLY;BYMONTH=1;BYSETPOS=366",
        ][n % 4];
        lines.push_str(&event(&format!("UID:{n}\nDTSTART:20200101T090000Z\nDURATION:PT1H\nRRULE:{rule}\n")));
        lines.push('\n');
    }
    let text = read_all(&lines);
    assert!(text.notes.iter().any(|n| matches!(n, Note::TooMuch { left_out: 1900 })), "{:?}", text.notes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_makes_it_panic_and_answers_are_in_order(
        lines in prop::collection::vec(
            prop_oneof![
                "(BEGIN|END):V(EVENT|TIMEZONE|FREEBUSY|ALARM|CALENDAR)",
                "DT(START|END)(;TZID=(Europe/Berlin|UTC|X|W. Europe Standard Time))?:[0-9]{8}(T[0-9]{6}Z?)?",
                "DT(START|END);VALUE=DATE:20(2[0-9])(0[1-9]|1[0-2])(0[1-9]|[12][0-9])",
                "DTSTART:2026(0[1-9]|1[0-2])(0[1-9]|[12][0-9])T(0[0-9]|1[0-9])0000Z?",
                "DURATION:-?P([0-9]{1,12}W|T[0-9]{1,10}[HMS])",
                "RRULE:FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY);(COUNT|INTERVAL|BYMONTHDAY|BYSETPOS|BYYEARDAY|BYWEEKNO|BYMONTH|BYHOUR)=-?[0-9]{1,5}(;UNTIL=[0-9]{8}T[0-9]{6}Z)?",
                "RRULE:FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY);BYDAY=-?[0-9]{0,3}(MO|SU|XX)(;WKST=SU)?(;BYSETPOS=-?[1-9])?",
                "(EXDATE|RDATE|RECURRENCE-ID)(;RANGE=THISANDFUTURE)?:2026(0[1-9]|1[0-2])(0[1-9]|[12][0-9])(T090000Z)?",
                "FREEBUSY(;FBTYPE=[A-Z-]{4,16})?:[0-9]{8}T[0-9]{6}Z/(P[0-9]{1,9}D|[0-9]{8}T[0-9]{6}Z)",
                "(UID|STATUS|SEQUENCE|TZID|METHOD|X-MICROSOFT-CDO-BUSYSTATUS):(1|2|OOF|CANCELLED|FREE|-99999999999)",
                "\\PC{0,30}",
            ],
            0..24,
        )
    ) {
        let text = calendar(&format!("BEGIN:VEVENT\n{}\nEND:VEVENT", lines.join("\n")));
        let within = year();
        // Without the net under it: no panic is to be caught.
        let read = read(text.trim(), BERLIN, within, Means::Leave);
        for list in [&read.away, &read.busy] {
            prop_assert!(list.windows(2).all(|w| w[0].end < w[1].start));
            prop_assert!(list.iter().all(|s| s.start >= within.start && s.end <= within.end && !s.is_empty()));
        }
        prop_assert!(read.away.iter().all(|a| read.busy.iter().any(|b| b.start <= a.start && a.end <= b.end)));
    }

    #[test]
    fn daily_absences_stay_at_their_time_of_day(start in 0i64..300, hour in 0u32..23, days in 1i64..60) {
        let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 2).unwrap() + TimeDelta::days(start);
        let text = calendar(&away(&format!(
            "DTSTART;TZID=Europe/Berlin:{}T{hour:02}1500\nDURATION:PT30M\nRRULE:FREQ=DAILY;COUNT={days}", first.format("%Y%m%d")
        )));
        let read = parse(&text, BERLIN, year(), Means::Appointments).unwrap();
        let wanted: Vec<Span> = (0..days)
            .map(|n| (first + TimeDelta::days(n)).and_hms_opt(hour, 15, 0).unwrap())
            .map(|wall| Span::new(crate::policy::span::moment(BERLIN, wall), crate::policy::span::moment(BERLIN, wall + TimeDelta::minutes(30))))
            .filter(|s| s.start < year().end)
            .collect();
        prop_assert_eq!(read.away, wanted);
    }
}
