//! Views: the queue as it was saved under a function key.

use strum::VariantArray;

use crate::domain::lane::Lane;
use crate::tui::action::Action;
use crate::tui::backend::BackendError;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;

/// Goes to the view under a function key; while there is none, the first seven are the lanes from left to right.
pub(super) fn go(model: &mut Model, key: u8) -> Vec<Effect> {
    if let Some(view) = model.view(key).cloned() {
        model.say(Tone::Info, format!("F{key}: {}", view.name));
        return model.queue.recall(view.lane, view.filter);
    }
    if let Some(lane) = Lane::VARIANTS.get(usize::from(key).wrapping_sub(1)) {
        return vec![model.queue.show(*lane)];
    }
    let list = model.keymap.key_for(model.place(), Action::Views).unwrap_or_default();
    model.say(Tone::Info, format!("No view is saved under F{key}; {list} saves one."));
    Vec::new()
}

/// Opens the list.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.overlays.push(Overlay::Views(Box::default()));
    model.views.load.refresh().map(Effect::LoadViews).into_iter().collect()
}

/// An action in the list, or while a name is typed.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (filter, lane) = (model.queue.filter().clone(), model.queue.lane);
    let Some(Overlay::Views(views)) = model.overlays.last_mut() else { return Vec::new() };
    let key = views.key();
    let kept = model.views.data.iter().flatten().find(|view| view.key == key);
    match action {
        Action::Up => views.step(-1),
        Action::Down => views.step(1),
        Action::View(key) => views.go(key),
        Action::SaveView => views.save(filter, lane),
        Action::RenameView => match kept {
            Some(view) => views.rename(view),
            None => model.say(Tone::Info, format!("No view is saved under F{key}.")),
        },
        Action::RemoveView => match kept {
            Some(_) => return vec![Effect::KeepView(key, None)],
            None => model.say(Tone::Info, format!("No view is saved under F{key}.")),
        },
        Action::Accept if views.naming.is_some() => match views.named() {
            Some(view) => return vec![Effect::KeepView(key, Some(view))],
            None => model.say(Tone::Warn, "A view needs a name."),
        },
        Action::Accept => {
            model.overlays.pop();
            return go(model, key);
        }
        Action::Back if views.naming.is_some() => views.naming = None,
        Action::Back => {
            model.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

/// The store answered to a change of a view.
pub(super) fn kept(model: &mut Model, result: Result<String, BackendError>) -> Vec<Effect> {
    match result {
        Ok(said) => model.say(Tone::Good, said),
        Err(error) => model.say(Tone::Error, format!("The view was not changed: {error}")),
    }
    model.views.load.refresh().map(Effect::LoadViews).into_iter().collect()
}
