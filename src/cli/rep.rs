//! `leadboard rep`: the team.

use chrono::{DateTime, Utc};

use super::CliResult;
use super::args::Rep as Action;
use super::out::{Out, table, wrap};
use crate::app::reps::{self, AtWork, NextSlot, RepRow, Reps};
use crate::bootstrap::Context;
use crate::domain::text::fit;

pub(super) async fn run(action: &Action, context: &Context, out: Out) -> CliResult {
    let Action::List { sort } = action;
    let store = context.store().await?;
    let found = reps::reps(store.as_ref(), context.clock.now(), context.settings().sla).await;
    store.close().await;
    let mut found = found?;
    reps::sort(&mut found.reps, *sort);
    out.result(&found, || lines(&found));
    Ok(())
}

fn lines(found: &Reps) -> Vec<String> {
    if found.reps.is_empty() {
        return wrap("No reps are known yet: the worker reads them from the CRM when it first runs.");
    }
    let head =
        ["rep", "territory", "open", "room", "at work", "today", "week", "30 d", "share", "won", "first contacts"];
    let rows: Vec<Vec<String>> = found.reps.iter().map(row).collect();
    let mut lines = table(&head, &rows);
    lines.push(String::new());
    lines.extend(wrap(&format!(
        "open: leads of the last {days} days that are theirs and still leads. share: leads got of those they were entitled to. \
         won: of the deals that closed in the last {deals} days, with the 95 % interval. first contacts: made in time of \
         those that were due in the last {days} days, and how many they owe now.",
        days = found.days,
        deals = found.deal_days
    )));
    lines.extend(wrap(&rests_on(found)));
    lines.extend(found.warnings.iter().flat_map(|warning| wrap(&format!("! {warning}"))));
    lines
}

/// What calendars and open deals rest on.
fn rests_on(found: &Reps) -> String {
    match (found.rules, found.crm_read_at) {
        (false, _) => "No routing rules are in force, so nobody has a cap, hours or an account of shares.".into(),
        (true, Some(at)) => format!("Open deals, calendars and absences as the CRM gave them at {} UTC.", time(at)),
        (true, None) => "The CRM was not asked yet how busy reps are; the worker does that before it ranks.".into(),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn row(rep: &RepRow) -> Vec<String> {
    let dash = || "-".to_owned();
    let room = rep.room.as_ref().map_or_else(dash, |room| match room.left {
        Some(left) => format!("{left} left ({:.0}/{:.0})", room.used, room.of),
        None => "no cap".to_owned(),
    });
    let slot = match rep.next_slot {
        NextSlot::At { at } => format!(", free {}", time(at)),
        NextSlot::None => ", no slot in time".to_owned(),
        NextSlot::Unknown => String::new(),
    };
    let at_work = match (&rep.away, rep.at_work) {
        _ if !rep.active => "inactive".to_owned(),
        (Some(away), _) => format!("away until {}", time(away.until)),
        (None, Some(AtWork::Open)) => format!("yes{slot}"),
        (None, Some(AtWork::Closed { opens: Some(opens) })) => format!("from {}", time(opens)),
        (None, Some(AtWork::Closed { opens: None })) => "no".to_owned(),
        (None, None) => format!("hours unknown{slot}"),
    };
    let share = rep.account.map_or_else(dash, |account| format!("{:.1}/{:.1}", account.got, account.entitled));
    let won = rep.won.map_or_else(dash, |won| {
        let percent = |share: f64| share * 100.0;
        format!("{:.0} % ({:.0}..{:.0}) of {}", percent(won.share), percent(won.low), percent(won.high), won.all)
    });
    let contacts = &rep.contacts;
    vec![
        fit(&rep.name, 24),
        fit(rep.territory.as_deref().unwrap_or("-"), 12),
        rep.open_leads.to_string(),
        room,
        at_work,
        rep.given_today.to_string(),
        rep.given_week.to_string(),
        rep.given_days.to_string(),
        share,
        won,
        format!("{} of {}, owes {}", contacts.in_time, contacts.settled(), contacts.owed),
    ]
}
