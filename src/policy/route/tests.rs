//! Small worlds, and the decisions in them.

mod cases;
mod company;
mod properties;
mod round;
mod settings;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, ModelId, QueueId, RepId, RepKey};
use crate::domain::ranking::{Interval, RankedRep, Support};
use crate::domain::rep::{Queue, Rep, Roster};
use crate::policy::capacity::Workload;
use crate::policy::rules::Rulebook;
use crate::policy::{Queues, Settings};

/// A Monday at noon in Berlin.
fn now() -> DateTime<Utc> {
    "2026-11-23T11:00:00Z".parse().unwrap()
}

fn id(name: &str) -> RepId {
    RepId::new(name)
}

fn rep(name: &str, territory: Option<&str>) -> Rep {
    Rep {
        id: id(name),
        key: RepKey::new(name),
        name: format!("Rep {name}"),
        active: true,
        territory: territory.map(str::to_owned),
        user_name: None,
        email: None,
    }
}

/// Active reps of no territory, and a queue for rules.
fn roster(names: &[&str]) -> Roster {
    let queue = Queue { id: QueueId::new("q-partners"), name: "Partners".into(), key: "Partners".into() };
    Roster { reps: names.iter().map(|name| rep(name, None)).collect(), queues: vec![queue] }
}

fn policy(text: &str, roster: &Roster) -> Policy {
    let book = Rulebook::parse(&format!("format = 1\n{text}"), "routing.toml")
        .unwrap_or_else(|p| panic!("{}", p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    Policy::new(book, roster).unwrap_or_else(|p| panic!("{p:#?}"))
}

fn rule(name: &str, kind: &str, when: &str, more: &str) -> String {
    format!(
        "[[rule]]\nname = \"{name}\"\nkind = \"{kind}\"\nwhen = '''{when}'''\nowner = \"m\"\nreason = \"because\"\n{more}\n"
    )
}

fn lead() -> Subject {
    Subject::plain(LeadId::new("L1"), LeadFacts::empty(now() - TimeDelta::minutes(5)))
}

fn queues() -> Queues {
    Queues { manager: QueueId::new("manager"), default: QueueId::new("default") }
}

/// The pool and whoever else is given, with these probabilities; 50 deals each, all like the lead.
fn ranking(prepared: &Prepared, p_win: &[(&str, f64)]) -> Ranking {
    let mut reps: Vec<RankedRep> = p_win
        .iter()
        .map(|(name, p)| RankedRep {
            rep_id: id(name),
            rank: 0,
            p_win: *p,
            interval: Interval { low: (p - 0.05).max(0.0), high: (p + 0.05).min(1.0) },
            support: Support { deals: 50, wins: 10, similar_deals: 50, similar_wins: 10 },
            in_pool: prepared.pool.has(&id(name)),
            factors: vec![],
        })
        .collect();
    in_order(&mut reps);
    Ranking {
        model_id: ModelId::new("m"),
        ranked_at: now(),
        reps,
        pool: prepared.pool.clone(),
        segment: "all deals".into(),
        expected: None,
        comparison: None,
        lead_score: None,
    }
}

/// Best first, as ranking does it.
fn in_order(reps: &mut [RankedRep]) {
    reps.sort_by(|a, b| b.p_win.total_cmp(&a.p_win).then_with(|| a.rep_id.cmp(&b.rep_id)));
    let mut next = 1;
    for entry in reps {
        entry.rank = next;
        next += u32::from(entry.in_pool);
    }
}

/// Everything that a decision needs, and what it was.
struct Decided {
    prepared: Prepared,
    ranking: Ranking,
    outcome: Outcome,
}

impl Decided {
    fn told(&self) -> Told<'_> {
        Told { recommendation: &self.outcome.recommendation, ranking: Some(&self.ranking), path: &self.outcome.path }
    }

    fn owner(&self) -> String {
        self.outcome.recommendation.route.owner().id().to_owned()
    }

    fn why_not(&self, name: &str) -> String {
        let words: Vec<String> =
            why_not(&id(name), &self.told()).iter().map(|why| why.words(&format!("Rep {name}"))).collect();
        words.join(" ")
    }

    fn change(&self, name: &str) -> String {
        let lifts = smallest_change(&id(name), &self.told());
        lifts.iter().map(|lift| lift.words(&format!("Rep {name}"))).collect::<Vec<_>>().join(" ")
    }
}

/// A world in which to decide.
struct Scene {
    roster: Roster,
    policy: Policy,
    situation: Situation,
    legacy: Owner,
    cleared: bool,
}

impl Scene {
    fn new(text: &str, names: &[&str]) -> Self {
        let roster = roster(names);
        let policy = policy(text, &roster);
        Self { roster, policy, situation: Situation::default(), legacy: Owner::Rep(id("b")), cleared: true }
    }

    fn decide(&self, lead: &Subject, p_win: &[(&str, f64)]) -> Decided {
        let moment = Moment::new(&self.policy, &self.roster, &self.situation, now());
        let prepared = prepare(lead, &moment);
        let ranking = ranking(&prepared, p_win);
        let (queues, settings) = (queues(), Settings::default());
        let desk =
            Desk { legacy: &self.legacy, queues: &queues, settings: &settings, cleared: self.cleared, kept: None };
        let outcome = conclude(lead, &prepared, &Ok(&ranking), &moment, &desk);
        // Weighed by itself first and settled when the round is known, it comes to the same.
        let before = Situation { round: None, ..self.situation.clone() };
        let weighed = Moment::new(&self.policy, &self.roster, &before, now());
        let (alone, _) = weigh(lead, &prepared, &Ok(&ranking), &weighed, &desk);
        assert_eq!(settle(alone, lead, &prepared, &Ok(&ranking), &moment, &desk), outcome);
        Decided { prepared, ranking, outcome }
    }

    fn fail(&self, lead: &Subject) -> Outcome {
        let moment = Moment::new(&self.policy, &self.roster, &self.situation, now());
        let prepared = prepare(lead, &moment);
        let (queues, settings) = (queues(), Settings::default());
        let desk = Desk { legacy: &self.legacy, queues: &queues, settings: &settings, cleared: true, kept: None };
        conclude(lead, &prepared, &Err("no answer"), &moment, &desk)
    }
}

fn load(leads_today: u32) -> Workload {
    Workload {
        today: now().date_naive(),
        leads_today,
        leads_week: leads_today,
        leads_month: leads_today,
        ..Workload::default()
    }
}
