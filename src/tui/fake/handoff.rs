//! What is handed over in the made-up company, and what is told of a day in it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::{State, told};
use crate::app::digest::{Agreement, Day, DriftLight, FirstContacts, NoContact, Verdicts};
use crate::app::drift;
use crate::app::handoff::{AtRisk, OwedContacts, OwedWrites, Told, TurnedDown};
use crate::app::ports::{Acceptance, OpenLead, Overruled, RiskTally};
use crate::app::rollout::Configured;
use crate::domain::effect::{EffectCounts, EffectRow, EffectState};
use crate::domain::ids::TraceId;
use crate::domain::lane::Lane;
use crate::domain::lead::{Conservation, LeadState};
use crate::domain::verdict::{Reason, ReasonCode};
use crate::tui::backend::boards::{Digest, Facts, Handoff, Stopped};
use crate::tui::backend::{BackendError, LaneCounts};

/// Who sits in front of it.
pub(super) const MANAGER: &str = "Ana M.";

/// How things stand where nothing else is said.
pub(super) fn facts(state: &State) -> Facts {
    state.boards.facts.clone().unwrap_or_else(|| Facts {
        at: state.now,
        since: state.now - TimeDelta::hours(8),
        sla_seconds: 4 * 3_600,
        stopped: state.boards.switch.stopped.clone(),
        leads: Conservation::default(),
        lanes: LaneCounts::default(),
        at_risk: AtRisk::default(),
        snoozed: Vec::new(),
        contacts: OwedContacts::default(),
        writes: OwedWrites::default(),
        overruled: TurnedDown::default(),
    })
}

/// A company late on a long day.
pub(crate) fn late(state: State) -> State {
    let mut state = told(state);
    let now = state.now;
    let leads: Vec<_> = state.leads.values().map(|(_, detail)| detail.record.lead.clone()).collect();
    let names: Vec<String> = state.roster.reps.iter().map(|rep| rep.name.clone()).collect();
    let open = |n: usize, age: i64, snoozed: Option<i64>| OpenLead {
        id: leads[n].id.clone(),
        company: leads[n].company.clone(),
        lane: (n != 2).then_some(if n.is_multiple_of(2) { Lane::Disagree } else { Lane::Hot }),
        created_at: now - TimeDelta::minutes(age),
        snoozed_until: snoozed.map(|minutes| now + TimeDelta::minutes(minutes)),
        recommended: (n != 2).then(|| names[n % names.len()].clone()),
    };
    let write = |n: usize, state, attempts, error: Option<&str>| EffectRow {
        id: n as i64,
        lead_id: leads[n].id.clone(),
        company: leads[n].company.clone(),
        trace_id: TraceId::new(Uuid::from_u128(n as u128)),
        state,
        attempts,
        not_before: now,
        last_error: error.map(str::to_owned),
    };
    let overruled = |n: usize, verdict: &str, code: ReasonCode, was: f64, is: Option<f64>, chosen: &str| Overruled {
        trace_id: TraceId::new(Uuid::from_u128(n as u128)),
        lead_id: leads[n].id.clone(),
        company: leads[n].company.clone(),
        verdict: verdict.into(),
        reason: Reason::from(code),
        note: (n == 30).then(|| "asked for by their CEO".into()),
        by: MANAGER.into(),
        at: now - TimeDelta::minutes(n as i64),
        recommended: Some(names[n % names.len()].clone()),
        recommended_p_win: Some(was),
        chosen: chosen.into(),
        chosen_p_win: is,
    };
    let due: Vec<_> = state.boards.contacts.iter().filter(|row| row.outcome.is_none()).take(3).cloned().collect();
    state.boards.facts = Some(Facts {
        leads: Conservation { received: 212, decided: 161, in_lane: 47, pending: 2, superseded: 2 },
        lanes: LaneCounts {
            lanes: [(Lane::Fast, 12), (Lane::Disagree, 24), (Lane::LowConfidence, 5), (Lane::Hot, 4)].into(),
            snoozed: 2,
        },
        at_risk: AtRisk {
            tally: RiskTally { over: 2, ending: 3 },
            first: vec![open(2, 301, None), open(3, 262, Some(90)), open(4, 211, None), open(5, 190, None)],
        },
        snoozed: vec![open(3, 262, Some(90)), open(7, 20, Some(1_200))],
        contacts: OwedContacts { owed: 19, overdue: 1, first: due },
        writes: OwedWrites {
            failed: 1,
            waiting: 3,
            first: vec![
                write(9, EffectState::Dead, 8, Some("the CRM refused the request: no such owner")),
                write(10, EffectState::Ready, 2, Some("the CRM did not answer")),
                write(11, EffectState::Ready, 0, None),
            ],
        },
        overruled: TurnedDown {
            all: 11,
            first: vec![
                overruled(20, "reroute", ReasonCode::K, 0.412, None, "Managers"),
                overruled(30, "override", ReasonCode::R, 0.354, Some(0.121), "Bob Lee"),
                overruled(31, "keep_legacy", ReasonCode::T, 0.287, Some(0.194), "Cy Tran"),
            ],
        },
        ..facts(&state)
    });
    state
}

/// The same, handed over by a colleague the evening before, while writing was stopped.
pub(crate) fn handed_over(state: State) -> State {
    let mut state = late(state);
    let at = state.now - TimeDelta::hours(14);
    let stopped = Stopped { at: at - TimeDelta::minutes(40), by: "Bob K.".into(), why: "wrong territories".into() };
    let facts = Facts { at, since: at - TimeDelta::hours(8), stopped: Some(stopped), ..facts(&state) };
    let note = "Acme calls back at nine, be nice: they wait since Friday.\nCy is ill until Wednesday.";
    state.boards.facts = None;
    let told = Told::Facts(Box::new(facts));
    state.boards.handoff =
        Some(Handoff { id: 7, at, by: "Bob K.".into(), note: Some(note.into()), told, accepted: None });
    state
}

pub(super) fn hand_over(state: &mut State, note: &str) -> Handoff {
    let id = state.boards.handoff.as_ref().map_or(1, |last| last.id + 1);
    let note = (!note.is_empty()).then(|| note.to_owned());
    let told = Told::Facts(Box::new(facts(state)));
    let written = Handoff { id, at: state.now, by: MANAGER.into(), note, told, accepted: None };
    state.boards.handoff = Some(written.clone());
    written
}

pub(super) fn accept(state: &mut State, id: i64) -> Result<Handoff, BackendError> {
    let now = state.now;
    match &mut state.boards.handoff {
        Some(last) if last.id == id && last.waits_for(MANAGER) => {
            last.accepted = Some(Acceptance { at: now, by: MANAGER.into() });
            Ok(last.clone())
        }
        Some(last) if last.id != id => Err(BackendError(format!("{} has handed over since: read that first", last.by))),
        _ => Err(BackendError("there is nothing to accept".into())),
    }
}

/// Today with all that can be said; of a day before, little.
pub(super) fn digest(state: &State, day: Option<NaiveDate>) -> Digest {
    let utc = |at| chrono::DateTime::<chrono::Utc>::fixed_offset(&at);
    let zone = |_: chrono::DateTime<chrono::Utc>| chrono::Offset::fix(&chrono::Utc);
    let today = Day::today(state.now, zone);
    let day = day.and_then(|day| Day::of(day, state.now, zone).ok()).unwrap_or(today);
    let busy = !day.over && !state.boards.verdicts.is_empty();
    let count = |wanted| state.leads.values().filter(|(_, detail)| detail.record.state == wanted).count() as u64;
    let all = Conservation {
        received: state.leads.len() as u64 + state.lost,
        decided: count(LeadState::Decided),
        in_lane: count(LeadState::InLane),
        pending: count(LeadState::Pending),
        superseded: count(LeadState::Superseded),
    };
    let rep = &state.roster.reps[3];
    let no_contact = NoContact { rep: rep.id.clone(), name: rep.name.clone(), missed: 2, settled: 5 };
    let said = |verdict: &str, given, reasons: &[(ReasonCode, u64)]| Verdicts {
        verdict: verdict.into(),
        given,
        taken_back: 0,
        reasons: reasons.iter().map(|(code, n)| ((*code).into(), *n)).collect(),
    };
    let ladder: BTreeMap<String, u64> =
        [("model_pick", 21), ("model_agrees", 17), ("low_confidence", 9), ("round_robin_unavailable", 4)]
            .map(|(reason, n)| (reason.to_owned(), n))
            .into();
    Digest {
        day,
        at: utc(state.now),
        leads: if busy { Conservation { received: 60, ..all } } else { Conservation::default() },
        all,
        agreement: if busy { Agreement { compared: 38, agree: 17 } } else { Agreement::default() },
        verdicts: if busy {
            vec![
                said("approve", 31, &[]),
                said("override", 6, &[(ReasonCode::R, 4), (ReasonCode::P, 2)]),
                said("keep_legacy", 3, &[(ReasonCode::T, 3)]),
            ]
        } else {
            Vec::new()
        },
        first_contacts: if busy {
            FirstContacts { in_time: 14, late: 3, missed: 2, overdue: 1, no_contact: vec![no_contact] }
        } else {
            FirstContacts::default()
        },
        ladder: if busy { ladder } else { BTreeMap::new() },
        unranked: if busy { 9 } else { 0 },
        drift: busy.then(|| DriftLight {
            verdict: drift::Verdict::Steady,
            as_of: state.now,
            leads: 412,
            facts: BTreeMap::new(),
            changed: Vec::new(),
        }),
        writes: EffectCounts { sent: 36, pending: 3, failed: u64::from(busy), superseded: 2, cancelled: 1 },
        switch: state.boards.switch.clone(),
        phase: Configured { phase: "shadow".into(), writes_verdicts: true }.in_words(),
        lift: "no conclusion: no experiment runs.",
    }
}
