//! A table of leads that answers the adapter's polls: enough SOQL for the two shapes it sends, paged as an org pages.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::org::{Reply, Seen};

/// One lead.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: String,
    pub stamp: DateTime<Utc>,
    pub created: DateTime<Utc>,
    pub owner: &'static str,
}

#[derive(Default)]
struct State {
    rows: Vec<Row>,
    page: usize,
    /// What is left behind each locator.
    locators: Vec<Vec<Row>>,
    /// Locators that answer that they are gone, by order of issue.
    dead: Vec<usize>,
    next_records_url: Option<String>,
    /// What `getUpdated` answers; without it there is no such resource.
    covered: Option<DateTime<Utc>>,
}

/// A shared table.
#[derive(Clone)]
pub(super) struct Table(Arc<Mutex<State>>);

impl Table {
    /// An empty table with pages of this many rows.
    pub(super) fn new(page: usize) -> Self {
        Self(Arc::new(Mutex::new(State { page, ..State::default() })))
    }

    /// Commits a lead; an older row of the same id is replaced.
    pub(super) fn put(&self, number: usize, created: DateTime<Utc>, stamp: DateTime<Utc>) {
        let id = lead_id(number);
        let rows = &mut self.0.lock().unwrap().rows;
        rows.retain(|row| row.id != id);
        rows.push(Row { id, stamp, created, owner: "005000000000001AAA" });
    }

    /// A lead changes hands in the very second of its last change.
    pub(super) fn give(&self, number: usize, owner: &'static str) {
        let id = lead_id(number);
        self.0.lock().unwrap().rows.iter_mut().filter(|row| row.id == id).for_each(|row| row.owner = owner);
    }

    /// The n-th locator that is handed out will be dead.
    pub(super) fn kill_locator(&self, n: usize) {
        self.0.lock().unwrap().dead.push(n);
    }

    /// Every page points there from now on.
    pub(super) fn point_to(&self, url: &str) {
        self.0.lock().unwrap().next_records_url = Some(url.to_owned());
    }

    /// Everything before this has committed, as `getUpdated` says.
    pub(super) fn cover(&self, until: DateTime<Utc>) {
        self.0.lock().unwrap().covered = Some(until);
    }

    /// Answers a query or a locator; nothing else.
    pub(super) fn answer(&self, seen: &Seen) -> Option<Reply> {
        let mut state = self.0.lock().unwrap();
        if let Some(locator) = seen.path.strip_prefix("/services/data/v66.0/query/01g-") {
            let number: usize = locator.parse().unwrap();
            if state.dead.contains(&number) {
                return Some(Reply::error(400, "INVALID_QUERY_LOCATOR"));
            }
            let rows = state.locators[number].clone();
            return Some(state.page_of(rows));
        }
        if seen.path == "/services/data/v66.0/sobjects/Lead/updated" {
            let moment = |name: &str| -> DateTime<Utc> {
                seen.query.iter().find(|(known, _)| known == name).unwrap().1.parse().unwrap()
            };
            assert!(moment("end") - moment("start") >= chrono::TimeDelta::minutes(1), "the org refuses shorter spans");
            let covered = state.covered?.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
            return Some(Reply::Json(200, json!({"ids": [], "latestDateCovered": covered})));
        }
        if seen.path != "/services/data/v66.0/queryAll" {
            return None;
        }
        let soql = seen.soql();
        assert!(soql.contains(" FROM Lead WHERE ") && soql.ends_with(" ORDER BY SystemModstamp, Id"), "{soql}");
        let mut rows: Vec<Row> = state.rows.iter().filter(|row| matches(row, soql)).cloned().collect();
        rows.sort_by(|a, b| (a.stamp, &a.id).cmp(&(b.stamp, &b.id)));
        Some(state.page_of(rows))
    }
}

impl State {
    fn page_of(&mut self, mut rows: Vec<Row>) -> Reply {
        let total = rows.len();
        let rest = rows.split_off(rows.len().min(self.page));
        let records: Vec<Value> = rows.iter().map(record).collect();
        let mut page = json!({"totalSize": total, "done": rest.is_empty(), "records": records});
        if !rest.is_empty() {
            let locator = format!("/services/data/v66.0/query/01g-{}", self.locators.len());
            page["nextRecordsUrl"] = json!(self.next_records_url.clone().unwrap_or(locator));
            self.locators.push(rest);
        }
        Reply::Json(200, page)
    }
}

/// The id of the n-th lead; ids sort as numbers.
pub(super) fn lead_id(number: usize) -> String {
    format!("00Q{number:012}EAA")
}

fn record(row: &Row) -> Value {
    let stamp = row.stamp.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    let created = row.created.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    json!({
        "attributes": {"type": "Lead"}, "Id": row.id, "Name": "Ada", "Company": "Acme",
        "OwnerId": row.owner, "CreatedDate": created, "LastModifiedDate": stamp, "SystemModstamp": stamp,
        "IsConverted": false, "IsDeleted": false,
    })
}

fn matches(row: &Row, soql: &str) -> bool {
    let moment = |after: &str| -> Option<DateTime<Utc>> {
        let rest = &soql.split_once(after)?.1;
        Some(rest.split([' ', ')']).next()?.parse().unwrap())
    };
    let in_walk = match (moment("((SystemModstamp = "), moment("SystemModstamp >= ")) {
        (Some(at), None) => {
            let id = soql.split_once("AND Id > '").unwrap().1.split('\'').next().unwrap();
            row.stamp > at || (row.stamp == at && row.id.as_str() > id)
        }
        (None, Some(at)) => row.stamp >= at,
        _ => panic!("a poll of an unknown shape: {soql}"),
    };
    in_walk && moment("CreatedDate >= ").is_none_or(|at| row.created >= at)
}
