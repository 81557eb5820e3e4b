use serde_json::{Value, json};

use super::cause::Case;
use super::*;
use crate::domain::ids::{QueueId, RepId};
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::{Recommendation, Route, RouteReason};
use crate::policy::route::Path;

/// Ana is the model's first of Ana, Bob and Cy, the legacy owner is Bob, and both have many deals.
struct Story {
    ranking: Value,
    path: Value,
    reason: RouteReason,
    route: Route,
    legacy: Owner,
}

fn rep(name: &str) -> Owner {
    Owner::Rep(RepId::new(name))
}

fn ranked(rep: &str, rank: u32, p_win: f64, similar: u32) -> Value {
    json!({ "rep_id": rep, "rank": rank, "p_win": p_win, "interval": { "low": p_win - 0.1, "high": p_win + 0.1 },
        "support": { "deals": 90, "wins": 30, "similar_deals": similar, "similar_wins": similar / 3 }, "in_pool": true })
}

impl Story {
    fn new() -> Self {
        let deals = json!({ "deals": 41, "wins": 14 });
        let contrast = |feature: &str, weight: f64| json!({ "feature": feature, "label": feature, "weight": weight, "ours": deals, "theirs": deals });
        Self {
            ranking: json!({
                "model_id": "m-1", "ranked_at": "2026-11-22T12:00:00Z", "segment": "industry Healthcare",
                "reps": [ranked("Ana", 1, 0.31, 41), ranked("Bob", 2, 0.27, 38), ranked("Cy", 3, 0.19, 30)],
                "pool": { "eligible": ["Ana", "Bob", "Cy"], "excluded": [] },
                "expected": { "p_win": 0.3, "gap": 0.03, "kept": 0.75, "deals": 100 },
                "comparison": { "ours": "Ana", "theirs": "Bob", "gap": 0.2,
                    "contrasts": [contrast("pair.industry", -0.5), contrast("pair.source", 0.4), contrast("rep", 0.3)] },
            }),
            path: json!({
                "rules": { "version": "3f9a01c2d4e5b6a7", "territory": null, "fired": [], "unknown": [], "failed": [] },
                "needs": { "territory": null, "language": null, "skills": [], "partner_tier": null },
                "rungs": [{ "rung": "model", "taken": true, "why": {
                    "code": "chosen", "who": { "id": "Ana", "name": "Ana" }, "p_win": 0.31, "of": 3 } }],
                "heat": { "code": "no_score" },
                "gates": { "confidence": 0.2, "best": 0.31, "cleared": true, "high_value": null, "margin": null },
            }),
            reason: RouteReason::ModelPick,
            route: Route::AssignRep(RepId::new("Ana")),
            legacy: rep("Bob"),
        }
    }

    fn tell<T>(&self, told: impl FnOnce(&Case<'_>) -> T) -> T {
        let ranking: Option<Ranking> = serde_json::from_value(self.ranking.clone()).unwrap();
        let path: Option<Path> = serde_json::from_value(self.path.clone()).unwrap();
        let recommendation = Recommendation {
            route: self.route.clone(),
            reason: self.reason,
            explanation: "because".into(),
            gap: Some(0.04),
        };
        told(&Case {
            recommendation: &recommendation,
            ranking: ranking.as_ref(),
            path: path.as_ref(),
            legacy: &self.legacy,
        })
    }

    fn cause(&self) -> Option<Cause> {
        self.tell(|case| case.cause().map(|found| found.cause))
    }

    /// The cause once something is otherwise.
    fn but(change: impl FnOnce(&mut Self)) -> Cause {
        let mut story = Self::new();
        change(&mut story);
        story.cause().expect("the owners differ")
    }

    fn without(why: &Value) -> Cause {
        Self::but(|story| {
            story.ranking["pool"] = json!({ "eligible": ["Ana", "Cy"], "excluded": [["Bob", why]] });
            story.ranking["reps"][1]["in_pool"] = json!(false);
        })
    }
}

#[test]
fn where_both_chose_the_same_there_is_nothing_to_explain() {
    let agrees = Story { legacy: rep("Ana"), ..Story::new() };
    assert_eq!(agrees.cause(), None);
    // A queue and a rep may have one id.
    let queue = Story { legacy: Owner::Queue(QueueId::new("Ana")), ..Story::new() };
    assert_eq!(queue.cause(), Some(Cause::LegacyQueue));
}

#[test]
fn what_speaks_for_the_pick_most_is_the_cause_and_not_what_is_largest() {
    assert_eq!(Story::new().cause(), Some(Cause::Source));
    for (feature, cause) in [
        ("pair.industry", Cause::Industry),
        ("rep", Cause::RepRecord),
        ("pair.country", Cause::Place),
        ("pair.territory", Cause::Place),
        ("pair.amount_tier", Cause::DealSize),
        ("lead.employees", Cause::CompanySize),
        ("pair.product", Cause::Product),
        ("pair.advantage", Cause::OtherFactor),
    ] {
        let found = Story::but(|story| story.ranking["comparison"]["contrasts"][1]["feature"] = json!(feature));
        assert_eq!(found, cause, "{feature}");
        assert!(found.is_factor());
    }
    assert_eq!(Story::but(|story| story.ranking["comparison"] = Value::Null), Cause::Unexplained);
    // The comparison of two others says nothing about these two.
    assert_eq!(Story::but(|story| story.ranking["comparison"]["theirs"] = json!("Cy")), Cause::Unexplained);
}

#[test]
fn whoever_may_not_get_it_needs_no_factor() {
    for (why, cause) in [
        (json!({ "code": "inactive" }), Cause::LegacyInactive),
        (json!({ "code": "holiday", "name": "x", "opens": null }), Cause::LegacyAway),
        (json!({ "code": "outside_hours", "opens": null }), Cause::LegacyAway),
        (json!({ "code": "had_lead", "how": "returned" }), Cause::LegacyHadIt),
        (json!({ "code": "other_territory", "theirs": "N", "wanted": "S" }), Cause::LegacyTerritory),
        (json!({ "code": "rule", "rule": "x", "lacks": "y" }), Cause::LegacyKeptOut),
        (json!({ "code": "other_language", "theirs": [], "wanted": "de" }), Cause::LegacyUnfit),
        (json!({ "code": "no_room", "why": "x" }), Cause::LegacyFull),
        (json!({ "code": "no_support", "deals": 1, "similar": 0, "wanted": 2 }), Cause::LegacyNoHistory),
    ] {
        assert_eq!(Story::without(&why), cause, "{why}");
    }
    let nobody = Story::but(|story| {
        story.ranking["pool"]["eligible"] = json!(["Ana", "Cy"]);
        story.ranking["reps"].as_array_mut().unwrap().remove(1);
    });
    assert_eq!(nobody, Cause::LegacyUnknown);
}

#[test]
fn what_decides_above_the_model_comes_first() {
    for (reason, cause) in [
        (RouteReason::StrategicRule, Cause::StrategicRule),
        (RouteReason::AccountOwner, Cause::AccountOwner),
        (RouteReason::PartnerRoute, Cause::PartnerRule),
        (RouteReason::HighValue, Cause::ManagerAsked),
        (RouteReason::TechnicalFailure, Cause::Failed),
        (RouteReason::EmptyPool, Cause::NobodyEligible),
        (RouteReason::LowConfidence, Cause::NobodyLikely),
        (RouteReason::LowMargin, Cause::TooClose),
    ] {
        // Although the legacy owner is inactive as well.
        let found = Story::but(|story| {
            story.reason = reason;
            story.ranking["pool"]["excluded"] = json!([["Bob", { "code": "inactive" }]]);
        });
        assert_eq!(found, cause, "{reason}");
    }
    assert_eq!(Story::but(|story| story.reason = RouteReason::RoundRobinUnsupported), Cause::Turn);
}

#[test]
fn shares_prices_and_places_explain_what_the_ranking_does_not() {
    let turn = |rep: &str| json!({ "rep": rep, "balance": 6, "share": 1, "last_at": null });
    let ahead = |story: &mut Story, rep: &str| {
        story.path["fairness"] = json!({ "bound": 5, "passed_over": [turn(rep)] });
    };
    assert_eq!(Story::but(|story| ahead(story, "Bob")), Cause::Fairness);
    // Ana was first and is ahead of her share; Cy gets it.
    let to_cy = |story: &mut Story| story.route = Route::AssignRep(RepId::new("Cy"));
    assert_eq!(
        Story::but(|story| {
            to_cy(story);
            ahead(story, "Ana");
        }),
        Cause::Fairness
    );
    assert_eq!(Story::but(|story| ahead(story, "Cy")), Cause::Source, "whoever has no part in it explains nothing");
    let gone = json!({ "leads": 3, "instead_of": { "id": "Ana", "name": "Ana" }, "gain": 0 });
    let round = Story::but(|story| {
        to_cy(story);
        story.path["round"] = gone.clone();
    });
    assert_eq!(round, Cause::Price);
    assert_eq!(Story::but(|story| story.path["unsupported"] = json!(["Bob"])), Cause::LegacyNoHistory);
}

#[test]
fn few_deals_tell_nothing_where_ranges_overlap() {
    let few = |story: &mut Story| story.ranking["reps"][1]["support"]["similar_deals"] = json!(9);
    assert_eq!(Story::but(few), Cause::TooFewDeals);
    let apart = Story::but(|story| {
        few(story);
        story.ranking["reps"][1]["interval"] = json!({ "low": 0.05, "high": 0.2 });
    });
    assert_eq!(apart, Cause::Source, "ranges that do not touch are evidence enough");
    assert_eq!(Story::but(|story| story.reason = RouteReason::ModelUncleared), Cause::NotCleared);
}

#[test]
fn what_is_at_stake_is_what_is_expected_to_hold() {
    assert!(Story::new().tell(|case| case.stake() == Some(0.03)));
    let unknown = Story { ranking: Value::Null, ..Story::new() };
    assert!(unknown.tell(|case| case.stake() == Some(0.04)), "as it was recommended");
    let queue = Story { route: Route::ManagerQueue(QueueId::new("m")), ..Story::new() };
    assert!(queue.tell(|case| case.stake().is_none()), "a queue wins nothing");
}

fn row(cause: Cause, legacy: &str, model: &str, stake: Option<f64>) -> Disagreement {
    Disagreement {
        lead: LeadId::new(format!("{legacy}{model}")),
        company: "Acme".into(),
        cause,
        legacy: rep(legacy),
        legacy_name: "Pat Lee".into(),
        model: rep(model),
        model_name: model.into(),
        stake,
        decisions: 0,
        said: None,
    }
}

#[test]
fn sums_count_every_lead_once_and_two_people_of_one_name_apart() {
    let mut rows = vec![
        row(Cause::Source, "b", "Ana", Some(0.1)),
        row(Cause::Source, "c", "Ana", Some(0.2)),
        row(Cause::Turn, "c", "Ana", None),
        row(Cause::Turn, "c", "Cy", Some(-0.1)),
    ];
    let said = |verdict| Some(Said { verdict, reason: None, at: "2026-11-22T12:00:00Z".parse().unwrap() });
    for (row, verdict) in rows.iter_mut().zip(["approve", "keep_legacy", "override", "approve"]) {
        row.said = said(verdict);
    }
    let all = Disagreements { which: Which::Open, rows, looked_at: 9, complete: true };
    let total = all.total();
    assert_eq!((total.leads, total.told, total.approved, total.kept, total.other), (4, 3, 2, 1, 1));
    assert!((total.stake - 0.2).abs() < 1e-12);
    let matrix = all.matrix();
    let ids: Vec<&str> = matrix.legacy.iter().map(|one| one.owner.id()).collect();
    assert_eq!(ids, ["c", "b"], "most leads first; the two are called the same");
    assert_eq!(matrix.at(0, 0).map(|cell| cell.tally.leads), Some(2));
    assert_eq!(matrix.at(1, 1), None);
    assert_eq!(matrix.cells.iter().map(|cell| cell.tally.leads).sum::<u64>(), 4);
    let causes: Vec<(Cause, u64)> = all.causes().iter().map(|sum| (sum.cause, sum.tally.leads)).collect();
    assert_eq!(causes, [(Cause::Source, 2), (Cause::Turn, 2)], "of equals the one with more at stake");
    assert_eq!(all.clusters().len(), 4);
}
