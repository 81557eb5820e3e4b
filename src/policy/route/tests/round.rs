//! Leads that are given at one moment.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::policy::assignment::nano;
use crate::policy::capacity::CapKind;
use crate::policy::hold::{HoldAnswer, HoldSettings};

type Chances<'a> = [(&'a str, f64)];

fn named(name: &str) -> Subject {
    Subject { lead_id: LeadId::new(name), ..lead() }
}

impl Scene {
    /// What a lead brings to a round.
    fn candidate(&self, name: &str, p_win: &Chances<'_>) -> Option<Candidate> {
        let lead = named(name);
        let moment = Moment::new(&self.policy, &self.roster, &self.situation, now());
        let alone = self.decide(&lead, p_win);
        let (queues, settings) = (queues(), Settings::default());
        let desk =
            Desk { legacy: &self.legacy, queues: &queues, settings: &settings, cleared: self.cleared, kept: None };
        let (outcome, candidate) = weigh(&lead, &alone.prepared, &Ok(&alone.ranking), &moment, &desk);
        assert_eq!(outcome, alone.outcome);
        candidate
    }

    /// Gives leads together; the situation has what was found from then on.
    fn give(&mut self, leads: &[(&str, &Chances<'_>)]) -> Option<Round> {
        self.situation.round = None;
        let candidates: Vec<Candidate> = leads.iter().filter_map(|(name, p_win)| self.candidate(name, p_win)).collect();
        let round = give(&candidates, &[], &Moment::new(&self.policy, &self.roster, &self.situation, now()));
        self.situation.round.clone_from(&round);
        round
    }
}

#[test]
fn the_place_goes_to_the_lead_to_which_it_is_worth_most() {
    let mut scene = Scene::new("[capacity]\nper_day = 1", &["a", "b"]);
    let (first, second) = ([("a", 0.40), ("b", 0.38)], [("a", 0.60), ("b", 0.30)]);
    let round = scene.give(&[("L1", &first), ("L2", &second)]).unwrap();
    assert_eq!(round.gain, nano(0.60 + 0.38 - 0.40 - 0.30));
    let decided = scene.decide(&named("L1"), &first);
    assert_eq!((decided.owner().as_str(), scene.decide(&named("L2"), &second).owner().as_str()), ("b", "a"));
    let said = decided.outcome.recommendation.explanation.clone();
    assert!(
        said.ends_with("Rep a's place goes to another lead, which is worth more with them, given at the same moment."),
        "{said}"
    );
    let why = "Rep a would have got it alone; another lead came with it, and Rep b gets it so that all are worth most.";
    assert_eq!(decided.why_not("a"), why);
    assert_eq!(decided.change("a"), "Rep a would have to have room for one lead more.");
    assert_eq!(decided.outcome.path.gates.margin, None);
    // What is stored of it reads, and says the same.
    let stored = serde_json::to_string(&scene.situation).unwrap();
    scene.situation = serde_json::from_str(&stored).unwrap();
    assert_eq!(scene.decide(&named("L1"), &first).outcome, decided.outcome);
    // A lead of which nothing is said is decided by itself.
    assert_eq!(scene.decide(&named("L3"), &first).owner(), "a");
}

#[test]
fn where_nothing_limits_or_one_comes_alone_there_is_no_round() {
    let chances = [("a", 0.40), ("b", 0.38)];
    assert_eq!(Scene::new("", &["a", "b"]).give(&[("L1", &chances), ("L2", &chances)]), None);
    assert_eq!(Scene::new("[capacity]\nper_day = 1", &["a", "b"]).give(&[("L1", &chances)]), None);
    let mut uncleared = Scene::new("[capacity]\nper_day = 1", &["a", "b"]);
    uncleared.cleared = false;
    assert_eq!(uncleared.give(&[("L1", &chances), ("L2", &chances)]), None);
}

#[test]
fn a_lead_for_which_no_place_is_left_goes_to_the_manager_and_says_so() {
    let mut scene = Scene::new("[capacity]\nper_day = 1", &["a"]);
    scene.give(&[("L1", &[("a", 0.40)]), ("L2", &[("a", 0.60)])]).unwrap();
    let decided = scene.decide(&named("L1"), &[("a", 0.40)]);
    assert_eq!((decided.owner().as_str(), decided.outcome.recommendation.reason), ("manager", RouteReason::EmptyPool));
    let said = "The places of all 1 rep who may get it went to leads that came with it.";
    assert_eq!(decided.outcome.recommendation.explanation, said);
    assert_eq!(decided.why_not("a"), said);
}

#[test]
fn leads_that_others_than_the_model_give_take_places_and_join_no_round() {
    let rule = rule("key", "strategic", "lead.id == 'L1'", "rep = \"Rep a\"");
    let scene = Scene::new(&format!("[capacity]\nper_day = 1\n{rule}"), &["a", "b"]);
    let chances = [("a", 0.60), ("b", 0.30)];
    assert_eq!(scene.candidate("L1", &chances), None);
    let other = scene.candidate("L2", &chances).unwrap();
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    let round = give(&[other], &[id("a")], &moment).unwrap();
    assert_eq!(round.reps, [(LeadId::new("L2"), Some(id("b")))].into());
}

#[test]
fn nobody_gets_beyond_their_share_while_others_are_below_it() {
    let mut scene = Scene::new("[fairness]\nahead_at_most = 1", &["a", "b"]);
    let chances = [("a", 0.60), ("b", 0.59)];
    let leads = ["L1", "L2", "L3", "L4"].map(|name| (name, &chances[..]));
    let round = scene.give(&leads).unwrap();
    let of = |rep: &str| round.reps.values().flatten().filter(|other| other.as_str() == rep).count();
    // Each of the four entitles both to half: with three of them Rep a is one ahead.
    assert_eq!((of("a"), of("b")), (3, 1));
}

/// Recent leads of two kinds.
fn sample() -> Vec<Offers> {
    let one = |a: f64, b: f64| vec![(id("a"), nano(a)), (id("b"), nano(b))];
    vec![one(0.5, 0.2), one(0.3, 0.28)]
}

#[test]
fn places_cost_what_the_leads_to_come_would_lose() {
    let scene = Scene::new("[capacity]\nper_day = 2\nper_week = 10\nopen = 20", &["a", "b"]);
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    let few = rep_prices(&sample(), &[(CapKind::Day, 0.1), (CapKind::Week, 0.2)].into(), &moment).unwrap();
    assert_eq!(few.reps, [], "places are left over, so none costs anything: {few:?}");
    let many = rep_prices(&sample(), &[(CapKind::Day, 4.0)].into(), &moment).unwrap();
    assert_eq!((many.reps.clone(), many.until.as_str()), (vec![id("a"), id("b")], "today"));
    assert!(many.prices.reps[0].price > many.prices.reps[1].price, "{many:?}");
    assert_eq!(rep_prices(&[], &[(CapKind::Day, 4.0)].into(), &moment), None);
    assert_eq!(rep_prices(&sample(), &[(CapKind::Month, 4.0)].into(), &moment), None, "nothing limits the month");
}

#[test]
fn a_single_lead_leaves_a_dear_place_to_those_to_come() {
    let mut scene = Scene::new("[capacity]\nper_day = 2", &["a", "b"]);
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    scene.situation.prices = rep_prices(&sample(), &[(CapKind::Day, 3.0)].into(), &moment);
    let decided = scene.decide(&named("L1"), &[("a", 0.40), ("b", 0.38)]);
    assert_eq!(decided.owner(), "b");
    assert!(decided.why_not("a").contains("but the slot costs"), "{}", decided.why_not("a"));
    assert_eq!(scene.decide(&named("L2"), &[("a", 0.60), ("b", 0.30)]).owner(), "a");
}

#[test]
fn leads_wait_only_where_that_wins_more_than_it_costs() {
    let scene = Scene::new("[capacity]\nper_day = 1", &["a", "b"]);
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    let candidate = scene.candidate("L1", &[("a", 0.40), ("b", 0.38)]).unwrap();
    let one = |expected: f64| (expected, TimeDelta::minutes(10));
    let settings = HoldSettings { longest_seconds: 600, loss_per_minute: 0.01, ..HoldSettings::default() };
    let asked = |candidate: &Candidate, expected| {
        wait(std::slice::from_ref(candidate), &sample(), one(expected), &moment, &settings)
    };
    assert!(matches!(asked(&candidate, 6.0), HoldAnswer::Wait(_)), "{:?}", asked(&candidate, 6.0));
    assert_eq!(asked(&candidate, 0.0), HoldAnswer::NothingExpected);
    assert_eq!(asked(&Candidate { urgent: true, ..candidate.clone() }, 6.0), HoldAnswer::Urgent);
    let at = now() + TimeDelta::minutes(60);
    assert_eq!(asked(&Candidate { deadline: at, ..candidate }, 6.0), HoldAnswer::Deadline { at });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is known: no cap is broken, each lead is decided by itself as it was together, as many are given as one by
    /// one, and all together are worth no less.
    #[test]
    fn rounds_keep_caps_and_lose_nothing(
        leads in proptest::collection::vec(proptest::collection::vec(0.2f64..0.9, 4), 1..9),
        caps in proptest::collection::vec(proptest::option::of(0u32..3), 4),
    ) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let cap = |(name, cap): (&&str, &Option<u32>)| cap.map(|cap| format!("\"Rep {name}\" = {{ per_day = {cap} }}\n"));
        let caps_text: String = NAMES.iter().zip(&caps).filter_map(cap).collect();
        let mut scene = Scene::new(&format!("[capacity.reps]\n{caps_text}"), &NAMES);
        let names: Vec<String> = (0..leads.len()).map(|at| format!("L{at}")).collect();
        let chances: Vec<Vec<(&str, f64)>> = leads.iter().map(|p| NAMES.into_iter().zip(p.iter().copied()).collect()).collect();
        let all: Vec<(&str, &Chances<'_>)> = names.iter().map(String::as_str).zip(chances.iter().map(Vec::as_slice)).collect();
        let Some(round) = scene.give(&all) else { return Ok(()) };
        let again = scene.give(&all);
        prop_assert_eq!(again.as_ref(), Some(&round), "the same again");
        let mut got: BTreeMap<String, u32> = BTreeMap::new();
        for ((name, p_win), (lead, rep)) in all.iter().zip(&round.reps) {
            prop_assert_eq!(*name, lead.as_str());
            let decided = scene.decide(&named(name), p_win);
            prop_assert_eq!(decided.owner(), rep.as_ref().map_or("manager", RepId::as_str));
            if let Some(rep) = rep {
                *got.entry(rep.to_string()).or_default() += 1;
            }
        }
        let room = |at: usize| caps[at].unwrap_or(u32::MAX);
        for (at, name) in NAMES.iter().enumerate() {
            prop_assert!(got.get(*name).is_none_or(|got| *got <= room(at)), "{name}: {got:?}");
        }
        // Everybody may get each lead, so as many are given as there are places.
        let places: u64 = (0..4).map(|at| u64::from(room(at))).sum();
        prop_assert_eq!(u64::from(got.values().sum::<u32>()), places.min(leads.len() as u64));
    }
}
