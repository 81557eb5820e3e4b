use chrono::TimeDelta;
use insta::assert_snapshot;
use strum::IntoEnumIterator;

use crate::domain::contact::{ContactOutcome, Lapsed};
use crate::tui::backend::boards::{ContactList, ContactRow};
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
    stage.press("tab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Made);
    stage.press("backtab backtab backtab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Lapsed);
    stage.press("backtab");
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

#[test]
fn every_first_contact_is_in_one_list_and_what_is_not_asked_for_says_why() {
    let mut stage = stage((80, 24));
    stage.press("L");
    let board = stage.model.boards.sla.board.data.as_ref().unwrap();
    let all: u64 = ContactList::iter().map(|list| board.all.of(list)).sum();
    assert_eq!((board.given, all), (40, 40));
    assert!(stage.text().contains("40 in 30 days") && stage.text().contains("No longer asked 3"), "{}", stage.text());
    stage.press("backtab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Lapsed);
    let text = stage.text();
    assert!(text.contains("converted before due") && text.contains("somebody else has it"), "{text}");
    // Where all of them ended so, nobody is told that there were none.
    let end = |row: &mut ContactRow| (row.outcome, row.lapsed) = (Some(ContactOutcome::Moot), Some(Lapsed::Converted));
    stage.fake.state().boards.contacts.iter_mut().for_each(end);
    stage.send(Msg::Changed);
    let text = stage.press("tab").text();
    assert!(text.contains("40 in 30 days, none still asked for when it was due"), "{text}");
    assert!(text.contains("The last list says why") && !text.contains("No rep was given"), "{text}");
}

#[test]
fn those_no_longer_asked_for_are_summed_by_reason() {
    let mut stage = stage((80, 24));
    stage.press("L backtab");
    assert_eq!(stage.model.boards.sla.list, ContactList::Lapsed);
    let rows = stage.model.boards.sla.rows().to_vec();
    let text = stage.text();
    for row in &rows {
        let why = row.lapsed.unwrap();
        let n = rows.iter().filter(|row| row.lapsed == Some(why)).count();
        assert!(text.contains(&format!("{n} {}", why.words())), "{text}");
    }
}

#[test]
fn what_is_left_of_a_first_contact_is_never_cut() {
    for size in [(80, 24), (120, 40), (160, 45)] {
        let mut stage = stage(size);
        assert!(stage.press("L").text().contains("1h22 left, not written"), "{}", stage.text());
        assert!(stage.press("tab").text().contains("none, routed anew"), "{}", stage.text());
    }
}
