//! The best way to hand out leads when every rep keeps as many as today.
//!
//! Leads of one period whose pools overlap form a problem of their own: as many slots as leads, a slot for each lead
//! that a rep had. It is a linear assignment problem, solved exactly by shortest augmenting paths (Jonker & Volgenant,
//! Computing 38, 1987; here in the dense `O(n^3)` form without their initialisation).

/// Leads that are handed out together, at most: the time of one problem grows with the third power.
const TOGETHER: usize = 150;
/// Value of a rep whom a lead must not go to: worse than all allowed values together.
const FORBIDDEN: f64 = -1e6;

/// The rep (as an index into the lead's pool) that each lead gets, such that the sum of `value(lead, place in pool)` is
/// as large as can be and every rep gets as many leads of each period as it had. `had` is the place in the pool of the
/// rep who had the lead.
pub(super) fn assign(
    pools: &[Vec<u32>],
    had: &[usize],
    period: &[u32],
    value: impl Fn(usize, usize) -> f64,
) -> Vec<usize> {
    let mut given = had.to_vec();
    for leads in problems(pools, had, period) {
        let n = leads.len();
        let slot: Vec<u32> = leads.iter().map(|&lead| pools[lead][had[lead]]).collect();
        let mut cost = Vec::with_capacity(n * n);
        for &lead in &leads {
            cost.extend(
                slot.iter().map(|rep| pools[lead].binary_search(rep).map_or(-FORBIDDEN, |at| -value(lead, at))),
            );
        }
        for (&lead, column) in leads.iter().zip(solve(&cost, n)) {
            // Everybody keeping their own lead is allowed, so the best solution uses nothing forbidden.
            if let Ok(at) = pools[lead].binary_search(&slot[column]) {
                given[lead] = at;
            }
        }
    }
    given
}

/// Leads by period and by reps that share leads in it, cut into problems of a bounded size in the order given.
fn problems(pools: &[Vec<u32>], had: &[usize], period: &[u32]) -> Vec<Vec<usize>> {
    let mut by_period: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for (lead, period) in period.iter().enumerate() {
        by_period.entry(*period).or_default().push(lead);
    }
    let mut problems = Vec::new();
    for leads in by_period.into_values() {
        let reps = leads.iter().flat_map(|&lead| &pools[lead]).max().map_or(0, |r| *r as usize + 1);
        let mut has_slot = vec![false; reps];
        for &lead in &leads {
            has_slot[pools[lead][had[lead]] as usize] = true;
        }
        let mut parent: Vec<usize> = (0..reps).collect();
        for &lead in &leads {
            let own = root(&mut parent, pools[lead][had[lead]] as usize);
            for &rep in pools[lead].iter().filter(|r| has_slot[**r as usize]) {
                let other = root(&mut parent, rep as usize);
                parent[other] = own;
            }
        }
        let mut together: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
        for lead in leads {
            together.entry(root(&mut parent, pools[lead][had[lead]] as usize)).or_default().push(lead);
        }
        problems.extend(together.values().flat_map(|leads| leads.chunks(TOGETHER)).map(<[usize]>::to_vec));
    }
    problems
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

/// The column of each row in an assignment of least cost; `cost` is square, row-major.
fn solve(cost: &[f64], n: usize) -> Vec<usize> {
    // One row and column more stand for "not yet assigned"; potentials keep all reduced costs non-negative.
    let (mut row_price, mut column_price) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![n; n + 1];
    for row in 0..n {
        row_of[n] = row;
        let mut at = n;
        let mut nearest = vec![f64::INFINITY; n];
        let mut before = vec![n; n];
        let mut done = vec![false; n + 1];
        loop {
            done[at] = true;
            let from = row_of[at];
            let (mut step, mut next) = (f64::INFINITY, n);
            for column in 0..n {
                if done[column] {
                    continue;
                }
                let reduced = cost[from * n + column] - row_price[from] - column_price[column];
                if reduced < nearest[column] {
                    nearest[column] = reduced;
                    before[column] = at;
                }
                if nearest[column] < step {
                    step = nearest[column];
                    next = column;
                }
            }
            for column in 0..=n {
                if done[column] {
                    row_price[row_of[column]] += step;
                    column_price[column] -= step;
                } else {
                    nearest[column] -= step;
                }
            }
            at = next;
            if row_of[at] == n {
                break;
            }
        }
        while at != n {
            let previous = before[at];
            row_of[at] = row_of[previous];
            at = previous;
        }
    }
    let mut columns = vec![0; n];
    for (column, &row) in row_of[..n].iter().enumerate() {
        columns[row] = column;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best of all permutations.
    fn by_trying(cost: &[f64], n: usize) -> f64 {
        fn rest(cost: &[f64], n: usize, row: usize, used: u32) -> f64 {
            if row == n {
                return 0.0;
            }
            let free = (0..n).filter(|c| used & (1 << c) == 0);
            free.map(|c| cost[row * n + c] + rest(cost, n, row + 1, used | 1 << c)).fold(f64::INFINITY, f64::min)
        }
        rest(cost, n, 0, 0)
    }

    #[test]
    fn no_permutation_is_better() {
        for seed in 0..60usize {
            let n = 1 + seed % 7;
            let cost: Vec<f64> = (0..n * n).map(|i| ((i * 7919 + seed * 104_729) % 97) as f64 / 97.0).collect();
            let columns = solve(&cost, n);
            let sum: f64 = columns.iter().enumerate().map(|(row, column)| cost[row * n + column]).sum();
            assert!((sum - by_trying(&cost, n)).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn every_rep_keeps_its_number_of_leads_in_each_period_and_nobody_gets_a_lead_outside_the_pool() {
        let pools: Vec<Vec<u32>> =
            (0..200u32).map(|i| if i % 3 == 0 { vec![0, 1, 2] } else { vec![1, 2, 5] }).collect();
        let had: Vec<usize> = (0..200).map(|i| (i * 5) % 3).collect();
        let period: Vec<u32> = (0..200).map(|i| i / 60).collect();
        let worth = |lead: usize, at: usize| ((lead * 31 + at * 17) % 23) as f64;
        let given = assign(&pools, &had, &period, worth);
        let count = |who: &[usize]| {
            let mut counts = std::collections::BTreeMap::new();
            for lead in 0..200 {
                *counts.entry((period[lead], pools[lead][who[lead]])).or_insert(0) += 1;
            }
            counts
        };
        assert_eq!(count(&given), count(&had));
        let sum = |who: &[usize]| (0..200).map(|lead| worth(lead, who[lead])).sum::<f64>();
        assert!(sum(&given) > 1.15 * sum(&had), "{} {}", sum(&given), sum(&had));
    }
}
