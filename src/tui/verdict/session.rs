//! The verdicts of this session: sent to be stored, stored, taken back, given again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::batch::{self, Kind, Run};
use super::{Draft, refuse};
use crate::domain::decision::WriteState;
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::domain::lead::LeadState;
use crate::domain::text::fit;
use crate::domain::verdict::{Rejection, Verdict};
use crate::tui::action::Action;
use crate::tui::backend::{BackendError, QueueKey, UndoAnswer, VerdictAnswer, VerdictRequest};
use crate::tui::model::{Model, Status, Tone};
use crate::tui::msg::{Effect, Load};
use crate::tui::screens::Screen;
use crate::tui::team;

/// Columns of a company's name on a screen of fewer columns than [`WIDE`], where it is said what became of its lead.
const COMPANY: usize = 16;
/// From so many columns on, there is room for the longest names.
const WIDE: u16 = 100;

/// Verdicts of this session.
#[derive(Debug, Default)]
pub struct Session {
    /// Sent to be stored, no answer yet.
    under_way: Vec<UnderWay>,
    /// Stored, newest last; what `undo` takes back.
    pub(super) given: Vec<Group>,
    /// Taken back for nothing, newest last; what `redo` gives again.
    pub(super) undone: Vec<Group>,
    /// Several verdicts that are being given or taken back, one after the other.
    pub(super) run: Option<Run>,
    /// Questions what a batch would do.
    pub plan: Load,
    /// Questions what would become of a lead.
    pub suppose: Load,
    /// A verdict key that came before its lead was read; it is obeyed when the lead arrives.
    pub(super) waiting: Option<(LeadId, Action)>,
    /// Leads of the blind sample that somebody chose for, so that everything about them may be shown.
    pub(super) chosen: BTreeSet<LeadId>,
    /// Notes written ahead, by lead.
    pub(super) notes: BTreeMap<LeadId, String>,
}

/// Verdicts that are taken back and given again together: one, or those of a batch.
pub(super) type Group = Vec<Given>;

/// A verdict, with all that it takes to give it once more.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) draft: Draft,
    pub(super) rejection: Option<Rejection>,
    /// Where in the queue the lead was.
    pub(super) place: Option<(Lane, QueueKey)>,
}

#[derive(Debug)]
struct UnderWay {
    given: Given,
    /// `undo` was pressed already.
    undo: bool,
}

impl Given {
    /// What the store is asked for; `None` without a verdict.
    pub(super) fn request(&self) -> Option<VerdictRequest> {
        Some(VerdictRequest {
            lead: self.draft.lead.clone(),
            verdict: self.draft.verdict.clone()?,
            rejection: self.rejection.clone(),
            expected_decisions: self.draft.expected_decisions,
            shown: self.draft.shown.clone(),
        })
    }

    /// The same verdict once more: the lead has had the decision that was taken back.
    pub(super) fn again(mut self) -> Self {
        if !self.snoozes() {
            self.draft.expected_decisions += 1;
        }
        self
    }

    /// Whether it only puts the lead off, which is no decision.
    fn snoozes(&self) -> bool {
        matches!(self.draft.verdict, Some(Verdict::Snooze { .. }))
    }

    /// What it was, in words. On a narrow screen the company is cut as in the queue, and not what became of its lead.
    fn told(&self, width: u16) -> String {
        let Draft { company, outcome, .. } = &self.draft;
        let company = if width < WIDE { fit(company, COMPANY) } else { company.clone() };
        format!("{company}: {outcome}.")
    }
}

impl Session {
    /// Whether a note waits for the next rejection of this lead.
    pub fn has_note(&self, lead: &LeadId) -> bool {
        self.notes.contains_key(lead)
    }

    /// Verdicts whose storing is not confirmed yet, or that were asked for and not sent.
    pub fn unconfirmed(&self) -> usize {
        self.under_way.len() + self.run.as_ref().map_or(0, Run::left)
    }

    /// The several verdicts that are under way.
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Takes a lead out of what can be taken back.
    fn forget(&mut self, lead: &LeadId) -> Option<Given> {
        let group = self.given.iter().rposition(|group| group.iter().any(|given| &given.draft.lead == lead))?;
        let index = self.given[group].iter().position(|given| &given.draft.lead == lead)?;
        let given = self.given[group].remove(index);
        self.given.retain(|group| !group.is_empty());
        Some(given)
    }
}

/// Sends a verdict to be stored, and goes on to the next lead without waiting.
pub(super) fn send(model: &mut Model, draft: Draft, rejection: Option<Rejection>) -> Vec<Effect> {
    let row = model.queue.rows().iter().find(|row| row.id == draft.lead);
    let place = row.map(|row| (model.queue.lane, QueueKey::of(row)));
    dispatch(model, Given { draft, rejection, place })
}

fn dispatch(model: &mut Model, given: Given) -> Vec<Effect> {
    let Some(request) = given.request() else { return Vec::new() };
    let lead = &given.draft.lead;
    model.session.notes.remove(lead);
    model.queue.unmark(lead);
    model.queue.hide(lead);
    if let (Screen::Lead, Some(lead)) = (model.screen, &mut model.lead)
        && lead.from == Screen::Queue
    {
        if let Some(next) = model.queue.selected() {
            (lead.id, lead.scroll) = (next.id.clone(), 0);
        } else {
            (model.screen, model.lead) = (Screen::Queue, None);
        }
    }
    model.session.under_way.push(UnderWay { given, undo: false });
    vec![Effect::Decide(request)]
}

/// The store answered to a verdict.
pub fn decided(model: &mut Model, lead: &LeadId, result: Result<VerdictAnswer, BackendError>) -> Vec<Effect> {
    if batch::waits_for(model, lead) {
        return batch::decided(model, result);
    }
    let mut effects = vec![model.queue.unhide(lead)];
    let Some(index) = model.session.under_way.iter().position(|u| &u.given.draft.lead == lead) else { return effects };
    let UnderWay { given, undo } = model.session.under_way.remove(index);
    let draft = &given.draft;
    match result {
        Ok(VerdictAnswer::Taken { undo_until, writes }) => {
            let recorded = if writes || given.snoozes() { "" } else { NOT_WRITTEN };
            model.status = Some(Status {
                tone: Tone::Good,
                text: format!("{}{recorded}", given.told(model.size.0)),
                undo_until: undo_until.filter(|_| writes),
            });
            if undo {
                effects.push(Effect::Undo(lead.clone()));
            }
            model.session.given.push(vec![given]);
        }
        Ok(VerdictAnswer::NotOpen(why)) => {
            model.say(Tone::Warn, format!("{}: no verdict was stored. {why}", draft.company));
        }
        Err(error) => model.say(Tone::Error, format!("{}: the verdict was not stored: {error}", draft.company)),
    }
    effects
}

/// What is said where the CRM is not told.
pub(super) const NOT_WRITTEN: &str = " Recorded only: verdicts are not written to the CRM.";

/// Takes back what was given last: the verdict still being stored, that of the lead on screen, or the newest, which may be all
/// of a batch.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    if model.session.run.is_some() {
        return refuse(model, "Several leads are under way; they can be taken back when that is done.");
    }
    if let Some(last) = model.session.under_way.last_mut() {
        last.undo = true;
        return Vec::new();
    }
    let on_screen = model.focus.detail().filter(|_| model.screen == Screen::Lead).and_then(|detail| {
        let standing = detail.decisions.iter().find(|d| d.stands())?;
        let may = !matches!(standing.write, WriteState::Superseded | WriteState::Failed | WriteState::Undone);
        (detail.record.state == LeadState::Decided && may).then(|| detail.record.lead.id.clone())
    });
    match (on_screen, model.session.given.last().map(Vec::len)) {
        (Some(lead), _) => vec![Effect::Undo(lead)],
        (None, None) => refuse(model, "There is no verdict of this session to take back."),
        (None, Some(1)) => {
            let last = model.session.given.last().into_iter().flatten();
            last.map(|given| Effect::Undo(given.draft.lead.clone())).collect()
        }
        (None, Some(_)) => {
            let group = model.session.given.pop().unwrap_or_default();
            batch::start(model, Kind::TakeBack, group)
        }
    }
}

/// Gives again what was taken back last.
pub(super) fn redo(model: &mut Model) -> Vec<Effect> {
    if model.session.run.is_some() {
        return refuse(model, "Several leads are under way; wait until that is done.");
    }
    let Some(mut group) = model.session.undone.pop() else {
        return refuse(model, "Nothing was taken back in this session that could be given again.");
    };
    if team::warns(model, group.iter().map(|given| &given.draft.lead)) {
        model.session.undone.push(group);
        return Vec::new();
    }
    if group.len() > 1 {
        return batch::start(model, Kind::Again, group);
    }
    group.pop().map_or_else(Vec::new, |given| dispatch(model, given))
}

/// The store answered to an undo.
pub fn undone(model: &mut Model, lead: &LeadId, result: Result<UndoAnswer, BackendError>) -> Vec<Effect> {
    if batch::waits_for(model, lead) {
        return batch::undone(model, result);
    }
    let given = model.session.forget(lead);
    let company = given.as_ref().map_or_else(|| lead.to_string(), |given| given.draft.company.clone());
    match result {
        Ok(UndoAnswer::Undone) => {
            let key = model.keymap.key_for(model.place(), Action::Redo);
            let again =
                key.filter(|_| given.is_some()).map_or_else(String::new, |key| format!(" {key} gives it again."));
            model.say(
                Tone::Good,
                format!("{company}: taken back. It is in its lane again; nothing was written.{again}"),
            );
            let place = given.as_ref().and_then(|given| given.place.clone());
            model.session.undone.extend(given.map(|given| vec![given.again()]));
            let back = place.map(|(lane, key)| model.queue.show_lead(lane, key));
            // Who reads lead by lead sees the one again that is to be judged again.
            if let (Screen::Lead, Some(shown)) = (model.screen, &mut model.lead)
                && shown.from == Screen::Queue
            {
                (shown.id, shown.scroll) = (lead.clone(), 0);
            }
            let mut effects = vec![back.unwrap_or_else(|| model.queue.reload())];
            effects.extend(model.focus.refresh());
            effects
        }
        Ok(UndoAnswer::PutBack { owner }) => {
            let text = format!(
                "{company}: it was sent already, so it is given back to {owner}; then it comes back to its lane."
            );
            model.say(Tone::Good, text);
            let mut effects = vec![model.queue.reload()];
            effects.extend(model.focus.refresh());
            effects
        }
        Ok(UndoAnswer::TooLate(why)) => refuse(model, format!("{company}: cannot be taken back. {why}")),
        Err(error) => {
            model.session.given.extend(given.map(|given| vec![given]));
            model.say(Tone::Error, format!("{company}: could not be taken back: {error}"));
            Vec::new()
        }
    }
}

/// The words of a status at this moment: a grace period counts down whenever something is drawn, and never by itself.
/// `writing` tells whether anything still waits in the outbox; when nothing does, the write is no longer under way.
pub fn status_text(
    status: &Status,
    now: DateTime<Utc>,
    undo_key: Option<&str>,
    writing: bool,
    stopped: bool,
) -> String {
    let Some(until) = status.undo_until else { return status.text.clone() };
    if stopped {
        let key = undo_key.map_or(String::new(), |key| format!("; {key} takes it back"));
        return format!("Writing is stopped, so it waits{key}. {}", status.text);
    }
    let left = (until - now).as_seconds_f64().ceil();
    if left <= 0.0 {
        let now = if writing { "It is being written. " } else { "" };
        return format!("{now}{}", status.text);
    }
    // First what can be done and how long, which must not be what a long name leaves no room for.
    match undo_key {
        Some(key) => format!("{key} takes it back for {left:.0} s. {}", status.text),
        None => format!("Written in {left:.0} s. {}", status.text),
    }
}
