use insta::assert_snapshot;

use super::model::List;
use crate::tui::fake::{company, told};
use crate::tui::testing::{Stage, ascii, mono, noon, options};

fn stage(size: (u16, u16)) -> Stage {
    Stage::with(options(), told(company(noon(), 60)), size)
}

#[test]
fn pictures() {
    assert_snapshot!("feedback_80x24", stage((80, 24)).press("F").picture());
    assert_snapshot!("feedback_120x40", stage((120, 40)).press("F tab").text());
    assert_snapshot!("feedback_200x50", stage((200, 50)).press("F").text());
    assert_snapshot!("feedback_empty_80x24", Stage::new().press("F").text());
    let company = || told(company(noon(), 60));
    assert_snapshot!("feedback_mono_80x24", Stage::with(mono(), company(), (80, 24)).press("F down").picture());
    assert_snapshot!("feedback_ascii_80x24", Stage::with(ascii(), company(), (80, 24)).press("F").text());
}

#[test]
fn numbers_are_whole_however_narrow_the_screen_is() {
    for width in 60..=132 {
        let text = stage((width, 24)).press("F").text();
        let approved = text.lines().find(|line| line.contains("approve  ")).unwrap();
        assert!(approved.ends_with(" 24   106   240"), "{width}: {approved}");
    }
}

#[test]
fn lists_are_walked_in_both_ways() {
    let mut stage = stage((80, 24));
    stage.press("F down tab");
    assert_eq!((stage.model.boards.feedback.list, stage.model.boards.feedback.cursor.selected), (List::Sources, 0));
    assert!(stage.text().contains("webinar"));
    stage.press("backtab backtab");
    assert_eq!(stage.model.boards.feedback.list, List::Recommended);
}
