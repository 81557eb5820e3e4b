//! The dashboard in a real pseudo-terminal: whatever ends it, the terminal is as before.
//!
//! Each story starts this test binary once more, inside the terminal, with one of the `child_*` tests.
#![cfg(unix)]

use std::io::{IsTerminal, Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use super::*;
use crate::app::ports::Clock;
use crate::tui::fake::{Fake, company};
use crate::tui::keymap::Keymap;
use crate::tui::run;
use crate::tui::testing::{noon, options};

/// A clock that stands still, and breaks after so many looks.
struct Fuse(AtomicU32);

impl Clock for Fuse {
    fn now(&self) -> DateTime<Utc> {
        let left = self.0.load(Ordering::SeqCst);
        assert!(left > 0, "the fuse has burnt down");
        self.0.store(left - 1, Ordering::SeqCst);
        noon()
    }
}

/// The dashboard on a company in memory; does nothing outside a terminal.
fn child(fuse: u32, background_panic: bool) {
    if !io::stdout().is_terminal() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if background_panic {
            tokio::spawn(async { panic!("a background task broke") });
        }
        let backend = Arc::new(Fake::new(company(noon(), 60)));
        run(backend, options(), Keymap::bundled().unwrap(), Arc::new(Fuse(AtomicU32::new(fuse)))).await.unwrap();
    });
}

#[test]
#[ignore = "started inside a terminal by the other tests"]
fn child_that_works() {
    child(u32::MAX, false);
}

#[test]
#[ignore = "started inside a terminal by the other tests"]
fn child_that_panics() {
    child(12, false);
}

#[test]
#[ignore = "started inside a terminal by the other tests"]
fn child_whose_task_panics() {
    child(u32::MAX, true);
}

struct Story {
    screen: Arc<Mutex<Parser>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Story {
    fn begin(child: &str) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            &format!("tui::term::tests::{child}"),
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        command.env("RUST_BACKTRACE", "0");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let screen = Arc::new(Mutex::new(Parser::default()));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..n]);
            }
        });
        Self { screen, keyboard, child, master: pair.master }
    }

    fn look<T>(&self, at: impl Fn(&vt100::Screen) -> T) -> T {
        at(self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    fn until(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.look(&condition) {
            assert!(
                Instant::now() < deadline,
                "never seen: {what} (alternate screen: {}, cursor hidden: {}, paste: {})\n{}",
                self.look(vt100::Screen::alternate_screen),
                self.look(vt100::Screen::hide_cursor),
                self.look(vt100::Screen::bracketed_paste),
                self.look(vt100::Screen::contents)
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn until_text(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    fn keys(&mut self, bytes: &[u8]) {
        self.keyboard.write_all(bytes).unwrap();
    }

    fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        assert!(Command::new("sh").args(["-c", &format!("kill {name} {id}")]).status().unwrap().success());
    }

    /// Giving the terminal back and stopping are two things; continuing in between would be lost.
    fn until_stopped(&self) {
        let id = self.child.process_id().unwrap().to_string();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let stopped = match std::fs::read_to_string(format!("/proc/{id}/stat")) {
                Ok(stat) => stat.contains(") T "),
                // Where there is no /proc there is `ps`.
                Err(_) => {
                    Command::new("ps").args(["-o", "stat=", "-p", &id]).output().unwrap().stdout.starts_with(b"T")
                }
            };
            if stopped {
                return;
            }
            assert!(Instant::now() < deadline, "it does not stop");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// For the terminal and for our reading of it.
    fn resize(&self, cols: u16, rows: u16) {
        let nonzero = |n: u16| NonZero::new(n).unwrap();
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(nonzero(rows), nonzero(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The dashboard has ended and the terminal is as it was before.
    fn ends_well(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
        self.until("the terminal as it was before", is_restored);
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

fn is_restored(screen: &vt100::Screen) -> bool {
    let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
    !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && !mouse
}

fn is_ours(screen: &vt100::Screen) -> bool {
    let mouse = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease;
    screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste() && mouse
}

#[test]
fn whatever_ends_it_the_terminal_is_restored() {
    for end in ["ctrl-c", "-TERM", "-HUP", "-INT"] {
        let mut story = Story::begin("child_that_works");
        story.until_text("1 of 15");
        assert!(story.look(is_ours));
        if end == "ctrl-c" {
            story.keys(b"\x03");
        } else {
            story.signal(end);
        }
        story.ends_well();
    }
}

#[test]
fn a_panic_is_readable_on_a_restored_terminal_and_names_the_log() {
    let mut story = Story::begin("child_that_panics");
    story.until_text("1 of 15");
    let deadline = Instant::now() + Duration::from_secs(20);
    while story.look(is_ours) && Instant::now() < deadline {
        story.keys(b"\x1b[B");
        thread::sleep(Duration::from_millis(20));
    }
    story.ends_well();
    story.until_text("the fuse has burnt down");
    story.until_text("log: /var/log/leadboard.log");
}

#[test]
fn a_panic_in_a_background_task_leaves_the_screen_alone() {
    let mut story = Story::begin("child_whose_task_panics");
    story.until_text("1 of 15");
    story.keys(b"\x1bOQ");
    story.until_text("1 of 39");
    assert!(story.look(is_ours));
    assert!(!story.look(vt100::Screen::contents).contains("background task"));
    story.keys(b"\x03");
    story.ends_well();
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again() {
    let mut story = Story::begin("child_that_works");
    story.until_text("1 of 15");
    story.keys(b"\x1a");
    story.until("the shell's screen", is_restored);
    story.until_stopped();
    story.signal("-CONT");
    story.until("the dashboard again", is_ours);
    story.until_text("1 of 15");
    story.keys(b"\x1bOQ");
    story.until_text("1 of 39");
    story.signal("-TSTP");
    story.until("the shell's screen", is_restored);
    story.until_stopped();
    story.signal("-CONT");
    story.until_text("1 of 39");
    story.keys(b"\x03");
    story.ends_well();
}

#[test]
fn resizes_pastes_and_bursts_do_no_harm() {
    let mut story = Story::begin("child_that_works");
    story.until_text("1 of 15");
    for step in 0..40_u16 {
        story.resize(1 + step * 13 % 200, 1 + step * 7 % 60);
    }
    story.resize(40, 10);
    story.until_text("needs 60x15");
    story.resize(80, 24);
    story.until_text("1 of 15");
    story.keys(b"\x1b[200~");
    story.keys(&b"a".repeat(10_000));
    story.keys(b"\x1b[201~");
    story.until_text("Pasted text is ignored");
    story.keys(b"aaaaaaaa");
    story.until_text("Ignored: those keys");
    assert!(story.look(vt100::Screen::contents).contains("decided 0"));
    story.keys(b"\x03");
    story.ends_well();
}

#[test]
fn a_flood_of_keys_decides_nothing_and_the_next_key_is_heard_at_once() {
    let mut story = Story::begin("child_that_works");
    story.until_text("1 of 15");
    // As a terminal without paste brackets sends a long text. More than what the kernel keeps of it, and than one read takes.
    story.keys(&b"a".repeat(10_000));
    story.until_text("Ignored: those keys");
    story.keys(b"\x1bOQ");
    story.until_text("1 of 39");
    assert!(story.look(vt100::Screen::contents).contains("decided 0"));
    story.keys(b"\x03");
    story.ends_well();
}
