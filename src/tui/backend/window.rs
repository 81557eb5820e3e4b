//! Windows of a lane from a store that only pages forward.

use std::collections::VecDeque;

use super::{BackendError, QueueKey, QueueQuery, QueueWindow, Seek};
use crate::app::views::{QueuePage, QueuePosition, QueueRow};

/// Rows asked for at a time while walking to a place.
const STRIDE: u32 = 1_000;

/// Finds a window by walking forward from the top. `page` answers as `QueueStore::queue_page` does, for the lane of the
/// query.
///
/// The top of a lane costs one page; any other place one page for each thousand rows before it. Lanes hold what waits
/// for people, so that is one page in practice.
pub async fn window_from_pages<F>(
    query: &QueueQuery,
    mut page: impl FnMut(QueuePosition, u32) -> F,
) -> Result<QueueWindow, BackendError>
where
    F: Future<Output = Result<QueuePage, BackendError>>,
{
    let limit = query.limit as usize;
    if query.seek == Seek::Top {
        let QueuePage { rows, total } = page(QueuePosition::default(), query.limit).await?;
        return Ok(QueueWindow { start: 0, rows, total });
    }
    let is_before = |row: &QueueRow| match &query.seek {
        Seek::Top => false,
        Seek::Around(key) => QueueKey::of(row).before(key),
        Seek::End => true,
    };
    // The nearest rows before the place, how many there are in all, and the rows from the place on.
    let (mut before, mut passed, mut after) = (VecDeque::new(), 0_u64, Vec::new());
    let (mut position, mut total) = (QueuePosition::default(), 0);
    loop {
        let batch = page(position, STRIDE).await?;
        total = batch.total.max(total);
        let last = batch.rows.last().map(|row| (row.priority, row.id.clone()));
        let full = batch.rows.len() >= STRIDE as usize;
        for row in batch.rows {
            if is_before(&row) {
                passed += 1;
                before.push_back(row);
                if before.len() > limit {
                    before.pop_front();
                }
            } else {
                after.push(row);
            }
        }
        if !full || after.len() >= limit || last.is_none() {
            break;
        }
        position = QueuePosition { after: last };
    }
    // Half on each side, and what one side does not need is the other's.
    let behind = before.len().min(limit.saturating_sub(after.len()).max(limit / 2));
    after.truncate(limit - behind);
    before.drain(..before.len() - behind);
    let start = passed - before.len() as u64;
    let rows = before.into_iter().chain(after).collect();
    Ok(QueueWindow { start, rows, total })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::LeadId;
    use crate::domain::lane::Lane;
    use crate::domain::lead::LeadState;

    fn row(index: usize) -> QueueRow {
        QueueRow {
            id: LeadId::new(format!("l-{index:05}")),
            company: String::new(),
            source: None,
            territory: None,
            state: LeadState::InLane,
            lane: Some(Lane::Fast),
            priority: -((index / 3) as f64),
            created_at: DateTime::UNIX_EPOCH,
            received_at: DateTime::UNIX_EPOCH,
            route: None,
            reason: None,
            recommended: None,
            p_win: None,
            legacy: None,
            legacy_p_win: None,
            snoozed_until: None,
            decided_owner: None,
            write: None,
        }
    }

    fn window(rows: &[QueueRow], seek: Seek, limit: u32) -> QueueWindow {
        let query = QueueQuery { lane: Lane::Fast, seek, limit };
        let page = |from: QueuePosition, limit: u32| {
            let from = from.after.map_or(0, |(_, id)| rows.iter().position(|r| r.id == id).unwrap() + 1);
            let rows_of = rows.iter().skip(from).take(limit as usize).cloned().collect();
            let page = QueuePage { rows: rows_of, total: rows.len() as u64 };
            async move { Ok(page) }
        };
        window_from_pages(&query, page).now_or_never().unwrap().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_window_is_a_piece_of_the_lane_around_its_place(
            n in 0usize..2_600, at in 0usize..2_600, limit in 1u32..500, gone in any::<bool>(),
        ) {
            let all: Vec<QueueRow> = (0..n).map(row).collect();
            let key = QueueKey::of(&row(at));
            let rows: Vec<QueueRow> = all.into_iter().filter(|r| !gone || r.id != key.id).collect();
            for seek in [Seek::Top, Seek::Around(key.clone()), Seek::End] {
                let found = window(&rows, seek.clone(), limit);
                let start = found.start as usize;
                prop_assert_eq!(found.total as usize, rows.len());
                prop_assert_eq!(found.rows.len(), rows.len().min(limit as usize));
                prop_assert_eq!(&found.rows[..], &rows[start..start + found.rows.len()]);
                match seek {
                    Seek::Top => prop_assert_eq!(start, 0),
                    Seek::End => prop_assert_eq!(start + found.rows.len(), rows.len()),
                    Seek::Around(key) if limit > 1 && !gone && at < n => {
                        prop_assert!(found.rows.iter().any(|r| r.id == key.id));
                    }
                    Seek::Around(_) => {}
                }
            }
        }
    }
}
