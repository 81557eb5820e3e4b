//! Taking back what was sent already: a decision of its own that gives the lead back to the owner it had before.
//!
//! It goes the way of every decision: stored with its write in one transaction, sent under the condition that the owner is
//! still the one that we wrote, found again by its key. Whoever took the lead in between keeps it. When it is written, the
//! lead is open again, and is ranked anew.

use chrono::Duration;

use super::{decision_key, owner_name, trace_id};
use crate::app::AppError;
use crate::app::ports::{Clock, DecideOutcome, NewDecision, Store};
use crate::app::views::LeadDetail;
use crate::domain::decision::{DecidedBy, Decision, WriteState};
use crate::domain::effect::{DecisionWrite, Rung, SourceWrite};
use crate::domain::lead::{Lead, LeadState};
use crate::domain::verdict::Verdict;

/// A change stamp has whole seconds. What is put back must not share the second of what it puts back, or a late reading of
/// the one could be taken for the other.
const APART: Duration = Duration::milliseconds(1_500);

/// Decides to put back what `sent` did. Gives the new decision, and the name of the owner who has the lead again.
pub(super) async fn put_back(
    store: &dyn Store,
    clock: &dyn Clock,
    (old, sent): (Decision, DecisionWrite),
    by: &str,
) -> Result<(Decision, String), AppError> {
    let refused = |why: &str| AppError::Refused(why.to_owned());
    let detail = store.lead_detail(&old.lead_id).await?.ok_or_else(|| refused("the lead is not known"))?;
    let roster = store.roster().await?;
    let org = store.org().await?.ok_or_else(|| refused("no org is connected yet"))?;
    let in_the_way = in_the_way(&detail, &sent, |owner| owner_name(owner, &roster));
    if let Some(why) = in_the_way {
        return Err(AppError::Refused(why));
    }
    let (now, made) = (clock.now(), detail.record.decisions_made);
    let owner = sent.expected_owner;
    let name = owner_name(&owner, &roster);
    let decision = Decision {
        trace_id: trace_id(now),
        key: decision_key(&org, &old.lead_id, made),
        lead_id: old.lead_id,
        by: DecidedBy::Manager(by.to_owned()),
        verdict: Verdict::Undo,
        rejection: None,
        p_win: owner.rep().and_then(|id| detail.ranking.as_ref()?.of(id)).map(|r| r.p_win),
        owner,
        legacy_owner: old.legacy_owner,
        recommendation: old.recommendation,
        model_id: old.model_id,
        decided_at: now,
        // There is no undo of an undo: the lead is open again instead.
        grace_until: now + APART,
        undone_at: None,
        write: WriteState::Waiting,
        replaces: Some(old.trace_id),
        closed_at: None,
    };
    let effect = DecisionWrite {
        key: decision.key.clone(),
        trace_id: decision.trace_id,
        lead_id: decision.lead_id.clone(),
        expected_owner: sent.owner,
        expected_modified_at: detail.record.lead.modified_at,
        owner: decision.owner.clone(),
        ai_assigned: false,
        reason: format!("{name}, as before: {by} took decision {} back.", old.trace_id),
        reason_code: Verdict::Undo.name().to_owned(),
        verdict: Verdict::Undo.name().to_owned(),
        p_win: decision.p_win,
        legacy_owner: decision.legacy_owner.clone(),
        model: decision.model_id.as_ref().map_or_else(String::new, ToString::to_string),
        decided_by: by.to_owned(),
        decided_at: now,
        task: None,
        source: sent.source.map(|set| SourceWrite { from: set.to, to: set.from }),
        urgent: sent.urgent,
        rung: Rung::Whole,
        return_reason: None,
    };
    let new = NewDecision {
        decision: decision.clone(),
        expected_decisions: made,
        effect: Some(effect),
        feedback: None,
        share: None,
        contact_due: None,
        ranking: None,
    };
    match store.decide(new).await? {
        DecideOutcome::Taken => Ok((decision, name)),
        DecideOutcome::NotOpen(why) => Err(AppError::Refused(why)),
    }
}

/// Why there is nothing to put back, as far as it is known here. The write asks the CRM again.
fn in_the_way(
    detail: &LeadDetail,
    sent: &DecisionWrite,
    name: impl Fn(&crate::domain::lead::Owner) -> String,
) -> Option<String> {
    let Lead { owner, converted, deleted, .. } = &detail.record.lead;
    if detail.record.state != LeadState::Decided {
        return Some("the lead is open; there is nothing to take back".into());
    }
    if *deleted {
        return Some("the lead was deleted or merged in the CRM".into());
    }
    if *converted {
        return Some("the lead was converted in the CRM, so it is nobody's to give back".into());
    }
    // Not read again since the write, or as it was written.
    let ours = *owner == sent.owner || *owner == sent.expected_owner;
    (!ours).then(|| format!("{} owns it by now, whom nobody here decided on; their word stands", name(owner)))
}
