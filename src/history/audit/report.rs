//! The report in plain words, for a manager.

use super::{AuditReport, Finding, Severity};
use crate::domain::text::fit;
use crate::history::words::{count, counted};

/// Terminal columns that an id takes at most.
const ID_WIDTH: usize = 24;

impl AuditReport {
    /// The report as lines of text: the verdict first, then the numbers, then each finding with what to do.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.verdict(), String::new()];
        lines.push(format!(
            "{} ({} won, {} lost) by {}{}.",
            counted(self.deals, "closed deal"),
            count(self.won),
            count(self.lost),
            counted(self.reps, "rep"),
            match (self.first_created, self.last_created) {
                (Some(first), Some(last)) => format!(", created {} to {}", first.date_naive(), last.date_naive()),
                _ => String::new(),
            }
        ));
        let known = self.completeness.iter().filter(|fact| fact.present > 0);
        let filled: Vec<String> =
            known.map(|fact| format!("{} {} %", fact.fact, (fact.share * 100.0).floor())).collect();
        if !filled.is_empty() {
            lines.push(format!("Filled in: {}.", filled.join(", ")));
        }
        for finding in &self.findings {
            lines.push(String::new());
            lines.extend(finding.lines());
        }
        lines
    }

    fn verdict(&self) -> String {
        let of = |severity| self.findings.iter().filter(move |finding| finding.severity == severity);
        let blocking: Vec<&str> = of(Severity::Blocking).map(|finding| finding.message.as_str()).collect();
        match blocking[..] {
            [] => match of(Severity::Warning).count() {
                0 => "The history is good enough to train on.".to_owned(),
                n => format!("The history is good enough to train on, with {}.", counted(n as u64, "warning")),
            },
            [only] => format!("The history is not good enough to train on: {}", lower_first(only)),
            [first, ..] => format!(
                "The history is not good enough to train on, for {} reasons; first: {}",
                blocking.len(),
                lower_first(first)
            ),
        }
    }
}

impl Finding {
    fn lines(&self) -> Vec<String> {
        let word = match self.severity {
            Severity::Blocking => "BLOCKS ",
            Severity::Warning => "warning",
            Severity::Note => "note   ",
        };
        let mut lines = vec![format!("{word}  {}", self.message), format!("         {}", self.cure)];
        let ids = |kind: &str, ids: Vec<String>| format!("         {kind} to look at: {}", ids.join(", "));
        if !self.leads.is_empty() {
            lines.push(ids("Leads", self.leads.iter().map(|lead| fit(lead.as_str(), ID_WIDTH)).collect()));
        }
        if !self.reps.is_empty() {
            lines.push(ids("Reps", self.reps.iter().map(|rep| fit(rep.as_str(), ID_WIDTH)).collect()));
        }
        lines
    }
}

/// A sentence as it continues another.
fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
