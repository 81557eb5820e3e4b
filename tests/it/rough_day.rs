//! A rough day at the terminal, with the real program in a real one: signals, job control, sizes that storm, pasted texts,
//! leads with hostile names, a database or a worker that goes away.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use leadboard::app::health::{LoopHealth, LoopState, WorkerHealth};
use leadboard::app::ports::{Clock as _, LeadStore as _, QueryStore as _};
use leadboard::bootstrap::SystemClock;
use leadboard::domain::ids::OrgId;
use leadboard::domain::lane::Lane;
use leadboard::store::{PostgresStore, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use crate::chaos::database_behind;
use crate::chaos::proxy::Mood;
use crate::cli::support::Home;
use crate::queue::{fill, office, states, steps};
use crate::store_fixtures::*;
use crate::terminal::Screen;

/// F2: the lane with the forty leads.
const DISAGREE: &str = "\x1bOQ";
/// The pause of a hand between keys.
const HAND: Duration = Duration::from_millis(120);

/// A dashboard with the queue on it.
fn at_work(home: &Home) -> Screen {
    at_a_desk(home, 80, 24)
}

fn at_a_desk(home: &Home, cols: u16, rows: u16) -> Screen {
    let mut screen = Screen::open(home, cols, rows);
    screen.begin("1 of 40", DISAGREE);
    screen
}

fn is_ours(screen: &vt100::Screen) -> bool {
    let mouse = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease;
    screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste() && mouse
}

fn is_given_back(screen: &vt100::Screen) -> bool {
    let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
    !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && !mouse
}

/// The picture without its first line, where the clock is.
fn below_the_clock(picture: &str) -> Vec<&str> {
    picture.lines().skip(1).map(str::trim_end).collect()
}

#[test]
fn whatever_signal_ends_it_the_terminal_is_as_before_and_the_next_session_goes_on() {
    let home = office();
    for (signal, decided) in [("HUP", 1), ("INT", 2), ("TERM", 3)] {
        let mut screen = Screen::open(&home, 80, 24);
        if decided == 1 {
            screen.begin("1 of 40", DISAGREE);
        } else {
            screen.until("the work of before", |p| p.contains(&format!("decided {} +", decided - 1)));
            steps(&mut screen, &[(DISAGREE, "1 of ")]);
        }
        assert!(is_ours(screen.terminal()));
        steps(&mut screen, &[("a", &format!("decided {decided} +"))]);
        screen.signal(signal);
        assert!(screen.end().success(), "{signal}: {}", screen.picture());
        assert_eq!(states(&home, "decided"), decided, "{signal}");
    }
}

#[test]
fn a_shell_stops_it_and_goes_on_with_it() {
    let home = office();
    let config = home.file(
        "screen.toml",
        "manager = \"Ana\"\n[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n",
    );
    let mut shell = Screen::start_program("/bin/sh", &["-i"], &home.path(""), 80, 24);
    let start = format!(
        "{} --no-worker --data-dir {} --config {}\r",
        env!("CARGO_BIN_EXE_leadboard"),
        home.data().display(),
        config.display()
    );
    shell.press("echo shell-$((40+2))\r");
    shell.until("a shell", |p| p.contains("shell-42"));
    shell.press(&start);
    shell.begin("1 of 40", DISAGREE);

    std::thread::sleep(HAND);
    shell.press("\x1a");
    shell.until_terminal("the shell's terminal", is_given_back);
    // Until the shell has noticed, what is typed is read by nobody it was meant for.
    let prompt = |p: &str| p.trim_end().ends_with(['#', '$']);
    shell.until("the shell's prompt", |p| p.contains("Stopped") && prompt(p));
    shell.press("echo stopped-$((40+3))\r");
    shell.until("the shell at work", |p| p.contains("stopped-43") && p.contains("echo stopped-"));
    // Meanwhile somebody decides, and the window is another one.
    home.run("lead approve lead-07").ended(0);
    shell.resize(100, 30);

    shell.press("fg\r");
    shell.until_terminal("the dashboard again", is_ours);
    let picture = shell.until("what happened meanwhile", |p| p.contains("1 of 39") && p.contains("decided 1 +"));
    assert!(picture.lines().any(|line| line.chars().count() > 80), "drawn for the new size:\n{picture}");
    steps(&mut shell, &[("q", "Quit leadboard?")]);
    std::thread::sleep(HAND);
    shell.press("y");
    shell.until_terminal("the shell's terminal", is_given_back);
    shell.until("the shell's prompt", prompt);
    shell.press("echo ended-$((40+4))\r");
    shell.until("the shell after the end", |p| p.contains("ended-44"));
    shell.press("exit\r");
    shell.end();
}

#[test]
fn stopped_by_others_it_gives_the_terminal_back_and_can_be_ended() {
    let home = office();
    let mut screen = at_work(&home);
    let before = screen.rest();
    screen.signal("TSTP");
    screen.until_terminal("the shell's terminal", is_given_back);
    screen.until_stopped();
    screen.signal("CONT");
    screen.until_terminal("the dashboard again", is_ours);
    screen.until("the same picture", |p| below_the_clock(p) == below_the_clock(&before));
    screen.signal("TSTP");
    screen.until_terminal("the shell's terminal", is_given_back);
    screen.until_stopped();
    screen.signal("TERM");
    screen.signal("CONT");
    assert!(screen.end().success());
}

#[test]
fn a_storm_of_sizes_does_no_harm_on_any_screen() {
    let home = office();
    let mut screen = at_work(&home);
    let screens = [
        ("", "1 of 40"),
        ("\r", "pool 2 of 2"),
        ("?", "Keys"),
        ("\x1b", "pool 2 of 2"),
        ("S", "Nothing was to be written yet"),
        ("M", "There is no model yet."),
        (":", "What do you want to do?"),
    ];
    for (n, (key, seen)) in screens.into_iter().enumerate() {
        std::thread::sleep(HAND);
        screen.press(key);
        screen.until(&format!("{seen:?} after {key:?}"), |p| p.contains(seen));
        let before = screen.rest();
        screen.resize(1, 1);
        for step in 0..60_u16 {
            let step = step + 60 * n as u16;
            screen.resize(1 + step * 37 % 211, 1 + step * 23 % 67);
        }
        for (cols, rows) in [(1, 1), (2, 1), (1, 200), (300, 1), (59, 15), (60, 14)] {
            screen.resize(cols, rows);
        }
        screen.until("that it is too small", |p| p.contains("needs 60x15"));
        screen.resize(80, 24);
        screen.until("the picture of before", |p| below_the_clock(p) == below_the_clock(&before));
        assert!(screen.terminal().alternate_screen() && screen.terminal().bracketed_paste());
    }
    screen.signal("TERM");
    assert!(screen.end().success());
    assert_eq!(states(&home, "decided"), 0);
}

#[test]
fn ten_thousand_pasted_characters_decide_nothing() {
    let home = office();
    let mut screen = at_work(&home);
    let pasted: String = "aA*\ry1uUx\t/q".chars().cycle().take(10_000).collect();
    let paste = format!("\x1b[200~{pasted}\x1b[201~");
    for (key, seen) in [("", "1 of 40"), ("\r", "lead-00")] {
        std::thread::sleep(HAND);
        screen.press(key);
        screen.until(seen, |p| p.contains(seen));
        screen.press(&paste);
        screen.until("that it is ignored", |p| p.contains("Pasted text is ignored here"));
    }
    steps(&mut screen, &[("\x1b", "1 of 40"), ("q", "Quit leadboard?")]);
    screen.press(&paste);
    // Neither does what a terminal sends that knows no brackets. (No more than is read at once: what is left in the
    // terminal's own buffer is heard with the next key.)
    screen.press(pasted.get(..1_000).unwrap());
    assert_eq!(states(&home, "decided"), 0);
    // It still hears what is typed after that.
    for _ in 0..8 {
        std::thread::sleep(HAND);
        screen.press("\x1b");
    }
    screen.until("the queue", |p| p.contains("1 of 40") || p.contains("marked"));
    steps(&mut screen, &[("?", "Keys")]);
    assert!(is_ours(screen.terminal()));
    assert_eq!(states(&home, "decided"), 0);
    screen.signal("TERM");
    assert!(screen.end().success());
    assert_eq!((states(&home, "decided"), states(&home, "in_lane")), (0, 40));
}

/// What the people who fill in forms may call their company: each with a part that can be read, and must be.
fn names() -> Vec<(String, &'static str)> {
    let long = format!("Long{}", "A".repeat(10_000));
    let stacked = format!("Zalgo e{}", "\u{301}".repeat(2_000));
    [
        ("Title\x1b]0;owned\x07Corp", "Title"),
        ("Clear\x1b[2J\x1b[H\x1b[31mRed", "Clear"),
        ("Leave\x1b[?1049l\x1b[?25h\x1b[?2004lgone", "Leave"),
        ("Device\x1bP1;1|41\x1b\\\x1b[6n\x1b[c", "Device"),
        ("C1\u{9b}31m\u{9d}0;x\u{9c}", "C1"),
        ("Bidi\u{202e}moc.live\u{2066}x\u{2069}", "Bidi"),
        ("Zero\u{200b}\u{feff}\u{2060}width", "Zerowidth"),
        ("Lines\r\n\tand\u{2028}tabs", "Lines"),
        ("Bell\x07\x08\x08\x7f\0null", "Bell"),
        ("👩‍👩‍👧‍👦 Family 🇩🇪 GmbH", "Family"),
        ("株式会社日立製作所ソフトウェア事業本部東京支店", "株式会社"),
        ("شركة الاتصالات السعودية", "شركة"),
        ("ﷺ﷽ Ligature", "Ligature"),
        (long.as_str(), "LongAAAA"),
        (stacked.as_str(), "Zalgo e"),
        ("=cmd|' /C calc'!A0", "=cmd"),
    ]
    .map(|(name, seen)| (name.to_owned(), seen))
    .into()
}

fn hostile_office() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        store.bind_org(&OrgId::new("00D1")).await.unwrap();
        let mut people = roster();
        people.reps[0].name = format!("Bea\x1b[2J\u{202e}{}", "B".repeat(500));
        store.save_roster(&people, at(0)).await.unwrap();
        for (n, (name, _)) in names().into_iter().enumerate() {
            let lead_id = format!("lead-{n:02}");
            let mut lead = raw(&lead_id, 0, rep("legacy"));
            lead.lead.contact = Some(name.clone());
            lead.lead.facts.source = Some(name.clone());
            lead.lead.facts.territory = Some(name.clone());
            lead.lead.facts.industry = Some(name.clone());
            lead.lead.form.text = Some(name.clone());
            lead.lead.company = name;
            take_in(&store, vec![receive(lead)], 0).await;
            let ranked = ranked(&lead_id, 0, Lane::Disagree, 1.0 - n as f64 / 100.0, 1);
            store.save_rankings(vec![ranked]).await.unwrap();
        }
        store.close().await;
    });
    home
}

/// Nothing that the terminal would obey, and nothing that changes how other text is shown, was written.
#[track_caller]
fn is_harmless(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8 alone");
    for forbidden in ["\x1b]", "\x1bP", "\x1b[6n", "\x1b[c", "\x07", "\x08", "\x7f", "\0", "\t"] {
        assert!(!text.contains(forbidden), "{forbidden:?} was written");
    }
    let shown = |c: char| !matches!(c, '\u{80}'..='\u{9f}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    assert!(text.chars().all(shown), "{:?} was written", text.chars().find(|c| !shown(*c)));
    // Once each, at the start; what a name says of these would have to come through the escape sequences.
    for mode in ["\x1b[?1049h", "\x1b[?2004h", "\x1b[?1000h"] {
        assert_eq!(text.matches(mode).count(), 1, "{mode:?}");
    }
    for mode in ["\x1b[?1049l", "\x1b[?2004l", "\x1b[?1000l"] {
        assert_eq!(text.matches(mode).count(), 0, "{mode:?}");
    }
}

#[test]
fn hostile_names_are_shown_and_harm_neither_terminal_nor_picture() {
    let home = hostile_office();
    let names = names();
    let mut screen = Screen::open(&home, 100, 30);
    screen.begin(&format!("1 of {}", names.len()), DISAGREE);
    let picture = screen.until("all names", |p| names.iter().all(|(_, seen)| p.contains(seen)));
    // Whatever a name does, what follows it stands in its column.
    for row in 4..4 + names.len() as u16 {
        assert_eq!(column_of(screen.terminal(), row, "25.0"), Some(96), "row {row} of\n{picture}");
    }
    screen.is_clean();
    for (n, (_, seen)) in names.iter().enumerate() {
        steps(&mut screen, &[("\r", &format!("lead-{n:02}"))]);
        screen.until("the lead", |p| p.contains(seen));
        assert!(is_ours(screen.terminal()));
        screen.is_clean();
        steps(&mut screen, &[("\x1b", "Disagree 16")]);
        if n + 1 < names.len() {
            steps(&mut screen, &[("\x1b[B", &format!("{} of {}", n + 2, names.len()))]);
        }
    }
    screen.is_clean();
    is_harmless(&screen.bytes);
    screen.signal("TERM");
    assert!(screen.end().success());
}

fn column_of(screen: &vt100::Screen, row: u16, text: &str) -> Option<u16> {
    let cols = screen.size().1.get();
    (0..cols).find(|col| screen.contents_between(row, *col, row, cols).starts_with(text))
}

#[test]
fn a_database_that_another_keeps_locked_refuses_a_verdict_in_words_and_takes_it_later() {
    let home = office();
    let mut screen = at_a_desk(&home, 160, 60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut other = SqliteConnectOptions::new().filename(home.data().join("leadboard.db")).connect().await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        std::thread::sleep(HAND);
        screen.press("a");
        // It waits for the lock, and goes on being used meanwhile.
        steps(&mut screen, &[("?", "open the lead"), ("\x1b", "▸ Company lead-01")]);
        let why = "the verdict was not stored: the database failed: another process has kept the database locked";
        screen.until("why it was not stored", |p| p.contains(why));
        other.execute("ROLLBACK").await.unwrap();
    });
    assert_eq!(states(&home, "decided"), 0);
    let back = "the lead, above the one that is judged by now";
    screen.press_until("\x1b[A", back, |p| p.contains("▸ Company lead-00"));
    steps(&mut screen, &[("a", "decided 1 +")]);
    assert_eq!(states(&home, "decided"), 1);
    screen.signal("TERM");
    assert!(screen.end().success());
}

#[test]
fn a_database_file_that_goes_away_is_seen_and_nothing_is_decided_into_nowhere() {
    let home = office();
    let mut screen = at_a_desk(&home, 160, 60);
    let (here, away) = (home.data(), home.path("away"));
    std::fs::rename(&here, &away).unwrap();
    let gone = "the database file cannot be opened; check that the data directory exists";
    screen.until("that it is gone", |p| p.contains("What is shown is old") && p.contains(gone));
    std::thread::sleep(HAND);
    screen.press("a");
    screen.until("that nothing is stored", |p| p.contains("the verdict was not stored"));
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(states(&home, "decided"), 0);
    let back = "the lead, above the one that is judged by now";
    screen.press_until("\x1b[A", back, |p| p.contains("▸ Company lead-00"));
    steps(&mut screen, &[("a", "decided 1 +")]);
    assert_eq!(states(&home, "decided"), 1);
    screen.signal("TERM");
    assert!(screen.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_goes_away_is_seen_and_so_is_its_return() {
    let Some((database, proxy, url)) = database_behind().await else { return };
    let store = PostgresStore::open(&database.url).await.unwrap();
    fill(&store).await;
    let home = Home::new();
    let config = home.file(
        "screen.toml",
        format!("manager = \"Ana\"\ndatabase_url = \"{url}\"\n[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n"),
    );
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    let there = tokio::task::spawn_blocking(move || {
        let args = ["--no-worker", "--data-dir", "data", "--config", config.to_str().unwrap()];
        let mut screen = Screen::start(&args, &home.path(""), 160, 45);
        screen.begin("1 of 40", DISAGREE);
        proxy.set(Mood::Down);
        screen.until("that it is gone", |p| p.contains("What is shown is old"));
        proxy.set(Mood::Fine);
        screen.until("that it is back", |p| p.contains("1 of 40") && !p.contains("What is shown is old"));
        steps(&mut screen, &[("a", "decided 1 +")]);
        screen.signal("TERM");
        assert!(screen.end().success());
        home
    });
    drop(there.await.unwrap());
    assert_eq!(store.conservation().await.unwrap().decided, 1);
}

fn health_file(data: &Path, beat: TimeDelta, state: LoopState) {
    let one = LoopHealth { name: "new leads".into(), state, last_ok: None, last_error: None, backlog: 0 };
    let beat_at = Some(SystemClock.now() - beat);
    let health = WorkerHealth { started_at: beat_at, beat_at, loops: vec![one], ..WorkerHealth::default() };
    std::fs::write(data.join("worker.json"), serde_json::to_vec(&health).unwrap()).unwrap();
}

#[test]
fn a_worker_elsewhere_that_fails_or_dies_is_seen() {
    let home = office();
    health_file(&home.data(), TimeDelta::zero(), LoopState::Running);
    let mut screen = at_work(&home);
    screen.until("the worker", |p| p.contains("worker ok"));
    health_file(&home.data(), TimeDelta::zero(), LoopState::Failing);
    screen.until("that it fails", |p| p.contains("new leads failing"));
    // Soon it was not heard of for half a minute; on a busy machine, not before it was looked at.
    health_file(&home.data(), TimeDelta::seconds(18), LoopState::Running);
    screen.until("that it is well", |p| p.contains("worker ok"));
    screen.until("that it is gone", |p| p.contains("no worker here"));
    screen.signal("TERM");
    assert!(screen.end().success());
}
