//! Whether the owner of a deal is the person who worked the lead.
//!
//! Many teams change the owner when a deal closes: won ones go to an account manager, lost ones to a house account. Then
//! "the rep" of the history says how the deal ended, and a model that ranks reps learns nothing but that.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Utc};

use super::finding::{Bound, Finding, FindingCode, Severity};
use super::names;
use super::report::percent;
use super::row::{AuditRow, Rows};
use super::signal::Power;
use super::tally::Tally;
use crate::domain::deal::Outcome;
use crate::domain::share::Share;
use crate::history::words::{count, counted, quoted_list};

/// Owners that are told apart.
const MAX_OWNERS: usize = 20_000;
/// Fewest closed deals of an owner who is called one-sided.
const MIN_ONE_SIDED: u64 = 30;
/// An owner is one-sided if the win rate is above this, or below its complement, with 97.5 % confidence.
const ONE_SIDED: f64 = 0.9;
/// Fewest open deals in all, and expected open deals of an owner, before having none means anything: by Poisson's law an
/// owner with 10 expected has none in 1 of 22,000 cases.
const MIN_OPEN: u64 = 50;
const MIN_EXPECTED_OPEN: f64 = 10.0;
/// Share of the closed deals held by owners without open deals from which on the column is not the rep's.
const MANY_NEVER_OPEN: f64 = 0.5;

/// What is collected about one owner.
#[derive(Debug, Default)]
struct Owner {
    name: Box<str>,
    won: u64,
    lost: u64,
    open: u64,
    /// Closed deals by the month in which the lead came in.
    closed_by_month: BTreeMap<i32, u64>,
    rows: Rows,
}

impl Owner {
    const fn closed(&self) -> u64 {
        self.won + self.lost
    }

    /// Wilson's interval of the win rate.
    fn win_rate(&self) -> (f64, f64) {
        Share::of(self.won, self.closed()).map_or((0.0, 1.0), |share| (share.low, share.high))
    }
}

/// What is collected about owners.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_name: HashMap<Box<str>, usize>,
    all: Vec<Owner>,
    closed_by_month: BTreeMap<i32, u64>,
    open_by_month: BTreeMap<i32, u64>,
}

/// Months since the year 0.
fn month(at: DateTime<Utc>) -> i32 {
    at.year() * 12 + at.month0() as i32
}

impl Owners {
    pub(super) fn add(&mut self, row: &AuditRow<'_>) {
        let Some(name) = row.rep else { return };
        let at = match self.by_name.get(name) {
            Some(at) => *at,
            None if self.all.len() < MAX_OWNERS => {
                self.by_name.insert(name.into(), self.all.len());
                self.all.push(Owner { name: name.into(), ..Owner::default() });
                self.all.len() - 1
            }
            None => return,
        };
        let Some(owner) = self.all.get_mut(at) else { return };
        let month = row.created.map(month);
        let by_month = |months: &mut BTreeMap<i32, u64>| {
            if let Some(month) = month {
                *months.entry(month).or_default() += 1;
            }
        };
        if let Some(outcome) = row.outcome {
            match outcome {
                Outcome::Won => owner.won += 1,
                Outcome::Lost => owner.lost += 1,
            }
            owner.rows.add(row);
            by_month(&mut owner.closed_by_month);
            by_month(&mut self.closed_by_month);
        } else {
            owner.open += 1;
            by_month(&mut self.open_by_month);
        }
    }

    pub(super) fn with_closed_deals(&self) -> u64 {
        self.closing().count() as u64
    }

    fn closing(&self) -> impl Iterator<Item = &Owner> {
        self.all.iter().filter(|owner| owner.closed() > 0)
    }

    /// Open deals that an owner would have if open deals were spread over owners as the closed ones that came in in the same
    /// months.
    fn expected_open(&self, owner: &Owner) -> f64 {
        let in_month = |(month, open): (&i32, &u64)| {
            let closed = *self.closed_by_month.get(month)? as f64;
            Some(*open as f64 * *owner.closed_by_month.get(month)? as f64 / closed)
        };
        self.open_by_month.iter().filter_map(in_month).sum()
    }
}

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(tells_outcome(tally));
    findings.extend(one_sided(tally));
    findings.extend(never_open(tally));
    findings.extend(placeholders(tally));
    findings.extend(one_rep(tally));
    findings.extend(without_support(tally));
    findings
}

/// Names by deals, most first.
fn most_first(mut owners: Vec<&Owner>) -> Vec<&Owner> {
    owners.sort_by(|a, b| b.closed().cmp(&a.closed()).then_with(|| a.name.cmp(&b.name)));
    owners
}

fn names_of<'o>(owners: &[&'o Owner]) -> impl Iterator<Item = &'o str> {
    owners.iter().map(|owner| &*owner.name).collect::<Vec<_>>().into_iter()
}

fn rows_of(owners: &[&Owner]) -> Rows {
    owners.iter().fold(Rows::default(), |all, owner| all.and(&owner.rows))
}

const CURE: &str = "Name the column of the person who worked the lead in the map (rep = …), for example the owner before closing \
                    or the creator of the opportunity, or leave these deals out.";

fn tells_outcome(tally: &Tally<'_>) -> Option<Finding> {
    let column = tally.rep_column()?;
    let Power { auc, information } = column.power()?;
    let limit = tally.options.block_leak_auc;
    (auc >= limit).then(|| {
        let owners = most_first(tally.owners.closing().collect());
        Finding::new(
            Severity::Blocking,
            FindingCode::OwnerTellsOutcome,
            format!(
                "{} alone almost gives the outcome away (AUC {auc:.3}), so it is not who worked the lead.",
                super::completeness::named(column)
            ),
            CURE,
        )
        .columns([column.declared.name.as_str()])
        .figure("auc", auc)
        .figure("information", information)
        .passes("auc", Bound::Below, limit, "block_leak_auc")
        .rows(&rows_of(&owners))
        .reps(names_of(&owners))
    })
}

fn one_sided(tally: &Tally<'_>) -> Option<Finding> {
    let base = tally.share(tally.won.count);
    let judged = tally.owners.closing().filter(|owner| owner.closed() >= MIN_ONE_SIDED);
    let (mut winners, mut losers) = (Vec::new(), Vec::new());
    for owner in judged {
        let (low, high) = owner.win_rate();
        // Where nearly all deals are won, winning nearly all is no sign of anything.
        if low > ONE_SIDED && base < ONE_SIDED - 0.1 {
            winners.push(owner);
        } else if high < 1.0 - ONE_SIDED && base > 1.1 - ONE_SIDED {
            losers.push(owner);
        }
    }
    let held = |owners: &[&Owner], of: fn(&Owner) -> u64, all: u64| {
        owners.iter().map(|owner| of(owner)).sum::<u64>() as f64 / all.max(1) as f64
    };
    let share =
        held(&winners, |owner| owner.won, tally.won.count).max(held(&losers, |owner| owner.lost, tally.lost.count));
    let severity = if share > tally.options.max_one_sided_share { Severity::Blocking } else { Severity::Warning };
    let details: Vec<String> = most_first(winners.iter().chain(&losers).copied().collect())
        .iter()
        .take(5)
        .map(|owner| {
            let name = quoted_list([&*owner.name], 1);
            format!("{name}: {} of {} won.", count(owner.won), counted(owner.closed(), "deal"))
        })
        .collect();
    let owners = most_first(winners.into_iter().chain(losers).collect());
    let deals: u64 = owners.iter().map(|owner| owner.closed()).sum();
    let n = owners.len() as u64;
    (n > 0).then(|| {
        let (wins, is) = if n == 1 { ("wins or loses", "is it") } else { ("win or lose", "are they") };
        Finding::new(
            severity,
            FindingCode::OneSidedOwners,
            format!(
                "{} {wins} almost every deal ({} of all deals): {is} who worked the leads, or who got them on closing?",
                counted(n, "owner"),
                percent(tally.share(deals))
            ),
            CURE,
        )
        .details(details)
        .figure("owners", n as f64)
        .figure("deals", deals as f64)
        .figure("share_of_outcome", share)
        .passes("share_of_outcome", Bound::AtMost, tally.options.max_one_sided_share, "max_one_sided_share")
        .rows(&rows_of(&owners))
        .reps(names_of(&owners))
    })
}

fn never_open(tally: &Tally<'_>) -> Option<Finding> {
    if tally.open < MIN_OPEN {
        return None;
    }
    let owners = &tally.owners;
    let without: Vec<&Owner> =
        owners.closing().filter(|owner| owner.open == 0 && owners.expected_open(owner) >= MIN_EXPECTED_OPEN).collect();
    let without = most_first(without);
    let deals: u64 = without.iter().map(|owner| owner.closed()).sum();
    let share = tally.share(deals);
    let severity = if share > MANY_NEVER_OPEN { Severity::Blocking } else { Severity::Warning };
    let n = without.len() as u64;
    (n > 0).then(|| {
        let own = if n == 1 { "owns" } else { "own" };
        let details = without.iter().take(5).map(|owner| {
            let (name, expected) = (quoted_list([&*owner.name], 1), owners.expected_open(owner).round());
            format!("{name}: {}, none open where about {expected} would be usual.", counted(owner.closed(), "closed deal"))
        });
        Finding::new(
            severity,
            FindingCode::OwnersNeverOpen,
            format!(
                "{} {own} {} of the closed deals of the same months but no open one: they left, or get deals on closing.",
                counted(n, "owner"),
                percent(share)
            ),
            "If they left, nothing needs to be done. If deals are handed over on closing, name the column of the person who \
             worked the lead in the map (rep = …).",
        )
        .details(details.collect())
        .figure("owners", n as f64)
        .figure("deals", deals as f64)
        .figure("share", share)
        .passes("share", Bound::AtMost, MANY_NEVER_OPEN, "")
        .rows(&rows_of(&without))
        .reps(names_of(&without))
    })
}

fn placeholders(tally: &Tally<'_>) -> Option<Finding> {
    let nobody = most_first(tally.owners.closing().filter(|owner| names::is_nobody(&owner.name)).collect());
    let deals: u64 = nobody.iter().map(|owner| owner.closed()).sum();
    let n = nobody.len() as u64;
    (n > 0).then(|| {
        let (is, deal) =
            if n == 1 { ("seems to be no person", "It holds") } else { ("seem to be no persons", "They hold") };
        Finding::new(
            Severity::Warning,
            FindingCode::PlaceholderOwners,
            format!("By their names, {} {is}: {}.", counted(n, "owner"), quoted_list(names_of(&nobody), 5)),
            "Leave these deals out, or name the column of the person who worked the lead in the map (rep = …).",
        )
        .detail(format!("{deal} {} ({}).", counted(deals, "closed deal"), percent(tally.share(deals))))
        .figure("owners", n as f64)
        .figure("deals", deals as f64)
        .passes("deals", Bound::AtMost, 0.0, "")
        .rows(&rows_of(&nobody))
        .reps(names_of(&nobody))
    })
}

fn one_rep(tally: &Tally<'_>) -> Option<Finding> {
    let all: Vec<&Owner> = tally.owners.closing().collect();
    (all.len() == 1).then(|| {
        let message = "All deals belong to one rep, so nothing can be learned about who should get a lead.";
        let cure = "Name the column of the rep who worked each deal in the map.";
        Finding::new(Severity::Warning, FindingCode::OneRep, message, cure).figure("reps", 1.0).reps(names_of(&all))
    })
}

fn without_support(tally: &Tally<'_>) -> Option<Finding> {
    let needed = tally.options.min_deals_per_rep;
    let thin = most_first(tally.owners.closing().filter(|owner| owner.closed() < needed).collect());
    let deals: u64 = thin.iter().map(|owner| owner.closed()).sum();
    let n = thin.len() as u64;
    (n > 0).then(|| {
        let (have, they) = if n == 1 { ("has", "is") } else { ("have", "are") };
        Finding::new(
            Severity::Note,
            FindingCode::RepsWithoutSupport,
            format!(
                "{} of {} {have} fewer than {needed} closed deals and {they} ranked close to the average.",
                count(n),
                counted(tally.owners.with_closed_deals(), "rep"),
            ),
            "Nothing needs to be done; their ranking sharpens as they close deals.",
        )
        .detail(format!("Together {}, {} of all.", counted(deals, "deal"), percent(tally.share(deals))))
        .figure("reps", n as f64)
        .figure("deals", deals as f64)
        .figure("share", tally.share(deals))
        .figure("needed_deals", needed as f64)
        .passes("reps", Bound::AtMost, 0.0, "min_deals_per_rep")
        .reps(names_of(&thin))
    })
}
