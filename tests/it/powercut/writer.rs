//! The program whose power is cut: leads received, ranked, decided and written, each step acknowledged on standard output
//! after its transaction.

#![expect(clippy::print_stdout, reason = "the acknowledgements")]

use std::path::Path;

use leadboard::app::ports::{DecisionStore, EffectResult};
use leadboard::store::SqliteStore;

use crate::store_fixtures::{GRACE, at, decision, in_lane, rep};

/// The database, in the current directory.
pub(super) const FILE: &str = "leadboard.db";
const LEADS: usize = 40;

pub(super) fn lead(n: usize) -> String {
    format!("lead-{n:03}")
}

#[tokio::test]
#[ignore = "runs under strace, in a directory that the test above gives it"]
async fn writes() {
    let store = SqliteStore::open(&Path::new(".").join(FILE)).await.unwrap();
    for n in 0..LEADS {
        in_lane(&store, &lead(n)).await;
        println!("ACK received {}", n + 1);
        store.decide(decision(&lead(n), 0, 10, true)).await.unwrap();
        println!("ACK decided {}", n + 1);
        let now = at(11 + GRACE);
        let effects = store.claim_effects("w", 4, at(100), now).await.unwrap();
        for effect in effects {
            let done =
                EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(12), at(12))), source: None };
            assert!(store.finish_effect(&effect, done, now).await.unwrap());
        }
        println!("ACK written {}", n + 1);
    }
    store.close().await;
}
