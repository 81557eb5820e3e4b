use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;
use crate::domain::verdict::Verdict;
use crate::tui::fake::company;
use crate::tui::testing::{Stage, noon, options};
use crate::tui::{Options, screens::Screen};

/// Every lead on which there is disagreement is judged blind.
fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(Options { blind_share: 1.0, ..options() }, company(noon(), 60), size);
    stage.press("f2");
    stage
}

/// The name of who is recommended for the lead in focus, and the lead.
fn recommended(stage: &Stage) -> (LeadId, String) {
    let detail = stage.model.focus.detail().unwrap();
    let owner = detail.recommendation.as_ref().unwrap().route.owner();
    (detail.record.lead.id.clone(), detail.names[owner.id()].clone())
}

/// Chances of reps are the only numbers with a digit after the point that end in a percent sign.
fn shows_chances(text: &str) -> bool {
    text.split('%').any(|before| {
        let mut end = before.chars().rev();
        end.next().is_some_and(|c| c.is_ascii_digit()) && end.next() == Some('.')
    })
}

#[test]
fn nothing_that_the_model_says_is_seen_before_somebody_chose() {
    for size in [(80, 24), (160, 45), (200, 50)] {
        let mut stage = stage(size);
        let (_, name) = recommended(&stage);
        let text = stage.text();
        let row = text.lines().find(|line| line.contains("(choose)")).unwrap_or_else(|| panic!("{text}"));
        // Its SLA is the one number of the row, so nothing says how far apart the two are.
        let (listed, _) = row.split_once("blind").unwrap();
        assert!(!listed.contains('+') && !listed.contains('%'), "{row}");
        // The list and the panel beside it, the lead, and whatever key is pressed there.
        for keys in ["", "enter", "x", "esc", "w", "esc", "t", "esc", "y", "esc", "a"] {
            stage.press(keys);
            let text = stage.text();
            assert!(!shows_chances(&text), "{keys}: {text}");
            assert!(!text.contains(&format!("\u{2192} {name}")) && !text.contains("points"), "{keys}: {text}");
        }
        assert!(stage.text().contains("Whom would you give it to?"), "{}", stage.text());
        assert!(stage.fake.state().requests.is_empty(), "no verdict");
    }
}

#[test]
fn who_chose_sees_everything_and_then_gives_a_verdict() {
    let mut stage = stage((80, 24));
    let (lead, name) = recommended(&stage);
    stage.press("a enter");
    assert_eq!(stage.model.screen, Screen::Lead);
    let text = stage.text();
    assert!(shows_chances(&text) && text.contains("before this was shown"), "{text}");
    assert!(stage.status().starts_with("You chose "), "{}", stage.status());
    let choice = stage.model.focus.detail().unwrap().first_choice.clone().unwrap();
    assert!(matches!(&choice.owner, Owner::Rep(_)));
    stage.press("a");
    let requests = stage.fake.state().requests.clone();
    assert_eq!(requests.len(), 1);
    assert_eq!((&requests[0].lead, &requests[0].verdict), (&lead, &Verdict::Approve));
    assert!(stage.status().contains(&name), "{}", stage.status());
}

#[test]
fn reps_to_choose_from_stand_in_the_order_of_their_names() {
    let mut stage = stage((80, 24));
    stage.press("a");
    let text = stage.text();
    let listed = text.lines().filter(|line| line.contains("won ") || line.contains("no deals yet"));
    let names: Vec<&str> = listed.filter_map(|line| line.split('\u{2502}').nth(1)).collect();
    assert!(names.len() > 3 && names.is_sorted(), "{text}");
}

#[test]
fn a_batch_leaves_them_out_and_so_does_the_board() {
    let mut stage = stage((80, 24));
    stage.press("space");
    assert!(stage.status().contains("judged blind"), "{}", stage.status());
    stage.press("*");
    assert_eq!(stage.model.queue.marks(), 0);
    stage.press("X");
    let found = stage.model.board.found.data.as_ref().unwrap();
    assert_eq!((found.total.leads, found.hidden > 0), (0, true));
    assert!(stage.text().contains("45 more are"), "{}", stage.text());
}

#[test]
fn who_gives_no_verdicts_is_asked_nothing() {
    let options = Options { blind_share: 1.0, read_only: true, ..options() };
    let mut stage = Stage::with(options, company(noon(), 60), (80, 24));
    stage.press("f2");
    assert!(!stage.text().contains("(choose)"));
    stage.press("X");
    assert!(!stage.text().contains("judged blind"), "{}", stage.text());
}

#[test]
fn a_choice_that_could_not_be_kept_shows_nothing() {
    let mut stage = stage((80, 24));
    stage.press("a");
    stage.fake.state().fault = Some("the disk is full".into());
    stage.press("enter");
    assert!(stage.status().contains("not kept"), "{}", stage.status());
    assert!(!shows_chances(&stage.text()), "{}", stage.text());
}

#[test]
fn reps_that_were_not_known_yet_are_there_as_soon_as_they_are_read() {
    let mut stage = stage((80, 24));
    let known = std::mem::take(&mut stage.model.roster.data.as_mut().unwrap().reps);
    assert!(known.len() > 3);
    stage.press("a");
    let text = stage.text();
    assert!(text.contains("won ") && !text.contains("No active rep"), "{text}");
    assert!(text.contains("Whom would you give it to?"), "{text}");
}
