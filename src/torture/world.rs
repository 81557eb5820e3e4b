//! The world of a torture: leads come in bursts, and people of the org do things to them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::TortureError;
use crate::demo::wire::Judge;

/// Most leads of a burst.
const BURST: u64 = 12;
/// Of the leads that come in, so many meet a person early, and so many later.
const EARLY: f64 = 0.06;
const LATER: f64 = 0.06;
/// What people do, by weight.
const ACTS: [(&str, u32); 5] = [("take", 50), ("edit", 20), ("convert", 10), ("merge", 10), ("delete", 10)];

/// How far the world may go, and how far it is. Shared with the director.
#[derive(Debug, Default)]
pub(super) struct Reins {
    /// Leads that may have come in by now.
    pub(super) allowed: AtomicU64,
    /// Leads that have.
    pub(super) arrived: AtomicU64,
    /// Acts of people.
    pub(super) acts: AtomicU64,
}

#[derive(Deserialize)]
struct Arrived {
    leads: Vec<String>,
    late: u64,
}

/// An act to come: when, on which lead (by place in the list).
type Planned = Reverse<(Instant, usize)>;

/// Goes on until it is dropped. Its own calls to the org meet no faults.
pub(super) async fn turn(judge: &Judge, reins: &Reins, seed: u64) -> Result<(), TortureError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut leads: Vec<String> = Vec::new();
    let mut planned: BinaryHeap<Planned> = BinaryHeap::new();
    loop {
        let missing = reins.allowed.load(Ordering::SeqCst).saturating_sub(reins.arrived.load(Ordering::SeqCst));
        if missing > 0 {
            let count = random.random_range(1..=missing.min(BURST));
            let answer = judge.post("arrivals", json!({ "count": count })).await?;
            let arrived: Arrived = serde_json::from_value(answer)
                .map_err(|error| TortureError::Unexpected(format!("the org answered arrivals with {error}")))?;
            reins.arrived.fetch_add(arrived.leads.len() as u64 + arrived.late, Ordering::SeqCst);
            for lead in arrived.leads {
                plan(&mut random, &mut planned, leads.len());
                leads.push(lead);
            }
        }
        while let Some(Reverse((_, place))) = planned.peek().copied().filter(|next| next.0.0 <= Instant::now()) {
            planned.pop();
            let done = judge.post("person", json!({ "lead": leads[place], "act": act(&mut random) })).await?;
            reins.acts.fetch_add(u64::from(done["done"] == true), Ordering::SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(5..60))).await;
    }
}

/// Whether, and when, somebody does something to a new lead: before anybody else had the time to, or later.
fn plan(random: &mut ChaCha8Rng, planned: &mut BinaryHeap<Planned>, place: usize) {
    let draw: f64 = random.random();
    let wait = if draw < EARLY {
        random.random_range(0..700)
    } else if draw < EARLY + LATER {
        random.random_range(700..6_000)
    } else {
        return;
    };
    planned.push(Reverse((Instant::now() + Duration::from_millis(wait), place)));
}

fn act(random: &mut ChaCha8Rng) -> &'static str {
    let mut left = random.random_range(0..ACTS.iter().map(|(_, weight)| weight).sum());
    for (act, weight) in ACTS {
        if left < weight {
            return act;
        }
        left -= weight;
    }
    ACTS[0].0
}
