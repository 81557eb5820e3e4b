//! One row, read through the map.

use chrono::{DateTime, Utc};

use super::binding::{Binding, Place};
use super::format::{Format, When};
use super::join::JoinTable;
use super::mapping::{FeatureKind, Role};
use super::record::Record;
use super::rejected::Reason;
use crate::domain::facts::LeadFacts;

/// A row with its joined rows.
pub(super) struct Row<'a> {
    pub(super) record: &'a Record,
    pub(super) binding: &'a Binding<'a>,
    pub(super) joins: &'a [JoinTable],
    /// The row of each joined file, if its key was found.
    pub(super) joined: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    fn format(&self) -> &'a Format {
        &self.binding.mapping.format
    }

    /// A value as the file writes it; `None` when it means "nothing".
    pub(super) fn written(&self, place: Place) -> Option<&'a str> {
        let raw = match place {
            Place::Main(column) => self.record.field(column),
            Place::Joined { join, column } => self.joins.get(join)?.value((*self.joined.get(join)?)?, column),
        };
        self.format().present(raw?)
    }

    /// A value as the map reads it; `None` when it means "nothing".
    pub(super) fn value(&self, place: Place) -> Option<&'a str> {
        Some(self.binding.read(place, self.written(place)?))
    }

    /// The text of a role; `None` when the map has no such column or the value means "nothing".
    pub(super) fn text(&self, role: Role) -> Option<&'a str> {
        self.value(*self.binding.roles.get(&role)?)
    }

    /// The text of a role without which the row is of no use.
    pub(super) fn required(&self, role: Role) -> Result<&'a str, Reason> {
        self.text(role).ok_or_else(|| Reason::Missing { column: self.column(role), meaning: role.words() })
    }

    /// The rep, or whom the map assumes.
    pub(super) fn rep(&self) -> Result<&'a str, Reason> {
        self.binding.mapping.assume.rep.as_deref().map_or_else(|| self.required(Role::Rep), Ok)
    }

    /// When the lead came in.
    pub(super) fn created(&self) -> Result<DateTime<Utc>, Reason> {
        if let Some(assumed) = self.binding.mapping.assume.created {
            return Ok(assumed);
        }
        let value = self.required(Role::Created)?;
        Ok(self.date(value, || self.column(Role::Created))?.start())
    }

    /// The closing date as the file has it.
    pub(super) fn closed(&self) -> Result<Option<DateTime<Utc>>, Reason> {
        let Some(value) = self.text(Role::Closed) else { return Ok(None) };
        Ok(Some(self.date(value, || self.column(Role::Closed))?.end()))
    }

    /// A number by its role.
    pub(super) fn amount(&self, role: Role) -> Result<Option<f64>, Reason> {
        self.text(role).map(|value| self.number(value, || self.column(role))).transpose()
    }

    /// What was known when the lead came in.
    pub(super) fn facts(&self, created_at: DateTime<Utc>) -> Result<LeadFacts, Reason> {
        let text = |role| self.text(role).map(str::to_owned);
        let mut facts = LeadFacts {
            source: text(Role::Source),
            industry: text(Role::Industry),
            product: text(Role::Product),
            territory: text(Role::Territory),
            country: text(Role::Country),
            annual_revenue: self.amount(Role::Revenue)?,
            employees: self.amount(Role::Employees)?,
            amount: self.amount(Role::Amount)?,
            ..LeadFacts::empty(created_at)
        };
        for (feature, place) in &self.binding.features {
            let Some(value) = self.value(*place) else { continue };
            let column = || feature.column.name.clone();
            match feature.kind {
                FeatureKind::Categorical => {
                    facts.categorical.insert(feature.name.clone(), value.to_owned());
                }
                FeatureKind::Numeric => {
                    facts.numeric.insert(feature.name.clone(), self.number(value, column)?);
                }
                FeatureKind::Date => {
                    let days = (created_at.date_naive() - self.date(value, column)?.start().date_naive()).num_days();
                    // A date after creation was not known at creation, so the feature was missing then.
                    if days >= 0 {
                        facts.numeric.insert(feature.name.clone(), days as f64);
                    }
                }
            }
        }
        Ok(facts)
    }

    fn date(&self, value: &str, column: impl Fn() -> String) -> Result<When, Reason> {
        self.format().date(value).ok_or_else(|| Reason::BadDate {
            column: column(),
            value: value.to_owned(),
            cure: Format::date_cure(value),
        })
    }

    fn number(&self, value: &str, column: impl Fn() -> String) -> Result<f64, Reason> {
        self.format().number(value).ok_or_else(|| Reason::BadNumber {
            column: column(),
            value: value.to_owned(),
            cure: self.format().number_cure(value),
        })
    }

    fn column(&self, role: Role) -> String {
        self.binding.mapping.columns.get(&role).map(|column| column.name.clone()).unwrap_or_default()
    }
}
