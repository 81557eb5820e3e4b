use chrono::TimeDelta;
use insta::assert_snapshot;

use crate::tui::backend::boards::ContactList;
use crate::tui::fake::{company, told};
use crate::tui::msg::Msg;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, ascii, mono, noon, options};

fn stage(size: (u16, u16)) -> Stage {
    Stage::with(options(), told(company(noon(), 60)), size)
}

#[test]
fn pictures() {
    assert_snapshot!("sla_80x24", stage((80, 24)).press("L").picture());
    assert_snapshot!("sla_breached_80x24", stage((80, 24)).press("L tab").text());
    assert_snapshot!("sla_120x40", stage((120, 40)).press("L").text());
    assert_snapshot!("sla_200x50", stage((200, 50)).press("L tab tab").text());
    assert_snapshot!("sla_empty_80x24", Stage::new().press("L").text());
    let company = || told(company(noon(), 60));
    assert_snapshot!("sla_mono_80x24", Stage::with(mono(), company(), (80, 24)).press("L").picture());
    assert_snapshot!("sla_ascii_80x24", Stage::with(ascii(), company(), (80, 24)).press("L tab").text());
}

#[test]
fn lists_are_walked_in_both_ways_and_the_countdown_goes_on() {
    let mut stage = stage((80, 24));
    stage.press("L");
    assert!(stage.text().contains("20m over"), "{}", stage.text());
    stage.later(TimeDelta::minutes(1));
    assert!(stage.text().contains("21m over"), "{}", stage.text());
    stage.press("tab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Breached);
    assert!(stage.text().contains("routed anew"));
    stage.press("backtab backtab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Made);
    stage.fake.state().boards.contacts.clear();
    stage.send(Msg::Changed);
    assert!(stage.text().contains("None was made in 30 days."), "{}", stage.text());
}

#[test]
fn while_another_list_is_read_nothing_old_is_shown_under_its_name() {
    let mut stage = stage((80, 24));
    stage.press("L");
    stage.hold = true;
    stage.press("tab");
    assert!(stage.text().contains("reading ...") && !stage.text().contains("20m over"), "{}", stage.text());
}

#[test]
fn the_lead_behind_a_row_opens_and_escape_comes_back() {
    let mut stage = stage((80, 24));
    stage.press("L down enter");
    let lead = stage.model.lead.as_ref().unwrap().id.clone();
    assert_eq!((stage.model.screen, &lead), (Screen::Lead, &stage.model.boards.sla.selected().unwrap().lead_id));
    stage.press("esc");
    assert_eq!(stage.model.screen, Screen::Sla);
}
