//! `[salesforce]`: which org, how to log in, and which of its fields mean what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// How to reach and read one Salesforce org.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salesforce {
    /// Where to log in: the My Domain address of the org, for example `https://acme.my.salesforce.com`.
    pub login_url: String,
    /// How to log in.
    #[serde(flatten)]
    pub auth: Auth,
    /// REST API version.
    #[serde(default = "defaults::api_version")]
    pub api_version: String,
    /// Seconds between two polls for changed leads.
    #[serde(default = "defaults::poll_seconds")]
    pub poll_seconds: f64,
    /// Seconds read again before the cursor, because a long transaction shows its rows late.
    #[serde(default = "defaults::overlap_seconds")]
    pub overlap_seconds: u32,
    /// `DeveloperName` of the queue for leads that need a person.
    #[serde(default = "defaults::manager_queue")]
    pub manager_queue: String,
    /// `DeveloperName` of the queue for technical failures.
    #[serde(default = "defaults::default_queue")]
    pub default_queue: String,
    /// Take only leads created at or after this; by default those created after the first start.
    pub since: Option<chrono::DateTime<chrono::Utc>>,
    /// User field by which the training history knows reps: `Id` when history is pulled from the org, else the field
    /// that holds what the imported file calls them (`Name`, `Alias`, `Username` …).
    #[serde(default = "defaults::rep_key")]
    pub rep_key: String,
    /// User field that holds a rep's territory; empty if there is none.
    #[serde(default = "defaults::territory")]
    pub rep_territory: String,
    /// Which Lead fields are which facts.
    #[serde(default)]
    pub fields: Fields,
}

/// How a server logs in to Salesforce.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "auth", rename_all = "snake_case")]
pub enum Auth {
    /// OAuth client credentials (needs a "Run As" user on the app, and the My Domain address).
    ClientCredentials {
        /// Consumer key.
        client_id: String,
        /// Consumer secret; normally from `LEADBOARD_SALESFORCE_CLIENT_SECRET`.
        client_secret: Option<SecretString>,
        /// Or a file that only its owner can read.
        client_secret_file: Option<PathBuf>,
    },
    /// OAuth JWT bearer.
    Jwt {
        /// Consumer key.
        client_id: String,
        /// The user to act as.
        username: String,
        /// PEM file of the RSA private key (PKCS#8 or PKCS#1); only its owner may read it.
        private_key_file: PathBuf,
        /// `aud` claim; by default the login address.
        audience: Option<String>,
    },
}

/// Lead fields by the fact they hold. An empty name means that the org has no such field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// Source.
    pub source: String,
    /// Industry.
    pub industry: String,
    /// Product asked about.
    pub product: String,
    /// Sales territory.
    pub territory: String,
    /// Country.
    pub country: String,
    /// Annual revenue.
    pub annual_revenue: String,
    /// Number of employees.
    pub employees: String,
    /// Expected amount.
    pub amount: String,
    /// Further numeric facts: name in the model to Lead field.
    pub numeric: BTreeMap<String, String>,
    /// Further categorical facts: name in the model to Lead field.
    pub categorical: BTreeMap<String, String>,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            source: "LeadSource".into(),
            industry: "Industry".into(),
            product: "Product_Interest__c".into(),
            territory: "Territory__c".into(),
            country: "Country".into(),
            annual_revenue: "AnnualRevenue".into(),
            employees: "NumberOfEmployees".into(),
            amount: "Expected_Amount__c".into(),
            numeric: BTreeMap::new(),
            categorical: BTreeMap::new(),
        }
    }
}

mod defaults {
    pub(super) fn api_version() -> String {
        "v66.0".into()
    }
    pub(super) const fn poll_seconds() -> f64 {
        15.0
    }
    pub(super) const fn overlap_seconds() -> u32 {
        600
    }
    pub(super) fn manager_queue() -> String {
        "Leadboard_Manager".into()
    }
    pub(super) fn default_queue() -> String {
        "Leadboard_Default".into()
    }
    pub(super) fn rep_key() -> String {
        "Id".into()
    }
    pub(super) fn territory() -> String {
        "Territory__c".into()
    }
}
