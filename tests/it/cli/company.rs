//! The history of a made-up company as CSV: twelve reps in two territories. The same seed gives the same file.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the columns mean.
pub(crate) const MAP: &str = r#"
[columns]
lead_id = "Lead"
created = "Created"
closed = "Closed"
rep = "Owner"
outcome = "Stage"
source = "Source"
industry = "Industry"
revenue = "Revenue"
employees = "Employees"
territory = "Region"

[outcome]
won = ["Won"]
lost = ["Lost"]
open = ["Open"]
"#;
pub(crate) const HEADER: &str = "Lead,Created,Closed,Owner,Stage,Source,Industry,Revenue,Employees,Region\n";
pub(crate) const GOOD: &str = "a-1,2024-01-02,2024-02-01,Ana,Won,Web,Tech,100000,12,North\n";

const DEALS: i64 = 3_000;
const SOURCES: [(&str, f64); 3] = [("Referral", 0.9), ("Web", 0.0), ("Cold call", -0.9)];
const INDUSTRIES: [&str; 3] = ["Tech", "Health", "Retail"];

/// Whether the outcomes of a company can be known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Sources differ, and every rep has an industry of their own.
    Signal,
    /// Every outcome is the toss of a coin.
    Coin,
}

/// The rep who has the `i`th lead: `N0` to `N5` work the North, `S0` to `S5` the South.
pub(crate) fn rep(i: i64) -> String {
    format!("{}{}", if i % 2 == 0 { "N" } else { "S" }, (i / 2) % 6)
}

/// Three thousand closed deals of two years.
pub(crate) fn history(seed: u64, truth: Truth) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let start: DateTime<Utc> = "2023-01-01T08:00:00Z".parse().unwrap();
    let mut csv = HEADER.to_owned();
    for i in 0..DEALS {
        let created = start + TimeDelta::hours(6 * i);
        let closed = created + TimeDelta::days(rng.random_range(2..40));
        let (source, pull) = SOURCES[rng.random_range(0..SOURCES.len())];
        let industry = rng.random_range(0..INDUSTRIES.len());
        let own = (i / 2) % 3 == industry as i64;
        let log_odds = match truth {
            Truth::Signal => -0.6 + pull + if own { 1.2 } else { -0.6 },
            Truth::Coin => 0.0,
        };
        let won = rng.random::<f64>() < 1.0 / (1.0 + f64::exp(-log_odds));
        let (employees, region) = (rng.random_range(5..500), if i % 2 == 0 { "North" } else { "South" });
        writeln!(
            csv,
            "d-{i},{},{},{},{},{source},{},{},{employees},{region}",
            created.format("%Y-%m-%dT%H:%M:%SZ"),
            closed.format("%Y-%m-%d"),
            rep(i),
            if won { "Won" } else { "Lost" },
            INDUSTRIES[industry],
            employees * 90_000,
        )
        .unwrap();
    }
    csv
}
