//! The audit trail as a chain of seals: how a record is sealed, and whether the chain is whole.
//!
//! A seal holds two hashes: one of the record alone, and one of the seal before, the place and the record together. Who
//! changes a record, takes one away or puts two in another order breaks the chain at that place. Who can write the
//! whole database could make a new chain from there to its end; against that, keep the head of the chain (`leadboard
//! audit verify` prints it) where they cannot write, and verify against it.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use ring::digest::{Context, SHA256};
use serde::Serialize;

use super::AppError;
use super::ports::{Seal, Store, StoredEvent};
use crate::domain::text::hex;

#[cfg(test)]
mod tests;

/// Seals read at once.
const PAGE: u32 = 2_000;
/// Faults that are named one by one; all are counted.
const NAMED: usize = 20;
/// What stands before the first link.
const GENESIS: &str = "";

/// Hash of a record alone: SHA-256 over its fields, each led by whether it is there and by its length in bytes, so that
/// no two different records have the same bytes. Hexadecimal.
pub fn content(event: &StoredEvent) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(b"leadboard audit record 1");
    hash.update(&event.at.to_be_bytes());
    let fields =
        [Some(&event.actor), Some(&event.what), event.lead_id.as_ref(), event.trace_id.as_ref(), Some(&event.details)];
    for field in fields {
        field_into(&mut hash, field.map(String::as_str));
    }
    hex(hash.finish().as_ref())
}

/// Hash of a place in the chain: SHA-256 over the link before, the place, and the record's hash. Hexadecimal.
fn link(before: &str, seq: i64, content: &str) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(b"leadboard audit link 1");
    hash.update(&seq.to_be_bytes());
    field_into(&mut hash, Some(before));
    field_into(&mut hash, Some(content));
    hex(hash.finish().as_ref())
}

fn field_into(hash: &mut Context, field: Option<&str>) {
    hash.update(&[u8::from(field.is_some())]);
    if let Some(text) = field {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
}

/// The seal of a record that comes after another seal, or is the first.
pub fn seal(event: &StoredEvent, before: Option<&Seal>) -> Seal {
    let seq = before.map_or(1, |seal| seal.seq + 1);
    let content = content(event);
    let link = link(before.map_or(GENESIS, |seal| &seal.link), seq, &content);
    Seal { seq, audit_id: event.id, content, link }
}

/// The end of the chain: who keeps it elsewhere can tell later whether the chain up to here is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its place.
    pub seq: i64,
    /// Its link.
    pub link: String,
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.link)
    }
}

impl std::str::FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.trim().split_once(':');
        let head = parts.and_then(|(seq, link)| Some(Self { seq: seq.parse().ok()?, link: link.to_owned() }));
        head.filter(|head| head.seq > 0 && head.link.len() == 64 && head.link.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or_else(|| format!("{text:?} is no head of a chain; it is NUMBER:HASH, as `audit verify` prints it"))
    }
}

/// A head as a line of a file that is kept elsewhere: when, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// When it was the head.
    pub at: DateTime<Utc>,
    /// The head.
    pub head: Head,
}

impl std::fmt::Display for Anchored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.at.to_rfc3339_opts(SecondsFormat::Secs, true), self.head)
    }
}

/// The heads in the text of such a file, in its order.
///
/// # Errors
/// The first line that is none, in words.
pub fn anchored(text: &str) -> Result<Vec<Anchored>, String> {
    let line = |(number, line): (usize, &str)| {
        let parts = line.split_once(' ');
        parts
            .and_then(|(at, head)| Some(Anchored { at: at.parse().ok()?, head: head.parse().ok()? }))
            .ok_or_else(|| format!("line {} is no head of an audit chain: {line:?}", number + 1))
    };
    text.lines().enumerate().filter(|(_, text)| !text.is_empty()).map(line).collect()
}

/// What is wrong at one place of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// A record is not what was sealed.
    Changed {
        /// Place in the chain.
        seq: i64,
        /// Number of the record.
        audit_id: i64,
        /// The record as it stands now.
        record: String,
    },
    /// A sealed record is not there any more.
    Missing {
        /// Place in the chain.
        seq: i64,
        /// Number of the record.
        audit_id: i64,
    },
    /// A record stands where another was sealed.
    Moved {
        /// Place in the chain.
        seq: i64,
        /// Number of the record.
        audit_id: i64,
        /// Where it was sealed.
        sealed_at: i64,
    },
    /// Seals are missing: the chain jumps.
    Gap {
        /// First missing place.
        from: i64,
        /// Last missing place.
        until: i64,
    },
    /// The seals themselves were changed or put in another order.
    BrokenLink {
        /// Where the chain does not follow from what is before.
        seq: i64,
    },
    /// A record that was written behind the program's back: neither sealed nor waiting for it.
    Unsealed {
        /// Number of the record.
        audit_id: i64,
        /// The record.
        record: String,
    },
    /// A head that was kept elsewhere is not in the chain: it was made anew, or its end was cut off.
    OtherHead {
        /// Place of the head.
        seq: i64,
        /// What stands there now.
        found: Option<String>,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed { seq, audit_id, record } => {
                write!(f, "record {audit_id} (place {seq}) was changed; it now says: {record}")
            }
            Self::Missing { seq, audit_id } => write!(f, "record {audit_id} (place {seq}) is missing"),
            Self::Moved { seq, audit_id, sealed_at } => {
                write!(f, "record {audit_id} stands at place {seq}, but was sealed at place {sealed_at}")
            }
            Self::Gap { from, until } if from == until => write!(f, "the seal of place {from} is missing"),
            Self::Gap { from, until } => write!(f, "the seals of places {from} to {until} are missing"),
            Self::BrokenLink { seq } => {
                write!(f, "the seal at place {seq} does not follow from the one before: seals were changed or moved")
            }
            Self::Unsealed { audit_id, record } => {
                write!(f, "record {audit_id} was added without a seal; it says: {record}")
            }
            Self::OtherHead { seq, found: Some(found) } => {
                write!(f, "place {seq} was kept with another hash; the chain now has {found} there")
            }
            Self::OtherHead { seq, found: None } => write!(f, "the chain ends before place {seq}, which was kept"),
        }
    }
}

/// Whether the trail is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Audit records there are.
    pub records: u64,
    /// Of those, sealed.
    pub sealed: u64,
    /// Of those, waiting for their seal; nothing can be said of them.
    pub waiting: u64,
    /// The end of the chain.
    pub head: Option<Head>,
    /// How much is wrong.
    pub fault_count: u64,
    /// The first of what is wrong.
    pub faults: Vec<Fault>,
}

/// Walks the whole chain. `kept` are heads that were kept elsewhere.
pub async fn verify(store: &dyn Store, kept: &[Head]) -> Result<Verification, AppError> {
    let mut walk = Walk::default();
    loop {
        let page = store.seals_after(walk.last.as_ref().map_or(0, |seal| seal.seq), PAGE).await?;
        if page.is_empty() {
            break;
        }
        for (seal, event) in page {
            walk.step(seal, event.as_ref(), kept);
        }
    }
    let end = walk.last.as_ref().map_or(0, |seal| seal.seq);
    for head in kept.iter().filter(|head| head.seq > end) {
        walk.faults.push(Fault::OtherHead { seq: head.seq, found: None });
    }
    let totals = store.audit_totals().await?;
    let unchained = store.unchained(PAGE).await?;
    let mut faults = walk.ordered();
    faults.extend(unchained.iter().map(|event| Fault::Unsealed { audit_id: event.id, record: words(event) }));
    let fault_count = faults.len() as u64;
    faults.truncate(NAMED);
    Ok(Verification {
        ok: fault_count == 0,
        records: totals.records,
        sealed: totals.seals,
        waiting: totals.waiting,
        head: walk.last.map(|seal| Head { seq: seal.seq, link: seal.link }),
        fault_count,
        faults,
    })
}

/// A walk along the chain.
#[derive(Default)]
struct Walk {
    last: Option<Seal>,
    faults: Vec<Fault>,
    /// Records that are not what their seal says: the seal's content, and the record's own.
    strangers: Vec<(Seal, String, String)>,
}

impl Walk {
    fn step(&mut self, seal: Seal, event: Option<&StoredEvent>, kept: &[Head]) {
        let expected = self.last.as_ref().map_or(1, |last| last.seq + 1);
        if seal.seq > expected {
            self.faults.push(Fault::Gap { from: expected, until: seal.seq - 1 });
        } else {
            let before = self.last.as_ref().map_or(GENESIS, |last| &last.link);
            if link(before, seal.seq, &seal.content) != seal.link {
                self.faults.push(Fault::BrokenLink { seq: seal.seq });
            }
        }
        match event {
            None => self.faults.push(Fault::Missing { seq: seal.seq, audit_id: seal.audit_id }),
            Some(event) => {
                let found = content(event);
                if found != seal.content {
                    self.strangers.push((seal.clone(), found, words(event)));
                }
            }
        }
        for head in kept.iter().filter(|head| head.seq == seal.seq && head.link != seal.link) {
            self.faults.push(Fault::OtherHead { seq: head.seq, found: Some(seal.link.clone()) });
        }
        self.last = Some(seal);
    }

    /// Everything found, by place. A record that is not what its seal says, but what another's says, was moved.
    fn ordered(&mut self) -> Vec<Fault> {
        let homes: HashMap<&str, i64> =
            self.strangers.iter().map(|(seal, ..)| (seal.content.as_str(), seal.seq)).collect();
        for (seal, found, record) in &self.strangers {
            let (seq, audit_id) = (seal.seq, seal.audit_id);
            self.faults.push(match homes.get(found.as_str()) {
                Some(&sealed_at) => Fault::Moved { seq, audit_id, sealed_at },
                None => Fault::Changed { seq, audit_id, record: record.clone() },
            });
        }
        self.faults.sort_by_key(Fault::place);
        std::mem::take(&mut self.faults)
    }
}

impl Fault {
    /// Where in the chain.
    fn place(&self) -> i64 {
        match self {
            Self::Changed { seq, .. }
            | Self::Missing { seq, .. }
            | Self::Moved { seq, .. }
            | Self::Gap { from: seq, .. }
            | Self::BrokenLink { seq }
            | Self::OtherHead { seq, .. } => *seq,
            Self::Unsealed { .. } => i64::MAX,
        }
    }
}

/// A record in a few words.
fn words(event: &StoredEvent) -> String {
    let when = DateTime::from_timestamp_micros(event.at)
        .map_or_else(|| event.at.to_string(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    let lead = event.lead_id.as_ref().map(|lead| format!(" lead {lead}")).unwrap_or_default();
    format!("{when} {} {}{lead}", event.actor, event.what)
}
