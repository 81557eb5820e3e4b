use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Filter {
    text.parse().unwrap_or_else(|fault: FilterError| panic!("{text}: {fault}"))
}

fn fault(text: &str) -> String {
    text.parse::<Filter>().unwrap_err().to_string()
}

#[test]
fn the_example_of_the_help_is_read_as_it_says() {
    let filter = read("src:Webinar score>80 gap>5 sla<1h rep:ana reason:t age<1d -tier:cold \"Acme Corp\"");
    let tests: Vec<&Test> = filter.terms().iter().map(|term| &term.test).collect();
    let above = Side::Above { at: false };
    let below = Side::Below { at: false };
    let expected = [
        Test::Contains(TextField::Source, "webinar".into()),
        Test::Number(NumberField::Score, above, 80.0),
        Test::Number(NumberField::Gap, above, 5.0),
        Test::Time(TimeField::Sla, below, TimeDelta::hours(1)),
        Test::Contains(TextField::Rep, "ana".into()),
        Test::Reason(ReasonCode::T),
        Test::Time(TimeField::Age, below, TimeDelta::days(1)),
        Test::Tier(Tier::Cold),
        Test::Contains(TextField::Any, "acme corp".into()),
    ];
    assert_eq!(tests, expected.iter().collect::<Vec<_>>());
    assert_eq!(filter.terms().iter().filter(|term| term.negated).count(), 1);
}

#[test]
fn every_example_of_the_help_is_a_filter_and_of_its_field() {
    for one in Suggestion::ALL {
        let filter = read(one.example);
        assert!(filter.to_string().to_lowercase().starts_with(one.key), "{one:?} is read as {filter}");
    }
}

#[test]
fn nothing_typed_holds_for_every_lead() {
    assert!(read("").is_empty() && read("  ").is_empty());
}

#[test]
fn a_fault_names_the_place_and_the_cure() {
    assert_eq!(fault("acme scor>80"), "at character 6: there is no field \"scor\"; do you mean score>80?");
    assert_eq!(fault("score>many"), "at character 1: \"many\" is no number; write one, such as 80 or 12.5");
    assert_eq!(
        fault("sla<1"),
        "at character 1: \"1\" is no length of time; write a number and a unit: 15m, 4h, 2d, 1w"
    );
    assert_eq!(fault("tier:hott"), "at character 1: there is no tier \"hott\"; it is one of hot, warm, cold");
    assert_eq!(fault("score:80"), "at character 1: score is measured; write score>… or score<…");
    assert_eq!(fault("src>web"), "at character 1: src is no number; write src:… instead");
    assert_eq!(fault("src:"), "at character 1: nothing is looked for; write a text behind it");
    assert_eq!(fault("a \"b"), "at character 3: a quote is not closed; end it with \"");
    assert!(fault("zebra:1").contains("there are src, terr, rep"), "{}", fault("zebra:1"));
    assert!(fault(&"a ".repeat(40)).contains("too many terms"));
    assert!(fault(&"a".repeat(300)).contains("too long"));
}

#[test]
fn times_too_large_to_count_are_refused() {
    assert!(fault("age<99999999999999999w").contains("no length of time"));
    assert!(fault("age>-1h").contains("no length of time"));
}

fn texts() -> impl Strategy<Value = String> {
    // What somebody could have typed in quotes.
    "[^\"\\p{Cc}]{1,20}"
        .prop_filter("says something", |text| !text.trim().is_empty())
        .prop_map(|text| text.to_lowercase())
}

fn sides() -> impl Strategy<Value = Side> {
    (any::<bool>(), any::<bool>()).prop_map(|(below, at)| if below { Side::Below { at } } else { Side::Above { at } })
}

fn tests_of_leads() -> impl Strategy<Value = Test> {
    use strum::{IntoEnumIterator as _, VariantArray as _};
    prop_oneof![
        (proptest::sample::select(TextField::VARIANTS), texts()).prop_map(|(field, text)| Test::Contains(field, text)),
        (proptest::sample::select(NumberField::VARIANTS), sides(), -1e6..1e6)
            .prop_map(|(field, side, bound)| Test::Number(field, side, bound)),
        (proptest::sample::select(TimeField::VARIANTS), sides(), 0_i64..10_000_000)
            .prop_map(|(field, side, seconds)| Test::Time(field, side, TimeDelta::seconds(seconds))),
        proptest::sample::select(Tier::iter().collect::<Vec<_>>()).prop_map(Test::Tier),
        proptest::sample::select(LeadState::iter().collect::<Vec<_>>()).prop_map(Test::State),
        proptest::sample::select(Lane::iter().collect::<Vec<_>>()).prop_map(Test::Lane),
        proptest::sample::select(ReasonCode::iter().collect::<Vec<_>>()).prop_map(Test::Reason),
    ]
}

proptest! {
    #[test]
    fn what_is_shown_is_read_as_the_same(terms in proptest::collection::vec((any::<bool>(), tests_of_leads()), 0..8)) {
        let filter = Filter::new(terms.into_iter().map(|(negated, test)| Term { negated, test }).collect());
        prop_assert_eq!(read(&filter.to_string()), filter);
    }

    #[test]
    fn whatever_is_typed_it_is_a_filter_or_a_fault_with_a_place(text in ".{0,60}") {
        match text.parse::<Filter>() {
            Ok(filter) => prop_assert_eq!(read(&filter.to_string()), filter),
            Err(fault) => prop_assert!(fault.at >= 1 && fault.at <= text.chars().count() + 1 && !fault.cure.is_empty()),
        }
    }
}
