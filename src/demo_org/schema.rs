//! Which objects and fields the org has, and what may be done with each. Describe, validation and queries all read
//! this one table, so they cannot disagree.

mod describe;
mod objects;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::id::Id;

pub(crate) use describe::{describe, describe_global, describe_summary};

/// An object of the org. The spelling of a variant is its API name, except for the custom object.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[strum(ascii_case_insensitive)]
pub(crate) enum Object {
    Lead,
    User,
    Group,
    QueueSobject,
    Account,
    Contact,
    Opportunity,
    Task,
    Event,
    LeadHistory,
    Organization,
    /// `AI_Lead_Routing_Decision__c`: one record for each decision that leadboard wrote.
    #[strum(serialize = "AI_Lead_Routing_Decision__c")]
    #[serde(rename = "AI_Lead_Routing_Decision__c")]
    Decision,
}

impl Object {
    /// Its API name.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// The object with this API name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The first three characters of its record ids.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Lead => "00Q",
            Self::User => "005",
            Self::Group => "00G",
            Self::QueueSobject => "03g",
            Self::Account => "001",
            Self::Contact => "003",
            Self::Opportunity => "006",
            Self::Task => "00T",
            Self::Event => "00U",
            Self::LeadHistory => "017",
            Self::Organization => "00D",
            Self::Decision => "a01",
        }
    }

    /// The object a record id belongs to.
    pub(crate) fn of_id(id: Id) -> Option<Self> {
        use strum::IntoEnumIterator as _;
        Self::iter().find(|object| object.prefix() == id.prefix())
    }

    /// Whether programs may create, change and delete its records.
    pub(crate) const fn writable(self) -> bool {
        use Object::{Account, Contact, Decision, Event, Lead, Opportunity, Task};
        matches!(self, Lead | Account | Contact | Opportunity | Task | Event | Decision)
    }

    /// Whether its records are what people do with a lead, which go with it when it is converted.
    pub(crate) const fn is_activity(self) -> bool {
        matches!(self, Self::Task | Self::Event)
    }
}

/// What kind of value a field holds, with the limits that are enforced.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The record's own id.
    Id,
    /// Text of one line, at most so many characters.
    Text(usize),
    /// Long text; cannot be used in a filter.
    TextArea(usize),
    /// An e-mail address.
    Email(usize),
    /// One of a list of texts; others are allowed, as in an unrestricted picklist.
    Picklist(&'static [&'static str]),
    /// Yes or no.
    Checkbox,
    /// A whole number.
    Int,
    /// A number with so many digits before and after the point.
    Number {
        /// All digits.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// An amount of money.
    Currency,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// The id of a record of one of these objects.
    Reference(&'static [Object]),
}

/// One field of an object.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the independent permissions that describe lists")]
pub(crate) struct Field {
    /// API name.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: Kind,
    /// May be set when a record is created.
    pub(crate) createable: bool,
    /// May be changed later.
    pub(crate) updateable: bool,
    /// Must be given when a record is created.
    pub(crate) required: bool,
    /// May be used in WHERE.
    pub(crate) filterable: bool,
    /// Can name a record in a URL.
    pub(crate) external_id: bool,
    /// No two records may share a value.
    pub(crate) unique: bool,
    /// Values that differ only in case are different.
    pub(crate) case_sensitive: bool,
    /// How SOQL walks from here to the referenced record (`Owner`, `Lead__r`).
    pub(crate) relationship: Option<&'static str>,
}

impl Field {
    /// An ordinary field that programs may read and write.
    pub(crate) fn new(name: impl Into<String>, kind: Kind) -> Self {
        let filterable = !matches!(kind, Kind::TextArea(_));
        Self {
            name: name.into(),
            kind,
            createable: true,
            updateable: true,
            required: false,
            filterable,
            external_id: false,
            unique: false,
            case_sensitive: false,
            relationship: None,
        }
    }

    /// Kept by the org itself.
    fn read_only(mut self) -> Self {
        self.createable = false;
        self.updateable = false;
        self
    }

    fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn unfilterable(mut self) -> Self {
        self.filterable = false;
        self
    }

    fn external_id(mut self) -> Self {
        self.external_id = true;
        self
    }

    fn unique_case_sensitive(mut self) -> Self {
        self.unique = true;
        self.case_sensitive = true;
        self
    }

    fn via(mut self, relationship: &'static str) -> Self {
        self.relationship = Some(relationship);
        self
    }

    /// Whether an administrator added it.
    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// The objects it can point to; empty unless it is a reference.
    pub(crate) const fn targets(&self) -> &'static [Object] {
        match self.kind {
            Kind::Reference(targets) => targets,
            _ => &[],
        }
    }
}

/// All fields of one object. A field's place in the list is where a record keeps its value.
#[derive(Debug)]
pub(crate) struct Fields {
    list: Vec<Field>,
    by_name: HashMap<String, usize>,
}

impl Fields {
    fn new(list: Vec<Field>) -> Self {
        let by_name = list.iter().enumerate().map(|(i, field)| (field.name.to_ascii_lowercase(), i)).collect();
        Self { list, by_name }
    }

    /// In order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.list.iter()
    }

    /// How many.
    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    /// The field at this place.
    pub(crate) fn at(&self, place: usize) -> &Field {
        &self.list[place]
    }

    /// The place of a field by its API name, in any case.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The place of the reference field that SOQL walks by this name.
    pub(crate) fn relationship(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|field| field.relationship.is_some_and(|r| r.eq_ignore_ascii_case(name)))
    }
}

/// All objects with their fields.
#[derive(Debug)]
pub(crate) struct Schema {
    objects: HashMap<Object, Fields>,
}

impl Schema {
    /// The standard objects, leadboard's fields, and these further fields of Lead.
    pub(crate) fn new(extra_lead_fields: Vec<Field>) -> Self {
        use strum::IntoEnumIterator as _;
        let mut extra = Some(extra_lead_fields);
        let objects = Object::iter()
            .map(|object| {
                let mut list = objects::fields(object);
                if object == Object::Lead {
                    list.extend(extra.take().unwrap_or_default());
                }
                (object, Fields::new(list))
            })
            .collect();
        Self { objects }
    }

    /// The fields of an object.
    pub(crate) fn of(&self, object: Object) -> &Fields {
        &self.objects[&object]
    }
}
