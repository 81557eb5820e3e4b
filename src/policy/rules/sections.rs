//! What `routing.toml` says besides its rules: one table for each part of the policy that has settings.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::domain::ids::RepId;
use crate::policy::absence::AbsenceSettings;
use crate::policy::capacity::CapacitySettings;
use crate::policy::company::CompanySettings;
use crate::policy::eligibility::EligibilitySettings;
use crate::policy::fairness::FairnessSettings;
use crate::policy::hold::HoldSettings;
use crate::policy::hours::{HolidaySettings, HoursSettings};
use crate::policy::language::{self, LanguageSettings};
use crate::policy::profile::Profile;
use crate::policy::route::{ClaimSettings, HighValueSettings, MarginSettings};
use crate::policy::skill::{self, SkillSettings};
use crate::policy::sla::SlaSettings;
use crate::policy::slot::SlotSettings;
use crate::policy::value::ValueSettings;

/// The settings of the other parts of the policy. Each field is a table of `routing.toml`, and its type belongs to the
/// module that uses it. They are part of the rulebook's version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sections {
    /// When reps are at work.
    pub hours: HoursSettings,
    /// Calendars of days off.
    pub holidays: HolidaySettings,
    /// Who is away.
    pub absence: AbsenceSettings,
    /// Free slots of calendars.
    pub slot: SlotSettings,
    /// Languages of leads.
    pub language: LanguageSettings,
    /// `[[skill]]`: what leads may ask of reps.
    #[serde(rename = "skill")]
    pub skills: Vec<SkillSettings>,
    /// Which company a lead is from, and whose it is.
    pub company: CompanySettings,
    /// Who may get a lead.
    pub eligibility: EligibilitySettings,
    /// What a lead is worth.
    pub value: ValueSettings,
    /// How much a rep can take. `reps` in it are called as in rules.
    pub capacity: CapacitySettings,
    /// How far ahead of their share anybody may get.
    pub fairness: FairnessSettings,
    /// Whether leads wait for each other; they do not where this is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldSettings>,
    /// Leads whose rep makes no contact in time.
    pub sla: SlaSettings,
    /// Deals that a manager wants to see.
    pub high_value: HighValueSettings,
    /// Reps that are too close to call.
    pub margin: MarginSettings,
    /// Reps that are named by rules or own accounts.
    pub claim: ClaimSettings,
    /// `[[rep]]`: what is known of single reps.
    #[serde(rename = "rep")]
    pub reps: Vec<RepSettings>,
}

/// `[[rep]]`: one rep, as routing sees them. What is not said restricts nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepSettings {
    /// Who, by any name that a rule may use: user id, user name, e-mail address or full name.
    pub rep: String,
    /// IANA time zone, where it is not that of `[hours]`.
    #[serde(default)]
    pub zone: Option<String>,
    /// Working week, where it is not that of `[hours]`.
    #[serde(default)]
    pub week: Option<String>,
    /// Holiday calendars, instead of those of `[hours]`.
    #[serde(default)]
    pub holidays: Option<Vec<String>>,
    /// Languages that they sell in.
    #[serde(default)]
    pub languages: Vec<String>,
    /// What they are trained for and certified in.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Partner tiers that they look after.
    #[serde(default)]
    pub partner_tiers: Vec<String>,
    /// Their share in comparison with a colleague of weight 1.
    #[serde(default = "one")]
    pub weight: f64,
    /// First day in the team, for the ramp.
    #[serde(default, deserialize_with = "day")]
    pub started: Option<NaiveDate>,
}

impl Sections {
    /// Everybody whom settings speak of, as they are called there, with the dotted key of the place.
    pub fn named_reps(&self) -> impl Iterator<Item = (String, &str)> {
        let profiles = self.reps.iter().enumerate().map(|(at, rep)| (format!("rep[{at}].rep"), rep.rep.as_str()));
        let caps = self.capacity.reps.keys().map(|name| (format!("capacity.reps.{name}"), name.as_str()));
        let calendars = self.absence.calendars.iter().enumerate();
        let calendars = calendars.map(|(at, one)| (format!("absence.calendar[{at}].rep"), one.rep.as_str()));
        profiles.chain(caps).chain(calendars)
    }
}

const fn one() -> f64 {
    1.0
}

/// A day as TOML writes it, with or without quotes.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    let wrong = || de::Error::custom("this is no day; write for example 2026-01-31");
    let text = match toml::Value::deserialize(from)? {
        toml::Value::Datetime(date) if date.time.is_none() => date.to_string(),
        toml::Value::String(text) => text,
        _ => return Err(wrong()),
    };
    text.parse().map(Some).map_err(|_| wrong())
}

impl RepSettings {
    /// The profile of the rep who is called so. Languages are brought to their codes, skills and tiers to one spelling,
    /// so that rules can compare them; a language that is none stays as it is.
    pub fn profile(&self, rep_id: RepId) -> Profile {
        let code = |spoken: &String| language::code(spoken).map_or_else(|| spoken.clone(), str::to_owned);
        let keys = |texts: &[String]| texts.iter().map(|text| skill::key(text)).collect();
        Profile {
            rep_id,
            zone: self.zone.clone(),
            week: self.week.clone(),
            holidays: self.holidays.clone(),
            languages: self.languages.iter().map(code).collect(),
            skills: keys(&self.skills),
            partner_tiers: keys(&self.partner_tiers),
            weight: self.weight,
            started: self.started,
        }
    }
}
