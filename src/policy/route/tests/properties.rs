//! What holds in every world.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::domain::recommendation::Route;
use crate::policy::absence::{Away, Feed, Source};
use crate::policy::company::Found;
use crate::policy::fairness::{Entry, EntryKind, LEAD, Ledger, Line};
use crate::policy::price::{BidPrice, Prices};
use crate::policy::recommend::recommend;
use crate::policy::span::Span;
use crate::policy::subject::Account;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const SOURCES: [&str; 5] = ["Web", "Partner", "Key", "Press", "Queue"];

/// Settings that may be in a file, each by itself.
const SETTINGS: [&str; 12] = [
    "[fairness]\nahead_at_most = 1.5\n",
    "[capacity]\nper_day = 3\n",
    "[eligibility]\nno_support = \"exclude\"\nmin_similar_deals = 2\n",
    "[margin]\npoints = 5\nbelow = \"manager\"\n",
    "[high_value]\namount = 900\n",
    "[company]\none_rep = false\n",
    "[hours]\nweek = \"Mon-Fri 09:00-12:00\"\nzone = \"Europe/Madrid\"\noutside = \"exclude\"\n",
    "[value]\namounts = [{ from = 500, weight = 0 }]\n",
    "[[skill]]\nname = \"cloud\"\nproducts = [\"Cloud\"]\n",
    "[[rep]]\nrep = \"a\"\nskills = [\"cloud\"]\nlanguages = [\"de\"]\nweight = 2\n",
    "[[rep]]\nrep = \"b\"\nlanguages = [\"es\"]\npartner_tiers = [\"gold\"]\nzone = \"America/Lima\"\nweight = 0\n",
    "[[rep]]\nrep = \"c\"\nskills = [\"other\"]\nstarted = 2026-11-20\n",
];

/// What becomes of claims that cannot be met.
const CLAIMS: [&str; 3] = ["", "[claim]\nfull = \"keep\"\n", "[claim]\nclosed = \"pass\"\n"];

/// Rules that may be in a file, each by itself.
fn rules() -> Vec<String> {
    vec![
        rule("T", "territory", "lead.country == \"DE\"", "territory = \"North\""),
        rule("S1", "strategic", "lead.source == \"Key\"", "rep = \"c\""),
        rule("S2", "strategic", "lead.source == \"Queue\"", "queue = \"Partners\""),
        rule("S3", "strategic", "lead.source == \"Key\"", "rep = \"Nobody here\""),
        rule("P1", "partner", "lead.source == \"Partner\" && has(lead.amount)", "rep = \"b\"\nsource = \"P\""),
        rule("P2", "partner", "lead.source == \"Partner\"", "rep_when = '\"gold\" in rep.partner_tiers'"),
        rule(
            "R1",
            "require",
            "lead.amount > 400",
            "rep_when = 'rep.tenure_days > 100 || rep.id in [\"a\", \"d\", \"e\"]'",
        ),
        rule("R2", "require", "lead.product == \"Cloud\"", "rep_when = '\"cloud\" in rep.skills'"),
        rule("E", "exception", "lead.source == \"Press\"", ""),
        rule("H", "hot", "lead.source in [\"Web\", \"Key\"]", ""),
    ]
}

prop_compose! {
    fn text()(
        settings in subsequence(SETTINGS.to_vec(), 0..=SETTINGS.len()),
        rules in subsequence(rules(), 0..=10),
        claim in select(CLAIMS.to_vec()),
    ) -> String {
        format!("{}{claim}{}", settings.concat(), rules.concat())
    }
}

prop_compose! {
    fn a_rep(name: &'static str)(active in prop::bool::weighted(0.85), territory in select(vec![None, Some("North"), Some("South")])) -> Rep {
        Rep { active, ..rep(name, territory) }
    }
}

fn a_roster() -> impl Strategy<Value = Roster> {
    (NAMES.map(a_rep), 1..=NAMES.len())
        .prop_map(|(reps, many)| Roster { reps: reps.into_iter().take(many).collect(), queues: roster(&[]).queues })
}

prop_compose! {
    fn a_lead()(
        source in select(SOURCES.to_vec()),
        country in select(vec![None, Some("DE"), Some("ES")]),
        territory in select(vec![None, None, Some("North"), Some("South")]),
        product in select(vec![None, None, Some("Cloud")]),
        amount in select(vec![None, Some(100.0), Some(600.0), Some(1000.0)]),
        score in prop::option::of(0u8..=100),
        owner in select(vec![None, None, None, Some("a"), Some("c"), Some("gone")]),
        earlier in prop::option::weighted(0.2, (select(NAMES.to_vec()), select(vec![Earlier::Returned, Earlier::SlaBreached]))),
    ) -> Subject {
        let mut lead = lead();
        let own = |text: Option<&str>| text.map(str::to_owned);
        (lead.facts.source, lead.facts.country) = (own(Some(source)), own(country));
        (lead.facts.territory, lead.facts.product) = (own(territory), own(product));
        (lead.facts.amount, lead.score) = (amount, score);
        lead.account = owner.map(|owner| Account {
            id: "001".into(),
            name: "Acme".into(),
            website: None,
            owner: Some(Owner::Rep(id(owner))),
            customer: false,
            open_deals: 0,
        });
        lead.owners = Found::Nothing;
        lead.earlier = earlier.map(|(name, how)| (id(name), how)).into_iter().collect();
        lead
    }
}

prop_compose! {
    fn a_situation()(
        loads in proptest::collection::vec(0u32..5, 6),
        balances in proptest::collection::vec(-3 * LEAD..3 * LEAD, 6),
        away in subsequence(NAMES.to_vec(), 0..=2),
        prices in prop::option::of(proptest::collection::vec(0i64..300_000_000, 6)),
    ) -> Situation {
        let lines = NAMES.iter().zip(balances).map(|(name, got)| Line { rep: id(name), got, entitled: 0 }).collect();
        let mut ledger = Ledger::default();
        ledger.apply(&Entry { at: now(), kind: EntryKind::Calibrated, lead_id: None, lines });
        let span = Span::new(now() - TimeDelta::hours(2), now() + TimeDelta::hours(2));
        let away = away.iter().map(|name| Away { rep: id(name), span, kind: None }).collect();
        let bid = |price| BidPrice { price, places: 2, best_for: 1.0, would_get: 1.0 };
        let prices = prices.map(|prices| RepPrices {
            reps: NAMES.map(id).to_vec(),
            prices: Prices { reps: prices.into_iter().map(bid).collect(), expected: 5.0, sample: 3 },
            until: "today".into(),
        });
        Situation {
            loads: NAMES.iter().zip(loads).map(|(name, leads)| (id(name), load(leads))).collect(),
            ledger,
            feeds: vec![Feed::read(Source::Crm, now(), away)],
            prices,
            ..Situation::default()
        }
    }
}

/// What the model says of each rep: probability and how many deals it knows.
fn a_model() -> impl Strategy<Value = Vec<(f64, u32)>> {
    proptest::collection::vec((0.0f64..=1.0, 0u32..4), 6)
}

fn rank(prepared: &Prepared, legacy: &Owner, model: &[(f64, u32)]) -> Ranking {
    let scored: Vec<(&str, f64)> = NAMES
        .iter()
        .zip(model)
        .filter(|(name, _)| prepared.pool.has(&id(name)) || legacy.rep() == Some(&id(name)))
        .map(|(name, (p, _))| (*name, *p))
        .collect();
    let mut ranking = ranking(prepared, &scored);
    for rep in &mut ranking.reps {
        let at = NAMES.iter().position(|name| id(name) == rep.rep_id).unwrap();
        rep.support.similar_deals = model[at].1;
    }
    ranking
}

#[derive(Clone, Debug)]
struct Any {
    text: String,
    roster: Roster,
    lead: Subject,
    situation: Situation,
    model: Vec<(f64, u32)>,
    legacy: Owner,
    cleared: bool,
    failed: bool,
}

prop_compose! {
    fn a_world()(
        text in text(), roster in a_roster(), lead in a_lead(), situation in a_situation(), model in a_model(),
        legacy in select(vec!["a", "b", "gone"]), queue in prop::bool::weighted(0.1), cleared in prop::bool::weighted(0.8),
        failed in prop::bool::weighted(0.15),
    ) -> Any {
        let legacy = if queue { Owner::Queue(QueueId::new("q")) } else { Owner::Rep(id(legacy)) };
        Any { text, roster, lead, situation, model, legacy, cleared, failed }
    }
}

impl Any {
    fn decide(&self) -> (Prepared, Ranking, Outcome) {
        let policy = policy(&self.text, &self.roster);
        let moment = Moment::new(&policy, &self.roster, &self.situation, now());
        let prepared = prepare(&self.lead, &moment);
        let ranking = rank(&prepared, &self.legacy, &self.model);
        let outcome = self.conclude(&prepared, &ranking, &moment);
        (prepared, ranking, outcome)
    }

    fn conclude(&self, prepared: &Prepared, ranking: &Ranking, moment: &Moment<'_>) -> Outcome {
        let (queues, settings) = (queues(), Settings::default());
        let desk =
            Desk { legacy: &self.legacy, queues: &queues, settings: &settings, cleared: self.cleared, kept: Some(0.7) };
        let scored = if self.failed { Err("no answer") } else { Ok(ranking) };
        conclude(&self.lead, prepared, &scored, moment, &desk)
    }
}

/// The rung that gives each reason.
const fn rung_of(reason: RouteReason) -> Rung {
    match reason {
        RouteReason::StrategicRule => Rung::StrategicRule,
        RouteReason::AccountOwner => Rung::AccountOwner,
        RouteReason::PartnerRoute => Rung::PartnerRoute,
        RouteReason::ExceptionRule | RouteReason::HighValue | RouteReason::AccountConflict => Rung::Exception,
        RouteReason::ModelAgrees | RouteReason::ModelPick | RouteReason::ModelUncleared => Rung::Model,
        RouteReason::RoundRobinUnavailable | RouteReason::RoundRobinUnsupported => Rung::RoundRobin,
        RouteReason::LowConfidence | RouteReason::LowMargin | RouteReason::EmptyPool => Rung::ManagerQueue,
        RouteReason::TechnicalFailure => Rung::DefaultQueue,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Only a strategic rule or the account's owner gives a lead to somebody who is not eligible, and never to somebody who
    /// is inactive, away, or had it before.
    #[test]
    fn nobody_gets_a_lead_who_may_not(any in a_world()) {
        let (prepared, _, outcome) = any.decide();
        if let Route::AssignRep(rep) = &outcome.recommendation.route {
            let claimed = matches!(outcome.recommendation.reason, RouteReason::StrategicRule | RouteReason::AccountOwner);
            // A partner rule may be told to fill somebody up, which is not about who may get what.
            let full = outcome.recommendation.reason == RouteReason::PartnerRoute
                && prepared.pool.reasons(rep).all(|why| why.is_temporary() && why.code() != "on_leave");
            prop_assert!(claimed || full || prepared.pool.has(rep));
            prop_assert!(prepared.pool.reasons(rep).all(|why| !matches!(why.code(), "inactive" | "on_leave" | "had_lead")));
            prop_assert!(any.roster.rep(rep).is_some_and(|rep| rep.active));
        }
    }

    /// Exactly one rung decides, it is the last, and its reason is its own.
    #[test]
    fn every_lead_ends_on_exactly_one_rung(any in a_world()) {
        let (_, _, outcome) = any.decide();
        let rungs = &outcome.path.rungs;
        prop_assert_eq!(rungs.iter().filter(|step| step.taken).count(), 1);
        prop_assert!(rungs.last().is_some_and(|step| step.taken));
        prop_assert!(rungs.is_sorted_by_key(|step| step.rung));
        prop_assert_eq!(outcome.path.taken().map(|step| step.rung), Some(rung_of(outcome.recommendation.reason)));
        prop_assert!(rungs.iter().all(|step| !step.why.to_string().is_empty() && !step.why.to_string().contains("..")));
        let to_rep = matches!(outcome.recommendation.route, Route::AssignRep(_));
        let model = matches!(rung_of(outcome.recommendation.reason), Rung::Model | Rung::RoundRobin | Rung::AccountOwner);
        prop_assert!(!model || to_rep);
        prop_assert!(!any.failed || rung_of(outcome.recommendation.reason) != Rung::Model);
    }

    /// The same facts give the same decision, and it survives being stored.
    #[test]
    fn the_same_facts_give_the_same_decision(any in a_world()) {
        let (_, _, one) = any.decide();
        let (_, _, two) = any.decide();
        prop_assert_eq!(&one, &two);
        let stored = serde_json::to_string(&one.path).unwrap();
        prop_assert_eq!(serde_json::from_str::<Path>(&stored).unwrap(), one.path);
        let stored = serde_json::to_string(&any.situation).unwrap();
        prop_assert_eq!(serde_json::from_str::<Situation>(&stored).unwrap(), any.situation);
    }

    /// Somebody who may not get the lead changes nothing for the others.
    #[test]
    fn an_unrelated_rep_changes_nothing(any in a_world()) {
        let (prepared, _, outcome) = any.decide();
        let mut more = any.clone();
        more.roster.reps.insert(0, Rep { active: false, ..rep("0", None) });
        let (other, _, with) = more.decide();
        prop_assert_eq!(&other.pool.eligible, &prepared.pool.eligible);
        prop_assert_eq!(&with.recommendation.route, &outcome.recommendation.route);
        prop_assert_eq!(with.recommendation.reason, outcome.recommendation.reason);
        prop_assert_eq!(with.path.rungs.len(), outcome.path.rungs.len());
    }

    /// Any rep can be asked about, and the answer of whoever gets it is that they do.
    #[test]
    fn every_rep_has_an_answer(any in a_world()) {
        let (_, ranking, outcome) = any.decide();
        let ranking = (!any.failed).then_some(&ranking);
        let told = Told { recommendation: &outcome.recommendation, ranking, path: &outcome.path };
        for name in NAMES.iter().chain(["gone", "nobody"].iter()) {
            let given = outcome.recommendation.route.owner() == Owner::Rep(id(name));
            let why = why_not(&id(name), &told);
            prop_assert!((1..=2).contains(&why.len()));
            prop_assert_eq!(why == [WhyNot::Given], given);
            let known = any.roster.rep(&id(name)).is_some() && ranking.is_some();
            prop_assert!(!known || why != [WhyNot::Unknown], "{} {:?}", name, outcome);
            let change = smallest_change(&id(name), &told);
            prop_assert!(!given || change.is_empty());
            prop_assert!(given || !known || !change.is_empty(), "{} {:?} {:?}", name, outcome, why);
        }
    }

    /// A probability that is said to be enough is enough, and a little less is not.
    #[test]
    fn the_probability_that_is_asked_for_is_enough_and_no_more(any in a_world()) {
        let policy = policy(&any.text, &any.roster);
        let moment = Moment::new(&policy, &any.roster, &any.situation, now());
        let prepared = prepare(&any.lead, &moment);
        let ranking = rank(&prepared, &any.legacy, &any.model);
        let outcome = any.conclude(&prepared, &ranking, &moment);
        // Where a person chooses among those who are close, how close the others are matters as well.
        prop_assume!(!any.failed && !any.text.contains("below = \"manager\""));
        let told = Told { recommendation: &outcome.recommendation, ranking: Some(&ranking), path: &outcome.path };
        for rep in &prepared.pool.eligible {
            let change = smallest_change(rep, &told);
            let [Lift::Probability { to, .. }] = change.as_slice() else { continue };
            for (p_win, enough) in [(to + 1e-6, true), (to - 1e-6, false)] {
                let mut changed = ranking.clone();
                let entry = changed.reps.iter_mut().find(|entry| entry.rep_id == *rep).unwrap();
                entry.p_win = p_win;
                in_order(&mut changed.reps);
                let again = any.conclude(&prepared, &changed, &moment);
                let given = again.recommendation.route == Route::AssignRep(rep.clone());
                prop_assert_eq!(given, enough, "{} {} {:?} {:?}", rep, p_win, outcome, again);
            }
        }
    }

    /// Without a routing.toml it is what the model alone recommends, to the letter.
    #[test]
    fn without_rules_it_is_the_models_recommendation(any in a_world()) {
        let mut any = any;
        (any.lead.earlier, any.failed) = (vec![], false);
        let policy = Policy::plain(&any.roster);
        let moment = Moment::new(&policy, &any.roster, &any.situation, now());
        let prepared = prepare(&any.lead, &moment);
        let pool = crate::policy::eligibility::pool(&any.lead.facts, &any.roster);
        prop_assert_eq!((&prepared.pool.eligible, &prepared.pool.excluded), (&pool.eligible, &pool.excluded));
        let ranking = rank(&prepared, &any.legacy, &any.model);
        let outcome = any.conclude(&prepared, &ranking, &moment);
        let alone = recommend(&ranking, &any.legacy, &queues(), &Settings::default(), any.cleared);
        prop_assert!(!outcome.path.heat.is_hot());
        prop_assert_eq!(outcome.recommendation, alone);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Over a day of leads: no cap is broken, and nobody gets further ahead than the bound while somebody is below it.
    #[test]
    fn caps_and_shares_hold_over_many_leads(
        caps in prop::option::of(1u32..8), bound in prop::option::of(1u32..4), strict in prop::bool::ANY,
        leads in proptest::collection::vec((a_lead(), a_model()), 30),
    ) {
        let mut text = String::new();
        text.extend(caps.map(|cap| format!("[capacity]\nper_day = {cap}\n")));
        text.extend(bound.map(|bound| format!("[fairness]\nahead_at_most = {bound}\n")));
        if strict {
            text.push_str("[eligibility]\nno_support = \"exclude\"\nmin_similar_deals = 2\n");
        }
        text.push_str(&rules().concat());
        let roster = roster(&NAMES);
        let policy = policy(&text, &roster);
        let mut situation = Situation {
            loads: NAMES.iter().map(|name| (id(name), load(0))).collect(),
            ..Situation::default()
        };
        let (legacy, queues, settings) = (Owner::Rep(id("a")), queues(), Settings::default());
        for (lead, model) in &leads {
            let moment = Moment::new(&policy, &roster, &situation, now());
            let prepared = prepare(lead, &moment);
            let ranking = rank(&prepared, &legacy, model);
            let desk = Desk { legacy: &legacy, queues: &queues, settings: &settings, cleared: true, kept: None };
            let outcome = conclude(lead, &prepared, &Ok(&ranking), &moment, &desk);
            let Route::AssignRep(rep) = &outcome.recommendation.route else { continue };
            let entry = Ledger::decided(lead.lead_id.clone(), &moment.stakes(&prepared.pool), rep, now());
            let nobody_below = outcome.path.fairness.as_ref().is_some_and(|fairness| fairness.nobody_below);
            let somebody_below = bound.is_some_and(|bound| {
                let within = situation.ledger.within(&moment.stakes(&prepared.pool), i64::from(bound) * LEAD);
                !within.nobody_below && !within.may.is_empty()
            });
            situation.ledger.apply(&entry);
            let chosen = matches!(rung_of(outcome.recommendation.reason), Rung::Model | Rung::RoundRobin);
            if let Some(bound) = bound.filter(|_| chosen && somebody_below) {
                let balance = situation.ledger.account(rep).balance();
                prop_assert!(balance <= i64::from(bound) * LEAD || nobody_below, "{} {}", rep, balance);
            }
            let load = situation.loads.get_mut(rep).unwrap();
            load.leads_today += 1;
            prop_assert!(caps.is_none_or(|cap| load.leads_today <= cap), "{} {}", rep, load.leads_today);
        }
    }
}
