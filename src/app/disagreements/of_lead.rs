//! One disagreement in full: the cause, what tells the two apart, and what all of it rests on.

use serde::Serialize;

use super::cause::{Case, FEW_DEALS, Found, enough, overlap};
use crate::app::views::LeadDetail;
use crate::domain::disagreement::Cause;
use crate::domain::ids::{ModelId, RepId};
use crate::domain::lead::Owner;
use crate::domain::ranking::{Contrast, Interval, RankedRep, Ranking, Record};
use crate::policy::route::{Who, Why};

/// Log-odds below which a reason rounds to nothing and is added to the others.
const TELLING: f64 = 0.005;

/// Why the recommended owner is not the legacy owner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// From the fixed list.
    pub cause: Cause,
    /// The cause on this lead, as a sentence. Raw: sanitise before display.
    pub words: String,
    /// Who is recommended.
    pub model: Side,
    /// Whom the CRM's rules chose.
    pub legacy: Side,
    /// Whether the two ranges overlap; `None` where one of the two was not ranked.
    pub overlap: Option<bool>,
    /// Whether their closed deals tell who is better; likewise.
    pub enough: Option<bool>,
    /// What that comes to, as a sentence.
    pub evidence: String,
    /// Expected wins that the recommendation gains on this lead, by the model's own estimate.
    pub stake: Option<f64>,
    /// What adds up to how far the model sets two reps apart; `None` where it compared none.
    pub sum: Option<Sum>,
    /// Which deals count as similar, in words.
    pub similar: Option<String>,
    /// The model; `None` where it failed.
    pub by: Option<ModelId>,
}

/// One of the two owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Who.
    pub owner: Owner,
    /// Their name, raw.
    pub name: String,
    /// How the model sees them; `None` of a queue, and of somebody who was not ranked.
    pub seen: Option<Seen>,
}

/// How the model sees a rep on the lead.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Their rank.
    pub rank: u32,
    /// Calibrated probability that they win it.
    pub p_win: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// Closed deals like this lead.
    pub similar: Record,
    /// All closed deals.
    pub all: Record,
}

impl Seen {
    fn of(ranked: &RankedRep) -> Self {
        let RankedRep { rank, p_win, interval, support, .. } = *ranked;
        Self {
            rank,
            p_win,
            interval,
            similar: Record { deals: support.similar_deals, wins: support.similar_wins },
            all: Record { deals: support.deals, wins: support.wins },
        }
    }
}

/// Reasons that add up to a gap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sum {
    /// The rep in front, raw.
    pub ours: String,
    /// The rep compared with, raw.
    pub theirs: String,
    /// Whether these are the recommended rep and the legacy owner. Where a rule, a share or a price chose, the model's first
    /// is compared instead.
    pub of_the_two: bool,
    /// The reasons that tell something, strongest first.
    pub reasons: Vec<Contrast>,
    /// How many more there are, each too small to tell, and what they add together.
    pub rest: (usize, f64),
    /// What all of them add up to, in log-odds, before calibration.
    pub gap: f64,
}

impl Sum {
    fn of(ranking: &Ranking, detail: &LeadDetail, case: &Case<'_>) -> Option<Self> {
        let compared = ranking.comparison.as_ref()?;
        let (reasons, small): (Vec<_>, Vec<_>) =
            compared.contrasts.iter().cloned().partition(|one| one.weight.abs() >= TELLING);
        let name = |rep: &RepId| named(detail, rep.as_str()).to_owned();
        Some(Self {
            of_the_two: case.recommendation.route.rep() == Some(&compared.ours)
                && case.legacy.rep() == Some(&compared.theirs),
            ours: name(&compared.ours),
            theirs: name(&compared.theirs),
            rest: (small.len(), small.iter().map(|one| one.weight).sum()),
            reasons,
            gap: compared.gap,
        })
    }
}

fn named<'a>(detail: &'a LeadDetail, id: &'a str) -> &'a str {
    detail.names.get(id).map_or(id, String::as_str)
}

/// Explains the disagreement about a lead. `None` where there is none: nothing is recommended, or the legacy owner is.
pub fn of_lead(detail: &LeadDetail) -> Option<Explained> {
    let case = Case {
        recommendation: detail.recommendation.as_ref()?,
        ranking: detail.ranking.as_ref(),
        path: detail.path.as_ref(),
        legacy: &detail.record.legacy.owner,
    };
    let found = case.cause()?;
    let side = |owner: Owner| Side {
        name: named(detail, owner.id()).to_owned(),
        seen: owner.rep().and_then(|rep| detail.ranking.as_ref()?.of(rep)).map(Seen::of),
        owner,
    };
    let (model, legacy) = (side(case.recommendation.route.owner()), side(case.legacy.clone()));
    let both = case.both();
    Some(Explained {
        cause: found.cause,
        words: words(&found, &case, (&model.name, &legacy.name)),
        evidence: evidence(both, (&model.name, &legacy.name)),
        overlap: both.map(|(pick, legacy)| overlap(pick, legacy)),
        enough: both.map(|(pick, legacy)| enough(pick, legacy)),
        stake: case.stake(),
        sum: detail.ranking.as_ref().and_then(|ranking| Sum::of(ranking, detail, &case)),
        similar: detail.ranking.as_ref().map(|ranking| ranking.segment.clone()),
        by: detail.ranking.as_ref().map(|ranking| ranking.model_id.clone()),
        model,
        legacy,
    })
}

/// What the deals of the two are worth as evidence.
fn evidence(both: Option<(&RankedRep, &RankedRep)>, (model, legacy): (&str, &str)) -> String {
    let Some((a, b)) = both else {
        return "The two cannot be compared: the model did not score them both.".to_owned();
    };
    let (few, whose) = if a.support.similar_deals <= b.support.similar_deals {
        (a.support.similar_deals, model)
    } else {
        (b.support.similar_deals, legacy)
    };
    if !overlap(a, b) {
        "Their ranges do not touch: the deals tell the two apart.".to_owned()
    } else if enough(a, b) && a.too_close_to(b) {
        "Too close to call: each lies in the other's range. Either may be the better one, the first more likely."
            .to_owned()
    } else if enough(a, b) {
        "Their ranges overlap: either may be the better one, the first more likely.".to_owned()
    } else {
        format!(
            "Not enough evidence: their ranges overlap, and {whose} has {few} closed deals like this ({FEW_DEALS} would tell \
             something)."
        )
    }
}

/// The cause as a sentence.
fn words(found: &Found<'_>, case: &Case<'_>, (model, legacy): (&str, &str)) -> String {
    let decided = || case.path.and_then(|path| path.taken()).map(|step| step.why.to_string());
    let explanation = || case.recommendation.explanation.clone();
    let first = || {
        case.path.and_then(|path| path.taken()).and_then(|step| match &step.why {
            Why::Chosen { instead_of: Some(Who { name, .. }), .. } => Some(name.clone()),
            _ => None,
        })
    };
    match found.cause {
        Cause::Failed | Cause::NobodyEligible | Cause::NobodyLikely | Cause::TooClose => explanation(),
        Cause::StrategicRule | Cause::AccountOwner | Cause::PartnerRule | Cause::ManagerAsked | Cause::Turn => {
            decided().unwrap_or_else(explanation)
        }
        Cause::LegacyQueue => format!("The CRM's rules left it in a queue, {legacy}; {model} can work it."),
        Cause::LegacyUnknown => format!("{legacy}, whom the CRM's rules chose, is no rep that is known."),
        Cause::LegacyInactive
        | Cause::LegacyAway
        | Cause::LegacyHadIt
        | Cause::LegacyTerritory
        | Cause::LegacyKeptOut
        | Cause::LegacyUnfit
        | Cause::LegacyFull => {
            let why = found.exclusion.map(ToString::to_string).unwrap_or_default();
            format!("{legacy}, whom the CRM's rules chose, may not get it: {why}.")
        }
        Cause::LegacyNoHistory => {
            format!("The model knows too few deals of {legacy} to rank them on this lead.")
        }
        Cause::Fairness => match first() {
            Some(first) if first != legacy => {
                format!("{first} is ranked first and too far ahead of their share, so {model} gets it.")
            }
            _ => format!("{legacy} is too far ahead of their share."),
        },
        Cause::Price => match first() {
            Some(first) if first != legacy => {
                format!("{first} is ranked first, and their place is worth more to other leads, so {model} gets it.")
            }
            _ => format!("{legacy}'s place is worth more to other leads."),
        },
        Cause::NotCleared => format!(
            "{model} is the first of a model that is not cleared to say which rep is better: whoever knows both decides."
        ),
        Cause::TooFewDeals => {
            format!("{model} is ahead of {legacy} by less than these few deals can tell.")
        }
        Cause::RepRecord
        | Cause::Industry
        | Cause::Source
        | Cause::Product
        | Cause::Place
        | Cause::DealSize
        | Cause::CompanySize
        | Cause::OtherFactor => {
            let factor = found.factor.map(|factor| factor.words(model, legacy)).unwrap_or_default();
            format!("What tells them apart most: {factor}.")
        }
        Cause::Unexplained => "Nothing that says why was stored with the ranking.".to_owned(),
    }
}
