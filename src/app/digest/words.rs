//! The digest as text.

use super::{Digest, DriftLight, FirstContacts, Verdicts};
use crate::domain::text::{fit, safe, wrap};

/// Longest line, in terminal columns: what a chat and a mail leave as it is.
const WIDTH: usize = 72;
/// Longest name.
const NAME: usize = 28;

impl Digest {
    /// Lines of at most 72 columns, with nothing in them that a terminal would act on.
    pub fn lines(&self) -> Vec<String> {
        let mut text = self.heading();
        text.extend(self.of_leads());
        text.extend(self.of_verdicts());
        text.extend(self.first_contacts.words());
        text.push(String::new());
        text.push(format!("As it stands on {}:", moment(&self.at)));
        text.push(self.of_all());
        text.push(format!("Drift: {}", self.drift.as_ref().map_or_else(never_compared, DriftLight::words)));
        let writes = &self.writes;
        text.push(format!(
            "Writes to the CRM: {} waiting, {} failed for good, {} superseded by somebody who was faster, {} written.",
            writes.pending, writes.failed, writes.superseded, writes.sent
        ));
        text.push(self.kill_switch());
        text.push(self.phase.clone());
        text.push(format!("Lift: {}", self.lift));
        text.iter().flat_map(|line| wrap(&safe(line), WIDTH)).map(|line| fit(&line, WIDTH)).collect()
    }

    fn heading(&self) -> Vec<String> {
        let day = &self.day;
        let so_far = if day.over { "the whole day" } else { "so far" };
        vec![
            format!("Leadboard digest of {}", day.date.format("%A, %Y-%m-%d")),
            format!("from {} to {}, {so_far}", moment(&day.from), moment(&day.until)),
            String::new(),
        ]
    }

    fn of_leads(&self) -> Vec<String> {
        let leads = &self.leads;
        if leads.received == 0 {
            return vec!["Leads: none was received.".to_owned()];
        }
        let mut text = vec![
            format!("Leads received: {}", leads.received),
            format!(
                "  now {} decided, {} in queue, {} pending, {} superseded",
                leads.decided, leads.in_lane, leads.pending, leads.superseded
            ),
        ];
        let agreement = self.agreement;
        text.push(if agreement.compared == 0 {
            "Same rep as the legacy rules: no lead yet where both name one.".to_owned()
        } else {
            format!(
                "Same rep as the legacy rules: {} of {} leads where both name one ({:.0} %)",
                agreement.agree,
                agreement.compared,
                agreement.agree as f64 * 100.0 / agreement.compared as f64
            )
        });
        text.push("Recommended because:".to_owned());
        let mut rungs: Vec<(&String, &u64)> = self.ladder.iter().collect();
        rungs.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        text.extend(rungs.iter().map(|(reason, leads)| format!("  {} {leads}", reason.replace('_', " "))));
        if self.unranked > 0 {
            text.push(format!("  without a recommendation {}", self.unranked));
        }
        text
    }

    fn of_all(&self) -> String {
        let all = &self.all;
        let lost = match all.lost() {
            0 => "lost 0".to_owned(),
            lost => format!("LOST {lost}"),
        };
        format!(
            "All leads: received {} = {} decided + {} in queue + {} pending + {} superseded; {lost}.",
            all.received, all.decided, all.in_lane, all.pending, all.superseded
        )
    }

    fn of_verdicts(&self) -> Vec<String> {
        let sum = |of: fn(&Verdicts) -> u64| self.verdicts.iter().map(of).sum::<u64>();
        let (given, taken_back) = (sum(|one| one.given), sum(|one| one.taken_back));
        if given == 0 {
            return vec![String::new(), "Verdicts: none was given.".to_owned()];
        }
        let mut text = vec![String::new(), format!("Verdicts given: {given}, of which {taken_back} taken back since")];
        for one in &self.verdicts {
            let reasons: Vec<String> =
                one.reasons.iter().map(|(code, given)| format!("{} {given}", code.title())).collect();
            let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            text.push(format!("  {} {}{why}", one.verdict.replace('_', " "), one.given));
        }
        text
    }

    fn kill_switch(&self) -> String {
        match &self.switch.stopped {
            Some(stopped) => format!("Kill switch: ON, {stopped}"),
            None => "Kill switch: off, writing to the CRM goes on.".to_owned(),
        }
    }
}

impl FirstContacts {
    fn words(&self) -> Vec<String> {
        let Self { in_time, late, missed, overdue, no_contact } = self;
        let settled = in_time + late + missed;
        let mut text = vec![String::new()];
        if settled == 0 {
            text.push("First contacts: none was looked at.".to_owned());
        } else {
            text.push(format!("First contacts looked at: {settled}"));
            text.push(format!("  {in_time} in time, {late} too late, {missed} with no contact at all"));
        }
        for rep in no_contact {
            text.push(format!("  no contact at all: {}, {} of {}", fit(&rep.name, NAME), rep.missed, rep.settled));
        }
        if *overdue > 0 {
            text.push(format!("  past due now and not looked at yet: {overdue}"));
        }
        text
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

fn never_compared() -> String {
    "no drift report yet, nothing was compared.".to_owned()
}

fn moment(at: &chrono::DateTime<chrono::FixedOffset>) -> String {
    at.format("%Y-%m-%d %H:%M %:z").to_string()
}
