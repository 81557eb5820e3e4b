//! A manager's first minutes with the real binary in a real terminal: the demo, a verdict, its undo, the written
//! decision, and the terminal afterwards.
#![cfg(unix)]

use crate::terminal::Screen;

/// One journey rather than many tests, because the company that the first start makes is what the second goes on with.
#[test]
fn a_manager_judges_undoes_quits_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").display().to_string();
    // No lead arrives after the first batch, so that every number on the screen is known.
    let args = ["demo", "--every", "3600", "--data-dir", &data];

    let mut first = Screen::start(&args, home.path(), 80, 24);
    first.until("the greeting", |s| s.contains("Any key begins"));
    first.press(" ");
    first.until("all first leads ranked", |s| {
        s.contains("received 24 = decided 0 + in queue 24 + pending 0 + superseded 0  lost 0")
    });
    let under_cursor = |s: &str| s.lines().find(|line| line.starts_with('▸')).map(str::to_owned);
    let before = under_cursor(&first.picture());
    first.press("\t");
    first.until("a lead of the next lane", |s| under_cursor(s).is_some_and(|row| Some(row) != before));
    first.press("a");
    first.until("the verdict", |s| s.contains("decided 1 + in queue 23"));
    first.press("u");
    first.until("the verdict taken back", |s| s.contains("decided 0 + in queue 24"));
    first.press("a");
    first.until("the verdict again", |s| s.contains("decided 1 + in queue 23"));

    for (cols, rows) in [(1, 1), (200, 60), (40, 3), (80, 24)] {
        first.resize(cols, rows);
    }
    first.until("the queue at its old size", |s| s.contains("decided 1 + in queue 23"));
    first.press("S");
    first.until("the verdict written, after the grace period", |s| s.contains("1 written"));
    first.press("q");
    first.until("the question", |s| s.contains("Quit leadboard?"));
    first.press("y");
    assert!(first.end().success(), "{}", first.picture());

    let mut second = Screen::start(&args, home.path(), 80, 24);
    second.until("the store as it was left", |s| s.contains("decided 1 + in queue 23"));
    second.signal("TERM");
    second.end();
}

#[test]
fn without_anything_set_up_it_says_what_to_do_and_leaves_the_terminal_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Screen::start(&[], home.path(), 80, 24);
    assert_eq!(terminal.end().exit_code(), 2);
    assert!(terminal.picture().contains("leadboard demo"), "{}", terminal.picture());
}
