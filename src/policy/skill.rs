//! Which skills and certifications a lead asks for, by its product and by what the person wrote.
//!
//! Phrases are found as whole words, without regard to case, by one automaton over all of them: the time is bounded by
//! the length of the text, whatever phrases or text say.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::subject::Subject;

/// `[[skill]]` of `routing.toml`.
///
/// ```toml
/// [[skill]]
/// name = "cloud migration"
/// phrases = ["lift and shift", "move to the cloud", "Cloud-Migration"]
/// products = ["CloudMover"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillSettings {
    /// As reps' profiles call it.
    pub name: String,
    /// Whether it is a skill or a certification; the rules are the same, the words are not.
    #[serde(default)]
    pub kind: Kind,
    /// Words and phrases in a lead's text that ask for it.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Products that ask for it, as the CRM spells them.
    #[serde(default)]
    pub products: Vec<String>,
}

/// What a lead may ask of a rep.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Something one knows.
    #[default]
    Skill,
    /// Something one holds.
    Certification,
}

/// A skill that a lead asks for, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    /// Its name, as the settings spell it.
    pub name: String,
    /// Skill or certification.
    pub kind: Kind,
    /// What asks for it.
    pub proof: Proof,
}

/// What asks for a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Proof {
    /// The lead's product.
    Product {
        /// As the CRM has it, raw.
        value: String,
    },
    /// Words of the lead's text.
    Phrase {
        /// The phrase, as the settings spell it.
        phrase: String,
        /// The words around it, raw.
        excerpt: String,
    },
    /// A rule.
    Rule {
        /// Its name.
        name: String,
    },
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Product { value } => write!(f, "product {value}"),
            Self::Phrase { excerpt, .. } => write!(f, "the text says {excerpt:?}"),
            Self::Rule { name } => write!(f, "rule {name}"),
        }
    }
}

/// What is wrong with the skills in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkillError {
    /// A skill that nothing asks for.
    #[error("[[skill]] {0:?} has neither phrases nor products, so no lead can ask for it")]
    Nothing(String),
    /// Without a name.
    #[error("a [[skill]] has no name")]
    Nameless,
    /// Twice.
    #[error("[[skill]] {0:?} stands twice")]
    Twice(String),
    /// A phrase without a letter or digit.
    #[error(
        "[[skill]] {skill:?}: the phrase {phrase:?} has no letter or digit, and would be found everywhere or nowhere"
    )]
    Phrase {
        /// Of which skill.
        skill: String,
        /// Which.
        phrase: String,
    },
    /// More phrases than anybody writes.
    #[error("the phrases of all [[skill]] together are too many")]
    TooMany,
}

/// Longest text that is looked through, in characters.
const MAX_TEXT: usize = 20_000;
/// Longest phrases together, in bytes.
const MAX_PHRASES: usize = 1_000_000;
/// Characters of a text that are shown before and after a phrase.
const AROUND: usize = 20;

/// Skills that are ready to be looked for.
#[derive(Clone, Debug)]
pub struct Skills {
    settings: Vec<SkillSettings>,
    /// For each pattern of the automaton, skill and phrase.
    patterns: Vec<(usize, usize)>,
    automaton: AhoCorasick,
    /// Folded products and the skill they ask for.
    products: Vec<(String, usize)>,
}

impl Skills {
    /// Checks the settings and makes them ready.
    pub fn compile(settings: &[SkillSettings]) -> Result<Self, SkillError> {
        let mut names = std::collections::BTreeSet::new();
        let (mut patterns, mut words, mut products) = (Vec::new(), Vec::new(), Vec::new());
        for (skill, one) in settings.iter().enumerate() {
            if one.name.trim().is_empty() {
                return Err(SkillError::Nameless);
            }
            if !names.insert(key(&one.name)) {
                return Err(SkillError::Twice(one.name.clone()));
            }
            if one.phrases.is_empty() && one.products.is_empty() {
                return Err(SkillError::Nothing(one.name.clone()));
            }
            for (phrase, text) in one.phrases.iter().enumerate() {
                let folded = key(text);
                if !folded.chars().any(char::is_alphanumeric) {
                    return Err(SkillError::Phrase { skill: one.name.clone(), phrase: text.clone() });
                }
                patterns.push((skill, phrase));
                words.push(folded);
            }
            products.extend(one.products.iter().map(|p| (key(p), skill)));
        }
        if words.iter().map(String::len).sum::<usize>() > MAX_PHRASES {
            return Err(SkillError::TooMany);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&words)
            .map_err(|_| SkillError::TooMany)?;
        Ok(Self { settings: settings.to_vec(), patterns, automaton, products })
    }

    /// What a lead asks for, in the order of the settings, each once: its product is the better proof, then the phrase
    /// that comes first in the text.
    pub fn required(&self, lead: &Subject) -> Vec<Required> {
        let mut proofs: Vec<Option<Proof>> = vec![None; self.settings.len()];
        if let Some(product) = &lead.facts.product {
            let folded = key(product);
            for (_, skill) in self.products.iter().filter(|(p, _)| *p == folded) {
                proofs[*skill] = Some(Proof::Product { value: product.clone() });
            }
        }
        if let Some(text) = &lead.text {
            self.search(text, &mut proofs);
        }
        self.settings
            .iter()
            .zip(proofs)
            .filter_map(|(skill, proof)| Some(Required { name: skill.name.clone(), kind: skill.kind, proof: proof? }))
            .collect()
    }

    fn search(&self, text: &str, proofs: &mut [Option<Proof>]) {
        let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(end, _)| end);
        let folded = fold(text.get(..end).unwrap_or(text));
        let mut first: Vec<Option<(usize, usize, usize)>> = vec![None; proofs.len()];
        for found in self.automaton.find_overlapping_iter(&folded) {
            let (skill, phrase) = self.patterns[found.pattern().as_usize()];
            let better = first[skill].is_none_or(|(start, ..)| found.start() < start);
            if better && whole_words(&folded, found.start(), found.end()) {
                first[skill] = Some((found.start(), found.end(), phrase));
            }
        }
        for (skill, found) in first.into_iter().enumerate() {
            if let (None, Some((start, end, phrase))) = (&proofs[skill], found) {
                let phrase = self.settings[skill].phrases[phrase].clone();
                proofs[skill] = Some(Proof::Phrase { phrase, excerpt: excerpt(&folded, start, end) });
            }
        }
    }
}

/// Text as it is compared: compatibility forms and case folded, any white space as one blank.
pub(super) fn key(text: &str) -> String {
    fold(text).trim().to_owned()
}

fn fold(text: &str) -> String {
    // Plain letters have no other forms.
    if text.is_ascii() {
        return spaced(text.chars().map(|c| c.to_ascii_lowercase()), text.len());
    }
    // Folding case can undo composition and the other way round, so both sides of it are composed.
    spaced(text.nfkc().flat_map(char::to_lowercase).nfkc(), text.len())
}

fn spaced(folded: impl Iterator<Item = char>, size: usize) -> String {
    let mut out = String::with_capacity(size);
    for c in folded {
        match c {
            // The final sigma is the same letter, and the sharp s is another way to write two of them.
            'ς' => out.push('σ'),
            'ß' => out.push_str("ss"),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether no word goes on before or after a match. A sign such as `+` at the edge of a phrase is its own edge, and
/// scripts that put no blanks between words have none to look for.
fn whole_words(text: &str, start: usize, end: usize) -> bool {
    let side = |outside: Option<char>, inside: Option<char>| match (outside, inside) {
        (Some(outside), Some(inside)) => {
            !(outside.is_alphanumeric() && inside.is_alphanumeric()) || unspaced(outside) || unspaced(inside)
        }
        _ => true,
    };
    let (Some(before), Some(found), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..)) else {
        return false;
    };
    side(before.chars().next_back(), found.chars().next()) && side(after.chars().next(), found.chars().next_back())
}

/// Letters of scripts that are written without blanks: Thai, Lao, Khmer, Burmese, kana and Chinese characters.
const fn unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}')
}

fn excerpt(text: &str, start: usize, end: usize) -> String {
    let part = |a: usize, b: usize| text.get(a..b).unwrap_or("");
    let before: Vec<char> = part(0, start).chars().rev().take(AROUND).collect();
    let after: String = part(end, text.len()).chars().take(AROUND).collect();
    let before: String = before.into_iter().rev().collect();
    format!("{before}{}{after}", part(start, end)).trim().to_owned()
}

#[cfg(test)]
mod tests;
