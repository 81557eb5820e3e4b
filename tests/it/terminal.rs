//! The real program in a real pseudo-terminal.
#![cfg(unix)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::cli::support::Home;

/// How long a picture may take to appear; only ever spent when a test fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// From one stroke to the next: a hand types no faster, and the program takes three keys within 100 ms for a paste.
const STROKE: Duration = Duration::from_millis(60);

/// Nothing is drawn while nothing happens, so whatever is not drawn by then will not be.
const QUIET: Duration = Duration::from_millis(500);

pub(super) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    /// Kept, so that the program is not hung up on.
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    /// When the last key was pressed.
    pressed: Option<Instant>,
    /// Every byte that the program wrote.
    pub(super) bytes: Vec<u8>,
    /// How many of them the terminal was shown.
    shown: usize,
}

/// What stands for a character that cannot be shown, one column wide. Real terminals show it; vt100 leaves it out.
const UNSHOWABLE: &[u8] = "\u{fffd}".as_bytes();

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Screen {
    /// Opens the dashboard on the store of a home, without a worker.
    pub(super) fn open(home: &Home, cols: u16, rows: u16) -> Self {
        Self::open_as(home, "Ana", cols, rows)
    }

    /// The same for a manager of this name.
    pub(super) fn open_as(home: &Home, manager: &str, cols: u16, rows: u16) -> Self {
        // Which leads are judged blind follows from their ids, and is no matter here.
        let rest = "[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n[ui]\nblind_share = 0.0\n";
        let config = home.file(&format!("{manager}.toml"), format!("manager = \"{manager}\"\n{rest}"));
        let (data, config) = (home.data().display().to_string(), config.display().to_string());
        Self::start(&["--no-worker", "--data-dir", &data, "--config", &config], &home.path(""), cols, rows)
    }

    /// Starts the program with these arguments, in an environment that has nothing but a home and a terminal.
    pub(super) fn start(args: &[&str], home: &Path, cols: u16, rows: u16) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_leadboard"), args, home, cols, rows)
    }

    /// Starts any program so.
    pub(super) fn start_program(program: &str, args: &[&str], home: &Path, cols: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(cols, rows)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.args(args);
        command.cwd(home);
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let (keys, mut reader) = (pty.master.take_writer().unwrap(), pty.master.try_clone_reader().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let terminal = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        Self { child, master: pty.master, keys, output, terminal, pressed: None, bytes: Vec::new(), shown: 0 }
    }

    /// The picture, once it is as wished.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        self.until_terminal(what, |screen| wished(&screen.contents()))
    }

    /// The picture, once the terminal is as wished.
    #[track_caller]
    pub(super) fn until_terminal(&mut self, what: &str, wished: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let picture = self.terminal.screen().contents();
            if wished(self.terminal.screen()) {
                return picture;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} did not appear:\n{picture}")
                }
            }
        }
    }

    /// Presses a key, and again with the pause of a hand, until the picture is as wished.
    #[track_caller]
    pub(super) fn press_until(&mut self, key: &str, what: &str, wished: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wished(&self.picture()) {
            assert!(Instant::now() < deadline, "{what} did not appear:\n{}", self.picture());
            self.press(key);
            std::thread::sleep(Duration::from_millis(120));
            while let Ok(bytes) = self.output.try_recv() {
                self.take(bytes);
            }
        }
    }

    /// Shows the terminal what the program wrote.
    fn take(&mut self, bytes: Vec<u8>) {
        self.bytes.extend(bytes);
        // What may become such a character waits for its end.
        let begun = (1..UNSHOWABLE.len()).rev().find(|n| self.bytes.ends_with(&UNSHOWABLE[..*n])).unwrap_or(0);
        let end = self.bytes.len() - begun;
        let mut rest = &self.bytes[self.shown..end];
        while let Some(at) = rest.windows(UNSHOWABLE.len()).position(|window| window == UNSHOWABLE) {
            self.terminal.process(&rest[..at]);
            self.terminal.process(b"?");
            rest = &rest[at + UNSHOWABLE.len()..];
        }
        self.terminal.process(rest);
        self.shown = end;
    }

    /// Leaves the greeting, and opens the lane of a key, where `what` is to be seen. One step at a time: keys that come
    /// in one go are taken for pasted text.
    pub(super) fn begin(&mut self, what: &str, lane: &str) {
        self.until("the greeting", |picture| picture.contains("Any key begins"));
        self.press(" ");
        self.until("the queue", |picture| !picture.contains("Any key begins"));
        self.press(lane);
        self.until(what, |picture| picture.contains(what));
    }

    /// Makes the terminal larger or smaller under the running program.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        self.terminal.screen_mut().set_size(rows.try_into().unwrap(), cols.try_into().unwrap());
        self.master.resize(size(cols, rows)).unwrap();
    }

    /// The picture, once nothing more is drawn: all that was asked for has arrived.
    pub(super) fn rest(&mut self) -> String {
        while let Ok(bytes) = self.output.recv_timeout(QUIET) {
            self.take(bytes);
        }
        self.picture()
    }

    /// What it shows is the same when the program draws all of it anew: nothing is left over from earlier pictures.
    #[track_caller]
    pub(super) fn is_clean(&mut self) {
        self.rest();
        let lines = |picture: &str| picture.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        let before = lines(&self.picture());
        let (rows, cols) = self.terminal.screen().size();
        self.terminal.process(b"\x1b[2J");
        self.resize(cols.get(), rows.get() - 1);
        self.resize(cols.get(), rows.get());
        self.until(&format!("the same as before, which was\n{}\n", before.join("\n")), |p| lines(p) == before);
    }

    /// Sends a signal, by its name.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until the process is stopped, not ended.
    #[track_caller]
    pub(super) fn until_stopped(&self) {
        let pid = self.child.process_id().unwrap().to_string();
        let deadline = Instant::now() + PATIENCE;
        let stopped = || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => stat.contains(") T "),
            // Where there is no /proc there is `ps`.
            Err(_) => Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout.starts_with(b"T"),
        };
        while !stopped() {
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end of the program; the terminal must be as it was before.
    #[track_caller]
    pub(super) fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        // The output ends when the program has.
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it did not end:\n{}", self.terminal.screen().contents()),
            }
        }
        let screen = self.terminal.screen();
        assert!(!screen.alternate_screen(), "still in the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is captured");
        self.child.wait().unwrap()
    }

    /// The terminal as it is.
    pub(super) fn terminal(&self) -> &vt100::Screen {
        self.terminal.screen()
    }

    /// What stands on the terminal.
    pub(super) fn picture(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Presses keys in one go, at a hand's pace after those before: what a screen shows may be there before a hand could
    /// type again.
    pub(super) fn press(&mut self, keys: &str) {
        if let Some(last) = self.pressed {
            std::thread::sleep(STROKE.saturating_sub(last.elapsed()));
        }
        self.pressed = Some(Instant::now());
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
