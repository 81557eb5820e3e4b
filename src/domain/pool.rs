//! The pool: who may get a lead, and why each other rep may not.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::ids::RepId;

/// Why a rep is not in the pool of a lead. Times are by the rep's own clock.
///
/// The codes are stable: they are stored with every ranking. The order is that of importance, so that the first of
/// several reasons is the one that would be left if the others went away: what is about the rep, then about rep and
/// lead, then about this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case", tag = "code")]
#[strum(serialize_all = "snake_case")]
pub enum Exclusion {
    /// The CRM user is inactive.
    Inactive,
    /// They are away.
    OnLeave {
        /// When the absence ends.
        until: DateTime<FixedOffset>,
        /// When they are at work again, if that is known.
        back: Option<DateTime<FixedOffset>>,
        /// What kind of absence, as its source calls it, raw.
        kind: Option<String>,
        /// What says so, in words.
        sources: Vec<String>,
    },
    /// They had the lead before.
    HadLead {
        /// Why they have it no more.
        how: Earlier,
    },
    /// They work another territory.
    OtherTerritory {
        /// Theirs.
        theirs: String,
        /// The lead's.
        wanted: String,
    },
    /// A rule lets only others have it.
    Rule {
        /// Its name.
        rule: String,
        /// What the rep lacks, in words.
        lacks: String,
    },
    /// They do not look after partners of this tier.
    OtherPartnerTier {
        /// Tiers that they look after.
        theirs: Vec<String>,
        /// The lead's.
        wanted: String,
    },
    /// They do not speak the lead's language.
    OtherLanguage {
        /// ISO 639-1 codes of what they speak.
        theirs: Vec<String>,
        /// The lead's language and what says so, in words.
        wanted: String,
    },
    /// They lack a certification that the lead asks for.
    NoCertification {
        /// Which.
        certification: String,
        /// What asks for it, in words.
        because: String,
    },
    /// They lack a skill that the lead asks for.
    NoSkill {
        /// Which.
        skill: String,
        /// What asks for it, in words.
        because: String,
    },
    /// They have a holiday.
    Holiday {
        /// Its name, raw.
        name: String,
        /// When they are at work again.
        opens: Option<DateTime<FixedOffset>>,
    },
    /// They are not at work at this hour.
    OutsideHours {
        /// When they are at work again.
        opens: Option<DateTime<FixedOffset>>,
    },
    /// They have as many leads as they can take.
    NoRoom {
        /// Which limit is reached, in words.
        why: String,
    },
    /// The model knows too few of their deals to rank them on this lead.
    NoSupport {
        /// Closed deals that it knows.
        deals: u32,
        /// Of those, like this lead.
        similar: u32,
        /// So many like this lead are wanted.
        wanted: u32,
    },
}

/// Why a rep that had a lead has it no more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Earlier {
    /// Made no contact before the clock ran out.
    SlaBreached,
    /// Gave it back, with a reason.
    Returned,
}

impl Earlier {
    /// What the rep did, as the end of a sentence about them.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SlaBreached => "made no contact in time",
            Self::Returned => "gave it back",
        }
    }
}

impl Exclusion {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// In two or three words, for counting.
    pub const fn short(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::OnLeave { .. } => "on leave",
            Self::HadLead { .. } => "had it before",
            Self::OtherTerritory { .. } => "other territory",
            Self::Rule { .. } => "kept out by a rule",
            Self::OtherPartnerTier { .. } => "other partner tier",
            Self::OtherLanguage { .. } => "other language",
            Self::NoCertification { .. } => "not certified",
            Self::NoSkill { .. } => "without the skill",
            Self::Holiday { .. } => "on holiday",
            Self::OutsideHours { .. } => "outside hours",
            Self::NoRoom { .. } => "no room",
            Self::NoSupport { .. } => "no history",
        }
    }

    /// Its place in the order of importance; 0 is first.
    pub const fn importance(&self) -> u8 {
        match self {
            Self::Inactive => 0,
            Self::OnLeave { .. } => 1,
            Self::HadLead { .. } => 2,
            Self::OtherTerritory { .. } => 3,
            Self::Rule { .. } => 4,
            Self::OtherPartnerTier { .. } => 5,
            Self::OtherLanguage { .. } => 6,
            Self::NoCertification { .. } => 7,
            Self::NoSkill { .. } => 8,
            Self::Holiday { .. } => 9,
            Self::OutsideHours { .. } => 10,
            Self::NoRoom { .. } => 11,
            Self::NoSupport { .. } => 12,
        }
    }

    /// Whether time alone will make it go away, so that the rep is unavailable rather than the wrong one.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::OnLeave { .. } | Self::Holiday { .. } | Self::OutsideHours { .. } | Self::NoRoom { .. })
    }
}

impl std::fmt::Display for Exclusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = |at: &DateTime<FixedOffset>| at.format("%a %d %b %H:%M").to_string();
        let opens = |at: &Option<DateTime<FixedOffset>>| {
            at.as_ref().map_or_else(String::new, |at| format!(", at work again {} their time", time(at)))
        };
        match self {
            Self::Inactive => f.write_str("inactive in the CRM"),
            Self::OnLeave { until, back, kind, sources } => {
                match back {
                    Some(back) => write!(f, "away, back {} their time", time(back))?,
                    None => write!(f, "away until {} their time", time(until))?,
                }
                let known: Vec<&str> = kind.iter().chain(sources).map(String::as_str).collect();
                if known.is_empty() { Ok(()) } else { write!(f, " ({})", known.join(", ")) }
            }
            Self::HadLead { how } => write!(f, "had it before and {}", how.words()),
            Self::OtherTerritory { theirs, wanted } => write!(f, "works {theirs}, the lead is {wanted}"),
            Self::Rule { rule, lacks } => write!(f, "kept out by the rule {rule}: {lacks}"),
            Self::OtherPartnerTier { theirs, wanted } => {
                write!(f, "looks after {}, the partner is {wanted}", listed(theirs, "no partners"))
            }
            Self::OtherLanguage { theirs, wanted } => {
                write!(f, "speaks {}, the lead {wanted}", listed(theirs, "no language that is known"))
            }
            Self::NoCertification { certification, because } => {
                write!(f, "not certified for {certification} ({because})")
            }
            Self::NoSkill { skill, because } => write!(f, "not skilled in {skill} ({because})"),
            Self::Holiday { name, opens: at } => write!(f, "on holiday ({name}){}", opens(at)),
            Self::OutsideHours { opens: at } => write!(f, "not at work now{}", opens(at)),
            Self::NoRoom { why } => write!(f, "no room: {why}"),
            Self::NoSupport { deals, similar, wanted } => {
                write!(f, "the model knows {similar} of {deals} deals like this lead, fewer than {wanted}")
            }
        }
    }
}

fn listed(items: &[String], none: &str) -> String {
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}

/// The reps eligible for one lead, in a stable order, and the reason each other rep is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// May get the lead.
    pub eligible: Vec<RepId>,
    /// May not, and the most important reason why.
    pub excluded: Vec<(RepId, Exclusion)>,
    /// Their other reasons, by rep and importance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<(RepId, Exclusion)>,
    /// What speaks against reps who may get it all the same, because the settings say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<(RepId, Exclusion)>,
}

impl Pool {
    /// Whether a rep may get the lead.
    pub fn has(&self, rep: &RepId) -> bool {
        self.eligible.binary_search(rep).is_ok()
    }

    /// Every reason why a rep may not get the lead, most important first; none for those who may.
    pub fn reasons<'a>(&'a self, rep: &'a RepId) -> impl Iterator<Item = &'a Exclusion> {
        self.excluded.iter().chain(&self.further).filter(move |(id, _)| id == rep).map(|(_, why)| why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_stored_before_there_was_more_to_say_still_read() {
        let stored = r#"{"eligible":["a"],"excluded":[["b",{"code":"inactive"}],
            ["c",{"code":"other_territory","theirs":"South","wanted":"North"}]]}"#;
        let pool: Pool = serde_json::from_str(stored).unwrap();
        assert_eq!(pool.excluded[0].1, Exclusion::Inactive);
        assert_eq!(pool.excluded[1].1.to_string(), "works South, the lead is North");
        assert!(pool.has(&RepId::new("a")) && !pool.has(&RepId::new("b")));
        // And what says no more is stored as it was before.
        let again = serde_json::to_string(&pool).unwrap();
        assert_eq!(again, stored.replace("\n            ", ""));
    }

    #[test]
    fn reasons_read_as_sentences_and_come_back_from_the_store() {
        let at = |t: &str| DateTime::parse_from_rfc3339(t).unwrap();
        let reasons = [
            (
                Exclusion::OnLeave {
                    until: at("2026-11-28T00:00:00+01:00"),
                    back: Some(at("2026-11-30T09:00:00+01:00")),
                    kind: Some("vacation".into()),
                    sources: vec!["the CRM".into()],
                },
                "away, back Mon 30 Nov 09:00 their time (vacation, the CRM)",
            ),
            (Exclusion::HadLead { how: Earlier::Returned }, "had it before and gave it back"),
            (
                Exclusion::OtherLanguage { theirs: vec!["en".into()], wanted: "German (the text, 96 % sure)".into() },
                "speaks en, the lead German (the text, 96 % sure)",
            ),
            (
                Exclusion::NoSkill { skill: "cloud".into(), because: "product CloudMover".into() },
                "not skilled in cloud (product CloudMover)",
            ),
            (
                Exclusion::OutsideHours { opens: Some(at("2026-11-23T08:00:00-05:00")) },
                "not at work now, at work again Mon 23 Nov 08:00 their time",
            ),
            (Exclusion::Holiday { name: "New Year".into(), opens: None }, "on holiday (New Year)"),
            (
                Exclusion::NoSupport { deals: 4, similar: 0, wanted: 1 },
                "the model knows 0 of 4 deals like this lead, fewer than 1",
            ),
        ];
        for (reason, words) in reasons {
            assert_eq!(reason.to_string(), words);
            let stored = serde_json::to_string(&reason).unwrap();
            assert!(stored.contains(&format!("\"code\":\"{}\"", reason.code())), "{stored}");
            assert_eq!(serde_json::from_str::<Exclusion>(&stored).unwrap().to_string(), words);
        }
    }
}
