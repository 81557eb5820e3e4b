//! The refresh token: one file that every process of this machine shares, and that a new token replaces before it is used.
//!
//! An org may rotate refresh tokens: each use hands out a new one and spends the old one, and whoever shows a spent one
//! loses the whole grant. So only one process at a time uses the token (a lock beside it says which), each reads the file
//! anew, and a new token is on disk before the login that brought it counts.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::secret_file;
use crate::crm::salesforce::errors::{Class, Fault};

/// How often a lock that another process holds is tried again, and how long that goes on: longer than a login takes.
const LOCK_TRIES: u32 = 400;
const LOCK_WAIT: Duration = Duration::from_millis(100);

/// The file, and a token that could not be written into it.
pub(super) struct TokenFile {
    path: PathBuf,
    unsaved: Mutex<Option<SecretString>>,
}

impl TokenFile {
    /// Checks that there is a token which nobody else may read.
    pub(super) fn new(path: &Path) -> Result<Self, Fault> {
        secret_file::text(path)?;
        Ok(Self { path: path.to_owned(), unsaved: Mutex::default() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The token as it stands in the file, without the right to use it.
    pub(super) fn peek(&self) -> Option<SecretString> {
        secret_file::text(&self.path).ok()
    }

    /// The right to use the token, which ends when the answer is dropped.
    pub(super) async fn hold(&self) -> Result<Held<'_>, Fault> {
        let lock = self.beside(".lock");
        let file = private(&lock, false).map_err(|e| cannot("lock", &lock, &e))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => {
                    let held = Held { file: self, _lock: file };
                    held.save_unsaved()?;
                    return Ok(held);
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_WAIT).await,
                Err(TryLockError::Error(e)) => return Err(cannot("lock", &lock, &e)),
            }
        }
        Err(Fault::new(Class::Transient, format!("another process is still logging in with {}", self.path.display())))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }
}

/// The token, while no other process uses it.
pub(super) struct Held<'a> {
    file: &'a TokenFile,
    _lock: File,
}

impl Held<'_> {
    /// The token.
    pub(super) fn token(&self) -> Result<SecretString, Fault> {
        secret_file::text(&self.file.path)
    }

    /// Puts a new token in the place of the old one: whole or not at all, on disk when this returns.
    pub(super) fn replace(&self, token: &SecretString) -> Result<(), Fault> {
        *self.file.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        self.save_unsaved()
    }

    /// Writes down a token that could not be written before. The one in the file is spent by then.
    fn save_unsaved(&self) -> Result<(), Fault> {
        let mut unsaved = self.file.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(token) = unsaved.as_ref() else { return Ok(()) };
        self.write(token).map_err(|e| {
            let why = format!(
                "Salesforce handed out a new refresh token and it cannot be stored in {}: {e}; make its folder writable \
                 before this program ends, or leadboard must be authorised anew",
                self.file.path.display()
            );
            Fault::new(Class::Configuration, why)
        })?;
        *unsaved = None;
        Ok(())
    }

    fn write(&self, token: &SecretString) -> std::io::Result<()> {
        let draft = self.file.beside(".new");
        let mut file = private(&draft, true)?;
        file.write_all(token.expose_secret().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&draft, &self.file.path)?;
        // The rename itself must survive a power cut, too.
        let folder = self.file.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Opens a file that only its owner may read.
fn private(path: &Path, empty: bool) -> std::io::Result<File> {
    if empty {
        // One that is left from before may have other permissions.
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    let why = format!("cannot {what} {}: {error}; the folder of refresh_token_file must be writable", path.display());
    Fault::new(Class::Configuration, why)
}
