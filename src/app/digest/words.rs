//! The digest as text.

use chrono::{DateTime, FixedOffset};

use super::{Digest, DriftLight, FirstContacts, Verdicts};
use crate::app::sheet::{Line, Tone};
use crate::domain::number::grouped;
use crate::domain::text::{fit, safe, wrap};

/// Longest line, in terminal columns: what a chat and a mail leave as it is.
const WIDTH: usize = 72;
/// Longest name.
const NAME: usize = 28;

impl Digest {
    /// Lines of at most 72 columns, with nothing in them that a terminal would act on.
    pub fn lines(&self) -> Vec<String> {
        let heading = [format!("Leadboard digest of {}", self.date()), self.span(), String::new()];
        let standing = [String::new(), format!("As it stands on {}:", self.looked())];
        let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text);
        let text = heading.into_iter().chain(texts(self.of_day())).chain(standing).chain(texts(self.as_it_stands()));
        text.flat_map(|line| wrap(&safe(&line), WIDTH)).map(|line| fit(&line, WIDTH)).collect()
    }

    /// The day by its name and date.
    pub fn date(&self) -> String {
        self.day.date.format("%A, %Y-%m-%d").to_string()
    }

    /// From when to when the day is told.
    pub fn span(&self) -> String {
        let day = &self.day;
        let (first, last) = (zone(&day.from), zone(&day.until));
        let zone = if first == last { first } else { format!("{first}, then {last}") };
        if day.over {
            return format!("the whole day ({zone})");
        }
        format!("from {} to {} ({zone}), so far", day.from.format("%H:%M"), day.until.format("%H:%M"))
    }

    /// When it was looked.
    pub fn looked(&self) -> String {
        moment(&self.at)
    }

    /// What came in on the day, and what was said and done on it. What belongs to a line before it is indented.
    pub fn of_day(&self) -> Vec<Line> {
        let mut sheet = self.of_leads();
        sheet.extend(self.of_verdicts());
        sheet.extend(self.first_contacts.words());
        sheet
    }

    /// How all leads, drift and writes stand at the moment in which it was looked.
    pub fn as_it_stands(&self) -> Vec<Line> {
        let drift = self.drift.as_ref().map_or_else(never_compared, DriftLight::words);
        let changed = self.drift.as_ref().is_some_and(|light| !light.changed.is_empty());
        let writes = &self.writes;
        let owed = format!(
            "Writes to the CRM: {} waiting, {} failed for good, {} superseded by somebody who was faster, {} written.",
            grouped(writes.pending),
            grouped(writes.failed),
            grouped(writes.superseded),
            grouped(writes.sent)
        );
        let alarm = |alarm: bool, tone| if alarm { tone } else { Tone::Heading };
        vec![
            Line::new(alarm(self.all.lost() != 0, Tone::Bad), self.of_all()),
            Line::new(alarm(changed, Tone::Warn), format!("Drift: {drift}")),
            Line::new(alarm(writes.failed > 0, Tone::Bad), owed),
            Line::new(alarm(self.switch.stopped.is_some(), Tone::Bad), self.kill_switch()),
            Line::new(Tone::Heading, self.phase.clone()),
            Line::new(Tone::Heading, format!("Lift: {}", self.lift)),
        ]
    }

    fn of_leads(&self) -> Vec<Line> {
        let leads = &self.leads;
        if leads.received == 0 {
            return vec![heading("Leads: none was received.")];
        }
        let mut sheet = vec![
            heading(format!("Leads received: {}", grouped(leads.received))),
            text(format!(
                "  now {} decided, {} in queue, {} pending, {} superseded",
                grouped(leads.decided),
                grouped(leads.in_lane),
                grouped(leads.pending),
                grouped(leads.superseded)
            )),
        ];
        let agreement = self.agreement;
        sheet.push(heading(if agreement.compared == 0 {
            "Same rep as the legacy rules: no lead yet where both name one.".to_owned()
        } else {
            format!(
                "Same rep as the legacy rules: {} of {} leads where both name one ({:.0} %)",
                grouped(agreement.agree),
                grouped(agreement.compared),
                agreement.agree as f64 * 100.0 / agreement.compared as f64
            )
        }));
        sheet.push(heading("Recommended because:"));
        let mut rungs: Vec<(&String, &u64)> = self.ladder.iter().collect();
        rungs.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        sheet.extend(
            rungs.iter().map(|(reason, leads)| text(format!("  {} {}", reason.replace('_', " "), grouped(**leads)))),
        );
        if self.unranked > 0 {
            sheet.push(text(format!("  without a recommendation {}", grouped(self.unranked))));
        }
        sheet
    }

    fn of_all(&self) -> String {
        let all = &self.all;
        let lost = match all.lost() {
            0 => "lost 0".to_owned(),
            lost => format!("LOST {lost}"),
        };
        format!(
            "All leads: received {} = {} decided + {} in queue + {} pending + {} superseded; {lost}.",
            grouped(all.received),
            grouped(all.decided),
            grouped(all.in_lane),
            grouped(all.pending),
            grouped(all.superseded)
        )
    }

    fn of_verdicts(&self) -> Vec<Line> {
        let sum = |of: fn(&Verdicts) -> u64| self.verdicts.iter().map(of).sum::<u64>();
        let (given, taken_back) = (sum(|one| one.given), sum(|one| one.taken_back));
        if given == 0 {
            return vec![Line::blank(), heading("Verdicts: none was given.")];
        }
        let all = format!("Verdicts given: {}, of which {} taken back since", grouped(given), grouped(taken_back));
        let mut sheet = vec![Line::blank(), heading(all)];
        for one in &self.verdicts {
            let reasons: Vec<String> =
                one.reasons.iter().map(|(code, given)| format!("{} {}", code.title(), grouped(*given))).collect();
            let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            sheet.push(text(format!("  {} {}{why}", one.verdict.replace('_', " "), grouped(one.given))));
        }
        sheet
    }

    fn kill_switch(&self) -> String {
        match &self.switch.stopped {
            Some(stopped) => format!("Kill switch: ON, {stopped}"),
            None => "Kill switch: off, writing to the CRM goes on.".to_owned(),
        }
    }
}

impl FirstContacts {
    fn words(&self) -> Vec<Line> {
        let Self { in_time, late, missed, overdue, no_contact } = self;
        let settled = in_time + late + missed;
        let mut sheet = vec![Line::blank()];
        if settled == 0 {
            sheet.push(heading("First contacts: none was looked at."));
        } else {
            sheet.push(heading(format!("First contacts looked at: {}", grouped(settled))));
            sheet.push(text(format!("  {in_time} in time, {late} too late, {missed} with no contact at all")));
        }
        for rep in no_contact {
            let words = format!("  no contact at all: {}, {} of {}", fit(&rep.name, NAME), rep.missed, rep.settled);
            sheet.push(Line::new(Tone::Warn, words));
        }
        if *overdue > 0 {
            sheet.push(Line::new(Tone::Bad, format!("  past due now and not looked at yet: {overdue}")));
        }
        sheet
    }
}

impl DriftLight {
    fn words(&self) -> String {
        let verdict = self.verdict.to_string().replace('_', " ");
        let as_of = self.as_of.format("%Y-%m-%d %H:%M");
        let mut words = format!("{verdict} (report of {as_of} UTC, {} leads).", self.leads);
        if !self.changed.is_empty() {
            let changed: Vec<String> = self.changed.iter().map(|label| fit(label, NAME)).collect();
            words = format!("{words} Changed: {}.", changed.join(", "));
        }
        words
    }
}

fn heading(words: impl Into<String>) -> Line {
    Line::new(Tone::Heading, words)
}

fn text(words: impl Into<String>) -> Line {
    Line::new(Tone::Text, words)
}

fn never_compared() -> String {
    "no drift report yet, nothing was compared.".to_owned()
}

/// A moment as a letter says it, with the zone: who reads it may be elsewhere.
fn moment(at: &DateTime<FixedOffset>) -> String {
    format!("{} ({})", at.format("%Y-%m-%d at %H:%M"), zone(at))
}

/// How far the clock is from UTC: `UTC`, `UTC+1`, `UTC+5:30`.
fn zone(at: &DateTime<FixedOffset>) -> String {
    match at.offset().local_minus_utc() / 60 {
        0 => "UTC".to_owned(),
        minutes => {
            let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let rest = if minutes % 60 == 0 { String::new() } else { format!(":{:02}", minutes % 60) };
            format!("UTC{sign}{}{rest}", minutes / 60)
        }
    }
}
