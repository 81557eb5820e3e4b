//! Where things are kept.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "leadboard")
}

/// The config file that is read when none is named.
pub fn default_config_file() -> Option<PathBuf> {
    project().map(|p| p.config_dir().join("config.toml"))
}

/// The data directory that is used when none is named.
pub fn default_data_dir() -> Option<PathBuf> {
    project().map(|p| p.data_dir().to_owned())
}

/// Where `leadboard demo` keeps its company between two starts.
pub fn demo_dir() -> Option<PathBuf> {
    project().map(|p| p.cache_dir().join("demo"))
}

/// A directory for one headless run, not there yet.
pub fn scratch_dir() -> PathBuf {
    std::env::temp_dir().join(format!("leadboard-demo-{}", std::process::id()))
}

/// This very program, to be started once more.
pub fn this_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// A directory for one torture run, not there yet.
pub fn torture_dir() -> PathBuf {
    std::env::temp_dir().join(format!("leadboard-torture-{}", std::process::id()))
}

/// The files of one data directory. Everything leadboard stores lives under it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Names a directory; nothing is created yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Makes the directory and its log folder, for their owner only, if they are not there yet.
    pub fn create(&self) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.logs())
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("leadboard.db")
    }

    /// Held by the one worker of this directory.
    pub fn worker_lock(&self) -> PathBuf {
        self.0.join("worker.lock")
    }

    /// Held by the one back-fill of this directory.
    pub fn backfill_lock(&self) -> PathBuf {
        self.0.join("backfill.lock")
    }

    /// How the worker is, for other processes to read.
    pub fn worker_health(&self) -> PathBuf {
        self.0.join("worker.json")
    }

    /// Lists that the dashboard wrote to files.
    pub fn exports(&self) -> PathBuf {
        self.0.join("exports")
    }

    /// Log files.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// The demo org's own journal, when it lives in this directory.
    pub fn demo_org(&self) -> PathBuf {
        self.0.join("demo-org.jsonl")
    }
}
/// Makes a new file that only its owner can read; its directory as well if need be. Never replaces anything.
pub fn create_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
