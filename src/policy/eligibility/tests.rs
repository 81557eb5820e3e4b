use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::ids::{LeadId, RepKey};
use crate::domain::pool::Earlier;
use crate::policy::absence::{AbsenceSettings, Away, Feed, Source};
use crate::policy::language::Evidence;
use crate::policy::skill::SkillSettings;
use crate::policy::span::Span;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn rep(id: &str, active: bool, territory: Option<&str>) -> Rep {
    Rep {
        id: RepId::new(id),
        key: RepKey::new(id),
        name: id.into(),
        active,
        territory: territory.map(str::to_owned),
        user_name: None,
        email: None,
    }
}

/// Everything that a test may change about the world.
#[derive(Clone, Debug)]
struct World {
    now: DateTime<Utc>,
    roster: Roster,
    profiles: Vec<Profile>,
    hours: HoursSettings,
    feeds: Vec<Feed>,
    language: LanguageSettings,
    settings: EligibilitySettings,
    support: BTreeMap<RepId, Support>,
    further: BTreeMap<RepId, Vec<Exclusion>>,
    holidays: HolidaySettings,
}

impl World {
    fn of(reps: Vec<Rep>) -> Self {
        Self {
            now: utc("2026-11-24T10:00:00Z"),
            roster: Roster { reps, queues: vec![] },
            profiles: vec![],
            hours: HoursSettings::default(),
            feeds: vec![],
            language: LanguageSettings::default(),
            settings: EligibilitySettings::default(),
            support: BTreeMap::new(),
            further: BTreeMap::new(),
            holidays: HolidaySettings::new(),
        }
    }

    fn pool(&self, lead: &Subject, needs: &Needs) -> Pool {
        let team = Team::new(&self.profiles, &self.hours, &self.holidays).unwrap();
        let absences = Absences::gather(&self.feeds, self.now, &AbsenceSettings::default());
        let present = Present::new(&self.roster, &team, &absences, self.hours.outside, self.now);
        let world = Circumstances {
            present: &present,
            language: &self.language,
            settings: self.settings,
            support: &self.support,
            further: &self.further,
        };
        eligibility(lead, needs, &world)
    }
}

fn lead() -> Subject {
    Subject::plain(LeadId::new("l"), LeadFacts::empty(DateTime::UNIX_EPOCH))
}

fn profile(id: &str, languages: &[&str], skills: &[&str]) -> Profile {
    let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    Profile { languages: owned(languages), skills: owned(skills), ..Profile::plain(RepId::new(id)) }
}

fn codes(pool: &Pool, id: &str) -> Vec<&'static str> {
    pool.reasons(&RepId::new(id)).map(Exclusion::code).collect()
}

fn ids(reps: &[RepId]) -> Vec<&str> {
    reps.iter().map(RepId::as_str).collect()
}

#[test]
fn only_active_reps_of_the_territory_and_a_reason_for_each_other() {
    let reps = vec![
        rep("d", true, None),
        rep("c", true, Some("North ")),
        rep("b", false, Some("North")),
        rep("a", true, Some("South")),
    ];
    let mut lead = lead();
    lead.facts.territory = Some("north".into());
    let wanted = [
        (RepId::new("a"), Exclusion::OtherTerritory { theirs: "South".into(), wanted: "north".into() }),
        (RepId::new("b"), Exclusion::Inactive),
    ];
    let world = World::of(reps);
    let needs = Needs { territory: lead.facts.territory.clone(), ..Needs::default() };
    for pool in [pool(&lead.facts, &world.roster), world.pool(&lead, &needs)] {
        assert_eq!(ids(&pool.eligible), ["c", "d"]);
        assert_eq!(pool.excluded, wanted);
    }
}

#[test]
fn every_reason_is_given_and_the_most_important_comes_first() {
    let mut world = World::of(vec![rep("ana", false, Some("South")), rep("bob", true, None)]);
    // Tuesday, 3:00 in the morning, on a day off, away as well.
    world.profiles = vec![Profile {
        zone: Some("America/New_York".into()),
        week: Some("Mon-Fri 00:00-06:00".into()),
        holidays: Some(vec!["us".into()]),
        partner_tiers: vec!["Gold".into()],
        ..profile("ana", &["English"], &["sales"])
    }];
    world.now = utc("2026-11-24T08:00:00Z");
    world.holidays = toml::from_str("[us]\n\"11-24\" = \"Founders' Day\"").unwrap();
    world.hours.outside = Outside::Exclude;
    world.settings.no_support = NoSupport::Exclude;
    world.support.insert(RepId::new("ana"), Support { deals: 3, ..Support::default() });
    world.further.insert(
        RepId::new("ana"),
        vec![
            Exclusion::NoRoom { why: "8 of 8 leads today".into() },
            Exclusion::Rule { rule: "big deals".into(), lacks: "senior".into() },
        ],
    );
    let span = Span::new(world.now, world.now + TimeDelta::hours(1));
    world.feeds = vec![Feed::read(Source::Crm, world.now, vec![Away { rep: RepId::new("ana"), span, kind: None }])];
    let mut lead = lead();
    lead.earlier = vec![(RepId::new("ana"), Earlier::SlaBreached)];
    lead.language = Some("de".into());
    lead.facts.product = Some("CloudMover".into());
    let skills: Vec<SkillSettings> = vec![
        SkillSettings { name: "Cloud".into(), kind: Kind::Skill, phrases: vec![], products: vec!["cloudmover".into()] },
        SkillSettings {
            name: "C1".into(),
            kind: Kind::Certification,
            phrases: vec![],
            products: vec!["CloudMover".into()],
        },
    ];
    let skills = Skills::compile(&skills).unwrap();
    let mut needs = Needs::of(&lead, &skills, &world.language);
    needs.territory = Some("North".into());
    needs.partner_tier = Some("Silver".into());
    let pool = world.pool(&lead, &needs);
    assert_eq!(ids(&pool.eligible), ["bob"]);
    assert_eq!(
        codes(&pool, "ana"),
        [
            "inactive",
            "on_leave",
            "had_lead",
            "other_territory",
            "rule",
            "other_partner_tier",
            "other_language",
            "no_certification",
            "no_skill",
            "holiday",
            "no_room",
            "no_support",
        ]
    );
    let words: Vec<String> = pool.reasons(&RepId::new("ana")).map(ToString::to_string).collect();
    assert_eq!(words[1], "away, back Wed 25 Nov 00:00 their time (the CRM)");
    assert_eq!(words[6], "speaks en, the lead German (the CRM says \"de\")");
    assert_eq!(words[8], "not skilled in Cloud (product CloudMover)");
    assert_eq!(words[9], "on holiday (Founders' Day), at work again Wed 25 Nov 00:00 their time");
}

#[test]
fn what_is_not_known_restricts_nobody_unless_the_settings_say_so() {
    let mut world = World::of(vec![rep("ana", true, None), rep("bob", true, None), rep("cy", true, None)]);
    world.profiles = vec![profile("ana", &["fr"], &[]), profile("bob", &[], &[])];
    let mut needs = Needs::default().with_skill("Cloud", Kind::Skill, "cloud products");
    let sure = |confidence| {
        Some(Language { code: "fr".into(), confidence, evidence: Evidence::Text { letters: 30, agreed: true } })
    };
    needs.language = sure(0.9);
    assert_eq!(ids(&world.pool(&lead(), &needs).eligible), ["ana", "bob", "cy"]);
    world.settings.strict_profiles = true;
    let pool = world.pool(&lead(), &needs);
    assert_eq!(ids(&pool.eligible), Vec::<&str>::new());
    assert_eq!(codes(&pool, "ana"), ["no_skill"]);
    assert_eq!(codes(&pool, "bob"), ["other_language", "no_skill"]);
    assert_eq!(codes(&pool, "cy"), ["other_language", "no_skill"]);
    // A language that is not sure counts for nothing, and one that all speak excludes nobody.
    needs.skills.clear();
    needs.language = sure(0.79);
    assert_eq!(world.pool(&lead(), &needs).eligible.len(), 3);
    needs.language = sure(1.0);
    world.language.everyone = vec!["French".into()];
    assert_eq!(world.pool(&lead(), &needs).eligible.len(), 3);
}

#[test]
fn outside_hours_and_without_history_can_be_notes() {
    let mut world = World::of(vec![rep("ana", true, None)]);
    world.hours.week = "Mon-Fri 12:00-17:00".into();
    world.support.insert(RepId::new("ana"), Support::default());
    let pool = world.pool(&lead(), &Needs::default());
    assert_eq!(ids(&pool.eligible), ["ana"]);
    let notes: Vec<String> = pool.notes.iter().map(|(_, why)| why.to_string()).collect();
    assert_eq!(
        notes,
        [
            "not at work now, at work again Tue 24 Nov 12:00 their time",
            "the model knows 0 of 0 deals like this lead, fewer than 1"
        ]
    );
    world.hours.outside = Outside::Exclude;
    assert_eq!(codes(&world.pool(&lead(), &Needs::default()), "ana"), ["outside_hours"]);
}

#[test]
fn profiles_that_make_no_sense_are_named() {
    let refused = |profiles: &[Profile]| {
        Team::new(profiles, &HoursSettings::default(), &HolidaySettings::new()).unwrap_err().to_string()
    };
    let zone = Profile { zone: Some("Mars".into()), ..profile("ana", &[], &[]) };
    assert_eq!(refused(&[zone]), "rep ana: \"Mars\" is no IANA time zone, such as \"Europe/Berlin\"");
    assert!(refused(&[profile("ana", &["Elvish"], &[])]).contains("\"Elvish\" is no language"));
    assert_eq!(refused(&[profile("ana", &[], &[]), profile("ana", &[], &[])]), "rep ana has two profiles");
    let hours = HoursSettings { week: "Mon".into(), ..HoursSettings::default() };
    let error = Team::new(&[], &hours, &HolidaySettings::new()).unwrap_err().to_string();
    assert!(error.starts_with("[hours]: \"Mon\" has no times"), "{error}");
}

const LANGUAGES: [&str; 3] = ["de", "en", "fr"];
const SKILLS: [&str; 3] = ["cloud", "sap", "pci"];
const TIERS: [&str; 2] = ["gold", "silver"];
const TERRITORIES: [&str; 3] = ["North", "South", "north "];
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo"];

/// Languages, skills, tiers and zone by place in the lists above, and whether they work at night.
type AnyProfile = (Vec<usize>, Vec<usize>, Vec<usize>, Option<usize>, bool);

/// One rep with everything that may be known of them.
#[derive(Clone, Debug)]
struct AnyRep {
    active: bool,
    territory: Option<usize>,
    profile: Option<AnyProfile>,
    away: Option<(i64, i64)>,
    had: Option<bool>,
    support: Option<u32>,
    full: bool,
}

fn any_rep() -> impl Strategy<Value = AnyRep> {
    let some_of = |n: usize| prop::collection::vec(0..n, 0..3);
    let profile = prop::option::of((some_of(3), some_of(3), some_of(2), prop::option::of(0usize..3), any::<bool>()));
    (
        prop::bool::weighted(0.8),
        prop::option::of(0usize..3),
        profile,
        prop::option::weighted(0.3, (-30i64..30, 1i64..40)),
        prop::option::weighted(0.2, any::<bool>()),
        prop::option::of(0u32..3),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(active, territory, profile, away, had, support, full)| AnyRep {
            active,
            territory,
            profile,
            away,
            had,
            support,
            full,
        })
}

fn any_needs() -> impl Strategy<Value = Needs> {
    let skills = prop::collection::vec((0usize..3, any::<bool>()), 0..3);
    (prop::option::of(0usize..3), prop::option::of((0usize..3, 0.5f64..1.0)), skills, prop::option::of(0usize..2))
        .prop_map(|(territory, language, skills, tier)| {
            let mut needs = Needs {
                territory: territory.map(|t| TERRITORIES[t].into()),
                language: language.map(|(l, confidence)| Language {
                    code: LANGUAGES[l].into(),
                    confidence,
                    evidence: Evidence::Field { value: LANGUAGES[l].into() },
                }),
                skills: vec![],
                partner_tier: tier.map(|t| TIERS[t].into()),
            };
            for (skill, certification) in skills {
                let kind = if certification { Kind::Certification } else { Kind::Skill };
                needs = needs.with_skill(SKILLS[skill], kind, "r");
            }
            needs
        })
}

fn any_settings() -> impl Strategy<Value = (bool, bool, bool, u32, i64)> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0u32..3, 0i64..200)
}

fn build(
    reps: &[AnyRep],
    (strict, exclude_hours, exclude_support, similar, hour): (bool, bool, bool, u32, i64),
) -> (World, Subject) {
    let mut world = World::of(vec![]);
    world.now = utc("2026-11-20T00:00:00Z") + TimeDelta::hours(hour);
    world.settings = EligibilitySettings {
        strict_profiles: strict,
        no_support: if exclude_support { NoSupport::Exclude } else { NoSupport::Rank },
        min_similar_deals: similar,
    };
    world.hours.outside = if exclude_hours { Outside::Exclude } else { Outside::Note };
    world.hours.week = "Mon-Fri 09:00-17:30".into();
    let mut lead = lead();
    let mut away = vec![];
    for (i, any) in reps.iter().enumerate() {
        let id = RepId::new(format!("r{i:02}"));
        world.roster.reps.push(rep(id.as_str(), any.active, any.territory.map(|t| TERRITORIES[t])));
        if let Some((languages, skills, tiers, zone, nights)) = &any.profile {
            let named = |from: &[&str], which: &[usize]| which.iter().map(|i| from[*i].to_owned()).collect();
            world.profiles.push(Profile {
                languages: named(&LANGUAGES, languages),
                skills: named(&SKILLS, skills),
                partner_tiers: named(&TIERS, tiers),
                zone: zone.map(|z| ZONES[z].to_owned()),
                week: nights.then(|| "Mon-Sun 22:00-06:00".into()),
                ..Profile::plain(id.clone())
            });
        }
        if let Some((from, hours)) = any.away {
            let start = world.now + TimeDelta::hours(from);
            away.push(Away { rep: id.clone(), span: Span::new(start, start + TimeDelta::hours(hours)), kind: None });
        }
        if let Some(returned) = any.had {
            lead.earlier.push((id.clone(), if returned { Earlier::Returned } else { Earlier::SlaBreached }));
        }
        if let Some(similar_deals) = any.support {
            world.support.insert(id.clone(), Support { deals: 5, similar_deals, ..Support::default() });
        }
        if any.full {
            world.further.insert(id, vec![Exclusion::NoRoom { why: "full".into() }]);
        }
    }
    world.feeds = vec![Feed::read(Source::Crm, world.now, away)];
    (world, lead)
}

/// Whether a rep may get the lead, said a second time and in another way.
fn may(any: &AnyRep, needs: &Needs, world: &World, at: usize) -> bool {
    let empty = (vec![], vec![], vec![], None, false);
    let known = any.profile.is_some() || world.settings.strict_profiles;
    let (languages, skills, tiers, zone, nights) = any.profile.as_ref().unwrap_or(&empty);
    let fits = |mine: &[usize], names: &[&str], wanted: &str| {
        !known || (mine.is_empty() && !world.settings.strict_profiles) || mine.iter().any(|i| names[*i] == wanted)
    };
    let local = world.now.with_timezone(&zone.map_or("UTC", |z| ZONES[z]).parse::<chrono_tz::Tz>().unwrap());
    let time = local.format("%H:%M").to_string();
    let weekday = !["Sat", "Sun"].contains(&local.format("%a").to_string().as_str());
    let works = if *nights {
        time.as_str() >= "22:00" || time.as_str() < "06:00"
    } else {
        weekday && ("09:00".."17:30").contains(&time.as_str())
    };
    let id = &world.roster.reps[at].id;
    any.active
        && any.territory.is_none_or(|t| needs.territory.as_ref().is_none_or(|w| same(w, TERRITORIES[t])))
        && any.had.is_none()
        && any.away.is_none_or(|(from, hours)| !(from <= 0 && 0 < from + hours))
        && needs.language.as_ref().is_none_or(|l| l.confidence < 0.8 || fits(languages, &LANGUAGES, &l.code))
        && needs.skills.iter().all(|s| fits(skills, &SKILLS, &s.name))
        && needs.partner_tier.as_ref().is_none_or(|t| fits(tiers, &TIERS, t))
        && (works || world.hours.outside == Outside::Note)
        && !world.further.contains_key(id)
        && (world.settings.no_support == NoSupport::Rank
            || any.support.is_none_or(|similar| similar >= world.settings.min_similar_deals))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nobody_is_in_the_pool_who_may_not_be_and_nobody_is_left_out(
        reps in prop::collection::vec(any_rep(), 0..12), needs in any_needs(), settings in any_settings()
    ) {
        let (world, lead) = build(&reps, settings);
        let pool = world.pool(&lead, &needs);
        for (i, any) in reps.iter().enumerate() {
            let id = &world.roster.reps[i].id;
            let eligible = pool.eligible.iter().filter(|e| *e == id).count();
            let excluded = pool.excluded.iter().filter(|(e, _)| e == id).count();
            prop_assert_eq!(eligible + excluded, 1);
            prop_assert_eq!(eligible == 1, may(any, &needs, &world, i), "{} {:?}", id, pool.reasons(id).collect::<Vec<_>>());
            let reasons: Vec<u8> = pool.reasons(id).map(Exclusion::importance).collect();
            prop_assert!(reasons.is_sorted());
            prop_assert_eq!(reasons.is_empty(), eligible == 1);
            prop_assert_eq!(pool.has(id), eligible == 1);
            prop_assert!(eligible == 1 || !pool.notes.iter().any(|(e, _)| e == id));
        }
        prop_assert!(pool.eligible.is_sorted() && pool.excluded.is_sorted_by_key(|(id, _)| id.clone()));
    }

    #[test]
    fn another_rep_changes_nothing_for_the_others_and_order_nothing_at_all(
        reps in prop::collection::vec(any_rep(), 1..10), needs in any_needs(), settings in any_settings(), turn in 0usize..10
    ) {
        let (mut world, mut lead) = build(&reps, settings);
        let all = world.pool(&lead, &needs);

        let mut turned = world.clone();
        turned.roster.reps.rotate_left(turn % reps.len());
        turned.profiles.reverse();
        turned.feeds[0].away.reverse();
        prop_assert_eq!(&turned.pool(&lead, &needs), &all);

        let gone = world.roster.reps.remove(turn % reps.len()).id;
        world.profiles.retain(|p| p.rep_id != gone);
        lead.earlier.retain(|(id, _)| *id != gone);
        let fewer = world.pool(&lead, &needs);
        let others = |pool: &Pool| {
            let keep = |list: &[(RepId, Exclusion)]| -> Vec<_> { list.iter().filter(|(id, _)| *id != gone).cloned().collect() };
            let eligible: Vec<_> = pool.eligible.iter().filter(|id| **id != gone).cloned().collect();
            (eligible, keep(&pool.excluded), keep(&pool.further), keep(&pool.notes))
        };
        prop_assert_eq!(others(&fewer), others(&all));
        prop_assert!(!fewer.has(&gone));
    }
}
