//! Putting records in place before the org opens, without the checks and rules that a client meets.

use chrono::NaiveDate;

use super::id::Id;
use super::org::{Org, Record};
use super::schema::{Kind, Object};
use super::stamp::Stamp;
use super::value::Value;

/// Loads many records of one object; the fields are looked up once.
pub(crate) struct Loader {
    object: Object,
    places: Vec<Option<usize>>,
    blank: Record,
}

impl Loader {
    /// Will set these fields.
    pub(crate) fn new(org: &Org, object: Object, names: &[&str]) -> Self {
        let fields = org.schema().of(object);
        let mut blank = Record::new(Id::MIN, fields.len());
        for (place, field) in fields.iter().enumerate() {
            if field.kind == Kind::Checkbox {
                blank.set(place, false.into());
            }
        }
        Self { object, places: names.iter().map(|name| fields.place(name)).collect(), blank }
    }

    /// Loads one record, with the values in the order of the names.
    pub(crate) fn load(&self, org: &mut Org, id: Id, values: impl IntoIterator<Item = Value>) {
        let mut record = self.blank.clone();
        record.id = id;
        record.set(0, id.into());
        for (place, value) in self.places.iter().zip(values) {
            if let Some(place) = place {
                record.set(*place, value);
            }
        }
        org.load(self.object, record);
    }
}

/// UTC, as Salesforce calls it.
pub(crate) const UTC: &str = "GMT";

/// A user to be.
pub(crate) struct UserSpec<'a> {
    pub(crate) id: Id,
    pub(crate) given: &'a str,
    pub(crate) family: &'a str,
    pub(crate) username: &'a str,
    pub(crate) user_type: &'a str,
    pub(crate) title: &'a str,
    pub(crate) territory: Option<&'a str>,
    /// Time zone, by its IANA name.
    pub(crate) zone: &'a str,
    /// The last day on which they are away.
    pub(crate) away_until: Option<NaiveDate>,
    pub(crate) active: bool,
    pub(crate) created: Stamp,
}

/// Loads a user.
pub(crate) fn load_user(org: &mut Org, user: &UserSpec<'_>) {
    const FIELDS: [&str; 16] = [
        "Username",
        "LastName",
        "FirstName",
        "Name",
        "Alias",
        "Email",
        "Title",
        "Department",
        "IsActive",
        "UserType",
        "Territory__c",
        "TimeZoneSidKey",
        "Away_Until__c",
        "CreatedDate",
        "LastModifiedDate",
        "SystemModstamp",
    ];
    let name = format!("{} {}", user.given, user.family);
    let alias: String = user.username.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let created = Value::from(user.created);
    let values = [
        user.username.into(),
        user.family.into(),
        user.given.into(),
        name.trim().into(),
        alias.as_str().into(),
        user.username.into(),
        user.title.into(),
        "Sales".into(),
        user.active.into(),
        user.user_type.into(),
        user.territory.unwrap_or_default().into(),
        user.zone.into(),
        user.away_until.map_or(Value::Null, Value::Date),
        created.clone(),
        created.clone(),
        created,
    ];
    Loader::new(org, Object::User, &FIELDS).load(org, user.id, values);
}

/// User name of the user that API clients act as; `sub` of a JWT.
pub(crate) const INTEGRATION_USERNAME: &str = "integration@leadboard-demo.example";

/// What every demo org has: the organisation, the two technical users, and the queues.
pub(crate) fn load_basics(org: &mut Org, base: Stamp) {
    let landmarks = org.landmarks();
    let at = Value::from(base);
    let organization = ["Name", "OrganizationType", "InstanceName", "IsSandbox", "CreatedDate", "SystemModstamp"];
    let values =
        ["Leadboard Demo".into(), "Developer Edition".into(), "LB1".into(), false.into(), at.clone(), at.clone()];
    Loader::new(org, Object::Organization, &organization).load(org, landmarks.org, values);
    for (id, given, family, username) in [
        (landmarks.integration_user, "Leadboard", "Integration", INTEGRATION_USERNAME),
        (landmarks.intake_user, "Web", "Intake", "intake@leadboard-demo.example"),
    ] {
        // Not `Standard`: nobody may mistake them for reps.
        let user_type = "CloudIntegrationUser";
        let spec = UserSpec {
            id,
            given,
            family,
            username,
            user_type,
            title: "Integration",
            territory: None,
            zone: UTC,
            away_until: None,
            active: true,
            created: base,
        };
        load_user(org, &spec);
    }
    let groups = Loader::new(org, Object::Group, &["Name", "DeveloperName", "Type", "CreatedDate", "SystemModstamp"]);
    let enabled = Loader::new(org, Object::QueueSobject, &["QueueId", "SobjectType", "SystemModstamp"]);
    for (name, key) in [("Leadboard Manager", "Leadboard_Manager"), ("Leadboard Default", "Leadboard_Default")] {
        let queue = org.next_id(Object::Group);
        groups.load(org, queue, [name.into(), key.into(), "Queue".into(), at.clone(), at.clone()]);
        for object in [Object::Lead, Object::Task] {
            let id = org.next_id(Object::QueueSobject);
            enabled.load(org, id, [queue.into(), object.name().into(), at.clone()]);
        }
    }
}
