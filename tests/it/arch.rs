//! The direction rules of ARCHITECTURE.md, read off the source text. Each rule is phrased as an absence.

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms each room may name. A room that is not here is a mistake of this table.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("model", &["domain"]),
    ("history", &["domain"]),
    ("app", &["domain", "policy", "model"]),
    ("config", &[]),
    ("store", &["domain", "app"]),
    ("crm", &["domain", "app", "config"]),
    ("demo_org", &["domain", "app"]),
    ("tui", &["domain", "app"]),
    ("worker", &["domain", "policy", "model", "app"]),
    ("telemetry", &["config"]),
    // Hostile input for the tests of every room.
    ("testing", &[]),
    ("bootstrap", &["domain", "policy", "model", "app", "config", "store", "crm", "tui", "worker"]),
    ("demo", &["domain", "policy", "model", "history", "app", "config", "demo_org", "worker", "bootstrap"]),
    ("torture", &["domain", "policy", "model", "app", "config", "demo_org", "worker", "bootstrap", "demo"]),
    (
        "cli",
        &[
            "domain",
            "policy",
            "model",
            "history",
            "app",
            "config",
            "demo_org",
            "tui",
            "worker",
            "telemetry",
            "bootstrap",
            "demo",
            "torture",
        ],
    ),
];

/// Words that may stand only in these rooms, because what they name belongs there.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("sqlx::", &["store"]),
    ("reqwest::", &["crm", "demo"]),
    ("axum::", &["demo_org"]),
    ("tonic::", &["crm", "demo_org"]),
    ("prost::", &["crm", "demo_org"]),
    ("apache_avro::", &["crm", "demo_org"]),
    ("ratatui::", &["tui"]),
    ("crossterm::", &["tui"]),
    ("hessboost::", &["model"]),
    ("clap::", &["cli"]),
    ("std::env::", &["config"]),
    ("Utc::now", &["bootstrap"]),
    ("tracing::", &["worker", "store", "crm", "demo_org", "tui", "bootstrap", "demo", "cli", "telemetry"]),
    (
        "std::fs",
        &["history", "config", "store", "crm", "demo_org", "tui", "worker", "bootstrap", "demo", "torture", "cli"],
    ),
    ("tokio::spawn", &["demo_org", "tui", "worker", "bootstrap", "demo", "torture", "cli"]),
];

struct Source {
    path: PathBuf,
    room: String,
    /// Code without comments and without test modules kept in the same file.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(&root).unwrap();
            let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let room = first.trim_end_matches(".rs").to_owned();
            let test = path.file_stem().is_some_and(|s| s == "tests")
                || relative.components().any(|c| c.as_os_str() == "tests");
            (room != "lib" && room != "main" && !test).then(|| Source {
                code: without_comments(text.split("#[cfg(test)]\nmod tests {").next().unwrap()),
                lines: text.lines().count(),
                room,
                path,
            })
        })
        .collect()
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn without_comments(text: &str) -> String {
    text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The rooms a file names by `crate::room`, and by `super::` in the first file of a room.
fn rooms_named(code: &str) -> Vec<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let allowed = MAY_USE
            .iter()
            .find(|(room, _)| *room == source.room)
            .unwrap_or_else(|| panic!("room {} is not in the table of this test", source.room))
            .1;
        for named in rooms_named(&source.code) {
            if named != source.room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{} uses crate::{named}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md forbids:\n{}", wrong.join("\n"));
}

#[test]
fn outside_things_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (word, rooms) in ONLY_IN {
            if source.code.contains(word) && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{} says {word}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md forbids:\n{}", wrong.join("\n"));
}

#[test]
fn views_and_updates_never_wait_and_never_read_a_clock() {
    let mut wrong = Vec::new();
    for source in sources().into_iter().filter(|s| s.room == "tui") {
        let name = source.path.file_name().unwrap().to_string_lossy().into_owned();
        if !["view.rs", "update.rs", "model.rs"].contains(&name.as_str()) {
            continue;
        }
        for word in [".await", "async ", "spawn(", "Clock", "Instant::now", "std::fs"] {
            if source.code.contains(word) {
                wrong.push(format!("{} says {word}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md forbids:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    for source in sources() {
        for word in ["println!", "eprintln!", "print!(", "stdout()", "stderr()"] {
            let allowed = source.room == "cli" || source.path.ends_with("tui/term.rs");
            assert!(allowed || !source.code.contains(word), "{} says {word}", source.path.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|s| s.lines > 800)
        .map(|s| format!("{} has {} lines", s.path.display(), s.lines))
        .collect();
    assert!(long.is_empty(), "look again at:\n{}", long.join("\n"));
}

#[test]
fn no_test_is_forgotten() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(dir.join("main.rs")).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "rs") && name != "main" {
            assert!(main.contains(&format!("mod {name};")), "tests/it/main.rs does not name {name}");
        }
    }
}
