//! `leadboard lead disagreements`: where the recommended owner is not the legacy owner, as the dashboard's screen has it.

use serde::Serialize;

use crate::app::disagreements::{self, CauseSum, Cluster, DAYS, Disagreements, Matrix, Tally, Which, hundredths};
use crate::app::ports::Store;
use crate::bootstrap::Context;
use crate::cli::CliResult;
use crate::cli::out::{Out, table, wrap};
use crate::domain::text::fit;

/// Lines of each table that are printed.
const SHOWN: usize = 20;

/// One look, added up; this is the `--json` contract.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    found: &'a Disagreements,
    total: Tally,
    matrix: Matrix,
    causes: Vec<CauseSum>,
    groups: Vec<Cluster>,
}

#[derive(Serialize)]
struct Both<'a> {
    open: Shown<'a>,
    decided: Shown<'a>,
}

impl<'a> Shown<'a> {
    fn of(found: &'a Disagreements) -> Self {
        Self { total: found.total(), matrix: found.matrix(), causes: found.causes(), groups: found.clusters(), found }
    }
}

pub(super) async fn run(store: &dyn Store, days: Option<u32>, context: &Context, out: Out) -> CliResult {
    let now = context.clock.now();
    let open = disagreements::look(store, Which::Open, now).await?;
    let decided = disagreements::look(store, Which::Decided { days: days.unwrap_or(DAYS) }, now).await?;
    let both = Both { open: Shown::of(&open), decided: Shown::of(&decided) };
    out.result(&both, || {
        let mut lines = told(&both.open);
        lines.push(String::new());
        lines.extend(told(&both.decided));
        lines
    });
    Ok(())
}

fn told(shown: &Shown<'_>) -> Vec<String> {
    let Shown { found, total, matrix, causes, groups } = shown;
    let decided = found.which != Which::Open;
    let all = if found.complete { "" } else { ", which are not all" };
    let what = match found.which {
        Which::Open => format!("open: {} of {} leads in the lanes{all}", total.leads, found.looked_at),
        Which::Decided { days } => {
            format!("decided in {days} days: {} of {} decisions{all}", total.leads, found.looked_at)
        }
    };
    let mut lines = wrap(&format!(
        "{what}: the recommended owner is not the legacy owner. {} expected wins at stake, by the model's own estimate, \
         which it can tell of {}.",
        wins(total),
        total.told
    ));
    if total.leads == 0 {
        return lines;
    }
    let named = |heads: &[&'static str]| -> Vec<&'static str> {
        let mut heads = heads.to_vec();
        heads.extend(["leads", "wins"]);
        heads.extend(decided.then_some(["approved", "kept", "other"]).into_iter().flatten());
        heads
    };
    let row = |names: Vec<String>, tally: &Tally| {
        let mut row = names;
        row.extend([tally.leads.to_string(), wins(tally)]);
        if decided {
            row.extend([tally.approved, tally.kept, tally.other].map(|n| n.to_string()));
        }
        row
    };
    let rows: Vec<Vec<String>> = causes.iter().map(|sum| row(vec![sum.title.to_owned()], &sum.tally)).collect();
    lines.extend(section(&named(&["cause"]), &rows));
    let name = |name: &str| fit(name, 28);
    let rows: Vec<Vec<String>> =
        matrix.cells.iter().map(|cell| row(vec![name(&cell.legacy), name(&cell.model)], &cell.tally)).collect();
    lines.extend(section(&named(&["legacy owner", "recommended"]), &rows));
    let group =
        |one: &Cluster| row(vec![one.cause.title().to_owned(), name(&one.legacy), name(&one.model)], &one.tally);
    let rows: Vec<Vec<String>> = groups.iter().map(group).collect();
    lines.extend(section(&named(&["group", "legacy owner", "recommended"]), &rows));
    lines
}

fn wins(tally: &Tally) -> String {
    if tally.told == 0 { "-".to_owned() } else { format!("{:+.2}", hundredths(tally.stake)) }
}

/// A table under an empty line, cut, with how much is left out.
fn section(heads: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(table(heads, &rows[..rows.len().min(SHOWN)]));
    if let Some(more) = rows.len().checked_sub(SHOWN + 1) {
        lines.push(format!("and {} more, in --json", more + 1));
    }
    lines
}
