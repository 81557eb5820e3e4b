//! Rows of any database into the words of the product. The column names are those that the statements in `sql/` give.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::values;
use crate::app::ports::HandOver;
use crate::app::ports::{
    BackfillRun, ClosedLead, DriftMark, ModelRow, ReceivedLead, Seal, StoreError, StoredEvent, StoredRanking,
};
use crate::app::views::{QueueRow, ReturnedBy, ShadowRow};
use crate::domain::audit::AuditEvent;
use crate::domain::deal::{Deal, LeadOutcome, Outcome};
use crate::domain::decision::Decision;
use crate::domain::effect::{EffectRow, LeasedEffect};
use crate::domain::ids::{DecisionKey, LeadId, ModelId, QueueId, RepId, RepKey};
use crate::domain::lead::{Form, Had, Lead, LeadRecord, LeadState, LegacyAssignment, Owner};
use crate::domain::ranking::Ranking;
use crate::domain::rep::{Queue, Rep};
use crate::domain::verdict::Rejection;

/// Named columns of a row, in the three types the schema uses. Each driver's row is one (see `session.rs`).
pub trait Columns {
    /// Text that is never null.
    fn text(&self, column: &str) -> Result<String, StoreError>;
    /// Text.
    fn text_opt(&self, column: &str) -> Result<Option<String>, StoreError>;
    /// A 64-bit integer that is never null.
    fn int(&self, column: &str) -> Result<i64, StoreError>;
    /// A 64-bit integer.
    fn int_opt(&self, column: &str) -> Result<Option<i64>, StoreError>;
    /// A double that is never null.
    fn real(&self, column: &str) -> Result<f64, StoreError>;
    /// A double.
    fn real_opt(&self, column: &str) -> Result<Option<f64>, StoreError>;

    /// A time that is never null.
    fn time(&self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        values::time(self.int(column)?)
    }
    /// A time.
    fn time_opt(&self, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.int_opt(column)?.map(values::time).transpose()
    }
    /// A flag.
    fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }
    /// A count that fits 32 bits.
    fn small_count(&self, column: &str) -> Result<u32, StoreError> {
        values::small_count(self.int(column)?)
    }
    /// A word that is never null.
    fn word<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        parse(&self.text(column)?, column)
    }
    /// A word.
    fn word_opt<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.text_opt(column)?.map(|text| parse(&text, column)).transpose()
    }
    /// An owner in two columns.
    fn owner(&self, kind: &str, id: &str) -> Result<Owner, StoreError> {
        values::owner(&self.text(kind)?, self.text(id)?)
    }
}

/// That a column is not what the statement promised.
pub(super) fn unreadable(column: &str, error: &sqlx::Error) -> StoreError {
    StoreError::Corrupt(format!("column {column}: {error}"))
}

fn parse<T: FromStr<Err: Display>>(text: &str, column: &str) -> Result<T, StoreError> {
    text.parse().map_err(|e| StoreError::Corrupt(format!("{text:?} in column {column}: {e}")))
}

pub(super) fn lead(row: &impl Columns) -> Result<Lead, StoreError> {
    Ok(Lead {
        id: LeadId::new(row.text("id")?),
        company: row.text("company")?,
        contact: row.text_opt("contact")?,
        facts: values::from_json(&row.text("facts")?, "facts of a lead")?,
        form: match row.text_opt("form")? {
            Some(form) => values::from_json(&form, "form of a lead")?,
            None => Form::default(),
        },
        owner: row.owner("owner_kind", "owner_id")?,
        modified_at: row.time("modified_at")?,
        modstamp: row.time("modstamp")?,
        converted: row.flag("converted")?,
        deleted: row.flag("deleted")?,
    })
}

pub(super) fn lead_record(row: &impl Columns) -> Result<LeadRecord, StoreError> {
    let state = row.word("state")?;
    Ok(LeadRecord {
        lead: lead(row)?,
        state,
        lane: if state == LeadState::InLane { row.word_opt("lane")? } else { None },
        legacy: LegacyAssignment {
            owner: row.owner("legacy_kind", "legacy_id")?,
            captured_at: row.time("captured_at")?,
        },
        received_at: row.time("received_at")?,
        ranked_at: row.time_opt("ranked_at")?,
        snoozed_until: row.time_opt("snoozed_until")?,
        decisions_made: row.small_count("decisions_made")?,
        earlier: earlier(row)?,
    })
}

fn earlier(row: &impl Columns) -> Result<Vec<Had>, StoreError> {
    row.text_opt("earlier")?
        .map_or_else(|| Ok(Vec::new()), |earlier| values::from_json(&earlier, "earlier owners of a lead"))
}

pub(super) fn decision(row: &impl Columns) -> Result<Decision, StoreError> {
    let rejection = row
        .word_opt("rejection_code")?
        .map(|code| Ok::<_, StoreError>(Rejection { code, note: row.text_opt("rejection_note")? }))
        .transpose()?;
    Ok(Decision {
        trace_id: row.word("trace_id")?,
        key: DecisionKey::new(row.text("key")?),
        lead_id: LeadId::new(row.text("lead_id")?),
        by: values::decided_by(&row.text("decided_by_kind")?, row.text_opt("decided_by_name")?)?,
        verdict: values::from_json(&row.text("verdict")?, "verdict of a decision")?,
        rejection,
        owner: row.owner("owner_kind", "owner_id")?,
        legacy_owner: row.owner("legacy_kind", "legacy_id")?,
        recommendation: values::from_json(&row.text("recommendation")?, "recommendation of a decision")?,
        p_win: row.real_opt("p_win")?,
        model_id: row.text_opt("model_id")?.map(ModelId::new),
        decided_at: row.time("decided_at")?,
        grace_until: row.time("grace_until")?,
        undone_at: row.time_opt("undone_at")?,
        write: row.word("write_state")?,
        replaces: row.word_opt("replaces")?,
        closed_at: row.time_opt("closed_at")?,
    })
}

pub(super) fn leased_effect(row: &impl Columns) -> Result<LeasedEffect, StoreError> {
    Ok(LeasedEffect {
        id: row.int("id")?,
        token: row.int("lease_token")?,
        attempt: row.small_count("attempts")?,
        write: values::from_json(&row.text("payload")?, "write of an effect")?,
    })
}

pub(super) fn effect_row(row: &impl Columns) -> Result<EffectRow, StoreError> {
    Ok(EffectRow {
        id: row.int("id")?,
        lead_id: LeadId::new(row.text("lead_id")?),
        company: row.text("company")?,
        trace_id: row.word("trace_id")?,
        state: row.word("state")?,
        attempts: row.small_count("attempts")?,
        not_before: row.time("not_before")?,
        last_error: row.text_opt("last_error")?,
    })
}

pub(super) fn queue_row(row: &impl Columns) -> Result<QueueRow, StoreError> {
    let state = row.word("state")?;
    let route = match (row.text_opt("route_kind")?, row.text_opt("route_id")?) {
        (Some(kind), Some(id)) => Some(values::route(&kind, id)?),
        _ => None,
    };
    Ok(QueueRow {
        id: LeadId::new(row.text("id")?),
        company: row.text("company")?,
        source: row.text_opt("source")?,
        territory: row.text_opt("territory")?,
        state,
        lane: if state == LeadState::InLane { row.word_opt("lane")? } else { None },
        priority: -row.real("queue_order")?,
        created_at: row.time("created_at")?,
        received_at: row.time("received_at")?,
        route,
        reason: row.word_opt("reason")?,
        recommended: row.text_opt("recommended")?,
        p_win: row.real_opt("p_win")?,
        legacy: row.text_opt("legacy")?,
        legacy_p_win: row.real_opt("legacy_p_win")?,
        lead_score: row.int_opt("lead_score")?.and_then(|score| u8::try_from(score).ok()),
        lead_tier: row.word_opt("lead_tier")?,
        snoozed_until: row.time_opt("snoozed_until")?,
        decided_owner: row.text_opt("decided_owner")?,
        write: row.word_opt("write_state")?,
        decisions_made: row.small_count("decisions_made")?,
        returned: returned_by(row, state)?,
        handed: row.text_opt("to_manager")?.is_some().then(|| hand_over(row)).transpose()?,
    })
}

/// A hand-over that is there.
pub(super) fn hand_over(row: &impl Columns) -> Result<HandOver, StoreError> {
    Ok(HandOver {
        from: row.text("from_manager")?,
        to: row.text("to_manager")?,
        note: row.text_opt("note")?,
        at: row.time("handed_at")?,
    })
}

/// Who gave a lead back that nobody else got since.
fn returned_by(row: &impl Columns, state: LeadState) -> Result<Option<ReturnedBy>, StoreError> {
    let open = matches!(state, LeadState::Pending | LeadState::InLane);
    let Some(had) = earlier(row)?.pop().filter(|_| open) else { return Ok(None) };
    let name = row.text_opt("returned_by")?.unwrap_or_else(|| had.rep.to_string());
    Ok(Some(ReturnedBy { name, how: had.how, at: had.at, why: had.why }))
}

pub(super) fn shadow_row(row: &impl Columns) -> Result<ShadowRow, StoreError> {
    let decided_owner = match (row.text_opt("decided_kind")?, row.text_opt("decided_id")?) {
        (Some(kind), Some(id)) => Some(values::owner(&kind, id)?),
        _ => None,
    };
    let verdict = row
        .text_opt("verdict")?
        .map(|text| values::from_json::<crate::domain::verdict::Verdict>(&text, "verdict of a decision"))
        .transpose()?;
    Ok(ShadowRow {
        id: LeadId::new(row.text("id")?),
        source: row.text_opt("source")?,
        territory: row.text_opt("territory")?,
        legacy: row.owner("legacy_kind", "legacy_id")?,
        legacy_p_win: row.real_opt("legacy_p_win")?,
        route: values::route(&row.text("route_kind")?, row.text("route_id")?)?,
        reason: row.word("reason")?,
        p_win: row.real_opt("p_win")?,
        verdict: verdict.map(|v| v.name().to_owned()),
        trace_id: row.word_opt("trace_id")?,
        decided_owner,
    })
}

pub(super) fn audit_event(row: &impl Columns) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        at: row.time("at")?,
        actor: row.text("actor")?,
        what: row.text("what")?,
        lead_id: row.text_opt("lead_id")?.map(LeadId::new),
        trace_id: row.word_opt("trace_id")?,
        details: values::from_json(&row.text("details")?, "details of an audit event")?,
    })
}

/// An audit record as it is stored.
pub(super) fn stored_event(row: &impl Columns) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: row.int("id")?,
        at: row.int("at")?,
        actor: row.text("actor")?,
        what: row.text("what")?,
        lead_id: row.text_opt("lead_id")?,
        trace_id: row.text_opt("trace_id")?,
        details: row.text("details")?,
    })
}

pub(super) fn seal(row: &impl Columns) -> Result<Seal, StoreError> {
    Ok(Seal {
        seq: row.int("seq")?,
        audit_id: row.int("audit_id")?,
        content: row.text("content")?,
        link: row.text("link")?,
    })
}

/// A seal, with its record if that is still there.
pub(super) fn sealed_event(row: &impl Columns) -> Result<(Seal, Option<StoredEvent>), StoreError> {
    let event = if row.int_opt("id")?.is_some() { Some(stored_event(row)?) } else { None };
    Ok((seal(row)?, event))
}

/// A ranking with what it was made from.
pub(super) fn stored_ranking(row: &impl Columns) -> Result<StoredRanking, StoreError> {
    Ok(StoredRanking {
        lead_id: LeadId::new(row.text("lead_id")?),
        modstamp: row.time("modstamp")?,
        ranked_at: row.time("ranked_at")?,
        legacy: row.owner("legacy_kind", "legacy_id")?,
        model_id: row.text_opt("model_id")?.map(ModelId::new),
        facts: row.text_opt("facts")?,
        desk: row.text_opt("desk")?,
        recommendation: row.text("recommendation")?,
        ranking: row.text_opt("ranking")?,
        rules: row.text_opt("rules")?,
        situation: row.text_opt("situation")?,
        path: row.text_opt("path")?,
    })
}

pub(super) fn rep(row: &impl Columns) -> Result<Rep, StoreError> {
    Ok(Rep {
        id: RepId::new(row.text("id")?),
        key: RepKey::new(row.text("rep_key")?),
        name: row.text("name")?,
        active: row.flag("active")?,
        territory: row.text_opt("territory")?,
        user_name: row.text_opt("user_name")?,
        email: row.text_opt("email")?,
    })
}

pub(super) fn queue(row: &impl Columns) -> Result<Queue, StoreError> {
    Ok(Queue { id: QueueId::new(row.text("id")?), name: row.text("name")?, key: row.text("key")? })
}

pub(super) fn deal(row: &impl Columns) -> Result<Deal, StoreError> {
    Ok(Deal {
        lead_id: LeadId::new(row.text("lead_id")?),
        rep: RepKey::new(row.text("rep_key")?),
        facts: values::from_json(&row.text("facts")?, "facts of a deal")?,
        closed_at: row.time("closed_at")?,
        closed_assumed: row.flag("closed_assumed")?,
        outcome: row.word("outcome")?,
        closed_amount: row.real_opt("closed_amount")?,
    })
}

pub(super) fn lead_outcome(row: &impl Columns) -> Result<LeadOutcome, StoreError> {
    Ok(LeadOutcome {
        lead_id: LeadId::new(row.text("lead_id")?),
        rep_id: row.text_opt("rep_id")?.map(RepId::new),
        outcome: row.word_opt("outcome")?,
        closed_at: row.time_opt("closed_at")?,
        amount: row.real_opt("amount")?,
    })
}

pub(super) fn model(row: &impl Columns) -> Result<ModelRow, StoreError> {
    Ok(ModelRow {
        id: ModelId::new(row.text("id")?),
        created_at: row.time("created_at")?,
        champion: row.flag("champion")?,
        promoted_at: row.time_opt("promoted_at")?,
        card: values::from_json(&row.text("card")?, "card of a model")?,
    })
}

pub(super) fn received_lead(row: &impl Columns) -> Result<ReceivedLead, StoreError> {
    Ok(ReceivedLead {
        id: LeadId::new(row.text("id")?),
        facts: values::from_json(&row.text("facts")?, "facts of a lead")?,
        p_win: row.real_opt("p_win")?,
    })
}

pub(super) fn closed_lead(row: &impl Columns) -> Result<ClosedLead, StoreError> {
    let ranking: Option<Ranking> =
        row.text_opt("ranking")?.map(|text| values::from_json(&text, "a ranking")).transpose()?;
    let rep = row.text_opt("rep_id")?.map(RepId::new);
    let p_win = ranking.zip(rep).and_then(|(ranking, rep)| ranking.of(&rep).map(|entry| entry.p_win));
    Ok(ClosedLead {
        id: LeadId::new(row.text("lead_id")?),
        model: ModelId::new(row.text("model_id")?),
        created_at: row.time("created_at")?,
        p_win,
        won: row.word::<Outcome>("outcome")? == Outcome::Won,
    })
}

pub(super) fn drift_mark(row: &impl Columns) -> Result<DriftMark, StoreError> {
    Ok(DriftMark {
        day: row.time("day")?.date_naive(),
        gathered_at: row.time("gathered_at")?,
        model: row.text_opt("model_id")?.map(ModelId::new),
    })
}

pub(super) fn backfill_run(row: &impl Columns) -> Result<BackfillRun, StoreError> {
    Ok(BackfillRun {
        id: row.int("id")?,
        started_at: row.time("started_at")?,
        started_by: row.text("started_by")?,
        model_id: ModelId::new(row.text("model_id")?),
        selection: values::from_json(&row.text("selection")?, "selection of a back-fill")?,
        state: row.word("state")?,
        done_until: row.text_opt("done_until")?.map(LeadId::new),
        tally: values::from_json(&row.text("tally")?, "tally of a back-fill")?,
    })
}
