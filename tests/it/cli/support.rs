//! The real binary in a home of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::company::{self, Truth};

/// A user's home directory, in which everything the program touches lies.
pub(crate) struct Home {
    dir: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Where the program stores things when nothing else is said.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data/leadboard")
    }

    /// The program, cut off from the settings of whoever runs the tests.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadboard"));
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("HOME", self.dir.path()).env("USER", "tess");
        for (variable, folder) in [("DATA", "data"), ("CONFIG", "config"), ("CACHE", "cache")] {
            command.env(format!("XDG_{variable}_HOME"), self.path(folder));
        }
        command
    }

    /// Runs a command line of words without blanks.
    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::of(self.command().args(line.split_whitespace()).output().unwrap())
    }

    /// Runs a command line that must work, with `--json`, and reads its result.
    pub(crate) fn json(&self, line: &str) -> Json {
        let ran = self.run(&format!("{line} --json"));
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        ran.json()
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The same run, which must have ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// What training on the company with a signal printed, in a home whose model ranks. Made once; only read by the tests.
pub(crate) struct Trained {
    pub(crate) home: Home,
    pub(crate) import: Ran,
    pub(crate) audit: Ran,
    pub(crate) train: Ran,
}

pub(crate) fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let home = Home::new();
        home.file("deals.csv", company::history(7, Truth::Signal));
        home.file("map.toml", company::MAP);
        let import = home.run("history import deals.csv --map map.toml");
        let audit = home.run("history audit");
        let train = home.run("model train --promote --json");
        Trained { home, import, audit, train }
    })
}

impl Trained {
    /// A new home with a copy of what was stored, to change.
    pub(crate) fn copy(&self) -> Home {
        let home = Home::new();
        fs::create_dir_all(home.data()).unwrap();
        for entry in fs::read_dir(self.home.data()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, home.data().join(path.file_name().unwrap())).unwrap();
            }
        }
        home.file("map.toml", company::MAP);
        home
    }
}

/// Lines of a CSV as cells, without the header.
pub(crate) fn csv_rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}
