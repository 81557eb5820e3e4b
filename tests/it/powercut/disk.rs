//! A disk that forgets what it was not told to keep, and the log of what a program did to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// What a disk writes in one piece.
const SECTOR: usize = 512;

/// Something that a program did, in its order.
#[derive(Debug)]
pub(super) enum Event {
    /// Bytes at a place of a file.
    Wrote { file: PathBuf, at: usize, bytes: Vec<u8> },
    /// A file cut or filled to a length.
    Truncated { file: PathBuf, length: usize },
    /// A file taken away.
    Removed(PathBuf),
    /// A file synced.
    Synced(PathBuf),
    /// A line on standard output.
    Said(String),
}

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
}

impl Log {
    pub(super) fn syncs(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Synced(_))).count()
    }
}

/// A change that is not on the disk for sure yet.
#[derive(Clone)]
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Clone, Default)]
struct File {
    kept: Vec<u8>,
    pending: Vec<Pending>,
}

/// Files by name, each with what is kept for sure and what is not.
#[derive(Clone, Default)]
pub(super) struct Disk {
    files: BTreeMap<PathBuf, File>,
}

impl Disk {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Wrote { file, at, bytes } => {
                let write = Pending::Write { at: *at, bytes: bytes.clone() };
                self.files.entry(file.clone()).or_default().pending.push(write);
            }
            Event::Truncated { file, length } => {
                self.files.entry(file.clone()).or_default().pending.push(Pending::Truncate(*length));
            }
            // SQLite takes its log away only when everything is in the database, so the moment does not matter.
            Event::Removed(file) => drop(self.files.remove(file)),
            Event::Synced(file) => {
                let file = self.files.entry(file.clone()).or_default();
                for change in std::mem::take(&mut file.pending) {
                    perform(&mut file.kept, &change);
                }
            }
            Event::Said(_) => {}
        }
    }

    /// The disk after a cut: of what was not synced, each sector survives with this probability, on its own.
    pub(super) fn after_the_cut(&self, survives: f64, random: &mut ChaCha8Rng) -> Self {
        let mut after = self.clone();
        for file in after.files.values_mut() {
            for change in std::mem::take(&mut file.pending) {
                match change {
                    Pending::Truncate(_) if random.random::<f64>() < survives => perform(&mut file.kept, &change),
                    Pending::Truncate(_) => {}
                    Pending::Write { at, bytes } => {
                        for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                            if random.random::<f64>() < survives {
                                let part = Pending::Write { at: at + n * SECTOR, bytes: sector.to_vec() };
                                perform(&mut file.kept, &part);
                            }
                        }
                    }
                }
            }
        }
        after
    }

    pub(super) fn write_to(&self, dir: &Path) {
        for (name, file) in &self.files {
            std::fs::write(dir.join(name), &file.kept).unwrap();
        }
    }
}

fn perform(kept: &mut Vec<u8>, change: &Pending) {
    match change {
        Pending::Truncate(length) => kept.resize(*length, 0),
        Pending::Write { at, bytes } => {
            let end = at + bytes.len();
            if kept.len() < end {
                kept.resize(end, 0);
            }
            kept[*at..end].copy_from_slice(bytes);
        }
    }
}

/// Reads a log of `strace -f -y -xx`: the database's files in `dir`, and standard output.
pub(super) fn read(text: &str, dir: &Path) -> Log {
    let mut log = Log::default();
    // A call that another thread interrupts is written in two pieces.
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(first) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, first.to_owned());
        } else if let Some((_, rest)) = call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            if let Some(first) = begun.remove(thread) {
                log.events.extend(event(&format!("{first}{rest}"), dir));
            }
        } else {
            log.events.extend(event(call, dir));
        }
    }
    log
}

/// One call, if it succeeded and is about what we watch.
fn event(call: &str, dir: &Path) -> Option<Event> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") ").or_else(|| rest.rsplit_once(')'))?;
    if result.trim_start_matches(['=', ' ']).starts_with('-') {
        return None;
    }
    if name == "write" && arguments.starts_with("1<") {
        let said = String::from_utf8(bytes(arguments)?).ok()?;
        return said.lines().find(|line| line.starts_with("ACK ")).map(|line| Event::Said(line.to_owned()));
    }
    if name == "unlink" {
        let path = String::from_utf8(bytes(arguments)?).ok()?;
        return watched(Path::new(&path), dir).map(Event::Removed);
    }
    let path = arguments.split_once('<')?.1.split_once('>')?.0;
    let file = watched(Path::new(&unescape(path)), dir)?;
    let last = || arguments.rsplit(", ").next()?.trim().parse::<usize>().ok();
    match name {
        "pwrite64" => Some(Event::Wrote { file, at: last()?, bytes: bytes(arguments)? }),
        "ftruncate" => Some(Event::Truncated { file, length: last()? }),
        "fsync" | "fdatasync" => Some(Event::Synced(file)),
        "write" => panic!("SQLite writes without saying where: {arguments:.80}"),
        _ => None,
    }
}

/// The database and its log; the shared-memory file is made anew at every start.
fn watched(path: &Path, dir: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let ours = name.starts_with("leadboard.db") && !name.ends_with("-shm");
    (ours && (path.is_relative() || path.starts_with(dir))).then(|| PathBuf::from(name))
}

/// The quoted argument of a call, as `strace -xx` writes it: every byte as `\x..`.
fn bytes(arguments: &str) -> Option<Vec<u8>> {
    let quoted = arguments.split_once('"')?.1.split_once('"')?.0;
    quoted.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// A path, which newer versions of `strace` write like bytes.
fn unescape(path: &str) -> String {
    if !path.contains("\\x") {
        return path.to_owned();
    }
    let bytes = path.split("\\x").skip(1).filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    String::from_utf8(bytes).unwrap_or_default()
}
