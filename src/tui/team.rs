//! Other managers on the same store: that they are at work, and which lead they have open.
//!
//! They are told when a lead is opened or left, and now and then while somebody works; never while nobody touches a key.

pub mod hand_over;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::backend::team::{CLAIM, HERE, Presence};
use super::backend::{LeadDetail, QueueRow};
use super::format;
use super::model::{Model, Tone};
use super::msg::Effect;
use super::theme::{Meaning, Theme};
use super::view::Ctx;
use crate::domain::ids::LeadId;
use crate::domain::text;
use hand_over::Handing;

/// Columns of a name inside a line, so that no name leaves no room for what is said of it.
const NAME: usize = 20;
/// Names in the line about who is at work; the others are counted.
const NAMED: usize = 3;

/// How a warning begins: with what can be done.
const AGAIN: &str = "Press again to decide anyway";

/// What the other managers know of this one, and what was said about them.
#[derive(Debug, Default)]
pub struct Team {
    /// Whether the person did anything since the others were told.
    pub touched: bool,
    /// What they were told last: the lead that is open, and when that was.
    told: Option<(Option<LeadId>, DateTime<Utc>)>,
    /// Claims that the person was warned of, and the lead in focus at that moment. The next press acts.
    warned: Option<(Option<LeadId>, Vec<Warned>)>,
    /// Leads that are being handed over, and to whom.
    handing: Handing,
}

/// A lead, who has it open, and since when.
type Warned = (LeadId, String, DateTime<Utc>);

/// Tells the others, if there is something to tell. Called after every message.
pub fn settle(model: &mut Model) -> Option<Effect> {
    let focus = model.lead_in_focus();
    if model.overlays.is_empty() && model.team.warned.as_ref().is_some_and(|(lead, _)| lead.as_ref() != focus) {
        model.team.warned = None;
        // It speaks of a lead that is under the cursor no more.
        model.status = model.status.take().filter(|status| !status.text.starts_with(AGAIN));
    }
    if model.options.read_only {
        return None;
    }
    let open = model.lead.as_ref().map(|lead| lead.id.clone());
    let due = match &model.team.told {
        Some((lead, _)) if *lead != open => true,
        // Half the time that they believe it, so that it holds while somebody works.
        Some((_, at)) => {
            let after = if open.is_some() { CLAIM } else { HERE } / 2;
            model.team.touched && (model.now - *at).abs() >= after
        }
        None => model.team.touched,
    };
    due.then(|| {
        model.team.touched = false;
        model.team.told = Some((open.clone(), model.now));
        Effect::Present(open)
    })
}

/// Others who are at work now, the latest first.
pub fn here(model: &Model) -> impl Iterator<Item = &Presence> {
    let others = model.overview.data.as_ref().map_or(&[][..], |overview| &overview.others);
    others.iter().filter(|one| one.seen_at + HERE > model.now)
}

/// Others who have a lead open, and since when, the first of them first.
pub fn at_lead<'a>(model: &'a Model, lead: &LeadId) -> Vec<(&'a str, DateTime<Utc>)> {
    let claims = here(model).filter_map(|one| Some((one, one.claim.as_ref()?)));
    let claims = claims.filter(|(_, claim)| claim.lead == *lead && claim.until > model.now);
    let mut found: Vec<_> = claims.map(|(one, claim)| (one.manager.as_str(), claim.since)).collect();
    found.sort_by_key(|(_, since)| *since);
    found
}

/// When the next claim ends, or somebody counts as being at work no more.
pub fn next_end(model: &Model) -> Option<DateTime<Utc>> {
    let ends = here(model).flat_map(|one| [Some(one.seen_at + HERE), one.claim.as_ref().map(|claim| claim.until)]);
    ends.flatten().filter(|end| *end > model.now).min()
}

/// Says who has one of these leads open, once; true if the press that asked for a verdict is to do no more than that.
pub fn warns<'a>(model: &mut Model, leads: impl IntoIterator<Item = &'a LeadId>) -> bool {
    let mut claims: Vec<Warned> = Vec::new();
    for lead in leads {
        claims.extend(at_lead(model, lead).into_iter().map(|(who, since)| (lead.clone(), who.to_owned(), since)));
    }
    let known = model.team.warned.as_ref().map_or(&[][..], |(_, claims)| claims);
    let Some((lead, who, since)) = claims.iter().find(|claim| !known.contains(claim)) else { return false };
    let (who, since) = (name(who), format::moment(*since, model.now, model.options.zone));
    let others: BTreeSet<&LeadId> = claims.iter().map(|claim| &claim.0).filter(|other| *other != lead).collect();
    // What can be done must not be what a long name leaves no room for.
    let text = match others.len() {
        0 => format!("{AGAIN}: {who} has this open since {since}."),
        n => format!("{AGAIN}: {} of these are open with others ({who}).", n + 1),
    };
    model.team.warned = Some((model.lead_in_focus().cloned(), claims));
    model.say(Tone::Warn, text);
    true
}

/// A name as it stands in a line, though nothing of it can be seen.
fn name(raw: &str) -> String {
    let fitted = text::fit(raw, NAME);
    if fitted.trim().is_empty() { "?".to_owned() } else { fitted }
}

/// Who has a lead open, on a line of its own, and who handed it to whom.
pub fn lines(model: &Model, ctx: &Ctx, detail: &LeadDetail, width: usize) -> Vec<Line<'static>> {
    let mut lines = open_line(model, ctx, &detail.record.lead.id, width);
    lines.extend(detail.handed.iter().flat_map(|handed| hand_over::lines(model, ctx, handed, width)));
    lines
}

fn open_line(model: &Model, ctx: &Ctx, lead: &LeadId, width: usize) -> Vec<Line<'static>> {
    let at = at_lead(model, lead);
    let Some((first, since)) = at.first() else { return Vec::new() };
    let since = format::moment(*since, ctx.now, ctx.zone);
    let first = name(first);
    let words = match at.len() {
        1 => format!(" {first} is looking at this lead (since {since})"),
        n => format!(" {first} (since {since}) and {} more are looking at this lead", n - 1),
    };
    vec![ctx.span(Meaning::Warn, ctx.theme.text(&words, width)).into()]
}

/// Who else is at work, in words; `None` where nobody is known to be.
pub fn also_here(model: &Model, ctx: &Ctx) -> Option<String> {
    let names: Vec<String> = here(model).map(|one| ctx.theme.text(&name(&one.manager), NAME)).collect();
    let more = match names.len() {
        0 => return None,
        n if n > NAMED => format!(" and {} more", n - NAMED),
        _ => String::new(),
    };
    Some(format!("also here: {}{more}", names[..names.len().min(NAMED)].join(", ")))
}

/// The sign in the queue of a lead that somebody else has open: their initials in brackets. Else that of one that is handed
/// over: from somebody to this manager, or to somebody.
pub fn sign(model: &Model, row: &QueueRow) -> Option<String> {
    if let Some((first, _)) = at_lead(model, &row.id).first() {
        return Some(format!("[{}]", initials(first, model.theme)));
    }
    let (handed, arrow) = (row.handed.as_ref()?, model.theme.glyphs().arrow);
    Some(if hand_over::is_mine(model, handed) {
        format!("{}{arrow}", initials(&handed.from, model.theme))
    } else {
        format!("{arrow}{}", initials(&handed.to, model.theme))
    })
}

/// The initials of a name: two letters, never wider than four columns.
pub fn initials(name: &str, theme: Theme) -> String {
    let name = text::safe(name);
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let letters = |word: &str, n: usize| word.graphemes(true).take(n).collect::<String>().to_uppercase();
    let both = match (words.next(), words.next_back()) {
        (Some(first), Some(last)) => letters(first, 1) + &letters(last, 1),
        (Some(only), None) => letters(only, 2),
        (None, _) => "?".to_owned(),
    };
    let fitted = theme.text(&both, 4);
    if fitted.width() == 0 { "?".to_owned() } else { fitted }
}

#[cfg(test)]
pub(crate) mod tests;
