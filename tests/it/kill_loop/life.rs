//! The program that is killed: it goes on where an earlier life stopped, and says what is done after each transaction.

#![expect(clippy::print_stdout, reason = "the acknowledgements")]

use std::path::Path;
use std::sync::Arc;

use leadboard::app::ports::{EffectResult, Store, StoreError};
use leadboard::store::{PostgresStore, SqliteStore};

use super::{LIFE, PLACE};
use crate::store_fixtures::{GRACE, at, decision, in_lane, rep};

/// Seconds of the stories' time from one life to the next: longer than the lease that the dead one held.
const LIFETIME: i64 = 1_000;
const LEASE: i64 = 100;
/// Effects of earlier lives that are taken up together with one's own.
const AT_ONCE: u32 = 4;
const SEALED_AT_ONCE: u32 = 64;

pub(super) fn lead(n: u64) -> String {
    format!("lead-{n:06}")
}

/// The store at a place: a PostgreSQL where it is a URL, else a file.
pub(super) async fn open(place: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(if place.starts_with("postgres") {
        Arc::new(PostgresStore::open(place).await?)
    } else {
        Arc::new(SqliteStore::open(Path::new(place)).await?)
    })
}

#[tokio::test]
#[ignore = "is killed; the tests above start it"]
#[expect(clippy::disallowed_methods, reason = "told by the test that starts it")]
async fn goes_on() {
    let place = std::env::var(PLACE).unwrap();
    let life: i64 = std::env::var(LIFE).unwrap().parse().unwrap();
    let store = open(&place).await.unwrap();
    let sum = store.conservation().await.unwrap();
    assert_eq!(sum.lost(), 0, "{sum:?}");
    let sent = store.effect_counts().await.unwrap().sent;
    println!("FOUND {} {} {sent}", sum.received, sum.decided);
    let now = at(life * LIFETIME + 11 + GRACE);
    let (mut received, mut decided, mut written) = (sum.received, sum.decided, sent);
    loop {
        let next = lead(received);
        in_lane(store.as_ref(), &next).await;
        received += 1;
        println!("DONE {received} {decided} {written}");
        store.decide(decision(&next, 0, 10, true)).await.unwrap();
        decided += 1;
        println!("DONE {received} {decided} {written}");
        for effect in store.claim_effects("w", AT_ONCE, now + chrono::TimeDelta::seconds(LEASE), now).await.unwrap() {
            let stamps = Some((at(12), at(12)));
            let done = EffectResult::Done { owner_after: Some(rep("best")), stamps, source: None };
            assert!(store.finish_effect(&effect, done, now).await.unwrap());
            written += 1;
            println!("DONE {received} {decided} {written}");
        }
        store.seal(SEALED_AT_ONCE).await.unwrap();
    }
}
