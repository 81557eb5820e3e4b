//! Several verdicts at once: approved or kept after a preview, taken back, given again. Each lead is decided by itself, one after the
//! other, in the way of a single verdict; what is refused is listed, and stays marked.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::session::{Given, Group, NOT_WRITTEN};
use super::{Draft, refuse};
use crate::domain::ids::LeadId;
use crate::domain::verdict::{Rejection, Verdict};
use crate::tui::backend::{BackendError, LeftOut, Marked, Plan, QueueKey, UndoAnswer, VerdictAnswer, batch};
use crate::tui::format;
use crate::tui::model::{Model, Status, Tone};
use crate::tui::msg::{Effect, Generation};
use crate::tui::overlay::Overlay;
use crate::tui::overlay::batch::{Preview, Report};
use crate::tui::overlay::menu::Menu;
use crate::tui::screens::Screen;

/// What is done to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What is recommended.
    Approve,
    /// It stays with its legacy owner.
    Keep,
    /// The verdict is taken back.
    TakeBack,
    /// A verdict that was taken back is given again.
    Again,
}

/// Several verdicts under way.
#[derive(Debug)]
pub struct Run {
    kind: Kind,
    /// Whether the leads were marked in the queue.
    marked: bool,
    /// Whose answer is waited for.
    now: Option<Given>,
    todo: VecDeque<Given>,
    total: usize,
    done: Group,
    /// Of those taken back: sent already, and given back by a decision of their own.
    put_back: usize,
    failed: Vec<(Given, String)>,
    /// The end of the first grace period.
    undo_until: Option<DateTime<Utc>>,
    writes: bool,
}

impl Run {
    /// Leads that were asked for and are not sent.
    pub fn left(&self) -> usize {
        self.todo.len() + usize::from(self.now.is_some())
    }

    /// How far it is: `approving 12 of 38`.
    pub fn words(&self) -> String {
        let what = match self.kind {
            Kind::Approve => "approving",
            Kind::Keep => "keeping",
            Kind::TakeBack => "taking back",
            Kind::Again => "giving again",
        };
        format!("{what} {} of {}", self.total - self.left(), self.total)
    }
}

/// Asks what approving the marked leads would do.
pub(super) fn preview(model: &mut Model) -> Vec<Effect> {
    if model.screen == Screen::Disagreements {
        return match of_group(model) {
            Ok((marked, group)) => show(model, Preview { group: Some(group), ..Preview::new(marked) }),
            Err(why) => refuse(model, why),
        };
    }
    let marked = model.queue.marked();
    if marked.is_empty() {
        return refuse(model, "No lead is marked: Space marks one, * all that are listed.");
    }
    show(model, Preview::new(marked))
}

/// Asks why a group is left with its legacy owners.
pub(super) fn keep(model: &mut Model) -> Vec<Effect> {
    let (many, group) = match of_group(model) {
        Ok(found) => found,
        Err(why) => return refuse(model, why),
    };
    // The first stands for all where a verdict speaks of one lead.
    let Some(first) = many.first() else { return Vec::new() };
    let draft = Draft {
        lead: first.lead.clone(),
        company: leads(many.len()),
        expected_decisions: 0,
        verdict: Some(Verdict::KeepLegacy),
        shown: None,
        outcome: format!("stay with their legacy owners: {group}"),
        note: None,
        many,
    };
    model.overlays.push(Overlay::Menu(Menu::reasons(draft)));
    Vec::new()
}

/// Shows what leaving a group with its legacy owners would do.
pub(super) fn keep_all(model: &mut Model, draft: Draft, rejection: Rejection) -> Vec<Effect> {
    let group = model.board.group_words();
    show(model, Preview { keeps: Some(rejection), group: Some(group), ..Preview::new(draft.many) })
}

/// The group that is shown, where it may be judged as one.
fn of_group(model: &Model) -> Result<(Vec<Marked>, String), String> {
    model.board.may_be_judged()?;
    let marked: Vec<Marked> = model.board.leads().take(batch::MOST).map(Marked::of_disagreement).collect();
    if marked.is_empty() {
        Err("There is no lead in this group.".into())
    } else {
        Ok((marked, model.board.group_words()))
    }
}

fn show(model: &mut Model, preview: Preview) -> Vec<Effect> {
    if model.session.run.is_some() {
        return refuse(model, "Several leads are under way; wait until that is done.");
    }
    let generation = model.session.plan.start();
    let plan = Effect::Plan(generation, preview.marked.clone(), preview.doing());
    model.overlays.push(Overlay::Batch(Box::new(preview)));
    vec![plan]
}

/// The plan of a batch arrived.
pub fn planned(model: &mut Model, generation: Generation, result: Result<Box<Plan>, BackendError>) {
    if model.session.plan.accept(generation)
        && let Some(Overlay::Batch(preview)) =
            model.overlays.iter_mut().find(|overlay| matches!(overlay, Overlay::Batch(_)))
    {
        preview.plan = Some(result.map(|plan| *plan).map_err(|error| error.to_string()));
    }
}

/// Enter in the preview: approves, unless more than a few leads were not counted.
pub fn confirm(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Batch(preview)) = model.overlays.last() else { return Vec::new() };
    let Some(Ok(plan)) = &preview.plan else { return Vec::new() };
    let n = plan.leads.len();
    if n == 0 {
        return refuse(model, "None of these leads can be decided so.");
    }
    if !preview.counted() {
        return refuse(model, format!("{n} leads at once: type {n}, then Enter."));
    }
    let chosen: Vec<Marked> =
        plan.leads.iter().filter_map(|id| preview.marked.iter().find(|one| &one.lead == id).cloned()).collect();
    let (keeps, marked) = (preview.keeps.clone(), preview.group.is_none());
    model.overlays.pop();
    let kind = if keeps.is_some() { Kind::Keep } else { Kind::Approve };
    let all = chosen.into_iter().map(|one| verdict_on(model, one, keeps.clone())).collect();
    let effects = start(model, kind, all);
    if let Some(run) = &mut model.session.run {
        run.marked = marked;
    }
    effects
}

/// An approval, or where a reason says why not, the legacy owner's.
fn verdict_on(model: &Model, marked: Marked, keeps: Option<Rejection>) -> Given {
    let row = model.queue.rows().iter().find(|row| row.id == marked.lead);
    let place = row.map(|row| (model.queue.lane, QueueKey::of(row)));
    let draft = Draft {
        lead: marked.lead,
        company: marked.company,
        expected_decisions: marked.decisions,
        verdict: Some(if keeps.is_some() { Verdict::KeepLegacy } else { Verdict::Approve }),
        shown: marked.owner,
        outcome: String::new(),
        note: None,
        many: Vec::new(),
    };
    Given { draft, rejection: keeps, place }
}

/// Begins with the first of them.
pub(super) fn start(model: &mut Model, kind: Kind, all: Group) -> Vec<Effect> {
    if kind != Kind::TakeBack {
        for given in &all {
            model.queue.hide(&given.draft.lead);
        }
    }
    model.session.run = Some(Run {
        kind,
        marked: false,
        now: None,
        total: all.len(),
        todo: all.into(),
        done: Vec::new(),
        put_back: 0,
        failed: Vec::new(),
        undo_until: None,
        writes: true,
    });
    next(model)
}

fn next(model: &mut Model) -> Vec<Effect> {
    let Some(run) = &mut model.session.run else { return Vec::new() };
    while let Some(given) = run.todo.pop_front() {
        let effect = match run.kind {
            Kind::TakeBack => Some(Effect::Undo(given.draft.lead.clone())),
            Kind::Approve | Kind::Keep | Kind::Again => given.request().map(Effect::Decide),
        };
        if effect.is_some() {
            run.now = Some(given);
            return effect.into_iter().collect();
        }
    }
    finish(model)
}

/// Whether the answer about this lead belongs to the run.
pub(super) fn waits_for(model: &Model, lead: &LeadId) -> bool {
    model.session.run.as_ref().and_then(|run| run.now.as_ref()).is_some_and(|given| &given.draft.lead == lead)
}

pub(super) fn decided(model: &mut Model, result: Result<VerdictAnswer, BackendError>) -> Vec<Effect> {
    let Some(run) = &mut model.session.run else { return Vec::new() };
    let Some(given) = run.now.take() else { return Vec::new() };
    match result {
        Ok(VerdictAnswer::Taken { undo_until, writes }) => {
            run.undo_until = run.undo_until.or(undo_until);
            run.writes &= writes;
            run.done.push(given);
        }
        Ok(VerdictAnswer::NotOpen(why)) => run.failed.push((given, why)),
        Err(error) => stop(run, given, &error),
    }
    next(model)
}

pub(super) fn undone(model: &mut Model, result: Result<UndoAnswer, BackendError>) -> Vec<Effect> {
    let Some(run) = &mut model.session.run else { return Vec::new() };
    let Some(given) = run.now.take() else { return Vec::new() };
    match result {
        Ok(UndoAnswer::Undone) => run.done.push(given.again()),
        Ok(UndoAnswer::PutBack { .. }) => run.put_back += 1,
        Ok(UndoAnswer::TooLate(why)) => run.failed.push((given, why)),
        Err(error) => stop(run, given, &error),
    }
    next(model)
}

/// A store that fails is not asked for the rest.
fn stop(run: &mut Run, given: Given, error: &BackendError) {
    run.failed.push((given, error.to_string()));
    let rest = run.todo.drain(..).map(|given| (given, "not tried, because the store failed before".to_owned()));
    run.failed.extend(rest);
}

fn finish(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.session.run.take() else { return Vec::new() };
    let Run { kind, marked, done, put_back, failed, total, undo_until, writes, .. } = run;
    for given in &done {
        model.queue.unmark(&given.draft.lead);
    }
    let n = done.len();
    let text = match kind {
        Kind::Approve => format!("{} approved.", leads(n)),
        Kind::Keep => format!("{} kept with the legacy owner.", leads(n)),
        Kind::Again => format!("{} given again.", leads(n)),
        Kind::TakeBack if put_back == 0 => format!("{} taken back; nothing was written.", leads(n)),
        Kind::TakeBack => {
            format!(
                "{} taken back; {} sent already, so given back by a decision of their own.",
                leads(n),
                were(put_back)
            )
        }
    };
    let recorded = if writes { "" } else { NOT_WRITTEN };
    if failed.is_empty() {
        let undo_until = undo_until.filter(|_| writes && kind != Kind::TakeBack);
        model.status = Some(Status { tone: Tone::Good, text: format!("{text}{recorded}"), undo_until });
    } else {
        let marked = if marked { ", and still marked" } else { "" };
        model.say(Tone::Warn, format!("{text} {} refused{marked}.", were(failed.len())));
    }
    let settled: Vec<LeadId> =
        done.iter().chain(failed.iter().map(|(given, _)| given)).map(|given| given.draft.lead.clone()).collect();
    match kind {
        Kind::TakeBack => {
            model.session.undone.extend(Some(done).filter(|done| !done.is_empty()));
            let kept: Group = failed.iter().map(|(given, _)| given.clone()).collect();
            model.session.given.extend(Some(kept).filter(|kept| !kept.is_empty()));
        }
        Kind::Approve | Kind::Keep | Kind::Again => {
            model.session.given.extend(Some(done).filter(|done| !done.is_empty()));
        }
    }
    let refused: Vec<LeftOut> = failed
        .into_iter()
        .map(|(given, why)| LeftOut { lead: given.draft.lead, company: given.draft.company, why })
        .collect();
    // Whoever is typing something else reads the status line, and finds the leads marked.
    if !refused.is_empty() && model.overlays.is_empty() {
        let title = format!("{} of {} refused", format::grouped(refused.len() as u64), format::grouped(total as u64));
        model.overlays.push(Overlay::Report(Report { title, refused, scroll: 0 }));
    }
    let mut effects = vec![model.queue.unhide_all(&settled)];
    effects.extend(model.focus.refresh());
    effects
}

fn leads(n: usize) -> String {
    if n == 1 { "1 lead".to_owned() } else { format!("{} leads", format::grouped(n as u64)) }
}

fn were(n: usize) -> String {
    if n == 1 { "1 was".to_owned() } else { format!("{} were", format::grouped(n as u64)) }
}
