//! A handoff as a sheet.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use strum::VariantArray;

use super::{Facts, Handoff, Told, Unread};
use crate::app::ports::{ContactRow, OpenLead, Overruled};
use crate::app::sheet::{Line, Tone};
use crate::domain::decision::WriteState;
use crate::domain::effect::{EffectRow, EffectState};
use crate::domain::lane::Lane;
use crate::domain::number::grouped;

/// The clock on the manager's wall.
type Zone = fn(DateTime<Utc>) -> FixedOffset;

/// A moment for people who may be anywhere.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// What is handed over: the note, in its own words, and how things stood.
pub fn sheet(note: Option<&str>, facts: &Facts, zone: Zone) -> Vec<Line> {
    let mut sheet = quoted(note);
    sheet.extend(facts.sheet(zone));
    sheet
}

fn quoted(note: Option<&str>) -> Vec<Line> {
    let mut sheet: Vec<Line> = note.into_iter().flat_map(str::lines).map(|line| Line::new(Tone::Quote, line)).collect();
    if !sheet.is_empty() {
        sheet.push(Line::blank());
    }
    sheet
}

impl Handoff {
    /// What was handed over: the note, and how things stood, as far as that can be read.
    pub fn sheet(&self, zone: Zone) -> Vec<Line> {
        match &self.told {
            Told::Facts(facts) => sheet(self.note.as_deref(), facts, zone),
            Told::Unread(unread) => {
                let mut sheet = quoted(self.note.as_deref());
                sheet.extend(unread.sheet());
                sheet
            }
        }
    }
}

impl Unread {
    /// The text itself: it may still tell a person what it told when it was written.
    fn sheet(&self) -> Vec<Line> {
        let why = format!(
            "How things stood cannot be read by this version of leadboard: {}. This is what was kept, as it was written:",
            self.why
        );
        let spread =
            serde_json::from_str::<serde_json::Value>(&self.text).and_then(|kept| serde_json::to_string_pretty(&kept));
        let text = spread.unwrap_or_else(|_| self.text.clone());
        let kept = text.lines().map(|line| Line::new(Tone::Text, line));
        [Line::new(Tone::Warn, why), Line::blank()].into_iter().chain(kept).collect()
    }
}

impl Facts {
    fn sheet(&self, zone: Zone) -> Vec<Line> {
        let mut sheet = self.alarms(zone);
        sheet.push(self.open());
        sheet.extend(self.lanes());
        let clock = Clock { zone, at: self.at };
        self.risk(&mut sheet, clock);
        self.snoozed(&mut sheet, clock);
        self.contacts(&mut sheet, clock);
        self.writes(&mut sheet);
        self.overruled(&mut sheet, clock);
        sheet
    }

    /// What must not be overlooked.
    fn alarms(&self, zone: Zone) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(stop) = &self.stopped {
            let at = Clock { zone, at: self.at }.say(stop.at);
            let words = format!("NOTHING IS WRITTEN to the CRM: stopped by {} at {at}: {}", stop.by, stop.why);
            lines.push(Line::new(Tone::Bad, words));
        }
        if self.leads.lost() != 0 {
            let words =
                format!("LOST {} leads: received and not accounted for. Look at that first.", self.leads.lost());
            lines.push(Line::new(Tone::Bad, words));
        }
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        lines
    }

    fn open(&self) -> Line {
        let awake: u64 = self.lanes.lanes.values().sum();
        let mut words = format!("Open leads: {} in lanes", grouped(awake));
        if self.lanes.snoozed > 0 {
            words = format!("{words}, {} snoozed", grouped(self.lanes.snoozed));
        }
        if self.leads.pending > 0 {
            words = format!("{words}, {} not ranked yet", grouped(self.leads.pending));
        }
        if awake + self.lanes.snoozed + self.leads.pending == 0 {
            words = "Open leads: none".into();
        }
        Line::new(Tone::Heading, words)
    }

    fn lanes(&self) -> Option<Line> {
        let of = |lane: &Lane| {
            let leads = self.lanes.of(*lane);
            (leads > 0).then(|| format!("{} {}", lane.title(), grouped(leads)))
        };
        let lanes: Vec<String> = Lane::VARIANTS.iter().filter_map(of).collect();
        (!lanes.is_empty()).then(|| Line::new(Tone::Text, lanes.join(", ")))
    }

    fn risk(&self, sheet: &mut Vec<Line>, clock: Clock) {
        let sla = TimeDelta::seconds(self.sla_seconds);
        let part = long(sla / super::LAST_PART);
        let (over, ending) = (self.at_risk.tally.over, self.at_risk.tally.ending);
        if over + ending == 0 {
            return head(sheet, format!("At risk: none; each open lead has more than {part} left"), false);
        }
        let words = match (over, ending) {
            (over, 0) => format!("At risk: {over} past the {} in which they were due", long(sla)),
            (0, ending) => format!("At risk: {ending} with {part} or less left"),
            (over, ending) => format!("At risk: {over} past the {}, {ending} with {part} or less left", long(sla)),
        };
        let line = |lead: &OpenLead| {
            let due = lead.created_at + sla;
            let (tone, when) = if due <= self.at {
                (Tone::Bad, format!("over since {}", clock.say(due)))
            } else {
                (Tone::Warn, format!("until {}", clock.say(due)))
            };
            let snoozed = if lead.snoozed_until.is_some_and(|until| until > self.at) { ", snoozed" } else { "" };
            Line::of(&lead.id, &lead.company, tone, format!("{when}{snoozed}, {}", pile(lead)))
        };
        list(sheet, words, self.at_risk.first.iter().map(line).collect(), over + ending);
    }

    fn snoozed(&self, sheet: &mut Vec<Line>, clock: Clock) {
        if self.lanes.snoozed == 0 {
            return;
        }
        let line = |lead: &OpenLead| {
            let back = lead.snoozed_until.map(|until| format!("back {}, ", clock.say(until))).unwrap_or_default();
            Line::of(&lead.id, &lead.company, Tone::Text, format!("{back}{}", pile(lead)))
        };
        let lines = self.snoozed.iter().map(line).collect();
        list(sheet, format!("Snoozed: {}", grouped(self.lanes.snoozed)), lines, self.lanes.snoozed);
    }

    fn contacts(&self, sheet: &mut Vec<Line>, clock: Clock) {
        let owed = &self.contacts;
        if owed.owed == 0 {
            return head(sheet, "First contacts: nobody owes one", false);
        }
        let overdue = if owed.overdue > 0 { format!(", {} past due", owed.overdue) } else { String::new() };
        let line = |row: &ContactRow| {
            let (tone, when) = if row.due_at <= self.at { (Tone::Bad, "was due") } else { (Tone::Text, "due") };
            let unwritten = if row.write == WriteState::Waiting { ", not written yet" } else { "" };
            let words = format!("{}, {when} {}{unwritten}", row.rep_name, clock.say(row.due_at));
            Line::of(&row.lead_id, &row.company, tone, words)
        };
        let words = format!("First contacts: {} owed by reps{overdue}", owed.owed);
        list(sheet, words, owed.first.iter().map(line).collect(), owed.owed);
    }

    fn writes(&self, sheet: &mut Vec<Line>) {
        let owed = &self.writes;
        let words = match (owed.failed, owed.waiting) {
            (0, 0) => return head(sheet, "Writes to the CRM: none is owed", false),
            (0, waiting) => format!("Writes to the CRM: {waiting} waiting"),
            (failed, 0) => format!("Writes to the CRM: {failed} failed for good"),
            (failed, waiting) => format!("Writes to the CRM: {failed} failed for good, {waiting} waiting"),
        };
        let line = |row: &EffectRow| {
            let error = row.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let (tone, state) = match row.state {
                EffectState::Dead => (Tone::Bad, format!("FAILED after {}", tries(row.attempts))),
                EffectState::Leased => (Tone::Text, "on its way".to_owned()),
                _ if row.attempts == 0 => (Tone::Text, "waits".to_owned()),
                _ => (Tone::Warn, format!("waits after {}", tries(row.attempts))),
            };
            Line::of(&row.lead_id, &row.company, tone, format!("{state}{error}"))
        };
        list(sheet, words, owed.first.iter().map(line).collect(), owed.failed + owed.waiting);
    }

    fn overruled(&self, sheet: &mut Vec<Line>, clock: Clock) {
        let (since, all) = (clock.say(self.since), self.overruled.all);
        let heading = match all {
            0 => format!("Overruled since {since}: no recommendation"),
            1 => format!("Overruled since {since}: 1 recommendation"),
            all => format!("Overruled since {since}: {all} recommendations, most given up first"),
        };
        list(sheet, heading, self.overruled.first.iter().map(turned_down).collect(), all);
    }
}

fn turned_down(one: &Overruled) -> Line {
    let chance = |p: Option<f64>| p.map(|p| format!(" {:.1}%", p * 100.0)).unwrap_or_default();
    let was = one.recommended.as_ref().map(|name| format!("{name}{}, ", chance(one.recommended_p_win)));
    let note = one.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let now = format!("{}{}", one.chosen, chance(one.chosen_p_win));
    let words = format!("{}now {now}; {}{note} ({})", was.unwrap_or_default(), one.reason.code.title(), one.by);
    Line::of(&one.lead_id, &one.company, Tone::Text, words)
}

/// A heading. One with rows, or after rows, stands by itself; those that say all in a line stand together.
fn head(sheet: &mut Vec<Line>, words: impl Into<String>, rows: bool) {
    let after_rows = sheet.last().is_some_and(|line| line.about.is_some() || line.tone == Tone::Muted);
    if after_rows || (rows && !sheet.is_empty()) {
        sheet.push(Line::blank());
    }
    sheet.push(Line::new(Tone::Heading, words));
}

/// A heading, its rows, and how many more there are.
fn list(sheet: &mut Vec<Line>, heading: String, rows: Vec<Line>, all: u64) {
    let (listed, more) = (!rows.is_empty(), all.saturating_sub(rows.len() as u64));
    head(sheet, heading, listed);
    sheet.extend(rows);
    if listed && more > 0 {
        sheet.push(Line::new(Tone::Muted, format!("and {} more", grouped(more))));
    }
}

/// Where an open lead waits, and for whom.
fn pile(lead: &OpenLead) -> String {
    let pile = lead.lane.map_or("not ranked yet", Lane::title);
    lead.recommended.as_ref().map_or_else(|| pile.to_owned(), |name| format!("{pile}, for {name}"))
}

fn tries(n: u32) -> String {
    if n == 1 { "1 try".to_owned() } else { format!("{n} tries") }
}

fn long(span: TimeDelta) -> String {
    match span.num_minutes() {
        60 => "1 hour".to_owned(),
        minutes if minutes > 0 && minutes % 60 == 0 => format!("{} hours", minutes / 60),
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// Times as somebody reads them who was there: the clock, and the date where it is another.
#[derive(Clone, Copy)]
struct Clock {
    zone: Zone,
    /// When it was written.
    at: DateTime<Utc>,
}

impl Clock {
    fn say(self, at: DateTime<Utc>) -> String {
        let local = |at: DateTime<Utc>| at.with_timezone(&(self.zone)(at));
        let (then, now) = (local(at), local(self.at));
        let same = then.date_naive() == now.date_naive();
        then.format(if same { "%H:%M" } else { "%b %d %H:%M" }).to_string()
    }
}
