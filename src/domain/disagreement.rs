//! Why the owner that is recommended for a lead is not the one whom the CRM's own rules chose: a fixed list of causes, so
//! that disagreements can be counted and judged together.

use serde::{Deserialize, Serialize};

/// The cause of a disagreement. A lead has one: the first of these that holds, from what is certain (a rule, somebody who is
/// away) to what the model made of deals. The text form is stable: it is exported.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Cause {
    /// The lead could not be ranked.
    Failed,
    /// A strategic rule names somebody.
    StrategicRule,
    /// Somebody works with the company already.
    AccountOwner,
    /// A partner rule names somebody.
    PartnerRule,
    /// A rule, the amount or a conflict asks for a manager.
    ManagerAsked,
    /// Nobody may get the lead.
    NobodyEligible,
    /// Nobody is likely enough to win it.
    NobodyLikely,
    /// The first two are too close, and the settings want a person to choose.
    TooClose,
    /// The CRM's rules left it in a queue.
    LegacyQueue,
    /// The legacy owner is no rep that is known.
    LegacyUnknown,
    /// The legacy owner is inactive.
    LegacyInactive,
    /// The legacy owner is away, on holiday, or not at work at this hour.
    LegacyAway,
    /// The legacy owner had it before, and gave it back or made no contact.
    LegacyHadIt,
    /// The legacy owner works another territory.
    LegacyTerritory,
    /// A rule lets only others have it.
    LegacyKeptOut,
    /// The legacy owner lacks a language, skill, certificate or partner tier.
    LegacyUnfit,
    /// The legacy owner has no room.
    LegacyFull,
    /// The model knows too few deals of the legacy owner to rank them.
    LegacyNoHistory,
    /// It was another's turn.
    Turn,
    /// Somebody is too far ahead of their share.
    Fairness,
    /// A place costs more than it wins, or went to another lead of the moment.
    Price,
    /// The model is not cleared to say which rep is better.
    NotCleared,
    /// Their ranges overlap, and one of the two has few deals like this: too little to tell.
    TooFewDeals,
    /// What tells them apart most: how they do on all leads.
    RepRecord,
    /// … in this industry.
    Industry,
    /// … with leads of this source.
    Source,
    /// … with this product.
    Product,
    /// … in this country or territory.
    Place,
    /// … with deals of this size.
    DealSize,
    /// … with companies of this size.
    CompanySize,
    /// … something else that the model looks at.
    OtherFactor,
    /// Nothing that says why is stored.
    Unexplained,
}

impl Cause {
    /// In a few words, for lists.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Failed => "could not be ranked",
            Self::StrategicRule => "strategic rule",
            Self::AccountOwner => "account owner",
            Self::PartnerRule => "partner rule",
            Self::ManagerAsked => "a manager is asked for",
            Self::NobodyEligible => "nobody is eligible",
            Self::NobodyLikely => "nobody likely enough",
            Self::TooClose => "first two too close",
            Self::LegacyQueue => "legacy: left in a queue",
            Self::LegacyUnknown => "legacy: not known",
            Self::LegacyInactive => "legacy: inactive",
            Self::LegacyAway => "legacy: away",
            Self::LegacyHadIt => "legacy: had it before",
            Self::LegacyTerritory => "legacy: territory",
            Self::LegacyKeptOut => "legacy: kept out by rule",
            Self::LegacyUnfit => "legacy: lacks what it asks",
            Self::LegacyFull => "legacy: no room",
            Self::LegacyNoHistory => "legacy: no history",
            Self::Turn => "whose turn it is",
            Self::Fairness => "ahead of their share",
            Self::Price => "price of a place",
            Self::NotCleared => "model not cleared",
            Self::TooFewDeals => "not enough evidence",
            Self::RepRecord => "record on all leads",
            Self::Industry => "record: industry",
            Self::Source => "record: source",
            Self::Product => "record: product",
            Self::Place => "record: place",
            Self::DealSize => "record: deal size",
            Self::CompanySize => "record: company size",
            Self::OtherFactor => "record: other reason",
            Self::Unexplained => "not stored",
        }
    }

    /// Whether the model's factors tell the two apart, and nothing else does.
    pub const fn is_factor(self) -> bool {
        matches!(
            self,
            Self::RepRecord
                | Self::Industry
                | Self::Source
                | Self::Product
                | Self::Place
                | Self::DealSize
                | Self::CompanySize
                | Self::OtherFactor
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantArray;

    use super::*;

    #[test]
    fn codes_and_titles_tell_all_causes_apart() {
        let titles: BTreeSet<&str> = Cause::VARIANTS.iter().map(|cause| cause.title()).collect();
        assert_eq!(titles.len(), Cause::VARIANTS.len());
        for cause in Cause::VARIANTS {
            assert_eq!(cause.to_string().parse(), Ok(*cause));
            let code = serde_json::to_string(cause).unwrap();
            assert_eq!(code, format!("\"{cause}\""), "one text form for JSON and for people");
            assert!(cause.title().len() <= 26, "{cause} does not fit a list");
        }
    }
}
