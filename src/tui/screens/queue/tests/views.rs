//! Views: saved under a key, gone to with it, listed, renamed, removed.

use insta::assert_snapshot;

use crate::domain::lane::Lane;
use crate::tui::fake::company;
use crate::tui::msg::Msg;
use crate::tui::testing::{Stage, noon, options};

/// A dashboard whose F3 is the web leads of Disagree.
fn saved() -> Stage {
    let mut stage = Stage::new();
    stage.press("f2 /").write("src:web").press("enter V f3 s");
    for _ in 0..7 {
        stage.press("backspace");
    }
    stage.write("Web first").press("enter esc");
    stage
}

#[test]
fn a_view_is_gone_to_with_its_key() {
    let mut stage = saved();
    assert_eq!(stage.status(), "F3 is Web first now.");
    stage.press("esc esc f1");
    assert!(stage.model.queue.filter().is_empty());
    stage.press("f3");
    assert_eq!((stage.model.queue.lane, stage.model.queue.filter().to_string().as_str()), (Lane::Disagree, "src:web"));
    assert!(stage.text().contains("Web first: src:web"), "it is said which view is shown: {}", stage.text());
    assert_eq!(stage.status(), "F3: Web first");
}

#[test]
fn a_free_key_shows_its_lane_and_keeps_the_filter() {
    let mut stage = saved();
    stage.press("f1");
    assert_eq!((stage.model.queue.lane, stage.model.queue.filter().to_string().as_str()), (Lane::Fast, "src:web"));
    stage.press("f8");
    assert_eq!(stage.status(), "No view is saved under F8; V saves one.");
}

#[test]
fn views_are_renamed_replaced_and_removed() {
    let mut stage = saved();
    stage.press("V down down r").write("!").press("enter");
    assert_eq!(stage.model.view(3).unwrap().name, "Web first!");
    stage.press("esc esc f1 V f3 s");
    assert!(stage.text().contains("In the place of Web first!."), "{}", stage.text());
    stage.press("enter");
    assert_eq!(
        (stage.model.view(3).unwrap().name.as_str(), stage.model.view(3).unwrap().lane),
        ("Fast", Some(Lane::Fast))
    );
    stage.press("d");
    assert_eq!((stage.model.view(3), stage.status()), (None, "F3 is free again."));
    stage.press("d");
    assert_eq!(stage.status(), "No view is saved under F3.");
    stage.press("f2 s");
    for _ in 0..20 {
        stage.press("backspace");
    }
    stage.press("enter");
    assert_eq!((stage.model.view(2), stage.status()), (None, "A view needs a name."));
}

#[test]
fn a_view_that_cannot_be_kept_says_so() {
    let mut stage = Stage::new();
    stage.press("f2 V s");
    stage.fake.state().fault = Some("disk full".into());
    stage.press("enter");
    assert_eq!(stage.status(), "The view was not changed: disk full");
}

#[test]
fn hostile_names_are_harmless() {
    let mut stage = Stage::new();
    stage.press("f2 V s").send(Msg::Paste("\u{1b}]52;c;x\u{7}\u{202e}evil\nline".into()));
    stage.press("enter esc ?");
    let text = stage.text();
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn pictures() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut state = company(noon(), 60);
        state.views = saved().fake.state().views.clone();
        let mut stage = Stage::with(options(), state, (width, height));
        assert_snapshot!(format!("views_{width}x{height}"), stage.press("V down").picture());
        assert_snapshot!(format!("views_naming_{width}x{height}"), stage.press("f3 s").picture());
        stage.press("esc esc f3");
        assert_snapshot!(format!("view_{width}x{height}"), stage.picture());
        assert_snapshot!(format!("views_help_{width}x{height}"), stage.press("?").text());
    }
}
