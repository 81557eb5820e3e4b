//! The parts of the why-panel, each as lines.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::legacy_rep;
use crate::app::story;
use crate::domain::contact::ContactOutcome;
use crate::domain::decision::WriteState;
use crate::domain::lead::LeadState;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::domain::recommendation::Route;
use crate::domain::verdict::Verdict;
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::verdict::{decided_by, name_of, rep_name};
use crate::tui::view::Ctx;

/// Company on the left, SLA on the right.
pub(super) fn title(detail: &LeadDetail, ctx: &Ctx, width: usize) -> (Line<'static>, Line<'static>) {
    let lead = &detail.record.lead;
    let left = ctx.sla_left(lead.facts.created_at);
    let clock = if detail.record.state == LeadState::InLane {
        let words = if left <= TimeDelta::zero() {
            format!("SLA missed by {}", format::duration_words(-left))
        } else {
            format!("SLA {} left", format::duration_words(left))
        };
        Line::from(ctx.span(ctx.urgency(left), format!("{words} ")))
    } else {
        Line::default()
    };
    let room = width.saturating_sub(clock.width() + 3);
    let company = ctx.theme.text(called(&lead.company, lead.id.as_str()), room);
    (ctx.span(Meaning::Title, format!(" {company}")).into(), clock)
}

/// The company, or the id of the lead when nothing of the name can be seen.
fn called<'a>(company: &'a str, id: &'a str) -> &'a str {
    if crate::domain::text::fit(company, 8).trim().is_empty() { id } else { company }
}

/// What is known of the lead, most telling first.
fn fact_words(detail: &LeadDetail, ctx: &Ctx) -> Vec<String> {
    let lead = &detail.record.lead;
    let facts = &lead.facts;
    let text = |raw: &Option<String>| raw.as_deref().map(|raw| ctx.theme.text(raw, 28));
    let mut words: Vec<String> = Vec::new();
    words.extend(text(&facts.industry));
    words.extend(facts.employees.map(|n| format!("{} employees", format::magnitude(n))));
    words.extend(text(&facts.source));
    words.extend(text(&facts.territory));
    let age = ctx.now - facts.created_at;
    words.push(if age < TimeDelta::minutes(1) { "new".into() } else { format!("{} old", format::duration(age)) });
    words.extend(facts.amount.map(|x| format!("expected {}", format::magnitude(x))));
    words.extend(facts.annual_revenue.map(|x| format!("revenue {}", format::magnitude(x))));
    words.extend(text(&facts.product));
    words.extend(text(&facts.country));
    words.extend(text(&lead.contact));
    words.push(ctx.theme.text(lead.id.as_str(), 20));
    words
}

/// [`fact_words`] in so many lines; what does not fit is left out.
pub(super) fn facts(detail: &LeadDetail, ctx: &Ctx, width: usize, lines: usize) -> Vec<Line<'static>> {
    let separator = format!(" {} ", ctx.theme.glyphs().dot);
    let mut out = vec![String::new()];
    for word in fact_words(detail, ctx) {
        let current = out.last().map_or(0, |line| line.width());
        let needed = word.width() + if current == 0 { 1 } else { separator.width() };
        if current + needed + 1 > width {
            if out.len() == lines {
                break;
            }
            out.push(String::new());
        }
        if let Some(line) = out.last_mut() {
            line.push_str(if line.is_empty() { " " } else { &separator });
            line.push_str(&word);
        }
    }
    out.into_iter().map(|line| ctx.span(Meaning::Muted, line).into()).collect()
}

/// Every fact with its name, for a wide screen.
pub(super) fn facts_list(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let lead = &detail.record.lead;
    let facts = &lead.facts;
    let mut rows: Vec<(&str, Option<String>)> = vec![
        ("contact", lead.contact.clone()),
        ("industry", facts.industry.clone()),
        ("product", facts.product.clone()),
        ("source", facts.source.clone()),
        ("territory", facts.territory.clone()),
        ("country", facts.country.clone()),
        ("employees", facts.employees.map(format::magnitude)),
        ("revenue", facts.annual_revenue.map(format::magnitude)),
        ("expected amount", facts.amount.map(format::magnitude)),
        ("created", Some(format::moment(facts.created_at, ctx.now, ctx.zone))),
        ("reached us", Some(format::moment(detail.record.received_at, ctx.now, ctx.zone))),
    ];
    rows.extend(facts.numeric.iter().map(|(name, x)| (name.as_str(), Some(format::magnitude(*x)))));
    rows.extend(facts.categorical.iter().map(|(name, x)| (name.as_str(), Some(x.clone()))));
    rows.push(("id", Some(lead.id.to_string())));
    let mut lines = vec![heading(ctx, "Lead")];
    lines.extend(rows.into_iter().filter_map(|(name, value)| {
        let value = value?;
        let label = ctx.span(Meaning::Muted, format!(" {} ", ctx.theme.left(name, 16)));
        Some(Line::from(vec![label, ctx.span(Meaning::Text, ctx.theme.text(&value, width.saturating_sub(18)))]))
    }));
    lines
}

pub(super) fn heading(ctx: &Ctx, text: &str) -> Line<'static> {
    ctx.span(Meaning::Title, format!(" {text}")).into()
}

/// Whether policy would give the lead to this rep.
pub(super) fn is_recommended(detail: &LeadDetail, rep: &RankedRep) -> bool {
    matches!(&detail.recommendation, Some(r) if matches!(&r.route, Route::AssignRep(id) if *id == rep.rep_id))
}

/// What chose the recommended rep, in a word.
pub(super) fn chosen_by(detail: &LeadDetail) -> &'static str {
    promised_by(detail).unwrap_or("model")
}

/// What chose the recommended rep, in a word, where it was not the model.
pub(super) fn promised_by(detail: &LeadDetail) -> Option<&'static str> {
    detail.recommendation.as_ref().and_then(|given| format::chosen_by(given.reason))
}

/// The recommended rep of the ranking, and the legacy owner's place in it.
pub(super) fn rivals<'a>(
    detail: &'a LeadDetail,
    ranking: &'a Ranking,
) -> (Option<&'a RankedRep>, Option<&'a RankedRep>) {
    let model = ranking.reps.iter().find(|r| is_recommended(detail, r)).or_else(|| ranking.best());
    (model, legacy_rep(detail).and_then(|id| ranking.of(id)))
}

/// Lines that the reason of a recommendation may take.
const REASON: usize = 2;

/// Where it should go, why, and what that is worth against the legacy owner.
pub(super) fn recommendation(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(recommendation) = &detail.recommendation else {
        return vec![ctx.span(Meaning::Muted, " Nothing is recommended yet.").into()];
    };
    let arrow = ctx.theme.glyphs().arrow;
    let owner = recommendation.route.owner();
    let name = name_of(detail, &owner);
    let owner = ctx.theme.text(name, 24);
    // A sentence about the owner goes on where the name ends.
    let (mark, why) = match recommendation.explanation.strip_prefix(name) {
        Some(rest) if rest.starts_with(' ') => ("", rest.trim_start()),
        _ => (":", recommendation.explanation.as_str()),
    };
    let head = format!(" {arrow} {owner}");
    let after = head.width() + mark.width() + 1;
    // The reason is not cut off: what is too long goes on below, under where it began.
    let mut rows = ctx.theme.wrap(why, width.saturating_sub(after + 1), REASON).into_iter();
    let first = rows.next().unwrap_or_default();
    let mut lines =
        vec![Line::from(vec![ctx.span(Meaning::Model, head), ctx.span(Meaning::Text, format!("{mark} {first}"))])];
    lines.extend(rows.map(|row| Line::from(ctx.span(Meaning::Text, format!("{}{row}", " ".repeat(after))))));
    lines.push(super::why::gap(detail, ctx, width));
    lines
}

/// How many may get it, why the others may not, and what "similar" means, on at most so many lines.
pub(super) fn pool(detail: &LeadDetail, ctx: &Ctx, width: usize, most: usize) -> Vec<Line<'static>> {
    let Some(ranking) = &detail.ranking else { return Vec::new() };
    let pool = &ranking.pool;
    let all = pool.eligible.len() + pool.excluded.len();
    let reasons: Vec<String> = excluded(ranking).into_iter().map(|(why, n)| format!("{n} {why}")).collect();
    let out = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let mut parts = Vec::new();
    // What the column above means comes first: it must not be cut off.
    if !ranking.segment.is_empty() {
        parts.push(format!("similar = {}", ranking.segment));
    }
    parts.push(format!("pool {} of {all}{out}", pool.eligible.len()));
    let out = legacy_rep(detail).and_then(|id| pool.excluded.iter().find(|(rep, _)| rep == id));
    if let Some((rep, why)) = out {
        parts.insert(0, format!("{} is not eligible: {why}", rep_name(detail, rep)));
    }
    let told = ctx.theme.wrap(&parts.join("; "), width.saturating_sub(1), most);
    told.into_iter().map(|line| ctx.span(Meaning::Muted, format!(" {line}")).into()).collect()
}

fn excluded(ranking: &Ranking) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for (_, why) in &ranking.pool.excluded {
        *reasons.entry(why.short()).or_insert(0) += 1;
    }
    reasons
}

/// The pool with room to say more.
pub(super) fn pool_list(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(ranking) = &detail.ranking else { return Vec::new() };
    let pool = &ranking.pool;
    let say = |label: &str, value: String| {
        Line::from(vec![
            ctx.span(Meaning::Muted, format!(" {} ", ctx.theme.left(label, 16))),
            ctx.span(Meaning::Text, ctx.theme.text(&value, width.saturating_sub(18))),
        ])
    };
    let mut lines = vec![
        heading(ctx, "Who may get it"),
        say("eligible", format!("{} of {}", pool.eligible.len(), pool.eligible.len() + pool.excluded.len())),
    ];
    lines.extend(excluded(ranking).into_iter().map(|(why, n)| say("not eligible", format!("{n} {why}"))));
    if !ranking.segment.is_empty() {
        lines.push(say("similar means", ranking.segment.clone()));
    }
    if let Some(expected) = ranking.expected {
        let deals = format::grouped(expected.deals.into());
        let kept = format::percent_short(expected.kept);
        lines.push(say("gaps that hold", format!("{kept}, by {deals} held-out deals")));
    }
    lines.push(say("ranked by", ranking.model_id.to_string()));
    lines.push(say("ranked", format::moment(ranking.ranked_at, ctx.now, ctx.zone)));
    lines
}

/// The standing decision and how far its write is; or that the lead is snoozed, superseded, or carries a note.
pub(super) fn decision(detail: &LeadDetail, model: &Model, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |meaning: Meaning, text: String| {
        lines.push(Line::from(ctx.span(meaning, format!(" {}", ctx.theme.text(&text, width.saturating_sub(1))))));
    };
    if let Some(decision) = detail.decisions.iter().find(|d| d.stands()) {
        let (meaning, state) = match decision.write {
            WriteState::Waiting if ctx.now < decision.grace_until => (Meaning::Warn, "can still be taken back"),
            WriteState::Waiting => (Meaning::Warn, "waits to be written"),
            WriteState::Written => (Meaning::Good, "written to the CRM"),
            WriteState::NotWanted => (Meaning::Text, "recorded only, not written"),
            WriteState::Superseded => (Meaning::Warn, "not written: somebody was faster"),
            WriteState::Failed => (Meaning::Bad, "the write FAILED, see the sync screen"),
            WriteState::Undone => (Meaning::Text, "taken back"),
        };
        let verdict = match &decision.verdict {
            Verdict::Approve => "approved",
            Verdict::KeepLegacy => "legacy kept",
            Verdict::Override { .. } => "overridden",
            Verdict::Reroute { .. } => "rerouted",
            Verdict::Snooze { .. } => "snoozed",
            Verdict::Undo => "put back",
            Verdict::Backfill { .. } => "assigned in a back-fill",
        };
        let why = decision.rejection.as_ref().map_or(String::new(), |r| format!(" ({})", r.code.title()));
        let (owner, by) = (name_of(detail, &decision.owner), decided_by(&decision.by));
        let at = format::moment(decision.decided_at, ctx.now, ctx.zone);
        say(meaning, format!("{verdict} by {by} at {at}: {owner}{why}; {state}"));
    } else if detail.record.state == LeadState::Superseded {
        say(Meaning::Warn, "superseded: somebody changed it in the CRM; nothing will be written".into());
    } else if detail.record.state == LeadState::Pending {
        match &detail.hold {
            Some(hold) => {
                let until = format::moment(hold.closes_at, ctx.now, ctx.zone);
                say(Meaning::Warn, format!("held until {until}, to be given together with others"));
            }
            None => say(Meaning::Warn, "changed meanwhile: it is being ranked again".into()),
        }
    }
    if let (LeadState::Pending | LeadState::InLane, Some(had)) = (detail.record.state, detail.record.earlier.last()) {
        let (rep, at) = (rep_name(detail, &had.rep), format::moment(had.at, ctx.now, ctx.zone));
        let why = had.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        say(Meaning::Warn, format!("{rep} {} at {at}{why}", had.how.words()));
    }
    if let Some((meaning, words)) = contact(detail, ctx) {
        say(meaning, words);
    }
    if let Some(until) = detail.record.snoozed_until.filter(|until| *until > ctx.now) {
        say(Meaning::Warn, format!("snoozed until {}", format::moment(until, ctx.now, ctx.zone)));
    }
    if model.session.has_note(&detail.record.lead.id) {
        say(Meaning::Text, "a note waits for your next rejection of this lead".into());
    }
    lines
}

/// What the rep who has the lead by a decision owes it.
fn contact(detail: &LeadDetail, ctx: &Ctx) -> Option<(Meaning, String)> {
    let standing = detail.decisions.iter().find(|decision| decision.stands())?;
    let owed = detail.contacts.iter().find(|owed| owed.decision == standing.trace_id)?;
    let (rep, due) = (rep_name(detail, &owed.rep), format::moment(owed.due_at, ctx.now, ctx.zone));
    let made = owed.contacted_at.map_or_else(String::new, |at| format::moment(at, ctx.now, ctx.zone));
    let lead = &detail.record.lead;
    let gone = lead.converted || lead.deleted || lead.form.disqualified || detail.record.state != LeadState::Decided;
    match owed.outcome {
        None if gone => Some((Meaning::Muted, format!("a first contact by {rep} is no longer asked for"))),
        None => Some((Meaning::Muted, format!("{rep} owes it a first contact until {due}"))),
        Some(ContactOutcome::InTime) => Some((Meaning::Good, format!("first contact at {made}, in time"))),
        Some(ContactOutcome::Late) => Some((Meaning::Warn, format!("first contact at {made}, due at {due}"))),
        Some(ContactOutcome::Missed) => Some((Meaning::Warn, format!("{rep} made no contact in time, due at {due}"))),
        Some(ContactOutcome::Moot) => None,
    }
}

/// What happened to the lead, newest first.
pub(super) fn timeline(detail: &LeadDetail, ctx: &Ctx, width: usize, height: usize) -> Vec<Line<'static>> {
    if detail.timeline.is_empty() || height < 2 {
        return Vec::new();
    }
    let mut lines = vec![heading(ctx, "What happened")];
    lines.extend(detail.timeline.iter().take(height - 1).map(|event| {
        let at = format::moment(event.at, ctx.now, ctx.zone);
        let what = format!("{} ({})", story::sentence(event, &detail.names), event.actor);
        Line::from(vec![
            ctx.span(Meaning::Muted, format!(" {at} ")),
            ctx.span(Meaning::Text, ctx.theme.text(&what, width.saturating_sub(at.width() + 2))),
        ])
    }));
    lines
}
