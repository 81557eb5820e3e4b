//! What the chosen rep can say to the lead: the reasons in the rep's words, deals like this that they won, and what to ask
//! first. Only stored reasons and counts are put into words; where nothing is stored, nothing is said.

use serde::Serialize;

use crate::app::views::LeadDetail;
use crate::domain::ids::{ModelId, RepId};
use crate::domain::ranking::{Factor, RankedRep, Ranking, Record};
use crate::policy::route::Path;
use crate::policy::skill::Proof;

/// Reasons, records and questions that are told; more would not be read.
const POINTS: usize = 4;
const RECORDS: usize = 3;
const QUESTIONS: usize = 3;
/// Log-odds below which a reason rounds to nothing.
const TELLING: f64 = 0.005;
/// Facts that a lead can be asked about, and how: nobody asks where a company is, or what it does.
const ASKABLE: [(&str, &str); 6] = [
    ("lead.amount", "Ask for the amount"),
    ("lead.annual_revenue", "Ask for their revenue"),
    ("lead.employees", "Ask how many people they are"),
    ("lead.product", "Ask for the product"),
    ("lead.source", "Ask how they found us"),
    ("lead.text", "Ask what they need"),
];
/// How rules call the further facts of the config.
const FURTHER: &str = "lead.fields.";
/// How the model names what a lead does not tell, and what it knows of the rep on such leads.
const NOT_KNOWN: &str = " not known";
const WITH_REP: &str = " x this rep";

/// What a rep can say to a lead, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TalkTrack {
    /// The rep.
    pub rep: RepId,
    /// What they are called, raw.
    pub name: String,
    /// What speaks for and against them on this lead, in their words, strongest first.
    pub points: Vec<Point>,
    /// Closed deals like this, as sentences to the rep.
    pub deals: Vec<String>,
    /// What to ask first, as sentences to the rep. Raw: sanitise before display.
    pub ask_first: Vec<String>,
    /// The model whose deals are counted.
    pub model: ModelId,
}

/// One reason in the rep's words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// In words, raw.
    pub words: String,
    /// Log-odds: positive speaks for the deal.
    pub weight: f64,
}

impl Point {
    /// `+ you do well with Technology`, or `- …`.
    pub fn line(&self) -> String {
        format!("{} {}", if self.weight >= 0.0 { '+' } else { '-' }, self.words)
    }
}

/// The rep who has the lead by the standing decision, or is recommended.
pub fn chosen(detail: &LeadDetail) -> Option<&RepId> {
    match detail.decisions.iter().find(|decision| decision.stands()) {
        Some(decision) => decision.owner.rep(),
        None => detail.recommendation.as_ref()?.route.rep(),
    }
}

/// What a rep can say to the lead. `None` where they were not ranked, so that nothing is stored about them.
pub fn talk_track(detail: &LeadDetail, rep: &RepId) -> Option<TalkTrack> {
    let ranking = detail.ranking.as_ref()?;
    let ranked = ranking.of(rep)?;
    let telling = ranked.factors.iter().filter(|factor| factor.weight.abs() >= TELLING);
    Some(TalkTrack {
        rep: rep.clone(),
        name: detail.names.get(rep.as_str()).map_or(rep.as_str(), String::as_str).to_owned(),
        points: telling.take(POINTS).map(|f| Point { words: in_their_words(f), weight: f.weight }).collect(),
        deals: deals(ranked, ranking),
        ask_first: ask_first(ranked, ranking, detail.path.as_ref()),
        model: ranking.model_id.clone(),
    })
}

fn in_their_words(factor: &Factor) -> String {
    let good = factor.weight >= 0.0;
    let often = if good { "won more often" } else { "won less often" };
    match (factor.feature.as_str(), factor.label.strip_suffix(WITH_REP)) {
        ("rep", _) if good => "you win more of your leads than others".to_owned(),
        ("rep", _) => "you win fewer of your leads than others".to_owned(),
        ("pair.advantage", _) if good => "leads like this suit you".to_owned(),
        ("pair.advantage", _) => "leads like this suit others better".to_owned(),
        (_, Some(what)) if good => format!("you do well with {what}"),
        (_, Some(what)) => format!("you do less well with {what}"),
        (_, None) if factor.label.starts_with("leads") => format!("{} are {often}", factor.label),
        (_, None) => format!("{}: {often}", factor.label),
    }
}

/// Deals like this that the rep won: in the lead's segment, in all, and where the comparison with another rep counted them.
fn deals(ranked: &RankedRep, ranking: &Ranking) -> Vec<String> {
    let support = ranked.support;
    let similar = Record { deals: support.similar_deals, wins: support.similar_wins };
    let all = Record { deals: support.deals, wins: support.wins };
    let mut records = vec![(" in all".to_owned(), all)];
    if similar != all {
        records.insert(0, (format!(" in {}", ranking.segment), similar));
    }
    let compared = ranking.comparison.iter().flat_map(|comparison| {
        let ours = comparison.ours == ranked.rep_id;
        let theirs = comparison.theirs == ranked.rep_id;
        let of_rep = comparison.contrasts.iter().map(move |contrast| {
            (format!(" with {}", contrast.label), if ours { contrast.ours } else { contrast.theirs })
        });
        of_rep.filter(move |_| ours || theirs)
    });
    // What the first two say already is not said twice, and deals that were never won are no story to tell.
    records.extend(compared.filter(|(_, record)| record.wins > 0 && *record != similar && *record != all));
    let told = records.into_iter().take(RECORDS).map(|(what, record)| match record.deals {
        0 => format!("No closed deal of yours{what} is known."),
        _ => format!("You won {record} closed deals{what}."),
    });
    told.collect()
}

/// What the rep should find out or begin with: what the lead wrote or asks for, and what the model or the rules looked for
/// and did not find.
fn ask_first(ranked: &RankedRep, ranking: &Ranking, path: Option<&Path>) -> Vec<String> {
    let mut asks: Vec<String> = Vec::new();
    let needs = path.map(|path| &path.needs);
    asks.extend(needs.and_then(|needs| needs.language.as_ref()).map(|language| format!("Begin in {language}.")));
    asks.extend(needs.into_iter().flat_map(|needs| &needs.skills).filter_map(|skill| match &skill.proof {
        Proof::Product { value } => Some(format!("They asked about {value}: ask what it is to do for them.")),
        Proof::Phrase { excerpt, .. } => Some(format!("They wrote \"{excerpt}\": ask about that.")),
        Proof::Rule { .. } => None,
    }));
    let of_lead = ranking.lead_score.iter().flat_map(|score| &score.factors);
    for factor in ranked.factors.iter().chain(of_lead) {
        let label = factor.label.strip_suffix(WITH_REP).unwrap_or(&factor.label);
        if let Some(what) = label.strip_suffix(NOT_KNOWN) {
            asks.push(format!("Ask for the {what}: the lead does not tell it."));
        }
    }
    asks.extend(path.into_iter().flat_map(|path| &path.rules.unknown).filter_map(|unknown| {
        Some(format!("{}: the rule \"{}\" looks at it.", asked(&unknown.field.to_string())?, unknown.first))
    }));
    // What speaks against the lead whoever works it is best asked about early.
    let against = ranked.factors.iter().find(|factor| {
        asked(&factor.feature).is_some() && factor.weight <= -TELLING && !factor.label.ends_with(NOT_KNOWN)
    });
    asks.extend(against.map(|factor| format!("Talk early about what speaks against the deal: {}.", factor.label)));
    let mut told = Vec::new();
    for ask in asks {
        if !told.contains(&ask) {
            told.push(ask);
        }
    }
    told.truncate(QUESTIONS);
    told
}

/// How a person asks a lead for a fact.
fn asked(field: &str) -> Option<String> {
    let further = field.strip_prefix(FURTHER).map(|name| format!("Ask for the {}", name.replace('_', " ")));
    further.or_else(|| Some(ASKABLE.iter().find(|(askable, _)| *askable == field)?.1.to_owned()))
}
