//! Replay: a stored ranking made again from what was kept of it, and compared to the last bit.

use std::collections::BTreeSet;
use std::sync::Arc;

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AppError;
use super::learn;
use super::ports::{MadeFrom, Store, StoredDesk, StoredRanking};
use super::rank::{self, Case};
use super::routing;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, ModelId, QueueId, TraceId};
use crate::domain::rep::Roster;
use crate::domain::text::hex;
use crate::policy::route::{Moment, Policy, Situation};
use crate::policy::subject::Subject;
use crate::policy::{Queues, Settings};

/// Differences that are named; there may be more.
const NAMED: usize = 10;
/// The version of leadboard that runs.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What stood on the desk when leads were ranked, besides the lead and the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// The version of leadboard that ranked.
    pub leadboard: String,
    /// Who there was.
    pub roster: Roster,
    /// Where leads went that needed a person.
    pub manager_queue: QueueId,
    /// Where leads went that failed.
    pub default_queue: QueueId,
    /// The model's clearance.
    pub cleared: bool,
    /// `routing.confidence_gate`.
    pub confidence_gate: f64,
    /// `routing.hot_score`.
    pub hot_score: u8,
    /// `routing.warm_score`.
    pub warm_score: u8,
}

/// A desk as it is kept.
pub fn desk(desk: &rank::Desk<'_>) -> Result<Arc<StoredDesk>, AppError> {
    let body = text(&Desk {
        leadboard: VERSION.to_owned(),
        roster: desk.roster.clone(),
        manager_queue: desk.queues.manager.clone(),
        default_queue: desk.queues.default.clone(),
        cleared: desk.cleared,
        confidence_gate: desk.settings.confidence_gate,
        hot_score: desk.settings.hot_score,
        warm_score: desk.settings.warm_score,
    })?;
    Ok(kept(body))
}

/// How things stood, as it is kept.
pub fn situation(situation: &Situation) -> Result<Arc<StoredDesk>, AppError> {
    Ok(kept(text(situation)?))
}

fn kept(body: String) -> Arc<StoredDesk> {
    Arc::new(StoredDesk { id: hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref()), body })
}

/// What a ranking of this lead is made from.
pub fn made_from(case: &Case<'_>, desk: &Arc<StoredDesk>, situation: &Arc<StoredDesk>) -> Result<MadeFrom, AppError> {
    Ok(MadeFrom { facts: text(&case.subject)?, desk: desk.clone(), situation: situation.clone() })
}

/// What was known of the lead. Rankings of before there were rules kept its facts alone.
pub(super) fn subject(stored: &StoredRanking, kept: &str) -> Result<Subject, AppError> {
    if stored.rules.is_some() {
        return parse(kept, "what was known of the lead");
    }
    let facts: LeadFacts = parse(kept, "the lead's facts")?;
    Ok(Subject::plain(stored.lead_id.clone(), facts))
}

/// The policy that was in force.
async fn policy(store: &dyn Store, stored: &StoredRanking, roster: &Roster) -> Result<Policy, AppError> {
    let Some(version) = &stored.rules else { return Ok(Policy::plain(roster)) };
    match store.rulebook_of(version).await? {
        Some(book) => routing::compile(&book.body, roster),
        None => Err(AppError::Refused(format!("the rules of version {version} are not in the store"))),
    }
}

/// How a replay came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The decision.
    pub trace_id: TraceId,
    /// Its lead.
    pub lead_id: LeadId,
    /// Whether ranking and recommendation came out the same, to the last bit.
    pub equal: bool,
    /// Where they differ: the path of the value, what was stored, what came out. The first few.
    pub differences: Vec<Difference>,
    /// The model that ranked; `None` when ranking had failed.
    pub model_id: Option<ModelId>,
    /// The version of leadboard that ranked then.
    pub ranked_by: String,
    /// The version that ranked now.
    pub replayed_by: &'static str,
    /// Reps that were ranked.
    pub reps: usize,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Where, for example `ranking.reps.0.p_win`.
    pub path: String,
    /// What was stored.
    pub stored: Value,
    /// What came out now.
    pub replayed: Value,
}

/// Makes the ranking again that was in force when this decision was taken.
pub async fn replay(store: &dyn Store, trace: TraceId) -> Result<Replay, AppError> {
    let stored = store.ranking_of(trace).await?.ok_or_else(|| {
        AppError::Refused(format!(
            "there is no decision {trace} that a ranking led to; `leadboard lead show` names them"
        ))
    })?;
    let (Some(facts), Some(kept)) = (&stored.facts, &stored.desk) else {
        return Err(AppError::Refused(format!(
            "the ranking of decision {trace} was made before leadboard kept what rankings are made from, so it cannot be \
             made again"
        )));
    };
    let subject = subject(&stored, facts)?;
    let kept: Desk = parse(kept, "the desk")?;
    let model_id = stored.model_id.clone().ok_or_else(|| {
        AppError::Refused(format!("no model ranked the lead of decision {trace}: ranking had failed"))
    })?;
    let model = learn::load(store, &model_id).await?;
    let settings = Settings {
        confidence_gate: kept.confidence_gate,
        hot_score: kept.hot_score,
        warm_score: kept.warm_score,
        ..Settings::default()
    };
    let policy = policy(store, &stored, &kept.roster).await?;
    let situation = stored.situation.as_deref().map(|text| parse(text, "how things stood")).transpose()?;
    let situation: Situation = situation.unwrap_or_default();
    let moment = Moment::new(&policy, &kept.roster, &situation, stored.ranked_at);
    let desk = rank::Desk {
        moment: &moment,
        scorer: model.scorer.as_ref(),
        model_id: &model_id,
        // As it was then: a model may have been cleared since.
        cleared: kept.cleared,
        roster: &kept.roster,
        queues: &Queues { manager: kept.manager_queue.clone(), default: kept.default_queue.clone() },
        settings: &settings,
    };
    let case = Case { modstamp: stored.modstamp, subject, legacy: &stored.legacy };
    let again = rank::rank(&case, &desk);
    // Not kept in those days.
    let path = stored.path.as_ref().and(again.path.as_ref()).map(text).transpose()?;
    let ranking = again.ranking.as_ref().map(text).transpose()?;
    let recommendation = text(&again.recommendation)?;
    // The texts are compared, not what they say: a number of which one bit differs is another text.
    let equal = ranking == stored.ranking && recommendation == stored.recommendation && path == stored.path;
    let mut differences = Vec::new();
    if !equal {
        let (before, after) = (value(stored.ranking.as_deref())?, value(ranking.as_deref())?);
        compare("ranking", &before, &after, &mut differences);
        let (before, after) = (value(Some(&stored.recommendation))?, value(Some(&recommendation))?);
        compare("recommendation", &before, &after, &mut differences);
        let (before, after) = (value(stored.path.as_deref())?, value(path.as_deref())?);
        compare("path", &before, &after, &mut differences);
    }
    Ok(Replay {
        trace_id: trace,
        lead_id: stored.lead_id,
        equal,
        differences,
        model_id: Some(model_id),
        ranked_by: kept.leadboard,
        replayed_by: VERSION,
        reps: again.ranking.map_or(0, |ranking| ranking.reps.len()),
    })
}

fn text<T: Serialize>(value: &T) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(|e| AppError::Refused(format!("a value cannot be written as JSON: {e}")))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, AppError> {
    serde_json::from_str(text).map_err(|e| AppError::Refused(format!("{what} as stored cannot be read: {e}")))
}

fn value(text: Option<&str>) -> Result<Value, AppError> {
    text.map_or(Ok(Value::Null), |text| parse(text, "the ranking"))
}

/// Collects the paths at which two values differ, until enough are named.
fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    if before == after || found.len() >= NAMED {
        return;
    }
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            for key in b.keys().chain(a.keys()).collect::<BTreeSet<_>>() {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}.{key}"), &of(b), &of(a), found);
            }
        }
        (Value::Array(b), Value::Array(a)) if b.len() == a.len() => {
            for (n, (b, a)) in b.iter().zip(a).enumerate() {
                compare(&format!("{path}.{n}"), b, a, found);
            }
        }
        _ => found.push(Difference { path: path.to_owned(), stored: before.clone(), replayed: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_their_path() {
        let before = json!({"reps": [{"p_win": 0.1}, {"p_win": 0.2}], "segment": "a", "gone": 1});
        let after = json!({"reps": [{"p_win": 0.1}, {"p_win": 0.200_000_000_000_000_03}], "segment": "a", "new": 2});
        let mut found = Vec::new();
        compare("ranking", &before, &after, &mut found);
        let paths: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, ["ranking.gone", "ranking.new", "ranking.reps.1.p_win"]);
        let mut none = Vec::new();
        compare("ranking", &before, &before, &mut none);
        assert_eq!(none, []);
    }
}
