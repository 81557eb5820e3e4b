//! `leadboard history`.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde_json::json;

use super::args::{Audit, History as Action, Import};
use super::out::{Out, wrap};
use super::{CliError, CliResult};
use crate::app::ports::Store;
use crate::app::pull;
use crate::bootstrap::Context;
use crate::config::audit as config;
use crate::history::audit::{AuditOptions, AuditReport, audit, audit_file};
use crate::history::{self, BadRows, CsvInput, HistoryError, Mapping, RejectFile};

/// Deals stored in one transaction.
const BATCH: usize = 1_000;

pub(super) async fn run(action: Action, context: &Context, out: Out) -> CliResult {
    match action {
        Action::Import(options) => import(options, context, out).await,
        Action::Pull => pull_all(context, out).await,
        Action::Example => {
            example(out);
            Ok(())
        }
        Action::Audit(Audit { file: Some(file), map: Some(map) }) => {
            let options = audit_options(context);
            let judge = move || judge(&file, &map, &options, out);
            let report = tokio::task::spawn_blocking(judge).await.map_err(CliError::failed)?.map_err(from_history)?;
            show_audit(&report, out)
        }
        Action::Audit(_) => {
            let store = context.store().await?;
            let report = audit_store(store.as_ref(), context).await?;
            store.close().await;
            show_audit(&report, out)
        }
    }
}

/// Prints a documented map.
pub(super) fn example(out: Out) {
    out.verbatim(history::EXAMPLE_MAP);
}

/// Audits the stored history.
pub(super) async fn audit_store(store: &dyn Store, context: &Context) -> Result<AuditReport, CliError> {
    let (deals, options) = (store.deals().await?, audit_options(context));
    tokio::task::spawn_blocking(move || audit(&deals, &options)).await.map_err(CliError::failed)
}

/// What the config demands.
fn audit_options(context: &Context) -> AuditOptions {
    let config::Audit {
        min_deals,
        min_of_each_outcome,
        warn_completeness,
        block_completeness,
        min_deals_per_rep,
        min_span_days,
        max_bad_dates,
        max_age_years,
        max_closed_in_a_day,
        max_bulk_closed,
        warn_leak_auc,
        block_leak_auc,
        telling_name_auc,
        warn_missing_auc,
        block_missing_auc,
        max_one_sided_share,
        accepted,
    } = context.config.audit.clone();
    AuditOptions {
        min_deals: min_deals.into(),
        min_of_each_outcome: min_of_each_outcome.into(),
        warn_completeness,
        block_completeness,
        min_deals_per_rep: min_deals_per_rep.into(),
        min_span_days: min_span_days.into(),
        max_bad_dates,
        max_age_years,
        max_closed_in_a_day,
        max_bulk_closed,
        warn_leak_auc,
        block_leak_auc,
        telling_name_auc,
        warn_missing_auc,
        block_missing_auc,
        max_one_sided_share,
        accepted,
        as_of: Some(context.clock.now()),
    }
}

/// Judges a file that is not imported.
fn judge(file: &Path, map: &Path, options: &AuditOptions, out: Out) -> Result<AuditReport, HistoryError> {
    let mapping = Mapping::load(map)?;
    let (bar, mut progress) = reading(out);
    let report = audit_file(CsvInput::open(file)?, &mapping, options, &mut progress);
    bar.finish_and_clear();
    report
}

/// A report as lines that fit 80 columns.
pub(super) fn audit_lines(report: &AuditReport) -> Vec<String> {
    report.wrapped(&wrap)
}

fn show_audit(report: &AuditReport, out: Out) -> CliResult {
    out.result(report, || audit_lines(report));
    if report.blocked {
        return Err(CliError::Gate("the audit blocks training; its findings say what to do".into()));
    }
    Ok(())
}

/// A bar for reading a file, and what moves it.
fn reading(out: Out) -> (ProgressBar, impl FnMut(history::Progress)) {
    let bar = out.progress("reading", 100);
    let shown = bar.clone();
    let progress = move |p: history::Progress| {
        if let Some(total) = p.total.filter(|t| *t > 0) {
            shown.set_position(p.bytes * 100 / total);
        }
        shown.set_message(format!("{} rows", p.rows));
    };
    (bar, progress)
}

async fn import(options: Import, context: &Context, out: Out) -> CliResult {
    // The store first: what cannot be kept need not be read.
    let store = context.store().await?;
    let Import { file, map, skip_bad, rejected, before } = options;
    let rejects = skip_bad.then(|| rejected.unwrap_or_else(|| beside(&file)));
    let (mut import, rejects) = tokio::task::spawn_blocking(move || read(&file, &map, rejects.as_deref(), out))
        .await
        .map_err(CliError::failed)?
        .map_err(from_history)?;
    // What the file holds, before anything of it is left out on purpose.
    let summary = import.lines();
    let read = import.deals.len();
    if let Some(day) = before {
        let day = day.and_time(chrono::NaiveTime::MIN).and_utc();
        import.deals.retain(|d| d.facts.created_at < day && (d.closed_assumed || d.closed_at < day));
    }
    let later = read - import.deals.len();
    let bar = out.progress("storing", import.deals.len() as u64);
    let (mut new, mut replaced) = (0, 0);
    for batch in import.deals.chunks(BATCH) {
        let (n, r) = store.save_deals(batch, "file", context.clock.now()).await?;
        new += n;
        replaced += r;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let stored = store.deal_count().await?;
    store.close().await;
    let created = || import.deals.iter().map(|deal| deal.facts.created_at);
    let span = created().min().zip(created().max());
    let result = json!({
        "rows": import.rows, "closed": import.deals.len(), "open": import.open, "rejected": import.rejected.count,
        "rejected_file": rejects, "later": later, "new": new, "replaced": replaced, "stored": stored,
        "first_created": span.map(|s| s.0), "last_created": span.map(|s| s.1),
    });
    out.result(&result, || {
        let mut lines = summary;
        if later > 0 {
            lines.push(format!("Of the closed deals, {later} are of later days and were left out, as asked."));
        }
        if let Some((first, last)) = span {
            lines.push(format!("Leads created {} to {}.", first.date_naive(), last.date_naive()));
        }
        if let Some(file) = &rejects {
            lines.push(format!(
                "The rejected rows are in {}, the reasons beside it. Correct them and import that file.",
                file.display()
            ));
        }
        lines.push(format!("Stored: {new} new, {replaced} replaced; {stored} closed deals in all."));
        lines.push("Next: leadboard history audit".to_owned());
        lines.iter().flat_map(|line| wrap(line)).collect()
    });
    Ok(())
}

/// Reads the file; returns what it brought and where the rejected rows are, if there are any.
fn read(
    file: &Path,
    map: &Path,
    rejects: Option<&Path>,
    out: Out,
) -> Result<(history::Import, Option<PathBuf>), HistoryError> {
    let mapping = Mapping::load(map)?;
    let input = CsvInput::open(file)?;
    let (bar, mut progress) = reading(out);
    let Some(rejects) = rejects else {
        let import = history::import(input, &mapping, BadRows::Refuse, &mut progress)?;
        bar.finish_and_clear();
        return Ok((import, None));
    };
    let mut sink = RejectFile::new(rejects);
    let import = history::import(input, &mapping, BadRows::Skip(&mut sink), &mut progress)?;
    bar.finish_and_clear();
    Ok((import, sink.finish()?))
}

/// `deals.csv` → `deals.csv.rejected.csv`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejected.csv");
    name.into()
}

/// A map that is wrong is the command line's fault (2), a file that cannot be read is a failure (1).
pub(super) fn from_history(error: HistoryError) -> CliError {
    match error {
        HistoryError::Mapping(_) => CliError::Usage(error.to_string()),
        _ => CliError::failed(error),
    }
}

async fn pull_all(context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let crm = context.crm()?;
    let org = crm.org().await.map_err(CliError::failed)?;
    store.bind_org(&org.id).await?;
    let bar = out.progress("pulling", 0);
    let budget = context.budget();
    let report = pull::pull(crm.as_ref(), store.as_ref(), context.clock.as_ref(), &budget, |n, total| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(n);
        bar.set_message("closed deals");
    })
    .await?;
    bar.finish_and_clear();
    store.close().await;
    out.result(&report, || {
        let mut lines = vec![format!("{} closed deals pulled ({} new).", report.new + report.replaced, report.new)];
        if report.resumed {
            lines.push("It went on where an earlier pull was interrupted.".to_owned());
        }
        lines.extend(report.notes.iter().flat_map(|note| wrap(note)));
        if !report.rejected.is_empty() {
            lines.push(format!("{} records are no usable deals, the first:", report.rejected_count));
            lines.extend(report.rejected.iter().take(5).map(|(id, why)| format!("  {id}: {why}")));
        }
        lines.push("Next: leadboard history audit".to_owned());
        lines
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, paths::DataDir};

    /// The defaults stand in two rooms, because the config knows no use case; they must be the same.
    #[test]
    fn without_an_audit_section_the_audit_demands_its_own_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let context = Context::new(Config::default(), DataDir::new(dir.path())).unwrap();
        let options = audit_options(&context);
        assert_eq!(AuditOptions { as_of: None, ..options }, AuditOptions::default());
    }
}
