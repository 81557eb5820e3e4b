//! One picture for each state a user can name, with its styles.

use chrono::TimeDelta;
use crossterm::style::force_color_output;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::{TerminalOptions, Viewport};

use crate::domain::contact::{ContactOutcome, FirstContact};
use crate::domain::decision::WriteState;
use crate::domain::lead::LeadState;
use crate::tui::Options;
use crate::tui::fake::{State, company, told, troubled};
use crate::tui::msg::Msg;
use crate::tui::testing::{Stage, noon, options};
use crate::tui::theme::Palette;
use crate::tui::view;

#[test]
fn queue() {
    assert_snapshot!("queue_160x45", Stage::sized(160, 45).press("f2 down down").picture());
    assert_snapshot!("queue_60x15", Stage::sized(60, 15).press("f2").text());
}

#[test]
fn a_row_that_is_cut_says_so() {
    for keys in ["P", "F tab", "O"] {
        let text = Stage::with(options(), told(company(noon(), 60)), (60, 30)).press(keys).text();
        let row = text.lines().find(|line| line.starts_with("  webinar") || line.starts_with("  Ana Ruiz")).unwrap();
        assert!(row.ends_with('…'), "{keys}: {row}");
    }
}

#[test]
fn lead() {
    assert_snapshot!("lead_160x45", Stage::sized(160, 45).press("f2 enter").picture());
    assert_snapshot!("lead_60x15", Stage::sized(60, 15).press("f2 enter").text());
}

#[test]
fn lead_with_the_legacy_owner_far_down() {
    let mut state = company(noon(), 60);
    // Everybody eligible, so that the pool does not fit on the screen.
    for (_, detail) in state.leads.values_mut() {
        let ranking = detail.ranking.as_mut().unwrap();
        let mut reps = ranking.reps.clone();
        for n in 0..14 {
            let mut rep = ranking.reps[0].clone();
            rep.rep_id = crate::domain::ids::RepId::new(format!("005{:03}", 40 + n));
            rep.p_win -= 0.001 * f64::from(n);
            reps.insert(1, rep);
        }
        for (rank, rep) in (1..).zip(&mut reps) {
            rep.rank = rank;
        }
        ranking.reps = reps;
    }
    let mut stage = Stage::with(options(), state, (80, 24));
    assert_snapshot!("lead_long_pool_80x24", stage.press("f2 enter").text());
    assert_snapshot!("lead_long_pool_scrolled_80x24", stage.press("G").text());
}

#[test]
fn decided_lead() {
    let mut stage = Stage::with(options(), troubled(), (80, 24));
    stage.press("S enter");
    let id = stage.model.focus.id().cloned().unwrap();
    if let Some((_, detail)) = stage.fake.state().leads.get_mut(&id) {
        detail.decisions[0].write = WriteState::Superseded;
        detail.record.state = LeadState::Superseded;
    }
    assert!(stage.send(Msg::Changed).text().contains("not written: somebody was faster"));
}

#[test]
fn decided_lead_that_is_owed_a_first_contact() {
    for size in [(80, 24), (160, 45)] {
        let mut stage = Stage::with(options(), troubled(), size);
        stage.press("S enter");
        let id = stage.model.focus.id().cloned().unwrap();
        for (outcome, words) in [
            (None, "owes it a first contact until 12:40"),
            (Some(ContactOutcome::InTime), "first contact at 12:10, in time"),
            (Some(ContactOutcome::Late), "first contact at 12:10, due at 12:40"),
            (Some(ContactOutcome::Missed), "made no contact in time, due at 12:40"),
        ] {
            if let Some((_, detail)) = stage.fake.state().leads.get_mut(&id) {
                let (decision, rep) =
                    (detail.decisions[0].trace_id, detail.ranking.as_ref().unwrap().reps[0].rep_id.clone());
                let at = |minutes| noon() + TimeDelta::minutes(minutes);
                let contacted_at = outcome.filter(|outcome| *outcome != ContactOutcome::Missed).map(|_| at(10));
                detail.contacts = vec![FirstContact { decision, rep, due_at: at(40), outcome, contacted_at }];
            }
            let text = stage.send(Msg::Changed).text();
            assert!(text.contains(words), "{text}");
        }
    }
}

#[test]
fn sync() {
    assert_snapshot!("sync_160x45", Stage::with(options(), troubled(), (160, 45)).press("S").picture());
}

#[test]
fn model() {
    assert_snapshot!("model_160x45", Stage::sized(160, 45).press("M").picture());
}

#[test]
fn overlays() {
    assert_snapshot!("help_160x45", Stage::sized(160, 45).press("?").text());
}

#[test]
fn after_a_verdict_the_status_says_what_happened() {
    let mut stage = Stage::new();
    stage.press("f2 a");
    assert!(stage.text().contains("u takes it back for 10 s. "), "{}", stage.text());
    stage.model.now += TimeDelta::seconds(4);
    assert!(stage.text().contains("u takes it back for 6 s. "), "{}", stage.text());
    stage.model.now += TimeDelta::seconds(6);
    assert!(stage.text().contains("It is being written."), "{}", stage.text());
    stage.later(TimeDelta::seconds(1));
    assert!(!stage.text().contains("being written"), "it is written: {}", stage.text());
}

#[test]
fn empty_lanes_say_what_will_fill_them() {
    let mut stage = Stage::with(options(), company(noon(), 0), (80, 24));
    for (key, words) in [
        ("f1", "the same rep"),
        ("f2", "another rep"),
        ("f3", "likely enough"),
        ("f4", "Key accounts"),
        ("f5", "short clock"),
        ("f6", "gave back"),
        ("f7", "technical reason"),
    ] {
        assert!(stage.press(key).text().contains(words), "{key}: {}", stage.text());
    }
}

#[test]
fn loading_and_failing() {
    let broken = State { fault: Some("the database is locked".into()), ..company(noon(), 60) };
    let mut stage = Stage::with(options(), broken, (80, 24));
    assert!(stage.press("M").text().contains("The models could not be read."));
    assert!(stage.press("S").text().contains("the database is locked"));

    let mut stage = Stage::new();
    stage.press("f2");
    stage.fake.state().fault = Some("the database is locked".into());
    stage.send(Msg::Changed);
    let text = stage.text();
    assert!(text.contains("What is shown is old: the database is locked"), "{text}");
    assert!(text.contains("legacy         p") && text.contains("1 of 39"), "the old rows stay: {text}");
}

#[test]
fn anything_lost_is_shouted() {
    let state = State { lost: 3, ..company(noon(), 60) };
    let picture = Stage::with(options(), state, (80, 24)).picture();
    assert!(picture.contains("LOST 3"), "{picture}");
    assert!(picture.contains("red+bold+reversed"), "{picture}");
}

#[test]
fn read_only_is_visible() {
    let options = Options { read_only: true, ..options() };
    assert!(Stage::with(options, company(noon(), 60), (80, 24)).text().contains("READ-ONLY"));
}

#[test]
fn ascii_mode_draws_ascii_only() {
    let hostile = |state: &mut State| {
        for (_, detail) in state.leads.values_mut() {
            detail.record.lead.company = "株式会社アクメ Ünïcode".into();
        }
    };
    for keys in [
        "f2",
        "f2 enter",
        "S",
        "M",
        "f2 3",
        "f2 o",
        "?",
        "q",
        "f2 / x enter",
        "V s",
        "f2 * A",
        ":",
        "P",
        "L",
        "O",
        "T",
        "K",
        "X",
        "X tab enter",
        "f2 x",
        "f2 W",
    ] {
        let mut state = company(noon(), 60);
        hostile(&mut state);
        for size in [(80, 24), (160, 45)] {
            let ascii = Options { ascii: true, ..options() };
            let text = Stage::with(ascii, std::mem::take(&mut state), size).press(keys).text();
            assert!(text.is_ascii(), "{keys} at {size:?}: {text}");
            state = company(noon(), 60);
        }
    }
    let ascii = Options { ascii: true, ..options() };
    assert_snapshot!("lead_ascii_160x45", Stage::with(ascii, company(noon(), 60), (160, 45)).press("f2 enter").text());
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let names = [
        "\u{1b}]52;c;aGVsbG8=\u{7}\u{1b}[2J Evil Corp",
        "株式会社アクメ商事ホールディングス",
        "evil\u{202e}gpj.exe Ltd",
        "Zalgo\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} GmbH",
        "👩‍👩‍👧‍👦 Family Office",
        "شركة النور للتجارة",
        "line\r\nbreak\ttab",
        "\u{e0041}\u{200b}\u{feff}",
    ];
    let mut state = company(noon(), 60);
    let long = "x".repeat(10_000);
    let all = names.into_iter().chain([long.as_str()]).cycle();
    for ((_, detail), name) in state.leads.values_mut().zip(all) {
        detail.record.lead.company = name.into();
        detail.record.lead.facts.source = Some(name.into());
        for owner in detail.names.values_mut() {
            owner.insert_str(0, name.get(..8).unwrap_or(""));
        }
    }
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("f2");
    assert_snapshot!("hostile_80x24", stage.text());
    for _ in 0..12 {
        stage.press("enter");
        let bytes = bytes(&stage);
        let body = String::from_utf8_lossy(&bytes);
        assert!(!body.contains("\u{1b}]") && !body.contains('\u{7}'), "an escape sequence got through");
        assert!(
            !body.chars().any(|c| matches!(c, '\u{202e}' | '\u{200b}' | '\u{e0041}')),
            "invisible text got through"
        );
        stage.press("esc down");
    }
}

/// What a terminal would be sent.
fn bytes(stage: &Stage) -> Vec<u8> {
    let (width, height) = stage.model.size;
    let mut out = Vec::new();
    let area = Rect::new(0, 0, width, height);
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut out), options).unwrap();
    terminal.draw(|frame| drop(view::draw(frame, &stage.model))).unwrap();
    drop(terminal);
    out
}

#[test]
fn without_colour_weight_and_reverse_video_remain() {
    let mut stage = Stage::new();
    stage.press("f2");
    // What NO_COLOR does inside crossterm, which reads it once for the whole process.
    force_color_output(false);
    let out = String::from_utf8_lossy(&bytes(&stage)).into_owned();
    force_color_output(true);
    let colours = ["\u{1b}[38;", "\u{1b}[48;", "\u{1b}[3", "\u{1b}[9"];
    assert!(!colours[..2].iter().any(|c| out.contains(c)), "colour was sent");
    assert!(out.contains("\u{1b}[7m") && out.contains("\u{1b}[1m"), "the cursor cannot be seen");
    assert!(String::from_utf8_lossy(&bytes(&stage)).contains("\u{1b}[38;"), "with colour there is colour");
}

#[test]
fn a_theme_reaches_every_corner() {
    for palette in [Palette::Dark, Palette::Light, Palette::HighContrast, Palette::ColourBlind] {
        for keys in ["f2", "f2 enter", "f2 o", "S", "M", "?", "P", "L", "O", "K", "F"] {
            let painted = Options { palette, ..options() };
            let buffer = Stage::with(painted, troubled(), (80, 24)).press(keys).buffer();
            let holes = buffer.content.iter().filter(|cell| cell.bg == Color::Reset || cell.fg == Color::Reset).count();
            assert_eq!(holes, 0, "{palette:?} {keys}");
        }
    }
    let mono = Options { palette: Palette::Mono, ..options() };
    let mut stage = Stage::with(mono, company(noon(), 60), (80, 24));
    assert!(stage.press("f2").buffer().content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
    assert_snapshot!("queue_mono_80x24", stage.picture());
    assert_snapshot!("lead_mono_80x24", stage.press("enter").picture());
}

#[test]
fn too_small_says_so_and_only_leaving_works() {
    let mut stage = Stage::sized(59, 24);
    assert_snapshot!("too_small_59x24", stage.text());
    stage.press("a k o ?");
    assert!(stage.fake.state().requests.is_empty() && stage.model.overlays.is_empty());
    stage.send(Msg::Resized(80, 24));
    assert!(stage.text().contains("legacy         p"));
    stage.send(Msg::Resized(20, 5)).press("q");
    assert!(stage.model.exit);
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    let mut stages: Vec<Stage> = [
        "f2",
        "f2 enter",
        "S",
        "M",
        "f2 3",
        "f2 o",
        "f2 k o",
        "?",
        "? / a",
        "q",
        "f2 r",
        "f2 /",
        "f2 / x",
        "f2 / : enter",
        "V",
        "V s",
        "f2 * A",
        ":",
        "P s",
        "L tab",
        "O",
        "F",
        "K x",
        "T A c m e enter",
        "X",
        "X tab",
        "X tab enter",
        "X d",
        "f2 x",
        "f2 W s enter",
        "f2 W s o u r c e = x enter",
    ]
    .map(|keys| {
        let mut stage = Stage::with(options(), told(troubled()), (120, 40));
        stage.press(keys);
        stage
    })
    .into();
    for stage in &mut stages {
        for width in [0, 1, 2, 10, 59, 60, 61, 67, 68, 75, 76, 80, 90, 119, 120, 121, 160, 200] {
            for height in [0, 1, 2, 5, 14, 15, 16, 18, 20, 24, 26, 30, 45, 60] {
                stage.send(Msg::Resized(width, height));
                let _ = stage.buffer();
            }
        }
    }
}
