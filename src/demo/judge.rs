//! The judge of a headless run: what leadboard believes, beside what the org has and what is true.

use std::collections::{BTreeMap, HashMap};

use super::headless::{Effects, ExpectedWins, Latency, Outcome};
use super::wire::{Judge, OrgEffect};
use super::{Demo, DemoError};
use crate::app::ports::ReadBack;
use crate::app::shadow;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::ids::LeadId;
use crate::domain::verdict::Verdict;

/// Decisions read at a time.
const PAGE: u32 = 500;
/// Differences put into words.
const SHOWN: usize = 10;

pub(super) async fn outcome(demo: &Demo, judge: &Judge, crm_calls_per_lead: f64) -> Result<Outcome, DemoError> {
    let store = demo.store.as_ref();
    let sum = store.conservation().await?;
    let counts = store.effect_counts().await?;
    let decisions = standing(demo).await?;
    let differences = differences(demo, &decisions).await?;
    let expected_wins = expected_wins(judge, &decisions).await?;
    let span = expected_wins.oracle - expected_wins.legacy;
    let latencies = store.ranking_latencies_ms().await?;
    let arrived = demo.org.leads_arrived() as i64;
    Ok(Outcome {
        received: sum.received,
        decided: sum.decided,
        in_lane: sum.in_lane,
        pending: sum.pending,
        superseded: sum.superseded,
        lost: arrived - sum.received as i64 + sum.lost(),
        effects: Effects {
            sent: counts.sent,
            pending: counts.pending,
            failed: counts.failed,
            duplicated: duplicated(&judge.journal::<OrgEffect>().await?, &decisions),
        },
        agreement_rate: shadow::report(store).await?.agreement_rate,
        captured_lift: (span > 0.0).then(|| (expected_wins.model - expected_wins.legacy) / span),
        expected_wins,
        latency_ms: Latency { p50: percentile(&latencies, 0.5), p99: percentile(&latencies, 0.99) },
        crm_calls_per_lead,
        reconciled: differences.is_empty(),
        differences: differences.into_iter().take(SHOWN).collect(),
    })
}

/// Every decision that was not taken back.
async fn standing(demo: &Demo) -> Result<Vec<Decision>, DemoError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = demo.store.decisions_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.decision.trace_id);
        all.extend(page.into_iter().map(|row| row.decision).filter(Decision::stands));
    }
    Ok(all)
}

/// Decided leads whose owner or decision record in the org is not what was decided, and leads taken by a person in which
/// the org has our decision all the same.
async fn differences(demo: &Demo, decisions: &[Decision]) -> Result<Vec<String>, DemoError> {
    let ids: Vec<LeadId> = decisions.iter().map(|d| d.lead_id.clone()).collect();
    let found: HashMap<LeadId, ReadBack> =
        demo.crm.read_back(&ids).await?.into_iter().map(|r| (r.lead_id.clone(), r)).collect();
    let differs = |d: &Decision| {
        let lead = &d.lead_id;
        if d.write == WriteState::Superseded {
            let records = found.get(lead).map_or(0, |org| org.decisions.len());
            return (records > 0)
                .then(|| format!("{lead} is booked as taken by a person, but its decision was written"));
        }
        let Some(org) = found.get(lead) else { return Some(format!("{lead} is not in the org")) };
        let record = [(d.key.clone(), d.owner.id().to_owned())];
        if d.write != WriteState::Written {
            Some(format!("{lead}: the write of its decision is {}", d.write))
        } else if org.owner != d.owner {
            Some(format!("{lead} was decided for {} but belongs to {}", d.owner.id(), org.owner.id()))
        } else if org.decisions != record {
            Some(format!("{lead} has decision records {:?} instead of {record:?}", org.decisions))
        } else {
            None
        }
    };
    Ok(decisions.iter().filter_map(differs).collect())
}

/// Decision records, tasks and owner changes that the org saw beyond what was decided.
fn duplicated(journal: &[OrgEffect], decisions: &[Decision]) -> u64 {
    #[derive(Default, Clone, Copy)]
    struct Seen {
        records: u64,
        tasks: u64,
        moves: u64,
    }
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for effect in journal {
        let Some(lead) = effect.lead.as_deref() else { continue };
        let seen = seen.entry(lead).or_default();
        match effect.kind.as_str() {
            "decision_recorded" => seen.records += 1,
            "task_created" => seen.tasks += 1,
            "owner_changed" if matches!(effect.cause.as_deref(), Some("api" | "rule")) => seen.moves += 1,
            _ => {}
        }
    }
    let mut wanted: BTreeMap<&str, Seen> = BTreeMap::new();
    for decision in decisions {
        let wanted = wanted.entry(decision.lead_id.as_str()).or_default();
        wanted.records += 1;
        wanted.tasks += u64::from(decision.owner.rep().is_some() && decision.verdict != Verdict::KeepLegacy);
        wanted.moves += u64::from(decision.owner != decision.legacy_owner);
    }
    seen.iter()
        .map(|(lead, seen)| {
            let wanted = wanted.get(lead).copied().unwrap_or_default();
            seen.records.saturating_sub(wanted.records)
                + seen.tasks.saturating_sub(wanted.tasks)
                + seen.moves.saturating_sub(wanted.moves)
        })
        .sum()
}

async fn expected_wins(judge: &Judge, decisions: &[Decision]) -> Result<ExpectedWins, DemoError> {
    let pairs = |owner: &dyn Fn(&Decision) -> String| -> Vec<(LeadId, String)> {
        decisions.iter().map(|d| (d.lead_id.clone(), owner(d))).collect()
    };
    let legacy = judge.truth(&pairs(&|d| d.legacy_owner.id().to_owned())).await?;
    let decided = judge.truth(&pairs(&|d| d.owner.id().to_owned())).await?;
    let ids: Vec<LeadId> = decisions.iter().map(|d| d.lead_id.clone()).collect();
    let pools = judge.pools(&ids).await?;
    let mut sums = ExpectedWins { legacy: 0.0, model: 0.0, oracle: 0.0 };
    for ((legacy, decided), pool) in legacy.into_iter().zip(decided).zip(pools) {
        let legacy = legacy.unwrap_or(0.0);
        sums.legacy += legacy;
        sums.model += decided.unwrap_or(legacy);
        sums.oracle += pool.best_probability.unwrap_or(legacy);
    }
    Ok(sums)
}

/// The value below which so large a share of the sorted values lies.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f64).round() as usize).copied()
}
