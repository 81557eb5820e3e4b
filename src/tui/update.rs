//! The one place where the state changes. Never waits, never draws, never reads a clock.

mod boards;
mod mouse;
mod overlay;
mod views;

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::action::Action;
use super::backend::{Exported, Filter, QueueRow};
use super::format;
use super::keymap::{Key, Place};
use super::model::{Model, Tone};
use super::msg::{Effect, Msg};
use super::overlay::filter::Prompt;
use super::overlay::help::Help;
use super::overlay::menu::Menu;
use super::overlay::palette::Palette;
use super::overlay::{Confirm, Overlay};
use super::screens::queue::marks::All;
use super::screens::{Screen, disagreements, lead, model_health, queue, sync};
use super::team::{self, hand_over};
use super::verdict;
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use overlay::{edit, on_overlay, paste, pick_letter};
use strum::VariantArray;

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    model.team.touched |= matches!(msg, Msg::Key { .. } | Msg::Mouse(_));
    let mut effects = match msg {
        Msg::Key { event, hurried } => key(model, event, hurried),
        Msg::Mouse(mouse) => mouse::on_mouse(model, mouse),
        Msg::Paste(text) => paste(model, &text),
        Msg::Resized(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        // To tell a day, all of its leads are read, so that is done once a minute and not with each of them.
        Msg::Changed if model.screen == Screen::Digest => overview(model),
        Msg::Changed => changed(model),
        // Only the seconds until a verdict is written.
        Msg::Woke if model.counts_down() => Vec::new(),
        // The worker's health grows old without anything being stored, so a minute is worth a look.
        Msg::Woke if model.screen == Screen::Digest => changed(model),
        Msg::Woke => overview(model),
        Msg::Terminate => {
            model.exit = true;
            Vec::new()
        }
        Msg::Overview(generation, result) => {
            let first = model.overview.data.is_none();
            model.overview.receive(generation, result.map(|overview| *overview));
            hand_over::arrived(model);
            let mut effects: Vec<Effect> = model.overview.load.repeat().map(Effect::LoadOverview).into_iter().collect();
            if first && !model.touched {
                effects.extend(lane_with_work(model));
                effects.extend(boards::greet(model));
            }
            effects
        }
        Msg::Queue(generation, result) => model.queue.receive(generation, result).into_iter().collect(),
        Msg::Matches(generation, result) => model.queue.counted(generation, result).into_iter().collect(),
        Msg::Lead(generation, id, result) => {
            let mut effects: Vec<Effect> = model.focus.receive(generation, &id, result).into_iter().collect();
            verdict::blind::arrived(model);
            effects.extend(verdict::arrived(model));
            effects
        }
        Msg::Outbox(generation, result) => model.sync.receive(generation, result).into_iter().collect(),
        Msg::Models(generation, result) => model.health.receive(generation, result).into_iter().collect(),
        Msg::Drift(generation, result) => model.drift.receive(generation, result).into_iter().collect(),
        Msg::Roster(generation, result) => {
            model.roster.receive(generation, result);
            if let (Some(Overlay::Finder(finder)), Some(roster), Some(detail)) =
                (model.overlays.last_mut(), &model.roster.data, model.focus.detail())
            {
                finder.renew(roster, detail);
            }
            model.roster.load.repeat().map(Effect::LoadRoster).into_iter().collect()
        }
        Msg::Views(generation, result) => {
            model.views.receive(generation, result);
            model.views.load.repeat().map(Effect::LoadViews).into_iter().collect()
        }
        Msg::Planned(generation, result) => {
            verdict::batch::planned(model, generation, result);
            Vec::new()
        }
        Msg::Disagreements(generation, result) => {
            let result = result.map(|found| model.sighted(*found));
            model.board.receive(generation, result).into_iter().collect()
        }
        Msg::Supposed(generation, result) => {
            overlay::supposed(model, generation, result);
            Vec::new()
        }
        Msg::ViewKept(result) => views::kept(model, result),
        Msg::Board(answer) => boards::receive(model, answer),
        Msg::Present(_) => Vec::new(),
        Msg::Managers(generation, result) => hand_over::choose(model, generation, result),
        Msg::HandedOver(result) => hand_over::done(model, result),
        Msg::Decided(lead, result) => verdict::decided(model, &lead, result),
        Msg::ChosenFirst(lead, result) => verdict::blind::chosen(model, &lead, result),
        Msg::Undone(lead, result) => verdict::undone(model, &lead, result),
        Msg::Exported(result) => {
            match result {
                Ok(Exported { path, rows }) => {
                    let rows = format::grouped(rows);
                    model.say(Tone::Good, format!("{rows} leads are in {}", path.display()));
                }
                Err(error) => model.say(Tone::Error, format!("The list could not be written: {error}")),
            }
            Vec::new()
        }
        Msg::Retried(result) => {
            match result {
                Ok(true) => model.say(Tone::Good, "The write waits in the outbox again."),
                Ok(false) => model.say(Tone::Warn, "That write is not failed any more; nothing was done."),
                Err(error) => model.say(Tone::Error, format!("The write could not be tried again: {error}")),
            }
            model.sync.refresh().into_iter().collect()
        }
    };
    // A prompt or a filter takes lines of the list.
    model.relayout();
    let focus = model.lead_in_focus().cloned();
    effects.extend(model.focus.follow(focus.as_ref()));
    effects.extend(lead::desks::ask(model));
    effects.extend(team::settle(model));
    if model.screen == Screen::Lead && model.focus.detail().is_some() {
        model.board.note_opened(model.focus.id());
    }
    effects
}

/// At the start, the first lane with work is shown, so that nobody greets an empty lane while others burn.
fn lane_with_work(model: &mut Model) -> Option<Effect> {
    let lanes = &model.overview.data.as_ref()?.lanes;
    let lane = Lane::VARIANTS.iter().copied().find(|lane| lanes.of(*lane) > 0)?;
    (lane != model.queue.lane).then(|| model.queue.show(lane))
}

/// The numbers of the header, anew.
fn overview(model: &mut Model) -> Vec<Effect> {
    model.overview.load.refresh().map(Effect::LoadOverview).into_iter().collect()
}

/// Something changed in the store or the worker: what is on screen is read anew.
fn changed(model: &mut Model) -> Vec<Effect> {
    model.boards.availability.is_old();
    let mut effects: Vec<Effect> = model.overview.load.refresh().map(Effect::LoadOverview).into_iter().collect();
    match model.screen {
        Screen::Queue | Screen::Lead => {
            effects.extend(model.queue.refresh());
            effects.extend(model.queue.recount());
            effects.extend(model.focus.refresh());
        }
        Screen::Disagreements => {
            effects.extend(model.board.refresh());
            effects.extend(model.focus.refresh());
        }
        Screen::Sync => effects.extend(model.sync.refresh()),
        Screen::Model => {
            effects.extend(model.health.refresh());
            effects.extend(model.drift.refresh());
        }
        screen => effects.extend(model.boards.refresh(screen)),
    }
    effects
}

fn key(model: &mut Model, event: KeyEvent, hurried: bool) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let place = model.place();
    let action = model.keymap.action(place, Key::of(event));
    if model.too_small() {
        // Keys that act on what nobody can see are how accidents happen; only leaving works.
        model.exit |= matches!(action, Some(Action::QuitNow | Action::Quit));
        return Vec::new();
    }
    model.touched = true;
    if let Some(Overlay::Welcome) = model.overlays.last() {
        if action == Some(Action::QuitNow) {
            model.exit = true;
        }
        model.overlays.pop();
        return Vec::new();
    }
    let letter = match event.code {
        KeyCode::Char(c) if !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
        _ => None,
    };
    match (place, action) {
        (Place::Menu | Place::Confirm | Place::Batch, Some(Action::Accept)) if hurried => too_fast(model),
        // A pasted line break must not send what was pasted.
        (place, Some(Action::Accept)) if hurried && place.takes_text() => edit(model, event),
        (_, Some(action)) if hurried && (action.judges() || action.asks()) => too_fast(model),
        (_, Some(action)) => act(model, action),
        (Place::Menu | Place::Batch, None) if hurried && letter.is_some() => too_fast(model),
        (Place::Menu, None) => letter.map_or_else(Vec::new, |c| pick_letter(model, c)),
        (place, None) if place.takes_text() || place == Place::Batch => edit(model, event),
        (_, None) => {
            if let Some(c) = letter.filter(|c| foreign(*c)) {
                let help = model.keymap.key_for(model.place(), Action::Help);
                let all = help.map_or_else(String::new, |key| format!("; {key} lists them"));
                model.say(
                    Tone::Info,
                    format!("{c} is no key here: keys are Latin letters{all}. A keymap can name others."),
                );
            }
            Vec::new()
        }
    }
}

/// Whether a letter is from another keyboard than keys are written for, so that silence would puzzle whoever pressed it.
fn foreign(letter: char) -> bool {
    letter.is_alphabetic() && !letter.is_ascii()
}

fn too_fast(model: &mut Model) -> Vec<Effect> {
    model.say(Tone::Warn, "Ignored: those keys came faster than a hand types, so they are not taken as a verdict.");
    Vec::new()
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::QuitNow => {
            model.exit = true;
            return Vec::new();
        }
        Action::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if model.overlays.is_empty() { on_screen(model, action) } else { on_overlay(model, action) }
}

fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => {
            let place = model.place();
            model.overlays.push(Overlay::Help(Box::new(Help::new(place))));
            Vec::new()
        }
        Action::Palette => {
            let palette = Palette::new(&model.keymap, model.place());
            model.overlays.push(Overlay::Palette(Box::new(palette)));
            Vec::new()
        }
        Action::Quit => {
            model.overlays.push(Overlay::Confirm(Confirm::Quit));
            Vec::new()
        }
        Action::Back => back(model),
        Action::ShowQueue => show(model, Screen::Queue),
        Action::ShowDisagreements => {
            model.board.group = None;
            show(model, Screen::Disagreements)
        }
        Action::ShowSync => show(model, Screen::Sync),
        Action::ShowModel => show(model, Screen::Model),
        Action::ShowReps => boards::go(model, Screen::Reps),
        Action::ShowSla => boards::go(model, Screen::Sla),
        Action::ShowTrace => boards::go(model, Screen::Trace),
        Action::ShowRollout => boards::go(model, Screen::Rollout),
        Action::ShowFeedback => boards::go(model, Screen::Feedback),
        Action::ShowHandoff => boards::go(model, Screen::Handoff),
        Action::ShowDigest => boards::go(model, Screen::Digest),
        Action::KillSwitch => {
            boards::kill_switch(model);
            Vec::new()
        }
        Action::Mouse => mouse::switch(model),
        Action::Refresh => {
            model.status = None;
            changed(model)
        }
        Action::HandOver => hand_over::begin(model),
        Action::Note if model.screen == Screen::Handoff => of_screen(model, action),
        Action::Undo | Action::Redo | Action::Note => verdict::judge(model, action),
        Action::WhyNot | Action::Copy | Action::Explain | Action::WhatIf | Action::Group | Action::TalkTrack
            if model.hides_focus() =>
        {
            verdict::blind::ask(model)
        }
        Action::WhyNot => verdict::why_not(model),
        Action::Copy => verdict::copy(model),
        Action::Explain => {
            if model.focus.detail().is_some() {
                model.overlays.push(Overlay::Explain { scroll: 0 });
            }
            Vec::new()
        }
        Action::WhatIf => overlay::suppose(model),
        Action::Group if model.screen != Screen::Disagreements => disagreements::update::group_of_lead(model),
        Action::TalkTrack => {
            if model.focus.detail().is_some() {
                model.overlays.push(Overlay::TalkTrack { scroll: 0 });
            }
            Vec::new()
        }
        action if action.judges() && action != Action::Retry => verdict::judge(model, action),
        action => of_screen(model, action),
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    if boards::back(model) {
        return Vec::new();
    }
    match model.screen {
        Screen::Queue => {
            model.status = None;
            if model.queue.unmark_all() { Vec::new() } else { model.queue.narrow(Filter::default()) }
        }
        Screen::Lead => {
            let from = model.lead.take().map_or(Screen::Queue, |lead| lead.from);
            show(model, from)
        }
        Screen::Disagreements if model.board.group.is_some() => {
            model.board.group = None;
            Vec::new()
        }
        _ => show(model, Screen::Queue),
    }
}

fn show(model: &mut Model, screen: Screen) -> Vec<Effect> {
    model.screen = screen;
    model.lead = None;
    changed(model)
}

fn of_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    match model.screen {
        Screen::Queue => {
            match action {
                Action::View(key) => return views::go(model, key),
                Action::Views => return views::open(model),
                Action::Export => {
                    model.overlays.push(Overlay::Menu(Menu::exports()));
                    return Vec::new();
                }
                Action::MarkAll => {
                    mark_all(model);
                    return Vec::new();
                }
                _ => {}
            }
            if action == Action::Mark && model.queue.selected().is_some_and(|row| model.hides_row(row)) {
                model.say(Tone::Info, "This lead is judged blind, by itself: nothing is approved unseen.");
                return Vec::new();
            }
            if action == Action::Filter {
                model.overlays.push(Overlay::Filter(Box::new(Prompt::new(model.queue.filter()))));
                return Vec::new();
            }
            if action == Action::Open {
                if let Some(id) = model.queue.selected().map(|row| row.id.clone()) {
                    open(model, id);
                }
                return Vec::new();
            }
            queue::update::update(&mut model.queue, action).unwrap_or_default()
        }
        Screen::Lead => on_lead(model, action),
        Screen::Disagreements => disagreements::update::update(model, action),
        Screen::Sync => match action {
            Action::Open => {
                if let Some(id) = model.sync.selected().map(|row| row.lead_id.clone()) {
                    open(model, id);
                }
                Vec::new()
            }
            Action::Retry if model.options.read_only => {
                model.say(Tone::Warn, "Read-only: nothing can be tried again in this session.");
                Vec::new()
            }
            Action::Retry => match sync::update::retry(&model.sync) {
                Ok(effect) => vec![effect],
                Err(why) => {
                    model.say(Tone::Info, why);
                    Vec::new()
                }
            },
            action => sync::update::update(&mut model.sync, action).unwrap_or_default(),
        },
        Screen::Model => model_health::update::update(model, action).unwrap_or_default(),
        _ => boards::on_screen(model, action),
    }
}

/// Marks what is listed, and says exactly what that is.
fn mark_all(model: &mut Model) {
    let lane = model.queue.lane.title();
    let matching = if model.queue.filter().is_empty() { "" } else { " that match" };
    let hidden = |row: &&QueueRow| model.hides_row(row);
    let blind: BTreeSet<LeadId> = model.queue.rows().iter().filter(hidden).map(|row| row.id.clone()).collect();
    let marked = model.queue.mark_all(&blind);
    if matches!(marked, All::Marked(_) | All::Some(_)) && !blind.is_empty() {
        let (n, blind) = (model.queue.marks(), blind.len());
        return model.say(Tone::Info, format!("{n} of {lane}{matching} are marked; {blind} judged blind are not."));
    }
    match marked {
        All::Marked(n) => {
            let n = format::grouped(n as u64);
            model.say(Tone::Info, format!("All {n} of {lane}{matching} are marked; none that is snoozed."));
        }
        All::Some(n) => {
            let (n, all) = (format::grouped(n as u64), format::grouped(model.queue.total()));
            model.say(Tone::Info, format!("{n} of {all} marked, around the cursor: a batch holds no more."));
        }
        All::Unmarked => model.say(Tone::Info, "No lead is marked any more."),
        All::Nothing => model.say(Tone::Info, "There is nothing to mark."),
    }
}

pub(super) fn open(model: &mut Model, id: LeadId) {
    model.lead = Some(lead::Lead { id, from: model.screen, scroll: 0 });
    model.screen = Screen::Lead;
}

/// Up and down go to the neighbouring lead of the lane, so that a lane can be read lead by lead.
fn on_lead(model: &mut Model, action: Action) -> Vec<Effect> {
    let reps = model.focus.detail().and_then(|d| d.ranking.as_ref()).map_or(0, |r| r.reps.len());
    let Some(lead) = &mut model.lead else { return Vec::new() };
    if lead::update::update(lead, action, reps) {
        return Vec::new();
    }
    let step = match action {
        Action::Up => -1,
        Action::Down => 1,
        _ => return Vec::new(),
    };
    if lead.from != Screen::Queue {
        return Vec::new();
    }
    let effects = model.queue.step(step).into_iter().collect();
    if let Some(row) = model.queue.selected() {
        (lead.id, lead.scroll) = (row.id.clone(), 0);
    }
    effects
}

#[cfg(test)]
mod tests;
