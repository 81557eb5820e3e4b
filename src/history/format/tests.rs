use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn format(dates: &[&str]) -> Format {
    Format { dates: dates.iter().map(|date| DateFormat::new(date).unwrap()).collect(), ..Format::default() }
}

#[test]
fn all_suggested_and_default_formats_are_usable() {
    let suggested =
        COMMON_DATES.iter().flat_map(|(date, _)| COMMON_TIMES.iter().map(move |time| format!("{date}{time}")));
    for pattern in DEFAULT_DATES.iter().map(|pattern| (*pattern).to_owned()).chain(suggested) {
        assert!(DateFormat::new(&pattern).is_ok(), "{pattern}");
    }
}

#[test]
fn iso_dates_are_read_without_being_described() {
    let read = |value| Format::default().date(value).map(When::start);
    assert_eq!(read("2017-12-31"), Some(utc("2017-12-31T00:00:00Z")));
    assert_eq!(read("2017-12-31T10:20:30Z"), Some(utc("2017-12-31T10:20:30Z")));
    assert_eq!(read("2017-12-31T10:20:30.000+0000"), Some(utc("2017-12-31T10:20:30Z")), "as Salesforce exports it");
    assert_eq!(read("2017-12-31 10:20:30+02:00"), Some(utc("2017-12-31T08:20:30Z")));
    assert_eq!(read("2017-12-31 10:20"), Some(utc("2017-12-31T10:20:00Z")));
    assert_eq!(read("31.12.2017"), None);
}

#[test]
fn a_day_ends_with_its_last_second() {
    let day = Format::default().date("2017-02-28").unwrap();
    assert_eq!(day.end(), utc("2017-02-28T23:59:59Z"));
    let instant = Format::default().date("2017-02-28T08:00:00Z").unwrap();
    assert_eq!(instant.end(), utc("2017-02-28T08:00:00Z"));
}

#[test]
fn described_dates_are_tried_in_order() {
    let day_first = format(&["%d/%m/%Y", "%m/%d/%Y"]);
    assert_eq!(day_first.date("01/02/2017").map(When::start), Some(utc("2017-02-01T00:00:00Z")));
    assert_eq!(day_first.date("12/31/2017").map(When::start), Some(utc("2017-12-31T00:00:00Z")));
    let with_time = format(&["%m/%d/%Y %I:%M %p"]);
    assert_eq!(with_time.date("12/31/2017 4:05 PM").map(When::start), Some(utc("2017-12-31T16:05:00Z")));
}

#[test]
fn a_year_that_no_crm_has_is_a_misread_date() {
    assert_eq!(format(&["%m/%d/%Y"]).date("12/31/17"), None);
    assert!(format(&["%m/%d/%y"]).date("12/31/17").is_some());
}

#[test]
fn a_date_format_must_tell_a_whole_date() {
    assert_eq!(DateFormat::new("%Y-%m").map(drop), Err("does not hold a whole date"));
    assert_eq!(DateFormat::new("%Q").map(drop), Err("is not understood"));
    assert_eq!(DateFormat::new("YYYY-MM-DD").map(drop), Err("does not hold a whole date"));
    for good in ["%d.%m.%y", "%b %d, %Y", "%Y%m%d", "%s", "%Y-%m-%dT%H:%M:%S%z", "%d %B %Y %H:%M", "%+"] {
        assert!(DateFormat::new(good).is_ok(), "{good}");
    }
}

#[test]
fn the_cure_of_a_date_names_the_formats_that_fit() {
    assert!(Format::date_cure("12/31/2017").contains("\"%m/%d/%Y\" (month first) into"));
    let ambiguous = Format::date_cure("01/02/2017");
    assert!(ambiguous.contains("\"%m/%d/%Y\" (month first) or \"%d/%m/%Y\" (day first)"), "{ambiguous}");
    assert!(Format::date_cure("31.12.2017 16:05").contains("\"%d.%m.%Y %H:%M\""));
    assert!(Format::date_cure("soon").contains("say how dates are written"));
}

#[test]
fn numbers_are_read_strictly() {
    let plain = Format::default();
    assert_eq!(plain.number("-1234.5"), Some(-1234.5));
    assert_eq!(plain.number("1e3"), Some(1000.0));
    for bad in ["1,234", "NaN", "inf", "1e999", "", "12 ", "0x10", "one"] {
        assert_eq!(plain.number(bad), None, "{bad}");
    }
    let european = Format { decimal_comma: true, ignore_in_numbers: vec!['.', '€', ' '], ..Format::default() };
    assert_eq!(european.number("1.234,5 €"), Some(1234.5));
    let without_thousands = Format { decimal_comma: true, ..Format::default() };
    assert_eq!(without_thousands.number("1.234,5"), None);
    assert_eq!(without_thousands.number("1.234"), None, "a point must not silently become a decimal sign");
}

#[test]
fn the_cure_of_a_number_fits_what_is_wrong_with_it() {
    let plain = Format::default();
    assert!(plain.number_cure("1,234").contains("decimal_comma = true"));
    assert!(plain.number_cure("$1234").contains("ignore_in_numbers in the map: \"$\""));
    assert!(plain.number_cure("unknown").contains("[format] missing"));
}

#[test]
fn nothing_is_what_the_map_says_it_is() {
    let format = Format { missing: vec!["Select".into()], ..Format::default() };
    assert_eq!(format.present("  "), None);
    assert_eq!(format.present(" Select "), None);
    assert_eq!(format.present(" select "), Some("select"));
}
