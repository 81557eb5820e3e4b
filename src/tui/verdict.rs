//! How a verdict comes about: one key or a few, the same on every screen that shows a lead.
//!
//! A verdict is always about the lead as it was *shown*: it carries the number of decisions the lead had then, so a lead
//! that somebody else decided meanwhile is refused by the store, not decided twice.

pub mod batch;
pub mod blind;
pub mod session;

use chrono::TimeDelta;

use super::action::Action;
use super::backend::{LeadDetail, Marked};
use super::format;
use super::model::{Model, Tone};
use super::msg::Effect;
use super::overlay::finder::{Finder, Purpose};
use super::overlay::menu::{Choice, Menu};
use super::overlay::{Note, Overlay};
use super::team;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::{LeadState, Owner};
use crate::domain::verdict::{Reason, ReasonCode, Rejection, Verdict};
use session::send;
pub use session::{Session, decided, status_text, undone};

/// A verdict that is being put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Decisions it had when it was shown.
    pub expected_decisions: u32,
    /// The verdict, once known.
    pub verdict: Option<Verdict>,
    /// Who was shown as recommended, where the verdict is to do that.
    pub shown: Option<Owner>,
    /// What it comes to, in words, for example `to Ana Ruiz`; raw.
    pub outcome: String,
    /// Note for a rejection, raw.
    pub note: Option<String>,
    /// Leads that it is about all together, if it is not about one.
    pub many: Vec<Marked>,
}

impl Draft {
    /// No verdict yet, on a lead as it is shown.
    fn of(detail: &LeadDetail) -> Self {
        Self {
            lead: detail.record.lead.id.clone(),
            company: detail.record.lead.company.clone(),
            expected_decisions: detail.record.decisions_made,
            verdict: None,
            shown: None,
            outcome: String::new(),
            note: None,
            many: Vec::new(),
        }
    }
}

/// Begins a verdict on the lead in focus.
pub fn judge(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.options.read_only {
        model.say(Tone::Warn, "Read-only: verdicts are switched off in this session.");
        return Vec::new();
    }
    match action {
        Action::Undo => return session::undo(model),
        Action::Redo => return session::redo(model),
        Action::ApproveMarked => return batch::preview(model),
        Action::KeepMarked => return batch::keep(model),
        _ => {}
    }
    let Some(id) = model.lead_in_focus().cloned() else {
        model.say(Tone::Info, "No lead is selected.");
        return Vec::new();
    };
    if model.focus.id() == Some(&id) && model.focus.detail().is_some() {
        return begin(model, action);
    }
    // Keys may be faster than the database: the verdict waits for the lead it is about.
    model.session.waiting = Some((id, action));
    model.focus.refresh().into_iter().collect()
}

/// The lead in focus arrived; obeys a verdict key that came before it.
pub fn arrived(model: &mut Model) -> Vec<Effect> {
    let waits = match (&model.session.waiting, model.lead_in_focus()) {
        (Some((id, action)), Some(focus)) if id == focus && model.overlays.is_empty() => Some(*action),
        (Some(_), _) => None,
        (None, _) => return Vec::new(),
    };
    if model.focus.detail().is_none() && model.focus.error().is_none() && waits.is_some() {
        return Vec::new();
    }
    model.session.waiting = None;
    match (waits, model.focus.error().map(str::to_owned)) {
        (Some(_), Some(error)) => {
            model.say(Tone::Error, format!("The lead could not be read, so there is no verdict: {error}"));
            Vec::new()
        }
        (Some(action), None) => begin(model, action),
        (None, _) => Vec::new(),
    }
}

fn begin(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(detail) = model.focus.detail() else { return Vec::new() };
    if let Some(why) = closed(detail) {
        model.say(Tone::Warn, why);
        return Vec::new();
    }
    if model.hides(detail) && !matches!(action, Action::Snooze | Action::Note) {
        return blind::ask(model);
    }
    let lead = detail.record.lead.id.clone();
    if action != Action::Note && team::warns(model, [&lead]) {
        return Vec::new();
    }
    let Some(detail) = model.focus.detail() else { return Vec::new() };
    let mut draft = Draft::of(detail);
    draft.note = model.session.notes.get(&draft.lead).cloned();
    match action {
        Action::Approve => match &detail.recommendation {
            Some(recommendation) => {
                let owner = recommendation.route.owner();
                draft.outcome = format!("to {}", name_of(detail, &owner));
                draft.shown = Some(owner);
                draft.verdict = Some(Verdict::Approve);
                send(model, draft, None)
            }
            None => refuse(model, "Nothing is recommended for this lead yet."),
        },
        Action::KeepLegacy => {
            let legacy = &detail.record.legacy.owner;
            if agreed(detail) {
                return refuse(model, "The legacy owner is what is recommended here: approve it.");
            }
            draft.outcome = format!("stays with {}", name_of(detail, legacy));
            draft.verdict = Some(Verdict::KeepLegacy);
            ask_reason(model, draft)
        }
        Action::Override(rank) => match ranked(detail, rank) {
            // The number of whom the model recommends is another way to say so.
            Ok((rep, _))
                if detail.recommendation.as_ref().is_some_and(|r| r.route.owner() == Owner::Rep(rep.clone())) =>
            {
                begin(model, Action::Approve)
            }
            Ok(rep) => override_with(model, draft, rep),
            Err(why) => refuse(model, why),
        },
        Action::OverrideAny => {
            let finder = model.roster.data.as_ref();
            let finder = finder.map(|roster| Finder::new(draft, Purpose::Give, Some(roster), detail));
            match finder {
                Some(finder) => model.overlays.push(Overlay::Finder(Box::new(finder))),
                None => model.say(Tone::Warn, "The reps are not read yet; try again in a moment."),
            }
            model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect()
        }
        Action::Reroute => {
            match &model.roster.data {
                // It may have been read before the worker had seen any.
                Some(roster) if roster.queues.is_empty() => {
                    model.say(Tone::Warn, "No queue that can own leads is known; they are read again now.");
                }
                Some(roster) => model.overlays.push(Overlay::Menu(Menu::queues(&roster.queues, draft))),
                None => model.say(Tone::Warn, "The queues are not read yet; try again in a moment."),
            }
            model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect()
        }
        Action::Snooze => {
            let morning = format::tomorrow_morning(model.now, model.options.zone);
            let times = [
                ('m', "15 minutes".into(), model.now + TimeDelta::minutes(15)),
                ('h', "1 hour".into(), model.now + TimeDelta::hours(1)),
                ('t', "Tomorrow, 08:00".into(), morning),
            ];
            model.overlays.push(Overlay::Menu(Menu::snooze(times, draft)));
            Vec::new()
        }
        Action::Note => {
            model.overlays.push(Overlay::Note(Box::new(Note::new(draft, false))));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn refuse(model: &mut Model, why: impl Into<String>) -> Vec<Effect> {
    model.say(Tone::Warn, why);
    Vec::new()
}

/// Whether the legacy owner is what is recommended, so that keeping them is approving.
pub fn agreed(detail: &LeadDetail) -> bool {
    detail.recommendation.as_ref().is_some_and(|r| r.route.owner() == detail.record.legacy.owner)
}

/// Why the lead takes no verdict, if it does not.
pub fn closed(detail: &LeadDetail) -> Option<String> {
    match detail.record.state {
        LeadState::InLane => None,
        LeadState::Pending => Some("This lead is not ranked yet; it comes back in a moment.".into()),
        LeadState::Superseded => Some("Somebody changed this lead in the CRM; their word stands.".into()),
        LeadState::Decided => {
            let by = detail.decisions.iter().find(|d| d.stands()).map(|d| decided_by(&d.by));
            let by = by.map_or_else(String::new, |by| format!(" by {}", by.trim_end_matches('.')));
            Some(format!("This lead is already decided{by}."))
        }
    }
}

/// Who took a decision, in words; raw.
pub fn decided_by(by: &crate::domain::decision::DecidedBy) -> String {
    use crate::domain::decision::DecidedBy;
    match by {
        DecidedBy::Manager(name) => name.clone(),
        DecidedBy::Automatic => "the policy".into(),
        DecidedBy::Fallback => "the fallback".into(),
    }
}

/// The name of an owner, raw; the id if nobody knows a name.
pub fn name_of<'a>(detail: &'a LeadDetail, owner: &'a Owner) -> &'a str {
    detail.names.get(owner.id()).map_or(owner.id(), String::as_str)
}

/// The name of a rep, raw; the id if nobody knows a name.
pub fn rep_name<'a>(detail: &'a LeadDetail, rep: &'a RepId) -> &'a str {
    detail.names.get(rep.as_str()).map_or(rep.as_str(), String::as_str)
}

fn ranked(detail: &LeadDetail, rank: u8) -> Result<(RepId, String), String> {
    let reps = detail.ranking.as_ref().map_or(&[][..], |r| &r.reps);
    // A legacy owner outside the pool stands at the rank of somebody who may get it.
    let at = |in_pool: bool| reps.iter().find(|r| r.rank == u32::from(rank) && r.in_pool == in_pool);
    let found = at(true).or_else(|| at(false)).ok_or_else(|| match reps.len() {
        0 => "No reps are ranked for this lead.".to_owned(),
        n => format!("There is no rank {rank}: {n} ranked."),
    })?;
    Ok((found.rep_id.clone(), rep_name(detail, &found.rep_id).to_owned()))
}

/// Gives the lead to this rep, unless that is what is recommended, or is what the legacy rules chose.
fn override_with(model: &mut Model, mut draft: Draft, (rep, name): (RepId, String)) -> Vec<Effect> {
    let Some(detail) = model.focus.detail() else { return Vec::new() };
    let owner = Owner::Rep(rep.clone());
    if detail.recommendation.as_ref().is_some_and(|r| r.route.owner() == owner) {
        return refuse(model, format!("{name} is what is recommended: approve it."));
    }
    if detail.record.legacy.owner == owner {
        draft.outcome = format!("stays with {name}");
        draft.verdict = Some(Verdict::KeepLegacy);
    } else {
        draft.outcome = format!("to {name}");
        draft.verdict = Some(Verdict::Override { rep });
    }
    ask_reason(model, draft)
}

/// That whom a verdict gives the lead to may not get it, and why; raw. The manager's word counts all the same, but not
/// unseen.
pub fn caution(model: &Model, draft: &Draft) -> Option<String> {
    let detail = model.focus.detail().filter(|_| model.focus.id() == Some(&draft.lead))?;
    let rep = match &draft.verdict {
        Some(Verdict::Override { rep }) => rep,
        Some(Verdict::KeepLegacy) => detail.record.legacy.owner.rep()?,
        _ => return None,
    };
    let why = detail.ranking.as_ref()?.pool.reasons(rep).next()?;
    Some(format!("Not eligible: {why}. The rep gets it all the same."))
}

fn ask_reason(model: &mut Model, draft: Draft) -> Vec<Effect> {
    // Where a person is asked to choose, to choose somebody turns nothing down.
    let asked = model.focus.detail().and_then(|detail| detail.recommendation.as_ref());
    let to_queue = asked.is_some_and(|r| matches!(r.route.owner(), Owner::Queue(_)));
    let mut menu = Menu::reasons(draft);
    if to_queue {
        menu.title = "Why this owner?".into();
    }
    model.overlays.push(Overlay::Menu(menu));
    Vec::new()
}

/// A line of a menu was chosen.
pub fn chosen(model: &mut Model, draft: Draft, label: &str, choice: Choice) -> Vec<Effect> {
    model.overlays.pop();
    let mut draft = draft;
    match choice {
        Choice::Reason(Reason { code: ReasonCode::O, .. }) if draft.note.is_none() => {
            model.overlays.push(Overlay::Note(Box::new(Note::new(draft, true))));
            Vec::new()
        }
        Choice::Reason(code) => {
            let note = draft.note.clone();
            give(model, draft, Rejection { code, note })
        }
        Choice::WriteNote => {
            model.overlays.push(Overlay::Menu(Menu::reasons(draft.clone())));
            model.overlays.push(Overlay::Note(Box::new(Note::new(draft, false))));
            Vec::new()
        }
        Choice::Queue(queue) => {
            if model
                .focus
                .detail()
                .and_then(|d| d.recommendation.as_ref())
                .is_some_and(|r| r.route.owner() == Owner::Queue(queue.clone()))
            {
                return refuse(model, format!("{label} is what is recommended: approve it."));
            }
            draft.outcome = format!("to {label}");
            draft.verdict = Some(Verdict::Reroute { queue });
            ask_reason(model, draft)
        }
        Choice::Until(until) => {
            draft.outcome = format!("back in its lane at {}", format::moment(until, model.now, model.options.zone));
            draft.verdict = Some(Verdict::Snooze { until });
            send(model, draft, None)
        }
        // No verdicts.
        Choice::Copy(_) | Choice::Export(_) | Choice::Manager(_) => Vec::new(),
    }
}

/// Asks what to copy of the lead in focus.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    let menu = model.focus.detail().map(|detail| Menu::copies(detail, Draft::of(detail)));
    model.overlays.extend(menu.map(Overlay::Menu));
    Vec::new()
}

/// Sends a verdict that turned a recommendation down, or shows first what it would do to many leads.
fn give(model: &mut Model, draft: Draft, rejection: Rejection) -> Vec<Effect> {
    if draft.many.is_empty() { send(model, draft, Some(rejection)) } else { batch::keep_all(model, draft, rejection) }
}

/// Opens the question why some rep does not get the lead in focus; the one below the recommended rep is asked about first.
pub fn why_not(model: &mut Model) -> Vec<Effect> {
    let finder = model.focus.detail().map(|detail| {
        let mut finder = Finder::new(Draft::of(detail), Purpose::WhyNot, model.roster.data.as_ref(), detail);
        finder.step(1);
        finder
    });
    match finder {
        Some(finder) => model.overlays.push(Overlay::Finder(Box::new(finder))),
        None => model.say(Tone::Warn, "The lead is not read yet; try again in a moment."),
    }
    model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect()
}

/// A rep was found by name.
pub fn found(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Finder(finder)) = model.overlays.last() else { return Vec::new() };
    let Some(candidate) = finder.chosen() else { return Vec::new() };
    let (rep, name, draft) = (candidate.id.clone(), candidate.name.clone(), finder.draft.clone());
    let purpose = finder.purpose;
    model.overlays.pop();
    match purpose {
        Purpose::WhyNot => return Vec::new(),
        Purpose::First => return blind::choose(draft, Owner::Rep(rep)),
        Purpose::Give => {}
    }
    // The focus may have moved on under an open overlay; the draft says which lead is meant.
    if model.focus.id() != Some(&draft.lead) {
        return refuse(model, "The lead is not in view any more; nothing was decided.");
    }
    override_with(model, draft, (rep, name))
}

/// A note is done.
pub fn noted(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Note(note)) = model.overlays.last() else { return Vec::new() };
    let (text, sends) = (note.text(), note.sends);
    if sends && text.is_none() {
        model.say(Tone::Warn, "The reason \"other\" needs a note.");
        return Vec::new();
    }
    let Some(Overlay::Note(note)) = model.overlays.pop() else { return Vec::new() };
    let Some(mut draft) = note.draft else {
        model.boards.handoff.note = text.unwrap_or_default();
        return Vec::new();
    };
    draft.note.clone_from(&text);
    if sends {
        return give(model, draft, Rejection { code: ReasonCode::O.into(), note: text });
    }
    if let Some(Overlay::Menu(Menu { draft: Some(draft), .. })) = model.overlays.last_mut() {
        draft.note.clone_from(&text);
    }
    match text {
        // What is said of many goes with this verdict alone.
        Some(_) if !draft.many.is_empty() => {}
        Some(text) => {
            model.session.notes.insert(draft.lead, text);
            model.say(Tone::Info, "The note goes with your next rejection of this lead.");
        }
        None => {
            model.session.notes.remove(&draft.lead);
        }
    }
    Vec::new()
}

#[cfg(test)]
impl Draft {
    pub(crate) fn for_tests() -> Self {
        Self {
            lead: LeadId::new("l-1"),
            company: "Acme".into(),
            expected_decisions: 0,
            verdict: None,
            shown: None,
            outcome: String::new(),
            note: None,
            many: Vec::new(),
        }
    }
}
