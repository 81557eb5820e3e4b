//! `leadboard sla`: first contacts that reps owe.

use chrono::{DateTime, Utc};

use super::args::Sla as Action;
use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::app::ports::{ContactList, ContactRow, Store};
use crate::app::sla::board::{self, Board, RepRecord};
use crate::bootstrap::Context;
use crate::domain::contact::ContactOutcome;
use crate::domain::ids::RepId;
use crate::domain::text::fit;

pub(super) async fn run(action: &Action, context: &Context, out: Out) -> CliResult {
    let Action::List { list, rep, days } = action;
    let store = context.store().await?;
    let found = look(store.as_ref(), *list, rep.as_deref(), *days, context.clock.now()).await;
    store.close().await;
    let found = found?;
    out.result(&found, || lines(&found));
    Ok(())
}

async fn look(
    store: &dyn Store,
    list: ContactList,
    rep: Option<&str>,
    days: i64,
    now: DateTime<Utc>,
) -> Result<Board, CliError> {
    let rep = match rep {
        Some(named) => Some(rep_called(store, named).await?),
        None => None,
    };
    Ok(board::board(store, now, list, rep.as_ref(), days).await?)
}

/// The one rep of this id or name.
async fn rep_called(store: &dyn Store, named: &str) -> Result<RepId, CliError> {
    let roster = store.roster().await?;
    let is = |rep: &&crate::domain::rep::Rep| rep.id.as_str() == named || rep.name.eq_ignore_ascii_case(named);
    let found: Vec<_> = roster.reps.iter().filter(is).collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let near = crate::config::nearest(named, roster.reps.iter().map(|rep| rep.name.as_str()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            Err(CliError::Failed(format!("no rep is called {named}{hint}")))
        }
        _ => Err(CliError::Failed(format!("several reps are called {named}; give the id"))),
    }
}

fn lines(found: &Board) -> Vec<String> {
    let all = &found.all;
    let mut lines = wrap(&format!(
        "{} first contacts: {} owed now, {} of them past due; over {} days {} made in time, {} late, {} not at all, {} of \
         those routed anew; {} no longer asked for.",
        found.given, all.owed, all.overdue, found.days, all.in_time, all.late, all.missed, all.reassigned, all.lapsed
    ));
    lines.push(String::new());
    if found.rows.is_empty() {
        lines.push(match found.list {
            ContactList::Due if all.lapsed > 0 => {
                "Nobody owes a first contact now; --list lapsed tells why it is no longer asked for.".into()
            }
            ContactList::Due => {
                "Nobody owes a first contact. Each decision that gives a lead to a rep makes one due.".into()
            }
            ContactList::Breached => format!("No first contact was missed in {} days.", found.days),
            ContactList::Made => format!("No first contact was made in {} days.", found.days),
            ContactList::Lapsed => format!("Each first contact of {} days is still asked for, or was.", found.days),
        });
    } else {
        let rows: Vec<Vec<String>> = found.rows.iter().map(|row| cells(row, found.at)).collect();
        lines.extend(table(&["company", "rep", "due", "", "lead", "trace"], &rows));
    }
    if !found.reps.is_empty() {
        lines.push(String::new());
        let rows: Vec<Vec<String>> = found.reps.iter().map(record).collect();
        lines.extend(table(
            &["rep", "missed", "late", "in time", "owed", "past due", "routed anew", "no longer asked"],
            &rows,
        ));
    }
    lines
}

fn cells(row: &ContactRow, now: DateTime<Utc>) -> Vec<String> {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let left = (row.due_at - now).num_minutes();
    let came = match (row.lapsed, row.outcome) {
        (Some(why), _) => why.words().into(),
        (None, None) if left < 0 => format!("{} min past due", -left),
        (None, None) => format!("{left} min left"),
        (None, Some(ContactOutcome::Missed)) if row.reassigned => "no contact, routed anew".into(),
        (None, Some(ContactOutcome::Missed)) => "no contact".into(),
        (None, Some(outcome)) => match row.contacted_at {
            Some(at) => format!("{} at {}", outcome.to_string().replace('_', " "), time(at)),
            None => outcome.to_string().replace('_', " "),
        },
    };
    vec![
        fit(&row.company, 30),
        fit(&row.rep_name, 24),
        time(row.due_at),
        came,
        row.lead_id.to_string(),
        row.trace_id.to_string(),
    ]
}

fn record(rep: &RepRecord) -> Vec<String> {
    let tally = &rep.tally;
    let counts = [tally.missed, tally.late, tally.in_time, tally.owed, tally.overdue, tally.reassigned, tally.lapsed];
    std::iter::once(fit(&rep.name, 24)).chain(counts.iter().map(ToString::to_string)).collect()
}
