//! The real program in a pseudo-terminal, with a stopwatch.

use std::fs;
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// What ends every picture that the program draws: a synchronised update is over.
const DRAWN: &[u8] = b"\x1b[?2026l";
const PATIENCE: Duration = Duration::from_mins(2);
/// Without another picture for so long, all that a key led to has been drawn. Also the pause of a hand: keys that come
/// faster are taken for pasted text.
const QUIET: Duration = Duration::from_millis(120);
const SIZE: PtySize = PtySize { rows: 45, cols: 160, pixel_width: 0, pixel_height: 0 };

/// How long something took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Until the first picture.
    pub(crate) first: Duration,
    /// Until the last one that came of it.
    pub(crate) all: Duration,
    /// How many pictures that were.
    pub(crate) pictures: usize,
}

pub(crate) struct Session {
    child: Box<dyn Child + Send + Sync>,
    /// Kept, so that the program is not hung up on.
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    terminal: vt100::Parser,
    /// The end of what was read, in which half an end of a picture may stand.
    tail: Vec<u8>,
    started: Instant,
}

impl Session {
    /// Starts the dashboard on a store.
    pub(crate) fn start(home: &Path, data: &Path) -> Self {
        let config = home.join("config.toml");
        let text = "manager = \"Ana\"\n[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n";
        fs::write(&config, text).unwrap();
        let pty = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_leadboard"));
        command.env_clear();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.cwd(home);
        command.args(["--no-worker", "--data-dir", data.to_str().unwrap(), "--config", config.to_str().unwrap()]);
        let (keys, mut reader) = (pty.master.take_writer().unwrap(), pty.master.try_clone_reader().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 13];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let started = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        let terminal = vt100::Parser::new(SIZE.rows.try_into().unwrap(), SIZE.cols.try_into().unwrap(), 0);
        Self { child, _master: pty.master, keys, output, terminal, tail: Vec::new(), started }
    }

    /// Takes what the program writes within a time; when it came, and how many pictures were finished by it.
    fn take(&mut self, patience: Duration) -> Option<(Instant, usize)> {
        let (at, bytes) = self.output.recv_timeout(patience).ok()?;
        self.terminal.process(&bytes);
        let kept = self.tail.len();
        self.tail.extend(&bytes);
        let drawn = self.tail.windows(DRAWN.len()).filter(|window| *window == DRAWN).count();
        debug_assert!(kept < DRAWN.len());
        self.tail.drain(..self.tail.len().saturating_sub(DRAWN.len() - 1));
        Some((at, drawn))
    }

    /// Since the start: until the first picture, and until one that shows this.
    pub(crate) fn shows(&mut self, text: &str) -> Took {
        let mut first = None;
        let mut pictures = 0;
        loop {
            let Some((at, drawn)) = self.take(PATIENCE) else { panic!("{text} never came:\n{}", self.picture()) };
            pictures += drawn;
            if pictures > 0 {
                let first = *first.get_or_insert(at - self.started);
                if self.picture().contains(text) {
                    return Took { first, all: at - self.started, pictures };
                }
            }
        }
    }

    /// Presses a key; everything that comes of it.
    pub(crate) fn press(&mut self, key: &str) -> Took {
        let pressed = Instant::now();
        self.keys.write_all(key.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        let (mut first, mut last, mut pictures) = (None, pressed, 0);
        loop {
            let patience = if pictures == 0 { PATIENCE } else { QUIET };
            match self.take(patience) {
                Some((at, drawn)) if drawn > 0 => {
                    pictures += drawn;
                    first.get_or_insert(at);
                    last = at;
                }
                Some(_) => {}
                None if pictures == 0 => panic!("nothing came of {key:?}:\n{}", self.picture()),
                None => break,
            }
        }
        Took { first: first.unwrap_or(last) - pressed, all: last - pressed, pictures }
    }

    /// Waits until nothing more is drawn.
    pub(crate) fn rest(&mut self, quiet: Duration) {
        while self.take(quiet).is_some() {}
    }

    pub(crate) fn picture(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Processor time of all its threads, where the system tells.
    pub(crate) fn busy(&self) -> Option<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.process_id()?)).ok()?;
        let mut nanos = 0;
        for task in tasks {
            let told = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            nanos += told.split_whitespace().next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(nanos))
    }

    /// The most memory that it ever had, in megabytes, where the system tells.
    pub(crate) fn memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.process_id()?)).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? / 1024.0)
    }

    /// Leaves, and waits for the end.
    pub(crate) fn end(mut self) {
        self.keys.write_all(b"\x03").unwrap();
        self.keys.flush().unwrap();
        while self.take(PATIENCE).is_some() {}
        assert!(self.child.wait().unwrap().success(), "{}", self.picture());
    }
}
