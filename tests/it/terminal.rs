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
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Screen {
    /// Opens the dashboard on the store of a home, without a worker.
    pub(super) fn open(home: &Home, cols: u16, rows: u16) -> Self {
        let config = "manager = \"Ana\"\n[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n";
        let config = home.file("screen.toml", config);
        let (data, config) = (home.data().display().to_string(), config.display().to_string());
        Self::start(&["--no-worker", "--data-dir", &data, "--config", &config], &home.path(""), cols, rows)
    }

    /// Starts the program with these arguments, in an environment that has nothing but a home and a terminal.
    pub(super) fn start(args: &[&str], home: &Path, cols: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(cols, rows)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_leadboard"));
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
        Self { child, master: pty.master, keys, output, terminal, pressed: None, bytes: Vec::new() }
    }

    /// The picture, once it is as wished.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let picture = self.terminal.screen().contents();
            if wished(&picture) {
                return picture;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.terminal.process(&bytes);
                    self.bytes.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} did not appear:\n{picture}")
                }
            }
        }
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

    /// Sends a signal, by its name.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end of the program; the terminal must be as it was before.
    #[track_caller]
    pub(super) fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        // The output ends when the program has.
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.terminal.process(&bytes),
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
