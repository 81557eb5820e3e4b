//! Who has had their share: an account of leads for each rep, exact to the millionth of a lead.
//!
//! Each lead that is decided entitles every rep of its pool to a share of it, by weight, and is charged to the one who got
//! it. What a rep got less what they were entitled to is how far they are *ahead* (behind, where it is negative). Shares of
//! a lead add up to exactly one lead (largest remainders), so over everybody the account balances for ever.
//!
//! Nothing is earned by those who are not in the pool: a rep on leave comes back to the balance that they left with, and
//! nobody is flooded to make up for it. A new rep starts at nothing. A lead that was disqualified or given back is taken
//! out again, for everybody, as if it had never come ([`Entry::credit_back`]).
//!
//! The rep who is furthest behind once the lead's shares are counted has the next turn. In a pool that does not change that
//! is smooth weighted round robin, in which nobody is ever a whole lead ahead. Where others choose (the model, a manager),
//! [`Ledger::within`] keeps everybody within a bound, as long as somebody is below it.
//!
//! The ledger is the sum of its entries: entries are for an append-only table, the ledger can be made from them at any time.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{LeadId, RepId};
use crate::domain::number::decimals;

/// One lead, in the unit of the accounts.
pub const LEAD: i64 = 1_000_000;
/// Weight of a rep with an ordinary share.
pub const ORDINARY: u32 = 1_000;

/// What a manager can set about fairness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FairnessSettings {
    /// How many leads anybody may get ahead of their share. Without it only the round robin looks at shares.
    pub ahead_at_most: Option<f64>,
}

impl FairnessSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let leads = self.ahead_at_most.filter(|leads| !(leads.is_finite() && *leads >= 0.0))?;
        Some(format!("[fairness] ahead_at_most = {leads}: it must be 0 or more"))
    }

    /// The bound in millionths of a lead; what is no sensible number bounds nothing.
    pub fn bound(&self) -> Option<i64> {
        let leads = self.ahead_at_most.filter(|leads| leads.is_finite() && *leads >= 0.0)?;
        Some((leads.min(1e9) * LEAD as f64).round() as i64)
    }
}

/// A rep of a lead's pool and the weight of their share, in thousandths of an ordinary one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// The rep.
    pub rep: RepId,
    /// [`ORDINARY`] for an ordinary share; a rep of weight 0 has a turn only where nobody else is.
    pub weight: u32,
}

/// A rep's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What they got, in millionths of a lead.
    pub got: i64,
    /// What they were entitled to, in the same.
    pub entitled: i64,
    /// When they last got a lead.
    pub last_at: Option<DateTime<Utc>>,
}

impl Account {
    /// How far ahead they are; negative is behind.
    pub const fn balance(&self) -> i64 {
        self.got - self.entitled
    }
}

/// Why an entry was made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// A lead was decided.
    Decided,
    /// The rep found that the lead is none.
    Disqualified,
    /// The rep gave the lead back.
    Returned,
    /// The decision was taken back.
    Undone,
    /// A manager set a balance.
    Calibrated,
}

/// What one event did to the accounts. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub kind: EntryKind,
    /// The lead, unless a manager set a balance.
    pub lead_id: Option<LeadId>,
    /// One line for each rep concerned, by rep.
    pub lines: Vec<Line>,
}

/// What an entry did to one account, in millionths of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The rep.
    pub rep: RepId,
    /// Added to what they got.
    pub got: i64,
    /// Added to what they were entitled to.
    pub entitled: i64,
}

impl Entry {
    /// The entry that takes this one out again, for everybody.
    #[must_use]
    pub fn credit_back(&self, kind: EntryKind, at: DateTime<Utc>) -> Self {
        let opposite = |line: &Line| Line { rep: line.rep.clone(), got: -line.got, entitled: -line.entitled };
        Self { at, kind, lead_id: self.lead_id.clone(), lines: self.lines.iter().map(opposite).collect() }
    }
}

/// Where a rep stands when a lead comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The rep.
    pub rep: RepId,
    /// How far ahead they were before the lead came, in millionths of a lead.
    pub balance: i64,
    /// Their share of this lead.
    pub share: i64,
    /// When they last got a lead.
    pub last_at: Option<DateTime<Utc>>,
}

impl Turn {
    /// How far ahead they are if somebody else gets the lead.
    pub const fn without(&self) -> i64 {
        self.balance - self.share
    }

    /// How far ahead they are if they get it.
    pub const fn with(&self) -> i64 {
        self.without() + LEAD
    }

    /// Where they stand: `Bob: 1.4 leads behind their share`.
    pub fn words(&self, name: &str) -> String {
        format!("{name}: {}", standing(self.balance))
    }
}

/// `1.4 leads behind their share`, to a tenth.
pub fn standing(balance: i64) -> String {
    let tenths = (balance.abs() + LEAD / 20) / (LEAD / 10);
    let leads = format!("{}.{} {}", tenths / 10, tenths % 10, if tenths == 10 { "lead" } else { "leads" });
    match (tenths, balance > 0) {
        (0, _) => "even with their share".to_owned(),
        (_, true) => format!("{leads} ahead of their share"),
        (_, false) => format!("{leads} behind their share"),
    }
}

/// How far ahead with a lead, and the bound in leads, with as many decimals as tell the two apart: `1.04 leads ahead of
/// their share` and `1.00`.
pub fn beside_bound(with: i64, bound: i64) -> (String, String) {
    let leads = |millionths: i64| millionths as f64 / LEAD as f64;
    let n = decimals(leads(with), leads(bound), 1);
    let bound = format!("{:.n$}", leads(bound));
    // Only what is ahead can be beyond a bound, and what would be read as nothing is told as it always is.
    let with = if n == 1 { standing(with) } else { format!("{:.n$} leads ahead of their share", leads(with)) };
    (with, bound)
}

/// Who of a pool may get a lead without getting too far ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// Those who may, by turn.
    pub may: Vec<Turn>,
    /// Those who are passed over, by turn.
    pub passed_over: Vec<Turn>,
    /// Everybody is at the bound, and the lead goes to who is least ahead all the same: the only one who may.
    pub nobody_below: bool,
    /// The bound, in millionths of a lead.
    pub bound: i64,
}

impl Within {
    /// Why this rep is passed over, or may be although at the bound; `None` where the bound says nothing of them.
    pub fn words(&self, rep: &RepId, name: &str) -> Option<String> {
        if let Some(turn) = self.passed_over.iter().find(|turn| turn.rep == *rep) {
            let (with, bound) = beside_bound(turn.with(), self.bound);
            let why = if self.nobody_below { "somebody else is less far ahead" } else { "others are below it" };
            return Some(format!("{name} would be {with}, beyond the bound of {bound}, and {why}."));
        }
        let least = self.may.first().filter(|turn| self.nobody_below && turn.rep == *rep)?;
        let (with, bound) = beside_bound(least.with(), self.bound);
        Some(format!("Everybody is at the bound of {bound} leads; {name} is the least ahead ({with} with this lead)."))
    }
}

/// The accounts of all reps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    accounts: BTreeMap<RepId, Account>,
}

impl Ledger {
    /// The ledger that these entries make.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.apply(entry);
        }
        ledger
    }

    /// Books an entry.
    pub fn apply(&mut self, entry: &Entry) {
        let book = |account: &mut Account, line: &Line| {
            account.got += line.got;
            account.entitled += line.entitled;
            if line.got > 0 && entry.kind == EntryKind::Decided {
                account.last_at = account.last_at.max(Some(entry.at));
            }
        };
        let mut rest: Vec<&Line> = Vec::new();
        if side_by_side(entry.lines.iter().map(|line| &line.rep), self.accounts.len()) {
            let mut accounts = self.accounts.iter_mut().peekable();
            for line in &entry.lines {
                while accounts.next_if(|(rep, _)| **rep < line.rep).is_some() {}
                match accounts.next_if(|(rep, _)| **rep == line.rep) {
                    Some((_, account)) => book(account, line),
                    None => rest.push(line),
                }
            }
        } else {
            rest.extend(&entry.lines);
        }
        for line in rest {
            match self.accounts.get_mut(&line.rep) {
                Some(account) => book(account, line),
                None => book(self.accounts.entry(line.rep.clone()).or_default(), line),
            }
        }
    }

    /// The account of a rep, if they ever had or could have had a lead.
    pub fn known(&self, rep: &RepId) -> Option<&Account> {
        self.accounts.get(rep)
    }

    /// Whether a lead more could put anybody further ahead of their share than this bound, be their share of it as small as
    /// it may.
    pub fn is_near(&self, bound: i64) -> bool {
        bound < LEAD || self.accounts.values().any(|account| account.balance() + LEAD > bound)
    }

    /// A rep's account; that of a new rep is empty.
    pub fn account(&self, rep: &RepId) -> Account {
        self.accounts.get(rep).cloned().unwrap_or_default()
    }

    /// All accounts, by rep.
    pub fn accounts(&self) -> impl Iterator<Item = (&RepId, &Account)> {
        self.accounts.iter()
    }

    /// What giving this lead to this rep does to the accounts. `pool` are those who could have had it. A rep from outside
    /// it (an account owner, a manager's choice) is charged all the same.
    pub fn decided(lead_id: LeadId, pool: &[Stake], to: &RepId, at: DateTime<Utc>) -> Entry {
        let line = |rep: &RepId, got, entitled| Line { rep: rep.clone(), got, entitled };
        let mut lines: Vec<Line> =
            pool.iter().zip(shares(pool)).map(|(stake, share)| line(&stake.rep, 0, share)).collect();
        // Nobody was in the pool: who gets it anyway is entitled to what they get, so that the account balances.
        lines.push(line(to, LEAD, if pool.is_empty() { LEAD } else { 0 }));
        lines.sort_by(|a, b| a.rep.cmp(&b.rep));
        lines.dedup_by(|later, kept| {
            let same = later.rep == kept.rep;
            if same {
                kept.got += later.got;
                kept.entitled += later.entitled;
            }
            same
        });
        Entry { at, kind: EntryKind::Decided, lead_id: Some(lead_id), lines }
    }

    /// What sets a rep's balance, in millionths of a lead.
    pub fn calibrated(&self, rep: &RepId, balance: i64, at: DateTime<Utc>) -> Entry {
        let line = Line { rep: rep.clone(), got: 0, entitled: self.account(rep).balance() - balance };
        Entry { at, kind: EntryKind::Calibrated, lead_id: None, lines: vec![line] }
    }

    /// The pool in the order of the round robin: who is furthest behind once this lead's shares are counted, then who has
    /// waited longest, then by id. The first has the turn.
    pub fn turns(&self, pool: &[Stake]) -> Vec<Turn> {
        let pool = self.entitled(pool);
        let mut queue = queue(&pool);
        queue.sort_by(Queued::cmp);
        queue.iter().map(Queued::turn).collect()
    }

    /// A pool with the accounts of its reps.
    fn entitled<'a>(&'a self, pool: &'a [Stake]) -> Vec<Entitled<'a>> {
        let walk = side_by_side(pool.iter().map(|stake| &stake.rep), self.accounts.len());
        let mut accounts = self.accounts.iter().peekable();
        let mut account_of = |wanted: &RepId| {
            if !walk {
                return self.accounts.get(wanted);
            }
            while accounts.next_if(|(rep, _)| *rep < wanted).is_some() {}
            accounts.next_if(|(rep, _)| *rep == wanted).map(|(_, account)| account)
        };
        let entitled = |Stake { rep, weight }: &'a Stake| Entitled { rep, weight: *weight, account: account_of(rep) };
        pool.iter().map(entitled).collect()
    }

    /// Who of the pool may get a lead, such that nobody gets further ahead than the bound while somebody is below it.
    pub fn within(&self, pool: &[Stake], bound: i64) -> Within {
        let (mut may, mut passed_over): (Vec<_>, Vec<_>) =
            self.turns(pool).into_iter().partition(|turn| turn.with() <= bound);
        let nobody_below = may.is_empty() && !passed_over.is_empty();
        if nobody_below {
            may.push(passed_over.remove(0));
        }
        Within { may, passed_over, nobody_below, bound }
    }
}

impl FromIterator<(RepId, Account)> for Ledger {
    fn from_iter<T: IntoIterator<Item = (RepId, Account)>>(accounts: T) -> Self {
        Self { accounts: accounts.into_iter().collect() }
    }
}

/// Whether these reps are met sooner by going through all accounts along with them than by looking each up: they are in
/// order, and they are many.
fn side_by_side<'a>(reps: impl ExactSizeIterator<Item = &'a RepId>, accounts: usize) -> bool {
    4 * reps.len() > accounts && reps.is_sorted_by(|a, b| a < b)
}

/// How many leads more a rep may get who is entitled to so much (millionths of a lead) of those that are given.
pub fn allowance(account: Option<&Account>, entitled: i64, bound: i64) -> u32 {
    let balance = account.map_or(0, Account::balance);
    (bound - balance + entitled).div_euclid(LEAD).clamp(0, i64::from(u32::MAX)) as u32
}

/// One who could have a lead, with the weight of their share and what they had so far.
#[derive(Clone, Copy, Debug)]
pub struct Entitled<'a> {
    /// The rep.
    pub rep: &'a RepId,
    /// The weight of their share.
    pub weight: u32,
    /// Their account; `None` where they never had or could have had a lead.
    pub account: Option<&'a Account>,
}

/// Those of [`Ledger::within`] who are passed over, and whether nobody is below the bound; the others are not put into any
/// order, which is most of the work.
pub fn passed_over(pool: &[Entitled<'_>], bound: i64) -> (Vec<Turn>, bool) {
    let mut ahead = queue(pool);
    ahead.retain(|one| one.with() > bound);
    ahead.sort_by(Queued::cmp);
    let nobody_below = !ahead.is_empty() && ahead.len() == pool.len();
    (ahead.iter().skip(usize::from(nobody_below)).map(Queued::turn).collect(), nobody_below)
}

/// A rep in the queue of the round robin.
struct Queued<'a> {
    /// Of no weight among some who have one: after them.
    last: bool,
    rep: &'a RepId,
    balance: i64,
    share: i64,
    last_at: Option<DateTime<Utc>>,
}

/// A pool as a queue, not in order yet.
fn queue<'a>(pool: &[Entitled<'a>]) -> Vec<Queued<'a>> {
    let weightless = pool.iter().all(|one| one.weight == 0);
    let queued = |(one, share): (&Entitled<'a>, i64)| Queued {
        last: one.weight == 0 && !weightless,
        rep: one.rep,
        balance: one.account.map_or(0, Account::balance),
        share,
        last_at: one.account.and_then(|account| account.last_at),
    };
    pool.iter().zip(shares_of(pool)).map(queued).collect()
}

impl Queued<'_> {
    const fn without(&self) -> i64 {
        self.balance - self.share
    }

    const fn with(&self) -> i64 {
        self.without() + LEAD
    }

    fn turn(&self) -> Turn {
        Turn { rep: self.rep.clone(), balance: self.balance, share: self.share, last_at: self.last_at }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let key = |one: &Self| (one.last, one.without(), one.last_at);
        key(self).cmp(&key(other)).then_with(|| self.rep.cmp(other.rep))
    }
}

/// Each rep's share of one lead, in the order of the pool. They add up to exactly [`LEAD`]: what rounding down leaves goes
/// to the largest remainders, and among equals by rep. Where all weights are 0, shares are equal.
pub fn shares(pool: &[Stake]) -> Vec<i64> {
    divide(pool, |stake| stake.weight, |stake| &stake.rep)
}

/// The same of reps whose accounts are known.
pub fn shares_of(pool: &[Entitled<'_>]) -> Vec<i64> {
    divide(pool, |one| one.weight, |one| one.rep)
}

/// The same of weights alone, where the pool is in the order of its reps.
pub fn shares_in_order(weights: &[u32]) -> Vec<i64> {
    largest_remainders(weights, || (0..weights.len()).collect())
}

fn divide<'a, T>(pool: &'a [T], weight: impl Fn(&T) -> u32, rep: impl Fn(&'a T) -> &'a RepId) -> Vec<i64> {
    let weights: Vec<u32> = pool.iter().map(weight).collect();
    largest_remainders(&weights, || {
        let mut order: Vec<usize> = (0..pool.len()).collect();
        order.sort_by_key(|&at| rep(&pool[at]));
        order
    })
}

/// `by_rep` gives the places of the weights in the order of their reps.
fn largest_remainders(weights: &[u32], by_rep: impl FnOnce() -> Vec<usize>) -> Vec<i64> {
    let sum: u64 = weights.iter().copied().map(u64::from).sum();
    let (weightless, sum) = if sum == 0 { (true, weights.len() as u64) } else { (false, sum) };
    // Most weights are like the one before.
    let (mut known, mut part) = (None, (0, 0));
    let parts = weights.iter().map(|&weight| {
        if known != Some(weight) {
            let wanted = if weightless { 1 } else { u64::from(weight) } * LEAD as u64;
            (known, part) = (Some(weight), (wanted / sum, wanted % sum));
        }
        part
    });
    let (mut shares, remainders): (Vec<i64>, Vec<u64>) = parts.map(|(whole, rest)| (whole as i64, rest)).unzip();
    // Less than one for each, because each remainder is less than the sum; in an empty pool there is nobody to get it.
    let left = ((LEAD - shares.iter().sum::<i64>()).max(0) as usize).min(shares.len());
    if left > 0 {
        let order = by_rep();
        let mut first: Vec<(Reverse<u64>, usize)> =
            order.iter().enumerate().map(|(turn, &at)| (Reverse(remainders[at]), turn)).collect();
        first.select_nth_unstable(left - 1);
        for &(_, turn) in &first[..left] {
            shares[order[turn]] += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests;
