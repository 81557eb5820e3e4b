//! `leadboard lead list` and `lead export`: many leads, on the screen or in a file.

use std::path::Path;

use serde_json::json;

use super::percent;
use crate::app;
use crate::app::export::Format;
use crate::app::filter::Filter;
use crate::app::ports::Store;
use crate::app::views::{LeadFilter, QueueRow, ReturnedBy, Seek};
use crate::bootstrap::Context;
use crate::bootstrap::export::to_file;
use crate::cli::out::{Out, table};
use crate::cli::view::named;
use crate::cli::{CliError, CliResult};
use crate::domain::lane::Lane;
use crate::domain::lead::LeadState;
use crate::domain::text::fit;

type Asked = (Option<Filter>, Option<Lane>, Option<LeadState>, Option<String>);

/// What a list is asked for.
pub(super) async fn listed(
    store: &dyn Store,
    (filter, mut lane, state, view): Asked,
    context: &Context,
) -> Result<LeadFilter, CliError> {
    let (now, sla) = (context.clock.now(), context.settings().sla);
    let mut filter = filter.unwrap_or_default();
    if let Some(name) = view {
        let view = named(store, &name, &context.manager()).await?;
        filter = view.filter.and(filter);
        lane = lane.or(view.lane);
    }
    let conditions = filter.conditions_in(store, now, sla, &context.manager()).await?;
    Ok(LeadFilter { lane, state, conditions, include_snoozed: true })
}

pub(super) async fn export(
    store: &dyn Store,
    filter: &LeadFilter,
    format: Format,
    file: Option<&Path>,
    context: &Context,
    out: Out,
) -> CliResult {
    let now = context.clock.now();
    let Some(path) = file else {
        app::export::export(store, filter, format, now, &mut out.writer()).await?;
        return Ok(());
    };
    let rows = to_file(store, filter, format, now, path).await?;
    out.result(&json!({ "file": path, "rows": rows }), || vec![format!("{rows} leads in {}", path.display())]);
    Ok(())
}

pub(super) async fn list(store: &dyn Store, filter: &LeadFilter, limit: u32, context: &Context, out: Out) -> CliResult {
    let page = store.queue_page(filter, &Seek::Top, limit, context.clock.now()).await?;
    out.result(&page, || {
        if page.rows.is_empty() {
            return vec!["There are no such leads.".to_owned()];
        }
        let mut rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
        let mut heads = vec!["lead", "company", "lane", "score", "recommended", "p_win", "legacy", "p_win"];
        if page.rows.iter().any(|row| row.returned.is_some()) {
            heads.push("returned");
            for (cells, row) in rows.iter_mut().zip(&page.rows) {
                cells.push(row.returned.as_ref().map_or_else(|| "-".to_owned(), returned));
            }
        }
        let mut lines = table(&heads, &rows);
        lines.push(format!("{} of {} leads", page.rows.len(), page.total));
        lines
    });
    Ok(())
}

fn row(row: &QueueRow) -> Vec<String> {
    let name = |name: &Option<String>| name.as_deref().map_or_else(|| "-".to_owned(), |n| fit(n, 24));
    vec![
        row.id.to_string(),
        fit(&row.company, 28),
        row.lane.map_or_else(|| row.state.to_string(), |l| l.to_string()),
        match (row.lead_score, row.lead_tier) {
            (Some(score), Some(tier)) => format!("{score} {tier}"),
            _ => "-".to_owned(),
        },
        name(&row.recommended),
        percent(row.p_win),
        name(&row.legacy),
        percent(row.legacy_p_win),
    ]
}

fn returned(by: &ReturnedBy) -> String {
    let why = by.why.as_deref().unwrap_or_else(|| by.how.words());
    format!("{} {}: {}", fit(&by.name, 24).trim_end(), by.at.format("%Y-%m-%d %H:%M"), fit(why, 60).trim_end())
}
