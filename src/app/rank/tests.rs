use super::*;
use crate::domain::ids::{LeadId, QueueId, RepKey};
use crate::domain::lead::{Form, Lead, LeadState, LegacyAssignment};
use crate::domain::ranking::{Contrast, Interval, Record, Support, Tier};
use crate::domain::rep::Rep;
use crate::model::{Difference, Explanation, RepScore, Shrinkage};

/// Knows four reps; `Some` of the rest when it can tell.
struct Oracle {
    talkative: bool,
}

impl Scorer for Oracle {
    fn score(&self, _: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        reps.iter()
            .map(|rep| {
                let p_win = match rep.as_str() {
                    "ana" => 0.40,
                    "bob" => 0.30,
                    "cy" => 0.20,
                    _ => 0.50,
                };
                RepScore { p_win, interval: Interval { low: p_win, high: p_win }, support: Support::default() }
            })
            .collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }

    fn difference(&self, _: &LeadFacts, ours: &RepKey, theirs: &RepKey) -> Option<Difference> {
        let contrast = Contrast {
            feature: "rep".into(),
            label: format!("{ours} and {theirs}"),
            weight: 0.4,
            ours: Record { deals: 41, wins: 14 },
            theirs: Record { deals: 38, wins: 6 },
        };
        self.talkative.then(|| Difference { gap: 0.4, contrasts: vec![contrast] })
    }

    fn lead_chance(&self, _: &LeadFacts) -> Option<LeadChance> {
        self.talkative.then(|| LeadChance {
            score: 81,
            probability: 0.3,
            interval: Interval { low: 0.2, high: 0.4 },
            deals: 900,
            factors: Vec::new(),
        })
    }

    fn shrinkage(&self) -> Option<Shrinkage> {
        self.talkative.then_some(Shrinkage { factor: 0.5, standard_error: None, deals: 900 })
    }
}

fn roster() -> Roster {
    let rep = |id: &str, active| Rep {
        id: RepId::new(id),
        key: RepKey::new(id),
        name: id.into(),
        active,
        territory: None,
        user_name: None,
        email: None,
    };
    Roster { reps: vec![rep("ana", true), rep("bob", true), rep("cy", true), rep("left", false)], queues: vec![] }
}

/// The ranking of a lead that the legacy rules gave to this owner.
fn ranked(legacy: Owner, talkative: bool) -> Ranking {
    let at = DateTime::UNIX_EPOCH;
    let record = LeadRecord {
        lead: Lead {
            id: LeadId::new("1"),
            company: "Acme".into(),
            contact: None,
            facts: LeadFacts::empty(at),
            form: Form::default(),
            owner: legacy.clone(),
            modified_at: at,
            modstamp: at,
            converted: false,
            deleted: false,
        },
        state: LeadState::Pending,
        lane: None,
        legacy: LegacyAssignment { owner: legacy, captured_at: at },
        received_at: at,
        ranked_at: None,
        snoozed_until: None,
        decisions_made: 0,
        earlier: Vec::new(),
    };
    let (rules, situation) = (InForce::plain(roster()), Situation::default());
    let desk = Desk {
        scorer: &Oracle { talkative },
        model_id: &ModelId::new("m"),
        cleared: true,
        roster: &rules.roster,
        queues: &Queues { manager: QueueId::new("m"), default: QueueId::new("d") },
        settings: &Settings::default(),
        moment: &moment(&rules, &situation, at),
    };
    rank(&Case::of(&record), &desk).ranking.unwrap()
}

fn rep(id: &str) -> Owner {
    Owner::Rep(RepId::new(id))
}

fn compared(ranking: &Ranking) -> (&str, &str) {
    let comparison = ranking.comparison.as_ref().unwrap();
    (comparison.ours.as_str(), comparison.theirs.as_str())
}

#[test]
fn the_pick_and_its_gap_are_drawn_towards_the_pool_while_the_order_stays() {
    let ranking = ranked(rep("cy"), true);
    let expected = ranking.expected.unwrap();
    // The pool's mean is 0.3; half of every distance from it is real.
    assert!((expected.p_win - 0.35).abs() < 1e-12 && (expected.gap.unwrap() - 0.10).abs() < 1e-12, "{expected:?}");
    let order: Vec<(&str, f64)> = ranking.reps.iter().map(|r| (r.rep_id.as_str(), r.p_win)).collect();
    assert_eq!(order, [("ana", 0.40), ("bob", 0.30), ("cy", 0.20)]);
    // A legacy owner outside the pool is compared with, but is no part of the pool's mean.
    let outside = ranked(rep("left"), true);
    assert_eq!(outside.reps[0].rep_id.as_str(), "left");
    let expected = outside.expected.unwrap();
    assert!((expected.p_win - 0.35).abs() < 1e-12 && (expected.gap.unwrap() + 0.05).abs() < 1e-12, "{expected:?}");
}

#[test]
fn the_pick_is_compared_with_the_legacy_owner_and_else_with_the_next_rep() {
    assert_eq!(compared(&ranked(rep("cy"), true)), ("ana", "cy"));
    assert_eq!(compared(&ranked(rep("left"), true)), ("ana", "left"));
    let agreed = ranked(rep("ana"), true);
    assert_eq!((compared(&agreed), agreed.expected.unwrap().gap), (("ana", "bob"), None));
    assert_eq!(compared(&ranked(Owner::Queue(QueueId::new("q")), true)), ("ana", "bob"));
}

#[test]
fn a_lead_above_the_upper_cut_point_is_hot() {
    let score = ranked(rep("cy"), true).lead_score.unwrap();
    assert_eq!((score.score, score.tier), (81, Tier::Hot));
    let settings = Settings::default();
    assert_eq!([80, 41, 40].map(|score| settings.tier(score)), [Tier::Warm, Tier::Warm, Tier::Cold]);
}

#[test]
fn a_scorer_that_cannot_tell_more_still_ranks() {
    let ranking = ranked(rep("cy"), false);
    assert_eq!(ranking.reps.len(), 3);
    assert_eq!((ranking.expected, ranking.comparison, ranking.lead_score), (None, None, None));
}
