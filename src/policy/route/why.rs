//! Why not this rep, and what would put them first: answered from what is stored with a decision, for any rep.
//!
//! A change is the smallest of its kind, not the only one: where a rule names somebody, that it named this rep is one
//! change, and that it went away and the model preferred them are two.

mod words;

use serde::Serialize;

use super::{Claim, Path, Proof, Step, Who, Why};
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Recommendation;
use crate::policy::assignment::DEAL;
use crate::policy::fairness::{LEAD, Turn};

/// How far apart, in millionths of a lead, two may stand by the rounding of their shares alone: each lead may add one.
const ROUNDING: i64 = 1_000;

/// A decision as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Where the lead should go.
    pub recommendation: &'a Recommendation,
    /// Whom the model ranked, unless it failed.
    pub ranking: Option<&'a Ranking>,
    /// How the decision came about.
    pub path: &'a Path,
}

/// Why a rep does not get a lead.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum WhyNot {
    /// They do get it.
    Given,
    /// Nothing is known of them: they were in no roster when it was decided.
    Unknown,
    /// They have a claim, and could not take it.
    Unavailable {
        /// Which claim.
        claim: Claim,
        /// What was in the way.
        why: Vec<Exclusion>,
    },
    /// Somebody else has a claim.
    Claimed {
        /// Who and by what.
        claim: Claim,
    },
    /// It goes to no rep, whoever they are.
    NoRep {
        /// Why, in words.
        why: String,
    },
    /// They may not get it.
    Excluded {
        /// The most important reason.
        why: Exclusion,
        /// How many more there are.
        further: usize,
    },
    /// They are too far ahead of their share.
    PassedOver {
        /// How far they would be ahead with it, in millionths of a lead.
        with: i64,
        /// How far anybody may be.
        bound: i64,
    },
    /// Others have the turn before them.
    LaterTurn {
        /// Which place they have.
        place: usize,
        /// Of so many.
        of: usize,
        /// How far ahead of their share they are, in millionths of a lead.
        balance: i64,
        /// Who has the turn.
        next: Who,
        /// By what, where both stand the same.
        tie: Option<Tie>,
    },
    /// Their place costs more than they are better.
    Costs {
        /// What their place costs, in billionths of a deal.
        price: i64,
        /// Their probability.
        p_win: f64,
        /// Who remains worth more.
        pick: Who,
    },
    /// They would have got it alone, and their places go to leads that were given at the same moment.
    PlacesGone {
        /// How many leads were given, this one included.
        leads: usize,
        /// Who gets this one.
        pick: Who,
    },
    /// The model prefers another.
    Ranked {
        /// Their rank.
        rank: u32,
        /// Their probability.
        p_win: f64,
        /// Who is chosen.
        pick: Who,
        /// With which probability.
        pick_p_win: f64,
    },
    /// The model knows too few of their deals.
    TooFewDeals {
        /// Closed deals that it knows.
        deals: u32,
        /// Of those, like this lead.
        similar: u32,
    },
}

/// One thing that would have to be different.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Lift {
    /// This reason against them is gone.
    Exclusion {
        /// Which.
        why: Exclusion,
    },
    /// What names another rep, or a queue, names them.
    Names {
        /// What it is.
        by: Proof,
    },
    /// A rule is gone.
    WithoutRule {
        /// Its name.
        rule: String,
    },
    /// The deal is smaller.
    AmountBelow {
        /// From which amount on a manager must look.
        from: f64,
    },
    /// It is settled whose the company is.
    Settled,
    /// The model works.
    ModelWorks,
    /// The model knows more deals of theirs like this one.
    MoreDeals,
    /// Their probability is at least this.
    Probability {
        /// What it is; `None` where the model did not score them, because they may not get the lead.
        from: Option<f64>,
        /// What it would have to be.
        to: f64,
    },
    /// They have a place more.
    AnotherPlace,
    /// Their place costs less: no probability would make up for it.
    Cheaper {
        /// What it costs, in billionths of a deal.
        price: i64,
    },
    /// Chances count for more: no probability makes a difference, because of what the lead is worth.
    ChancesCount,
    /// They have had so many leads fewer, in comparison with their share.
    FewerLeads {
        /// How many.
        leads: f64,
    },
    /// They stand as who has the turn does, and any lead fewer would do.
    Tied {
        /// Who has the turn.
        next: Who,
        /// By what they have it.
        by: Tie,
    },
    /// They are entitled to a share of the lead: who is not comes after all who are.
    Share,
}

/// By what a turn goes among those who stand the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// One had no lead yet, and the other did.
    NoneYet,
    /// One has waited longer since their last lead.
    Waited,
    /// The order of the CRM's ids, so that a replay gives the same; also of whom it favours when one lead is divided into
    /// millionths.
    Id,
}

impl Told<'_> {
    fn pool(&self) -> Option<&Pool> {
        self.ranking.map(|ranking| &ranking.pool).or(self.path.pool.as_ref())
    }

    fn reasons<'s>(&'s self, rep: &'s RepId) -> Vec<&'s Exclusion> {
        self.pool().map(|pool| pool.reasons(rep).collect()).unwrap_or_default()
    }

    fn given(&self, rep: &RepId) -> bool {
        self.recommendation.route.owner().rep() == Some(rep)
    }

    /// A claim of this rep that could not be met.
    fn unmet(&self, rep: &RepId) -> Option<(&Claim, &[Exclusion])> {
        self.path.rungs.iter().find_map(|step| match &step.why {
            Why::Unavailable { claim, why } if claim.who.id == *rep => Some((claim, why.as_slice())),
            _ => None,
        })
    }

    fn turn(&self, rep: &RepId) -> Option<(usize, &Turn, &Turn)> {
        let turns = &self.path.fairness.as_ref()?.turns;
        let place = turns.iter().position(|turn| turn.rep == *rep)?;
        Some((place, turns.get(place)?, turns.first()?))
    }

    fn passed_over(&self, rep: &RepId) -> Option<&Turn> {
        self.path.fairness.as_ref()?.passed_over.iter().find(|turn| turn.rep == *rep)
    }

    /// The probability with which a rep would stand so far before another one (0: level), all of it in what the lead is worth.
    /// `None` where none does.
    fn before(&self, rep: &RepId, other: &RepId, other_p_win: f64, ahead: f64) -> Option<f64> {
        let Some(pricing) = &self.path.pricing else { return Some((other_p_win + ahead).min(1.0)) };
        let missing = (pricing.price(rep) - pricing.price(other)) as f64 / DEAL as f64 + ahead;
        let level = if missing == 0.0 { other_p_win } else { other_p_win + missing / (pricing.kept * pricing.weight) };
        Some(level.max(0.0)).filter(|level| *level <= 1.0)
    }
}

/// Why a rep does not get a lead, most important first: one answer or two.
pub fn why_not(rep: &RepId, told: &Told<'_>) -> Vec<WhyNot> {
    if told.given(rep) {
        return vec![WhyNot::Given];
    }
    let reasons = told.reasons(rep);
    let mut answers = Vec::new();
    if let Some((claim, why)) = told.unmet(rep) {
        answers.push(WhyNot::Unavailable { claim: claim.clone(), why: why.to_vec() });
    }
    let decided = told.path.taken().map(|step| &step.why);
    match decided {
        Some(Why::Claimed { claim }) => answers.push(WhyNot::Claimed { claim: claim.clone() }),
        Some(Why::Chosen { .. } | Why::Turn { .. }) | None => {}
        Some(why @ (Why::ToQueue { .. } | Why::AskedFor { .. } | Why::LargeAmount { .. } | Why::Conflict { .. })) => {
            answers.push(WhyNot::NoRep { why: why.to_string() });
        }
        Some(_) => answers.push(WhyNot::NoRep { why: told.recommendation.explanation.clone() }),
    }
    let eligible = told.pool().is_some_and(|pool| pool.has(rep));
    match (reasons.split_first(), decided) {
        (Some((first, others)), _) if told.unmet(rep).is_none() => {
            answers.push(WhyNot::Excluded { why: (*first).clone(), further: others.len() });
        }
        (None, Some(Why::Chosen { who, p_win, .. })) if eligible => {
            answers.extend(not_chosen(rep, who, *p_win, told));
        }
        (None, Some(Why::Turn { who, .. })) => {
            if let Some((place, turn, first)) = told.turn(rep) {
                let of = told.path.fairness.as_ref().map_or(0, |fairness| fairness.turns.len());
                let (place, balance, next) = (place + 1, turn.balance, who.clone());
                answers.push(WhyNot::LaterTurn { place, of, balance, next, tie: tie(turn, first) });
            }
        }
        _ => {}
    }
    if answers.is_empty() {
        answers.push(WhyNot::Unknown);
    }
    answers.truncate(2);
    answers
}

/// Whether a rep waits because they are entitled to no share of the lead, and who has the turn is.
const fn is_without_share(turn: &Turn, first: &Turn) -> bool {
    turn.share == 0 && first.share > 0
}

/// By what the first has the turn before a rep who stands the same; `None` where they do not. What the rounding of shares
/// makes is no difference.
fn tie(turn: &Turn, first: &Turn) -> Option<Tie> {
    let apart = turn.without() - first.without();
    if apart.abs() > ROUNDING || is_without_share(turn, first) {
        return None;
    }
    Some(match (turn.last_at, first.last_at) {
        // A millionth that rounding gave decides before how long they waited.
        _ if apart != 0 => Tie::Id,
        (Some(_), None) => Tie::NoneYet,
        (then, since) if then > since => Tie::Waited,
        _ => Tie::Id,
    })
}

/// Why the model's rung chose another.
fn not_chosen(rep: &RepId, pick: &Who, pick_p_win: f64, told: &Told<'_>) -> Option<WhyNot> {
    if let (Some(turn), Some(fairness)) = (told.passed_over(rep), &told.path.fairness) {
        return Some(WhyNot::PassedOver { with: turn.with(), bound: fairness.bound.unwrap_or_default() });
    }
    let ranked = told.ranking?.of(rep)?;
    let (p_win, support) = (ranked.p_win, ranked.support);
    if told.path.unsupported.contains(rep) {
        return Some(WhyNot::TooFewDeals { deals: support.deals, similar: support.similar_deals });
    }
    let alone = told.path.round.as_ref().filter(|round| round.instead_of.as_ref().is_some_and(|who| who.id == *rep));
    if let Some(round) = alone {
        return Some(WhyNot::PlacesGone { leads: round.leads, pick: pick.clone() });
    }
    let price = told.path.pricing.as_ref().map_or(0, |pricing| pricing.price(rep));
    Some(if p_win >= pick_p_win && price > 0 {
        WhyNot::Costs { price, p_win, pick: pick.clone() }
    } else {
        WhyNot::Ranked { rank: ranked.rank, p_win, pick: pick.clone(), pick_p_win }
    })
}

/// Whether the model ranks one rep before another.
fn is_before(rep: &RepId, other: &RepId, told: &Told<'_>) -> bool {
    let place = |id: &RepId| told.ranking.and_then(|ranking| ranking.reps.iter().position(|r| r.rep_id == *id));
    matches!((place(rep), place(other)), (Some(rep), Some(other)) if rep < other)
}

/// The smallest change that puts a rep first; nothing where they are.
pub fn smallest_change(rep: &RepId, told: &Told<'_>) -> Vec<Lift> {
    if told.given(rep) {
        return Vec::new();
    }
    let exclusion = |why: &Exclusion| Lift::Exclusion { why: why.clone() };
    // Whoever has a claim that was not met needs only to be available.
    if let Some((_, why)) = told.unmet(rep) {
        return why.iter().map(exclusion).collect();
    }
    let reasons = told.reasons(rep);
    let Some(Step { why: decided, .. }) = told.path.taken() else { return Vec::new() };
    // A claim of their own would do, if they were there to take it.
    if let Why::Claimed { claim: Claim { by, .. } } | Why::ToQueue { by, .. } = decided {
        let keeps = |why: &&&Exclusion| {
            matches!(
                why,
                Exclusion::Inactive | Exclusion::OnLeave { .. } | Exclusion::HadLead { .. } | Exclusion::NoRoom { .. }
            )
        };
        let named = std::iter::once(Lift::Names { by: by.clone() });
        return named.chain(reasons.iter().filter(keeps).map(|why| exclusion(why))).collect();
    }
    let mut lifts: Vec<Lift> = match decided {
        Why::AskedFor { rules, .. } => rules.iter().map(|rule| Lift::WithoutRule { rule: rule.clone() }).collect(),
        Why::LargeAmount { from, .. } => vec![Lift::AmountBelow { from: *from }],
        Why::Conflict { .. } => vec![Lift::Settled],
        Why::Failed => vec![Lift::ModelWorks],
        _ => Vec::new(),
    };
    lifts.extend(reasons.iter().map(|why| exclusion(why)));
    if let Why::Turn { who, .. } = decided {
        lifts.extend(told.turn(rep).map(|(_, turn, first)| match (is_without_share(turn, first), tie(turn, first)) {
            (true, _) => Lift::Share,
            (false, Some(by)) => Lift::Tied { next: who.clone(), by },
            (false, None) => Lift::FewerLeads { leads: (turn.without() - first.without()) as f64 / LEAD as f64 },
        }));
        return lifts;
    }
    if let Some(fairness) = &told.path.fairness {
        lifts.extend(fairness.excess(rep).map(|leads| Lift::FewerLeads { leads }));
    }
    lifts.extend(told.path.unsupported.contains(rep).then_some(Lift::MoreDeals));
    let alone = told.path.round.as_ref().and_then(|round| round.instead_of.as_ref());
    if alone.is_some_and(|who| who.id == *rep) {
        lifts.push(Lift::AnotherPlace);
        return lifts;
    }
    lifts.extend(better(rep, decided, told));
    lifts
}

/// What the model would have to say.
fn better(rep: &RepId, decided: &Why, told: &Told<'_>) -> Option<Lift> {
    let ranking = told.ranking?;
    let from = ranking.of(rep).map(|ranked| ranked.p_win);
    let gates = &told.path.gates;
    let close = told.path.rungs.iter().find_map(|step| match step.why {
        Why::TooClose { wanted, .. } => Some(wanted),
        _ => None,
    });
    let (pick, to) = if let Why::Chosen { who, p_win, .. } = decided {
        (&who.id, told.before(rep, &who.id, *p_win, 0.0))
    } else {
        let may = |id: &RepId| told.passed_over(id).is_none() && !told.path.unsupported.contains(id);
        let others =
            ranking.reps.iter().filter(|ranked| ranked.in_pool && may(&ranked.rep_id) && ranked.rep_id != *rep);
        let best = ranking.reps.iter().find(|ranked| ranked.in_pool && may(&ranked.rep_id))?;
        // Before each of the others, prices and all, and up to the gate.
        let gate = if gates.cleared { gates.confidence } else { 0.0 };
        let ahead = close.unwrap_or(0.0);
        let levels: Option<Vec<f64>> =
            others.map(|other| told.before(rep, &other.rep_id, other.p_win, ahead)).collect();
        let to = levels.map(|levels| levels.into_iter().fold(gate, f64::max));
        (&best.rep_id, to)
    };
    match to {
        Some(to) if from.is_none_or(|from| from < to) => Some(Lift::Probability { from, to }),
        // Of equals, the one whom more deals speak for, then by id: a hair more would do.
        Some(to) if pick != rep && !is_before(rep, pick, told) && from == Some(to) => {
            Some(Lift::Probability { from, to })
        }
        Some(_) => None,
        None => {
            let price = told.path.pricing.as_ref().map_or(0, |pricing| pricing.price(rep));
            Some(if price > 0 { Lift::Cheaper { price } } else { Lift::ChancesCount })
        }
    }
}
