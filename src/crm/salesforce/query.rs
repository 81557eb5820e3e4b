//! SOQL, built only from checked names and escaped values, and the pages it brings.
//!
//! The REST query API has no bind parameters, so nothing here accepts ready-made text: a name is an [`Api`] path that
//! was checked character by character, a value is a [`Value`] that writes itself.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::client::{Client, Reply, Target};
use super::dates;
use super::errors::{Class, Fault};
use super::wire::QueryPage;

/// The API name of a field or object, or a path to a parent's field such as `ConvertedOpportunity.IsWon`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Api(String);

/// Longest path SOQL follows from child to parent.
const MAX_PATH: usize = 6;
/// Longest name in a path: 40 characters, a namespace and a suffix.
const MAX_NAME: usize = 80;

impl Api {
    /// Checks a name from the configuration; `None` if it cannot be an API name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let names: Vec<&str> = name.split('.').collect();
        let ok = names.len() <= MAX_PATH
            && names.iter().all(|n| {
                n.len() <= MAX_NAME
                    && n.starts_with(|c: char| c.is_ascii_alphabetic())
                    && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            });
        ok.then(|| Self(name.to_owned()))
    }

    /// A name known when this was written.
    pub(super) fn known(name: &'static str) -> Self {
        debug_assert!(Self::parse(name).is_some(), "{name} is no API name");
        Self(name.to_owned())
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value in a condition.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text, quoted and escaped.
    Text(String),
    /// A moment, unquoted as SOQL wants it.
    At(DateTime<Utc>),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&literal(text)),
            Self::At(at) => f.write_str(&dates::write(*at)),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// A quoted SOQL string. The one place where text becomes part of a query.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            // No record can contain them, and no parser need be trusted with them.
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A quoted pattern of `LIKE`: what may come before, the text as it stands, and anything after it.
fn pattern(before: &str, text: &str) -> String {
    let text = literal(text).replace('%', "\\%").replace('_', "\\_");
    let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    format!("'{before}{inside}%'")
}

/// One condition of a `WHERE`.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The field equals the value.
    Eq(Api, Value),
    /// The field does not equal the value.
    NotEq(Api, Value),
    /// The field is one of these texts.
    Among(Api, Vec<String>),
    /// The field is the value or more.
    AtLeast(Api, Value),
    /// The field is more than the value.
    Above(Api, Value),
    /// The field is less than the value.
    Below(Api, Value),
    /// The text begins with this one, whatever the case.
    Begins(Api, String),
    /// The text has this one in it, whatever the case.
    Holds(Api, String),
    /// One of these holds. There is at least one.
    Any(Vec<Self>),
    /// After this row in the order of `(stamp, Id)`; rows that share a stamp are told apart by their id.
    After { stamp: Api, at: DateTime<Utc>, id: String },
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eq(field, value) => write!(f, "{} = {value}", field.0),
            Self::NotEq(field, value) => write!(f, "{} != {value}", field.0),
            Self::Among(field, texts) => {
                let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
                write!(f, "{} IN ({})", field.0, texts.join(", "))
            }
            Self::AtLeast(field, value) => write!(f, "{} >= {value}", field.0),
            Self::Above(field, value) => write!(f, "{} > {value}", field.0),
            Self::Below(field, value) => write!(f, "{} < {value}", field.0),
            Self::Begins(field, text) => write!(f, "{} LIKE {}", field.0, pattern("", text)),
            Self::Holds(field, text) => write!(f, "{} LIKE {}", field.0, pattern("%", text)),
            Self::Any(conditions) => {
                let conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                write!(f, "({})", conditions.join(" OR "))
            }
            Self::After { stamp, at, id } => {
                let (stamp, at, id) = (&stamp.0, dates::write(*at), literal(id));
                write!(f, "(({stamp} = {at} AND Id > {id}) OR {stamp} > {at})")
            }
        }
    }
}

/// Rows of a page unless fewer are asked for.
pub(super) const LARGEST_PAGE: u32 = 2_000;
/// The fewest that can be asked for.
pub(super) const SMALLEST_PAGE: u32 = 200;

/// A `SELECT`.
#[derive(Clone, Debug)]
pub(super) struct Select {
    /// Fields, each once; Salesforce refuses a field selected twice. Without any, rows are counted.
    fields: Vec<Api>,
    from: Api,
    conditions: Vec<Condition>,
    order: Vec<Api>,
    limit: Option<u32>,
    page: u32,
}

impl Select {
    /// Selects fields of an object; repeated names (in any case) are taken once.
    pub(super) fn new(fields: impl IntoIterator<Item = Api>, from: &'static str) -> Self {
        let mut once: Vec<Api> = Vec::new();
        for field in fields {
            if !once.iter().any(|f| f.0.eq_ignore_ascii_case(&field.0)) {
                once.push(field);
            }
        }
        Self {
            fields: once,
            from: Api::known(from),
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            page: LARGEST_PAGE,
        }
    }

    /// Counts the rows of an object.
    pub(super) fn count(from: &'static str) -> Self {
        Self::new([], from)
    }

    /// Adds a condition; all must hold.
    pub(super) fn filter(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Adds a condition if there is one.
    pub(super) fn filter_some(mut self, condition: Option<Condition>) -> Self {
        self.conditions.extend(condition);
        self
    }

    /// The query as it stands in the address of a composite's step: spaces as `+`, the rest percent-encoded.
    pub(super) fn encoded(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte);
        let encode = |byte| match byte {
            b' ' => "+".to_owned(),
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        self.to_string().bytes().map(encode).collect()
    }

    /// At most so many rows.
    pub(super) fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Pages of at most so many rows. No part of the query itself.
    pub(super) const fn pages_of(mut self, rows: u32) -> Self {
        self.page = rows;
        self
    }

    /// Orders the rows, ascending.
    pub(super) fn order(mut self, by: impl IntoIterator<Item = Api>) -> Self {
        self.order = by.into_iter().collect();
        self
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |fields: &[Api]| fields.iter().map(Api::as_str).collect::<Vec<_>>().join(", ");
        let selected = if self.fields.is_empty() { "COUNT()".to_owned() } else { names(&self.fields) };
        write!(f, "SELECT {selected} FROM {}", self.from.0)?;
        for (i, condition) in self.conditions.iter().enumerate() {
            write!(f, " {} {condition}", if i == 0 { "WHERE" } else { "AND" })?;
        }
        if !self.order.is_empty() {
            write!(f, " ORDER BY {}", names(&self.order))?;
        }
        if let Some(rows) = self.limit {
            write!(f, " LIMIT {rows}")?;
        }
        Ok(())
    }
}

/// Whether rows in the recycle bin are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Living rows.
    Living,
    /// Deleted and merged-away rows too (`queryAll`).
    All,
}

/// One page of rows. A page may be shorter than asked for; only `next` tells whether it was the last.
pub(super) struct Page {
    /// The rows, as received.
    pub rows: Vec<Box<RawValue>>,
    /// The locator of the next page; `None` at the end.
    pub next: Option<String>,
    /// Rows of the whole query.
    pub total: u64,
    /// The org's clock at the answer.
    pub date: Option<DateTime<Utc>>,
}

impl Client {
    /// Starts a query.
    pub(super) async fn query(&self, select: &Select, rows: Rows) -> Result<Page, Fault> {
        let resource = match rows {
            Rows::Living => "query",
            Rows::All => "queryAll",
        };
        let soql = select.to_string();
        let target = Target::Data { path: &[resource], query: &[("q", &soql)] };
        Ok(page_of(self.read_in_pages(target, select.page).await?))
    }

    /// The page behind a locator.
    pub(super) async fn next_page(&self, locator: &str) -> Result<Page, Fault> {
        Ok(page_of(self.read(Target::Locator(locator)).await?))
    }

    /// How many rows match.
    pub(super) async fn count(&self, select: &Select, rows: Rows) -> Result<u64, Fault> {
        Ok(self.query(select, rows).await?.total)
    }

    /// Every living row of a small query (users, queues).
    pub(super) async fn query_all_rows(&self, select: &Select) -> Result<Vec<Box<RawValue>>, Fault> {
        self.query_rows(select, Rows::Living).await
    }

    /// Every row of a small query. Starts over once when its locator dies on the way.
    pub(super) async fn query_rows(&self, select: &Select, wanted: Rows) -> Result<Vec<Box<RawValue>>, Fault> {
        let mut restarted = false;
        'start: loop {
            let mut page = self.query(select, wanted).await?;
            let mut rows = std::mem::take(&mut page.rows);
            while let Some(next) = &page.next {
                page = match self.next_page(next).await {
                    Err(fault) if fault.class == Class::LocatorExpired && !restarted => {
                        restarted = true;
                        continue 'start;
                    }
                    answer => answer?,
                };
                rows.append(&mut page.rows);
            }
            return Ok(rows);
        }
    }
}

fn page_of(answer: Reply<QueryPage>) -> Page {
    let page = answer.value;
    Page {
        rows: page.records,
        next: if page.done { None } else { page.next_records_url },
        total: page.total_size,
        date: answer.date,
    }
}

#[cfg(test)]
mod tests;
