//! `leadboard lead`: everything the queue can do, for scripts.

mod disagreements;
mod explained;
mod list;
mod what_if;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::json;

use super::args::{Lead as Action, Why};
use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::app::decide::{self, TakenBack, VerdictOutcome, VerdictRequest};
use crate::app::explain::{self, Compared, Explanation};
use crate::app::hand_over;
use crate::app::ports::Store;
use crate::app::views::{LeadDetail, Slot};
use crate::bootstrap::Context;
use crate::domain::contact::{ContactOutcome, FirstContact};
use crate::domain::decision::WriteState;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::Owner;
use crate::domain::number::percents;
use crate::domain::ranking::Ranking;
use crate::domain::rep::Roster;
use crate::domain::text::{fit, safe};
use crate::domain::verdict::{Rejection, Verdict};
use crate::policy::capacity::Room;
use crate::policy::hold::HoldAnswer;
use crate::policy::route::Path as Way;
use crate::policy::rules::Standing;

pub(super) async fn run(action: Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = match action {
        Action::List { filter, lane, state, view, limit } => {
            let filter = list::listed(store.as_ref(), (filter, lane, state, view), context).await?;
            list::list(store.as_ref(), &filter, limit, context, out).await
        }
        Action::Export { filter, lane, state, view, format, out: file } => {
            let filter = list::listed(store.as_ref(), (filter, lane, state, view), context).await?;
            list::export(store.as_ref(), &filter, format, file.as_deref(), context, out).await
        }
        Action::Show { id, why_not } => show(store.as_ref(), &LeadId::new(id), why_not.as_deref(), context, out).await,
        Action::Disagreements { days } => disagreements::run(store.as_ref(), days, context, out).await,
        Action::WhatIf { id, set, absent, room } => {
            what_if::run(store.as_ref(), &LeadId::new(id), set, (&absent, &room), context, out).await
        }
        Action::HandOver { ids, to, note } => {
            hand_over(store.as_ref(), ids, (&to, note.as_deref()), context, out).await
        }
        Action::Undo { id } => undo(store.as_ref(), &LeadId::new(id), context, out).await,
        Action::Approve { id } => verdict(store.as_ref(), id, |_| Ok((Verdict::Approve, None)), context, out).await,
        Action::Keep { id, why } => {
            verdict(store.as_ref(), id, |_| Ok((Verdict::KeepLegacy, Some(why))), context, out).await
        }
        Action::Override { id, rep, why } => {
            let to = |roster: &Roster| Ok((Verdict::Override { rep: find_rep(&rep, roster)? }, Some(why)));
            verdict(store.as_ref(), id, to, context, out).await
        }
        Action::Reroute { id, queue, why } => {
            let to = |roster: &Roster| Ok((Verdict::Reroute { queue: find_queue(&queue, roster)? }, Some(why)));
            verdict(store.as_ref(), id, to, context, out).await
        }
        Action::Snooze { id, time } => {
            let until = |_: &Roster| Ok((Verdict::Snooze { until: context.clock.now() + duration(&time)? }, None));
            verdict(store.as_ref(), id, until, context, out).await
        }
    };
    store.close().await;
    result
}

fn percent(p: Option<f64>) -> String {
    p.map_or_else(|| "-".to_owned(), |p| format!("{:.1} %", p * 100.0))
}

/// A lead with its explanation; this is the `--json` contract of `lead show`.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    detail: &'a LeadDetail,
    explanation: Option<&'a Explanation>,
}

async fn show(store: &dyn Store, id: &LeadId, why_not: Option<&str>, context: &Context, out: Out) -> CliResult {
    let detail = store.lead_detail(id).await?.ok_or_else(|| CliError::Failed(format!("there is no lead {id}")))?;
    let roster = store.roster().await?;
    let asked = why_not.map(|rep| ranked_or_listed(rep, &detail, &roster)).transpose()?;
    let explanation = explain::explain(&detail, asked.as_ref(), &roster, context.clock.now());
    if why_not.is_some() && explanation.is_none() {
        return Err(CliError::Failed(format!(
            "no way to a recommendation is stored for lead {id}, so none can be told"
        )));
    }
    out.result(&Shown { detail: &detail, explanation: explanation.as_ref() }, || {
        let mut lines = panel(&detail, context.clock.now());
        lines.extend(explanation.iter().flat_map(explained::lines));
        lines.extend(decisions(&detail));
        lines
    });
    Ok(())
}

/// The rep of this name; by id also one who is no rep any more and was when the lead was ranked.
fn ranked_or_listed(wanted: &str, detail: &LeadDetail, roster: &Roster) -> Result<RepId, CliError> {
    let left =
        detail.ranking.iter().flat_map(|r| r.pool.eligible.iter().chain(r.pool.excluded.iter().map(|(id, _)| id)));
    match left.into_iter().find(|id| id.as_str() == wanted) {
        Some(id) => Ok(id.clone()),
        None => find_rep(wanted, roster),
    }
}

/// The way to a recommendation: rules that fired, what they could not know, and the rungs of the ladder.
pub(super) fn path_lines(path: &Way) -> Vec<String> {
    let rules = path.rules.fired.iter().map(|fired| {
        let stands = match &fired.standing {
            Standing::Applies => String::new(),
            Standing::Overruled { by } => format!(" (overruled by \"{by}\")"),
            Standing::TerritoryKept { territory } => format!(" (the CRM's territory {territory} stays)"),
            Standing::TargetNotFound => " (whom it names cannot be found)".to_owned(),
        };
        format!("  rule \"{}\", {}{stands}: {}", fired.rule, fired.kind, fired.reason)
    });
    let unknown = path.rules.unknown.iter().map(|unknown| {
        let others = if unknown.rules > 1 { format!(" and {} more", unknown.rules - 1) } else { String::new() };
        format!("  not known: {}, which \"{}\"{others} would have to know", unknown.field, unknown.first)
    });
    let rungs = path.rungs.iter().map(|step| format!("  {} {step}", if step.taken { '>' } else { '-' }));
    let heat = path.heat.is_hot().then(|| format!("  {}", path.heat));
    let same = path.duplicates.iter().map(|duplicate| format!("  {duplicate}"));
    let source = path.source.iter().map(|source| format!("  lead source: {source}, by a partner rule"));
    let mut lines: Vec<String> = rules.chain(unknown).chain(rungs).chain(heat).chain(source).chain(same).collect();
    lines.insert(0, format!("the way there (rules {}):", path.version().short()));
    lines
}

/// The why-panel as plain lines.
fn panel(detail: &LeadDetail, now: DateTime<Utc>) -> Vec<String> {
    let lead = &detail.record.lead;
    let name = |id: &str| fit(detail.names.get(id).map_or(id, String::as_str), 28);
    let fact = |f: &Option<String>| f.as_deref().unwrap_or("-").to_owned();
    let mut lines = vec![
        format!("{}  {}", lead.id, lead.company),
        format!(
            "source {}, industry {}, territory {}, created {}",
            fact(&lead.facts.source),
            fact(&lead.facts.industry),
            fact(&lead.facts.territory),
            lead.facts.created_at.format("%Y-%m-%d %H:%M UTC")
        ),
        format!("state {}, legacy owner {}", detail.record.state, name(detail.record.legacy.owner.id())),
    ];
    lines.extend(detail.record.earlier.iter().map(|had| {
        let why = had.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        format!("{} {} at {}{why}", name(had.rep.as_str()), had.how.words(), had.at.format("%Y-%m-%d %H:%M UTC"))
    }));
    lines.extend(detail.handed.iter().map(|hand| {
        let note = hand.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
        format!("handed over by {} to {} at {}{note}", hand.from, hand.to, hand.at.format("%Y-%m-%d %H:%M UTC"))
    }));
    lines.extend(detail.contacts.iter().map(|owed| first_contact(owed, &name)));
    if let Some(recommendation) = &detail.recommendation {
        let owner = recommendation.route.owner();
        lines.push(format!(
            "recommended: {} ({}). {}",
            name(owner.id()),
            recommendation.reason,
            recommendation.explanation
        ));
    }
    lines.extend(
        detail
            .hold
            .as_ref()
            .map(|hold| format!("until {} UTC: {}", hold.closes_at.format("%H:%M:%S"), HoldAnswer::Wait(hold.clone()))),
    );
    lines.extend(detail.path.iter().flat_map(path_lines));
    lines.extend(detail.path.iter().flat_map(|path| &path.standings).map(|standing| {
        let room = standing.room.as_ref().map_or_else(|| "room not counted".to_owned(), Room::words);
        let slot = match &standing.slot {
            Some(slot @ Slot::Free { .. }) => format!("first contact {} (UTC)", slot.words(Tz::UTC, now)),
            Some(slot @ Slot::None { .. }) => format!("{} (UTC)", slot.words(Tz::UTC, now)),
            None => "first contact unknown, because neither hours nor a calendar are known".to_owned(),
        };
        format!("  {}: {slot}; {room}", name(standing.rep.as_str()))
    }));
    if let Some(ranking) = &detail.ranking {
        let gates = detail.path.as_ref().map(|path| &path.gates).filter(|gates| gates.cleared);
        // Beside a gate that it is compared with, a probability shows on which side it is.
        let p_win = |p| match gates {
            Some(gates) => format!("{} %", percents(p, gates.confidence).0),
            None => percent(Some(p)),
        };
        let rows: Vec<Vec<String>> = ranking
            .reps
            .iter()
            .map(|r| {
                let legacy = detail.record.legacy.owner.rep() == Some(&r.rep_id);
                vec![
                    r.rank.to_string(),
                    name(r.rep_id.as_str()),
                    p_win(r.p_win),
                    format!("{:.0}..{:.0}", r.interval.low * 100.0, r.interval.high * 100.0),
                    format!("{} of {}", r.support.wins, r.support.deals),
                    format!("{} of {}", r.support.similar_wins, r.support.similar_deals),
                    [(legacy, "legacy"), (!r.in_pool, "not in the pool")]
                        .iter()
                        .filter_map(|(is, what)| is.then_some(*what))
                        .collect::<Vec<_>>()
                        .join(", "),
                ]
            })
            .collect();
        let similar = format!("won in {}", ranking.segment);
        lines.extend(table(&["#", "rep", "p_win", "95 %", "won", &similar, ""], &rows));
        lines.push(format!(
            "{} in the pool, {} excluded; {}",
            ranking.pool.eligible.len(),
            ranking.pool.excluded.len(),
            ranking.model_id
        ));
        lines.extend(reasons(detail, ranking, &name));
    }
    lines
}

/// What a rep owed the lead, and what came of it.
fn first_contact(owed: &FirstContact, name: &dyn Fn(&str) -> String) -> String {
    let clock = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
    let made = owed.contacted_at.map_or_else(String::new, |at| format!(", made at {}", clock(at)));
    let outcome = match owed.outcome {
        None => "not looked at yet".to_owned(),
        Some(ContactOutcome::InTime) => format!("in time{made}"),
        Some(ContactOutcome::Late) => format!("too late{made}"),
        Some(ContactOutcome::Missed) => "nobody got in touch".to_owned(),
        Some(ContactOutcome::Moot) => "not owed any more".to_owned(),
    };
    format!("first contact by {} until {}: {outcome}", name(owed.rep.as_str()).trim_end(), clock(owed.due_at))
}

/// Every decision on the lead, newest first.
fn decisions(detail: &LeadDetail) -> Vec<String> {
    let name = |id: &str| fit(detail.names.get(id).map_or(id, String::as_str), 28);
    let mut lines = Vec::new();
    for decision in &detail.decisions {
        let had = detail.record.earlier.iter().find(|had| had.decision == decision.trace_id);
        let undone = match (decision.undone_at, decision.replaces, decision.closed_at) {
            _ if had.is_some() => had.map_or_else(String::new, |had| format!(", they {}", had.how.words())),
            (Some(_), ..) => ", undone".to_owned(),
            (None, Some(old), _) => format!(", in place of {old}"),
            (None, None, Some(_)) => ", replaced".to_owned(),
            (None, None, None) => String::new(),
        };
        lines.push(format!(
            "{} {}: {} -> {} ({}{undone}) trace {}",
            decision.decided_at.format("%Y-%m-%d %H:%M:%S UTC"),
            match &decision.by {
                crate::domain::decision::DecidedBy::Manager(name) => name.as_str(),
                crate::domain::decision::DecidedBy::Automatic => "automatic",
                crate::domain::decision::DecidedBy::Fallback => "fallback",
            },
            decision.verdict.name(),
            name(decision.owner.id()),
            decision.write,
            decision.trace_id
        ));
    }
    lines
}

/// What the ranking rests on: the lead score, what the gap is worth, and why the first rep stands before the other.
fn reasons(detail: &LeadDetail, ranking: &Ranking, name: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(lead) = &ranking.lead_score {
        lines.push(format!(
            "lead score {} of 100 ({}), among {} closed deals; won {} ({:.0}..{:.0} %) whoever works it",
            lead.score,
            lead.tier,
            lead.deals,
            percent(Some(lead.probability)),
            lead.interval.low * 100.0,
            lead.interval.high * 100.0
        ));
        lines.extend(lead.factors.iter().map(|factor| format!("  {:+.2} {}", factor.weight, safe(&factor.label))));
    }
    if let Some(expected) = &ranking.expected {
        let gap = expected.gap.map_or_else(String::new, |gap| {
            format!(
                ", {:+.1} points against the legacy owner: {:+.0} wins per 100 leads like this",
                gap * 100.0,
                gap * 100.0
            )
        });
        lines.push(format!(
            "expected of the best rep: {}{gap} ({:.0} % of such differences showed in {} held-out deals)",
            percent(Some(expected.p_win)),
            expected.kept * 100.0,
            expected.deals
        ));
    }
    if let Some(Compared { reasons: comparison, recommended, role }) = explain::compared(detail) {
        let (ours, theirs) = (name(comparison.ours.as_str()), name(comparison.theirs.as_str()));
        let best = if recommended { "" } else { " (the model's best)" };
        lines
            .push(format!("why {ours}{best} before {theirs} ({role}), in log-odds (together {:+.2}):", comparison.gap));
        lines.extend(
            comparison
                .contrasts
                .iter()
                .filter(|c| c.weight.abs() >= 0.005)
                .map(|c| format!("  {:+.2} {}", c.weight, safe(&c.words(&ours, &theirs)))),
        );
    }
    lines
}

async fn hand_over(
    store: &dyn Store,
    ids: Vec<String>,
    (to, note): (&str, Option<&str>),
    context: &Context,
    out: Out,
) -> CliResult {
    let leads: Vec<LeadId> = ids.into_iter().map(LeadId::new).collect();
    let me = context.manager();
    let handed = hand_over::hand_over(store, context.clock.as_ref(), (&me, to), note, &leads).await?;
    out.result(&handed, || {
        let n = handed.leads.len();
        let mut lines =
            vec![format!("{n} {} handed over to {}.", if n == 1 { "lead is" } else { "leads are" }, handed.to)];
        let left_out = handed.left_out.iter().map(|lead| format!("  not {lead}: it waits for no verdict"));
        lines.extend(left_out);
        lines
    });
    Ok(())
}

async fn undo(store: &dyn Store, id: &LeadId, context: &Context, out: Out) -> CliResult {
    let back = decide::undo(store, context.clock.as_ref(), id, &context.manager()).await?;
    out.result(&back.decision(), || taken_back(&back));
    Ok(())
}

async fn verdict(
    store: &dyn Store,
    id: String,
    said: impl FnOnce(&Roster) -> Result<(Verdict, Option<Why>), CliError>,
    context: &Context,
    out: Out,
) -> CliResult {
    let roster = store.roster().await?;
    let (verdict, why) = said(&roster)?;
    let request = VerdictRequest {
        lead_id: LeadId::new(id),
        verdict,
        rejection: why.map(|Why { reason, note }| Rejection { code: reason, note }),
        manager: context.manager(),
        seen_decisions: None,
    };
    let outcome = decide::decide(store, context.clock.as_ref(), &context.settings(), request).await?;
    out.result(&json!(outcome), || {
        let lines = match &outcome {
            VerdictOutcome::Decided { decision, owner_name } => {
                let what = match decision.owner {
                    Owner::Rep(_) => "goes to",
                    Owner::Queue(_) => "goes to the queue",
                };
                let until = decision.grace_until.format("%H:%M:%S UTC");
                let write = match decision.write {
                    WriteState::NotWanted => {
                        "Only recorded: write_verdicts = false keeps it out of the CRM.".to_owned()
                    }
                    _ => format!("The worker writes it to the CRM from {until} on."),
                };
                vec![
                    format!("The lead {what} {owner_name}. {write}"),
                    format!("`leadboard lead undo {}` takes it back until {until}.", decision.lead_id),
                    format!("Trace {}", decision.trace_id),
                ]
            }
            VerdictOutcome::Snoozed { until } => {
                vec![format!("The lead comes back to its lane at {}.", until.format("%Y-%m-%d %H:%M UTC"))]
            }
        };
        lines.iter().flat_map(|line| wrap(line)).collect()
    });
    Ok(())
}

fn taken_back(back: &TakenBack) -> Vec<String> {
    match back {
        TakenBack::InTime(decision) if decision.replaces.is_some() => {
            vec!["Taken back; nothing was written. The decision before it stands again.".to_owned()]
        }
        TakenBack::Woken => vec!["It was only snoozed; it is in its lane again.".to_owned()],
        TakenBack::InTime(_) => vec!["Taken back; nothing was written. The lead is in its lane again.".to_owned()],
        TakenBack::PutBack { decision, owner_name } => {
            let text = format!(
                "The decision was sent already, so a new one gives the lead back to {owner_name}, if nobody else took it \
                 meanwhile. As soon as that is written, the lead is open again."
            );
            let mut lines = wrap(&text);
            lines.push(format!("Trace {}", decision.trace_id));
            lines
        }
    }
}

fn find_rep(wanted: &str, roster: &Roster) -> Result<RepId, CliError> {
    one(wanted, roster.reps.iter().map(|r| (r.id.as_str(), r.name.as_str(), &r.id)), "rep")
}

fn find_queue(wanted: &str, roster: &Roster) -> Result<crate::domain::ids::QueueId, CliError> {
    if let Some(queue) = roster.queue_by_key(wanted) {
        return Ok(queue.id.clone());
    }
    one(wanted, roster.queues.iter().map(|q| (q.id.as_str(), q.name.as_str(), &q.id)), "queue")
}

/// The one with this id or name; refused when there is none, or more than one of the name.
pub(super) fn one<'a, Id: Clone + 'a>(
    wanted: &str,
    known: impl Iterator<Item = (&'a str, &'a str, &'a Id)> + Clone,
    what: &str,
) -> Result<Id, CliError> {
    let mut found = known.clone().filter(|(id, name, _)| *id == wanted || name.eq_ignore_ascii_case(wanted));
    match (found.next(), found.next()) {
        (Some((_, _, id)), None) => Ok(id.clone()),
        (Some(_), Some(_)) => Err(CliError::Failed(format!("more than one {what} is called {wanted}; use the id"))),
        (None, _) => {
            let near = crate::config::nearest(wanted, known.map(|(_, name, _)| name));
            let hint = near.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
            Err(CliError::Failed(format!("there is no {what} {wanted}{hint}")))
        }
    }
}

/// `15m`, `1h`, `2d`.
fn duration(text: &str) -> Result<Duration, CliError> {
    let wrong = || CliError::Usage(format!("{text} is no time to wait; write for example 15m, 1h or 2d"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 =
        text.strip_suffix(unit).and_then(|n| n.parse().ok()).filter(|n| (1..=10_000).contains(n)).ok_or_else(wrong)?;
    match unit {
        'm' => Ok(Duration::minutes(number)),
        'h' => Ok(Duration::hours(number)),
        'd' => Ok(Duration::days(number)),
        _ => Err(wrong()),
    }
}
