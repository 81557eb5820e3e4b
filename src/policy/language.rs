//! The language of a lead: what the CRM says, else what the text is written in, else what is usual in the country.
//!
//! A wrong language would take a lead from the reps who could win it, so silence is better than a guess: where it is
//! not sure, there is no restriction.

mod country;
mod names;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::subject::Subject;

/// `[language]` of `routing.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LanguageSettings {
    /// Whether the text of a lead is looked at when the CRM names no language.
    pub detect: bool,
    /// Whether the country decides when the text does not.
    pub by_country: bool,
    /// A language that is less sure than this restricts nobody. 0 to 1.
    pub min_confidence: f64,
    /// Languages that every rep speaks, whatever their profile says.
    pub everyone: Vec<String>,
}

impl Default for LanguageSettings {
    fn default() -> Self {
        Self { detect: true, by_country: true, min_confidence: 0.8, everyone: Vec::new() }
    }
}

impl LanguageSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Some(format!("[language] min_confidence = {}: it must be from 0 to 1", self.min_confidence));
        }
        let unknown = self.everyone.iter().find(|l| code(l).is_none())?;
        Some(format!("[language] everyone: {unknown:?} is no language that is known here; write for example \"de\""))
    }
}

/// The language of a lead, and what says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// ISO 639-1, for example `de`.
    pub code: String,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// What says so.
    pub evidence: Evidence,
}

/// What says which language a lead speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Evidence {
    /// A field of the CRM.
    Field {
        /// As it stands there, raw.
        value: String,
    },
    /// What the person wrote.
    Text {
        /// Letters that were looked at.
        letters: usize,
        /// Whether two detectors that work differently agree.
        agreed: bool,
    },
    /// What is usual in the country.
    Country {
        /// As the CRM has it, raw.
        value: String,
        /// Share of the population that speaks it, in percent.
        percent: u8,
    },
}

impl Language {
    /// Whether it is sure enough to leave out reps who do not speak it.
    pub fn restricts(&self, settings: &LanguageSettings) -> bool {
        self.confidence >= settings.min_confidence
    }

    /// Its English name.
    pub fn name(&self) -> &str {
        name(&self.code)
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name();
        match &self.evidence {
            Evidence::Field { value } => write!(f, "{name} (the CRM says {value:?})"),
            Evidence::Text { .. } => write!(f, "{name} (the text, {:.0} % sure)", self.confidence * 100.0),
            Evidence::Country { value, percent } => {
                write!(f, "{name} (usual in {value}, spoken by {percent} %)")
            }
        }
    }
}

/// The English name of a language, or its code where it is none of those known here.
pub fn name(code: &str) -> &str {
    names::KNOWN.iter().find(|l| l.code == code).map_or(code, |l| l.names.first().copied().unwrap_or(l.code))
}

/// The ISO 639-1 code that a text means: `de`, `de_DE`, `de-AT`, `deu`, `ger`, `German` and `Deutsch` all mean `de`.
pub fn code(text: &str) -> Option<&'static str> {
    let text = text.trim().to_lowercase();
    let language = |t: &str| BY_NAME.get(t).copied();
    language(&text).or_else(|| {
        // A locale: the language comes first. `German (Austria)` likewise.
        let first = text.split(['_', '-', '(']).next().map(str::trim)?;
        language(first).filter(|_| first.len() < text.len())
    })
}

/// The code of each language by everything it is called, in lower case.
static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let called = |l: &'static names::Known| {
        let all = l.three.iter().chain(l.names).chain([&l.code]);
        all.map(|name| (name.to_lowercase(), l.code))
    };
    // Of a name that two have, the first is meant: later ones do not replace it.
    names::KNOWN.iter().rev().flat_map(called).collect()
});

/// The language of a lead, from the best source that says anything.
pub fn of(lead: &Subject, settings: &LanguageSettings) -> Option<Language> {
    let field = lead.language.as_deref().and_then(|value| {
        let evidence = Evidence::Field { value: value.to_owned() };
        Some(Language { code: code(value)?.to_owned(), confidence: 1.0, evidence })
    });
    let text = || lead.text.as_deref().filter(|_| settings.detect).and_then(detect);
    let country = || lead.facts.country.as_deref().filter(|_| settings.by_country).and_then(by_country);
    field.or_else(text).or_else(country)
}

fn by_country(value: &str) -> Option<Language> {
    let (code, percent) = country::usual(value)?;
    let evidence = Evidence::Country { value: value.to_owned(), percent };
    Some(Language { code: code.to_owned(), confidence: f64::from(percent) / 100.0, evidence })
}

/// Most characters of a text that are looked at.
const MAX_CHARS: usize = 500;
/// Fewest letters that say anything, in scripts whose letters are sounds.
const MIN_LETTERS: usize = 12;
/// The same where a letter is a syllable or a word.
const MIN_SYLLABLES: usize = 4;
/// How sure it is when both detectors agree: on 75 of the 150 texts of the tests they did and were never wrong. With as
/// many, up to 3 in 75 might be (95 %, rule of three).
const AGREED: f64 = 0.96;
/// How sure it is by trigrams alone, from [`BELIEVED`] on: never wrong on 31 texts, so up to 3 in 31 might be.
const ALONE: f64 = 0.9;
/// From this measure on the trigrams are believed without the model. On the texts of the tests they were wrong at 0.33
/// and never above.
const BELIEVED: f64 = 0.4;

/// The language that a text is written in, unless that is not sure.
///
/// Two small detectors look at it: `whichlang` (a linear model; the better one on short texts, but it knows only sixteen
/// languages and never says that it does not know) and `whatlang` (trigrams; knows seventy and how sure it is).
pub fn detect(text: &str) -> Option<Language> {
    let text = readable(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let syllables = text.chars().filter(|c| is_syllabic(*c)).count();
    if letters < MIN_LETTERS && syllables < MIN_SYLLABLES {
        return None;
    }
    let guess = whatlang::detect(&text)?;
    let by_trigrams = code(guess.lang().code())?;
    let by_model = code(whichlang::detect_language(&text).three_letter_code());
    let agreed = by_model == Some(by_trigrams) && guess.confidence() >= 0.02;
    let confidence = if agreed { AGREED } else { ALONE };
    let evidence = Evidence::Text { letters, agreed };
    (agreed || guess.confidence() >= BELIEVED).then(|| Language { code: by_trigrams.to_owned(), confidence, evidence })
}

/// The part of a text that is language: no addresses of mail or web, and not too much of it.
fn readable(text: &str) -> String {
    let text: String = text.chars().take(MAX_CHARS).collect();
    let words: Vec<&str> =
        text.split_whitespace().filter(|w| !w.contains(['@', '/']) && !w.starts_with("www.")).collect();
    words.join(" ")
}

/// Letters of scripts in which a few make a sentence: Chinese, Japanese, Korean.
const fn is_syllabic(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
