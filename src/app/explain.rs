//! One answer for the lead screen, `lead show` and its JSON: why this rep, why not another, what would put them first, and
//! what the chosen rep can say to the lead.
//!
//! All of it is read off what was stored with the ranking: scores, pool and the way to the recommendation. What is
//! otherwise today is said beside it ([`Since`]) and changes no answer.

mod talk;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::disagreements::{self, Explained};
use super::views::{LeadDetail, Path};
use crate::domain::ids::{ModelId, RepId};
use crate::domain::lead::LeadState;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::Comparison;
use crate::domain::recommendation::Recommendation;
use crate::domain::rep::Roster;
pub use crate::policy::route::{Lift, WhyNot};
use crate::policy::route::{Told, smallest_change, why_not};
use crate::policy::rules::short;
pub use talk::{Point, TalkTrack, chosen, talk_track};

/// What ranks and routes now, to compare an older ranking with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InUse {
    /// The version of the rules in force.
    pub rules: Option<String>,
    /// The champion.
    pub model: Option<ModelId>,
}

/// Something found, beside its sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said<T> {
    /// What it is.
    #[serde(flatten)]
    pub what: T,
    /// As a sentence. Raw: sanitise before display.
    pub words: String,
}

/// Why a rep does not get the lead, and what would put them first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The rep.
    pub rep: RepId,
    /// What they are called, raw.
    pub name: String,
    /// Why they do not get it, most important first; that they do, where they do.
    pub why_not: Vec<Said<WhyNot>>,
    /// The smallest change that puts them first: all of this together. Nothing where they are, or where no change would.
    pub smallest_change: Vec<Said<Lift>>,
    /// What is known to be otherwise about them today.
    pub since: Vec<Said<Since>>,
}

/// What is otherwise today than when the lead was ranked, as far as the store knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Since {
    /// Other rules are in force.
    OtherRules {
        /// The version of those that decided.
        then: String,
        /// The version of those in force.
        now: String,
    },
    /// Another model ranks.
    OtherModel {
        /// The one that ranked the lead.
        then: ModelId,
        /// The champion.
        now: ModelId,
    },
    /// The lead changed, or what its ranking rests on: it is being ranked again.
    BeingRanked,
    /// The rep is no rep of the CRM any more.
    Gone,
    /// The rep came after the lead was ranked.
    Came,
    /// The rep cannot own leads any more.
    Inactive,
    /// The rep was inactive and is not.
    Active,
    /// The rep works another territory.
    Territory {
        /// The one that they were measured by.
        then: String,
        /// Theirs today; `None` works all.
        now: Option<String>,
    },
    /// The leave that kept the rep out is over.
    Back,
}

/// Everything there is to say about a recommendation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// When the lead was ranked: the moment that everything here is about.
    pub as_of: Option<DateTime<Utc>>,
    /// The version of the rules that it was ranked by.
    pub rules: String,
    /// The model that ranked it, unless it failed.
    pub model: Option<ModelId>,
    /// Why this rep, or this queue.
    pub why: String,
    /// Why the recommended owner is not the legacy owner, where they differ.
    pub disagreement: Option<Explained>,
    /// Why not the legacy owner, where that is a rep.
    pub legacy: Option<Answer>,
    /// Why not the rep who was asked about.
    pub asked: Option<Answer>,
    /// What is otherwise today.
    pub since: Vec<Said<Since>>,
    /// What the chosen rep can say to the lead.
    pub talk_track: Option<TalkTrack>,
}

/// Explains a lead; `asked` is a rep whom somebody wonders about. `None` where no way to a recommendation is stored: the
/// lead is not ranked, or was ranked by a version that kept none.
pub fn explain(detail: &LeadDetail, asked: Option<&RepId>, roster: &Roster, now: DateTime<Utc>) -> Option<Explanation> {
    let (path, recommendation) = (detail.path.as_ref()?, detail.recommendation.as_ref()?);
    let answer = |rep| answer(detail, rep, Some(roster), now);
    Some(Explanation {
        as_of: detail.record.ranked_at,
        rules: path.version().to_string(),
        model: detail.ranking.as_ref().map(|ranking| ranking.model_id.clone()),
        why: why(path, recommendation),
        disagreement: disagreements::of_lead(detail),
        legacy: detail.record.legacy.owner.rep().and_then(answer),
        asked: asked.and_then(answer),
        since: since(detail),
        talk_track: chosen(detail).and_then(|rep| talk_track(detail, rep)),
    })
}

/// Why this rep, or this queue: what decided, and what the recommendation says besides.
fn why(path: &Path, recommendation: &Recommendation) -> String {
    let decided = path.taken().map(|step| step.why.to_string()).unwrap_or_default();
    let explanation = &recommendation.explanation;
    if explanation.contains(&decided) { explanation.clone() } else { format!("{decided} {explanation}") }
}

/// The two whom a ranking compares, and what each is.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The reasons.
    pub reasons: &'a Comparison,
    /// Whether the one in front is who is recommended; otherwise they are merely the model's best.
    pub recommended: bool,
    /// What the other is: `legacy`, `recommended` or `the next`.
    pub role: &'static str,
}

/// Whom the ranking compares. `None` where that tells nothing of where the lead goes: a rep is recommended who is neither,
/// and the legacy owner is neither as well.
pub fn compared(detail: &LeadDetail) -> Option<Compared<'_>> {
    let reasons = detail.ranking.as_ref()?.comparison.as_ref()?;
    let given = detail.recommendation.as_ref().and_then(|given| given.route.rep());
    let (is_ours, is_theirs) = (given == Some(&reasons.ours), given == Some(&reasons.theirs));
    let is_legacy = detail.record.legacy.owner.rep() == Some(&reasons.theirs);
    let role = match (is_theirs, is_legacy) {
        (true, _) => "recommended",
        (false, true) => "legacy",
        (false, false) => "the next",
    };
    let tells = is_ours || is_theirs || is_legacy || given.is_none();
    tells.then_some(Compared { reasons, recommended: is_ours, role })
}

/// Why a rep does not get the lead, and what would put them first. `None` where no way to a recommendation is stored.
pub fn answer(detail: &LeadDetail, rep: &RepId, roster: Option<&Roster>, now: DateTime<Utc>) -> Option<Answer> {
    let told = Told {
        recommendation: detail.recommendation.as_ref()?,
        ranking: detail.ranking.as_ref(),
        path: detail.path.as_ref()?,
    };
    let listed = roster.and_then(|roster| roster.name_of(rep.as_str()));
    let name = listed.or_else(|| detail.names.get(rep.as_str()).map(String::as_str)).unwrap_or(rep.as_str());
    let why_not = why_not(rep, &told).into_iter().map(|what| Said { words: what.words(name), what }).collect();
    let lifts = smallest_change(rep, &told).into_iter();
    let since = roster.map(|roster| since_of(rep, pool(detail), roster, now)).unwrap_or_default();
    Some(Answer {
        rep: rep.clone(),
        name: name.to_owned(),
        why_not,
        smallest_change: lifts.map(|what| Said { words: what.words(name), what }).collect(),
        since: since.into_iter().map(|what| Said { words: what.words(name), what }).collect(),
    })
}

/// Who could have had the lead; where the model failed, the way to the recommendation knows it.
fn pool(detail: &LeadDetail) -> Option<&Pool> {
    let ranked = detail.ranking.as_ref().map(|ranking| &ranking.pool);
    ranked.or_else(|| detail.path.as_ref()?.pool.as_ref())
}

/// What is otherwise today for the lead as a whole.
pub fn since(detail: &LeadDetail) -> Vec<Said<Since>> {
    let mut since = Vec::new();
    if let (Some(path), Some(now)) = (&detail.path, &detail.in_use.rules)
        && path.version().as_str() != now
    {
        since.push(Since::OtherRules { then: path.version().to_string(), now: now.clone() });
    }
    if let (Some(ranking), Some(now)) = (&detail.ranking, &detail.in_use.model)
        && ranking.model_id != *now
    {
        since.push(Since::OtherModel { then: ranking.model_id.clone(), now: now.clone() });
    }
    if detail.record.state == LeadState::Pending {
        since.push(Since::BeingRanked);
    }
    since.into_iter().map(|what| Said { words: what.words(""), what }).collect()
}

/// What is otherwise today about one rep: only what the roster and the clock can tell, because how full or busy they were
/// is a matter of the moment.
fn since_of(rep: &RepId, pool: Option<&Pool>, roster: &Roster, now: DateTime<Utc>) -> Vec<Since> {
    // A roster without anybody says of nobody that they are gone: none was read from the CRM yet.
    let Some(pool) = pool.filter(|_| !roster.reps.is_empty()) else { return Vec::new() };
    let reasons: Vec<&Exclusion> = pool.reasons(rep).collect();
    let known = pool.has(rep) || !reasons.is_empty();
    let Some(today) = roster.rep(rep) else {
        return if known { vec![Since::Gone] } else { Vec::new() };
    };
    if !known {
        return vec![Since::Came];
    }
    let mut since = Vec::new();
    let was_active = !reasons.iter().any(|why| matches!(why, Exclusion::Inactive));
    match (was_active, today.active) {
        (true, false) => since.push(Since::Inactive),
        (false, true) => since.push(Since::Active),
        _ => {}
    }
    since.extend(reasons.iter().find_map(|why| match why {
        Exclusion::OtherTerritory { theirs, .. } if today.territory.as_deref() != Some(theirs) => {
            Some(Since::Territory { then: theirs.clone(), now: today.territory.clone() })
        }
        _ => None,
    }));
    since.extend(reasons.iter().find_map(|why| match why {
        Exclusion::OnLeave { until, .. } if *until <= now => Some(Since::Back),
        _ => None,
    }));
    since
}

impl Since {
    /// As a sentence; `name` is that of the rep it is about.
    pub fn words(&self, name: &str) -> String {
        match self {
            Self::OtherRules { then, now } => {
                format!("Other rules are in force today: {}, not {}.", short(now), short(then))
            }
            Self::OtherModel { then, now } => format!("Another model ranks today: {now}, not {then}."),
            Self::BeingRanked => "The lead is being ranked again.".to_owned(),
            Self::Gone => format!("{name} is no rep of the CRM any more."),
            Self::Came => format!("{name} came after the lead was ranked."),
            Self::Inactive => format!("{name} is inactive today."),
            Self::Active => format!("{name} is active today."),
            Self::Territory { then, now } => match now {
                Some(now) => format!("{name} works {now} today, not {then}."),
                None => format!("{name} works every territory today, not only {then}."),
            },
            Self::Back => format!("{name} is back from leave by now."),
        }
    }
}
