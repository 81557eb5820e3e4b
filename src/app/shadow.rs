//! The shadow report: where the model and the legacy rules differ, what managers said, and what the model expects of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::AppError;
use super::ports::Store;
use super::views::ShadowRow;
use crate::domain::recommendation::RouteReason;

/// How many rows are read at a time.
const PAGE: u32 = 1_000;

/// Model against legacy rules, over every ranked lead.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShadowReport {
    /// Ranked leads.
    pub leads: u64,
    /// Leads where both chose the same rep.
    pub agree: u64,
    /// `agree / leads`; absent without leads.
    pub agreement_rate: Option<f64>,
    /// Leads by reason code of the recommendation.
    pub by_reason: BTreeMap<String, u64>,
    /// Standing verdicts by name.
    pub verdicts: BTreeMap<String, u64>,
    /// Expected wins, by the model's own probabilities.
    pub expected_wins: ExpectedWins,
    /// Where they differ: (legacy owner, model's owner, leads, expected wins gained), most frequent first, at most 20.
    pub differences: Vec<Difference>,
}

/// Expected wins over the leads where the legacy owner is a rep the model can score, and the model names a rep and was
/// cleared to compare reps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExpectedWins {
    /// Leads compared.
    pub leads: u64,
    /// Sum of `p_win` of the legacy owners.
    pub legacy: f64,
    /// Sum of `p_win` of the model's picks.
    pub model: f64,
}

/// One pair of owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Owner by the legacy rules.
    pub legacy: String,
    /// Owner by the model.
    pub model: String,
    /// Leads.
    pub leads: u64,
    /// Sum of the gaps in `p_win`, where known.
    pub gain: f64,
}

/// Reads every ranked lead, a page at a time, and sums up.
pub async fn report(store: &dyn Store) -> Result<ShadowReport, AppError> {
    let mut sums = ShadowReport::default();
    let mut pairs: BTreeMap<(String, String), (u64, f64)> = BTreeMap::new();
    let mut after = None;
    loop {
        let rows = store.shadow_rows(after.as_ref(), PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id.clone());
        for row in &rows {
            add(&mut sums, &mut pairs, row);
        }
    }
    sums.agreement_rate = (sums.leads > 0).then(|| sums.agree as f64 / sums.leads as f64);
    let mut differences: Vec<Difference> =
        pairs.into_iter().map(|((legacy, model), (leads, gain))| Difference { legacy, model, leads, gain }).collect();
    differences.sort_by(|a, b| b.leads.cmp(&a.leads).then_with(|| b.gain.total_cmp(&a.gain)));
    differences.truncate(20);
    sums.differences = differences;
    Ok(sums)
}

fn add(sums: &mut ShadowReport, pairs: &mut BTreeMap<(String, String), (u64, f64)>, row: &ShadowRow) {
    sums.leads += 1;
    *sums.by_reason.entry(row.reason.to_string()).or_default() += 1;
    if let Some(verdict) = &row.verdict {
        *sums.verdicts.entry(verdict.clone()).or_default() += 1;
    }
    if row.reason == RouteReason::ModelAgrees {
        sums.agree += 1;
    }
    let model = row.route.owner();
    let compares = row.reason != RouteReason::ModelUncleared;
    if let (Some(legacy), Some(p), Some(_), true) = (row.legacy_p_win, row.p_win, model.rep(), compares) {
        sums.expected_wins.leads += 1;
        sums.expected_wins.legacy += legacy;
        sums.expected_wins.model += p;
    }
    if model != row.legacy {
        let gain = row.p_win.zip(row.legacy_p_win).filter(|_| compares).map_or(0.0, |(p, l)| p - l);
        let pair = pairs.entry((row.legacy.id().to_owned(), model.id().to_owned())).or_default();
        pair.0 += 1;
        pair.1 += gain;
    }
}
