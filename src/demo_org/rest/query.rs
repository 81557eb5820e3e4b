//! Queries, page by page.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};

use super::super::fault::Fault;
use super::super::id::Id;
use super::super::knobs::Knob;
use super::super::soql::{Plan, parse};
use super::{Answer, Call, Session, columns};

/// Rows of a page unless the client asks for fewer.
const PAGE: usize = 2_000;
const SMALLEST_PAGE: usize = 200;
/// Most rows of a page that is short for no reason.
const SHORT_PAGE: usize = 60;
/// Cursors kept open; the oldest is closed first.
const MAX_OPEN: usize = 32;

/// Open cursors.
#[derive(Debug, Default)]
pub(crate) struct Locators {
    open: VecDeque<Locator>,
    made: u64,
}

#[derive(Debug)]
struct Locator {
    name: String,
    plan: Plan,
    found: Vec<Id>,
    page: usize,
}

impl Locators {
    fn keep(&mut self, plan: Plan, found: Vec<Id>, page: usize) -> String {
        self.made += 1;
        let name = Id::new("01g", self.made).to_string();
        if self.open.len() >= MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back(Locator { name: name.clone(), plan, found, page });
        name
    }
}

/// `GET /query?q=` and `/queryAll?q=`.
pub(super) fn start(session: &mut Session<'_, '_>, call: &Call, all: bool) -> Result<Answer, Fault> {
    call.only(&["GET"])?;
    let text = call.param("q").filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Fault::bad("MALFORMED_QUERY", "A query string has to be specified"))?;
    let org = session.tx.org();
    let query = parse(text)?;
    let plan = Plan::new(&query, org.schema())?;
    if call.param("columns") == Some("true") {
        return Ok(Answer::ok(columns::of(&query, &plan)));
    }
    let found = plan.run(org, all);
    if plan.selection.is_none() {
        return Ok(Answer::ok(json!({ "totalSize": found.len(), "done": true, "records": [] })));
    }
    let mut page = page_size(call)?;
    // The size is a hint to the org. A single row cannot be paged.
    if found.len() > 1 && session.tx.strikes(Knob::ShortPage) {
        page = 1 + session.tx.org().knobs.details(Knob::ShortPage).below((found.len() - 1).min(SHORT_PAGE));
    }
    if found.len() <= page {
        return Ok(Answer::ok(show_page(session, call, &plan, &found, 0, page, None)));
    }
    let name = session.locators.keep(plan, found, page);
    more(session, call, &format!("{name}-0"))
}

/// `GET /query/{locator}-{offset}`.
pub(super) fn more(session: &mut Session<'_, '_>, call: &Call, locator: &str) -> Result<Answer, Fault> {
    call.only(&["GET"])?;
    let unknown = || Fault::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
    let (name, offset) = locator.rsplit_once('-').ok_or_else(unknown)?;
    let offset: usize = offset.parse().map_err(|_| unknown())?;
    if offset > 0 && session.tx.strikes(Knob::DeadLocator) {
        session.locators.open.retain(|open| open.name != name);
    }
    let open = session.locators.open.iter().find(|open| open.name == name).ok_or_else(unknown)?;
    if offset >= open.found.len() {
        return Err(unknown());
    }
    Ok(Answer::ok(show_page(session, call, &open.plan, &open.found, offset, open.page, Some(name))))
}

fn show_page(
    session: &Session<'_, '_>,
    call: &Call,
    plan: &Plan,
    found: &[Id],
    offset: usize,
    page: usize,
    locator: Option<&str>,
) -> Json {
    let org = session.tx.org();
    let base = call.base();
    let end = found.len().min(offset + page);
    let records: Vec<Json> = found[offset..end]
        .iter()
        .filter_map(|id| Some(plan.selection.as_ref()?.show(org, plan.object, org.table(plan.object).get(*id)?, &base)))
        .collect();
    let mut answer = json!({ "totalSize": found.len(), "done": end == found.len(), "records": records });
    if let Some(name) = locator.filter(|_| end < found.len()) {
        answer["nextRecordsUrl"] = format!("{base}/query/{name}-{end}").into();
    }
    answer
}

/// `Sforce-Query-Options: batchSize=500`. What lies outside the allowed sizes is moved to the nearest.
fn page_size(call: &Call) -> Result<usize, Fault> {
    let Some(options) = call.header("sforce-query-options") else { return Ok(PAGE) };
    let wanted = options.split([',', ';']).find_map(|option| option.trim().strip_prefix("batchSize="));
    let Some(wanted) = wanted else { return Ok(PAGE) };
    let wanted: usize = wanted
        .trim()
        .parse()
        .map_err(|_| Fault::bad("INVALID_QUERY_OPTIONS", format!("batchSize is not a number: {wanted}")))?;
    Ok(wanted.clamp(SMALLEST_PAGE, PAGE))
}
