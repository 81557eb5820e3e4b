//! How knobs are asked for: `all`, `none`, `slow`, `slow=0.05`, `locked_row=3`, several of them with commas.

use std::fmt;
use std::str::FromStr;

use strum::IntoEnumIterator as _;

use super::Knob;

/// How often a fault happens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Dial {
    /// Never.
    #[default]
    Off,
    /// With this probability at each chance, above 0 and at most 1.
    Share(f64),
    /// At the next so many chances, and then no more.
    Next(u64),
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("0"),
            Self::Share(share) => write!(f, "{share:?}"),
            Self::Next(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for Dial {
    type Err = String;

    /// A whole number is a count; a number with a point is a share.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(count) = text.parse::<u64>() {
            return Ok(if count == 0 { Self::Off } else { Self::Next(count) });
        }
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Ok(Self::Share(share)),
            _ => Err(format!("{text} is neither a count (3) nor a share between 0 and 1 (0.05)")),
        }
    }
}

/// Which knobs to turn, and how far. Later words win.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultPlan(Vec<(Knob, Option<Dial>)>);

impl FaultPlan {
    /// Every knob back to nothing.
    pub fn none() -> Self {
        Self(Knob::iter().map(|knob| (knob, Some(Dial::Off))).collect())
    }

    /// Every knob at its usual share, which the seed varies by half.
    pub fn all() -> Self {
        Self(Knob::iter().map(|knob| (knob, None)).collect())
    }

    /// This plan, and then the other.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The knobs in order; without a dial, the usual share is meant.
    pub(super) fn dials(&self) -> impl Iterator<Item = (Knob, Option<Dial>)> {
        self.0.iter().copied()
    }
}

impl FromStr for FaultPlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut plan = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            plan = match word {
                "all" => plan.then(Self::all()),
                "none" => plan.then(Self::none()),
                _ => {
                    let (name, dial) = match word.split_once('=') {
                        Some((name, dial)) => (name.trim(), Some(dial.trim().parse()?)),
                        None => (word, None),
                    };
                    let knob = name.parse::<Knob>().map_err(|_| {
                        let names: Vec<String> = Knob::iter().map(|knob| knob.to_string()).collect();
                        format!("there is no fault {name}; there are: all, none, {}", names.join(", "))
                    })?;
                    plan.then(Self(vec![(knob, dial)]))
                }
            };
        }
        Ok(plan)
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().map(|(knob, dial)| match dial {
            Some(dial) => format!("{knob}={dial}"),
            None => knob.to_string(),
        });
        f.write_str(&words.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_again() {
        let text = "slow=0.25,locked_row=3,taken,reset=0";
        let plan: FaultPlan = text.parse().unwrap();
        assert_eq!(plan.to_string(), text);
        assert_eq!("all".parse::<FaultPlan>().unwrap(), FaultPlan::all());
        assert_eq!(
            " none , slow=1.0 ".parse::<FaultPlan>().unwrap().dials().last(),
            Some((Knob::Slow, Some(Dial::Share(1.0))))
        );
    }

    #[test]
    fn what_is_no_fault_or_no_number_is_refused_with_what_there_is() {
        assert!("slo".parse::<FaultPlan>().unwrap_err().contains("slow"));
        for bad in ["slow=1.5", "slow=-1", "slow=", "slow=many", "slow=NaN"] {
            assert!(bad.parse::<FaultPlan>().is_err(), "{bad}");
        }
    }
}
