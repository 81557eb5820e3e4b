//! Logging in as a server: OAuth client credentials, JWT bearer (RFC 7523) or a refresh token, and the one session all
//! calls share.
//!
//! Salesforce names no lifetime for these tokens, so a session is good until a call answers 401. Then the session is
//! renewed once for all who wait for it; whether a caller may ask again is the caller's business ([`super::client`]).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::address;
use super::errors::{Class, Fault};
use super::http;
use super::ids;
use super::wire::{OauthError, Token, UserInfo};
use crate::app::ports::Clock;
use crate::config::salesforce as config;
use crate::domain::ids::OrgId;

mod secret_file;
mod token_file;

use token_file::TokenFile;

/// How long an assertion may be used, in seconds: Salesforce takes at most three minutes.
const ASSERTION_SECONDS: i64 = 180;
/// Largest answer of the token endpoint that is read.
const MAX_TOKEN_BODY: usize = 64 * 1024;
/// Wait when the token endpoint says that we log in too often.
const LOGIN_RATE_WAIT_SECONDS: u64 = 60;

/// How long a refusal of our credentials stands: only a person can cure it, and asking again and again floods the token
/// endpoint.
const REFUSED_FOR: Duration = Duration::from_mins(5);

/// A login that worked.
pub(super) struct Session {
    /// Goes into `Authorization`, nowhere else.
    pub token: SecretString,
    /// Base of every data call; the login address is not used for them.
    pub instance: Url,
    /// The org that answered.
    pub org: OrgId,
    /// The user we act as, where the login says it.
    pub user: Option<String>,
    /// Counts logins, so that a caller can say which session failed it.
    generation: u64,
}

/// How we prove who we are, with all secrets loaded.
enum Flow {
    ClientCredentials { client_id: String, secret: SecretString },
    Jwt { client_id: String, username: String, audience: String, key: Box<RsaKeyPair> },
    Refresh { client_id: String, secret: Option<SecretString>, file: TokenFile },
}

impl Flow {
    /// Something that changes when a person has mended the credentials.
    fn mark(&self) -> Option<SecretString> {
        match self {
            Self::Refresh { file, .. } => file.peek(),
            _ => None,
        }
    }
}

/// Credentials that were refused.
struct Refusal {
    fault: Fault,
    until: Instant,
    mark: Option<SecretString>,
}

impl Refusal {
    fn stands(&self, mark: Option<&SecretString>) -> bool {
        let shown = |mark: Option<&SecretString>| mark.map(|m| m.expose_secret().to_owned());
        Instant::now() < self.until && shown(self.mark.as_ref()) == shown(mark)
    }
}

/// What is shared behind the lock.
#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    /// How the last login failed, if it did; shared with everybody who waited for it.
    failure: Option<Fault>,
    /// A refusal that stands for a while.
    refusal: Option<Refusal>,
}

/// Holder of the session. Cheap to make; nothing is sent before [`Auth::session`].
pub(super) struct Auth {
    login: Url,
    flow: Flow,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Finished logins, failed ones included; read before waiting to know whether somebody logged in meanwhile.
    logins: AtomicU64,
}

impl Auth {
    /// Loads the secrets that the configuration names.
    pub(super) fn new(
        config: &config::Salesforce,
        login: Url,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let flow = match &config.auth {
            config::Auth::ClientCredentials { client_id, client_secret } => {
                address::check_my_domain(&login)?;
                let secret = client_secret.as_ref().ok_or_else(|| {
                    Fault::new(
                        Class::Configuration,
                        "client credentials need a secret: set LEADBOARD_SALESFORCE_CLIENT_SECRET, client_secret_file or \
                         client_secret_command",
                    )
                })?;
                Flow::ClientCredentials { client_id: client_id.clone(), secret: secret_file::secret(secret)? }
            }
            config::Auth::RefreshToken { client_id, client_secret, refresh_token_file } => {
                let secret = client_secret.as_ref().map(secret_file::secret).transpose()?;
                Flow::Refresh { client_id: client_id.clone(), secret, file: TokenFile::new(refresh_token_file)? }
            }
            config::Auth::Jwt { client_id, username, private_key_file, audience } => Flow::Jwt {
                client_id: client_id.clone(),
                username: username.clone(),
                audience: audience.clone().unwrap_or_else(|| login.as_str().trim_end_matches('/').to_owned()),
                key: Box::new(secret_file::rsa_key(private_key_file)?),
            },
        };
        Ok(Self { login, flow, http, clock, state: Mutex::default(), logins: AtomicU64::new(0) })
    }

    /// The session; logs in if there is none yet.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        self.session_after(0).await
    }

    /// A session newer than the one that was refused. However many callers were refused at once, one login is made.
    pub(super) async fn renew(&self, refused: &Session) -> Result<Arc<Session>, Fault> {
        self.session_after(refused.generation).await
    }

    async fn session_after(&self, generation: u64) -> Result<Arc<Session>, Fault> {
        let logins_before = self.logins.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(session) = state.session.as_ref().filter(|s| s.generation > generation) {
            return Ok(Arc::clone(session));
        }
        // Someone tried while we waited, and failed: their failure is ours too. Trying again for each caller that
        // waits would flood the token endpoint.
        if self.logins.load(Ordering::Acquire) != logins_before
            && let Some(fault) = &state.failure
        {
            return Err(fault.clone());
        }
        let mark = self.flow.mark();
        if let Some(refusal) = state.refusal.as_ref().filter(|refusal| refusal.stands(mark.as_ref())) {
            return Err(refusal.fault.clone());
        }
        let attempt = self.logins.load(Ordering::Acquire) + 1;
        let result = self.log_in(attempt, state.session.as_deref()).await;
        self.logins.store(attempt, Ordering::Release);
        match result {
            Ok(session) => {
                let session = Arc::new(session);
                state.failure = None;
                state.refusal = None;
                state.session = Some(Arc::clone(&session));
                tracing::info!(org.id = %session.org, login.attempt = attempt, "logged in to Salesforce");
                Ok(session)
            }
            Err(fault) => {
                state.failure = Some(fault.clone());
                if fault.class == Class::Credentials {
                    let until = Instant::now() + REFUSED_FOR;
                    state.refusal = Some(Refusal { fault: fault.clone(), until, mark });
                }
                Err(fault)
            }
        }
    }

    async fn log_in(&self, generation: u64, before: Option<&Session>) -> Result<Session, Fault> {
        let address = address::join(&self.login, "/services/oauth2/token")?;
        let held = match &self.flow {
            Flow::Refresh { file, .. } => Some(file.hold().await?),
            _ => None,
        };
        let used = held.as_ref().map(token_file::Held::token).transpose()?;
        let request = match &self.flow {
            Flow::Refresh { client_id, secret, .. } => {
                let token = used.as_ref().map_or("", |token| token.expose_secret());
                let mut form =
                    vec![("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client_id)];
                form.extend(secret.as_ref().map(|secret| ("client_secret", secret.expose_secret())));
                self.http.post(address).form(&form)
            }
            Flow::ClientCredentials { client_id, secret } => self.http.post(address).form(&[
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret.expose_secret()),
            ]),
            Flow::Jwt { client_id, username, audience, key } => {
                let assertion = assertion(key, client_id, username, audience, self.clock.now())?;
                self.http
                    .post(address)
                    .form(&[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)])
            }
        };
        let answer = http::send(request, MAX_TOKEN_BODY).await.map_err(|e| Fault::new(Class::Transient, e.message))?;
        if answer.status != 200 {
            let fault = login_fault(answer.status, &answer.body);
            return Err(match &self.flow {
                Flow::Refresh { file, .. } => spent(fault, file.path()),
                _ => fault,
            });
        }
        // The parse error is not repeated: it could quote the token.
        let token: Token = serde_json::from_slice(&answer.body).map_err(|_| {
            Fault::new(Class::Protocol, "the token endpoint answered 200 with something that is not a token")
        })?;
        // First of all, because the token that was used is spent by now.
        if let (Some(held), Some(new)) = (&held, &token.next_refresh)
            && used.as_ref().is_none_or(|used| used.expose_secret() != new.expose_secret())
        {
            held.replace(new)?;
        }
        drop(held);
        let instance = address::instance(&token.instance_url, &self.login)?;
        let org = match token.id.as_deref().and_then(org_of_identity) {
            Some(org) => org,
            None => self.org_by_userinfo(&instance, &token.secret).await?,
        };
        if let Some(before) = before.filter(|b| b.org != org) {
            return Err(Fault::new(
                Class::Credentials,
                format!("the login now leads to org {org}, but this program works for org {}", before.org),
            ));
        }
        let user = token.id.as_deref().and_then(user_of_identity);
        Ok(Session { token: token.secret, instance, org, user, generation })
    }

    /// The org id for answers without a usable identity address.
    async fn org_by_userinfo(&self, instance: &Url, token: &SecretString) -> Result<OrgId, Fault> {
        let address = address::join(instance, "/services/oauth2/userinfo")?;
        let request = self.http.get(address).bearer_auth(token.expose_secret());
        let answer = http::send(request, MAX_TOKEN_BODY).await.map_err(|e| Fault::new(Class::Transient, e.message))?;
        serde_json::from_slice::<UserInfo>(&answer.body)
            .ok()
            .filter(|_| answer.status == 200)
            .and_then(|info| ids::normalise(&info.organization_id))
            .map(OrgId::new)
            .ok_or_else(|| Fault::new(Class::Protocol, "neither the login nor userinfo names the org"))
    }
}

/// A refused refresh token, with what a person has to do about it.
fn spent(fault: Fault, file: &Path) -> Fault {
    if fault.class != Class::Credentials || !fault.message.starts_with("invalid_grant") {
        return fault;
    }
    Fault::new(
        Class::Credentials,
        format!(
            "{}: the refresh token is spent, expired or revoked; authorise leadboard in the org once more and put the new \
             token into {}",
            fault.message.split(" (").next().unwrap_or_default(),
            file.display()
        ),
    )
}

/// The org id in `https://login.salesforce.com/id/{org}/{user}`.
fn org_of_identity(identity: &str) -> Option<OrgId> {
    let mut segments = identity.rsplit('/');
    let _user = segments.next()?;
    ids::normalise(segments.next()?).filter(|id| id.starts_with("00D")).map(OrgId::new)
}

/// The user id in the same address.
fn user_of_identity(identity: &str) -> Option<String> {
    ids::normalise(identity.rsplit('/').next()?).filter(|id| id.starts_with("005"))
}

/// A signed RS256 JWT that asks for a token (RFC 7523 section 3, with the claims Salesforce wants).
fn assertion(
    key: &RsaKeyPair,
    client_id: &str,
    username: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<String, Fault> {
    let claims = serde_json::json!({
        "iss": client_id,
        "sub": username,
        "aud": audience,
        "exp": now.timestamp() + ASSERTION_SECONDS,
    });
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"RS256"}"#);
    let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .map_err(|_| Fault::new(Class::Configuration, "the private key cannot sign"))?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

/// What a refusal of the token endpoint means. Nothing here is worth repeating unless Salesforce itself failed.
fn login_fault(status: u16, body: &[u8]) -> Fault {
    let Ok(OauthError { error, error_description }) = serde_json::from_slice(body) else {
        return match status {
            408 | 420 | 500..=599 => Fault::new(Class::Transient, format!("the login answered HTTP {status}")),
            429 => login_rate("HTTP 429"),
            300..=399 | 404 => Fault::new(
                Class::Configuration,
                format!("login_url has no token endpoint (HTTP {status}); it must be the org's My Domain address"),
            ),
            _ => Fault::new(Class::Protocol, format!("the login answered HTTP {status} without a reason")),
        };
    };
    let said = if error_description.is_empty() { error.clone() } else { format!("{error}: {error_description}") };
    if status == 429 || error_description.contains("login rate exceeded") {
        return login_rate(&said);
    }
    if status >= 500 || error_description.contains("retry your request") {
        return Fault::new(Class::Transient, said);
    }
    let advice = match (error.as_str(), error_description.as_str()) {
        (_, d) if d.contains("user hasn't approved") => {
            "approve the app for this user in advance (permitted users: admin approved, and give them its permission set)"
        }
        (_, d) if d.contains("no client credentials user enabled") => "set a Run As user on the app",
        (_, d) if d.contains("not supported on this domain") => "set login_url to the org's My Domain address",
        ("invalid_client_id", _) => "check client_id; a new app takes up to ten minutes to be known",
        ("invalid_client", _) => "check the client secret",
        ("invalid_app_access", _) => "the user is not approved for the app",
        ("inactive_user", _) => "the user is inactive",
        ("unsupported_grant_type", _) => "enable this OAuth flow on the app",
        _ => "check the app, the user and, for JWT, the certificate and this machine's clock",
    };
    Fault::new(Class::Credentials, format!("{said} ({advice})"))
}

fn login_rate(said: &str) -> Fault {
    Fault::new(Class::Quota { wait_seconds: LOGIN_RATE_WAIT_SECONDS }, format!("too many logins: {said}"))
}

#[cfg(test)]
mod tests;
