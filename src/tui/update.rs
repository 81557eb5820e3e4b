//! The one place where the state changes. Never waits, never draws, never reads a clock.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_textarea::Input;

use super::action::Action;
use super::keymap::{Key, Place};
use super::model::{Model, Tone};
use super::msg::{Effect, Msg};
use super::overlay::{Confirm, Overlay};
use super::screens::{Screen, lead, model_health, queue, sync};
use super::verdict;
use crate::domain::lane::Lane;
use strum::VariantArray;

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = match msg {
        Msg::Key { event, hurried } => key(model, event, hurried),
        Msg::Paste(text) => paste(model, &text),
        Msg::Resized(width, height) => {
            model.size = (width, height);
            model.relayout();
            Vec::new()
        }
        Msg::Changed => changed(model),
        // The worker's health grows old without anything being stored, so a minute is worth a look.
        Msg::Woke => model.overview.load.refresh().map(Effect::LoadOverview).into_iter().collect(),
        Msg::Terminate => {
            model.exit = true;
            Vec::new()
        }
        Msg::Overview(generation, result) => {
            let first = model.overview.data.is_none();
            if model.overview.receive(generation, result.map(|overview| *overview)) {
                model.relayout();
            }
            let mut effects: Vec<Effect> = model.overview.load.repeat().map(Effect::LoadOverview).into_iter().collect();
            if first && !model.touched {
                effects.extend(lane_with_work(model));
            }
            effects
        }
        Msg::Queue(generation, result) => model.queue.receive(generation, result).into_iter().collect(),
        Msg::Lead(generation, id, result) => {
            let mut effects: Vec<Effect> = model.focus.receive(generation, &id, result).into_iter().collect();
            effects.extend(verdict::arrived(model));
            effects
        }
        Msg::Outbox(generation, result) => model.sync.receive(generation, result).into_iter().collect(),
        Msg::Models(generation, result) => model.health.receive(generation, result).into_iter().collect(),
        Msg::Drift(generation, result) => model.drift.receive(generation, result).into_iter().collect(),
        Msg::Roster(generation, result) => {
            model.roster.receive(generation, result);
            model.roster.load.repeat().map(Effect::LoadRoster).into_iter().collect()
        }
        Msg::Decided(lead, result) => verdict::decided(model, &lead, result),
        Msg::Undone(lead, result) => verdict::undone(model, &lead, result),
        Msg::Retried(result) => {
            match result {
                Ok(true) => model.say(Tone::Good, "The write waits in the outbox again."),
                Ok(false) => model.say(Tone::Warn, "That write is not failed any more; nothing was done."),
                Err(error) => model.say(Tone::Error, format!("The write could not be tried again: {error}")),
            }
            model.sync.refresh().into_iter().collect()
        }
    };
    let focus = model.lead_in_focus().cloned();
    effects.extend(model.focus.follow(focus.as_ref()));
    effects
}

/// At the start, the first lane with work is shown, so that nobody greets an empty lane while others burn.
fn lane_with_work(model: &mut Model) -> Option<Effect> {
    let lanes = &model.overview.data.as_ref()?.lanes;
    let lane = Lane::VARIANTS.iter().copied().find(|lane| lanes.of(*lane) > 0)?;
    (lane != model.queue.lane).then(|| model.queue.show(lane))
}

/// Something changed in the store or the worker: what is on screen is read anew.
fn changed(model: &mut Model) -> Vec<Effect> {
    let mut effects: Vec<Effect> = model.overview.load.refresh().map(Effect::LoadOverview).into_iter().collect();
    match model.screen {
        Screen::Queue | Screen::Lead => {
            effects.extend(model.queue.refresh());
            effects.extend(model.focus.refresh());
        }
        Screen::Sync => effects.extend(model.sync.refresh()),
        Screen::Model => {
            effects.extend(model.health.refresh());
            effects.extend(model.drift.refresh());
        }
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
        (Place::Menu | Place::Confirm, Some(Action::Accept)) if hurried => too_fast(model),
        // A pasted line break must not send what was pasted.
        (Place::Note | Place::Finder, Some(Action::Accept)) if hurried => edit(model, event),
        (_, Some(action)) if hurried && (action.judges() || action.asks()) => too_fast(model),
        (_, Some(action)) => act(model, action),
        (Place::Menu, None) if hurried && letter.is_some() => too_fast(model),
        (Place::Menu, None) => letter.map_or_else(Vec::new, |c| pick_letter(model, c)),
        (Place::Note | Place::Finder, None) => edit(model, event),
        (_, None) => Vec::new(),
    }
}

fn too_fast(model: &mut Model) -> Vec<Effect> {
    model.say(Tone::Warn, "Ignored: those keys came faster than a hand types, so they are not taken as a verdict.");
    Vec::new()
}

/// Pasted text goes into a text field whole, and is nothing anywhere else.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Note(note)) => {
            let room =
                super::overlay::NOTE_LIMIT.saturating_sub(note.area.lines().iter().map(|l| l.chars().count()).sum());
            note.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n").chars().take(room).collect::<String>());
        }
        Some(Overlay::Finder(finder)) => {
            let line: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
            finder.query.insert_str(line);
            finder.search();
        }
        _ => model.say(Tone::Info, "Pasted text is ignored here; keys are verdicts only when typed."),
    }
    Vec::new()
}

fn edit(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Note(note)) => {
            note.area.input(Input::from(event));
        }
        Some(Overlay::Finder(finder)) => {
            // One line only: what would begin another is swallowed.
            let stays = !matches!(event.code, KeyCode::Enter | KeyCode::Tab);
            if stays && finder.query.input(Input::from(event)) {
                finder.search();
            }
        }
        _ => {}
    }
    Vec::new()
}

fn pick_letter(model: &mut Model, letter: char) -> Vec<Effect> {
    let Some(Overlay::Menu(menu)) = model.overlays.last() else { return Vec::new() };
    let Some(item) = menu.by_letter(letter) else { return Vec::new() };
    let (draft, item) = (menu.draft.clone(), item.clone());
    verdict::chosen(model, draft, &item.label, item.choice)
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

fn on_overlay(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        model.overlays.pop();
        return Vec::new();
    }
    let step = match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -10,
        Action::PageDown => 10,
        _ => 0,
    };
    match model.overlays.last_mut() {
        Some(Overlay::Menu(menu)) if step != 0 => menu.step(step),
        Some(Overlay::Finder(finder)) if step != 0 => finder.step(step),
        Some(Overlay::Help { place, scroll }) if step != 0 => {
            let lines: usize = model.keymap.help(*place).iter().map(|(_, lines)| lines.len() + 2).sum();
            *scroll = scroll.saturating_add_signed(step).min(lines);
        }
        // How long it is depends on the width, which the view knows.
        Some(Overlay::TalkTrack { scroll }) if step != 0 => *scroll = scroll.saturating_add_signed(step),
        Some(Overlay::Menu(menu)) if action == Action::Accept => {
            if let Some(item) = menu.items.get(menu.selected).cloned() {
                let draft = menu.draft.clone();
                return verdict::chosen(model, draft, &item.label, item.choice);
            }
        }
        Some(Overlay::Finder(_)) if action == Action::Accept => return verdict::found(model),
        Some(Overlay::Note(_)) if action == Action::Accept => return verdict::noted(model),
        Some(Overlay::Confirm(Confirm::Quit)) if action == Action::Accept => model.exit = true,
        _ => {}
    }
    Vec::new()
}

fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => {
            let place = model.place();
            model.overlays.push(Overlay::Help { place, scroll: 0 });
            Vec::new()
        }
        Action::Quit => {
            model.overlays.push(Overlay::Confirm(Confirm::Quit));
            Vec::new()
        }
        Action::Back => back(model),
        Action::ShowQueue => show(model, Screen::Queue),
        Action::ShowSync => show(model, Screen::Sync),
        Action::ShowModel => show(model, Screen::Model),
        Action::Refresh => {
            model.status = None;
            changed(model)
        }
        Action::Undo | Action::Note => verdict::judge(model, action),
        Action::WhyNot => verdict::why_not(model),
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
    match model.screen {
        Screen::Queue => {
            model.status = None;
            Vec::new()
        }
        Screen::Lead => {
            let from = model.lead.take().map_or(Screen::Queue, |lead| lead.from);
            show(model, from)
        }
        Screen::Sync | Screen::Model => show(model, Screen::Queue),
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
            if action == Action::Open {
                if let Some(id) = model.queue.selected().map(|row| row.id.clone()) {
                    open(model, id);
                }
                return Vec::new();
            }
            queue::update::update(&mut model.queue, action).unwrap_or_default()
        }
        Screen::Lead => on_lead(model, action),
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
    }
}

fn open(model: &mut Model, id: crate::domain::ids::LeadId) {
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
