//! What actions and answers do to the screens about the team, first contacts, stories of leads and the rollout, and to the
//! kill switch.

use super::{open, show};
use crate::tui::action::Action;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::Switch;
use crate::tui::boards::{Answer, Ask};
use crate::tui::format;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::question::{Purpose, Question};
use crate::tui::screens::handoff::model::Part;
use crate::tui::screens::{Screen, digest, feedback, handoff, reps, rollout, sla, trace};
use crate::tui::team::hand_over;

/// Takes an answer.
pub(super) fn receive(model: &mut Model, answer: Answer) -> Vec<Effect> {
    let boards = &mut model.boards;
    let again = match answer {
        Answer::Handoffs(generation, result) => handoff::update::receive(model, generation, result),
        Answer::HandedOver(result) => {
            handoff::update::handed_over(model, result);
            return anew(model);
        }
        Answer::AcceptedHandoff(result) => {
            handoff::update::accepted(model, result);
            return anew(model);
        }
        Answer::Digest(generation, result) => boards.digest.receive(generation, result),
        Answer::Reps(generation, result) => boards.reps.receive(generation, result),
        Answer::Availability(generation, result) => {
            boards.availability.state.receive(generation, result);
            None
        }
        Answer::Contacts(generation, result) => boards.sla.receive(generation, result),
        Answer::Story(generation, result) => boards.trace.receive(generation, result),
        Answer::Replay(generation, result) => {
            boards.trace.replay.receive(generation, result);
            None
        }
        Answer::Rollout(generation, result) => boards.rollout.receive(generation, result),
        Answer::Feedback(generation, result) => boards.feedback.receive(generation, result),
        Answer::Turned(result) => {
            turned(model, result);
            return anew(model);
        }
    };
    again.into_iter().collect()
}

/// What was just changed is read anew.
fn anew(model: &mut Model) -> Vec<Effect> {
    let overview = model.overview.load.refresh().map(Effect::LoadOverview);
    overview.into_iter().chain(model.boards.refresh(model.screen)).collect()
}

fn turned(model: &mut Model, result: Result<Switch, BackendError>) {
    match result {
        Err(error) => model.say(Tone::Error, error.to_string()),
        Ok(Switch { stopped: None, waiting, .. }) => {
            model.say(Tone::Good, format!("Writing to the CRM goes on; {} waiting.", writes(waiting)));
        }
        Ok(Switch { stopped: Some(_), on_their_way: 0, waiting }) => {
            model.say(Tone::Warn, format!("Nothing is written to the CRM any more; {} waiting.", writes(waiting)));
        }
        Ok(Switch { stopped: Some(_), on_their_way, .. }) => {
            let late = format!("{} on their way already and may still arrive", writes(on_their_way));
            model.say(Tone::Warn, format!("Nothing more is written to the CRM; {late}."));
        }
    }
}

fn writes(n: u64) -> String {
    if n == 1 { "1 write is".to_owned() } else { format!("{} writes are", format::grouped(n)) }
}

/// An action of one of these screens.
pub(super) fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    match model.screen {
        Screen::Reps => {
            if action == Action::Open {
                return leads_of_rep(model);
            }
            reps::update::update(&mut model.boards.reps, action);
            Vec::new()
        }
        Screen::Sla => {
            if action == Action::Open {
                if let Some(lead) = model.boards.sla.selected().map(|row| row.lead_id.clone()) {
                    open(model, lead);
                }
                return Vec::new();
            }
            sla::update::update(&mut model.boards.sla, action).unwrap_or_default()
        }
        Screen::Trace if action == Action::Find => {
            ask(model, Purpose::Find);
            Vec::new()
        }
        Screen::Trace => match trace::update::update(&mut model.boards.trace, action) {
            trace::update::Came::Effects(effects) => effects,
            trace::update::Came::Open(lead) => {
                open(model, lead);
                Vec::new()
            }
            trace::update::Came::Say(words) => {
                model.say(Tone::Info, words);
                Vec::new()
            }
        },
        Screen::Rollout => {
            rollout::update::update(&mut model.boards.rollout, action);
            Vec::new()
        }
        Screen::Feedback => {
            feedback::update::update(&mut model.boards.feedback, action);
            Vec::new()
        }
        Screen::Handoff => match handoff::update::update(model, action) {
            handoff::update::Came::Effects(effects) => effects,
            handoff::update::Came::Open(lead) => {
                open(model, lead);
                Vec::new()
            }
        },
        Screen::Digest => digest::update::update(model, action),
        _ => Vec::new(),
    }
}

/// The queue, with the leads that are recommended for the rep under the cursor.
fn leads_of_rep(model: &mut Model) -> Vec<Effect> {
    let Some(filter) = reps::update::leads_of(&model.boards.reps) else { return Vec::new() };
    let mut effects = show(model, Screen::Queue);
    effects.extend(model.queue.narrow(filter));
    effects
}

/// To a screen; the trace screen asks what to look for, unless it shows a story already.
pub(super) fn go(model: &mut Model, screen: Screen) -> Vec<Effect> {
    match screen {
        Screen::Handoff => {
            let part = if handed_over(model) { Part::Last } else { Part::Now };
            model.boards.handoff.turn(part);
        }
        Screen::Digest => {
            (model.screen, model.lead) = (screen, None);
            let today = model.boards.digest.turn(None);
            return super::overview(model).into_iter().chain([today]).collect();
        }
        _ => {}
    }
    let effects = show(model, screen);
    if screen == Screen::Trace {
        ask(model, Purpose::Find);
    }
    effects
}

/// Whether something was handed over that waits for whoever sits here.
fn handed_over(model: &Model) -> bool {
    model.overview.data.as_ref().is_some_and(|overview| overview.handoff.is_some())
}

/// At the start, what was handed over is what a manager sees first. Who only looks is not asked to take it over.
pub(super) fn greet(model: &mut Model) -> Vec<Effect> {
    if !handed_over(model) || model.options.read_only {
        return Vec::new();
    }
    go(model, Screen::Handoff)
}

/// One step back on one of these screens; true if that was inside the screen.
pub(super) fn back(model: &mut Model) -> bool {
    model.screen == Screen::Trace && model.boards.trace.compared.take().is_some()
}

fn ask(model: &mut Model, purpose: Purpose) {
    let text = if purpose == Purpose::Find { model.boards.trace.asked.clone() } else { String::new() };
    model.overlays.push(Overlay::Question(Box::new(Question::new(purpose, &text))));
}

/// Asks for the reason for which all writing is to be stopped, or to go on.
pub(super) fn kill_switch(model: &mut Model) {
    if model.options.read_only {
        return model
            .say(Tone::Warn, "Read-only: writing can be stopped by `leadboard stop` alone, or in another session.");
    }
    let stopped = model.overview.data.as_ref().is_some_and(|overview| overview.stopped.is_some());
    ask(model, if stopped { Purpose::Resume } else { Purpose::Stop });
}

/// The answer to a question is given.
pub(super) fn answered(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Question(question)) = model.overlays.last() else { return Vec::new() };
    let purpose = question.purpose;
    if purpose == Purpose::HandOver {
        let note = question.answer();
        model.overlays.pop();
        return hand_over::send(model, note);
    }
    let Some(text) = question.answer() else {
        model.say(Tone::Warn, if purpose == Purpose::Find { "Type what to look for." } else { "Say why first." });
        return Vec::new();
    };
    model.overlays.pop();
    vec![match purpose {
        Purpose::Find => model.boards.trace.ask(text),
        Purpose::Stop => Effect::Board(Ask::Turn(true, text)),
        Purpose::Resume | Purpose::HandOver => Effect::Board(Ask::Turn(false, text)),
    }]
}
