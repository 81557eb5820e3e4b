//! The data part of the API: everything below `/services/data/vNN.0`.
//!
//! A request, alone or inside a composite, becomes a [`Call`] and is answered inside one transaction.

mod call;
mod columns;
mod composite;
mod query;
mod records;
mod replication;

use serde_json::json;

use super::bulk::{self, Jobs};
use super::fault::Fault;
use super::id::Id;
use super::org::{Cause, Transaction};
use super::schema::{Object, describe, describe_global, describe_summary};

pub(crate) use call::{Answer, Call, CallKind, Params};
pub(crate) use query::Locators;
pub(crate) use records::find_by_key;

/// Versions that are answered; older ones are retired, newer ones unknown.
pub(crate) const VERSIONS: std::ops::RangeInclusive<u32> = 31..=67;
/// Versions that once were.
pub(crate) const RETIRED: std::ops::Range<u32> = 1..31;

/// What calls need besides the records.
pub(crate) struct Session<'t, 'o> {
    /// The open transaction. The caller commits it if the answer is no error.
    pub(crate) tx: &'t mut Transaction<'o>,
    /// Open query cursors.
    pub(crate) locators: &'t mut Locators,
    /// Bulk jobs.
    pub(crate) jobs: &'t mut Jobs,
    /// The acting user.
    pub(crate) user: Id,
    /// API calls used and allowed in 24 hours.
    pub(crate) usage: (u64, u64),
}

impl Session<'_, '_> {
    /// Answers a call from outside.
    pub(crate) fn answer(&mut self, call: &Call) -> Result<Answer, Fault> {
        match call.segments().as_slice() {
            ["composite"] => {
                call.only(&["POST"])?;
                composite::answer(self, call)
            }
            ["jobs", ..] => bulk::answer(self, call),
            _ => self.answer_single(call),
        }
    }

    /// Answers a call that may also stand inside a composite.
    fn answer_single(&mut self, call: &Call) -> Result<Answer, Fault> {
        let segments = call.segments();
        match segments.as_slice() {
            [] => {
                call.only(&["GET"])?;
                let base = call.base();
                let links = ["sobjects", "query", "queryAll", "composite", "limits", "jobs"];
                let links: serde_json::Map<_, _> =
                    links.iter().map(|name| ((*name).to_owned(), json!(format!("{base}/{name}")))).collect();
                Ok(Answer::ok(links.into()))
            }
            ["query"] => query::start(self, call, false),
            ["queryAll"] => query::start(self, call, true),
            ["query" | "queryAll", locator] => query::more(self, call, locator),
            ["limits"] => {
                call.only(&["GET"])?;
                let (used, max) = self.usage;
                Ok(Answer::ok(json!({
                    "DailyApiRequests": { "Max": max, "Remaining": max.saturating_sub(used) },
                    "DailyBulkV2QueryJobs": { "Max": 10_000, "Remaining": 10_000 },
                    "DailyBulkApiBatches": { "Max": 15_000, "Remaining": 15_000 },
                    "DataStorageMB": { "Max": 1_024, "Remaining": 1_000 },
                })))
            }
            ["sobjects"] => {
                call.only(&["GET"])?;
                Ok(Answer::ok(describe_global(&call.base())))
            }
            ["sobjects", object, rest @ ..] => {
                let object = Object::parse(object).ok_or_else(Fault::not_found)?;
                self.answer_object(call, object, rest)
            }
            _ => Err(Fault::not_found()),
        }
    }

    fn answer_object(&mut self, call: &Call, object: Object, rest: &[&str]) -> Result<Answer, Fault> {
        match rest {
            [] => match call.method() {
                "GET" => Ok(Answer::ok(json!({
                    "objectDescribe": describe_summary(object, &call.base()),
                    "recentItems": [],
                }))),
                "POST" => records::create(self, call, object),
                _ => Err(call.wrong_method(&["GET", "POST"])),
            },
            ["describe"] => {
                call.only(&["GET"])?;
                Ok(Answer::ok(describe(self.tx.org().schema(), object, &call.base())))
            }
            ["updated"] => replication::updated(self, call, object),
            ["deleted"] => replication::deleted(self, call, object),
            [id] => match call.method() {
                "GET" => records::read(self, call, object, id),
                "PATCH" => records::update(self, call, object, id),
                "DELETE" => records::delete(self, call, object, id),
                _ => Err(call.wrong_method(&["DELETE", "GET", "PATCH"])),
            },
            [field, value] => match call.method() {
                "GET" => records::read_by_key(self, call, object, field, value),
                "PATCH" => records::upsert(self, call, object, field, value),
                _ => Err(call.wrong_method(&["GET", "PATCH"])),
            },
            _ => Err(Fault::not_found()),
        }
    }

    /// On whose behalf a write of this call happens. `Sforce-Auto-Assign` counts for the call that carries it alone:
    /// absent means `TRUE`.
    fn write_context(&self, call: &Call) -> super::dml::WriteContext {
        let auto_assign = !call.header("sforce-auto-assign").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        super::dml::WriteContext { user: self.user, auto_assign, cause: Cause::Api }
    }
}
