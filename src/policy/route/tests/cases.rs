//! Each rung once, with what it says.

use crate::domain::lane::Lane;
use crate::domain::pool::Exclusion;
use crate::domain::ranking::{LeadScore, Tier};
use crate::policy::absence::{Away, Feed, Source};
use crate::policy::company::{Found, How, Kind as RecordKind, Match};
use crate::policy::fairness::{Entry, EntryKind, LEAD, Line};
use crate::policy::price::{BidPrice, Prices};
use crate::policy::span::Span;
use crate::policy::subject::Account;

use super::*;

const ALL: [&str; 3] = ["a", "b", "c"];
const P: [(&str, f64); 3] = [("a", 0.5), ("b", 0.4), ("c", 0.3)];

fn strategic() -> String {
    rule("Key", "strategic", "true", "rep = \"c\"")
}

fn away(who: &str) -> Vec<Feed> {
    let span = Span::new(now() - TimeDelta::days(1), now() + TimeDelta::days(1));
    let away = vec![Away { rep: id(who), span, kind: Some("vacation".into()) }];
    vec![Feed::read(Source::Crm, now(), away)]
}

fn account(owner: &str) -> Account {
    Account {
        id: "001".into(),
        name: "Acme".into(),
        website: None,
        owner: Some(Owner::Rep(id(owner))),
        customer: true,
        open_deals: 1,
    }
}

fn reason(decided: &Decided) -> RouteReason {
    decided.outcome.recommendation.reason
}

#[test]
fn a_strategic_rule_comes_before_the_account_owner_and_both_before_the_model() {
    let scene = Scene::new(&strategic(), &ALL);
    let owned = Subject { account: Some(account("b")), ..lead() };
    let decided = scene.decide(&owned, &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::StrategicRule, "c".into()));
    assert_eq!(decided.outcome.recommendation.explanation, "Rule \"Key\" names Rep c: because.");
    assert_eq!(decided.why_not("a"), "Rule \"Key\" names Rep c.");
    assert_eq!(decided.change("a"), "Rule \"Key\" would have to name Rep a.");
    let scene = Scene::new("", &ALL);
    let decided = scene.decide(&owned, &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::AccountOwner, "b".into()));
    assert_eq!(decided.outcome.recommendation.explanation, "Rep b owns the account Acme (001).");
    assert_eq!(decided.change("a"), "Rep a would have to own the account Acme (001).");
    let decided = scene.decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::ModelPick, "a".into()));
    assert_eq!(decided.why_not("c"), "The model ranks Rep c number 3, with 30.0 %; Rep a has 50.0 %.");
    assert_eq!(decided.change("c"), "Rep c would have to reach 50.0 % instead of 30.0 %.");
}

#[test]
fn a_claim_of_somebody_unavailable_passes_on_and_then_to_whoever_has_the_turn() {
    let mut scene = Scene::new(&strategic(), &ALL);
    scene.situation.feeds = away("c");
    // Rep a had a lead more than their share.
    let lines = [("a", LEAD, LEAD / 2), ("b", 0, LEAD / 2)];
    let lines = lines.map(|(rep, got, entitled)| Line { rep: id(rep), got, entitled }).to_vec();
    scene.situation.ledger.apply(&Entry { at: now(), kind: EntryKind::Decided, lead_id: None, lines });
    let decided = scene.decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::RoundRobinUnavailable, "b".into()));
    let explanation = &decided.outcome.recommendation.explanation;
    assert!(explanation.starts_with("Rule \"Key\" names Rep c, who is unavailable: away, back"), "{explanation}");
    assert!(
        explanation.ends_with("Rep b has the turn of 2 reps: 0.5 leads behind their share before this lead."),
        "{explanation}"
    );
    assert!(
        decided.why_not("c").starts_with("Rule \"Key\" names Rep c, who is unavailable"),
        "{}",
        decided.why_not("c")
    );
    assert!(decided.change("c").starts_with("This would have to go away: away, back"), "{}", decided.change("c"));
    assert_eq!(decided.why_not("a"), "Rep a has turn 2 of 2 (0.5 leads ahead of their share); Rep b has the first.");
    assert_eq!(decided.change("a"), "Rep a would have to have had 1.0 leads fewer by now.");
    let owned = Subject { account: Some(account("a")), ..lead() };
    assert_eq!(reason(&scene.decide(&owned, &P)), RouteReason::AccountOwner, "the next with a claim stands in");
    scene.situation.loads = [(id("c"), load(9))].into();
    scene.situation.feeds = Vec::new();
    let full = |claim: &str| {
        let text = format!("[capacity]\nper_day = 3\n[claim]\nfull = \"{claim}\"\n{}", strategic());
        Scene { policy: policy(&text, &scene.roster), roster: scene.roster.clone(), ..Scene::new("", &ALL) }
    };
    for (claim, wanted) in [("pass", RouteReason::RoundRobinUnavailable), ("keep", RouteReason::StrategicRule)] {
        let scene = Scene { situation: scene.situation.clone(), ..full(claim) };
        assert_eq!(reason(&scene.decide(&lead(), &P)), wanted);
    }
}

#[test]
fn nobody_stands_in_for_their_own_claim() {
    let hours = "[hours]\nweek = \"Mon-Fri 14:00-18:00\"\nzone = \"Europe/Berlin\"\n";
    let mut scene = Scene::new(&format!("{hours}[claim]\nclosed = \"pass\"\n{}", strategic()), &ALL);
    let lines = vec![Line { rep: id("c"), got: 0, entitled: LEAD }];
    scene.situation.ledger.apply(&Entry { at: now(), kind: EntryKind::Decided, lead_id: None, lines });
    let decided = scene.decide(&lead(), &P);
    assert!(decided.prepared.pool.has(&id("c")), "who is not at work stays in the pool");
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::RoundRobinUnavailable, "a".into()));
    let keep = Scene { policy: policy(&format!("{hours}{}", strategic()), &scene.roster), ..scene };
    assert_eq!(reason(&keep.decide(&lead(), &P)), RouteReason::StrategicRule);
}

#[test]
fn an_owner_who_is_gone_leaves_the_lead_to_the_model() {
    let mut scene = Scene::new("", &ALL);
    scene.roster.reps[2].active = false;
    let decided = scene.decide(&Subject { account: Some(account("c")), ..lead() }, &P[..2]);
    assert_eq!(reason(&decided), RouteReason::ModelPick);
    assert_eq!(decided.why_not("c"), "Rep c is not eligible: inactive in the CRM.");
    let said = decided.outcome.path.rungs[1].to_string();
    assert_eq!(said, "Account owner: Rep c owns the account Acme (001), but is no active rep any more.");
}

#[test]
fn records_that_contradict_each_other_are_for_a_manager() {
    let record = |id_: &str, rep: &str| Match {
        id: id_.into(),
        kind: RecordKind::Account,
        company: "Acme".into(),
        owner: Some(Owner::Rep(id(rep))),
        how: How::Domain,
        shared: "acme.com".into(),
    };
    let disputed = Subject { owners: Found::Ambiguous { records: vec![record("1", "a"), record("2", "b")] }, ..lead() };
    let decided = Scene::new("", &ALL).decide(&disputed, &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::AccountConflict, "manager".into()));
    assert!(decided.outcome.recommendation.explanation.contains("same domain acme.com"));
    let owned = Subject { account: Some(account("a")), ..disputed.clone() };
    assert_eq!(reason(&Scene::new("", &ALL).decide(&owned, &P)), RouteReason::AccountConflict, "nobody guesses");
    let one = Subject { owners: Found::One { record: record("1", "c") }, ..lead() };
    let decided = Scene::new("", &ALL).decide(&one, &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::AccountOwner, "c".into()));
    let off = Scene::new("[company]\none_rep = false\n", &ALL);
    assert_eq!(reason(&off.decide(&one, &P)), RouteReason::ModelPick);
    assert_eq!(reason(&off.decide(&disputed, &P)), RouteReason::ModelPick);
}

#[test]
fn partner_rules_name_a_rep_a_queue_or_narrow_the_pool_and_give_the_source() {
    let partner = |more: &str| rule("P", "partner", "true", &format!("{more}\nsource = \"Partner\""));
    let decided = Scene::new(&partner("rep = \"c\""), &ALL).decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::PartnerRoute, "c".into()));
    assert_eq!(decided.outcome.path.source.as_deref(), Some("Partner"));
    let decided = Scene::new(&partner("queue = \"Partners\""), &ALL).decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::PartnerRoute, "q-partners".into()));
    let gold = "[[rep]]\nrep = \"b\"\npartner_tiers = [\"gold\"]\n";
    let narrow = format!("{gold}{}", partner("rep_when = '\"gold\" in rep.partner_tiers'"));
    let decided = Scene::new(&narrow, &ALL).decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::ModelAgrees, "b".into()));
    assert_eq!(
        decided.why_not("a"),
        "Rep a is not eligible: kept out by the rule P: \"gold\" in rep.partner_tiers does not hold, it is []."
    );
    // A partner rule is no excuse for a rep who may not get the lead.
    let elsewhere =
        format!("{}{}", partner("rep = \"c\""), rule("N", "require", "true", "rep_when = 'rep.name != \"Rep c\"'"));
    let decided = Scene::new(&elsewhere, &ALL).decide(&lead(), &P);
    assert_eq!(reason(&decided), RouteReason::RoundRobinUnavailable);
}

#[test]
fn exceptions_low_confidence_and_close_calls_are_for_a_manager() {
    let text = format!("[high_value]\namount = 1000\n{}", rule("Look", "exception", "lead.source == \"Press\"", ""));
    let scene = Scene::new(&text, &ALL);
    let with = |source: &str, amount: f64| {
        let mut lead = lead();
        (lead.facts.source, lead.facts.amount) = (Some(source.into()), Some(amount));
        lead
    };
    let decided = scene.decide(&with("Press", 5000.0), &P);
    assert_eq!(reason(&decided), RouteReason::ExceptionRule);
    assert_eq!(decided.outcome.recommendation.explanation, "Rule \"Look\" asks for a manager: because.");
    assert_eq!(decided.change("a"), "Rule \"Look\" would have to go.");
    let decided = scene.decide(&with("Web", 1000.0), &P);
    assert_eq!(reason(&decided), RouteReason::HighValue);
    assert_eq!(
        decided.change("b"),
        "The amount would have to be below 1,000. Rep b would have to reach 50.0 % instead of 40.0 %."
    );
    assert_eq!(reason(&scene.decide(&with("Web", 999.0), &P)), RouteReason::ModelPick);
    let low = scene.decide(&lead(), &[("a", 0.1), ("b", 0.05), ("c", 0.15)]);
    assert_eq!((reason(&low), low.owner()), (RouteReason::LowConfidence, "manager".into()));
    assert_eq!(low.change("b"), "Rep b would have to reach 20.0 % instead of 5.0 %.");
    assert_eq!(low.change("c"), "Rep c would have to reach 20.0 % instead of 15.0 %.");
    let close = [("a", 0.305), ("b", 0.1), ("c", 0.3)];
    let said = Scene::new("[margin]\npoints = 1\n", &ALL).decide(&lead(), &close);
    assert_eq!(reason(&said), RouteReason::ModelPick);
    assert!(said.outcome.recommendation.explanation.ends_with("It was close: 0.5 points before Rep c."));
    let tie = Scene::new("", &ALL).decide(&lead(), &[("a", 0.3002), ("b", 0.1), ("c", 0.3001)]);
    assert_eq!(tie.change("c"), "Rep c would have to reach 30.02 % instead of 30.01 %.");
    assert_eq!(tie.why_not("c"), "The model ranks Rep c number 2, with 30.01 %; Rep a has 30.02 %.");
    let tie = Scene::new("", &ALL).decide(&lead(), &[("a", 0.3), ("b", 0.1), ("c", 0.3)]);
    assert_eq!(tie.change("c"), "Rep c would only have to reach a little more: both are at 30.0 %.");
    // Rounding never says that what is below the gate is at it.
    let below = Scene::new("", &ALL).decide(&lead(), &[("a", 0.199_68), ("b", 0.1), ("c", 0.15)]);
    assert_eq!(
        below.outcome.recommendation.explanation,
        "The best of 3 reps has 19.97 %, below the gate of 20 %: a person should look."
    );
    let way: Vec<String> = below.outcome.path.rungs.iter().map(ToString::to_string).collect();
    assert!(way.contains(&"Model: The best has 19.97 %, below the gate of 20 %.".to_owned()), "{way:?}");
    assert_eq!(below.change("a"), "Rep a would have to reach 20.00 % instead of 19.97 %.");
    let asked = Scene::new("[margin]\npoints = 1\nbelow = \"manager\"\n", &ALL).decide(&lead(), &close);
    assert_eq!((reason(&asked), asked.owner()), (RouteReason::LowMargin, "manager".into()));
    assert_eq!(asked.change("a"), "Rep a would have to reach 31.0 % instead of 30.5 %.");
}

#[test]
fn a_tie_is_told_as_one_and_by_what_the_turn_went() {
    let mut scene = Scene::new(&strategic(), &ALL);
    scene.situation.feeds = away("c");
    let said = |scene: &Scene, rep: &str| {
        let decided = scene.decide(&lead(), &P);
        assert_eq!(reason(&decided), RouteReason::RoundRobinUnavailable);
        (decided.why_not(rep), decided.change(rep))
    };
    let (why, change) = said(&scene, "b");
    let by_id = "Rep a stands the same and has the first by the order of the CRM's ids.";
    assert_eq!(why, format!("Rep b has turn 2 of 2 (even with their share); {by_id}"));
    assert_eq!(change, "It was a tie, and Rep a has the turn by the order of the CRM's ids: any lead fewer would do.");
    // A lead of their own each: who had none yet goes first, and then who has waited longer.
    let mut got = |rep: &str, hours: i64| {
        let lines = vec![Line { rep: id(rep), got: LEAD, entitled: LEAD }];
        let at = now() - TimeDelta::hours(hours);
        scene.situation.ledger.apply(&Entry { at, kind: EntryKind::Decided, lead_id: None, lines });
        said(&scene, if rep == "a" { "a" } else { "b" })
    };
    let (why, change) = got("a", 9);
    assert!(why.ends_with("Rep b stands the same and has the first for having had no lead yet."), "{why}");
    assert!(change.starts_with("It was a tie, and Rep b has the turn for having had no lead yet:"), "{change}");
    let (why, change) = got("b", 5);
    assert!(why.ends_with("Rep a stands the same and has the first for having waited longer since their last lead."));
    assert!(!change.contains("0.0 leads"), "{change}");
    // What the rounding of shares leaves is no difference.
    let lines = vec![Line { rep: id("a"), got: 1, entitled: 0 }];
    scene.situation.ledger.apply(&Entry { at: now(), kind: EntryKind::Undone, lead_id: None, lines });
    assert_eq!(said(&scene, "a").1, change.replace("Rep a", "Rep b").replace(WAITED, BY_ID));
}

const WAITED: &str = "for having waited longer since their last lead";
const BY_ID: &str = "by the order of the CRM's ids";

#[test]
fn whoever_is_too_far_ahead_is_passed_over_and_told_so() {
    let mut scene = Scene::new("[fairness]\nahead_at_most = 1\n", &ALL);
    let lines = vec![Line { rep: id("a"), got: 2 * LEAD, entitled: LEAD }];
    scene.situation.ledger.apply(&Entry { at: now(), kind: EntryKind::Decided, lead_id: None, lines });
    let decided = scene.decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::ModelAgrees, "b".into()));
    assert_eq!(
        decided.outcome.recommendation.explanation,
        "The first who may get it, of 2 reps, is also the legacy rules' choice. Rep a would be 1.7 leads ahead of their \
         share, beyond the bound of 1.0, and others are below it."
    );
    assert_eq!(
        decided.why_not("a"),
        "Rep a is passed over: with it 1.7 leads ahead of their share, beyond the bound of 1.0."
    );
    assert_eq!(decided.change("a"), "Rep a would have to have had 0.7 leads fewer by now.");
}

#[test]
fn a_place_that_costs_more_than_its_rep_is_better_goes_to_another() {
    let bid = |price| BidPrice { price, places: 1, best_for: 2.0, would_get: 1.0 };
    let prices = Prices { reps: vec![bid(200_000_000), bid(0), bid(0)], expected: 9.0, sample: 5 };
    let prices = RepPrices { reps: ALL.map(id).to_vec(), prices, until: "today".into() };
    let mut scene = Scene::new("[capacity]\nper_day = 3\n", &ALL);
    scene.situation.prices = Some(prices);
    let decided = scene.decide(&lead(), &P);
    assert_eq!(decided.owner(), "b");
    assert!(decided.outcome.recommendation.explanation.contains("Rep a's slot costs 20.0 points: 1 place left"));
    assert_eq!(decided.why_not("a"), "Rep a has 50.0 %, but the slot costs 20.0 points, and Rep b remains worth more.");
    assert_eq!(decided.change("a"), "Rep a would have to reach 60.0 % instead of 50.0 %.");
    assert!(scene.decide(&lead(), &[("a", 0.61), ("b", 0.4), ("c", 0.3)]).owner() == "a");
    // Where nothing limits, prices do not count.
    let free = Scene { situation: scene.situation.clone(), ..Scene::new("", &ALL) };
    assert_eq!(free.decide(&lead(), &P).owner(), "a");
    scene.cleared = false;
    assert_eq!(scene.decide(&lead(), &P).owner(), "a", "an uncleared probability is compared with no price");
}

#[test]
fn reps_whom_the_model_does_not_know_get_leads_by_turn() {
    let text = "[eligibility]\nno_support = \"exclude\"\nmin_similar_deals = 51\n";
    let decided = Scene::new(text, &ALL).decide(&lead(), &P);
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::RoundRobinUnsupported, "a".into()));
    let some = Scene::new(text, &ALL);
    let mut ranking = decided.ranking.clone();
    ranking.reps[1].support.similar_deals = 51;
    let moment = Moment::new(&some.policy, &some.roster, &some.situation, now());
    let (queues, settings) = (queues(), Settings::default());
    let desk = Desk { legacy: &some.legacy, queues: &queues, settings: &settings, cleared: true, kept: None };
    let outcome = conclude(&lead(), &decided.prepared, &Ok(&ranking), &moment, &desk);
    let decided = Decided { ranking, outcome, ..decided };
    assert_eq!((reason(&decided), decided.owner()), (RouteReason::ModelAgrees, "b".into()));
    assert_eq!(decided.why_not("a"), "The model knows too few deals of Rep a: 50 of 50 are like this lead.");
    assert_eq!(decided.change("a"), "The model would have to know more deals of Rep a like this one.");
    let known = text.replace("51", "50");
    assert_eq!(reason(&Scene::new(&known, &ALL).decide(&lead(), &P)), RouteReason::ModelPick);
}

#[test]
fn without_the_model_rules_and_owners_still_decide_and_all_else_goes_to_the_default_queue() {
    let failed = Scene::new("", &ALL).fail(&lead());
    assert_eq!(failed.recommendation.route.owner().id(), "default");
    assert_eq!(failed.recommendation.explanation, "Ranking failed: no answer.");
    assert_eq!(failed.path.pool.as_ref().map(|pool| pool.eligible.len()), Some(3));
    let owned = Subject { account: Some(account("a")), ..lead() };
    assert_eq!(Scene::new("", &ALL).fail(&owned).recommendation.reason, RouteReason::AccountOwner);
    assert_eq!(Scene::new(&strategic(), &ALL).fail(&lead()).recommendation.reason, RouteReason::StrategicRule);
    let told = Told { recommendation: &failed.recommendation, ranking: None, path: &failed.path };
    assert_eq!(smallest_change(&id("a"), &told), [Lift::ModelWorks]);
}

#[test]
fn a_good_score_is_hot_only_from_a_source_of_high_intent() {
    let hot = rule("Demo", "hot", "lead.source == \"Demo request\"", "");
    let from = |source: &str, score: u8| {
        let mut lead = lead();
        (lead.facts.source, lead.score) = (Some(source.into()), Some(score));
        lead
    };
    let scene = Scene::new(&hot, &ALL);
    let lane_of = |scene: &Scene, lead: &Subject| {
        let decided = scene.decide(lead, &P);
        let lane = lane(lead, &decided.outcome, Some(&decided.ranking), &scene.legacy);
        (lane == Lane::Hot, decided.outcome.path.heat.to_string())
    };
    assert_eq!(
        lane_of(&scene, &from("Demo request", 81)),
        (true, "Hot: score 81 is above 80, high intent by \"Demo\".".into())
    );
    assert_eq!(lane_of(&scene, &from("Demo request", 80)), (false, "Not hot: score 80 is not above 80.".into()));
    assert!(!lane_of(&scene, &from("Web", 99)).0);
    let (hot, said) = lane_of(&Scene::new("", &ALL), &from("Demo request", 99));
    assert!(!hot && said.contains("there are no rules"), "{said}");
    // The model's score of today counts more than what the lead had before.
    let (decided, lead) = (scene.decide(&lead(), &P), from("Demo request", 10));
    let mut ranking = decided.ranking.clone();
    let interval = Interval { low: 0.4, high: 0.6 };
    ranking.lead_score =
        Some(LeadScore { score: 90, tier: Tier::Hot, probability: 0.5, interval, deals: 9, factors: vec![] });
    let moment = Moment::new(&scene.policy, &scene.roster, &scene.situation, now());
    let (queues, settings) = (queues(), Settings::default());
    let desk = Desk { legacy: &scene.legacy, queues: &queues, settings: &settings, cleared: true, kept: None };
    assert!(conclude(&lead, &prepare(&lead, &moment), &Ok(&ranking), &moment, &desk).path.heat.is_hot());
}

#[test]
fn a_lead_that_came_back_is_in_its_own_lane_and_not_offered_again() {
    let scene = Scene::new("", &ALL);
    let back = Subject { earlier: vec![(id("a"), Earlier::Returned)], ..lead() };
    let decided = scene.decide(&back, &P[1..]);
    assert_eq!(decided.owner(), "b");
    assert!(matches!(decided.prepared.pool.excluded[0].1, Exclusion::HadLead { .. }));
    assert_eq!(lane(&back, &decided.outcome, Some(&decided.ranking), &scene.legacy), Lane::Returned);
}

#[test]
fn room_and_calendar_of_the_pick_and_the_legacy_owner_are_told() {
    let mut scene = Scene::new("[capacity]\nper_day = 3\n", &ALL);
    scene.situation.loads = [(id("a"), load(2))].into();
    let standings = scene.decide(&lead(), &P).outcome.path.standings;
    let told: Vec<_> = standings.iter().map(|s| (s.rep.as_str(), s.room.as_ref().and_then(|room| room.left))).collect();
    assert_eq!(told, [("a", Some(1)), ("b", Some(3))]);
    scene.situation.loads = [(id("a"), load(3))].into();
    let decided = scene.decide(&lead(), &P[1..]);
    assert_eq!(decided.why_not("a"), "Rep a is not eligible: no room: has 3 of 3 leads today.");
    assert_eq!(
        decided.change("a"),
        "This would have to go away: no room: has 3 of 3 leads today. Rep a, whom the model did not score, would have to reach 40.0 %."
    );
}
