//! What is on the wire, as serde types. They stay inside the adapter and are converted at once.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Answer of the token endpoint. There is no `expires_in`: a token is good until a 401 says otherwise.
#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(rename = "access_token")]
    pub secret: SecretString,
    pub instance_url: String,
    /// A new refresh token, in an org that rotates them; the one that was used is spent then.
    #[serde(rename = "refresh_token")]
    pub next_refresh: Option<SecretString>,
    /// `https://login.salesforce.com/id/{org id}/{user id}`.
    pub id: Option<String>,
}

/// Answer of `GET /services/oauth2/userinfo`, of which only this is needed.
#[derive(Deserialize)]
pub(super) struct UserInfo {
    pub organization_id: String,
}

/// Error of the token endpoint: an object, unlike every other error.
#[derive(Deserialize)]
pub(super) struct OauthError {
    pub error: String,
    #[serde(default)]
    pub error_description: String,
}

/// One error of a data call. Resources say `errorCode`, collections `statusCode`.
#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    #[serde(alias = "statusCode")]
    #[serde(rename = "errorCode")]
    pub code: String,
    #[serde(default)]
    pub message: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub fields: Vec<String>,
}

/// One result of an sObject Collections call, which reports failure under HTTP 200.
#[derive(Deserialize)]
pub(super) struct CollectionResult {
    #[serde(default)]
    pub errors: Vec<ApiError>,
}

/// One version of `GET /services/data`.
#[derive(Deserialize)]
pub(super) struct ApiVersion {
    pub version: String,
}

/// One page of a query. Records stay unparsed: the text as received is kept beside our reading.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryPage {
    #[serde(default)]
    pub total_size: u64,
    #[serde(default)]
    pub done: bool,
    pub next_records_url: Option<String>,
    pub records: Vec<Box<RawValue>>,
}

/// `GET /sobjects/{object}/updated`, of which only the date is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Updated {
    pub latest_date_covered: String,
}

/// A bulk job.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub id: String,
    pub state: JobState,
    pub error_message: Option<String>,
}

/// The states of a bulk job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum JobState {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
    /// One of next year.
    #[serde(other)]
    Other,
}

/// `POST /composite`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Composite {
    pub all_or_none: bool,
    /// Must be false: the default may merge and reorder subrequests.
    pub collate_subrequests: bool,
    #[serde(rename = "compositeRequest")]
    pub steps: Vec<Subrequest>,
}

/// One step of a composite. It inherits no `Sforce-*` header from the outer request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subrequest {
    pub method: &'static str,
    pub url: String,
    pub reference_id: &'static str,
    pub http_headers: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Answer of a composite: HTTP 200 also when everything was rolled back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompositeAnswer {
    pub composite_response: Vec<Subresponse>,
}

/// How one step of a composite ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subresponse {
    #[serde(default)]
    pub body: Value,
    pub http_status_code: u16,
    pub reference_id: String,
}

fn null_as_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(from)?.unwrap_or_default())
}
