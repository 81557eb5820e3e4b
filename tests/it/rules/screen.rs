//! The real dashboard in a real pseudo-terminal.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::cli::support::Home;

/// How long a picture may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Screen {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    /// Every byte that the program wrote.
    pub(super) bytes: Vec<u8>,
}

impl Screen {
    /// Opens the dashboard on the store of a home, without a worker.
    pub(super) fn open(home: &Home, cols: u16, rows: u16) -> Self {
        let config = "manager = \"Ana\"\n[salesforce]\nlogin_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n\
                      client_secret = \"y\"\n";
        let config = home.file("screen.toml", config);
        let pty = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_leadboard"));
        command.env_clear();
        command.args(["--no-worker", "--data-dir"]);
        command.arg(home.data());
        command.arg("--config");
        command.arg(config);
        command.env("HOME", home.path(""));
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let (keys, mut reader) = (pty.master.take_writer().unwrap(), pty.master.try_clone_reader().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            // The master lives as long as its reader, so that the program is not hung up on.
            let _master = pty.master;
            let mut buffer = [0; 8192];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            output,
            terminal: vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0),
            bytes: Vec::new(),
        }
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

    pub(super) fn press(&mut self, keys: &str) {
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
