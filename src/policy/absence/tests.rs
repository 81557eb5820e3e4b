use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn office() -> Schedule {
    Schedule::new(chrono_tz::Europe::Berlin, "Mon-Fri 09:00-17:30".parse().unwrap())
}

fn ana() -> RepId {
    RepId::new("ana")
}

fn feed(source: Source, read_at: Option<&str>, away: &[(&str, &str, Option<&str>)]) -> Feed {
    Feed {
        source,
        read_at: read_at.map(utc),
        problem: None,
        away: away
            .iter()
            .map(|(start, end, kind)| Away {
                rep: ana(),
                span: Span::new(utc(start), utc(end)),
                kind: kind.map(str::to_owned),
            })
            .collect(),
        busy: BTreeMap::new(),
    }
}

fn gather(feeds: &[Feed], now: &str) -> Absences {
    Absences::gather(feeds, utc(now), &AbsenceSettings::default())
}

#[test]
fn sources_add_up_and_are_named() {
    let now = "2026-11-25T10:00:00Z";
    let feeds = [
        feed(
            Source::HrFile("leave.csv".into()),
            Some(now),
            &[("2026-11-23T23:00:00Z", "2026-11-25T23:00:00Z", Some("vacation"))],
        ),
        feed(Source::Crm, Some(now), &[("2026-11-25T08:00:00Z", "2026-11-27T23:00:00Z", None)]),
        feed(Source::Calendar("ana".into()), Some(now), &[("2026-11-30T08:00:00Z", "2026-11-30T12:00:00Z", None)]),
    ];
    let absences = gather(&feeds, now);
    assert_eq!(absences.warnings(), []);
    let absent = absences.at(&ana(), utc(now), &office()).unwrap();
    assert_eq!(absent.span, Span::new(utc("2026-11-23T23:00:00Z"), utc("2026-11-27T23:00:00Z")));
    assert_eq!(absent.kind.as_deref(), Some("vacation"));
    assert_eq!(absent.sources, [Source::Crm, Source::HrFile("leave.csv".into())]);
    // Saturday and Sunday are free anyway, and on Monday morning there is something else.
    assert_eq!(absent.back, Some(utc("2026-11-30T12:00:00Z")));
    assert_eq!(absences.at(&ana(), utc("2026-11-28T10:00:00Z"), &office()), None);
    assert_eq!(absences.at(&RepId::new("bob"), utc(now), &office()), None);
}

#[test]
fn what_is_unknown_is_available_and_said() {
    let now = "2026-11-25T10:00:00Z";
    let mut broken = feed(Source::Calendar("bob".into()), Some("2026-11-25T09:00:00Z"), &[]);
    broken.problem = Some("404 Not Found".into());
    let feeds = [
        feed(Source::Crm, Some("2026-11-24T10:00:00Z"), &[]),
        feed(
            Source::HrFile("a.csv".into()),
            Some("2026-11-24T09:59:00Z"),
            &[("2026-11-25T08:00:00Z", "2026-11-26T08:00:00Z", None)],
        ),
        feed(Source::HrFile("b.csv".into()), None, &[]),
        broken,
    ];
    let absences = gather(&feeds, now);
    let words: Vec<String> = absences.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "the HR file a.csv was last read 24 hours ago: newer absences in it are unknown, their reps count as available",
            "the HR file b.csv was never read: absences in it are unknown, their reps count as available",
            "the calendar bob cannot be read (404 Not Found): newer than 25 Nov 09:00 UTC absences in it are unknown, \
             their reps count as available",
        ]
    );
    // What a source said before it grew old still counts.
    assert!(absences.at(&ana(), utc(now), &office()).is_some());
}

#[test]
fn back_from_leave_means_the_first_moment_at_work() {
    // Monday to Friday, and the Monday after it too, from two sources.
    let feeds = [
        feed(Source::Crm, None, &[("2026-11-15T23:00:00Z", "2026-11-20T23:00:00Z", None)]),
        feed(Source::Calendar("x".into()), None, &[("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z", None)]),
    ];
    let absences = gather(&feeds, "2026-11-24T09:00:00Z");
    let returned = |at: &str| absences.returned(&ana(), utc(at), &office(), 5);
    let back = Returned {
        since: utc("2026-11-24T08:00:00Z"),
        away: Span::new(utc("2026-11-15T23:00:00Z"), utc("2026-11-23T23:00:00Z")),
        away_days: 8,
        days_back: 0,
    };
    assert_eq!(returned("2026-11-24T09:00:00Z"), Some(back));
    // Wednesday to Friday, and Monday; the night belongs to no further day.
    assert_eq!(returned("2026-11-30T22:00:00Z"), Some(Returned { days_back: 4, ..back }));
    for before in ["2026-11-24T07:59:00Z", "2026-11-23T10:00:00Z", "2026-11-21T10:00:00Z", "2026-11-18T10:00:00Z"] {
        assert_eq!(returned(before), None, "{before}");
    }
    // Somebody who is away again is not back.
    let again = feed(Source::Crm, None, &[("2026-11-30T08:00:00Z", "2026-11-30T12:00:00Z", None)]);
    let absences = gather(&[feeds[0].clone(), again], "2026-11-30T09:00:00Z");
    assert_eq!(absences.returned(&ana(), utc("2026-11-30T09:00:00Z"), &office(), 5), None);
    assert!(absences.returned(&ana(), utc("2026-11-30T13:00:00Z"), &office(), 5).is_some());
    // A day off is no leave.
    let day = [feed(Source::Crm, None, &[("2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z", None)])];
    let days = |least| {
        let now = "2026-11-24T09:00:00Z";
        gather(&day, now).returned(&ana(), utc(now), &office(), least).map(|r| (r.away_days, r.days_back))
    };
    assert_eq!((days(5), days(2), days(1)), (None, None, Some((1, 2))));
}

#[test]
fn settings_read_as_documented() {
    let settings: AbsenceSettings = toml::from_str(
        "stale_after_hours = 12\n[[calendar]]\nname = \"ana\"\nrep = \"ana@acme.example\"\n\
         file = \"ana.ics\"\nmeans = \"leave\"\n[[calendar]]\nname = \"bob\"\nrep = \"Bob Lee\"\nfile = \"bob.ics\"\n",
    )
    .unwrap();
    let means: Vec<ics::Means> = settings.calendars.iter().map(|c| c.means).collect();
    assert_eq!((settings.stale_after_hours, means), (12, vec![ics::Means::Leave, ics::Means::Appointments]));
    assert!(
        toml::from_str::<AbsenceSettings>("[[calendar]]\nname = \"a\"\nrep = \"b\"\nfile = \"d\"\nurl = \"c\"")
            .is_err()
    );
}

#[test]
fn rows_find_their_reps_and_the_rest_of_the_company_is_counted() {
    let rows = hr::parse("who,from,until\nAna,2026-12-24,2026-12-24\nJanitor,2026-12-24,2026-12-31\n").unwrap();
    let found = hr::resolve(&rows, |who| (who == "Ana").then(|| (ana(), chrono_tz::Europe::Berlin)));
    assert_eq!(found.away[0].span.start, utc("2026-12-23T23:00:00Z"));
    assert_eq!((found.away.len(), found.unknown), (1, vec![(3, "Janitor".to_owned())]));
}

#[test]
fn a_list_from_hr() {
    let rows = hr::parse(
        "\u{feff}until,who,from,kind,department\r\n2026-12-24,ana@acme.example,2026-12-21,vacation,Sales\r\n\
         2026-11-25T12:00,Bob,2026-11-25 09:30,,Sales\r\n2026-11-25T12:00Z,Bob,2026-11-25T09:30+01:00,,\r\n",
    )
    .unwrap();
    let span = |i: usize| {
        let span = rows[i].span(chrono_tz::Europe::Berlin);
        format!("{} {} {}", rows[i].who, span.start.to_rfc3339(), span.end.to_rfc3339())
    };
    // The last day belongs to it.
    assert_eq!(span(0), "ana@acme.example 2026-12-20T23:00:00+00:00 2026-12-24T23:00:00+00:00");
    assert_eq!(span(1), "Bob 2026-11-25T08:30:00+00:00 2026-11-25T11:00:00+00:00");
    assert_eq!(span(2), "Bob 2026-11-25T08:30:00+00:00 2026-11-25T12:00:00+00:00");
    assert_eq!((rows[0].kind.as_deref(), rows[1].kind.as_deref(), rows[1].line), (Some("vacation"), None, 3));
}

#[test]
fn a_list_with_wrong_lines_is_refused_with_each_of_them() {
    let error = hr::parse(
        "who,from,until\na,24.12.2026,2026-12-31\nb,12/24/2026,2026-12-31\nc,2026-12-24,2026-12-23\n,2026-12-24,2026-12-24\n\
         d,2026-12-24\ne,2026-12-24,2062-12-24\nf,2026-1-2,2026-02-30\nh,+2026-1-02,2026-01-02\ng,2026-12-24,2026-12-24\n",
    )
    .unwrap_err();
    let hr::HrError::Lines(lines) = &error else { panic!("{error}") };
    let places: Vec<u64> = lines.iter().map(|l| l.line).collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 7, 8, 9]);
    let text = error.to_string();
    assert!(text.contains("line 2: from is \"24.12.2026\": write dates as 2026-12-24"), "{text}");
    assert!(
        text.contains("line 4: c ends before it begins") && text.contains("line 6: 2 fields instead of 3"),
        "{text}"
    );
    assert!(hr::parse("who;from;until\n").unwrap_err().to_string().contains("no column \"who\""));
    assert!(hr::parse("").is_err());
}

proptest! {
    #[test]
    fn gathered_absences_hold_exactly_what_the_sources_said(
        spans in prop::collection::vec((0i64..500, 1i64..100, 0usize..3), 0..12), at in -10i64..600
    ) {
        let zero = utc("2026-11-02T00:00:00Z");
        let hour = |n: i64| zero + TimeDelta::hours(n);
        let sources = [Source::Crm, Source::Calendar("c".into()), Source::HrFile("h".into())];
        let feeds: Vec<Feed> = sources.iter().enumerate().map(|(i, source)| {
            let of = spans.iter().filter(|s| s.2 == i);
            let away = of.map(|(s, n, _)| Away { rep: ana(), span: Span::new(hour(*s), hour(s + n)), kind: None });
            Feed::read(source.clone(), zero, away.collect())
        }).collect();
        let absences = Absences::gather(&feeds, zero, &AbsenceSettings::default());
        let at = hour(at);
        let saying: Vec<Source> = (0..3)
            .filter(|i| spans.iter().any(|s| s.2 == *i && hour(s.0) <= at && at < hour(s.0 + s.1)))
            .map(|i| sources[i].clone()).collect();
        let absent = absences.at(&ana(), at, &office());
        prop_assert_eq!(absent.as_ref().map(|a| a.sources.clone()).unwrap_or_default(), saying);
        if let Some(absent) = absent {
            let back = absent.back.unwrap();
            prop_assert!(back >= absent.span.end && office().is_open(back));
            prop_assert!(absences.at(&ana(), back, &office()).is_none());
        }
        if let Some(returned) = absences.returned(&ana(), at, &office(), 3) {
            prop_assert!(returned.since <= at && returned.away.end <= returned.since && returned.away_days >= 3);
            prop_assert!(i64::from(returned.days_back) <= (at - returned.since).num_days() + 1);
        }
    }

    #[test]
    fn no_list_makes_it_panic(text in "(who,from,until\n)?(\\PC|[0-9T:,\n-]){0,80}") {
        prop_assert!(hr::parse(&text).map_or(0, |rows| rows.len()) <= text.lines().count());
    }
}
