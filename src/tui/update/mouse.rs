//! What the mouse does: the same actions as the keys, so nothing can be done by it alone.

use super::act;
use crate::tui::action::Action;
use crate::tui::input::Mouse;
use crate::tui::keymap::Place;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::screens::Screen;
use crate::tui::view::hits::Target;

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

/// Takes what was done.
pub(super) fn on_mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if model.too_small() {
        return Vec::new();
    }
    model.touched = true;
    match mouse {
        Mouse::Click(_) if matches!(model.overlays.last(), Some(Overlay::Welcome)) => {
            model.overlays.pop();
            Vec::new()
        }
        Mouse::Click(Target::Do(action)) => act(model, action),
        // The first click says which, the second takes it: nobody judges a lead by a slip of the hand.
        Mouse::Click(Target::Row(0)) => {
            let takes = if model.overlays.is_empty() { Action::Open } else { Action::Accept };
            act(model, takes)
        }
        Mouse::Click(Target::Row(below)) => {
            step(model, if below > 0 { Action::Down } else { Action::Up }, below.unsigned_abs())
        }
        Mouse::Wheel(down) if model.overlays.is_empty() && model.screen == Screen::Lead => {
            // Up and down would go to another lead, which nobody expects of a wheel.
            act(model, if down { Action::PageDown } else { Action::PageUp })
        }
        Mouse::Wheel(down) if model.place() != Place::Filter => {
            step(model, if down { Action::Down } else { Action::Up }, NOTCH)
        }
        Mouse::Click(Target::Nothing) | Mouse::Wheel(_) => Vec::new(),
    }
}

fn step(model: &mut Model, action: Action, times: usize) -> Vec<Effect> {
    (0..times).flat_map(|_| act(model, action)).collect()
}

/// Gives the mouse to the terminal, so that text can be selected as everywhere else, or takes it again.
pub(super) fn switch(model: &mut Model) -> Vec<Effect> {
    model.options.mouse = !model.options.mouse;
    let key = model.keymap.key_for(model.place(), Action::Mouse).unwrap_or_default();
    let text = if model.options.mouse {
        format!("The mouse works here now. {key} gives it back to the terminal, to select text.")
    } else {
        format!("The mouse is the terminal's: text can be selected. {key} takes it again.")
    };
    model.say(Tone::Info, text);
    vec![Effect::Mouse(model.options.mouse)]
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

    use super::*;
    use crate::tui::msg::Msg;
    use crate::tui::testing::Stage;

    /// A click on the first cell of a text on the screen.
    fn click(stage: &mut Stage, text: &str) {
        let (column, row) = stage.find(text);
        point(stage, MouseEventKind::Down(MouseButton::Left), (column, row));
    }

    fn point(stage: &mut Stage, kind: MouseEventKind, (column, row): (u16, u16)) {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        if let Some(mouse) = Mouse::of(event, &stage.hits()) {
            stage.send(Msg::Mouse(mouse));
        }
    }

    #[test]
    fn a_click_chooses_a_row_and_a_second_one_opens_it() {
        let mut stage = Stage::sized(80, 24);
        let third = stage.model.queue.visible().1[2].clone();
        click(&mut stage, &third.company);
        assert_eq!(stage.model.lead_in_focus(), Some(&third.id));
        assert_eq!(stage.model.screen, Screen::Queue, "the first click opens nothing");
        click(&mut stage, &third.company);
        assert_eq!(stage.model.screen, Screen::Lead);
    }

    #[test]
    fn lanes_screens_and_the_footer_are_buttons() {
        let mut stage = Stage::sized(160, 45);
        click(&mut stage, "Exceptions");
        assert_eq!(stage.model.queue.lane, crate::domain::lane::Lane::Exceptions);
        click(&mut stage, "S Sync");
        assert_eq!(stage.model.screen, Screen::Sync);
        click(&mut stage, "? help");
        assert!(matches!(stage.model.overlays.last(), Some(Overlay::Help(_))));
        // Beside the window, what lies over the screen closes; inside it, nothing below is hit.
        point(&mut stage, MouseEventKind::Down(MouseButton::Left), (80, 20));
        assert_eq!(stage.model.overlays.len(), 1);
        point(&mut stage, MouseEventKind::Down(MouseButton::Left), (0, 5));
        assert!(stage.model.overlays.is_empty());
    }

    #[test]
    fn the_wheel_moves_the_cursor_and_gives_no_verdict() {
        let mut stage = Stage::sized(80, 24);
        let (ids, decided) =
            (stage.model.queue.rows().iter().map(|row| row.id.clone()).collect::<Vec<_>>(), stage.decided());
        point(&mut stage, MouseEventKind::ScrollDown, (5, 10));
        assert_eq!(stage.model.lead_in_focus(), Some(&ids[NOTCH]));
        point(&mut stage, MouseEventKind::ScrollUp, (5, 10));
        assert_eq!((stage.model.lead_in_focus(), stage.decided()), (Some(&ids[0]), decided));
        // A press of another button, and a move, are nothing.
        point(&mut stage, MouseEventKind::Down(MouseButton::Right), (5, 10));
        point(&mut stage, MouseEventKind::Moved, (5, 10));
        assert_eq!(stage.model.lead_in_focus(), Some(&ids[0]));
    }

    #[test]
    fn a_menu_takes_the_row_that_is_clicked_twice() {
        let mut stage = Stage::sized(80, 24);
        click(&mut stage, "Disagree");
        stage.press("k");
        let before = stage.decided();
        click(&mut stage, "Key account");
        assert_eq!((stage.decided(), stage.model.overlays.len()), (before, 1), "one click only points");
        click(&mut stage, "Key account");
        assert_eq!((stage.decided(), stage.model.overlays.len()), (before + 1, 0));
    }

    #[test]
    fn the_switch_gives_the_mouse_back() {
        let mut stage = Stage::sized(80, 24);
        stage.hold = true;
        stage.press("f9");
        assert!(stage.held.contains(&Effect::Mouse(false)), "{:?}", stage.held);
        assert!(stage.text().contains("The mouse is the terminal's"), "{}", stage.text());
        stage.press("f9");
        assert!(stage.held.contains(&Effect::Mouse(true)));
    }
}
