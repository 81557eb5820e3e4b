use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn rep(i: usize) -> RepId {
    RepId::new(format!("r{i:02}"))
}

fn pool(weights: &[u32]) -> Vec<Stake> {
    weights.iter().enumerate().map(|(i, &weight)| Stake { rep: rep(i), weight }).collect()
}

fn lead(i: usize) -> LeadId {
    LeadId::new(format!("l{i}"))
}

/// Round robin over so many leads; the reps by turn.
fn round_robin(ledger: &mut Ledger, pool: &[Stake], leads: usize) -> Vec<RepId> {
    (0..leads)
        .map(|i| {
            let first = ledger.turns(pool).remove(0).rep;
            ledger.apply(&Ledger::decided(lead(i), pool, &first, at(i as i64)));
            first
        })
        .collect()
}

#[test]
fn weights_are_honoured_lead_by_lead() {
    let turns = round_robin(&mut Ledger::default(), &pool(&[3_000, 1_000, 1_000]), 10);
    let names: Vec<&str> = turns.iter().map(RepId::as_str).collect();
    assert_eq!(names, ["r00", "r01", "r00", "r02", "r00", "r00", "r01", "r00", "r02", "r00"]);
}

#[test]
fn a_new_rep_and_one_back_from_leave_are_not_flooded() {
    let mut ledger = Ledger::default();
    let two = pool(&[1_000, 1_000]);
    round_robin(&mut ledger, &two, 100);
    let before = ledger.account(&rep(1)).balance();
    // Rep 1 is away for 50 leads.
    round_robin(&mut ledger, &two[..1], 50);
    assert_eq!(ledger.account(&rep(1)).balance(), before);
    let three = pool(&[1_000, 1_000, 1_000]);
    let turns = round_robin(&mut ledger, &three, 9);
    for i in 0..3 {
        assert_eq!(turns.iter().filter(|turn| **turn == rep(i)).count(), 3);
    }
}

#[test]
fn a_rep_explains_where_they_stand() {
    let turn = Turn { rep: rep(1), balance: -1_400_000, share: 0, last_at: None };
    assert_eq!(turn.words("Bob"), "Bob: 1.4 leads behind their share");
    assert_eq!(standing(1_000_000), "1.0 lead ahead of their share");
    assert_eq!(standing(-40_000), "even with their share");
}

#[test]
fn who_is_at_the_bound_is_passed_over_while_somebody_is_below_it() {
    let mut ledger = Ledger::default();
    let two = pool(&[1_000, 1_000]);
    for i in 0..4 {
        ledger.apply(&Ledger::decided(lead(i), &two, &rep(0), at(0)));
    }
    // Two ahead: one more would make 2.5.
    let within = ledger.within(&two, 2 * LEAD);
    assert_eq!(within.may.iter().map(|turn| &turn.rep).collect::<Vec<_>>(), [&rep(1)]);
    let words = within.words(&rep(0), "Ana").unwrap();
    assert_eq!(words, "Ana would be 2.5 leads ahead of their share, beyond the bound of 2.0, and others are below it.");
    let alone = ledger.within(&two[..1], LEAD);
    assert!(alone.nobody_below && alone.may[0].rep == rep(0));
    let words = alone.words(&rep(0), "Ana").unwrap();
    assert!(words.starts_with("Everybody is at the bound of 1.0 leads; Ana is the least ahead"), "{words}");
}

#[test]
fn a_manager_sets_a_balance_and_it_is_in_the_table() {
    let mut ledger = Ledger::default();
    ledger.apply(&Ledger::decided(lead(0), &pool(&[1, 1]), &rep(0), at(0)));
    ledger.apply(&ledger.calibrated(&rep(0), 0, at(1)));
    assert_eq!(ledger.account(&rep(0)).balance(), 0);
}

#[test]
fn settings_are_read_and_nonsense_bounds_nothing() {
    let settings: FairnessSettings = toml::from_str("ahead_at_most = 2.5").unwrap();
    assert_eq!(settings.bound(), Some(2_500_000));
    assert_eq!(FairnessSettings { ahead_at_most: Some(f64::NAN) }.bound(), None);
    assert!(toml::from_str::<FairnessSettings>("ahead = 2").is_err());
}

/// Leads with a pool each (rep and weight), and whom somebody would like to give it to.
fn history(reps: usize) -> impl Strategy<Value = Vec<(Vec<Stake>, usize)>> {
    let stake = (0..reps, prop_oneof![1 => Just(0u32), 9 => 1u32..5_000]);
    let pool = proptest::collection::btree_map(0..reps, stake.prop_map(|(_, weight)| weight), 1..=reps);
    let pool = pool.prop_map(|pool| pool.into_iter().map(|(i, weight)| Stake { rep: rep(i), weight }).collect());
    proptest::collection::vec((pool, any::<prop::sample::Index>().prop_map(|i| i.index(1_000))), 0..60)
}

proptest! {
    #[test]
    fn a_lead_is_shared_out_to_the_last_millionth(
        weights in proptest::collection::vec(any::<u32>(), 1..80), turn in 0usize..80,
    ) {
        let pool = pool(&weights);
        let given = shares(&pool);
        prop_assert_eq!(given.iter().sum::<i64>(), LEAD);
        let sum: f64 = weights.iter().map(|w| f64::from(*w)).sum();
        for (share, weight) in given.iter().zip(&weights) {
            prop_assert!((*share as f64 - f64::from(*weight) / sum * LEAD as f64).abs() <= 1.0 || sum == 0.0);
        }
        // Whatever order the pool is in.
        let by = turn % pool.len();
        let (mut turned, mut expected) = (pool, given);
        turned.rotate_left(by);
        expected.rotate_left(by);
        prop_assert_eq!(shares(&turned), expected);
    }

    /// What rounding down leaves goes to the largest remainders, and among equals to the first.
    #[test]
    fn the_last_millionths_go_to_the_largest_remainders(
        weights in proptest::collection::vec(prop_oneof![Just(0u32), 1u32..5, any::<u32>()], 0..80),
    ) {
        let given = shares_in_order(&weights);
        prop_assert_eq!(&shares(&pool(&weights)), &given);
        let weightless = weights.iter().all(|weight| *weight == 0);
        let parts: Vec<u64> = weights.iter().map(|weight| if weightless { 1 } else { u64::from(*weight) }).collect();
        let sum: u64 = parts.iter().sum();
        let mut wanted: Vec<i64> = parts.iter().map(|part| (part * LEAD as u64 / sum) as i64).collect();
        let left = LEAD - wanted.iter().sum::<i64>();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|&at| Reverse(parts[at] * LEAD as u64 % sum));
        for &at in order.iter().take(left as usize) {
            wanted[at] += 1;
        }
        prop_assert_eq!(given, wanted);
    }

    #[test]
    fn the_account_balances_and_any_entry_can_be_taken_out(
        leads in history(6), which in any::<prop::sample::Index>(),
    ) {
        let entries: Vec<Entry> = leads
            .iter()
            .enumerate()
            // Anybody, in the pool or not.
            .map(|(i, (pool, choice))| Ledger::decided(lead(i), pool, &rep(choice % 6), at(i as i64)))
            .collect();
        let mut ledger = Ledger::of(&entries);
        prop_assert_eq!(ledger.accounts().map(|(_, account)| account.balance()).sum::<i64>(), 0);
        prop_assert_eq!(ledger.accounts().map(|(_, account)| account.got).sum::<i64>(), LEAD * leads.len() as i64);
        if !entries.is_empty() {
            let gone = which.index(entries.len());
            ledger.apply(&entries[gone].credit_back(EntryKind::Returned, at(99)));
            let rest = entries.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, entry)| entry);
            let without = Ledger::of(rest);
            for i in 0..6 {
                prop_assert_eq!(ledger.account(&rep(i)).balance(), without.account(&rep(i)).balance());
            }
        }
        let stored = serde_json::to_string(&ledger).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ledger>(&stored).unwrap(), ledger);
    }

    #[test]
    fn round_robin_in_a_steady_pool_puts_nobody_a_lead_ahead(
        weights in proptest::collection::vec(1u32..10_000, 1..12), leads in 1usize..150,
    ) {
        let mut ledger = Ledger::default();
        let pool = pool(&weights);
        for _ in 0..leads {
            round_robin(&mut ledger, &pool, 1);
            prop_assert!(ledger.accounts().all(|(_, account)| account.balance() < LEAD));
        }
    }

    /// Whatever the pools and whoever is wanted: the bound is passed only by who was the least ahead of a pool in which
    /// nobody was below it.
    #[test]
    fn nobody_gets_beyond_the_bound_while_somebody_is_below_it(leads in history(6), bound in 0..3 * LEAD) {
        let mut ledger = Ledger::default();
        for (i, (pool, choice)) in leads.iter().enumerate() {
            let (before, within) = (ledger.clone(), ledger.within(pool, bound));
            let to = within.may[choice % within.may.len()].clone();
            let others_below = pool.iter().any(|stake| {
                let share = shares(pool)[pool.iter().position(|s| s.rep == stake.rep).unwrap()];
                ledger.account(&stake.rep).balance() - share + LEAD <= bound
            });
            ledger.apply(&Ledger::decided(lead(i), pool, &to.rep, at(i as i64)));
            prop_assert_eq!(within.nobody_below, !others_below);
            prop_assert_eq!(ledger.account(&to.rep).balance(), to.with());
            prop_assert!(to.with() <= bound || !others_below);
            prop_assert_eq!(within.may.len() + within.passed_over.len(), pool.len());
            // The short way to the same: nobody in order whom it is not about, and nothing where nobody can be beyond it.
            prop_assert!(before.is_near(bound) || (within.passed_over.is_empty() && !within.nobody_below));
            prop_assert_eq!(passed_over(&before.entitled(pool), bound), (within.passed_over, within.nobody_below));
        }
    }

    /// In a pool that does not change somebody is always below a bound of one lead, so it is never passed.
    #[test]
    fn in_a_steady_pool_the_bound_is_never_passed(
        weights in proptest::collection::vec(1u32..10_000, 1..10),
        wanted in proptest::collection::vec(0usize..10, 0..120),
        bound in LEAD..5 * LEAD,
    ) {
        let (mut ledger, pool) = (Ledger::default(), pool(&weights));
        for (i, wanted) in wanted.into_iter().enumerate() {
            let within = ledger.within(&pool, bound);
            prop_assert!(!within.nobody_below);
            let to = &within.may[wanted % within.may.len()].rep;
            ledger.apply(&Ledger::decided(lead(i), &pool, to, at(0)));
            prop_assert!(ledger.accounts().all(|(_, account)| account.balance() <= bound));
        }
    }

    #[test]
    fn a_batch_that_keeps_to_the_allowances_ends_within_the_bound(leads in history(6), bound in 0..4 * LEAD) {
        let (before, batch) = leads.split_at(leads.len() / 2);
        let mut ledger = Ledger::default();
        for (i, (pool, choice)) in before.iter().enumerate() {
            ledger.apply(&Ledger::decided(lead(i), pool, &pool[choice % pool.len()].rep, at(0)));
        }
        let start = ledger.clone();
        // What a batch entitles to does not depend on who gets what, so it is known before anybody gets any of it.
        let mut entitled: BTreeMap<RepId, i64> = BTreeMap::new();
        for (pool, _) in batch {
            for (stake, share) in pool.iter().zip(shares(pool)) {
                *entitled.entry(stake.rep.clone()).or_default() += share;
            }
        }
        let allowed = |(rep, entitled): (&RepId, &i64)| (rep.clone(), allowance(ledger.known(rep), *entitled, bound));
        let mut left: BTreeMap<RepId, u32> = entitled.iter().map(allowed).collect();
        let none = RepId::new("nobody");
        for (i, (pool, choice)) in batch.iter().enumerate() {
            let turn = pool.iter().cycle().skip(choice % pool.len()).take(pool.len()).find(|stake| left[&stake.rep] > 0);
            let to = turn.map_or(&none, |stake| &stake.rep);
            if let Some(left) = left.get_mut(to) {
                *left -= 1;
            }
            ledger.apply(&Ledger::decided(lead(i), pool, to, at(1)));
        }
        for i in 0..6 {
            let balance = ledger.account(&rep(i)).balance();
            let got = ledger.account(&rep(i)).got - start.account(&rep(i)).got;
            prop_assert!(balance <= bound || got == 0, "{} {}", balance, bound);
            // And one lead more would not have fitted, had they used all of it.
            if left.get(&rep(i)) == Some(&0) {
                prop_assert!(balance + LEAD > bound);
            }
        }
    }
}
