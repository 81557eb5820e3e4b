use proptest::prelude::*;

use super::*;

/// A market from rows of values; `None` where a pair is not offered.
fn market(room: &[u32], rows: &[Vec<Option<i64>>]) -> Market {
    let mut market = Market::new(room.to_vec());
    for row in rows {
        market.push(row.iter().enumerate().filter_map(|(rep, value)| value.map(|value| Offer { rep, value })));
    }
    market
}

/// The best total, by trying everything.
fn by_trying(rows: &[Vec<Option<i64>>], room: &mut [u32]) -> i64 {
    let Some((row, rest)) = rows.split_first() else { return 0 };
    let mut best = by_trying(rest, room);
    for (rep, value) in row.iter().enumerate() {
        if let Some(value) = value
            && room[rep] > 0
        {
            room[rep] -= 1;
            best = best.max(value + by_trying(rest, room));
            room[rep] += 1;
        }
    }
    best
}

/// Values that often tie, and pairs that are often missing.
fn rows(leads: Range<usize>, reps: usize, span: i64) -> impl Strategy<Value = Vec<Vec<Option<i64>>>> {
    let value = prop_oneof![1 => Just(None), 4 => (-span / 4..span).prop_map(Some)];
    proptest::collection::vec(proptest::collection::vec(value, reps), leads)
}

fn small() -> impl Strategy<Value = (Vec<u32>, Vec<Vec<Option<i64>>>)> {
    (1usize..5, prop_oneof![Just(4i64), Just(1_000_000_000)])
        .prop_flat_map(|(reps, span)| (proptest::collection::vec(0u32..3, reps), rows(0..7, reps, span)))
}

fn large() -> impl Strategy<Value = (Vec<u32>, Vec<Vec<Option<i64>>>)> {
    (1usize..30, prop_oneof![Just(4i64), Just(40), Just(1_000_000_000)])
        .prop_flat_map(|(reps, span)| (proptest::collection::vec(0u32..6, reps), rows(0..90, reps, span)))
}

#[test]
fn the_rep_who_is_best_everywhere_gets_the_lead_that_is_worst_elsewhere() {
    // Ana is better at both, by 1 point and by 20.
    let best = assign(&market(&[1, 1], &[vec![Some(31), Some(30)], vec![Some(30), Some(10)]]));
    assert_eq!((best.rep, best.total), (vec![Some(1), Some(0)], 60));
    assert_eq!(
        best.price[0],
        SlotPrice { one_more: 1, one_less: Some(30) },
        "a second place would take the first lead"
    );
    assert_eq!(best.price[1], SlotPrice { one_more: 0, one_less: Some(29) }, "without Bob, the first lead gets Ana");
}

#[test]
fn a_lead_stays_without_a_rep_where_that_is_better() {
    let best = assign(&market(&[2], &[vec![Some(-1)], vec![Some(0)], vec![None]]));
    assert_eq!((best.rep, best.total), (vec![None, Some(0), None], 0));
    let none = assign(&market(&[0], &[vec![Some(7)]]));
    assert_eq!((none.rep, none.price), (vec![None], vec![SlotPrice { one_more: 7, one_less: None }]));
    assert_eq!(assign(&Market::default()).total, 0);
}

#[test]
fn offers_are_put_in_order_and_the_better_of_two_counts() {
    let mut market = Market::new(vec![1, 1]);
    let offer = |rep, value| Offer { rep, value };
    market.push([offer(1, 3), offer(7, 9), offer(0, i64::MAX), offer(1, 5)]);
    assert_eq!(market.offers(0), [offer(0, LARGEST), offer(1, 5)]);
    assert_eq!((market.value(0, 1), market.value(0, 7)), (Some(5), None));
    assert_eq!((nano(0.312), nano(f64::NAN), nano(f64::INFINITY)), (312_000_000, 0, LARGEST));
}

proptest! {
    #[test]
    fn as_good_as_trying_everything((room, rows) in small()) {
        let found = assign(&market(&room, &rows));
        prop_assert_eq!(found.total, i128::from(by_trying(&rows, &mut room.clone())));
    }

    #[test]
    fn prices_prove_it((room, rows) in large()) {
        let market = market(&room, &rows);
        let found = assign(&market);
        prop_assert_eq!(found.prove(&market), Ok(()));
        prop_assert_eq!(assign(&market), found);
    }

    #[test]
    fn prices_are_what_one_place_more_or_less_is_worth((room, rows) in small(), which in any::<prop::sample::Index>()) {
        let rep = which.index(room.len());
        let found = assign(&market(&room, &rows));
        let with = |places: u32| {
            let mut room = room.clone();
            room[rep] = places;
            assign(&market(&room, &rows)).total
        };
        prop_assert_eq!(with(room[rep] + 1) - found.total, i128::from(found.price[rep].one_more));
        let less = room[rep].checked_sub(1).map(|places| found.total - with(places));
        prop_assert_eq!(less, found.price[rep].one_less.map(i128::from));
    }

    /// Leads of one kind come in by the handful: the same prices and the same sum as one by one.
    #[test]
    fn leads_of_one_kind_are_worth_what_they_are_one_by_one(
        (room, rows) in large(), again in proptest::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        prop_assume!(!rows.is_empty());
        let (mut kinds, mut each) = (market(&room, &rows), market(&room, &rows));
        for again in again {
            let lead = again.index(rows.len());
            kinds.repeat(lead);
            each.push(kinds.offers(lead).to_vec());
        }
        let (kinds_found, each_found) = (assign(&kinds), assign(&each));
        prop_assert_eq!((kinds_found.total, &kinds_found.price), (each_found.total, &each_found.price));
        prop_assert_eq!(kinds_found.prove(&kinds), Ok(()));
        prop_assert_eq!(kinds_found.rep.iter().flatten().count(), each_found.rep.iter().flatten().count());
    }

    #[test]
    fn strangers_change_nothing((room, mut rows) in large(), (more, other) in large(), before in any::<bool>()) {
        let alone = assign(&market(&room, &rows));
        let (reps, leads) = (room.len(), rows.len());
        // The two markets side by side, the other's reps before or behind.
        let behind = |row: &mut Vec<Option<i64>>| row.extend(std::iter::repeat_n(None, more.len()));
        let shift = if before { more.len() } else { 0 };
        let all: Vec<u32> = if before { [&more[..], &room].concat() } else { [&room[..], &more].concat() };
        for row in &mut rows {
            if before {
                row.splice(0..0, std::iter::repeat_n(None, more.len()));
            } else {
                behind(row);
            }
        }
        rows.extend(other.iter().map(|row| {
            let gap = std::iter::repeat_n(None, reps);
            if before { row.iter().copied().chain(gap).collect::<Vec<_>>() } else { gap.chain(row.iter().copied()).collect() }
        }));
        let both = assign(&market(&all, &rows));
        let own: Vec<_> = both.rep[..leads].iter().map(|rep| rep.map(|rep| rep - shift)).collect();
        prop_assert_eq!(own, alone.rep);
        prop_assert_eq!(&both.price[shift..shift + reps], &alone.price[..]);
    }
}

/// SplitMix64, as `.ci/model/make_assignment.py` makes it.
fn splitmix(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn totals_are_those_of_scipy() {
    let stored: Vec<(usize, usize, u64, u64, i64, i128)> =
        serde_json::from_str(include_str!("../../../tests/data/assignment/totals.json")).unwrap();
    assert_eq!(stored.len(), 1_000);
    for (number, (leads, reps, most, left_out, largest, total)) in stored.into_iter().enumerate() {
        let mut draw = splitmix(number as u64);
        let mut market = Market::new((0..reps).map(|_| (draw() % (most + 1)) as u32).collect());
        for _ in 0..leads {
            let row = (0..reps).filter_map(|rep| {
                let offered = draw() % 100 >= left_out;
                let value = |draw: u64| (draw % (largest + largest / 4 + 1) as u64) as i64 - largest / 4;
                offered.then(|| Offer { rep, value: value(draw()) })
            });
            market.push(row);
        }
        let found = assign(&market);
        assert_eq!(found.total, total, "market {number}");
        assert_eq!(found.prove(&market), Ok(()), "market {number}");
    }
}
