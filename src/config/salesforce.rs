//! `[salesforce]`: which org, how to log in, and which of its fields mean what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

mod pubsub;

use super::secret::{Keys, Secret};
pub use pubsub::PubSub;

/// How to reach and read one Salesforce org.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Salesforce {
    /// Where to log in: the My Domain address of the org, for example `https://acme.my.salesforce.com`.
    pub login_url: String,
    /// How to log in.
    pub auth: Auth,
    /// REST API version.
    pub api_version: String,
    /// Seconds between two polls for changed leads.
    pub poll_seconds: f64,
    /// Seconds read again before the cursor, because a long transaction shows its rows late.
    pub overlap_seconds: u32,
    /// Share of the API allocation from which on reading slows down.
    pub slow_at: f64,
    /// Share of the API allocation from which on nothing but writes is sent.
    pub writes_only_at: f64,
    /// More closed deals than this are pulled by Bulk API 2.0.
    pub bulk_above: u32,
    /// `DeveloperName` of the queue for leads that need a person.
    pub manager_queue: String,
    /// `DeveloperName` of the queue for technical failures.
    pub default_queue: String,
    /// Take only leads created at or after this; by default those created after the first start.
    pub since: Option<chrono::DateTime<chrono::Utc>>,
    /// User field by which the training history knows reps: `Id` when history is pulled from the org, else the field
    /// that holds what the imported file calls them (`Name`, `Alias`, `Username` …).
    pub rep_key: String,
    /// User field that holds a rep's territory; empty if there is none.
    pub rep_territory: String,
    /// User field that says that a rep is away: a checkbox, or the date or date-time until when. Empty if there is none.
    pub rep_out_of_office: String,
    /// Whether accounts are looked up by the company of a lead, so that routing knows who owns them.
    pub accounts: bool,
    /// Which Lead fields are which facts.
    pub fields: Fields,
    /// The org's change events.
    pub pubsub: PubSub,
}

/// How a server logs in to Salesforce.
#[derive(Clone, Debug)]
pub enum Auth {
    /// OAuth client credentials (needs a "Run As" user on the app, and the My Domain address).
    ClientCredentials {
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: Option<Secret>,
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
    /// OAuth refresh token, for an app that a person authorised once.
    RefreshToken {
        /// Consumer key.
        client_id: String,
        /// Consumer secret, if the app asks for one.
        client_secret: Option<Secret>,
        /// File that holds the refresh token; only its owner may read it. It is replaced whenever the org hands out a
        /// new one, so its folder must be writable.
        refresh_token_file: PathBuf,
    },
}

impl Auth {
    /// Every secret of it, by its key.
    pub fn secrets(&self) -> Vec<(&'static str, Secret)> {
        let client = |secret: &Option<Secret>| secret.clone().map(|secret| ("salesforce.client_secret", secret));
        match self {
            Self::ClientCredentials { client_secret, .. } => client(client_secret).into_iter().collect(),
            Self::Jwt { private_key_file, .. } => {
                vec![("salesforce.private_key_file", Secret::File(private_key_file.clone()))]
            }
            Self::RefreshToken { client_secret, refresh_token_file, .. } => {
                let token = ("salesforce.refresh_token_file", Secret::File(refresh_token_file.clone()));
                client(client_secret).into_iter().chain([token]).collect()
            }
        }
    }
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
    /// E-mail address of the person. This and the three that follow are for routing, never for a model; where the org hides
    /// one from us, we do without.
    pub email: String,
    /// Web site of the company.
    pub website: String,
    /// What the person wrote in the form.
    pub text: String,
    /// The person's language.
    pub language: String,
    /// Where a rep writes why they give a lead back. Read and cleared; never for a model either.
    pub returned: String,
    /// Status of the lead. Read only if `disqualified` names a value.
    pub status: String,
    /// Values of the status that say that it is no lead at all, so that whoever was given it is credited.
    pub disqualified: Vec<String>,
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
            email: "Email".into(),
            website: "Website".into(),
            text: "Description".into(),
            language: String::new(),
            returned: "AI_Return_Reason__c".into(),
            status: "Status".into(),
            disqualified: Vec::new(),
            numeric: BTreeMap::new(),
            categorical: BTreeMap::new(),
        }
    }
}

/// The section as it stands in the file: flat, so that an unknown key is refused with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    login_url: String,
    #[serde(default)]
    auth: AuthKind,
    client_id: String,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
    client_secret_command: Option<Vec<String>>,
    client_secret_keyring: Option<String>,
    username: Option<String>,
    private_key_file: Option<PathBuf>,
    audience: Option<String>,
    refresh_token_file: Option<PathBuf>,
    #[serde(default = "defaults::api_version")]
    api_version: String,
    #[serde(default = "defaults::poll_seconds")]
    poll_seconds: f64,
    #[serde(default = "defaults::overlap_seconds")]
    overlap_seconds: u32,
    #[serde(default = "defaults::slow_at")]
    slow_at: f64,
    #[serde(default = "defaults::writes_only_at")]
    writes_only_at: f64,
    #[serde(default = "defaults::bulk_above")]
    bulk_above: u32,
    #[serde(default = "defaults::manager_queue")]
    manager_queue: String,
    #[serde(default = "defaults::default_queue")]
    default_queue: String,
    since: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default = "defaults::rep_key")]
    rep_key: String,
    #[serde(default = "defaults::territory")]
    rep_territory: String,
    #[serde(default)]
    rep_out_of_office: String,
    #[serde(default)]
    accounts: bool,
    #[serde(default)]
    fields: Fields,
    #[serde(default)]
    pubsub: PubSub,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum AuthKind {
    #[default]
    ClientCredentials,
    Jwt,
    RefreshToken,
}

impl TryFrom<Raw> for Salesforce {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let keys = [
            ("username", AuthKind::Jwt, raw.username.is_some()),
            ("private_key_file", AuthKind::Jwt, raw.private_key_file.is_some()),
            ("audience", AuthKind::Jwt, raw.audience.is_some()),
            ("refresh_token_file", AuthKind::RefreshToken, raw.refresh_token_file.is_some()),
        ];
        if let Some((key, kind, _)) = keys.into_iter().find(|(_, kind, set)| *set && *kind != raw.auth) {
            return Err(format!("salesforce.{key} is only used with auth = \"{kind}\"; set that, or remove it"));
        }
        let secret = Keys {
            text: raw.client_secret,
            file: raw.client_secret_file,
            command: raw.client_secret_command,
            keyring: raw.client_secret_keyring,
        };
        let client_secret = secret.secret("salesforce.client_secret")?;
        let auth = match raw.auth {
            AuthKind::ClientCredentials => Auth::ClientCredentials { client_id: raw.client_id, client_secret },
            AuthKind::RefreshToken => Auth::RefreshToken {
                client_id: raw.client_id,
                client_secret,
                refresh_token_file: raw.refresh_token_file.ok_or(
                    "auth = \"refresh_token\" needs salesforce.refresh_token_file, the file that holds the token",
                )?,
            },
            AuthKind::Jwt => Auth::Jwt {
                client_id: raw.client_id,
                username: raw.username.ok_or("auth = \"jwt\" needs salesforce.username, the user to act as")?,
                private_key_file: raw
                    .private_key_file
                    .ok_or("auth = \"jwt\" needs salesforce.private_key_file, the PEM file of the app's private key")?,
                audience: raw.audience,
            },
        };
        if !(raw.poll_seconds.is_finite() && (0.1..=3600.0).contains(&raw.poll_seconds)) {
            return Err(format!("salesforce.poll_seconds is {}; it must be between 0.1 and 3600", raw.poll_seconds));
        }
        raw.pubsub.check(&raw.login_url)?;
        let shares = 0.0 < raw.slow_at && raw.slow_at <= raw.writes_only_at && raw.writes_only_at <= 1.0;
        if !shares {
            return Err(format!(
                "salesforce.slow_at is {} and salesforce.writes_only_at is {}; they are shares of the API allocation, \
                 more than 0, at most 1, and slow_at not above writes_only_at",
                raw.slow_at, raw.writes_only_at
            ));
        }
        Ok(Self {
            login_url: raw.login_url,
            auth,
            api_version: raw.api_version,
            poll_seconds: raw.poll_seconds,
            overlap_seconds: raw.overlap_seconds,
            slow_at: raw.slow_at,
            writes_only_at: raw.writes_only_at,
            bulk_above: raw.bulk_above,
            manager_queue: raw.manager_queue,
            default_queue: raw.default_queue,
            since: raw.since,
            rep_key: raw.rep_key,
            rep_territory: raw.rep_territory,
            rep_out_of_office: raw.rep_out_of_office,
            accounts: raw.accounts,
            fields: raw.fields,
            pubsub: raw.pubsub,
        })
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
    pub(super) const fn slow_at() -> f64 {
        0.7
    }
    pub(super) const fn writes_only_at() -> f64 {
        0.9
    }
    pub(super) const fn bulk_above() -> u32 {
        2_000
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

#[cfg(test)]
mod tests {
    use super::*;

    fn section(more: &str) -> Result<Salesforce, String> {
        toml::from_str(&format!("login_url = 'https://a'\nclient_id = 'x'\n{more}")).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn each_way_to_log_in_has_its_own_keys() {
        let refresh = section("auth = 'refresh_token'\nrefresh_token_file = '/x/token'").unwrap();
        assert!(matches!(refresh.auth, Auth::RefreshToken { client_secret: None, .. }));
        for (text, word) in [
            ("auth = 'refresh_token'", "needs salesforce.refresh_token_file"),
            ("refresh_token_file = '/x'", "only used with auth = \"refresh_token\""),
            ("auth = 'refresh_token'\nrefresh_token_file = '/x'\nusername = 'y'", "only used with auth = \"jwt\""),
            ("audience = 'https://login.salesforce.com'", "only used with auth = \"jwt\""),
            ("auth = 'password'", "password"),
        ] {
            let error = section(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn the_shares_of_the_allocation_are_shares_in_their_order() {
        let bare = section("").unwrap();
        assert_eq!((bare.slow_at, bare.writes_only_at, bare.bulk_above), (0.7, 0.9, 2_000));
        assert!(section("slow_at = 0.5\nwrites_only_at = 0.5").is_ok());
        for text in ["slow_at = 0.95", "writes_only_at = 90", "slow_at = 0", "slow_at = nan", "writes_only_at = 0.6"] {
            assert!(section(text).unwrap_err().contains("salesforce.slow_at"), "{text}");
        }
    }
}
