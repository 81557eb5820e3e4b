//! The filter of the queue: typed with its faults in sight, in force in every lane, and always said.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;

use crate::domain::lane::Lane;
use crate::tui::fake::company;
use crate::tui::msg::{Effect, Msg};
use crate::tui::testing::{Stage, noon, options};

fn filtered(text: &str) -> Stage {
    let mut stage = Stage::new();
    stage.press("f2 /").write(text).press("enter");
    stage
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part:?} in\n{text}"))
}

#[test]
fn a_filter_shows_only_what_matches_and_says_how_many_of_how_many() {
    let mut stage = filtered("src:web");
    assert!(stage.model.queue.rows().iter().all(|row| row.source.as_deref().unwrap().to_lowercase().contains("web")));
    let total = stage.model.queue.total();
    assert!(total > 0 && total < 39, "{total}");
    let said = format!("{total} of 39 match");
    assert!(line_with(&stage.text(), " / src:web").contains(&said), "{}", stage.text());
    stage.press("enter");
    assert!(stage.text().contains(&format!("1 of {total} match")), "on the lead too: {}", stage.text());
    stage.press("esc esc");
    assert!(stage.model.queue.filter().is_empty() && stage.model.queue.total() == 39, "{}", stage.text());
    assert!(!stage.text().contains("match"));
}

#[test]
fn a_fault_is_said_in_its_place_and_is_never_in_force() {
    let mut stage = Stage::new();
    stage.press("f2 /").write("acme scor>80");
    let text = stage.text();
    let (prompt, fault) = (line_with(&text, "acme scor>80"), line_with(&text, "do you mean score>80?"));
    assert_eq!(prompt.find("scor>80"), fault.find('^'), "{text}");
    stage.press("enter");
    assert!(stage.model.prompt().is_some() && stage.model.queue.filter().is_empty());
    stage.press("esc");
    assert!(stage.model.overlays.is_empty() && stage.model.queue.total() == 39);
}

#[test]
fn names_of_fields_are_suggested_and_finished() {
    let mut stage = Stage::new();
    stage.press("f2 /").write("sl");
    assert!(stage.text().contains("sla<1h time left until it is late"), "{}", stage.text());
    stage.press("tab").write("2h").press("enter");
    assert_eq!(stage.model.queue.filter().to_string(), "sla<2h");
    stage.press("/").write("-sc").press("tab").write("5").press("enter");
    assert_eq!(stage.model.queue.filter().to_string(), "sla<2h -score>5", "the filter in force is there to be changed");
}

#[test]
fn it_holds_in_every_lane_whose_counts_say_what_matches() {
    let mut stage = filtered("src:web");
    let here = stage.model.queue.total();
    let counts = stage.model.queue.matches.data.clone().flatten().expect("counted");
    assert_eq!(counts.of(Lane::Disagree), here);
    let fast = counts.of(Lane::Fast);
    assert!(stage.text().contains(&format!(" Fast {fast} ")), "{}", stage.text());
    stage.press("f1");
    assert_eq!((stage.model.queue.total(), stage.model.queue.filter().to_string().as_str()), (fast, "src:web"));
    let mut stage = Stage::with(options(), company(noon(), 1_200), (80, 24));
    let all = stage.model.overview.data.as_ref().unwrap().lanes.of(Lane::Fast);
    stage.press("f2 /").write("src:web").press("enter");
    assert_eq!(stage.model.queue.matches.data, Some(None));
    assert!(stage.text().contains(&format!(" Fast {all} ")), "the total, where counting takes long: {}", stage.text());
}

#[test]
fn the_cursor_stays_on_a_lead_that_matches() {
    let mut stage = Stage::new();
    stage.press("f2 G up up");
    let (company, source) = (stage.selected(), stage.model.queue.selected().unwrap().source.clone().unwrap());
    stage.press("/").write(&format!("src:\"{source}\"")).press("enter");
    assert_eq!(stage.selected(), company);
    stage.press("esc");
    assert_eq!(stage.selected(), company);
    let other = if source.to_lowercase().contains("web") { "-src:web" } else { "src:web" };
    stage.press("/").write(other).press("enter");
    assert_eq!(stage.model.queue.position(), 0, "else the first is as good as any");
}

#[test]
fn what_arrives_under_a_filter_never_moves_the_cursor() {
    let mut stage = filtered("src:web");
    stage.press("down down");
    let (company, before) = (stage.selected(), stage.model.queue.total());
    let mut state = stage.fake.state();
    for n in 101..140 {
        let detail = crate::tui::fake::lead(n * 7 + 1, noon(), &state.roster);
        state.leads.insert(detail.record.lead.id.clone(), (9.0, detail));
    }
    drop(state);
    stage.send(Msg::Changed);
    assert!(stage.model.queue.total() > before, "some of them match");
    assert_eq!(stage.selected(), company);
    assert!(stage.model.queue.rows().iter().all(|row| row.source.as_deref().unwrap().to_lowercase().contains("web")));
}

#[test]
fn an_answer_for_another_filter_is_dropped() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.hold = true;
    stage.press("/").write("src:web").press("enter esc");
    assert_eq!(stage.model.queue.window.data, None, "nothing is shown under the wrong filter");
    let held = std::mem::take(&mut stage.held);
    let newest = held.iter().rposition(|e| matches!(e, Effect::LoadQueue(..))).unwrap();
    let old: Vec<Effect> = held.iter().take(newest).cloned().collect();
    stage.hold = false;
    stage.carry_out(old);
    assert_eq!(stage.model.queue.window.data, None);
    stage.carry_out(held[newest..].to_vec());
    assert_eq!(stage.model.queue.total(), 39);
}

#[test]
fn time_makes_leads_match_that_did_not() {
    let mut stage = filtered("age>20h");
    let before = stage.model.queue.total();
    stage.later(TimeDelta::hours(20));
    assert!(stage.model.queue.total() > before);
}

#[test]
fn pasted_text_is_typed_and_never_in_force_by_itself() {
    let mut stage = Stage::new();
    stage.press("f2 /").send(Msg::Paste("src:web\naaaa\u{1b}[31m".into()));
    assert_eq!(stage.model.prompt().unwrap().field.text(), "src:web");
    stage.send(Msg::Key { event: KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), hurried: true });
    assert!(stage.model.queue.filter().is_empty());
    stage.press("enter");
    assert_eq!(stage.model.queue.filter().to_string(), "src:web");
}

#[test]
fn hostile_text_in_a_filter_is_harmless() {
    let mut stage = Stage::new();
    stage.press("f2 /").send(Msg::Paste(format!("\u{202e}evil \u{200b}株式会社 {}", "x".repeat(10_000))));
    let text = stage.text();
    assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'), "{text}");
    assert!(text.lines().any(|line| line.ends_with("xxx")), "the end, with the cursor, is in sight: {text}");
    stage.press("enter");
    assert!(!stage.text().contains('\u{202e}'));
}

#[test]
fn pictures() {
    for (width, height) in [(80, 24), (120, 40)] {
        let size = format!("{width}x{height}");
        let mut stage = Stage::sized(width, height);
        assert_snapshot!(format!("filter_prompt_{size}"), stage.press("f2 /").picture());
        assert_snapshot!(format!("filter_fault_{size}"), stage.write("src:web scor>80 a").picture());
        stage.press("esc /").write("src:web -score<5").press("enter down");
        assert_snapshot!(format!("filter_{size}"), stage.picture());
        stage.press("/").write("zebra").press("enter");
        assert_snapshot!(format!("filter_nothing_{size}"), stage.picture());
    }
}

#[test]
fn what_is_wrong_with_a_filter_is_told_in_full_on_as_many_lines_as_it_needs() {
    for width in [80, 120] {
        let mut stage = Stage::sized(width, 24);
        stage.press("f2 /").write("zzz:1");
        let text = stage.text();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("there is no field \"zzz\"; there are src,"), "{text}");
        assert!(words.contains("text with a sign in it stands in quotes"), "{text}");
        // The rows begin below it, all of them in sight.
        let rows = stage.model.queue.visible().1.len();
        assert_eq!(text.lines().filter(|line| line.contains("  SLA  ")).count(), 1, "{text}");
        stage.press("esc");
        assert!(stage.model.queue.visible().1.len() > rows, "its lines are the list's again");
    }
}
