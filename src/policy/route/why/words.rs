//! Answers in words. Names are raw: sanitise before display.

use super::{Lift, Tie, WhyNot};
use crate::domain::number::{amount, decimals, percents};
use crate::policy::fairness::{beside_bound, standing};
use crate::policy::price::points;
use crate::policy::route::{Proof, Why};

fn percent(p: f64) -> String {
    format!("{:.1} %", p * 100.0)
}

impl WhyNot {
    /// As a sentence about the rep of this name. Raw: sanitise before display.
    pub fn words(&self, name: &str) -> String {
        match self {
            Self::Given => format!("{name} gets it."),
            Self::Unknown => format!("{name} was no rep that leads could go to."),
            Self::Unavailable { claim, why } => Why::Unavailable { claim: claim.clone(), why: why.clone() }.to_string(),
            Self::Claimed { claim } => format!("{claim}."),
            Self::NoRep { why } => why.clone(),
            Self::Excluded { why, further: 0 } => format!("{name} is not eligible: {why}."),
            Self::Excluded { why, further: 1 } => format!("{name} is not eligible: {why}, and one more reason."),
            Self::Excluded { why, further } => {
                format!("{name} is not eligible: {why}, and {further} more reasons.")
            }
            Self::PassedOver { with, bound } => {
                let (with, bound) = beside_bound(*with, *bound);
                format!("{name} is passed over: with it {with}, beyond the bound of {bound}.")
            }
            Self::LaterTurn { place, of, balance, next, tie } => {
                let turn = format!("{name} has turn {place} of {of} ({});", standing(*balance));
                match tie {
                    None => format!("{turn} {} has the first.", next.name),
                    Some(tie) => format!("{turn} {} stands the same and has the first {}.", next.name, tie.words()),
                }
            }
            Self::Costs { price, p_win, pick } => format!(
                "{name} has {}, but the slot costs {} points, and {} remains worth more.",
                percent(*p_win),
                points(*price),
                pick.name
            ),
            Self::PlacesGone { leads, pick } => {
                let others = leads.saturating_sub(1);
                let others = if others == 1 { "another lead".to_owned() } else { format!("{others} other leads") };
                format!(
                    "{name} would have got it alone; {others} came with it, and {} gets it so that all are worth most.",
                    pick.name
                )
            }
            Self::Ranked { rank, p_win, pick, pick_p_win } => {
                let (theirs, best) = percents(*p_win, *pick_p_win);
                format!("The model ranks {name} number {rank}, with {theirs} %; {} has {best} %.", pick.name)
            }
            Self::TooFewDeals { deals, similar } => {
                format!("The model knows too few deals of {name}: {similar} of {deals} are like this lead.")
            }
        }
    }
}

impl Tie {
    /// By what, as the end of a sentence about who has the turn.
    const fn words(self) -> &'static str {
        match self {
            Self::NoneYet => "for having had no lead yet",
            Self::Waited => "for having waited longer since their last lead",
            Self::Id => "by the order of the CRM's ids",
        }
    }
}

impl Lift {
    /// As a sentence about the rep of this name. Raw: sanitise before display.
    pub fn words(&self, name: &str) -> String {
        match self {
            Self::Exclusion { why } => format!("This would have to go away: {why}."),
            Self::Names { by: Proof::Rule { name: rule, .. } } => format!("Rule \"{rule}\" would have to name {name}."),
            Self::Names { by } => format!("{name} would have to own {by}."),
            Self::WithoutRule { rule } => format!("Rule \"{rule}\" would have to go."),
            Self::AmountBelow { from } => format!("The amount would have to be below {}.", amount(*from)),
            Self::Settled => "It would have to be settled whose the company is.".to_owned(),
            Self::ModelWorks => "The model would have to work.".to_owned(),
            Self::MoreDeals => format!("The model would have to know more deals of {name} like this one."),
            Self::Probability { from: Some(from), to } => match percents(*to, *from) {
                // They differ by less than can be read.
                (to, from) if to == from => {
                    format!("{name} would only have to reach a little more: both are at {to} %.")
                }
                (to, from) => format!("{name} would have to reach {to} % instead of {from} %."),
            },
            Self::Probability { from: None, to } => {
                format!("{name}, whom the model did not score, would have to reach {}.", percent(*to))
            }
            Self::AnotherPlace => format!("{name} would have to have room for one lead more."),
            Self::Cheaper { price } => {
                format!("{name}'s slot would have to cost less than {} points.", points(*price))
            }
            Self::ChancesCount => {
                "Chances would have to count for more: no chance makes up for how little a deal of this size \
                 weighs, or for how little the deals tell the reps apart."
                    .to_owned()
            }
            Self::FewerLeads { leads } => {
                let n = decimals(*leads, 0.0, 1);
                format!("{name} would have to have had {leads:.n$} leads fewer by now.")
            }
            Self::Tied { next, by } => {
                format!("It was a tie, and {} has the turn {}: any lead fewer would do.", next.name, by.words())
            }
            Self::Share => format!("{name} would have to be entitled to a share of the lead."),
        }
    }
}
