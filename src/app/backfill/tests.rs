//! The survey says of each lead what a full ranking would.

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{QueueId, RepId, RepKey};
use crate::domain::lane::Lane;
use crate::domain::lead::{Form, Lead, LeadState, LegacyAssignment};
use crate::domain::ranking::{Interval, Support};
use crate::domain::recommendation::{Route, RouteReason};
use crate::domain::rep::{Queue, Rep};
use crate::model::{Explanation, RepScore, Scorer};

/// Scores by amount and rep, anything between 0 and 1; fails on leads without an amount.
struct Dice;

impl Scorer for Dice {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let amount = facts.amount.expect("a model that breaks on this lead");
        let score = |rep: &RepKey| {
            // Few different values, so that reps tie.
            let p_win =
                ((amount * f64::from(rep.as_str().len() as u32 * 7 + u32::from(rep.as_str().as_bytes()[1])) * 0.618)
                    .fract()
                    * 8.0)
                    .round()
                    / 16.0;
            let deals = u32::from(rep.as_str().as_bytes()[1]) % 3;
            let support = Support { deals, ..Support::default() };
            RepScore { p_win, interval: Interval { low: p_win / 2.0, high: p_win }, support }
        };
        reps.iter().map(score).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }

    fn shrinkage(&self) -> Option<Shrinkage> {
        Some(Shrinkage { factor: 0.5, standard_error: None, deals: 900 })
    }
}

fn bench(clearance: Clearance) -> Bench {
    let rep = |n: u32| Rep {
        id: RepId::new(format!("r{n}")),
        key: RepKey::new(format!("r{n}")),
        name: format!("Rep {n}"),
        active: !n.is_multiple_of(7),
        territory: n.is_multiple_of(2).then(|| "West".to_owned()),
        user_name: None,
        email: None,
    };
    let queue = |id: &str| Queue { id: QueueId::new(id), name: id.into(), key: id.into() };
    let roster = Roster { reps: (0..20).map(rep).collect(), queues: vec![queue("mq"), queue("dq")] };
    let model = LoadedModel { id: ModelId::new("m-1"), scorer: Arc::new(Dice), clearance, baseline: None };
    let queues = Queues { manager: QueueId::new("mq"), default: QueueId::new("dq") };
    Bench::new(Arc::new(model), Arc::new(InForce::plain(roster)), queues, Settings::default())
}

fn lead(n: u32) -> LeadRecord {
    let t: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let facts = LeadFacts {
        amount: (n % 50 != 3).then(|| f64::from(n) * 1.37),
        territory: [None, Some("West".to_owned()), Some("East".to_owned())][n as usize % 3].clone(),
        ..LeadFacts::empty(t)
    };
    let owner = if n.is_multiple_of(11) {
        Owner::Queue(QueueId::new("mq"))
    } else {
        Owner::Rep(RepId::new(format!("r{}", n % 20)))
    };
    LeadRecord {
        lead: Lead {
            id: LeadId::new(format!("{n:05}")),
            company: "Acme".into(),
            contact: None,
            facts,
            form: Form::default(),
            owner: owner.clone(),
            modified_at: t,
            modstamp: t,
            converted: false,
            deleted: false,
        },
        state: LeadState::InLane,
        lane: Some(Lane::Fast),
        legacy: LegacyAssignment { owner, captured_at: t },
        received_at: t,
        ranked_at: None,
        snoozed_until: None,
        decisions_made: 0,
        earlier: Vec::new(),
    }
}

#[tokio::test]
async fn many_leads_at_once_come_out_as_each_by_itself() {
    let bench = bench(Clearance::Routes);
    let leads: Vec<LeadRecord> = (0..700).map(lead).collect();
    let assessed =
        bench.assess(leads, Companies::default(), Situation::default(), DateTime::UNIX_EPOCH).await.unwrap().leads;
    let (mut moves, mut stays, mut left) = (0, 0, std::collections::HashMap::new());
    for (record, fate) in assessed {
        let (situation, at) = (Situation::default(), DateTime::UNIX_EPOCH);
        let moment = rank::moment(&bench.rules, &situation, at);
        let whole = rank::rank(&rank::Case::of(&record), &bench.desk(&moment));
        match (&fate, &whole.recommendation.route) {
            (Fate::Stays, Route::AssignRep(to)) => {
                assert_eq!(record.lead.owner.rep(), Some(to));
                stays += 1;
            }
            (Fate::Moves { to, gain }, Route::AssignRep(best)) => {
                assert_eq!(to, best);
                assert_ne!(record.lead.owner.rep(), Some(best));
                // The owner here is the legacy owner, against whom the ranking states the same gap.
                let stated = whole.ranking.as_ref().and_then(|r| r.expected).and_then(|e| e.gap);
                assert_eq!(gain.map(|g| (g * 1e9).round()), stated.map(|g| (g * 1e9).round()), "{}", record.lead.id);
                moves += 1;
            }
            (Fate::Left(reason), _) => {
                assert_eq!(*reason, whole.recommendation.reason);
                *left.entry(*reason).or_insert(0) += 1;
            }
            other => panic!("{}: {other:?}", record.lead.id),
        }
    }
    // One lead in fifty breaks the model, and holds up none of the others.
    assert_eq!(left.get(&RouteReason::TechnicalFailure), Some(&14));
    assert!(moves > 300 && stays > 10 && left.contains_key(&RouteReason::LowConfidence), "{moves} {stays} {left:?}");
}

#[tokio::test]
async fn a_model_that_is_not_cleared_moves_nobody() {
    let bench = bench(Clearance::ScoresLeads);
    let leads = (0..100).map(lead).collect();
    let assessed =
        bench.assess(leads, Companies::default(), Situation::default(), DateTime::UNIX_EPOCH).await.unwrap().leads;
    assert!(!assessed.iter().any(|(_, fate)| matches!(fate, Fate::Moves { .. })));
    assert!(assessed.iter().any(|(_, fate)| *fate == Fate::Left(RouteReason::ModelUncleared)));
}
