//! Watching for drift: days are gathered from the store in a bounded form, and the newest of them compared with what the
//! model learned from.
//!
//! Gathering is idempotent: a day is made anew from the leads and outcomes that are stored now, so it may be interrupted,
//! repeated or caught up with at any time. Recent days are made anew once a day, because outcomes reach us late.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::AppError;
use super::learn::LoadedModel;
use super::ports::{DriftDay, DriftMark, Store};
use crate::domain::ids::{LeadId, ModelId};
use crate::model::drift::{Gather, Leads, Matured, Period, Window, assess};

pub use crate::model::drift::{Concept, FactDrift, Kind, Limits, Measure, Report, Sequential, Verdict, Week};

/// How often the running day is gathered again.
pub const REFRESH: TimeDelta = TimeDelta::minutes(15);
/// Days that are caught up with after a long absence.
const CATCH_UP: i64 = 92;
/// Days after which a day does not change any more.
const SETTLED: i64 = 7;
/// Days of outcomes that speak for a model.
const OUTCOMES: i64 = 182;
/// Leads read at once.
const PAGE: u32 = 500;
/// Outcomes kept of one day and model.
const MAX_OUTCOMES: usize = 500;

/// Outcomes of one day, by the model that had ranked the leads.
type Outcomes = BTreeMap<ModelId, Vec<Matured>>;

/// Gathers days that are missing or may have changed, newest first and at most so many. True if some are left.
pub async fn gather(
    store: &dyn Store,
    model: Option<&LoadedModel>,
    limits: &Limits,
    now: DateTime<Utc>,
    at_most: usize,
) -> Result<bool, AppError> {
    let due = due(store, model.map(|m| &m.id), limits, now).await?;
    for day in due.iter().take(at_most) {
        gather_day(store, model, *day, now).await?;
    }
    Ok(due.len() > at_most)
}

/// The days that must be gathered, newest first.
async fn due(
    store: &dyn Store,
    model: Option<&ModelId>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Vec<NaiveDate>, AppError> {
    let Some(first) = store.first_received().await? else { return Ok(Vec::new()) };
    let today = now.date_naive();
    let from = first.date_naive().max(today - TimeDelta::days(CATCH_UP));
    let marks: BTreeMap<NaiveDate, DriftMark> =
        store.drift_marks(from).await?.into_iter().map(|mark| (mark.day, mark)).collect();
    let stale = |day: NaiveDate| {
        let Some(mark) = marks.get(&day) else { return true };
        if day == today && now - mark.gathered_at >= REFRESH {
            return true;
        }
        let settled = midnight(day + TimeDelta::days(1 + SETTLED));
        let may_have_changed = mark.gathered_at < settled.min(midnight(today));
        let scores_of_another =
            mark.model.as_ref() != model && day > today - TimeDelta::days(limits.window_days.into());
        may_have_changed || scores_of_another
    };
    Ok(from
        .iter_days()
        .take_while(|day| *day <= today)
        .filter(|day| stale(*day))
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect())
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

async fn gather_day(
    store: &dyn Store,
    model: Option<&LoadedModel>,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let between = (midnight(day), midnight(day + TimeDelta::days(1)));
    let mut gather = Gather::default();
    let mut after: Option<LeadId> = None;
    loop {
        let page = store.received_leads(between, after.as_ref(), PAGE).await?;
        let full = page.len() == PAGE as usize;
        after = page.last().map(|lead| lead.id.clone()).or(after);
        for lead in page {
            gather.push(lead.id, lead.facts, lead.p_win);
        }
        if !full {
            break;
        }
    }
    let scorer = model.map(|model| (model.id.clone(), model.scorer.clone()));
    // Scoring is arithmetic, so it runs where it cannot hold up the network.
    let leads =
        tokio::task::spawn_blocking(move || gather.finish(scorer.as_ref().map(|(id, scorer)| (id, scorer.as_ref()))))
            .await
            .map_err(|error| AppError::Refused(format!("the leads of {day} could not be scored: {error}")))?;
    let outcomes = outcomes(store, between).await?;
    let text = |what: Result<String, serde_json::Error>| what.map_err(|e| AppError::Refused(e.to_string()));
    let mark = DriftMark { day, gathered_at: now, model: model.map(|m| m.id.clone()) };
    let (leads, outcomes) = (text(serde_json::to_string(&leads))?, text(serde_json::to_string(&outcomes))?);
    store.save_drift_day(&DriftDay { mark, leads, outcomes }).await?;
    Ok(())
}

async fn outcomes(store: &dyn Store, between: (DateTime<Utc>, DateTime<Utc>)) -> Result<Outcomes, AppError> {
    let mut outcomes = Outcomes::new();
    let mut after: Option<LeadId> = None;
    loop {
        let page = store.closed_leads(between, after.as_ref(), PAGE).await?;
        let full = page.len() == PAGE as usize;
        after = page.last().map(|lead| lead.id.clone()).or(after);
        for lead in page {
            let kept = outcomes.entry(lead.model).or_default();
            // Ids of leads say nothing about how their deals end, so the first of them are as good as any.
            if let Some(p) = lead.p_win
                && kept.len() < MAX_OUTCOMES
            {
                kept.push(Matured::new(&lead.id, lead.created_at, p, lead.won));
            }
        }
        if !full {
            return Ok(outcomes);
        }
    }
}

/// Compares the gathered leads of the last days with what the model learned from.
///
/// # Errors
/// Refused, with the cure, if the model does not say what it learned from.
pub async fn report(
    store: &dyn Store,
    model: &LoadedModel,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Report, AppError> {
    let baseline = model.baseline.clone().ok_or_else(|| {
        AppError::Refused(format!(
            "model {} does not say what its deals looked like, so nothing can be compared with them: train it again \
             (`leadboard model train`)",
            model.id
        ))
    })?;
    let until = now.date_naive();
    let from = until - TimeDelta::days(i64::from(limits.window_days) - 1);
    let leads = store.drift_leads(from, until).await?;
    let outcomes = store.drift_outcomes(until - TimeDelta::days(OUTCOMES - 1), until).await?;
    let (id, limits) = (model.id.clone(), *limits);
    tokio::task::spawn_blocking(move || {
        let days = leads.iter().map(|text| serde_json::from_str(text)).collect::<Result<Vec<Leads>, _>>()?;
        let mut matured = Vec::new();
        for text in &outcomes {
            matured.extend(serde_json::from_str::<Outcomes>(text)?.remove(&id).unwrap_or_default());
        }
        let window = Window::of(&days, &id);
        Ok(assess(&id, &baseline, &window, &matured, Period { from, until, as_of: now }, &limits))
    })
    .await
    .map_err(|error| AppError::Refused(format!("drift could not be assessed: {error}")))?
    .map_err(|error: serde_json::Error| AppError::Refused(format!("a stored day cannot be read: {error}")))
}

/// One round of watching: gathers a few days; when all are there, keeps a report. True if more days wait.
///
/// A model that does not say what it learned from is left alone; the days are gathered all the same.
pub async fn watch(
    store: &dyn Store,
    model: Option<&LoadedModel>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<(bool, Option<Report>), AppError> {
    if gather(store, model, limits, now, 4).await? {
        return Ok((true, None));
    }
    let Some(model) = model.filter(|model| model.baseline.is_some()) else { return Ok((false, None)) };
    let report = report(store, model, limits, now).await?;
    let text = serde_json::to_string(&report).map_err(|e| AppError::Refused(e.to_string()))?;
    store.save_drift_report(now.date_naive(), &model.id, &report.verdict.to_string(), &text).await?;
    Ok((false, Some(report)))
}

/// The newest kept report; `None` before the first.
pub async fn newest(store: &dyn Store) -> Result<Option<Report>, AppError> {
    let Some(text) = store.newest_drift_report().await? else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| AppError::Refused(format!("the stored drift report cannot be read: {error}")))
}
