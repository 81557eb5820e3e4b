//! Filters on every store: what the SQL finds is what one finds who reads all rows and judges each by the words of the
//! filter.

use std::str::FromStr as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::filter::{Condition, Filter, NumberField, Side, Situation, Term, Test, TextField, TimeField};
use leadboard::app::ports::{RankedLead, Store};
use leadboard::app::views::{LeadFilter, QueueRow, Seek};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::LeadState;
use leadboard::domain::ranking::{Interval, LeadScore, Tier};
use leadboard::domain::rep::Roster;
use leadboard::domain::verdict::{Reason, ReasonCode};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::store_fixtures::*;

on_every_store! {
    a_search_takes_no_wildcards_and_folds_case
    what_a_filter_finds_is_what_a_reader_finds
    a_window_and_its_count_are_of_the_filter
    reasons_of_verdicts_that_stand_are_found
}

/// The time at which everything is looked at.
const NOW: i64 = 100_000;
const SLA: TimeDelta = TimeDelta::hours(4);

fn conditions(filter: &Filter, roster: &Roster) -> Vec<Condition> {
    filter.conditions(&Situation { now: at(NOW), sla: SLA, roster, me: "Ana" })
}

async fn find(store: &dyn Store, text: &str) -> Vec<String> {
    let filter =
        LeadFilter { conditions: conditions(&Filter::from_str(text).unwrap(), &roster()), ..LeadFilter::default() };
    let page = store.queue_page(&filter, &Seek::Top, 100, at(NOW)).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64, "{text}");
    page.rows.into_iter().map(|row| row.id.to_string()).collect()
}

async fn a_search_takes_no_wildcards_and_folds_case(store: Arc<dyn Store>) {
    for (lead, company) in [("A", "Müller & Söhne 100%"), ("B", "ACME_Corp"), ("C", "acme corp")] {
        let mut lead = raw(lead, 0, rep("legacy"));
        lead.lead.company = company.into();
        take_in(&*store, vec![receive(lead)], 0).await;
    }
    let all = [("MÜLLER", 1), ("söhne", 1), ("%", 1), ("acme", 2), ("me_c", 1), ("b", 1), ("zebra", 0), ("'; --", 0)];
    for (text, found) in all {
        assert_eq!(find(&*store, &format!("\"{text}\"")).await.len(), found, "{text:?}");
    }
    assert_eq!(find(&*store, "").await.len(), 3);
}

/// A lead with something of its own in every field, some of it missing.
fn some_lead(n: usize, random: &mut ChaCha8Rng) -> (String, RankedLead) {
    let name = format!("lead-{n:02}");
    let mut ranked = ranked(&name, 0, *[Lane::Fast, Lane::Disagree, Lane::Hot].choose(random).unwrap(), n as f64, 1);
    let ranking = ranked.ranking.as_mut().unwrap();
    ranking.reps[0].p_win = f64::from(random.random_range(0..60)) / 100.0;
    if random.random_bool(0.3) {
        ranking.reps.truncate(1);
    }
    let tier = *[Tier::Hot, Tier::Warm, Tier::Cold].choose(random).unwrap();
    ranking.lead_score = random.random_bool(0.7).then(|| LeadScore {
        score: random.random_range(0..=100),
        tier,
        probability: 0.2,
        interval: Interval { low: 0.1, high: 0.3 },
        deals: 9,
        factors: Vec::new(),
    });
    (name, ranked)
}

async fn some_leads(store: &dyn Store, random: &mut ChaCha8Rng) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    for n in 0..40 {
        let (name, ranked) = some_lead(n, random);
        let mut lead = raw(&name, 0, if random.random_bool(0.8) { rep("legacy") } else { queue("mq") });
        lead.lead.facts.source = [Some("Webinar"), Some("web FORM"), None].choose(random).unwrap().map(str::to_owned);
        lead.lead.facts.territory = [Some("West"), Some("North-West"), None].choose(random).unwrap().map(str::to_owned);
        lead.lead.facts.created_at = at(NOW - random.random_range(0..400) * 300);
        take_in(store, vec![receive(lead)], 0).await;
        if n % 7 != 0 {
            assert_eq!(store.save_rankings(vec![ranked]).await.unwrap(), 1);
        }
    }
}

/// Whether a reader would say that the row passes.
fn passes(filter: &Filter, row: &QueueRow) -> bool {
    filter.terms().iter().all(|Term { negated, test }| holds(test, row) != *negated)
}

fn holds(test: &Test, row: &QueueRow) -> bool {
    let contains = |text: &Option<String>, part: &str| text.as_ref().is_some_and(|t| t.to_lowercase().contains(part));
    let side = |value: f64, side: &Side, bound: f64| match side {
        Side::Below { at } => value < bound || *at && value <= bound,
        Side::Above { at } => value > bound || *at && value >= bound,
    };
    match test {
        Test::Contains(TextField::Any, part) => {
            row.company.to_lowercase().contains(part) || row.id.as_str().to_lowercase().contains(part)
        }
        Test::Contains(TextField::Source, part) => contains(&row.source, part),
        Test::Contains(TextField::Territory, part) => contains(&row.territory, part),
        Test::Contains(TextField::Rep, part) => contains(&row.recommended, part),
        Test::Contains(TextField::Legacy, part) => contains(&row.legacy, part),
        Test::Contains(TextField::For, part) => contains(&row.handed.as_ref().map(|hand| hand.to.clone()), part),
        Test::Number(NumberField::Score, on, bound) => row.lead_score.is_some_and(|s| side(f64::from(s), on, *bound)),
        Test::Number(NumberField::Win, on, bound) => row.p_win.is_some_and(|p| side(p * 100.0, on, *bound)),
        Test::Number(NumberField::Gap, on, bound) => {
            row.p_win.zip(row.legacy_p_win).is_some_and(|(ours, theirs)| side((ours - theirs) * 100.0, on, *bound))
        }
        Test::Time(field, on, span) => {
            let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_seconds() as f64;
            let value = match field {
                TimeField::Age => seconds(row.created_at, at(NOW)),
                TimeField::Sla => seconds(at(NOW), row.created_at + SLA),
            };
            side(value, on, span.num_seconds() as f64)
        }
        Test::Tier(tier) => row.lead_tier == Some(*tier),
        Test::State(state) => row.state == *state,
        Test::Lane(lane) => row.lane == Some(*lane),
        Test::Reason(_) => false,
    }
}

fn some_filter(random: &mut ChaCha8Rng) -> Filter {
    let side = |random: &mut ChaCha8Rng| {
        let at = random.random_bool(0.5);
        if random.random_bool(0.5) { Side::Below { at } } else { Side::Above { at } }
    };
    let test = |random: &mut ChaCha8Rng| match random.random_range(0..8) {
        0 => Test::Contains(TextField::Source, ["web", "webinar", "form", "zebra"].choose(random).unwrap().to_string()),
        1 => Test::Contains(TextField::Territory, ["west", "north"].choose(random).unwrap().to_string()),
        2 => Test::Contains(TextField::Rep, ["bea", "e", "managers"].choose(random).unwrap().to_string()),
        3 => Test::Contains(TextField::Legacy, ["leo", "managers", "nobody"].choose(random).unwrap().to_string()),
        4 => Test::Number(NumberField::Score, side(random), f64::from(random.random_range(0..=100))),
        5 => {
            let field = *[NumberField::Gap, NumberField::Win].choose(random).unwrap();
            Test::Number(field, side(random), f64::from(random.random_range(-30..60)) + 0.5)
        }
        6 => {
            let field = *[TimeField::Age, TimeField::Sla].choose(random).unwrap();
            Test::Time(field, side(random), TimeDelta::seconds(random.random_range(0..400) * 300))
        }
        _ => [Test::Tier(Tier::Hot), Test::State(LeadState::Pending), Test::Lane(Lane::Hot), Test::Tier(Tier::Cold)]
            .choose(random)
            .unwrap()
            .clone(),
    };
    let terms = random.random_range(1..=3);
    Filter::new((0..terms).map(|_| Term { negated: random.random_bool(0.3), test: test(random) }).collect())
}

async fn what_a_filter_finds_is_what_a_reader_finds(store: Arc<dyn Store>) {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    some_leads(&*store, &mut random).await;
    let all = store.queue_page(&LeadFilter::default(), &Seek::Top, 100, at(NOW)).await.unwrap().rows;
    let (mut some, mut none) = (0, 0);
    for _ in 0..300 {
        let filter = some_filter(&mut random);
        let read: Vec<&str> = all.iter().filter(|row| passes(&filter, row)).map(|row| row.id.as_str()).collect();
        assert_eq!(find(&*store, &filter.to_string()).await, read, "{filter}");
        if read.is_empty() {
            none += 1;
        } else if read.len() < all.len() {
            some += 1;
        }
    }
    assert!(some > 100 && none > 10, "the filters tell little: {some} found some, {none} none");
}

async fn a_window_and_its_count_are_of_the_filter(store: Arc<dyn Store>) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    some_leads(&*store, &mut random).await;
    let every = conditions(&Filter::from_str("-tier:cold").unwrap(), &roster());
    let counts = store.lanes_matching(&every, at(NOW)).await.unwrap();
    for lane in [Lane::Fast, Lane::Disagree] {
        let filter = LeadFilter { lane: Some(lane), conditions: every.clone(), ..LeadFilter::default() };
        let whole = store.queue_page(&filter, &Seek::Top, 100, at(NOW)).await.unwrap();
        assert!(whole.rows.len() > 3 && whole.rows.iter().all(|row| row.lead_tier != Some(Tier::Cold)));
        assert_eq!(counts.of(lane), whole.total);
        let end = store.queue_page(&filter, &Seek::End, 2, at(NOW)).await.unwrap();
        assert_eq!((end.start, end.total), (whole.total - 2, whole.total));
        assert_eq!(end.rows, whole.rows[whole.rows.len() - 2..]);
    }
}

async fn reasons_of_verdicts_that_stand_are_found(store: Arc<dyn Store>) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    for lead in ["A", "B"] {
        in_lane(&*store, lead).await;
    }
    // The fixture's decision rejects for "other".
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let mut exact = decision("B", 0, 5, true);
    exact.decision.rejection.as_mut().unwrap().code = Reason::exactly(ReasonCode::T, 2).unwrap();
    store.decide(exact).await.unwrap();
    assert_eq!(find(&*store, "reason:T").await, ["B"], "by its letter");
    let kept = store.decision_of(&id("B")).await.unwrap().unwrap();
    assert_eq!(kept.rejection.unwrap().code.to_string(), "T2");
    store.undo(&id("B"), "Ana", at(5)).await.unwrap();
    let other = ReasonCode::O;
    assert_eq!(find(&*store, &format!("reason:{other}")).await, ["A"]);
    assert_eq!(find(&*store, &format!("-reason:{other}")).await, ["B"]);
    assert!(find(&*store, "reason:T").await.is_empty());
    store.undo(&id("A"), "Ana", at(6)).await.unwrap();
    assert!(find(&*store, &format!("reason:{other}")).await.is_empty(), "a verdict that was taken back is found");
}
