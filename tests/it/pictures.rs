//! The pictures in `assets/pictures`: the real program on the company that `leadboard demo` makes up, as SVG, so that they
//! are small, sharp at any size, and their text can be found.
//!
//! `cargo test --release --test it pictures -- --ignored` makes them anew.
#![cfg(unix)]

mod svg;

use std::fs;
use std::path::PathBuf;

use crate::cli::support::Home;
use crate::terminal::Screen;

/// Columns and rows: what fits beside the text of a page, and shows the why-panel.
const SIZE: (u16, u16) = (132, 36);
/// Rows of the page about the model, which has its curves below its gates.
const TALL: u16 = 68;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/pictures"))
}

/// A picture: its name, the keys that lead there from the queue, what must be on it, and what it shows, in words.
struct Picture(&'static str, &'static [&'static str], &'static str, &'static str);

const PICTURES: [Picture; 8] = [
    Picture("queue", &[], "p_win", "The queue: leads of a lane, and why the one under the cursor goes to whom"),
    Picture("lead", &["\r"], "similar", "A lead: every eligible rep by chance, the legacy owner at its true rank"),
    Picture("explain", &["\r", "x"], "Why they differ", "Why the model and the legacy rules differ on a lead"),
    Picture("disagreements", &["X"], "wins", "Legacy owners by the model's owners, with what is at stake"),
    Picture("reps", &["P"], "share", "The team: room, absences, shares, chances, calls"),
    Picture(
        "model",
        &["M"],
        "lost deals taken for won",
        "May the model be trusted? Gates, ROC curve, reliability diagram",
    ),
    Picture("sync", &["S"], "Outbox", "The worker's loops and the outbox"),
    Picture("help", &["?"], "Give a verdict", "Every key, from the live keymap"),
];

#[test]
#[ignore = "makes the pictures anew; a minute, with a model trained on the way"]
fn the_pictures_are_made_anew() {
    let home = Home::new();
    let data = home.data().display().to_string();
    let (cols, rows) = SIZE;
    let mut screen = Screen::start(&["demo", "--data-dir", &data], &home.path(""), cols, rows);
    screen.until("the greeting", |p| p.contains("Any key begins"));
    screen.press("\x1b");
    screen.until("leads in the lanes", |p| p.contains("Disagree 1") || p.contains("Disagree 2"));
    screen.press("\x1b2");
    fs::create_dir_all(folder()).unwrap();
    for Picture(name, keys, shows, title) in PICTURES {
        screen.resize(cols, if name == "model" { TALL } else { rows });
        for key in keys {
            screen.press(key);
            screen.rest();
        }
        screen.until(name, |p| p.contains(shows));
        screen.rest();
        fs::write(folder().join(format!("{name}.svg")), svg::of(screen.terminal(), title)).unwrap();
        for _ in keys {
            screen.press("\x1b");
            screen.rest();
        }
    }
    screen.press("\x03");
    assert!(screen.end().success());
}

#[test]
fn every_picture_is_there_and_shown() {
    let pages = ["README.md", "docs/TERMINAL.md"]
        .map(|page| fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap());
    let mut files: Vec<String> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut wanted = PICTURES.map(|Picture(name, ..)| format!("{name}.svg")).to_vec();
    wanted.sort();
    assert_eq!(files, wanted);
    for Picture(name, _, shows, _) in PICTURES {
        let picture = fs::read_to_string(folder().join(format!("{name}.svg"))).unwrap();
        assert!(picture.contains(shows), "{name} does not show {shows:?}");
        let link = format!("pictures/{name}.svg)");
        assert!(pages.iter().any(|page| page.contains(&link)), "no page shows {name}");
    }
}
