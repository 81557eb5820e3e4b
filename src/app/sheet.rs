//! A sheet: lines that a manager reads from top to bottom, on a screen or on paper. Each says how it is to be taken, and some
//! name a lead that can be opened. Texts in it are raw, and as long as they are; whoever shows them makes them safe and breaks
//! them.

use crate::domain::ids::LeadId;

/// How a line is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading, up to its first colon; what follows is its sum.
    Heading,
    /// For your information.
    Text,
    /// In somebody's own words.
    Quote,
    /// Less important.
    Muted,
    /// Needs attention soon.
    Warn,
    /// Wrong, or too late.
    Bad,
}

/// A lead that a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its id.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How to take it.
    pub tone: Tone,
    /// The lead that it is about.
    pub about: Option<About>,
    /// What it says; raw.
    pub text: String,
}

impl Line {
    /// A line about no lead.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, about: None, text: text.into() }
    }

    /// A line about a lead.
    pub fn of(lead: &LeadId, company: &str, tone: Tone, text: impl Into<String>) -> Self {
        let about = About { lead: lead.clone(), company: company.to_owned() };
        Self { tone, about: Some(about), text: text.into() }
    }

    /// An empty line.
    pub fn blank() -> Self {
        Self::new(Tone::Text, "")
    }
}
