//! Why a recommendation was turned down, at two levels: a letter, and where somebody cares to say it, what exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a recommendation was turned down. Stable: stored as the letter.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantArray,
)]
pub enum ReasonCode {
    /// Territory.
    T,
    /// Conflict of interest.
    C,
    /// Key account.
    K,
    /// Relationship.
    R,
    /// Language.
    L,
    /// Skill or product.
    S,
    /// Capacity.
    P,
    /// Leave, vacation.
    V,
    /// Duplicate or bad data.
    D,
    /// Quality of the lead.
    Q,
    /// Fairness, ramp.
    F,
    /// Experiment.
    X,
    /// Other; a note is required.
    O,
}

impl ReasonCode {
    /// What it says on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::T => "Territory",
            Self::C => "Conflict of interest",
            Self::K => "Key account",
            Self::R => "Relationship",
            Self::L => "Language",
            Self::S => "Skill or product",
            Self::P => "Capacity",
            Self::V => "On leave",
            Self::D => "Duplicate or bad data",
            Self::Q => "Quality of the lead",
            Self::F => "Fairness or ramp",
            Self::X => "Experiment",
            Self::O => "Other (note needed)",
        }
    }

    /// What can be said more exactly, in the order of the digits from 1 on. Stable: only added to, at the end.
    pub const fn details(self) -> &'static [&'static str] {
        match self {
            Self::T => {
                &["wrong territory on the lead", "the territory has changed hands", "the account sits elsewhere"]
            }
            Self::C => &["works with a competitor of theirs", "personal relations"],
            Self::K => &["named account", "an executive looks after it"],
            Self::R => &["worked with them before", "was recommended to them", "they asked for this rep"],
            Self::L => &["they speak another language", "the rep does not speak it well enough"],
            Self::S => &["knows the product better", "knows the industry better", "a certificate is needed"],
            Self::P => &["too many open leads", "a large deal on the desk"],
            Self::V => &["away, and the calendar does not say so", "ill", "is leaving the company"],
            Self::D => &["the same lead twice", "wrong contact data", "a test, or nobody"],
            Self::Q => &["too small", "no budget", "will never buy"],
            Self::F => &["had too many of late", "somebody new is to learn", "it is the other one's turn"],
            Self::X | Self::O => &[],
        }
    }

    /// The letter that picks it.
    pub fn letter(self) -> char {
        self.to_string().chars().next().unwrap_or('O').to_ascii_lowercase()
    }

    /// The code picked by a letter, either case.
    pub fn from_letter(letter: char) -> Option<Self> {
        letter.to_ascii_uppercase().to_string().parse().ok()
    }
}

/// A reason as it was given. Stable: stored as the letter, with the digit of the detail behind it (`T`, `T2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The reason.
    pub code: ReasonCode,
    /// Its detail, from 1 on, if one was given.
    detail: Option<u8>,
}

impl Reason {
    /// With a detail, from 1 on; `None` if the code has no such detail.
    pub fn exactly(code: ReasonCode, detail: u8) -> Option<Self> {
        let known = detail >= 1 && usize::from(detail) <= code.details().len();
        known.then_some(Self { code, detail: Some(detail) })
    }

    /// What it says on screen: `Territory`, or `Territory: wrong territory on the lead`.
    pub fn title(self) -> String {
        let detail = self.detail.and_then(|n| self.code.details().get(usize::from(n).checked_sub(1)?));
        detail.map_or_else(|| self.code.title().to_owned(), |detail| format!("{}: {detail}", self.code.title()))
    }
}

impl From<ReasonCode> for Reason {
    fn from(code: ReasonCode) -> Self {
        Self { code, detail: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Together, so that a width means both.
        f.pad(&format!("{}{}", self.code, self.detail.map_or_else(String::new, |detail| detail.to_string())))
    }
}

impl FromStr for Reason {
    type Err = strum::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (letter, digits) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
        let code: ReasonCode = letter.parse()?;
        if digits.is_empty() {
            return Ok(code.into());
        }
        let detail = digits.parse().ok().and_then(|n| Self::exactly(code, n));
        detail.ok_or(strum::ParseError::VariantNotFound)
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(format!("there is no reason {text}")))
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_reason_is_written_and_read_back() {
        for code in ReasonCode::VARIANTS {
            let details = (1..=code.details().len() as u8).map(|n| Reason::exactly(*code, n).unwrap());
            for reason in details.chain([Reason::from(*code)]) {
                assert_eq!(reason.to_string().parse(), Ok(reason));
                let json = serde_json::to_string(&reason).unwrap();
                assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
                assert!(reason.title().starts_with(code.title()));
            }
            assert!(code.details().len() <= 9, "a digit each");
        }
        assert_eq!("T2".parse::<Reason>().unwrap().title(), "Territory: the territory has changed hands");
        for wrong in ["", "2", "T0", "T4", "O1", "t2x", "T10", "TT", "T99999999999"] {
            assert!(wrong.parse::<Reason>().is_err(), "{wrong}");
        }
    }
}
