use chrono::Days;
use proptest::prelude::*;

use super::*;

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 2).unwrap() + Days::new(n)
}

fn load() -> Workload {
    Workload { today: day(0), weight: ORDINARY, ..Workload::default() }
}

fn settings() -> CapacitySettings {
    CapacitySettings { per_day: Some(4), per_week: Some(18), ..CapacitySettings::default() }
}

#[test]
fn the_cap_with_least_room_counts_and_says_so() {
    let busy = Workload { leads_today: 1, leads_week: 17, ..load() };
    let found = room("ana", &busy, &settings());
    assert_eq!((found.left, found.binding().unwrap().kind), (Some(1), CapKind::Week));
    assert_eq!(found.words(), "has 17 of 18 leads this week");
    let full = room("ana", &Workload { leads_today: 4, ..load() }, &settings());
    assert!(full.is_full());
    assert_eq!(full.words(), "has 4 of 4 leads today");
    let free = room("ana", &load(), &CapacitySettings::default());
    assert_eq!((free.left, free.places(), free.words()), (None, u32::MAX, "has no cap".to_owned()));
}

#[test]
fn a_deal_weighs_by_how_long_it_will_stay() {
    let weights = [Some(day(0)), Some(day(14)), Some(day(29)), Some(day(400)), None];
    assert_eq!(weights.map(|closes| deal_weight(closes, day(0), 30)), [34, 500, 1_000, 1_000, 1_000]);
    assert_eq!(deal_weight(Some(day(0)), day(9), 30), 1_000, "should have closed and did not");
    let settings = CapacitySettings { open: Some(3), ..CapacitySettings::default() };
    let open = room("ana", &Workload { open: vec![Some(day(14)), Some(day(14)), None], ..load() }, &settings);
    assert_eq!((open.left, open.words()), (Some(1), "has open deals that weigh 2 of 3".to_owned()));
}

#[test]
fn activities_take_the_place_of_leads() {
    let settings = CapacitySettings { activities_per_lead: 2, ..settings() };
    let found = room("ana", &Workload { activities_today: 3, leads_today: 1, ..load() }, &settings);
    assert_eq!(found.left, Some(1));
    assert_eq!(found.words(), "has 2.5 of 4 leads today (1.5 of it for activities in the calendar)");
}

#[test]
fn a_new_rep_ramps_up_and_leaves_no_debt() {
    let of = |days: u64| room("ana", &Workload { today: day(days), started: Some(day(0)), ..load() }, &settings());
    assert_eq!([0, 7, 14, 21].map(|days| of(days).left), [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((of(0).weight, of(21).weight), (250, 1_000));
    assert_eq!(of(8).words(), "has 0 of 2 leads today; week 2 of the ramp: 50 % of a full share");
    let early = room("ana", &Workload { started: Some(day(3)), ..load() }, &CapacitySettings::default());
    assert!(early.is_full());
    assert_eq!((early.weight, early.words()), (0, "starts on 2026-11-05".to_owned()));
}

#[test]
fn after_a_leave_the_days_go_up_step_by_step() {
    let of = |away_days, days_back| {
        let load = Workload { leave: Some(Leave { away_days, days_back }), ..load() };
        room("ana", &load, &settings()).left
    };
    assert_eq!([of(12, 0), of(12, 1), of(12, 2), of(2, 0)], [Some(2), Some(3), Some(4), Some(4)]);
}

#[test]
fn who_is_full_for_weeks_gets_less_until_a_week_was_lighter() {
    let of = |past_weeks: Vec<u32>| room("ana", &Workload { past_weeks, ..load() }, &settings());
    let throttled = of(vec![17, 18, 17, 18]);
    assert_eq!(throttled.left, Some(3));
    let why = "above 90 % of the weekly cap for 4 weeks: eased to 75 %";
    assert_eq!(throttled.words(), format!("has 0 of 3 leads today; {why}"));
    assert_eq!(of(vec![16, 18, 18, 18]).left, Some(4), "16 of 18 is 89 %");
    assert_eq!(of(vec![18, 18, 18]).left, Some(4), "three weeks");
}

#[test]
fn a_weight_scales_what_is_set_for_all_and_not_what_is_set_for_one() {
    let text = "per_day = 4\n[reps.ana]\nper_day = 6\n[guard]\nweeks = 0";
    let settings: CapacitySettings = toml::from_str(text).unwrap();
    let half = Workload { weight: 500, ..load() };
    assert_eq!((room("ana", &half, &settings).left, room("bob", &half, &settings).left), (Some(6), Some(2)));
    assert!(toml::from_str::<CapacitySettings>("[reps.ana]\nper_hour = 1").is_err());
}

fn workload() -> impl Strategy<Value = Workload> {
    let counts = (0u32..12, 0u32..40, 0u32..120, 0u32..9);
    let open = proptest::collection::vec(proptest::option::of((0u64..90).prop_map(day)), 0..20);
    let past = proptest::collection::vec(0u32..30, 0..6);
    let leave =
        proptest::option::of((0u32..30, 0u32..5).prop_map(|(away_days, days_back)| Leave { away_days, days_back }));
    let rest = (past, leave, proptest::option::of((0u64..90).prop_map(day)), 0u32..3_000, 0u64..90);
    (counts, open, rest).prop_map(
        |((today, week, month, activities), open, (past_weeks, leave, started, weight, now))| Workload {
            today: day(now),
            leads_today: today,
            leads_week: week,
            leads_month: month,
            open,
            activities_today: activities,
            past_weeks,
            started,
            leave,
            weight,
        },
    )
}

fn any_settings() -> impl Strategy<Value = CapacitySettings> {
    let cap = |most: u32| proptest::option::of(0..most);
    let lists = (proptest::collection::vec(0u8..=100, 0..5), proptest::collection::vec(0u8..=100, 0..4));
    (cap(10), cap(40), cap(120), cap(20), lists, 0u32..60, 0u32..4).prop_map(
        |(per_day, per_week, per_month, open, (ramp, after_leave), closing_days, activities_per_lead)| {
            CapacitySettings {
                per_day,
                per_week,
                per_month,
                open,
                closing_days,
                activities_per_lead,
                ramp,
                after_leave,
                ..CapacitySettings::default()
            }
        },
    )
}

proptest! {
    /// Whatever is on the desk: giving as many leads as there is room for breaks no cap, and more on the desk never makes
    /// more room.
    #[test]
    fn no_cap_is_broken_and_more_work_never_makes_room(load in workload(), settings in any_settings()) {
        let found = room("ana", &load, &settings);
        if let Some(left) = found.left {
            let given = u64::from(left) * LEAD;
            for cap in &found.caps {
                prop_assert!(left == 0 || cap.used + given <= cap.of);
                prop_assert!(cap.of <= cap.full.div_ceil(LEAD) * LEAD);
            }
        }
        let more = Workload {
            leads_today: load.leads_today + 1,
            leads_week: load.leads_week + 1,
            leads_month: load.leads_month + 1,
            open: load.open.iter().copied().chain([None]).collect(),
            activities_today: load.activities_today + 1,
            ..load.clone()
        };
        prop_assert!(room("ana", &more, &settings).places() <= found.places());
        let heavier = Workload { leave: None, started: None, past_weeks: vec![], ..load };
        prop_assert!(found.places() <= room("ana", &heavier, &settings).places(), "care never makes room");
        let stored = serde_json::to_string(&found).unwrap();
        prop_assert_eq!(serde_json::from_str::<Room>(&stored).unwrap(), found);
    }
}
