//! A rulebook made ready for a roster.

use std::collections::BTreeMap;

use crate::domain::ids::RepId;
use crate::domain::rep::Roster;
use crate::policy::absence::CalendarSource;
use crate::policy::capacity::CapacitySettings;
use crate::policy::eligibility::{Team, TeamError};
use crate::policy::hours::{HolidaySettings, HoursSettings};
use crate::policy::profile::Profile;
use crate::policy::rules::{Directory, NotFound, Problem, Rulebook, Version};
use crate::policy::skill::Skills;

/// Everything of `routing.toml`, ready for a roster. Built once for a rulebook and a roster.
#[derive(Clone, Debug)]
pub struct Policy {
    book: Rulebook,
    plain: bool,
    directory: Directory,
    team: Team,
    skills: Skills,
    /// With the caps of single reps by id.
    capacity: CapacitySettings,
    calendars: Vec<(RepId, CalendarSource)>,
    unresolved: Vec<Problem>,
}

impl Policy {
    /// Reads a rulebook against a roster. Names of reps that lead to nobody are in [`Policy::unresolved`], and what is
    /// said of them has no effect: somebody who leaves the company must not stop the routing of all leads.
    ///
    /// # Errors
    /// What makes no sense in any case, with its place.
    pub fn new(book: Rulebook, roster: &Roster) -> Result<Self, Vec<Problem>> {
        Self::with(book, Directory::of(roster))
    }

    /// The same with a directory that knows more names than the roster: user names, e-mail addresses.
    ///
    /// # Errors
    /// What makes no sense in any case, with its place.
    pub fn with(book: Rulebook, directory: Directory) -> Result<Self, Vec<Problem>> {
        let sections = book.sections();
        let (mut problems, mut unresolved) = (Vec::new(), Vec::new());
        let mut find = |key: String, name: &str| match directory.person(name) {
            Ok(person) => Some(person.id.clone()),
            Err(why) => {
                unresolved.push(book.problem(&key, why.to_string(), cure(&why)));
                None
            }
        };
        let mut profiles: Vec<Profile> = Vec::with_capacity(sections.reps.len());
        for (index, rep) in sections.reps.iter().enumerate() {
            let key = format!("rep[{index}].rep");
            let Some(id) = find(key.clone(), &rep.rep) else { continue };
            if profiles.iter().any(|profile| profile.rep_id == id) {
                let message = format!("{:?} has a [[rep]] already", rep.rep);
                problems.push(book.problem(&key, message, "join the two"));
                continue;
            }
            profiles.push(rep.profile(id));
        }
        let mut capacity = sections.capacity.clone();
        capacity.reps = BTreeMap::new();
        for (name, caps) in &sections.capacity.reps {
            let key = format!("capacity.reps.{name}");
            let Some(id) = find(key.clone(), name) else { continue };
            if capacity.reps.insert(id.as_str().to_owned(), *caps).is_some() {
                problems.push(book.problem(&key, format!("{name:?} has caps of their own already"), "join the two"));
            }
        }
        let mut calendars = Vec::new();
        for (index, calendar) in sections.absence.calendars.iter().enumerate() {
            let id = find(format!("absence.calendar[{index}].rep"), &calendar.rep);
            calendars.extend(id.map(|id| (id, calendar.clone())));
        }
        let skills = Skills::compile(&sections.skills).map_err(|error| book.problem("skill", error.to_string(), ""));
        let team = Team::new(&profiles, &sections.hours, &sections.holidays).map_err(|error| {
            let key = if matches!(error, TeamError::Common(_)) { "hours" } else { "rep" };
            book.problem(key, error.to_string(), "")
        });
        match (team, skills) {
            (Ok(team), Ok(skills)) if problems.is_empty() => {
                Ok(Self { plain: false, directory, team, skills, capacity, calendars, unresolved, book })
            }
            (team, skills) => {
                problems.extend(team.err().into_iter().chain(skills.err()));
                Err(problems)
            }
        }
    }

    /// Without a `routing.toml`: leads go to active reps of their territory, and nothing else is looked at.
    pub fn plain(roster: &Roster) -> Self {
        let nobody = || Team::new(&[], &HoursSettings::default(), &HolidaySettings::default());
        #[expect(clippy::expect_used, reason = "the defaults are tested to be right")]
        let (team, skills) = (nobody().expect("default hours"), Skills::compile(&[]).expect("no skills"));
        Self {
            book: Rulebook::empty(),
            plain: true,
            directory: Directory::of(roster),
            team,
            skills,
            capacity: CapacitySettings::default(),
            calendars: Vec::new(),
            unresolved: Vec::new(),
        }
    }

    /// What it says, as a name.
    pub const fn version(&self) -> &Version {
        self.book.version()
    }

    /// The rules and settings.
    pub const fn book(&self) -> &Rulebook {
        &self.book
    }

    /// Whether there is no `routing.toml`.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// People and queues by name.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What is known of all reps besides the CRM's user records.
    pub const fn team(&self) -> &Team {
        &self.team
    }

    /// Skills that leads may ask for.
    pub const fn skills(&self) -> &Skills {
        &self.skills
    }

    /// Caps, those of single reps by id.
    pub const fn capacity(&self) -> &CapacitySettings {
        &self.capacity
    }

    /// The calendars of `[[absence.calendar]]`, each with whose it is. A calendar of somebody unknown is not among them.
    pub fn calendars(&self) -> &[(RepId, CalendarSource)] {
        &self.calendars
    }

    /// Settings about reps whom nobody knows: to be shown as warnings while routing goes on.
    pub fn unresolved(&self) -> &[Problem] {
        &self.unresolved
    }
}

fn cure(why: &NotFound) -> &'static str {
    match why {
        NotFound::Unknown { .. } => "write a user id, user name, e-mail address or full name, or take it out",
        NotFound::Ambiguous { .. } => "write the user id",
    }
}
