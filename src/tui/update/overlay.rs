//! What keys and pasted text do to what lies over the screen.

use crossterm::event::{KeyCode, KeyEvent};
use tui_textarea::Input;

use super::{boards, views};
use crate::tui::action::Action;
use crate::tui::backend::{BackendError, VIEW_KEYS, WhatIf};
use crate::tui::model::{Model, Tone};
use crate::tui::msg::{Effect, Generation};
use crate::tui::overlay::help::Help;
use crate::tui::overlay::menu::{Choice, Item, Menu};
use crate::tui::overlay::what_if::Supposing;
use crate::tui::overlay::{Confirm, NOTE_LIMIT, Overlay};
use crate::tui::team::hand_over;
use crate::tui::verdict::{self, Draft};

/// Pasted text goes into a text field whole, and is nothing anywhere else.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Note(note)) => {
            let room = NOTE_LIMIT.saturating_sub(note.area.lines().iter().map(|l| l.chars().count()).sum());
            note.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n").chars().take(room).collect::<String>());
        }
        Some(Overlay::Finder(finder)) => {
            finder.query.insert(text);
            finder.search();
        }
        Some(Overlay::Filter(prompt)) => {
            prompt.field.insert(text);
            prompt.typed();
        }
        Some(Overlay::Palette(palette)) => palette.insert(text),
        Some(Overlay::Question(question)) => {
            question.field.insert(text);
        }
        Some(Overlay::WhatIf(supposing)) => {
            supposing.field.insert(text);
        }
        Some(Overlay::Help(help)) if help.typing => {
            help.search.insert(text);
        }
        Some(Overlay::Views(views)) if views.naming.is_some() => {
            if let Some((field, _)) = &mut views.naming {
                field.insert(text);
            }
        }
        _ => model.say(Tone::Info, "Pasted text is ignored here; keys are verdicts only when typed."),
    }
    Vec::new()
}

/// A key that means nothing but itself goes into the text that is being written.
pub(super) fn edit(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Note(note)) => {
            note.area.input(Input::from(event));
        }
        Some(Overlay::Finder(finder)) => finder.input(event),
        Some(Overlay::Views(views)) => {
            if let Some((field, _)) = &mut views.naming {
                field.input(event);
            }
        }
        Some(Overlay::Batch(preview)) => {
            // Digits alone: whoever meant something else is not surprised by what is typed.
            let edits = !matches!(event.code, KeyCode::Char(c) if !c.is_ascii_digit());
            if edits && preview.must_count() {
                preview.typed.input(event);
            }
        }
        Some(Overlay::Filter(prompt)) => prompt.input(event),
        Some(Overlay::Palette(palette)) => palette.input(event),
        Some(Overlay::Question(question)) => {
            question.field.input(event);
        }
        Some(Overlay::WhatIf(supposing)) => supposing.input(event),
        Some(Overlay::Help(help)) => {
            help.search.input(event);
            help.scroll = 0;
        }
        _ => {}
    }
    Vec::new()
}

/// A letter chooses a line of a menu.
pub(super) fn pick_letter(model: &mut Model, letter: char) -> Vec<Effect> {
    let Some(Overlay::Menu(menu)) = model.overlays.last() else { return Vec::new() };
    let Some(item) = menu.by_letter(letter) else {
        let text = format!("No line here has the letter {letter}.");
        model.say(Tone::Info, text);
        return Vec::new();
    };
    let (draft, item) = (menu.draft.clone(), item.clone());
    // A capital letter asks for more: which kind of that reason.
    if let (Choice::Reason(reason), Some(draft), true) = (&item.choice, &draft, letter.is_uppercase())
        && let Some(details) = Menu::details(reason.code, draft.clone())
    {
        model.overlays.pop();
        model.overlays.push(Overlay::Menu(details));
        return Vec::new();
    }
    chosen(model, draft, item)
}

/// A line of a menu was chosen.
fn chosen(model: &mut Model, draft: Option<Draft>, item: Item) -> Vec<Effect> {
    match (item.choice, draft) {
        (Choice::Copy(text), _) => {
            model.overlays.pop();
            let what = item.label.to_lowercase();
            // Nobody answers, so nothing more can be claimed.
            model.say(Tone::Info, format!("To the clipboard (OSC 52, which terminals may refuse): {what}"));
            vec![Effect::Copy(text)]
        }
        (Choice::Export(format), _) => {
            model.overlays.pop();
            model.say(Tone::Info, "Writing the list to a file \u{2026}");
            vec![Effect::Export(model.queue.lane, model.queue.filter().clone(), format)]
        }
        (Choice::Manager(to), _) => {
            model.overlays.pop();
            hand_over::ask_note(model, to);
            Vec::new()
        }
        (choice, Some(draft)) => verdict::chosen(model, draft, &item.label, choice),
        (_, None) => Vec::new(),
    }
}

/// An action while something lies over the screen.
pub(super) fn on_overlay(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(model.overlays.last(), Some(Overlay::Views(_))) {
        return views::act(model, action);
    }
    if let (Some(Overlay::Help(help)), Action::Back) = (model.overlays.last_mut(), action)
        && help.typing
    {
        **help = Help::new(help.place);
        return Vec::new();
    }
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
        Some(Overlay::Help(help)) if step != 0 => {
            let lines: usize = help.found(&model.keymap).iter().map(|(_, lines)| lines.len() + 2).sum();
            // And the views, one for each function key.
            help.scroll = help.scroll.saturating_add_signed(step).min(lines + VIEW_KEYS.count());
        }
        Some(Overlay::Help(help)) => match action {
            Action::Search => help.typing = true,
            Action::Accept => help.typing = false,
            _ => {}
        },
        Some(Overlay::Palette(palette)) if step != 0 => palette.step(step),
        Some(Overlay::Palette(palette)) if action == Action::Accept => {
            match palette.chosen().map(|entry| (entry.action, entry.elsewhere)) {
                Some((action, None)) => {
                    model.overlays.pop();
                    return super::act(model, action);
                }
                Some((_, Some(scope))) => {
                    model.say(Tone::Info, format!("Not here: that belongs to \"{}\".", scope.title()));
                }
                None => {}
            }
        }
        // How long it is depends on the width, which the view knows.
        Some(Overlay::TalkTrack { scroll } | Overlay::Explain { scroll }) if step != 0 => {
            *scroll = scroll.saturating_add_signed(step);
        }
        Some(Overlay::WhatIf(supposing)) if step != 0 => {
            supposing.scroll = supposing.scroll.saturating_add_signed(step);
        }
        Some(Overlay::WhatIf(supposing)) if action == Action::Complete => supposing.complete(),
        Some(Overlay::WhatIf(_)) if action == Action::Accept => return ask(model),
        Some(Overlay::Menu(menu)) if action == Action::Accept => {
            let item = menu.selected.and_then(|line| menu.items.get(line)).cloned();
            let Some(item) = item else {
                model.say(Tone::Info, "Nothing is chosen yet: press the letter of a line, or move to it.");
                return Vec::new();
            };
            let draft = menu.draft.clone();
            return chosen(model, draft, item);
        }
        Some(Overlay::Batch(preview)) if step != 0 => preview.scroll = preview.scroll.saturating_add_signed(step),
        Some(Overlay::Report(report)) if step != 0 => {
            report.scroll = report.scroll.saturating_add_signed(step).min(report.refused.len());
        }
        Some(Overlay::Batch(_)) if action == Action::Accept => return verdict::batch::confirm(model),
        Some(Overlay::Finder(_)) if action == Action::Accept => return verdict::found(model),
        Some(Overlay::Filter(prompt)) if action == Action::Complete => prompt.complete(),
        Some(Overlay::Filter(prompt)) if action == Action::Accept => {
            // What is wrong with it stands below the prompt already.
            if let Ok(filter) = prompt.read.clone() {
                model.overlays.pop();
                return model.queue.narrow(filter);
            }
        }
        Some(Overlay::Note(_)) if action == Action::Accept => return verdict::noted(model),
        Some(Overlay::Question(_)) if action == Action::Accept => return boards::answered(model),
        Some(Overlay::Confirm(Confirm::Quit)) if action == Action::Accept => model.exit = true,
        _ => {}
    }
    Vec::new()
}

/// Opens the question what would become of the lead in focus.
pub(super) fn suppose(model: &mut Model) -> Vec<Effect> {
    match model.focus.detail() {
        Some(detail) => model.overlays.push(Overlay::WhatIf(Box::new(Supposing::new(detail)))),
        None => model.say(Tone::Warn, "The lead is not read yet; try again in a moment."),
    }
    model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect()
}

/// Asks what would become of the lead; an older question is void.
fn ask(model: &mut Model) -> Vec<Effect> {
    let (Some(Overlay::WhatIf(supposing)), Some(roster)) = (model.overlays.last_mut(), &model.roster.data) else {
        model.say(Tone::Warn, "The reps are not read yet; try again in a moment.");
        return Vec::new();
    };
    match supposing.read(roster) {
        Some(suppose) => {
            let generation = model.session.suppose.start();
            vec![Effect::Suppose(generation, supposing.lead.clone(), suppose)]
        }
        None => Vec::new(),
    }
}

/// What would become of the lead arrived.
pub(super) fn supposed(model: &mut Model, generation: Generation, result: Result<Box<WhatIf>, BackendError>) {
    let found = model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::WhatIf(supposing) => Some(supposing),
        _ => None,
    });
    if model.session.suppose.accept(generation)
        && let Some(supposing) = found
    {
        supposing.arrived(result.map(|found| *found).map_err(|error| error.to_string()));
    }
}
