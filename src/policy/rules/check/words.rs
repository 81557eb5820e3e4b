//! Findings in words.

use std::fmt::{Display, Formatter, Result};

use super::{Finding, Trouble};
use crate::domain::text;
use crate::policy::rules::words::{and_list, quoted};

fn all_quoted(names: &[String]) -> String {
    and_list(&names.iter().map(|name| quoted(name)).collect::<Vec<_>>())
}

fn did_you_mean(near: Option<&String>) -> String {
    near.map(|near| format!("; did you mean {}?", quoted(near))).unwrap_or_default()
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { place, severity, rule, trouble } = self;
        match trouble {
            Trouble::RepNotFound { .. } | Trouble::RepInactive { .. } => {
                write!(f, "{place}: {severity}: {}: {trouble}", text::safe(rule))
            }
            _ => write!(f, "{place}: {severity}: rule {}: {trouble}", quoted(rule)),
        }
    }
}

impl Display for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TargetNotFound { why } => write!(f, "it sends leads to nobody: {why}"),
            Self::TargetInactive { name } => {
                write!(f, "it sends leads to {}, who is inactive in the CRM", quoted(name))
            }
            Self::OwnerInactive { name } => {
                write!(f, "{}, who answers for it, is inactive in the CRM", quoted(name))
            }
            Self::OwnerNotFound { why } => write!(f, "who answers for it is no user of the CRM: {why}"),
            Self::NotInPicklist { field, value, near } => {
                write!(f, "the org has no {field} {}{}", quoted(value), did_you_mean(near.as_ref()))
            }
            Self::UnknownTerritory { territory, near } => {
                write!(f, "no rep works the territory {}{}", quoted(territory), did_you_mean(near.as_ref()))
            }
            Self::UnknownFact { name, near } => {
                write!(f, "the config reads no further fact {}{}", quoted(name), did_you_mean(near.as_ref()))
            }
            Self::AccountsNotRead => write!(
                f,
                "accounts are not looked up, so what it asks of them is never known; set accounts = true in [salesforce], \
                 or ask about the lead"
            ),
            Self::Expired { at } => write!(f, "it ended at {}; take it out, or give it a later until", at.to_rfc3339()),
            Self::NeverHolds { about, of_reps } => {
                let what = if *of_reps { "no rep can ever meet it" } else { "it can never fire" };
                if about.is_empty() {
                    return write!(f, "{what}: its condition is false for every lead");
                }
                let facts: Vec<String> = about.iter().map(ToString::to_string).collect();
                write!(f, "{what}: what it asks of {} cannot be together", text::safe(&and_list(&facts)))
            }
            Self::NeverDecides { by, same } => {
                let (fire, say) =
                    if by.len() == 1 { ("always fires", "says") } else { ("together always fire", "say") };
                write!(f, "it never decides: {} {fire} before it and {say} ", all_quoted(by))?;
                f.write_str(if *same { "the same" } else { "something else; put this rule first, or take it out" })
            }
            Self::AddsNothing { by } => {
                let say = if by.len() == 1 { "says" } else { "say" };
                write!(f, "it adds nothing: {} {say} the same of all its leads", all_quoted(by))
            }
            Self::Contradicts { with, example } => {
                let (decide, say) = if with.len() == 1 { ("decides", "says") } else { ("decide", "say") };
                let facts: Vec<String> = example.iter().map(|(field, value)| format!("{field} {value}")).collect();
                write!(
                    f,
                    "{} {decide} before it for some of its leads and {say} something else, for example for a lead with {}",
                    all_quoted(with),
                    text::fit(&and_list(&facts), 200)
                )
            }
            Self::ExcludesAllWith { with, about } => {
                let facts: Vec<String> = about.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "where {} applies too, no rep can meet both: what they ask of {} cannot be together",
                    quoted(with),
                    text::safe(&and_list(&facts))
                )
            }
            Self::NobodyMeets => write!(f, "no active rep meets its rep_when, so its leads go to nobody"),
            Self::UndoesItself { source } => write!(
                f,
                "once the lead has the source {}, the rule no longer fires for it; add that source to its condition",
                quoted(source)
            ),
            Self::RepNotFound { why } => why.fmt(f),
            Self::RepInactive { name } => write!(f, "{} is inactive in the CRM; it can go", quoted(name)),
            Self::NotAnalysed { parts } if parts.is_empty() => {
                write!(f, "its condition has too many branches to be compared with other rules")
            }
            Self::NotAnalysed { parts } => {
                let parts: Vec<String> = parts.iter().map(|part| text::fit(part, 80)).collect();
                write!(f, "not analysed, so not compared with other rules: {}", and_list(&parts))
            }
        }
    }
}
