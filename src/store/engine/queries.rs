//! [`QueryStore`]: what the screens, the CLI and the reports ask.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{Driver, SqlStore, blind, contacts, hand_overs, routing};
use crate::app::explain::InUse;
use crate::app::filter::Condition;
use crate::app::ports::{QueryStore, StoreError};
use crate::app::views::{LaneCounts, LeadDetail, LeadFilter, QueuePage, QueueRow, Seek, ShadowRow};
use crate::domain::audit::AuditEvent;
use crate::domain::ids::{LeadId, ModelId, RepId};
use crate::domain::lead::{Conservation, LeadState};
use crate::store::query::{ints, query};
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql::{self, Statement};
use crate::store::values::{self, count, micros};

/// Events in the timeline of one lead.
const TIMELINE: i64 = 200;

#[async_trait]
impl<D: Driver> QueryStore for SqlStore<D> {
    async fn conservation(&self) -> Result<Conservation, StoreError> {
        let row = self.ask_one(query(sql::queries::CONSERVATION)).await?;
        let of = |column| count(row.int(column)?);
        let (in_lane, pending, superseded) = (of("in_lane")?, of("pending")?, of("superseded")?);
        let decided = of("leads")? - in_lane - pending - superseded;
        Ok(Conservation { received: of("received")?, decided, in_lane, pending, superseded })
    }

    async fn lane_counts(&self, at: DateTime<Utc>) -> Result<LaneCounts, StoreError> {
        let found = self.ask(query(sql::queries::LANE_COUNTS).bind(micros(at))).await?;
        let mut counts = LaneCounts::default();
        for row in &found {
            let awake = count(row.int("awake")?)?;
            if awake > 0 {
                counts.lanes.insert(row.word("lane")?, awake);
            }
            counts.snoozed += count(row.int("snoozed")?)?;
        }
        Ok(counts)
    }

    async fn lanes_matching(&self, conditions: &[Condition], at: DateTime<Utc>) -> Result<LaneCounts, StoreError> {
        let found = query(sql::queries::LANES_FOUND).bind(0).bind(micros(at)).bind(values::json(&conditions)?);
        let mut counts = LaneCounts::default();
        for row in &self.ask(found).await? {
            counts.lanes.insert(row.word("lane")?, count(row.int("found")?)?);
        }
        Ok(counts)
    }

    async fn queue_page(
        &self,
        filter: &LeadFilter,
        seek: &Seek,
        limit: u32,
        at: DateTime<Utc>,
    ) -> Result<QueuePage, StoreError> {
        let Some(list) = List::of(filter, at)? else { return Ok(QueuePage::default()) };
        self.again(|| page(self, &list, seek, i64::from(limit))).await
    }

    async fn queue_rows(&self, ids: &[LeadId]) -> Result<Vec<QueueRow>, StoreError> {
        self.ask(query(sql::queries::ROWS).bind(values::json(&ids)?)).await?.iter().map(rows::queue_row).collect()
    }

    async fn lead_detail(&self, id: &LeadId) -> Result<Option<LeadDetail>, StoreError> {
        self.again(|| detail(self, id)).await
    }

    async fn shadow_rows(&self, after: Option<&LeadId>, limit: u32) -> Result<Vec<ShadowRow>, StoreError> {
        let found = query(sql::queries::SHADOW).bind(after.map_or("", LeadId::as_str)).bind(i64::from(limit));
        self.ask(found).await?.iter().map(rows::shadow_row).collect()
    }

    async fn audit(&self, lead: Option<&LeadId>, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let newest = match lead {
            Some(lead) => query(sql::audit::NEWEST_OF_LEAD).bind(lead.as_str()),
            None => query(sql::audit::NEWEST),
        };
        self.ask(newest.bind(i64::from(limit))).await?.iter().map(rows::audit_event).collect()
    }

    async fn data_version(&self) -> Result<i64, StoreError> {
        D::version(self).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    async fn close(&self) {
        Self::close(self).await;
    }

    async fn ranking_latencies_ms(&self) -> Result<Vec<f64>, StoreError> {
        let micros = ints(&self.ask(query(sql::queries::LATENCIES)).await?, "micros")?;
        Ok(micros.into_iter().map(|n| n as f64 / 1_000.0).collect())
    }
}

async fn page<D: Driver>(store: &SqlStore<D>, list: &List, seek: &Seek, limit: i64) -> Result<QueuePage, StoreError> {
    let mut tx = store.read().await?;
    let (before, after) = match seek {
        Seek::Top => (Vec::new(), list.rows(&mut *tx, list.onward, &Place::START, limit).await?),
        Seek::End => (list.rows(&mut *tx, list.backward, &Place::END, limit).await?, Vec::new()),
        Seek::Around(key) => {
            let place = Place { order: -key.priority, id: key.id.as_str() };
            let before = list.rows(&mut *tx, list.backward, &place, limit / 2).await?;
            let after = list.rows(&mut *tx, list.onward, &place, limit - before.len() as i64).await?;
            (before, after)
        }
    };
    let rows: Vec<QueueRow> = before.into_iter().rev().chain(after).collect();
    let first = rows.first().map(|row| Place { order: -row.priority, id: row.id.as_str() });
    let (start, total) = list.tally(&mut *tx, &first.unwrap_or(Place::START)).await?;
    Ok(QueuePage { start, rows, total })
}

async fn detail<D: Driver>(store: &SqlStore<D>, id: &LeadId) -> Result<Option<LeadDetail>, StoreError> {
    let mut tx = store.read().await?;
    let of_lead = |statement| query(statement).bind(id.as_str());
    let Some(lead) = of_lead(sql::leads::BY_ID).optional(&mut *tx).await? else { return Ok(None) };
    let (ranking, recommendation, path) = match of_lead(sql::rankings::NEWEST_OF_LEAD).optional(&mut *tx).await? {
        Some(row) => (
            row.text_opt("ranking")?.map(|text| values::from_json(&text, "a ranking")).transpose()?,
            Some(values::from_json(&row.text("recommendation")?, "a recommendation")?),
            row.text_opt("path")?.map(|text| values::from_json(&text, "a way to a recommendation")).transpose()?,
        ),
        None => (None, None, None),
    };
    let decisions = of_lead(sql::decisions::OF_LEAD).all(&mut *tx).await?;
    let outcome = of_lead(sql::learning::OUTCOME).optional(&mut *tx).await?;
    let timeline = of_lead(sql::audit::NEWEST_OF_LEAD).bind(TIMELINE).all(&mut *tx).await?;
    let record = rows::lead_record(&lead)?;
    let hold = if record.state == LeadState::Pending { routing::hold(&mut *tx).await? } else { None };
    let first_choice = blind::of_lead(&mut *tx, id, record.decisions_made).await?;
    let mut detail = LeadDetail {
        first_choice,
        hold: hold.filter(|open| open.leads.contains(id)).map(|open| open.hold),
        record,
        ranking,
        recommendation,
        path,
        decisions: decisions.iter().map(rows::decision).collect::<Result<_, _>>()?,
        handed: hand_overs::of_lead(&mut *tx, id).await?,
        contacts: contacts::of_lead(&mut *tx, id).await?,
        outcome: outcome.as_ref().map(rows::lead_outcome).transpose()?,
        timeline: timeline.iter().map(rows::audit_event).collect::<Result<_, _>>()?,
        names: BTreeMap::new(),
        in_use: in_use(&mut *tx).await?,
    };
    detail.names = names(&mut *tx, &mentioned(&detail)).await?;
    Ok(Some(detail))
}

/// A place in the order of a list, as the index has it.
struct Place<'a> {
    order: f64,
    id: &'a str,
}

impl Place<'_> {
    /// Before every row.
    const START: Self = Self { order: f64::NEG_INFINITY, id: "" };
    /// After every row.
    const END: Self = Self { order: f64::INFINITY, id: "" };
}

/// The statements that walk one index both ways, with the values that they all take.
struct List {
    onward: Statement,
    backward: Statement,
    tally: Statement,
    found: Statement,
    key: Option<String>,
    snoozed: i64,
    now: i64,
    /// The conditions of the filter as JSON, if it has any.
    conditions: Option<String>,
}

impl List {
    /// The list that a filter asks for; `None` if nothing can be in it.
    fn of(filter: &LeadFilter, at: DateTime<Utc>) -> Result<Option<Self>, StoreError> {
        use sql::queries as q;
        let (onward, backward, tally, found, key) = match (filter.lane, filter.state) {
            (Some(lane), None | Some(LeadState::InLane)) => {
                (q::LANE_ONWARD, q::LANE_BACKWARD, q::LANE_TALLY, q::LANE_FOUND, Some(lane.to_string()))
            }
            // A lane holds only leads that are in it.
            (Some(_), Some(_)) => return Ok(None),
            (None, Some(state)) => {
                (q::STATE_ONWARD, q::STATE_BACKWARD, q::STATE_TALLY, q::STATE_FOUND, Some(state.to_string()))
            }
            (None, None) => (q::ALL_ONWARD, q::ALL_BACKWARD, q::ALL_TALLY, q::ALL_FOUND, None),
        };
        let conditions = Some(&filter.conditions).filter(|all| !all.is_empty()).map(values::json).transpose()?;
        Ok(Some(Self {
            onward,
            backward,
            tally,
            found,
            key,
            snoozed: i64::from(filter.include_snoozed),
            now: micros(at),
            conditions,
        }))
    }

    async fn rows(
        &self,
        conn: &mut impl Session,
        statement: Statement,
        place: &Place<'_>,
        limit: i64,
    ) -> Result<Vec<QueueRow>, StoreError> {
        let query = query(statement).bind(self.snoozed).bind(self.now).bind(self.conditions.as_deref());
        let query = query.bind(place.order).bind(place.id).bind(limit);
        let query = if let Some(key) = &self.key { query.bind(key) } else { query };
        query.all(conn).await?.iter().map(rows::queue_row).collect()
    }

    /// Rows before a place, and rows in all.
    async fn tally(&self, conn: &mut impl Session, place: &Place<'_>) -> Result<(u64, u64), StoreError> {
        let statement = if self.conditions.is_some() { self.found } else { self.tally };
        let query = query(statement).bind(self.snoozed).bind(self.now).bind(place.order).bind(place.id);
        let query = if let Some(key) = &self.key { query.bind(key) } else { query };
        let query = if let Some(conditions) = &self.conditions { query.bind(conditions) } else { query };
        let row = query.one(conn).await?;
        Ok((count(row.int("before")?)?, count(row.int("total")?)?))
    }
}

/// What ranks and routes now.
async fn in_use(conn: &mut impl Session) -> Result<InUse, StoreError> {
    let rules = query(sql::routing::VERSION_IN_FORCE).optional(conn).await?;
    let champion = query(sql::learning::CHAMPION_ID).optional(conn).await?;
    Ok(InUse {
        rules: rules.map(|row| row.text("value")).transpose()?,
        model: champion.map(|row| row.text("id").map(ModelId::new)).transpose()?,
    })
}

/// Ids of every rep and queue that a lead's details speak of.
fn mentioned(detail: &LeadDetail) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let record = &detail.record;
    ids.insert(record.lead.owner.id().to_owned());
    ids.insert(record.legacy.owner.id().to_owned());
    ids.extend(record.earlier.iter().map(|had| had.rep.to_string()));
    if let Some(ranking) = &detail.ranking {
        let ranked = ranking.reps.iter().map(|r| &r.rep_id);
        let excluded = ranking.pool.excluded.iter().map(|(rep, _)| rep);
        ids.extend(ranked.chain(&ranking.pool.eligible).chain(excluded).map(RepId::to_string));
    }
    // Where the model failed, the pool is in the way to the recommendation.
    let pool = detail.path.as_ref().and_then(|path| path.pool.as_ref());
    ids.extend(pool.iter().flat_map(|pool| &pool.eligible).map(RepId::to_string));
    ids.extend(pool.iter().flat_map(|pool| &pool.excluded).map(|(rep, _)| rep.to_string()));
    ids.extend(detail.first_choice.iter().map(|choice| choice.owner.id().to_owned()));
    ids.extend(detail.recommendation.iter().map(|r| r.route.owner().id().to_owned()));
    for decision in &detail.decisions {
        ids.insert(decision.owner.id().to_owned());
        ids.insert(decision.recommendation.route.owner().id().to_owned());
    }
    ids.extend(detail.outcome.iter().filter_map(|o| o.rep_id.as_ref()).map(RepId::to_string));
    ids
}

/// Names by id, of those that were ever in the roster.
async fn names(conn: &mut impl Session, ids: &BTreeSet<String>) -> Result<BTreeMap<String, String>, StoreError> {
    let found = query(sql::roster::NAMES).bind(values::json(ids)?).all(conn).await?;
    found.iter().map(|row| Ok((row.text("id")?, row.text("name")?))).collect()
}
