use chrono::TimeDelta;
use insta::assert_snapshot;
use ratatui::style::Modifier;

use crate::tui::backend::boards::{NextSlot, Order};
use crate::tui::fake::{company, told};
use crate::tui::format::clock;
use crate::tui::msg::Msg;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, ascii, mono, noon, options};

fn stage(size: (u16, u16)) -> Stage {
    Stage::with(options(), told(company(noon(), 60)), size)
}

#[test]
fn pictures() {
    assert_snapshot!("reps_80x24", stage((80, 24)).press("P").picture());
    assert_snapshot!("reps_120x40", stage((120, 40)).press("P down").text());
    assert_snapshot!("reps_200x50", stage((200, 50)).press("P s").text());
    assert_snapshot!("reps_empty_80x24", Stage::new().press("P").text());
    let company = || told(company(noon(), 60));
    assert_snapshot!("reps_mono_80x24", Stage::with(mono(), company(), (80, 24)).press("P down").picture());
    assert_snapshot!("reps_ascii_80x24", Stage::with(ascii(), company(), (80, 24)).press("P").text());
}

#[test]
fn loading_and_failing_say_so() {
    let mut stage = stage((80, 24));
    stage.hold = true;
    assert!(stage.press("P").text().contains("reading ..."));
    stage.release();
    stage.fake.state().fault = Some("the database is locked".into());
    stage.send(Msg::Changed);
    let text = stage.text();
    assert!(text.contains("What is shown is old: the database is locked") && text.contains("Ana Ruiz"), "{text}");
    let mut stage = Stage::new();
    stage.fake.state().fault = Some("the database is locked".into());
    assert!(stage.press("P").text().contains("The team could not be read: the database is locked"));
}

#[test]
fn the_order_is_changed_and_the_cursor_stays_on_its_rep_when_news_come() {
    let mut stage = stage((80, 24));
    stage.press("P s");
    assert_eq!(stage.model.boards.reps.order, Order::Room);
    assert_eq!(stage.model.boards.reps.selected().unwrap().room.as_ref().unwrap().left, Some(0));
    stage.press("down down");
    let id = stage.model.boards.reps.selected().unwrap().id.clone();
    if let Some(team) = &mut stage.fake.state().boards.reps {
        for rep in &mut team.reps {
            rep.room.as_mut().unwrap().left = Some(if rep.id == id { 99 } else { 1 });
        }
    }
    stage.send(Msg::Changed);
    assert_eq!(stage.model.boards.reps.selected().unwrap().id, id, "it went to the end, and the cursor with it");
    for _ in 0..6 {
        stage.press("s");
    }
    assert_eq!(stage.model.boards.reps.order, Order::Name, "round again");
}

#[test]
fn enter_shows_the_leads_recommended_for_the_rep() {
    let mut stage = stage((80, 24));
    stage.press("P down");
    let name = &stage.model.boards.reps.selected().unwrap().name.clone();
    stage.press("enter");
    assert_eq!(
        (stage.model.screen, stage.model.queue.filter().to_string()),
        (Screen::Queue, format!("rep:\"{}\"", name.to_lowercase()))
    );
    let recommended: Vec<_> = stage.model.queue.rows().iter().map(|row| row.recommended.clone()).collect();
    // A filter finds a part of a name: Hana's leads as well as Ana's.
    let name = name.to_lowercase();
    assert!(recommended.iter().flatten().all(|theirs| theirs.to_lowercase().contains(&name)), "{recommended:?}");
}

#[test]
fn a_slot_that_has_passed_is_promised_no_more() {
    let mut stage = stage((200, 50));
    stage.press("P");
    let NextSlot::At { at } = stage.model.boards.reps.selected().unwrap().next_slot else { panic!("no slot") };
    let at = clock(at, options().zone);
    assert!(stage.text().contains(&format!("free {at}")) && !stage.text().contains("was "), "{}", stage.text());
    stage.later(TimeDelta::minutes(71));
    let text = stage.text();
    assert!(text.contains(&format!("was free {at}")) && text.contains(&format!("was {at}")), "{text}");
}

#[test]
fn a_bar_under_the_cursor_is_not_turned_into_its_opposite() {
    let mut stage = Stage::with(options(), told(company(noon(), 60)), (80, 24));
    stage.press("P");
    let (buffer, text) = (stage.buffer(), stage.text());
    let row = text.lines().position(|line| line.starts_with('▸')).unwrap() as u16;
    let cells: Vec<_> = (0..80).map(|x| &buffer[(x, row)]).collect();
    let (bar, rest): (Vec<_>, Vec<_>) = cells.into_iter().partition(|cell| "█▓▒░".contains(cell.symbol()));
    assert!(!bar.is_empty() && bar.iter().all(|cell| !cell.modifier.contains(Modifier::REVERSED)), "{text}");
    assert!(rest.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count() > 60, "{text}");
}
