//! The report in plain words, for a manager: the verdict, what is wrong in a sentence each, and then what to do about it.

use super::finding::{Bound, Pass};
use super::{AuditReport, Finding, Severity};
use crate::domain::text::fit;
use crate::history::words::{count, counted};

/// Terminal columns that an id takes at most.
const ID_WIDTH: usize = 24;

/// A share in whole per cent, rounded down, so that a share below a limit is never shown as the limit.
pub(super) fn percent(share: f64) -> String {
    // A binary fraction such as 0.29 lies a little below what it stands for.
    let whole = (share * 100.0 + 1e-9).floor();
    if share > 0.0 && whole < 1.0 { "less than 1 %".to_owned() } else { format!("{whole} %") }
}

impl AuditReport {
    /// The report as lines of text: a sentence a line, however long.
    pub fn lines(&self) -> Vec<String> {
        self.wrapped(&|line| vec![line.to_owned()])
    }

    /// The report as lines of text that `wrap` has broken. Lines for the map are never broken, because they are there to
    /// be pasted.
    pub fn wrapped(&self, wrap: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
        let mut lines = wrap(&self.verdict());
        lines.push(String::new());
        for line in self.numbers() {
            lines.extend(wrap(&line));
        }
        if self.findings.is_empty() {
            return lines;
        }
        lines.push(String::new());
        let several = self.findings.len() > 1;
        if several {
            for (at, finding) in self.findings.iter().enumerate() {
                lines.extend(hanging(wrap, &finding.heading(at + 1)));
            }
            lines.push(String::new());
            lines.push("In detail".to_owned());
        }
        for (at, finding) in self.findings.iter().enumerate() {
            if several {
                lines.push(String::new());
                lines.extend(wrap(&format!("{}. {}", at + 1, finding.id)));
            } else {
                lines.extend(hanging(wrap, &finding.heading(1)));
            }
            finding.details_into(&mut lines, wrap);
        }
        if self.findings.iter().any(|finding| !finding.mapping.is_empty()) {
            lines.push(String::new());
            lines.extend(wrap(
                "Lines for the map: where it has a section of that name, put the keys there, in the place of keys of the same \
                 name.",
            ));
        }
        if self.findings.iter().any(|finding| finding.severity == Severity::Blocking) {
            lines.push(String::new());
            lines.extend(wrap(
                "What you looked into and know to be right can be accepted, in the config: [audit] accepted = [\"…\"], with the \
                 names that stand after the numbers.",
            ));
        }
        lines
    }

    fn numbers(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} ({} won, {} lost) by {}{}.{}",
            counted(self.deals, "closed deal"),
            count(self.won),
            count(self.lost),
            counted(self.reps, "rep"),
            match (self.first_created, self.last_created) {
                (Some(first), Some(last)) => format!(", created {} to {}", first.date_naive(), last.date_naive()),
                _ => String::new(),
            },
            if self.open > 0 { format!(" {}.", counted(self.open, "open deal")) } else { String::new() }
        )];
        let known = self.completeness.iter().filter(|fact| fact.present > 0);
        let filled: Vec<String> = known.map(|fact| format!("{} {}", fact.fact, percent(fact.share))).collect();
        if !filled.is_empty() {
            lines.push(format!("Filled in: {}.", filled.join(", ")));
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

/// A numbered sentence whose further lines stand under its first word.
fn hanging(wrap: &dyn Fn(&str) -> Vec<String>, heading: &(String, String)) -> Vec<String> {
    let (label, sentence) = heading;
    let indent = " ".repeat(label.chars().count());
    let mut lines = wrap(&format!("{indent}{sentence}"));
    if let Some(first) = lines.first_mut() {
        *first = format!("{label}{}", first.trim_start());
    }
    lines
}

impl Finding {
    /// Its number and severity, and its sentence.
    fn heading(&self, number: usize) -> (String, String) {
        let word = match self.severity {
            Severity::Blocking => "BLOCKS ",
            Severity::Warning => "warning",
            Severity::Note => "note   ",
        };
        (format!("{number:>2}  {word}  "), self.message.clone())
    }

    fn details_into(&self, lines: &mut Vec<String>, wrap: &dyn Fn(&str) -> Vec<String>) {
        let mut say = |text: String| lines.extend(wrap(&format!("    {text}")));
        if self.accepted {
            say("Accepted in the config.".to_owned());
        }
        for detail in &self.details {
            say(detail.clone());
        }
        let listed = |items: Vec<String>| items.join(", ");
        if !self.lines.is_empty() {
            let numbers = self.lines.iter().map(u64::to_string).collect();
            say(format!("Look at {} {}.", if self.lines.len() == 1 { "line" } else { "lines" }, listed(numbers)));
        }
        if !self.leads.is_empty() {
            let ids = self.leads.iter().map(|lead| fit(lead.as_str(), ID_WIDTH)).collect();
            say(format!("Leads to look at: {}.", listed(ids)));
        }
        if !self.reps.is_empty() {
            let ids = self.reps.iter().map(|rep| fit(rep.as_str(), ID_WIDTH)).collect();
            say(format!("Reps to look at: {}.", listed(ids)));
        }
        if let Some(pass) = self.pass.as_ref().filter(|_| self.severity != Severity::Note) {
            say(self.needs(pass));
        }
        say(format!("Do: {}", self.cure));
        for line in &self.mapping {
            lines.push(format!("      {line}"));
        }
    }

    /// Which number would make it pass.
    fn needs(&self, pass: &Pass) -> String {
        let figure = self.figures.get(&pass.figure).copied().unwrap_or_default();
        let is_share = ["share", "filled", "information"].iter().any(|kind| pass.figure.starts_with(kind));
        // As many digits as tell the figure from the limit.
        let digits = (1..6).find(|digits| shown(figure, *digits, is_share) != shown(pass.value, *digits, is_share));
        let shown = |value| shown(value, digits.unwrap_or(1), is_share);
        let bound = match pass.bound {
            Bound::AtLeast => "at least",
            Bound::AtMost => "at most",
            Bound::Below => "below",
        };
        let setting = if pass.setting.is_empty() { String::new() } else { format!(" ([audit] {})", pass.setting) };
        let figure_name = pass.figure.replace('_', " ").replace("auc", "AUC");
        format!("Passes when {figure_name} is {bound} {}{setting}; it is {}.", shown(pass.value), shown(figure))
    }
}

fn shown(value: f64, digits: usize, is_share: bool) -> String {
    if is_share {
        format!("{:.*} %", digits, value * 100.0)
    } else if value.fract() == 0.0 {
        count(value as u64)
    } else {
        format!("{value:.*}", digits + 1)
    }
}

/// A sentence as it continues another. What begins with a quoted name stays as it is.
fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
