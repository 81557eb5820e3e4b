//! Which rules are in force, and how things stand: what ranking needs besides the lead and the model.
//!
//! The manager's `routing.toml` is read by the worker that is on duty, checked, and put into force in the store. Everything
//! else (ranking here or in another process, back-fills, replays) takes the rules from there. A file that is refused
//! changes nothing: the rules before stay in force, and the fault is shown.

pub mod absences;
mod load;
pub mod trial;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

use super::AppError;
use super::ports::{Clock, RulesSource, RulesText, Store, StoredRulebook, Workloads};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::Owner;
use crate::domain::pool::Pool;
use crate::domain::rep::Roster;
use crate::domain::vocabulary::Vocabulary;
use crate::policy::absence::Source;
use crate::policy::capacity::{CapacitySettings, Workload};
use crate::policy::fairness::{Entry, Ledger};
use crate::policy::route::{Moment, Policy, Situation};
use crate::policy::rules::{Directory, Field, Finding, Problem, Rulebook, Severity, World, check, short};

/// How far back loads are counted: the full weeks that the guard against sustained load may ask for, and a month.
const LOOK_BACK: Duration = Duration::days(64);

/// What came of looking at the manager's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// What it says is in force already.
    Same,
    /// It is in force from now on.
    New {
        /// Its version.
        version: String,
        /// Leads that wait in a lane and are ranked again.
        ranked_again: u64,
        /// What stands out about it although it is accepted, in words.
        remarks: Vec<String>,
    },
}

/// Puts the rules of the manager's file into force, if they are others than before. `found` is what was read of it just
/// now; `source` is asked for the files that the rules name.
///
/// # Errors
/// Refused, with every place and cure, if the file cannot be used, or is not there any more.
pub async fn publish(
    store: &dyn Store,
    clock: &dyn Clock,
    source: &dyn RulesSource,
    found: Result<Option<RulesText>, String>,
) -> Result<Published, AppError> {
    let before = store.rulebook().await?;
    let stays = |why: String| AppError::Refused(stays_in_force(&why, before.as_ref()));
    let found = found.map_err(&stays)?;
    let (book, place) = match (found, &before) {
        (Some(RulesText { text, place }), _) => {
            let book = Rulebook::parse(&text, &place).map_err(|problems| stays(said(&problems)))?;
            (book, place)
        }
        (None, None) => (Rulebook::empty(), "no routing.toml".to_owned()),
        (None, Some(before)) if before.version == Rulebook::empty().version().as_str() => return Ok(Published::Same),
        (None, Some(_)) => {
            return Err(stays("routing.toml is not there any more; to have no rules, leave an empty file".into()));
        }
    };
    let version = book.version().as_str().to_owned();
    if before.as_ref().is_some_and(|before| before.version == version) {
        return Ok(Published::Same);
    }
    let roster = store.roster().await?;
    if roster.reps.is_empty() && !book.rules().is_empty() {
        return Err(stays("reps are not read from the CRM yet, so the rules cannot be checked".into()));
    }
    let now = clock.now();
    let vocabulary = store.vocabulary().await?;
    let Examined { problems, findings } = examine(&book, &roster, vocabulary.as_ref(), source, now);
    let (bad, remarks): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Error);
    if !problems.is_empty() || !bad.is_empty() {
        let all = problems.iter().map(ToString::to_string).chain(bad.iter().map(ToString::to_string));
        return Err(stays(all.collect::<Vec<_>>().join("\n")));
    }
    let remarks = remarks.iter().map(ToString::to_string).collect();
    let stored = StoredRulebook { version: version.clone(), body: book.canonical().to_owned(), since: now, place };
    match store.enforce(&stored).await? {
        Some(ranked_again) => Ok(Published::New { version, ranked_again, remarks }),
        None => Ok(Published::Same),
    }
}

/// What was found about a rulebook.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// What makes no sense, or names somebody whom nobody knows.
    pub problems: Vec<Problem>,
    /// What stands out about single rules.
    pub findings: Vec<Finding>,
}

impl Examined {
    /// How many findings of a severity there are.
    pub fn of(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Compares a rulebook with the org, as far as it was read from the CRM, with the files that it names, and with itself.
pub fn examine(
    book: &Rulebook,
    roster: &Roster,
    vocabulary: Option<&Vocabulary>,
    source: &dyn RulesSource,
    now: DateTime<Utc>,
) -> Examined {
    let known = !roster.reps.is_empty();
    let mut problems: Vec<Problem> = match Policy::new(book.clone(), roster) {
        Ok(policy) => policy.unresolved().iter().filter(|_| known).cloned().collect(),
        Err(problems) => problems,
    };
    if known {
        problems.extend(absences::problems(book, roster, source, now));
    }
    // Without a roster every name would be unknown.
    let mut findings = if known { check(book, &world(roster, vocabulary), now) } else { Vec::new() };
    findings.retain(|finding| problems.iter().all(|problem| problem.place != finding.place));
    Examined { problems, findings }
}

/// What the store knows of the org, for checking rules against it.
pub fn world(roster: &Roster, vocabulary: Option<&Vocabulary>) -> World {
    let values = |(fact, values): (&String, &Vec<String>)| Some((lead_fact(fact)?, values.clone()));
    let mut territories: Vec<String> = roster.reps.iter().filter_map(|rep| rep.territory.clone()).collect();
    territories.sort();
    territories.dedup();
    World {
        directory: Directory::of(roster),
        reps: roster.reps.iter().map(|rep| (rep.clone(), None)).collect(),
        picklists: vocabulary.map(|known| known.picklists.iter().filter_map(values).collect()).unwrap_or_default(),
        // Where no rep has a territory, nothing is known of territories.
        territories: (!territories.is_empty()).then_some(territories),
        accounts: vocabulary.map(|known| known.accounts),
        further: vocabulary.map(|known| known.further.clone()),
    }
}

/// A fact of a lead, by the name that it has after `lead.`.
fn lead_fact(name: &str) -> Option<Field> {
    match name.strip_prefix("fields.") {
        Some(further) => Some(Field::More(further.into())),
        None => Field::try_from(format!("lead.{name}")).ok(),
    }
}

fn said(problems: &[Problem]) -> String {
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    all.join("\n")
}

fn stays_in_force(why: &str, before: Option<&StoredRulebook>) -> String {
    match before {
        Some(before) => {
            let version = short(&before.version);
            let since = before.since.format("%Y-%m-%d %H:%M");
            format!(
                "{why}\nuntil that is mended, the rules before (version {version}, since {since} UTC) stay in force"
            )
        }
        None => format!("{why}\nuntil that is mended, no lead is ranked"),
    }
}

/// The policy that was made ready last. Verdicts come one by one, each from a use case that keeps nothing, and to parse
/// thousands of rules takes longer than all the rest of one.
static LATEST: Mutex<Option<Arc<InForce>>> = Mutex::new(None);

/// The policy in force, ready for the reps that the store knows. `kept` is what it was the time before; unless something
/// changed, it is that. `None` while no rules were ever put into force: the worker on duty does so first of all.
pub async fn in_force(store: &dyn Store, kept: Option<&Arc<InForce>>) -> Result<Option<Arc<InForce>>, AppError> {
    let (Some(book), roster) = (store.rulebook().await?, store.roster().await?) else { return Ok(None) };
    let same = |kept: &&Arc<InForce>| kept.policy.version().as_str() == book.version && kept.roster == roster;
    if let Some(kept) = kept.filter(same) {
        return Ok(Some(kept.clone()));
    }
    if book.version == Rulebook::empty().version().as_str() {
        return Ok(Some(Arc::new(InForce::plain(roster))));
    }
    let latest = || LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    let found = latest().clone();
    if let Some(found) = found.as_ref().filter(same) {
        return Ok(Some(found.clone()));
    }
    let policy = compile(&book.body, &roster)?;
    let ready = Arc::new(InForce { policy, roster });
    *latest() = Some(ready.clone());
    Ok(Some(ready))
}

/// A policy and the reps that it is ready for.
#[derive(Debug)]
pub struct InForce {
    /// The policy.
    pub policy: Policy,
    /// The reps and queues.
    pub roster: Roster,
}

impl InForce {
    /// Leads go to active reps of their territory, and nothing else is looked at.
    pub fn plain(roster: Roster) -> Self {
        Self { policy: Policy::plain(&roster), roster }
    }
}

/// A rulebook that is not in force, ready for these reps.
///
/// # Errors
/// Refused, with every place and cure, if it makes no sense.
pub fn ready(book: Rulebook, roster: &Roster) -> Result<InForce, AppError> {
    if book.version() == Rulebook::empty().version() {
        return Ok(InForce::plain(roster.clone()));
    }
    let policy = Policy::new(book, roster).map_err(|problems| AppError::Refused(said(&problems)))?;
    Ok(InForce { policy, roster: roster.clone() })
}

/// The policy of a stored rulebook. One that says nothing is no other than none.
pub(super) fn compile(body: &str, roster: &Roster) -> Result<Policy, AppError> {
    let book = Rulebook::parse(body, "the stored rules").map_err(|problems| AppError::Refused(said(&problems)))?;
    ready(book, roster).map(|rules| rules.policy)
}

/// How things stand for this policy now; `crm` is what the CRM last said of how busy reps are, and when. What
/// nothing asks for is neither read nor stored with every ranking.
pub async fn situation(
    store: &dyn Store,
    rules: &InForce,
    crm: Option<&(Workloads, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Result<Situation, AppError> {
    let InForce { policy, roster } = rules;
    if policy.is_plain() {
        return Ok(Situation::default());
    }
    let loads = if has_caps(policy.capacity()) {
        load::workloads(&store.given(now - LOOK_BACK).await?, policy, roster, now)
    } else {
        BTreeMap::new()
    };
    let mut situation = Situation { loads, ledger: store.ledger().await?, ..Situation::default() };
    if let Some((crm, read_at)) = crm {
        load::add_crm(&mut situation, crm, policy, *read_at);
    }
    if absences::are_named(policy) {
        absences::add(&mut situation, store.feeds().await?, policy);
    }
    Ok(situation)
}

/// How things stand now, as far as the store knows: what the CRM said of open deals, calendars and absences is what the worker
/// had heard when it ranked last. When that was, comes with it; `None` where nothing was said.
pub async fn situation_as_known(
    store: &dyn Store,
    rules: &InForce,
    now: DateTime<Utc>,
) -> Result<(Situation, Option<DateTime<Utc>>), AppError> {
    let mut situation = situation(store, rules, None, now).await?;
    if rules.policy.is_plain() {
        return Ok((situation, None));
    }
    let Some((_, body)) = store.newest_situation().await? else { return Ok((situation, None)) };
    let last: Situation = serde_json::from_str(&body).map_err(AppError::refused)?;
    let said = last.feeds.into_iter().find(|feed| feed.source == Source::Crm);
    let Some(said) = said else { return Ok((situation, None)) };
    let read_at = said.read_at;
    for (rep, load) in &mut situation.loads {
        if let Some(theirs) = last.loads.get(rep) {
            load.open.clone_from(&theirs.open);
            if theirs.today == load.today {
                load.activities_today = theirs.activities_today;
            }
        }
    }
    situation.busy = last.busy;
    situation.feeds.push(said);
    Ok((situation, read_at))
}

/// What each active rep was given today, this week and this month, by their own calendar, and since `since`.
pub async fn given(
    store: &dyn Store,
    rules: &InForce,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<BTreeMap<RepId, (Workload, u32)>, AppError> {
    let given = store.given(now - LOOK_BACK).await?;
    let mut sums: BTreeMap<&RepId, u32> = BTreeMap::new();
    for one in given.iter().filter(|one| one.at >= since) {
        *sums.entry(&one.rep).or_default() += one.leads;
    }
    let loads = load::workloads(&given, &rules.policy, &rules.roster, now);
    Ok(loads.into_iter().map(|(rep, load)| (rep.clone(), (load, sums.get(&rep).copied().unwrap_or(0)))).collect())
}

/// Whether anything limits how many leads somebody gets.
pub fn has_caps(settings: &CapacitySettings) -> bool {
    let CapacitySettings { per_day, per_week, per_month, open, reps, .. } = settings;
    [per_day, per_week, per_month, open].into_iter().any(Option::is_some) || !reps.is_empty()
}

/// What giving a lead to somebody does to the accounts of the reps: those who could have had it are entitled to a share,
/// and the one who gets it is charged. `None` if no rep gets it, and where there are no rules, which would look at it.
pub fn share(moment: &Moment<'_>, lead: &LeadId, pool: &Pool, to: &Owner) -> Option<Entry> {
    let to = to.rep().filter(|_| !moment.policy().is_plain())?;
    Some(Ledger::decided(lead.clone(), &moment.stakes(pool), to, moment.now()))
}

/// How things stand after a rep was given a lead.
pub fn took(situation: &mut Situation, share: &Entry) {
    for line in share.lines.iter().filter(|line| line.got > 0) {
        if let Some(load) = situation.loads.get_mut(&line.rep) {
            load.leads_today += 1;
            load.leads_week += 1;
            load.leads_month += 1;
        }
    }
    situation.ledger.apply(share);
}
