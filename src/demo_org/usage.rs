//! How many API calls were made: for the allocation, and for whoever wants to know what routing a lead costs.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::rest::CallKind;
use super::stamp::Stamp;

/// Counters since the start of the process.
#[derive(Debug)]
pub(super) struct Usage {
    limit: u64,
    /// Calls by the hour in which they came; what is older than a day counts no more.
    by_hour: BTreeMap<i64, u64>,
    by_kind: BTreeMap<CallKind, u64>,
    at_mark: BTreeMap<CallKind, u64>,
}

impl Usage {
    /// Nothing used of an allocation of so many calls in 24 hours.
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, by_hour: BTreeMap::new(), by_kind: BTreeMap::new(), at_mark: BTreeMap::new() }
    }

    /// Counts a call. False if the allocation is used up; then it is not counted.
    pub(super) fn count(&mut self, kind: CallKind, now: Stamp) -> bool {
        let hour = now.seconds().div_euclid(3_600);
        self.by_hour.retain(|counted, _| *counted > hour - 24);
        if self.used() >= self.limit {
            return false;
        }
        *self.by_hour.entry(hour).or_default() += 1;
        *self.by_kind.entry(kind).or_default() += 1;
        true
    }

    /// Calls in the last 24 hours and the allocation.
    pub(super) fn used_and_limit(&self) -> (u64, u64) {
        (self.used(), self.limit)
    }

    fn used(&self) -> u64 {
        self.by_hour.values().sum()
    }

    /// Counts from here on, for the second half of [`Usage::report`].
    pub(super) fn mark(&mut self) {
        self.at_mark = self.by_kind.clone();
    }

    /// Calls by kind, since the start and since the mark.
    pub(super) fn report(&self) -> Json {
        let mut since_mark = self.by_kind.clone();
        for (kind, count) in &mut since_mark {
            *count -= self.at_mark.get(kind).copied().unwrap_or_default();
        }
        json!({ "since_start": by_kind(&self.by_kind), "since_mark": by_kind(&since_mark) })
    }
}

fn by_kind(counts: &BTreeMap<CallKind, u64>) -> Json {
    let kinds: Map<String, Json> =
        counts.iter().map(|(kind, count)| (<&'static str>::from(kind).to_owned(), json!(count))).collect();
    json!({ "total": counts.values().sum::<u64>(), "by_kind": kinds })
}
