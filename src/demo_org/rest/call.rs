//! Requests and answers, apart from the HTTP library, so that a composite can make them too.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::super::fault::Fault;

/// Query parameters in order, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=2`, with `%41` and `+` decoded.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        Self(pairs.collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Percent-decodes; bytes that are no UTF-8 become replacement characters.
fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|byte| (*byte as char).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) if plus_is_space => decoded.push(b' '),
            (byte, ..) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What kind of call it is, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum CallKind {
    Query,
    QueryMore,
    Composite,
    Create,
    Read,
    Update,
    Delete,
    Updated,
    Describe,
    Limits,
    Bulk,
    Other,
}

/// One request for data.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: String,
    version: String,
    path: Vec<String>,
    params: Params,
    headers: BTreeMap<String, String>,
    body: Option<Json>,
}

impl Call {
    /// A request for `/services/data/{version}/{path}`; `path` is still encoded, header names are in lower case.
    pub(crate) fn new(
        method: &str,
        version: &str,
        path: &str,
        params: Params,
        headers: BTreeMap<String, String>,
        body: Option<Json>,
    ) -> Self {
        let mut path: Vec<String> = path.split('/').map(|segment| decode(segment, false)).collect();
        path.retain(|segment| !segment.is_empty());
        Self { method: method.to_owned(), version: version.to_owned(), path, params, headers, body }
    }

    /// The HTTP method.
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// The path below the version.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The path up to the version.
    pub(crate) fn base(&self) -> String {
        format!("/services/data/{}", self.version)
    }

    /// The version as it stands in the path.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as the object it must be.
    pub(crate) fn object(&self) -> Result<&Map<String, Json>, Fault> {
        let message = "Unexpected end of file or wrong type in the request body: an object is expected";
        self.body.as_ref().and_then(Json::as_object).ok_or_else(|| Fault::bad("JSON_PARSER_ERROR", message))
    }

    /// The body as CSV, if that is what it is.
    pub(crate) fn csv(&self) -> Option<&str> {
        self.body.as_ref().and_then(Json::as_str)
    }

    /// Refuses other methods.
    pub(crate) fn only(&self, allowed: &[&str]) -> Result<(), Fault> {
        if allowed.contains(&self.method.as_str()) { Ok(()) } else { Err(self.wrong_method(allowed)) }
    }

    /// The refusal of this call's method.
    pub(crate) fn wrong_method(&self, allowed: &[&str]) -> Fault {
        Fault::method(&self.method, &allowed.join(","))
    }

    /// What kind of call it is.
    pub(crate) fn kind(&self) -> CallKind {
        match (self.method.as_str(), self.segments().as_slice()) {
            (_, ["query" | "queryAll"]) => CallKind::Query,
            (_, ["query" | "queryAll", _]) => CallKind::QueryMore,
            (_, ["composite", ..]) => CallKind::Composite,
            (_, ["limits"]) => CallKind::Limits,
            (_, ["jobs", ..]) => CallKind::Bulk,
            (_, ["sobjects", _, "describe"] | ["sobjects"]) => CallKind::Describe,
            (_, ["sobjects", _, "updated" | "deleted"]) => CallKind::Updated,
            ("GET", ["sobjects", _, _, ..]) => CallKind::Read,
            ("POST", ["sobjects", _]) => CallKind::Create,
            ("PATCH", ["sobjects", ..]) => CallKind::Update,
            ("DELETE", ["sobjects", ..]) => CallKind::Delete,
            _ => CallKind::Other,
        }
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Further headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON body; without one the answer is empty. Beside a `content-type` of its own a text goes out as it is.
    pub(crate) body: Option<Json>,
}

impl Answer {
    /// 200 with a body.
    pub(crate) const fn ok(body: Json) -> Self {
        Self { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// A status alone.
    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// Whether the request was refused.
    pub(crate) const fn refused(&self) -> bool {
        self.status >= 400
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status, headers: Vec::new(), body: Some(fault.body()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_space_are_read() {
        let params = Params::parse("q=SELECT+Id%20FROM%20Lead&x&y=%2B1%zz");
        assert_eq!(params.get("q"), Some("SELECT Id FROM Lead"));
        assert_eq!(params.get("x"), Some(""));
        assert_eq!(params.get("y"), Some("+1%zz"));
        assert_eq!(params.get("z"), None);
    }
}
