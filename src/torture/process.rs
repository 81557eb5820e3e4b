//! This program, started again as the org and as the worker.

use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::TortureError;
use crate::config::{self, paths};
use crate::demo::wire::Judge;

/// A process of ours that speaks in lines of JSON. It ends when this one does, because it watches its standard input;
/// dropped, it is killed.
pub(super) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts this program with these arguments. What it says on standard error goes to a file.
    pub(super) fn start(arguments: &[&str], errors: &Path) -> Result<Self, TortureError> {
        let failed = TortureError::process;
        let program = paths::this_program().map_err(failed("cannot find this program"))?;
        // A log of faults on purpose, beside the logs proper.
        let errors =
            File::options().create(true).append(true).open(errors).map_err(failed("cannot write the errors' file"))?;
        let mut command = Command::new(program);
        // What a user has set for an org of theirs means nothing to the made-up company.
        for variable in config::variables_set() {
            command.env_remove(variable);
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed("cannot start this program again"))?;
        let stdout = child.stdout.take().ok_or_else(|| TortureError::Unexpected("a process without output".into()))?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// The next line; `None` when it has ended.
    pub(super) async fn line<T: DeserializeOwned>(&mut self) -> Result<Option<T>, TortureError> {
        let line = self.lines.next_line().await.map_err(TortureError::process("cannot hear a process"))?;
        let read = |line: String| {
            serde_json::from_str(&line)
                .map_err(|error| TortureError::Unexpected(format!("a process said {line:?}: {error}")))
        };
        line.map(read).transpose()
    }

    /// Its id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL. Whether it struck a running process.
    pub(super) async fn kill(&mut self) -> Result<bool, TortureError> {
        let failed = || TortureError::process("cannot kill the worker");
        let running = self.child.try_wait().map_err(failed())?.is_none();
        if running {
            self.child.start_kill().map_err(failed())?;
        }
        self.child.wait().await.map_err(failed())?;
        Ok(running)
    }

    /// Lets it end in its own time, by ending its standard input.
    pub(super) async fn dismiss(&mut self) -> Result<(), TortureError> {
        drop(self.child.stdin.take());
        self.ended().await.map(drop)
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus, TortureError> {
        self.child.wait().await.map_err(TortureError::process("cannot wait for the worker"))
    }
}

/// The demo org in its process.
pub(super) struct OrgProcess {
    _process: Process,
    pub(super) url: String,
    pub(super) judge: Judge,
}

/// What a demo org says when it is ready.
#[derive(Deserialize)]
struct Card {
    url: String,
    admin_token: String,
}

impl OrgProcess {
    /// Starts the org and waits until it answers.
    pub(super) async fn start(arguments: &[&str], errors: &Path) -> Result<Self, TortureError> {
        let mut process = Process::start(arguments, errors)?;
        let card: Option<Card> = process.line().await?;
        let card = card.ok_or_else(|| {
            TortureError::Unexpected(format!("the demo org did not start; {} says why", errors.display()))
        })?;
        let judge = Judge::at(&card.url, &card.admin_token);
        Ok(Self { _process: process, url: card.url, judge })
    }
}
