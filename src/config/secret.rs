//! Where a secret comes from: the config or the environment, a private file, a command, or the system's keyring.
//!
//! A secret is read when it is needed and not before, so that a password manager is not asked by a command that logs in
//! nowhere. Nothing here ever shows one: not in `Debug`, and no error quotes a file, or what a command printed.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

#[cfg(any(test, feature = "keyring"))]
use secrecy::ExposeSecret;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// Longest secret that is read: a PEM of a 16,384-bit key fits several times.
const MAX_BYTES: u64 = 64 * 1024;
/// How long a command may take: somebody may have to type a passphrase.
const PATIENCE: Duration = Duration::from_mins(1);
/// The name under which the keyring keeps what is ours.
#[cfg(feature = "keyring")]
const SERVICE: &str = "leadboard";

/// Where a secret is.
#[derive(Clone)]
pub enum Secret {
    /// Here.
    Text(SecretString),
    /// It is the whole text of a file that only its owner can read.
    File(PathBuf),
    /// A program prints it, as its only line. Its name and its arguments: no shell is asked.
    Command(Vec<String>),
    /// The system's keyring has it, under this name.
    Keyring(String),
}

/// Why a secret cannot be had. The text says what to do, and nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.place())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::Text(SecretString::from(text))
    }
}

impl Secret {
    /// Where it is, in words. Of a command only the program: its arguments may be nobody's business.
    pub fn place(&self) -> String {
        match self {
            Self::Text(_) => "the config or the environment".into(),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Command(words) => format!("the command {}", program(words)),
            Self::Keyring(name) => format!("the system's keyring, entry {name}"),
        }
    }

    /// Reads it. Blocks, for as long as a command takes.
    ///
    /// # Errors
    /// The file is missing or others can read it; the command fails, takes too long or prints something else than one line;
    /// the keyring is locked, or has no such entry.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => file_text(path),
            Self::Command(words) => printed(words, PATIENCE),
            Self::Keyring(name) => kept(name),
        }
    }
}

/// The four keys of one secret in the config. In the file at most one of them; what stands in `text` wins, because the
/// environment sets it.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Keys {
    pub(super) text: Option<SecretString>,
    pub(super) file: Option<PathBuf>,
    pub(super) command: Option<Vec<String>>,
    pub(super) keyring: Option<String>,
}

impl Keys {
    /// The one that is set, if any. `key` names the first of them.
    pub(super) fn secret(self, key: &str) -> Result<Option<Secret>, String> {
        let Self { text, file, command, keyring } = self;
        if command.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            return Err(format!(
                "{key}_command is empty; write the program and its arguments, for example [\"pass\", \"show\", \"leadboard\"]"
            ));
        }
        let places = [file.map(Secret::File), command.map(Secret::Command), keyring.map(Secret::Keyring)];
        let mut places = places.into_iter().flatten();
        let first = places.next();
        if places.next().is_some() {
            return Err(format!("only one of {key}_file, {key}_command and {key}_keyring can be set"));
        }
        Ok(text.map(Secret::Text).or(first))
    }
}

fn program(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

/// The whole text of a private file, without the blanks around it.
///
/// # Errors
/// It cannot be read, others than its owner can read it, or it is empty or no text.
pub fn file_text(path: &Path) -> Result<SecretString, SecretError> {
    let bytes = file_bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| in_file(path, "is not UTF-8 text"))?.trim();
    if text.is_empty() {
        return Err(in_file(path, "is empty"));
    }
    Ok(SecretString::from(text))
}

/// The content of a private file.
///
/// # Errors
/// It cannot be read, or others than its owner can read it.
pub fn file_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let file = File::open(path).map_err(|e| in_file(path, &format!("cannot be read: {e}")))?;
    check_private(&file, path)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| in_file(path, &format!("cannot be read: {e}")))?;
    Ok(bytes)
}

/// Refuses a file that its group or others may read, as ssh does. The open file is asked, not the path, so that the
/// two cannot be exchanged in between.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|e| in_file(path, &format!("cannot be read: {e}")))?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        Ok(())
    } else {
        Err(in_file(path, &format!("is open to others (mode {:03o}); run: chmod 600 {}", mode & 0o777, path.display())))
    }
}

#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), SecretError> {
    Ok(())
}

fn in_file(path: &Path, why: &str) -> SecretError {
    SecretError(format!("the secret file {} {why}", path.display()))
}

/// The one line that a program prints. What it says on standard error goes nowhere: it may hold what it should have
/// printed.
fn printed(words: &[String], patience: Duration) -> Result<SecretString, SecretError> {
    let failed = |why: String| SecretError(format!("the command {} for a secret {why}", program(words)));
    let mut command = Command::new(program(words));
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| failed(format!("cannot be started: {e}")))?;
    let Some(stdout) = child.stdout.take() else { return Err(failed("has no output".into())) };
    let (sender, receiver) = mpsc::channel();
    // What it started may hold the pipe open when it is long dead, so nobody waits for this thread.
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = stdout.take(MAX_BYTES).read_to_end(&mut bytes).map(|_| bytes);
        drop(sender.send(read));
    });
    let bytes = match receiver.recv_timeout(patience) {
        Ok(read) => read.map_err(|e| failed(format!("cannot be heard: {e}"))),
        Err(RecvTimeoutError::Timeout) => Err(failed(format!("did not end within {} s", patience.as_secs()))),
        Err(RecvTimeoutError::Disconnected) => Err(failed("cannot be heard".into())),
    };
    let bytes = bytes.inspect_err(|_| end(&mut child))?;
    let status = child.wait().map_err(|e| failed(format!("cannot be heard: {e}")))?;
    if !status.success() {
        return Err(failed(format!("failed ({status}); try it by hand")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("prints something that is not UTF-8 text".into()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(failed("prints nothing".into()));
    }
    if text.contains(['\n', '\r']) {
        return Err(failed("prints more than one line; it must print the secret and nothing else".into()));
    }
    Ok(SecretString::from(text))
}

/// It is no use any more, and killing what is dead already is no fault.
fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// What the system's keyring has. On a thread of its own: some keyrings are asked over a bus, by a runtime that must not
/// be started inside ours.
#[cfg(feature = "keyring")]
fn kept(name: &str) -> Result<SecretString, SecretError> {
    let entry = name.to_owned();
    let asked = std::thread::spawn(move || {
        let password = keyring::v1::Entry::new(SERVICE, &entry)?.get_password()?;
        Ok::<_, keyring::v1::Error>(SecretString::from(password))
    });
    let failed = |why: &str| {
        SecretError(format!("the system's keyring does not give the entry {name} of the service {SERVICE}: {why}"))
    };
    match asked.join() {
        Ok(Ok(secret)) if secret.expose_secret().is_empty() => Err(failed("it is empty")),
        Ok(Ok(secret)) => Ok(secret),
        // Its own words are not passed on: some of its errors hold the bytes that it found.
        Ok(Err(keyring::v1::Error::NoEntry)) => Err(failed("there is no such entry")),
        Ok(Err(keyring::v1::Error::NoDefaultStore)) => Err(failed("no keyring runs for this user")),
        Ok(Err(_)) => Err(failed("it is locked, or cannot be used")),
        Err(_) => Err(failed("asking it failed")),
    }
}

#[cfg(not(feature = "keyring"))]
fn kept(name: &str) -> Result<SecretString, SecretError> {
    Err(SecretError(format!(
        "this leadboard was built without the system's keyring, so the entry {name} cannot be read; build it with \
         `--features keyring`, or use a file or a command"
    )))
}

/// Whether two secrets are the same text. For tests.
#[cfg(test)]
pub(crate) fn is(secret: &SecretString, text: &str) -> bool {
    secret.expose_secret() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn refused(words: &[&str]) -> String {
        printed(&self::words(words), Duration::from_secs(20)).unwrap_err().to_string()
    }

    #[test]
    fn a_command_is_run_without_a_shell_and_its_line_end_is_no_part_of_the_secret() {
        for (printer, text) in [
            (&["printf", "hush\n"][..], "hush"),
            (&["printf", " hu sh\r\n"], " hu sh"),
            (&["echo", "$HOME;*"], "$HOME;*"),
        ] {
            let secret = Secret::Command(words(printer)).read().unwrap();
            assert!(is(&secret, text), "{printer:?}");
        }
    }

    #[test]
    fn a_command_that_does_not_work_is_told_without_what_it_printed() {
        for (command, why) in [
            (&["sh", "-c", "echo hush; echo hush >&2; exit 3"][..], "failed (exit status: 3)"),
            (&["sh", "-c", "echo hush; echo more"], "more than one line"),
            (&["printf", "hush\\377"], "not UTF-8"),
            (&["true"], "prints nothing"),
            (&["/no/such/program", "hush"], "cannot be started"),
        ] {
            let said = refused(command);
            assert!(said.contains(why) && !said.contains("hush"), "{said}");
        }
        let slow = printed(&words(&["sleep", "100"]), Duration::from_millis(50)).unwrap_err().to_string();
        assert!(slow.contains("did not end within"), "{slow}");
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_takes_too_long_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let written = dir.path().join("pid");
        let script = format!("echo $$ > '{}'; exec sleep 1000", written.display());
        let mut patience = Duration::from_millis(100);
        // A busy machine may take long to start it: whoever is ended before saying who they are is asked again.
        let pid = loop {
            printed(&words(&["sh", "-c", &script]), patience).unwrap_err();
            match std::fs::read_to_string(&written) {
                Ok(pid) if pid.ends_with('\n') => break pid,
                _ => patience *= 2,
            }
        };
        let lives = Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status().unwrap();
        assert!(!lives.success(), "{} still runs, and may ask for a passphrase for ever", pid.trim());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "hush\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        let said = Secret::File(path.clone()).read().unwrap_err().to_string();
        assert!(said.contains("chmod 600") && !said.contains("hush"), "{said}");
        mode(0o600);
        assert!(is(&Secret::File(path).read().unwrap(), "hush"));
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let text = Secret::from("hush");
        let command = Secret::Command(words(&["vault", "--token", "hush"]));
        for secret in [&text, &command] {
            assert!(!format!("{secret:?} {secret:#?} {}", secret.place()).contains("hush"));
        }
        assert_eq!(command.place(), "the command vault");
        // But where it is, is: whoever reads a log must know which secret is meant.
        assert_eq!(format!("{command:?}"), "Secret(the command vault)");
    }

    #[test]
    fn one_place_at_most_and_the_environment_before_all() {
        let keys = Keys { text: Some("hush".into()), keyring: Some("x".into()), ..Keys::default() };
        assert!(matches!(keys.secret("k"), Ok(Some(Secret::Text(_)))));
        let keys = Keys { file: Some("/x".into()), keyring: Some("x".into()), ..Keys::default() };
        assert!(keys.secret("k").unwrap_err().starts_with("only one of k_file"));
        for empty in [Vec::new(), words(&[""])] {
            let keys = Keys { command: Some(empty), ..Keys::default() };
            assert!(keys.secret("k").unwrap_err().starts_with("k_command is empty"));
        }
        assert!(Keys::default().secret("k").unwrap().is_none());
    }

    #[test]
    #[cfg(not(feature = "keyring"))]
    fn without_a_keyring_it_is_said_how_to_get_one() {
        let said = Secret::Keyring("x".into()).read().unwrap_err().to_string();
        assert!(said.contains("--features keyring"), "{said}");
    }
}
