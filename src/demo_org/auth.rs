//! Logging in as a server: OAuth 2.0 client credentials, JWT bearer and refresh tokens, and what comes of it.

mod jwt;
mod refresh;

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::id::Id;
use super::rest::Params;
use super::stamp::Stamp;
pub(crate) use jwt::PublicKey;

/// A token that is younger than this does not expire by a fault.
const SEASONED_SECONDS: i64 = 2;

/// What a client has to know to log in. Kept in the journal, so that an org that is started again still knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// Opens `/demo/…`, in the header `X-Demo-Admin-Token`.
    pub admin_token: String,
}

impl Credentials {
    /// Fresh ones that nobody can guess.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn generate() -> Result<Self, ring::error::Unspecified> {
        Ok(Self { client_id: format!("3MVG9{}", secret(30)?), client_secret: secret(32)?, admin_token: secret(24)? })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

fn secret(bytes: usize) -> Result<String, ring::error::Unspecified> {
    let mut buffer = vec![0; bytes];
    SystemRandom::new().fill(&mut buffer)?;
    Ok(URL_SAFE_NO_PAD.encode(buffer))
}

/// Compares without telling by its time how much was right.
pub(super) fn same_secret(given: &str, real: &str) -> bool {
    let digest = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest(given).as_ref() == digest(real).as_ref()
}

/// Sessions that are open, by token.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    valid_until: HashMap<String, Stamp>,
    /// Refresh tokens, spent ones included.
    refresh: refresh::Grants,
}

impl Tokens {
    /// Whether a request with this `Authorization` may pass.
    pub(super) fn accept(&self, authorization: Option<&str>, now: Stamp) -> bool {
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| self.valid_until.get(token.trim())).is_some_and(|until| now < *until)
    }

    /// Whether the token is good and not quite new: none expires in the moment in which it is issued.
    pub(super) fn is_seasoned(&self, authorization: Option<&str>, lifetime_seconds: i64, now: Stamp) -> bool {
        let then = Stamp::from_seconds(now.seconds() + lifetime_seconds - SEASONED_SECONDS);
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let until = token.and_then(|token| self.valid_until.get(token.trim()));
        until.is_some_and(|until| now < *until && *until <= then)
    }

    /// A refresh token, as a person's authorisation of the app gives one.
    pub(super) fn authorise(&mut self) -> Result<String, OauthError> {
        self.refresh.grant()
    }

    /// Ends every session.
    pub(super) fn revoke_all(&mut self) {
        self.valid_until.clear();
    }
}

/// A refusal of the token endpoint: an object, unlike those of the data part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OauthError {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

impl OauthError {
    const fn new(error: &'static str, description: &'static str) -> Self {
        Self { status: 400, error, description }
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> Json {
        json!({ "error": self.error, "error_description": self.description })
    }
}

/// What the token endpoint knows.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) credentials: Credentials,
    pub(super) public_key: Option<PublicKey>,
    pub(super) username: &'static str,
    pub(super) url: String,
    pub(super) lifetime_seconds: i64,
    pub(super) org: Id,
    pub(super) user: Id,
}

impl Authority {
    /// Answers `POST /services/oauth2/token`.
    pub(super) fn log_in(
        &self,
        form: &Params,
        authorization: Option<&str>,
        tokens: &mut Tokens,
        now: Stamp,
    ) -> Result<Json, OauthError> {
        match form.get("grant_type") {
            Some("client_credentials") => self.check_client(form, authorization)?,
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                let assertion = form.get("assertion").unwrap_or_default();
                let key = self.public_key.as_ref();
                let key = key.ok_or(OauthError::new("invalid_grant", "user hasn't approved this consumer"))?;
                let expected =
                    jwt::Expected { issuer: &self.credentials.client_id, subject: self.username, url: &self.url };
                jwt::check(assertion, key, &expected, now)?;
            }
            Some("refresh_token") => {
                self.check_known_client(form, authorization)?;
                let new = tokens.refresh.spend(form.get("refresh_token").unwrap_or_default())?;
                let mut answer = self.issue(tokens, now)?;
                answer["refresh_token"] = new.into();
                answer["scope"] = "refresh_token api".into();
                return Ok(answer);
            }
            Some(_) => return Err(OauthError::new("unsupported_grant_type", "grant type not supported")),
            None => return Err(OauthError::new("invalid_request", "missing required parameter: grant_type")),
        }
        self.issue(tokens, now)
    }

    /// Client id and secret, as HTTP Basic or in the body: real clients do either.
    fn check_client(&self, form: &Params, authorization: Option<&str>) -> Result<(), OauthError> {
        let basic = authorization.and_then(|value| value.strip_prefix("Basic ")).and_then(basic_pair);
        let in_body = || Some((form.get("client_id")?.to_owned(), form.get("client_secret")?.to_owned()));
        let missing = OauthError::new("invalid_client_id", "client identifier invalid");
        let (id, secret) = basic.or_else(in_body).ok_or(missing)?;
        if id != self.credentials.client_id {
            return Err(OauthError::new("invalid_client_id", "client identifier invalid"));
        }
        if !same_secret(&secret, &self.credentials.client_secret) {
            return Err(OauthError::new("invalid_client", "invalid client credentials"));
        }
        Ok(())
    }

    /// Client id, and the secret if there is one: an app without one may refresh too.
    fn check_known_client(&self, form: &Params, authorization: Option<&str>) -> Result<(), OauthError> {
        if authorization.is_some() || form.get("client_secret").is_some() {
            return self.check_client(form, authorization);
        }
        match form.get("client_id") {
            Some(id) if id == self.credentials.client_id => Ok(()),
            _ => Err(OauthError::new("invalid_client_id", "client identifier invalid")),
        }
    }

    fn issue(&self, tokens: &mut Tokens, now: Stamp) -> Result<Json, OauthError> {
        let no_chance = |_| OauthError { status: 500, error: "server_error", description: "no randomness" };
        let short_org = self.org.as_str().get(..15).unwrap_or_default();
        let token = format!("{short_org}!{}", secret(48).map_err(no_chance)?);
        tokens.valid_until.retain(|_, until| now < *until);
        tokens.valid_until.insert(token.clone(), Stamp::from_seconds(now.seconds() + self.lifetime_seconds));
        let issued_at = (now.seconds() * 1_000).to_string();
        let identity = format!("{}/id/{}/{}", self.url, self.org, self.user);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.credentials.client_secret.as_bytes());
        let signature = STANDARD.encode(ring::hmac::sign(&key, format!("{identity}{issued_at}").as_bytes()));
        Ok(json!({
            "access_token": token,
            "instance_url": self.url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
            "signature": signature,
            "scope": "api",
        }))
    }

    /// Answers `GET /services/oauth2/userinfo`.
    pub(super) fn user_info(&self) -> Json {
        json!({
            "sub": format!("{}/id/{}/{}", self.url, self.org, self.user),
            "user_id": self.user,
            "organization_id": self.org,
            "preferred_username": self.username,
            "name": "Leadboard Integration",
            "email": self.username,
            "active": true,
            "user_type": "CLOUD_INTEGRATION_USER",
            "urls": {
                "rest": format!("{}/services/data/v{{version}}/", self.url),
                "query": format!("{}/services/data/v{{version}}/query/", self.url),
                "sobjects": format!("{}/services/data/v{{version}}/sobjects/", self.url),
            },
        })
    }
}

fn basic_pair(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
