//! A made-up company: reps, queues, leads with rankings, a model with its card.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{State, healthy};
use crate::app::explain::InUse;
use crate::app::views::Path;
use crate::app::what_if::{Moved, Outcome, Stands};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, ModelId, QueueId, RepId, RepKey};
use crate::domain::lane::Lane;
use crate::domain::lead::{Form, Lead, LeadRecord, LeadState, LegacyAssignment, Owner};
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::{
    Comparison, Contrast, Expected, Factor, Interval, LeadScore, RankedRep, Ranking, Record, Support, Tier,
};
use crate::domain::recommendation::{Recommendation, Route, RouteReason};
use crate::domain::rep::{Queue, Rep, Roster};
use crate::tui::backend::{LeadDetail, ModelRow, Suppose, WhatIf};

/// The version of the rules.
const RULES: &str = "3f9a01c2d4e5b6a7";

const COMPANIES: [&str; 12] = [
    "Acme Corporation",
    "Blue Harbor Logistics",
    "Cobalt Systems",
    "Delta Grain & Feed",
    "Elm Street Clinics",
    "Fjord Instruments",
    "Granite Mutual",
    "Halcyon Studios",
    "Iron Gate Foundry",
    "Juniper Retail Group",
    "Kestrel Aviation Services",
    "Lumen Energy Partners",
];
const FIRST: [&str; 10] = ["Ana", "Bob", "Cy", "Dina", "Emil", "Fatima", "Gus", "Hana", "Ivo", "Jun"];
const LAST: [&str; 6] = ["Ruiz", "Lee", "Tran", "Okafor", "Lindqvist", "Moreau"];
const SOURCES: [&str; 5] = ["web form", "webinar", "partner", "trade show", "cold list"];
const INDUSTRIES: [&str; 5] = ["Technology", "Healthcare", "Retail", "Manufacturing", "Finance"];
const TERRITORIES: [&str; 6] = ["North", "South", "East", "West", "Central", "Overseas"];

/// A company with so many leads that wait.
pub(crate) fn company(now: DateTime<Utc>, leads: usize) -> State {
    let mut state = State {
        now,
        counted: 1_000,
        complete: true,
        roster: roster(),
        loops: healthy(now),
        models: vec![model(now)],
        ..State::default()
    };
    for index in 0..leads {
        let detail = lead(index, now, &state.roster);
        let gap = detail.recommendation.as_ref().and_then(|r| r.gap).unwrap_or(0.0);
        // Tenths of a point, as policy counts what is at stake.
        state.leads.insert(detail.record.lead.id.clone(), ((gap.abs() * 1000.0).round(), detail));
    }
    state
}

fn roster() -> Roster {
    let reps = (0..60).map(|i| {
        let name = format!("{} {}", FIRST[i % 10], LAST[i / 10]);
        Rep {
            id: RepId::new(format!("005{i:03}")),
            key: RepKey::new(&name),
            name,
            active: i % 19 != 18,
            territory: Some(TERRITORIES[i % 6].into()),
            user_name: None,
            email: None,
        }
    });
    let queue = |key: &str, name: &str| Queue { id: QueueId::new(key), name: name.into(), key: key.into() };
    Roster {
        reps: reps.collect(),
        queues: vec![
            queue("managers", "Manager queue"),
            queue("partners", "Partner team"),
            queue("default", "Default queue"),
        ],
    }
}

/// Numbers that look random and are the same every time.
fn noise(a: usize, b: usize) -> f64 {
    let mut x = (a as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (b as u64 + 7).wrapping_mul(0xD1B5_4A32_D192_ED03);
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 32;
    (x % 10_000) as f64 / 10_000.0
}

/// One lead that waits for a verdict.
pub(crate) fn lead(index: usize, now: DateTime<Utc>, roster: &Roster) -> LeadDetail {
    let created_at = now - TimeDelta::minutes((noise(index, 1) * 290.0) as i64 + 1);
    let territory = TERRITORIES[(index * 7 + 3) % 6];
    let company = if index < 12 {
        COMPANIES[index].to_owned()
    } else {
        format!("{} {}", COMPANIES[index % 12].split(' ').next().unwrap_or_default(), index)
    };
    let facts = LeadFacts {
        source: Some(SOURCES[index % 5].into()),
        industry: Some(INDUSTRIES[index % 5].into()),
        territory: Some(territory.into()),
        country: Some("United States".into()),
        annual_revenue: Some((noise(index, 2) * 4e7).round()),
        employees: Some((noise(index, 3) * 900.0).round() + 10.0),
        amount: Some((noise(index, 4) * 90_000.0).round()),
        product: Some("Analytics Suite".into()),
        ..LeadFacts::empty(created_at)
    };
    let low = index % 9 == 8;
    let mut ranking = ranking(index, now, territory, roster, low);
    let legacy_at = [0, 3, 1, 8, 5, 0, 2][index % 7].min(ranking.reps.len() - 1);
    let legacy = ranking.reps[legacy_at].rep_id.clone();
    compare(&mut ranking, &legacy);
    let eligible: Vec<&RankedRep> = ranking.reps.iter().filter(|r| r.in_pool).collect();
    let best = eligible[0];
    let legacy = eligible[legacy_at];
    let gap = best.p_win - legacy.p_win;
    let (lane, route, reason, explanation) = if low {
        (
            Lane::LowConfidence,
            Route::ManagerQueue(QueueId::new("managers")),
            RouteReason::LowConfidence,
            "every rep is below 20 %, so a person should look".to_owned(),
        )
    } else if legacy_at == 0 {
        (
            Lane::Fast,
            Route::AssignRep(best.rep_id.clone()),
            RouteReason::ModelAgrees,
            "the model and the legacy rules agree".into(),
        )
    } else {
        (
            Lane::Disagree,
            Route::AssignRep(best.rep_id.clone()),
            RouteReason::ModelPick,
            "highest chance to win among those eligible".into(),
        )
    };
    let path = path(best, &names(roster), eligible.len(), low);
    let legacy = Owner::Rep(legacy.rep_id.clone());
    let id = LeadId::new(format!("00Q5f00000{index:06}AA"));
    let names = names(roster);
    let event = |minutes: i64, what: &str| crate::domain::audit::AuditEvent {
        at: created_at + TimeDelta::minutes(minutes),
        actor: "worker".into(),
        what: what.into(),
        lead_id: Some(id.clone()),
        trace_id: None,
        details: serde_json::Value::Null,
    };
    LeadDetail {
        hold: None,
        first_choice: None,
        handed: None,
        contacts: Vec::new(),
        timeline: vec![event(1, "lead.ranked"), event(0, "lead.received")],
        record: LeadRecord {
            lead: Lead {
                id,
                company,
                contact: Some("Robin Vega".into()),
                facts,
                form: Form::default(),
                owner: legacy.clone(),
                modified_at: created_at,
                modstamp: created_at,
                converted: false,
                deleted: false,
            },
            state: LeadState::InLane,
            lane: Some(lane),
            legacy: LegacyAssignment { owner: legacy, captured_at: created_at },
            received_at: created_at,
            ranked_at: Some(created_at),
            snoozed_until: None,
            decisions_made: 0,
            earlier: Vec::new(),
        },
        ranking: Some(ranking),
        recommendation: Some(Recommendation { route, reason, explanation, gap: Some(gap) }),
        path: Some(path),
        decisions: Vec::new(),
        outcome: None,
        names,
        in_use: InUse { rules: Some(RULES.into()), model: Some(ModelId::new("m-20261120-7f3a91")) },
    }
}

fn names(roster: &Roster) -> BTreeMap<String, String> {
    (roster.reps.iter().map(|r| (r.id.to_string(), r.name.clone())))
        .chain(roster.queues.iter().map(|q| (q.id.to_string(), q.name.clone())))
        .collect()
}

/// The way to a recommendation where no rule has a word, as it is stored.
fn path(best: &RankedRep, names: &BTreeMap<String, String>, of: usize, low: bool) -> Path {
    let not = |rung: &str, code: &str| json!({ "rung": rung, "taken": false, "why": { "code": code } });
    let mut rungs = vec![
        not("strategic_rule", "no_rule"),
        not("account_owner", "not_set"),
        not("partner_route", "no_rule"),
        not("exception", "not_asked"),
    ];
    if low {
        let why = json!({ "code": "low_confidence", "best": best.p_win, "gate": 0.2 });
        rungs.push(json!({ "rung": "model", "taken": false, "why": why }));
        rungs.push(not("round_robin", "not_needed"));
        rungs.push(json!({ "rung": "manager_queue", "taken": true, "why": { "code": "nobody_chosen" } }));
    } else {
        let who = json!({ "id": best.rep_id, "name": names[best.rep_id.as_str()] });
        let why = json!({ "code": "chosen", "who": who, "p_win": best.p_win, "of": of });
        rungs.push(json!({ "rung": "model", "taken": true, "why": why }));
    }
    serde_json::from_value(json!({
        "rules": { "version": RULES, "territory": null, "fired": [], "unknown": [], "failed": [] },
        "needs": { "territory": null, "language": null, "skills": [], "partner_tier": null },
        "rungs": rungs,
        "heat": { "code": "no_score" },
        "gates": { "confidence": 0.2, "best": best.p_win, "cleared": true, "high_value": null, "margin": null },
    }))
    .unwrap()
}

fn ranking(index: usize, now: DateTime<Utc>, territory: &str, roster: &Roster, low: bool) -> Ranking {
    let mut pool = Pool::default();
    for rep in &roster.reps {
        let theirs = rep.territory.clone().unwrap_or_default();
        if !rep.active {
            pool.excluded.push((rep.id.clone(), Exclusion::Inactive));
        } else if theirs == territory {
            pool.eligible.push(rep.id.clone());
        } else {
            pool.excluded.push((rep.id.clone(), Exclusion::OtherTerritory { theirs, wanted: territory.into() }));
        }
    }
    let scale = if low { 0.17 } else { 0.42 };
    let chance = 0.06 + 0.4 * noise(index, 9).powi(2);
    let lead_score = LeadScore {
        score: (100.0 * noise(index, 9)) as u8,
        tier: match noise(index, 9) {
            x if x > 0.8 => Tier::Hot,
            x if x > 0.4 => Tier::Warm,
            _ => Tier::Cold,
        },
        probability: chance,
        interval: Interval { low: chance * 0.7, high: chance * 1.35 },
        deals: 9_600,
        factors: ["leads of this kind", "source web form", "employees 471"]
            .into_iter()
            .zip([0.41, -0.22, 0.09])
            .map(|(label, weight)| Factor { feature: format!("lead.{label}"), label: label.into(), weight })
            .collect(),
    };
    let mut reps: Vec<RankedRep> = pool
        .eligible
        .iter()
        .enumerate()
        .map(|(i, id)| {
            let p_win = 0.03 + scale * noise(index, 100 + i).powf(1.5);
            let deals = 4 + (noise(i, 5) * 90.0) as u32;
            let half = 0.5 * (p_win * (1.0 - p_win) / f64::from(deals + 12)).sqrt() * 2.0;
            let similar_deals = deals / 4;
            RankedRep {
                rep_id: id.clone(),
                rank: 0,
                p_win,
                interval: Interval { low: (p_win - half).max(0.0), high: (p_win + half).min(1.0) },
                support: Support {
                    deals,
                    wins: (f64::from(deals) * p_win) as u32,
                    similar_deals,
                    similar_wins: (f64::from(similar_deals) * p_win * 1.2) as u32,
                },
                in_pool: true,
                factors: factors(index, i),
            }
        })
        .collect();
    reps.sort_by(|a, b| b.p_win.total_cmp(&a.p_win));
    for (rank, rep) in (1..).zip(&mut reps) {
        rep.rank = rank;
    }
    Ranking {
        model_id: ModelId::new("m-20261120-7f3a91"),
        ranked_at: now,
        reps,
        pool,
        segment: format!("industry {}", INDUSTRIES[index % 5]),
        expected: None,
        comparison: None,
        lead_score: Some(lead_score),
    }
}

/// What is expected of the best rep, and why it stands before another.
fn compare(ranking: &mut Ranking, legacy: &RepId) {
    let best = ranking.reps[0].clone();
    let mean = ranking.reps.iter().map(|r| r.p_win).sum::<f64>() / ranking.reps.len() as f64;
    let disagreed = best.rep_id != *legacy;
    let other = ranking.reps.iter().find(|r| if disagreed { r.rep_id == *legacy } else { r.rank == 2 });
    let Some(other) = other.cloned() else { return };
    let held = |p: f64| mean + 0.8 * (p - mean);
    let gap = disagreed.then(|| held(best.p_win) - held(other.p_win));
    ranking.expected = Some(Expected { p_win: held(best.p_win), gap, kept: 0.8, deals: 3_840 });
    let log_odds = |p: f64| (p / (1.0 - p)).ln();
    let total = log_odds(best.p_win) - log_odds(other.p_win);
    let contrast = |feature: &str, label: String, share: f64, part: u32| Contrast {
        feature: feature.into(),
        label,
        weight: share * total,
        ours: Record { deals: best.support.deals / part, wins: best.support.wins / part },
        theirs: Record { deals: other.support.deals / part, wins: other.support.wins / part },
    };
    let contrasts = vec![
        contrast("pair.industry", ranking.segment.clone(), 0.5, 4),
        contrast("rep", "all leads".into(), 0.4, 1),
        contrast("pair.source", "source web form".into(), -0.2, 5),
        contrast("pair.amount_tier", "deal amount 15k to 60k".into(), 0.16, 3),
        contrast("pair.product", "product Analytics Suite".into(), 0.11, 2),
        contrast("pair.country", "country other than the common ones".into(), 0.03, 60),
    ];
    ranking.comparison = Some(Comparison { ours: best.rep_id, theirs: other.rep_id, gap: total, contrasts });
}

/// What would become of a lead: who is absent gets nothing, and every fact that is otherwise halves each chance but one.
pub(crate) fn what_if(detail: &LeadDetail, suppose: &Suppose, roster: &Roster) -> WhatIf {
    let ranking = detail.ranking.as_ref().unwrap();
    let given = detail.recommendation.as_ref().unwrap();
    let stands = |rank: usize, p_win: f64, out: Option<&str>| Stands {
        rank: Some(rank as u32),
        p_win: Some(p_win),
        interval: None,
        out: out.map(str::to_owned),
    };
    let mut reps: Vec<Moved> = ranking
        .reps
        .iter()
        .enumerate()
        .map(|(place, rep)| {
            let halved = place != 1 && !suppose.facts.is_empty();
            let absent = suppose.absent.contains(&rep.rep_id);
            Moved {
                rep: rep.rep_id.clone(),
                name: detail.names[rep.rep_id.as_str()].clone(),
                before: stands(place + 1, rep.p_win, None),
                after: stands(
                    0,
                    if halved { rep.p_win / 2.0 } else { rep.p_win },
                    absent.then_some("absent, as supposed"),
                ),
                recommended: (given.route.rep() == Some(&rep.rep_id), false),
                legacy: detail.record.legacy.owner.rep() == Some(&rep.rep_id),
            }
        })
        .collect();
    reps.sort_by(|a, b| {
        (a.after.out.is_some(), -a.after.p_win.unwrap())
            .partial_cmp(&(b.after.out.is_some(), -b.after.p_win.unwrap()))
            .unwrap()
    });
    for (rank, rep) in (1..).zip(&mut reps) {
        rep.after.rank = Some(rank);
    }
    reps[0].recommended.1 = true;
    let outcome = |to: &str, explanation: &str, eligible| Outcome {
        to: to.to_owned(),
        reason: RouteReason::ModelPick,
        explanation: explanation.to_owned(),
        eligible,
    };
    let before = detail.names[given.route.owner().id()].clone();
    let n = ranking.reps.len();
    WhatIf {
        lead: detail.record.lead.id.clone(),
        company: detail.record.lead.company.clone(),
        supposed: suppose.words(roster),
        as_of: ranking.ranked_at,
        as_ranked: true,
        model: ranking.model_id.clone(),
        other_model: false,
        before: outcome(&before, &given.explanation, n),
        after: outcome(&reps[0].name, "highest chance to win among those eligible", n - suppose.absent.len()),
        reps,
    }
}

fn factors(index: usize, rep: usize) -> Vec<Factor> {
    let labels = [
        format!("{} x this rep", INDUSTRIES[index % 5]),
        format!("came by {}", SOURCES[index % 5]),
        "win rate of this rep".to_owned(),
        "size of the company".to_owned(),
        "expected amount".to_owned(),
    ];
    let mut factors: Vec<Factor> = labels
        .into_iter()
        .enumerate()
        .map(|(i, label)| Factor { feature: format!("f{i}"), label, weight: noise(index + i, rep) - 0.4 })
        .collect();
    factors.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    factors
}

fn model(now: DateTime<Utc>) -> ModelRow {
    let roc: Vec<(f64, f64)> = (0..=40).map(|i| (f64::from(i) / 40.0).powi(2)).map(|x| (x, x.powf(0.28))).collect();
    let bins: Vec<_> = (0..6)
        .map(|i| {
            let p = 0.05 + 0.1 * f64::from(i);
            json!({"deals": 400 - 60 * i, "predicted": p, "observed": p + 0.02 * (f64::from(i) - 2.0) / 3.0})
        })
        .collect();
    let around = |value: f64, half: f64| json!({"value": value, "low": value - half, "high": value + half});
    let evaluation = |auc: f64, deals: u32| {
        json!({
            "train_deals": 9600, "test_deals": deals, "test_wins": deals / 4, "ece": 0.021,
            "test_period": {"from": "2026-04-02T08:00:00Z", "to": "2026-09-30T17:00:00Z"},
            "auc": around(auc, 0.02), "lead_only_auc": around(auc - 0.031, 0.022), "rep_gain": around(0.031, 0.019),
            "log_loss": 0.4412, "brier": 0.1437,
            "in_the_large": {"deals": deals, "wins": deals / 4, "expected": f64::from(deals) * 0.257, "limits": [560, 640]},
            "by_rep": [
                {"rep": "Lee", "deals": 60, "wins": 15, "expected": 14.2, "limits": [8, 21]},
                {"rep": "Kim", "deals": 55, "wins": 25, "expected": 13.1, "limits": [7, 20]},
            ],
            "roc": roc, "reliability": bins,
        })
    };
    let mut later = evaluation(0.79, 2400);
    later["baselines"] = json!({
        "lead_only": {"auc": around(0.759, 0.022), "log_loss": 0.4587, "gain": around(0.031, 0.019)},
        "logistic": {"auc": around(0.771, 0.021), "log_loss": 0.4533, "gain": around(0.019, 0.014)},
    });
    let card = json!({
        "verdict": "This model tells good leads from bad, and which rep is better for them. On the newest 2,400 deals (2026-04-02 to 2026-09-30), which it had not seen, it finds the won one of a won and a lost deal 79 times in 100 (AUC 0.79, 95 % interval 0.77 to 0.81; a coin: 50 times). Without knowing the rep it would find 76. Its probabilities are off by 2.1 points on average. It may route leads.",
        "clearance": "routes",
        "gates": [
            {"id": "G1", "passed": true, "why": "later deals: AUC 0.790 (0.770 to 0.810; 2,400 deals, 600 won); random fifth: AUC 0.803 (0.783 to 0.823; 2,400 deals, 600 won); both intervals must lie above 0.5"},
            {"id": "G2", "passed": true, "why": "random fifth: knowing the rep changes AUC by +0.0310 (+0.0120 to +0.0500); the interval must lie above 0"},
            {"id": "G3", "passed": true, "why": "later deals: AUC 0.790 (0.770 to 0.810; 2,400 deals, 600 won), and knowing the rep changes AUC by +0.0310 (+0.0120 to +0.0500)"},
        ],
        "who_matters": {
            "finding": "matters",
            "text": "Who works a lead matters. Of what could be explained in 11,600 closed deals (60 reps compared), 47 % is the lead, 17 % the rep and 36 % the fit of rep and segment. Were every rep to keep as many leads as today, perfect routing would win 33.1 of 100 instead of 25.0: 8.1 more (95 % interval 6.2 to 10.3). Routing by this model would win 3.6 more (95 % interval 1.4 to 5.9).",
            "deals": 11600, "with_choice": 2400, "reps": 60,
            "realised": around(1.12, 0.31), "effect_sd": [0.31, 0.45],
            "shares": {
                "lead": around(0.042, 0.014), "rep": around(0.015, 0.008), "rep_by_segment": around(0.032, 0.013),
                "noise": around(0.911, 0.02), "seen": around(0.019, 0.009),
            },
            "router": {"today": 0.25, "model": around(0.036, 0.022), "ceiling": around(0.081, 0.02)},
        },
        "data": {"deals": 12000, "won": 2964, "lost": 9036, "reps": 60, "sha256": "3f6c1d9f8e2b7a40".repeat(4)},
        "stratified": evaluation(0.803, 2400), "out_of_time": later,
        "importance": [["pair.industry.effect", 0.31], ["lead.source=Web form", 0.22], ["lead.employees", 0.11]],
        "parameters": {"max_depth": 4, "eta": 0.05, "lambda": 5.0, "seed": 20_261_122},
        "calibration": {"method": "isotonic", "deals": 4800},
        "versions": {"leadboard": "0.1.0", "trainer": "hessboost 0.4.6", "features": 1, "artifact": 1},
        "trees": 212,
    });
    ModelRow {
        id: ModelId::new("m-20261120-7f3a91"),
        created_at: now - TimeDelta::days(2),
        champion: true,
        promoted_at: Some(now - TimeDelta::days(2)),
        card,
    }
}
