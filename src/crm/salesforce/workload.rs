//! How busy reps are: their open opportunities, their calendars, and whether they are there at all. Three calls for a whole
//! team, however large, as long as each answer fits on a page of 2,000 rows.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::Salesforce;
use super::errors::{Class, Fault};
use super::map::Record;
use super::query::{Api, Condition, Rows, Select, Value};
use crate::app::ports::{Appointment, AppointmentTime, OutOfOffice, RepWorkload, Shows, Span, WorkloadPart, Workloads};
use crate::domain::ids::RepId;

/// Rows of one question. At 2,000 to a page that is ten calls.
const MOST_ROWS: u32 = 20_000;
/// All-day events have no zone, and no zone is further from UTC than this.
const FURTHEST_ZONE: TimeDelta = TimeDelta::hours(14);

impl Salesforce {
    /// What the org knows of these reps; of their calendars, what touches the window.
    pub(super) async fn read_workloads(&self, reps: &[RepId], window: Span) -> Result<Workloads, Fault> {
        let mut found = Workloads {
            reps: reps.iter().map(|rep| (rep.clone(), RepWorkload::default())).collect(),
            unknown: BTreeMap::new(),
        };
        if reps.is_empty() {
            return Ok(found);
        }
        let presence = self.read_presence(&mut found.reps).await;
        let open = self.read_open_deals(&mut found.reps).await;
        let calendar = self.read_calendars(&mut found.reps, window).await;
        for (part, said) in
            [(WorkloadPart::Presence, presence), (WorkloadPart::OpenDeals, open), (WorkloadPart::Calendar, calendar)]
        {
            let unknown = match said {
                Err(fault) if matches!(fault.class, Class::Configuration | Class::NotFound) => Some(fault.message),
                said => said?,
            };
            found.unknown.extend(unknown.map(|why| (part, why)));
        }
        for desk in found.reps.values_mut() {
            desk.calendar.sort_unstable();
        }
        Ok(found)
    }

    /// Zone and presence. Says what is not known.
    async fn read_presence(&self, reps: &mut BTreeMap<RepId, RepWorkload>) -> Result<Option<String>, Fault> {
        let (rows, away) = loop {
            let shown = self.rep_presence.shown();
            let away = self.rep_out_of_office.clone().filter(|field| shown.contains(field));
            let users = Select::new([Api::known("Id")].into_iter().chain(shown), "User")
                .filter(Condition::Eq(Api::known("IsActive"), Value::Bool(true)))
                .filter(Condition::Eq(Api::known("UserType"), Value::Text("Standard".into())))
                .order([Api::known("Id")]);
            match self.client.query_all_rows(&users).await {
                Err(fault) if self.rep_presence.learns_from(&fault, &self.client).await => {}
                answer => break (answer?, away),
            }
        };
        for raw in rows {
            let record = Record::parse(&raw)?;
            let Some(desk) = record.id("Id").and_then(|id| reps.get_mut(&RepId::new(id))) else { continue };
            desk.zone = record.text("TimeZoneSidKey");
            desk.away = away.as_ref().and_then(|field| out_of_office(&record, field.as_str()));
        }
        let hidden = self.rep_out_of_office.as_ref().filter(|_| away.is_none());
        Ok(hidden.map(|field| format!("the org does not show {} of users", field.as_str())))
    }

    /// Open opportunities with the day on which each is expected to close. Says what is not known.
    async fn read_open_deals(&self, reps: &mut BTreeMap<RepId, RepWorkload>) -> Result<Option<String>, Fault> {
        let open = Select::new(["OwnerId", "CloseDate"].map(Api::known), "Opportunity")
            .filter(Condition::Eq(Api::known("IsClosed"), Value::Bool(false)))
            .filter(Condition::Eq(Api::known("Owner.IsActive"), Value::Bool(true)));
        self.each(open, |record| {
            if let Some(desk) = owner(record).and_then(|rep| reps.get_mut(&rep)) {
                desk.open.push(record.date("CloseDate"));
            }
        })
        .await
    }

    /// Events that touch the window, recurring ones as they occur. Says what is not known.
    async fn read_calendars(
        &self,
        reps: &mut BTreeMap<RepId, RepWorkload>,
        window: Span,
    ) -> Result<Option<String>, Fault> {
        let (from, until) = (window.start - FURTHEST_ZONE - TimeDelta::days(1), window.end + FURTHEST_ZONE);
        let fields = ["OwnerId", "StartDateTime", "EndDateTime", "IsAllDayEvent", "ShowAs"].map(Api::known);
        let events = Select::new(fields, "Event")
            .filter(Condition::Below(Api::known("StartDateTime"), Value::At(until)))
            .filter(Condition::AtLeast(Api::known("EndDateTime"), Value::At(from)))
            // The series itself has the times of its first occurrence.
            .filter(Condition::Eq(Api::known("IsRecurrence"), Value::Bool(false)));
        self.each(events, |record| {
            let desk = owner(record).and_then(|rep| reps.get_mut(&rep));
            if let (Some(desk), Some(appointment)) = (desk, appointment(record)) {
                desk.calendar.push(appointment);
            }
        })
        .await
    }

    /// Takes each row; says so if there are more than are read.
    async fn each(&self, select: Select, mut take: impl FnMut(&Record)) -> Result<Option<String>, Fault> {
        let select = select.order([Api::known("Id")]).limit(MOST_ROWS);
        let rows = self.client.query_rows(&select, Rows::Living).await?;
        for raw in &rows {
            take(&Record::parse(raw)?);
        }
        let all = rows.len() < MOST_ROWS as usize;
        Ok((!all).then(|| format!("there are more than {MOST_ROWS} records, and only so many were read")))
    }
}

fn owner(record: &Record) -> Option<RepId> {
    record.id("OwnerId").map(RepId::new)
}

/// A checkbox says that somebody is away, a date or a date-time until when.
fn out_of_office(record: &Record, field: &str) -> Option<OutOfOffice> {
    if record.flag(field) {
        return Some(OutOfOffice::Now);
    }
    record.at(field).map(OutOfOffice::Until).or_else(|| record.date(field).map(OutOfOffice::Through))
}

/// An event. The times of one that lasts all day are midnights in UTC and stand for days.
fn appointment(record: &Record) -> Option<Appointment> {
    let (start, end) = (record.at("StartDateTime")?, record.at("EndDateTime")?);
    let day = |at: chrono::DateTime<chrono::Utc>| -> NaiveDate { at.date_naive() };
    let time = if record.flag("IsAllDayEvent") {
        AppointmentTime::Days { first: day(start), last: day(end) }
    } else {
        AppointmentTime::Span(Span::new(start, end))
    };
    let shows = match record.text("ShowAs").as_deref() {
        Some("OutOfOffice") => Shows::Away,
        Some("Free") => Shows::Free,
        _ => Shows::Busy,
    };
    Some(Appointment { time, shows })
}
