//! The team, first contacts, stories and the rollout of the made-up company.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::{Fake, State, handoff};
use crate::app::ports::BlindTally;
use crate::app::reps::{Away, NextAway, RepAccount, RepRoom};
use crate::domain::contact::{ContactOutcome, Lapsed};
use crate::domain::decision::WriteState;
use crate::domain::effect::EffectState;
use crate::domain::ids::TraceId;
use crate::domain::rep::Rep;
use crate::domain::share::Share;
use crate::domain::verdict::{Reason, ReasonCode};
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{
    AtWork, Availability, Available, Board, Boards, ContactList, ContactRow, ContactTally, Digest, Facts, Feedback,
    Found, FoundLead, Handoff, HandoffBoard, Need, NextSlot, RepRecord, RepRow, Replay, Reps, Rollout, ScopeTally,
    Stopped, Story, Switch, VerdictTally,
};

/// What these screens show; tests change it as they like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) reps: Option<Reps>,
    pub(crate) contacts: Vec<ContactRow>,
    pub(crate) sources: Vec<ScopeTally>,
    pub(crate) territories: Vec<ScopeTally>,
    pub(crate) needs: Vec<Need>,
    pub(crate) verdicts: Vec<VerdictTally>,
    pub(crate) switch: Switch,
    /// What was handed over last.
    pub(crate) handoff: Option<Handoff>,
    /// How things stand; quiet where nothing is said.
    pub(crate) facts: Option<Facts>,
    /// Whether a ranking comes out the same when it is made again.
    pub(crate) unequal: bool,
}

/// A company about which something can be said on every screen.
pub(crate) fn told(mut state: State) -> State {
    let now = state.now;
    let reps = state.roster.reps.iter().take(24).enumerate().map(|(n, rep)| rep_row(n, rep, now)).collect();
    state.boards.reps = Some(Reps {
        at: now,
        days: 30,
        deal_days: 365,
        rules: true,
        crm_read_at: Some(now - TimeDelta::minutes(4)),
        warnings: Vec::new(),
        reps,
    });
    let leads: Vec<_> = state.leads.values().map(|(_, detail)| detail.record.lead.clone()).collect();
    state.boards.contacts = leads
        .iter()
        .take(40)
        .enumerate()
        .map(|(n, lead)| {
            let rep = &state.roster.reps[n * 7 % 12];
            let minutes = n as i64 * 17 - 20;
            let lapsed = match n {
                12 | 27 => Some(Lapsed::Converted),
                22 => Some(Lapsed::Moved),
                _ => None,
            };
            let (outcome, due_at) = match n % 5 {
                _ if lapsed.is_some() => (Some(ContactOutcome::Moot), now - TimeDelta::minutes(300 + minutes)),
                3 => (Some(ContactOutcome::Missed), now - TimeDelta::minutes(90 + minutes)),
                4 => (Some(ContactOutcome::Late), now - TimeDelta::minutes(200 + minutes)),
                2 => (Some(ContactOutcome::InTime), now - TimeDelta::minutes(300 + minutes)),
                _ => (None, now + TimeDelta::minutes(minutes)),
            };
            let made = matches!(outcome, Some(ContactOutcome::InTime | ContactOutcome::Late));
            ContactRow {
                trace_id: TraceId::new(Uuid::from_u128(n as u128 + 1)),
                lead_id: lead.id.clone(),
                company: lead.company.clone(),
                rep: rep.id.clone(),
                rep_name: rep.name.clone(),
                decided_at: due_at - TimeDelta::hours(4),
                due_at,
                outcome,
                contacted_at: made.then(|| due_at + TimeDelta::minutes(if n % 5 == 4 { 25 } else { -40 })),
                reassigned: n % 10 == 3,
                lapsed,
                write: if n == 6 { WriteState::Waiting } else { WriteState::Written },
            }
        })
        .collect();
    let scope = |name: &str, leads: u64, decided: u64| ScopeTally {
        name: name.into(),
        leads,
        compared: leads * 9 / 10,
        agree: leads * 4 / 10,
        decided,
        approved: decided * 8 / 10,
    };
    state.boards.sources = vec![
        scope("web form", 1_204, 910),
        scope("webinar", 310, 260),
        scope("partner", 88, 30),
        scope("trade show", 12, 0),
        scope("", 3, 1),
    ];
    state.boards.territories = vec![scope("North", 804, 610), scope("South", 413, 391)];
    let verdict = |verdict: &str, code, verdicts| VerdictTally {
        verdict: verdict.into(),
        code,
        verdicts,
        taken_back: verdicts / 40,
        won: verdicts / 9,
        lost: verdicts / 4,
    };
    state.boards.verdicts = vec![
        verdict("approve", None, 961),
        verdict("override", Some(ReasonCode::R.into()), 84),
        verdict("keep_legacy", Reason::exactly(ReasonCode::T, 2), 61),
        verdict("override", Some(ReasonCode::P.into()), 40),
        verdict("keep_legacy", Some(ReasonCode::D.into()), 12),
        verdict("reroute", Some(ReasonCode::K.into()), 7),
    ];
    let need = |what: &str, met, why: &str| Need { what: what.into(), met, why: why.into() };
    state.boards.needs = vec![
        need("a model whose gates let it route", Some(true), "m-20261120-7f3a91 passed G1 to G4"),
        need("leads like those that the model learned from", None, "no drift report yet"),
        need("no write that failed for good", Some(true), "412 written, 3 waiting, 0 failed"),
        need("a scope with at least 50 verdicts of managers", Some(true), "2 of 5 sources have them"),
        need("a version that knows the hybrid phase", Some(false), "this one knows shadow alone"),
    ];
    state
}

fn rep_row(n: usize, rep: &Rep, now: DateTime<Utc>) -> RepRow {
    let (k, used) = (n as u64, (n * 5 % 19) as f64);
    let of = 18.0;
    let left = if n == 7 { 0 } else { (of - used) as u32 };
    let away = n == 3;
    let closed = n % 6 == 5;
    RepRow {
        id: rep.id.clone(),
        name: rep.name.clone(),
        territory: rep.territory.clone(),
        active: rep.active,
        open_leads: 3 + k * 7 % 23,
        open_deals: Some(k * 3 % 11),
        room: Some(RepRoom { left: Some(left), used, of, words: format!("has {used} of {of} leads this week") }),
        away: away.then(|| Away {
            until: now + TimeDelta::days(9),
            back: Some(now + TimeDelta::days(10)),
            kind: Some("vacation".into()),
        }),
        next_away: (n == 1).then(|| NextAway { from: now + TimeDelta::days(3), until: now + TimeDelta::days(5) }),
        at_work: Some(if closed { AtWork::Closed { opens: Some(now + TimeDelta::hours(20)) } } else { AtWork::Open }),
        next_slot: match n % 6 {
            _ if away => NextSlot::None,
            5 => NextSlot::Unknown,
            m => NextSlot::At { at: now + TimeDelta::minutes(15 * m as i64 + 10) },
        },
        given_today: (n % 4) as u32,
        given_week: (n % 9) as u32,
        given_days: 10 + (n * 5 % 40) as u32,
        account: Some(RepAccount { got: 11.0 + (n % 7) as f64, entitled: 12.4 }),
        won: Share::of(k * 5 % 31, 30 + k * 11 % 90).filter(|_| n != 2),
        contacts: ContactTally {
            owed: k % 5,
            overdue: u64::from(n == 4),
            in_time: 8 + k % 9,
            late: k % 3,
            missed: if n % 8 == 6 { 3 } else { 0 },
            reassigned: u64::from(n % 8 == 6),
            lapsed: k % 4,
        },
    }
}

#[async_trait]
impl Boards for Fake {
    async fn reps(&self) -> Result<Reps, BackendError> {
        let state = self.working()?;
        let nobody = || Reps {
            at: state.now,
            days: 30,
            deal_days: 365,
            rules: false,
            crm_read_at: None,
            warnings: Vec::new(),
            reps: Vec::new(),
        };
        Ok(state.boards.reps.clone().unwrap_or_else(nobody))
    }

    async fn availability(&self) -> Result<Availability, BackendError> {
        let state = self.working()?;
        let of = |(n, rep): (usize, &Rep)| {
            let RepRow { id, room, next_slot, account, .. } = rep_row(n, rep, state.now);
            (id, Available { room, next_slot, account })
        };
        let everybody = state.boards.reps.iter().flat_map(|_| state.roster.reps.iter().enumerate());
        let reps = everybody.map(of).collect();
        Ok(Availability { at: state.now, reps })
    }

    async fn contacts(&self, list: ContactList) -> Result<Board, BackendError> {
        let state = self.working()?;
        let of = |outcome: Option<ContactOutcome>| match outcome {
            None => ContactList::Due,
            Some(ContactOutcome::Moot) => ContactList::Lapsed,
            Some(outcome) if outcome.is_breach() => ContactList::Breached,
            Some(_) => ContactList::Made,
        };
        let count = |rows: &[&ContactRow]| {
            let n = |wanted: &dyn Fn(&&&ContactRow) -> bool| rows.iter().filter(wanted).count() as u64;
            ContactTally {
                owed: n(&|row| row.outcome.is_none()),
                overdue: n(&|row| row.outcome.is_none() && row.due_at <= state.now),
                in_time: n(&|row| row.outcome == Some(ContactOutcome::InTime)),
                late: n(&|row| row.outcome == Some(ContactOutcome::Late)),
                missed: n(&|row| row.outcome == Some(ContactOutcome::Missed)),
                reassigned: n(&|row| row.outcome == Some(ContactOutcome::Missed) && row.reassigned),
                lapsed: n(&|row| row.lapsed.is_some()),
            }
        };
        let all: Vec<&ContactRow> = state.boards.contacts.iter().collect();
        let mut reps: Vec<RepRecord> = Vec::new();
        for rep in &state.roster.reps {
            let theirs: Vec<&ContactRow> = all.iter().copied().filter(|row| row.rep == rep.id).collect();
            if !theirs.is_empty() {
                reps.push(RepRecord { rep: rep.id.clone(), name: rep.name.clone(), tally: count(&theirs) });
            }
        }
        reps.sort_by_key(|rep| std::cmp::Reverse((rep.tally.missed, rep.tally.late)));
        let rows = state.boards.contacts.iter().filter(|row| of(row.outcome) == list).cloned().collect();
        assert_eq!(ContactList::iter().count(), 4);
        let all = count(&all);
        Ok(Board { at: state.now, days: 30, list, rows, given: all.given(), all, reps })
    }

    async fn find(&self, text: &str) -> Result<Found, BackendError> {
        let state = self.working()?;
        let word = text.to_lowercase();
        let hit = |id: &str, company: &str| id == text || company.to_lowercase().contains(&word);
        let found: Vec<_> = state
            .leads
            .values()
            .map(|(_, detail)| detail)
            .filter(|detail| {
                let of_decision = detail.decisions.iter().any(|one| one.trace_id.to_string() == text);
                of_decision || hit(detail.record.lead.id.as_str(), &detail.record.lead.company)
            })
            .collect();
        Ok(match found.as_slice() {
            [] => Found::Nothing,
            [detail] => {
                let mut events = detail.timeline.clone();
                events.reverse();
                let asked = detail.decisions.iter().map(|one| one.trace_id).find(|trace| trace.to_string() == text);
                Found::Story(Box::new(Story { lead: (*detail).clone(), events, asked }))
            }
            several => Found::Several {
                leads: several
                    .iter()
                    .map(|detail| FoundLead {
                        id: detail.record.lead.id.clone(),
                        company: detail.record.lead.company.clone(),
                        state: detail.record.state,
                        received_at: detail.record.received_at,
                        decisions: detail.record.decisions_made,
                    })
                    .collect(),
            },
        })
    }

    async fn replay(&self, trace: TraceId) -> Result<Replay, BackendError> {
        let state = self.working()?;
        let of = |detail: &&crate::tui::backend::LeadDetail| detail.decisions.iter().any(|one| one.trace_id == trace);
        let detail = state.leads.values().map(|(_, detail)| detail).find(of);
        let detail = detail.ok_or_else(|| BackendError(format!("there is no decision {trace}")))?;
        let difference = crate::app::replay::Difference {
            path: "ranking.reps.0.p_win".into(),
            stored: 0.25.into(),
            replayed: 0.26.into(),
        };
        Ok(Replay {
            trace_id: trace,
            lead_id: detail.record.lead.id.clone(),
            equal: !state.boards.unequal,
            differences: if state.boards.unequal { vec![difference] } else { Vec::new() },
            model_id: detail.ranking.as_ref().map(|ranking| ranking.model_id.clone()),
            ranked_by: "0.1.0".into(),
            replayed_by: "0.1.0",
            reps: detail.ranking.as_ref().map_or(0, |ranking| ranking.reps.len()),
        })
    }

    async fn rollout(&self) -> Result<Rollout, BackendError> {
        let state = self.working()?;
        let waits = |effect: &&crate::domain::effect::EffectRow| effect.state == EffectState::Ready;
        let waiting = state.effects.iter().filter(waits).count() as u64;
        Ok(Rollout {
            at: state.now,
            days: 30,
            phase: "shadow".into(),
            writes_verdicts: true,
            switch: Switch { waiting, ..state.boards.switch.clone() },
            sources: state.boards.sources.clone(),
            territories: state.boards.territories.clone(),
            needs: state.boards.needs.clone(),
        })
    }

    async fn feedback(&self) -> Result<Feedback, BackendError> {
        let state = self.working()?;
        let Told { sources, territories, verdicts, .. } = state.boards.clone();
        let (legacy_owners, recommended) = (territories.clone(), territories);
        let blind = BlindTally { chosen: 41, agreed: 22, differed: 18, went_over: 11, seen: 212, seen_agreed: 171 };
        let blind = if verdicts.is_empty() { BlindTally::default() } else { blind };
        Ok(Feedback { at: state.now, days: 30, verdicts, sources, legacy_owners, recommended, blind, deals: 9_600 })
    }

    async fn handoffs(&self) -> Result<HandoffBoard, BackendError> {
        let state = self.working()?;
        Ok(HandoffBoard { last: state.boards.handoff.clone(), facts: handoff::facts(&state) })
    }

    async fn give_handoff(&self, note: &str) -> Result<Handoff, BackendError> {
        let written = handoff::hand_over(&mut *self.working()?, note);
        self.changed();
        Ok(written)
    }

    async fn accept_handoff(&self, id: i64) -> Result<Handoff, BackendError> {
        let accepted = handoff::accept(&mut *self.working()?, id)?;
        self.changed();
        Ok(accepted)
    }

    async fn digest(&self, day: Option<NaiveDate>) -> Result<Digest, BackendError> {
        Ok(handoff::digest(&*self.working()?, day))
    }

    async fn turn(&self, stop: bool, why: &str) -> Result<Switch, BackendError> {
        let mut state = self.working()?;
        if stop == state.boards.switch.stopped.is_some() {
            return Err(BackendError("nothing was changed: somebody was faster".into()));
        }
        let now = state.now;
        state.boards.switch.stopped = stop.then(|| Stopped { at: now, by: "Ana M.".into(), why: why.into() });
        let switch = state.boards.switch.clone();
        drop(state);
        self.changed();
        Ok(switch)
    }
}
