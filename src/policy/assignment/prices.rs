//! The lowest and the highest prices that support an optimal assignment.
//!
//! Prices that do form a lattice (Shapley & Shubik, Int. J. of Game Theory 1, 1971): the lowest of all reps at once say what
//! one place more is worth, the highest what one place less costs. Both are shortest paths between reps, over the same
//! costs as the search for chains, so they are the same whichever of several optimal assignments was found.

use super::SlotPrice;
use super::solver::{NEVER, Solver};

pub(super) fn of(solved: &mut Solver<'_>) -> Vec<SlotPrice> {
    let reps = solved.reps();
    // costs[a][b]: pushing one of a's leads on to b. Only reps who are full push.
    let mut ways: Vec<Vec<(usize, i64)>> = vec![Vec::new(); reps];
    let mut back: Vec<Vec<(usize, i64)>> = vec![Vec::new(); reps];
    let mut fall = vec![0; reps];
    let mut rise = vec![NEVER; reps];
    for rep in 0..reps {
        if solved.is_full(rep) {
            fall[rep] = solved.price(rep);
        } else {
            rise[rep] = 0;
        }
        let full = solved.is_full(rep);
        let (costs, out) = solved.push_costs(rep);
        ways[rep] = costs.collect();
        if full {
            rise[rep] = out;
        }
    }
    for (rep, value) in solved.unmet().collect::<Vec<_>>() {
        fall[rep] = fall[rep].min(solved.price(rep) - value);
    }
    for (rep, ways) in ways.iter().enumerate() {
        for &(other, cost) in ways {
            back[other].push((rep, cost));
        }
    }
    // A price can fall by no more than that of any rep whom its leads could go to, and rise by no more than that of those.
    settle(&mut fall, &ways);
    settle(&mut rise, &back);
    (0..reps)
        .map(|rep| SlotPrice {
            one_more: solved.price(rep) - fall[rep],
            one_less: (solved.room(rep) > 0).then(|| solved.price(rep) + rise[rep]),
        })
        .collect()
}

/// Lowers each bound to the least of what follows from the others: Dijkstra's method from all of them at once.
fn settle(bound: &mut [i64], ways: &[Vec<(usize, i64)>]) {
    let mut done = vec![false; bound.len()];
    loop {
        let open = (0..bound.len()).filter(|&rep| !done[rep] && bound[rep] != NEVER);
        let Some(rep) = open.min_by_key(|&rep| bound[rep]) else { return };
        done[rep] = true;
        for &(other, cost) in &ways[rep] {
            bound[other] = bound[other].min(bound[rep] + cost);
        }
    }
}
