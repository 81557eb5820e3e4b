//! Reads what was typed. Every fault names the place and the cure, because it is shown while somebody types.

use std::str::FromStr;

use chrono::TimeDelta;
use strum::{IntoEnumIterator as _, VariantArray as _};

use super::{Filter, NumberField, Side, Term, Test, TextField, TimeField, UNITS};
use crate::domain::lane::Lane;
use crate::domain::lead::LeadState;
use crate::domain::ranking::Tier;
use crate::domain::verdict::ReasonCode;

/// Longest text of a term, in characters: what company names have, and then some.
const LONGEST: usize = 200;
/// Most terms of a filter.
const MOST_TERMS: usize = 32;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {what}; {cure}")]
pub struct FilterError {
    /// Where, counted in characters from 1.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub cure: String,
}

/// What can be written in a filter, for completion and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// How it begins.
    pub key: &'static str,
    /// An example.
    pub example: &'static str,
    /// What it asks.
    pub meaning: &'static str,
}

impl Suggestion {
    /// Everything that can be written, in the order of the help.
    pub const ALL: [Self; 15] = [
        Self { key: "", example: "acme", meaning: "company or id contains it" },
        Self { key: "src", example: "src:webinar", meaning: "where it came from" },
        Self { key: "terr", example: "terr:west", meaning: "sales territory" },
        Self { key: "rep", example: "rep:ana", meaning: "the recommended owner" },
        Self { key: "legacy", example: "legacy:bob", meaning: "the owner by the CRM's own rules" },
        Self { key: "for", example: "for:me", meaning: "the manager it is handed to; me is you" },
        Self { key: "score", example: "score>80", meaning: "lead score, 0 to 100" },
        Self { key: "tier", example: "tier:hot", meaning: "hot, warm or cold" },
        Self {
            key: "gap",
            example: "gap>5",
            meaning: "points by which the recommended rep is ahead of the legacy owner",
        },
        Self { key: "win", example: "win>=20", meaning: "win probability of the recommended rep, in %" },
        Self { key: "sla", example: "sla<1h", meaning: "time left until it is late" },
        Self { key: "age", example: "age<1d", meaning: "time since the CRM got it" },
        Self { key: "reason", example: "reason:T", meaning: "reason code of a verdict on it" },
        Self { key: "lane", example: "lane:hot", meaning: "the lane it waits in" },
        Self { key: "state", example: "state:in_lane", meaning: "pending, in_lane, decided or superseded" },
    ];
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let words = words(text)?;
        if let Some(word) = words.get(MOST_TERMS) {
            return Err(word.fault("there are too many terms", format!("leave some out; {MOST_TERMS} is the most")));
        }
        words.iter().map(Word::term).collect::<Result<_, _>>().map(Self::new)
    }
}

impl TryFrom<String> for Filter {
    type Error = FilterError;

    fn try_from(text: String) -> Result<Self, FilterError> {
        text.parse()
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.to_string()
    }
}

/// A term as it was typed: what stands before its quotes, and what in them.
struct Word {
    /// Where it begins, counted in characters from 1.
    at: usize,
    negated: bool,
    /// The part up to the first quote.
    bare: String,
    /// What stood in quotes, if anything did.
    quoted: Option<String>,
}

/// Takes the text apart at spaces outside of quotes.
fn words(text: &str) -> Result<Vec<Word>, FilterError> {
    let mut words = Vec::new();
    let mut letters = text.chars().zip(1..).peekable();
    while let Some(&(letter, at)) = letters.peek() {
        if letter.is_whitespace() {
            letters.next();
            continue;
        }
        let negated = letters.next_if(|(letter, _)| *letter == '-').is_some();
        let mut word = Word { at, negated, bare: String::new(), quoted: None };
        while let Some((letter, place)) = letters.next_if(|(letter, _)| !letter.is_whitespace()) {
            if letter != '"' {
                word.bare.push(letter);
                continue;
            }
            let mut inside = String::new();
            loop {
                match letters.next() {
                    Some(('"', _)) => break,
                    Some((letter, _)) => inside.push(letter),
                    None => {
                        let what = "a quote is not closed".to_owned();
                        return Err(FilterError { at: place, what, cure: "end it with \"".into() });
                    }
                }
            }
            word.quoted = Some(inside);
            if let Some((letter, place)) = letters.peek().filter(|(letter, _)| !letter.is_whitespace()) {
                let what = format!("{letter:?} stands right behind a quote");
                return Err(FilterError { at: *place, what, cure: "put a space between".into() });
            }
        }
        words.push(word);
    }
    Ok(words)
}

impl Word {
    fn fault(&self, what: impl Into<String>, cure: impl Into<String>) -> FilterError {
        FilterError { at: self.at, what: what.into(), cure: cure.into() }
    }

    fn term(&self) -> Result<Term, FilterError> {
        Ok(Term { negated: self.negated, test: self.test()? })
    }

    fn test(&self) -> Result<Test, FilterError> {
        let Some((place, sign)) = self.bare.char_indices().find(|(_, letter)| ":<>".contains(*letter)) else {
            if self.quoted.is_some() && !self.bare.is_empty() {
                return Err(self.fault("text stands right before a quote", "put a space between"));
            }
            return self.text(TextField::Any, &self.bare);
        };
        let (key, rest) = self.bare.split_at(place);
        let rest = rest.strip_prefix(sign).unwrap_or(rest);
        let key = key.to_lowercase();
        if sign == ':' {
            return self.named(&key, rest);
        }
        let (at, bound) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
        let side = if sign == '<' { Side::Below { at } } else { Side::Above { at } };
        if let Some(field) = NumberField::VARIANTS.iter().find(|field| field.key() == key) {
            return Ok(Test::Number(*field, side, self.number(bound)?));
        }
        if let Some(field) = TimeField::VARIANTS.iter().find(|field| field.key() == key) {
            return Ok(Test::Time(*field, side, self.time(bound)?));
        }
        Err(if is_named(&key) {
            self.fault(format!("{key} is no number"), format!("write {key}:… instead"))
        } else {
            self.unknown(&key)
        })
    }

    /// A test that is written with a colon.
    fn named(&self, key: &str, value: &str) -> Result<Test, FilterError> {
        if let Some(field) = TextField::VARIANTS.iter().find(|field| !field.key().is_empty() && field.key() == key) {
            return self.text(*field, value);
        }
        let value = self.quoted.as_deref().unwrap_or(value);
        match key {
            "tier" => self.one_of(key, value, Tier::iter().map(|tier| (tier.to_string(), Test::Tier(tier)))),
            "state" => self.one_of(key, value, LeadState::iter().map(|state| (state.to_string(), Test::State(state)))),
            "lane" => self.one_of(key, value, Lane::iter().map(|lane| (lane.to_string(), Test::Lane(lane)))),
            "reason" => self.one_of(key, value, ReasonCode::iter().map(|code| (code.to_string(), Test::Reason(code)))),
            _ if is_measured(key) => Err(self.fault(format!("{key} is measured"), format!("write {key}>… or {key}<…"))),
            _ => Err(self.unknown(key)),
        }
    }

    fn one_of(&self, key: &str, value: &str, all: impl Iterator<Item = (String, Test)>) -> Result<Test, FilterError> {
        let all: Vec<(String, Test)> = all.collect();
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        let cure = format!("it is one of {}", names.join(", "));
        let found = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, test)| test.clone());
        found.ok_or_else(|| self.fault(format!("there is no {key} {value:?}"), cure))
    }

    fn text(&self, field: TextField, bare: &str) -> Result<Test, FilterError> {
        let text = self.quoted.as_deref().unwrap_or(bare);
        if text.trim().is_empty() {
            return Err(self.fault("nothing is looked for", "write a text behind it"));
        }
        if text.chars().count() > LONGEST {
            return Err(self.fault("the text is too long", format!("{LONGEST} characters are the most")));
        }
        Ok(Test::Contains(field, text.to_lowercase()))
    }

    fn number(&self, text: &str) -> Result<f64, FilterError> {
        let number = text.trim_end_matches('%').parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.fault(format!("{text:?} is no number"), "write one, such as 80 or 12.5"))
    }

    fn time(&self, text: &str) -> Result<TimeDelta, FilterError> {
        let cure = "write a number and a unit: 15m, 4h, 2d, 1w";
        let found = UNITS.into_iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
        let seconds = found.and_then(|(number, size)| number.parse::<i64>().ok()?.checked_mul(size));
        let time = seconds.filter(|seconds| *seconds >= 0).and_then(TimeDelta::try_seconds);
        time.ok_or_else(|| self.fault(format!("{text:?} is no length of time"), cure))
    }

    /// A key that nobody knows. Most often it is a slip of one letter.
    fn unknown(&self, key: &str) -> FilterError {
        let near =
            Suggestion::ALL.into_iter().find(|one| !one.key.is_empty() && strsim::levenshtein(one.key, key) <= 1);
        let cure = near.map_or_else(
            || {
                let keys: Vec<&str> = Suggestion::ALL.iter().map(|one| one.key).filter(|key| !key.is_empty()).collect();
                format!("there are {}; text with a sign in it stands in quotes", keys.join(", "))
            },
            |near| format!("do you mean {}?", near.example),
        );
        self.fault(format!("there is no field {key:?}"), cure)
    }
}

fn is_measured(key: &str) -> bool {
    NumberField::VARIANTS.iter().any(|field| field.key() == key)
        || TimeField::VARIANTS.iter().any(|field| field.key() == key)
}

fn is_named(key: &str) -> bool {
    matches!(key, "tier" | "state" | "lane" | "reason") || TextField::VARIANTS.iter().any(|field| field.key() == key)
}
