//! Who may get a lead, and every reason why each other rep may not.
//!
//! What is not known restricts nobody: a rep without a profile works every territory, at all hours, in all languages.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::absence::Absences;
use super::hours::{HolidaySettings, HoursError, HoursSettings, Outside, RepHours, Schedule, State};
use super::language::{self, Language, LanguageSettings};
use super::profile::Profile;
use super::skill::{Kind, Proof, Required, Skills, key};
use super::subject::Subject;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::ranking::Support;
use crate::domain::rep::{Rep, Roster};

/// `[eligibility]` of `routing.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EligibilitySettings {
    /// Whether a profile that names no languages (skills, partner tiers) means that the rep has none, instead of any.
    pub strict_profiles: bool,
    /// What becomes of a rep of whose deals the model knows too few that are like the lead.
    pub no_support: NoSupport,
    /// How many are too few to be ranked without a note.
    pub min_similar_deals: u32,
}

impl Default for EligibilitySettings {
    fn default() -> Self {
        Self { strict_profiles: false, no_support: NoSupport::default(), min_similar_deals: 1 }
    }
}

/// What becomes of a rep of whose deals the model knows too few.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoSupport {
    /// They are ranked, with a wide interval and a note.
    #[default]
    Rank,
    /// They are not in the pool.
    Exclude,
}

/// One rep as eligibility sees them.
#[derive(Clone, Debug, PartialEq)]
struct Member {
    /// Their place in each [`Having`]; `None` for whoever has no profile.
    place: Option<usize>,
    profile: Profile,
    schedule: Schedule,
    /// ISO 639-1 codes.
    languages: BTreeSet<String>,
    /// Folded, as [`key`] does.
    skills: BTreeSet<String>,
    tiers: BTreeSet<String>,
}

/// What is known of all reps besides the CRM's user records, read once and used for many leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    members: BTreeMap<RepId, Member>,
    speaking: Having,
    skilled: Having,
    in_tier: Having,
    /// For reps without a profile.
    common: Schedule,
}

/// Who has each of many things. Leads ask for a few of them, and hundreds of reps are looked at for each lead.
#[derive(Clone, Debug, Default, PartialEq)]
struct Having(HashMap<String, Vec<bool>>);

impl Having {
    fn note<'n>(&mut self, member: usize, all: usize, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            self.0.entry(name.clone()).or_insert_with(|| vec![false; all])[member] = true;
        }
    }

    fn of(&self, name: &str) -> &[bool] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A profile that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TeamError {
    /// The hours for everybody.
    #[error("[hours]: {0}")]
    Common(HoursError),
    /// The hours of one rep.
    #[error("rep {rep}: {error}")]
    Rep {
        /// Whose.
        rep: RepId,
        /// What is wrong.
        error: HoursError,
    },
    /// A language that is none.
    #[error("rep {rep}: {language:?} is no language that is known here; write for example \"de\"")]
    Language {
        /// Whose.
        rep: RepId,
        /// As it stands there.
        language: String,
    },
    /// Two profiles of one rep.
    #[error("rep {0} has two profiles")]
    Twice(RepId),
}

impl Team {
    /// Reads profiles against the hours and holidays of the settings.
    pub fn new(profiles: &[Profile], hours: &HoursSettings, holidays: &HolidaySettings) -> Result<Self, TeamError> {
        let common = hours.schedule(&RepHours::default(), holidays).map_err(TeamError::Common)?;
        let mut members = BTreeMap::new();
        let (mut speaking, mut skilled, mut in_tier) = (Having::default(), Having::default(), Having::default());
        for (place, profile) in profiles.iter().enumerate() {
            let rep = &profile.rep_id;
            let own =
                RepHours { week: profile.week.clone(), zone: profile.zone.clone(), holidays: profile.holidays.clone() };
            let schedule = hours.schedule(&own, holidays);
            let schedule = schedule.map_err(|error| TeamError::Rep { rep: rep.clone(), error })?;
            let code = |language: &String| {
                let unknown = || TeamError::Language { rep: rep.clone(), language: language.clone() };
                language::code(language).map(str::to_owned).ok_or_else(unknown)
            };
            let member = Member {
                place: Some(place),
                schedule,
                languages: profile.languages.iter().map(code).collect::<Result<_, _>>()?,
                skills: profile.skills.iter().map(|s| key(s)).collect(),
                tiers: profile.partner_tiers.iter().map(|t| key(t)).collect(),
                profile: profile.clone(),
            };
            speaking.note(place, profiles.len(), &member.languages);
            skilled.note(place, profiles.len(), &member.skills);
            in_tier.note(place, profiles.len(), &member.tiers);
            if members.insert(rep.clone(), member).is_some() {
                return Err(TeamError::Twice(rep.clone()));
            }
        }
        Ok(Self { members, speaking, skilled, in_tier, common })
    }

    /// When a rep is at work.
    pub fn schedule(&self, rep: &RepId) -> &Schedule {
        self.members.get(rep).map_or(&self.common, |member| &member.schedule)
    }

    /// The profile of a rep, if there is one.
    pub fn profile(&self, rep: &RepId) -> Option<&Profile> {
        self.members.get(rep).map(|member| &member.profile)
    }
}

/// What a lead asks of the rep who gets it, each with what says so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Needs {
    /// Its territory: the CRM's, unless a rule says otherwise.
    pub territory: Option<String>,
    /// Its language, however sure.
    pub language: Option<Language>,
    /// Skills and certifications.
    pub skills: Vec<Required>,
    /// The tier of the partner it came by.
    pub partner_tier: Option<String>,
}

impl Needs {
    /// What can be read off the lead itself.
    pub fn of(lead: &Subject, skills: &Skills, language: &LanguageSettings) -> Self {
        Self {
            territory: lead.facts.territory.clone(),
            language: language::of(lead, language),
            skills: skills.required(lead),
            partner_tier: None,
        }
    }

    /// The same with a skill that a rule asks for.
    #[must_use]
    pub fn with_skill(mut self, name: &str, kind: Kind, rule: &str) -> Self {
        if !self.skills.iter().any(|s| key(&s.name) == key(name)) {
            self.skills.push(Required { name: name.into(), kind, proof: Proof::Rule { name: rule.into() } });
        }
        self
    }
}

/// All reps as they are at one moment: what depends on the moment alone is found out once for all leads of it.
#[derive(Clone, Debug)]
pub struct Present<'a> {
    reps: Vec<PresentRep<'a>>,
    team: &'a Team,
}

#[derive(Clone, Debug)]
struct PresentRep<'a> {
    rep: &'a Rep,
    member: Option<&'a Member>,
    judged: Judged,
}

impl<'a> Present<'a> {
    /// Who of a roster is away, and who is at work.
    pub fn new(roster: &'a Roster, team: &'a Team, absences: &Absences, outside: Outside, now: DateTime<Utc>) -> Self {
        let mut reps: Vec<PresentRep<'_>> = Vec::with_capacity(roster.reps.len());
        for rep in &roster.reps {
            let mut judged = Judged::default();
            judged.judge_time(rep, team.schedule(&rep.id), absences, outside, now);
            reps.push(PresentRep { rep, member: team.members.get(&rep.id), judged });
        }
        reps.sort_by(|a, b| a.rep.id.cmp(&b.rep.id));
        Self { reps, team }
    }

    /// All reps in the order of their ids, each with what is known of them, if anything.
    pub fn reps(&self) -> impl Iterator<Item = (&'a Rep, Option<&'a Profile>)> {
        self.reps.iter().map(|one| (one.rep, one.member.map(|member| &member.profile)))
    }

    /// Why a rep is not there at this moment, if that counts against them.
    pub fn absent(&self, rep: &RepId) -> Option<&Exclusion> {
        let found = self.reps.binary_search_by(|known| known.rep.id.cmp(rep)).ok()?;
        self.reps[found].judged.against.first()
    }
}

/// Everything besides the lead that decides who may get it.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Who there is, at the moment.
    pub present: &'a Present<'a>,
    /// Which languages count.
    pub language: &'a LanguageSettings,
    /// The settings of this module.
    pub settings: EligibilitySettings,
    /// What the model knows of each rep on leads like this; reps that are not in it are not judged by it.
    pub support: &'a BTreeMap<RepId, Support>,
    /// What other parts of the policy have against reps: [`Exclusion::NoRoom`], [`Exclusion::Rule`].
    pub further: &'a BTreeMap<RepId, Vec<Exclusion>>,
}

/// The pool of a lead, in the order of rep ids, so that equal inputs give equal pools.
pub fn eligibility(lead: &Subject, needs: &Needs, world: &Circumstances<'_>) -> Pool {
    let wanted = Wanted::of(needs, world);
    let mut pool = Pool { eligible: Vec::with_capacity(world.present.reps.len()), ..Pool::default() };
    // Both are in the order of rep ids.
    let mut further = world.further.iter().peekable();
    for PresentRep { rep, member, judged } in &world.present.reps {
        while further.next_if(|(id, _)| **id < rep.id).is_some() {}
        let further = further.peek().filter(|(id, _)| **id == rep.id).map_or(&[][..], |(_, why)| why);
        let mut judged = judged.clone();
        judged.judge(rep, *member, lead, &wanted, (further, world));
        let Judged { mut against, notes } = judged;
        // The sort is stable: of one kind, the order in which they were found, which is that of the inputs.
        against.sort_by_key(Exclusion::importance);
        let mut against = against.into_iter().map(|why| (rep.id.clone(), why));
        if let Some(first) = against.next() {
            pool.excluded.push(first);
            pool.further.extend(against);
        } else {
            pool.eligible.push(rep.id.clone());
            pool.notes.extend(notes.into_iter().map(|why| (rep.id.clone(), why)));
        }
    }
    pool
}

/// The pool as far as the CRM's own fields tell: active reps of the lead's territory.
pub fn pool(facts: &LeadFacts, roster: &Roster) -> Pool {
    let mut pool = Pool::default();
    let mut reps: Vec<&Rep> = roster.reps.iter().collect();
    reps.sort_by(|a, b| a.id.cmp(&b.id));
    for rep in reps {
        match by_crm(rep, facts.territory.as_deref()).next() {
            None => pool.eligible.push(rep.id.clone()),
            Some(why) => pool.excluded.push((rep.id.clone(), why)),
        }
    }
    pool
}

/// What the CRM's user record has against a rep. A rep without a territory works every one; a lead without a territory
/// may go to any rep.
fn by_crm(rep: &Rep, territory: Option<&str>) -> impl Iterator<Item = Exclusion> {
    let inactive = (!rep.active).then_some(Exclusion::Inactive);
    let elsewhere = match (territory, &rep.territory) {
        (Some(wanted), Some(theirs)) if !same(wanted, theirs) => {
            Some(Exclusion::OtherTerritory { theirs: theirs.clone(), wanted: wanted.to_owned() })
        }
        _ => None,
    };
    inactive.into_iter().chain(elsewhere)
}

/// Territories are typed by people: case and outer spaces do not tell them apart.
fn same(a: &str, b: &str) -> bool {
    let folded = |t| str::trim(t).chars().flat_map(char::to_lowercase);
    a == b || folded(a).eq(folded(b))
}

/// What a lead asks for, each with the members who have it.
struct Wanted<'a> {
    territory: Option<&'a str>,
    /// A language that restricts.
    language: Option<(&'a [bool], &'a Language)>,
    skills: Vec<(&'a [bool], &'a Required)>,
    tier: Option<(&'a [bool], &'a str)>,
    /// The language in words, once somebody does not speak it.
    language_words: OnceCell<String>,
}

impl<'a> Wanted<'a> {
    fn of(needs: &'a Needs, world: &Circumstances<'a>) -> Self {
        let everyone: BTreeSet<_> = world.language.everyone.iter().filter_map(|l| language::code(l)).collect();
        let restricting = |l: &&Language| l.restricts(world.language) && !everyone.contains(l.code.as_str());
        let team = world.present.team;
        Self {
            territory: needs.territory.as_deref(),
            language: needs.language.as_ref().filter(restricting).map(|l| (team.speaking.of(&l.code), l)),
            skills: needs.skills.iter().map(|skill| (team.skilled.of(&key(&skill.name)), skill)).collect(),
            tier: needs.partner_tier.as_deref().map(|tier| (team.in_tier.of(&key(tier)), tier)),
            language_words: OnceCell::new(),
        }
    }
}

/// What was found about one rep.
#[derive(Clone, Debug, Default)]
struct Judged {
    against: Vec<Exclusion>,
    notes: Vec<Exclusion>,
}

impl Judged {
    fn judge(
        &mut self,
        rep: &Rep,
        member: Option<&Member>,
        lead: &Subject,
        wanted: &Wanted<'_>,
        (further, world): (&[Exclusion], &Circumstances<'_>),
    ) {
        self.against.extend(by_crm(rep, wanted.territory));
        let had = lead.earlier.iter().filter(|(id, _)| *id == rep.id);
        self.against.extend(had.map(|(_, how)| Exclusion::HadLead { how: *how }));
        let strict = world.settings.strict_profiles;
        if let Some(member) = member {
            self.judge_profile(member, wanted, strict);
        } else if strict {
            self.judge_profile(&nobody(rep, &world.present.team.common), wanted, strict);
        }
        self.against.extend_from_slice(further);
        self.judge_support(rep, world);
    }

    fn judge_profile(&mut self, member: &Member, wanted: &Wanted<'_>, strict: bool) {
        let has = |having: &[bool]| member.place.and_then(|place| having.get(place)).is_some_and(|has| *has);
        let lacks = |theirs: &BTreeSet<String>, having: &[bool]| (strict || !theirs.is_empty()) && !has(having);
        if let Some((_, language)) = wanted.language.filter(|(having, _)| lacks(&member.languages, having)) {
            let theirs = member.languages.iter().cloned().collect();
            let words = wanted.language_words.get_or_init(|| language.to_string());
            self.against.push(Exclusion::OtherLanguage { theirs, wanted: words.clone() });
        }
        for (_, skill) in wanted.skills.iter().filter(|(having, _)| lacks(&member.skills, having)) {
            let (name, because) = (skill.name.clone(), skill.proof.to_string());
            self.against.push(match skill.kind {
                Kind::Certification => Exclusion::NoCertification { certification: name, because },
                Kind::Skill => Exclusion::NoSkill { skill: name, because },
            });
        }
        if let Some((_, tier)) = wanted.tier.filter(|(having, _)| lacks(&member.tiers, having)) {
            let theirs = member.profile.partner_tiers.clone();
            self.against.push(Exclusion::OtherPartnerTier { theirs, wanted: tier.to_owned() });
        }
    }

    fn judge_time(
        &mut self,
        rep: &Rep,
        schedule: &Schedule,
        absences: &Absences,
        outside: Outside,
        now: DateTime<Utc>,
    ) {
        let theirs = |at: DateTime<Utc>| their_time(schedule, at);
        if let Some(absent) = absences.at(&rep.id, now, schedule) {
            self.against.push(Exclusion::OnLeave {
                until: theirs(absent.span.end),
                back: absent.back.map(theirs),
                kind: absent.kind,
                sources: absent.sources.iter().map(ToString::to_string).collect(),
            });
        }
        if let State::Closed { opens, holiday } = schedule.state(now) {
            let opens = opens.map(theirs);
            let why = match holiday {
                Some(holiday) => Exclusion::Holiday { name: holiday.name, opens },
                None => Exclusion::OutsideHours { opens },
            };
            match outside {
                Outside::Exclude => self.against.push(why),
                Outside::Note => self.notes.push(why),
            }
        }
    }

    fn judge_support(&mut self, rep: &Rep, world: &Circumstances<'_>) {
        let wanted = world.settings.min_similar_deals;
        let Some(support) = world.support.get(&rep.id).filter(|support| support.similar_deals < wanted) else { return };
        let why = Exclusion::NoSupport { deals: support.deals, similar: support.similar_deals, wanted };
        match world.settings.no_support {
            NoSupport::Exclude => self.against.push(why),
            NoSupport::Rank => self.notes.push(why),
        }
    }
}

/// A rep of whom no profile says anything.
fn nobody(rep: &Rep, schedule: &Schedule) -> Member {
    Member {
        place: None,
        profile: Profile::plain(rep.id.clone()),
        schedule: schedule.clone(),
        languages: BTreeSet::new(),
        skills: BTreeSet::new(),
        tiers: BTreeSet::new(),
    }
}

fn their_time(schedule: &Schedule, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&schedule.zone().offset_from_utc_datetime(&at.naive_utc()).fix())
}

#[cfg(test)]
mod tests;
