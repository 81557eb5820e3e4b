//! Checking the assertion of a JWT bearer login (RFC 7523): RS256, and the claims that Salesforce asks for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

use super::super::stamp::Stamp;
use super::OauthError;

/// `exp` may be at most so far ahead. The documentation says three minutes; clients that send five are seen to work.
const LONGEST_SECONDS: i64 = 300;
const AUDIENCES: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

/// An RSA public key, as DER of PKCS#1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads PEM: `PUBLIC KEY` (as openssl writes it) or `RSA PUBLIC KEY`.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        let mut lines = pem.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN "));
        let kind = lines.next()?;
        let body: String = lines.take_while(|line| !line.starts_with("-----END ")).collect();
        let der = STANDARD.decode(body).ok()?;
        match kind {
            "-----BEGIN RSA PUBLIC KEY-----" => Some(Self(der)),
            "-----BEGIN PUBLIC KEY-----" => pkcs1_inside(&der).map(|inside| Self(inside.to_vec())),
            _ => None,
        }
    }
}

/// The key inside a SubjectPublicKeyInfo (RFC 5280, 4.1): a sequence of the algorithm and a bit string.
fn pkcs1_inside(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    let (info, _) = element(der, SEQUENCE)?;
    let (_algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte counts unused bits; there are none.
    bits.strip_prefix(&[0])
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
        (bytes.iter().fold(0_usize, |n, byte| (n << 8) | usize::from(*byte)), rest)
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

/// What the claims must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    pub(super) url: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: Seconds,
}

/// A number, or the same in quotes, as simple-salesforce sends it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    fn value(&self) -> Option<f64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// Checks signature first, then claims.
pub(super) fn check(assertion: &str, key: &PublicKey, expected: &Expected<'_>, now: Stamp) -> Result<(), OauthError> {
    let invalid = OauthError::new("invalid_grant", "invalid assertion");
    let (signed, claims) = verified(assertion, key).ok_or(invalid)?;
    let Some(expires) = claims.exp.value().filter(|_| signed.alg == "RS256") else {
        return Err(OauthError::new("invalid_grant", "invalid assertion"));
    };
    let audience = claims.aud.trim_end_matches('/');
    let refused = if claims.iss != expected.issuer {
        OauthError::new("invalid_client_id", "client identifier invalid")
    } else if claims.sub != expected.subject {
        OauthError::new("invalid_grant", "user hasn't approved this consumer")
    } else if !AUDIENCES.contains(&audience) && audience != expected.url {
        OauthError::new("invalid_grant", "audience is invalid")
    } else if expires <= now.seconds() as f64 {
        OauthError::new("invalid_grant", "assertion is expired")
    } else if expires > (now.seconds() + LONGEST_SECONDS) as f64 {
        OauthError::new("invalid_grant", "expiration is too far in the future")
    } else {
        return Ok(());
    };
    Err(refused)
}

fn verified(assertion: &str, key: &PublicKey) -> Option<(Header, Claims)> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let public_key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.0);
    public_key.verify(message.as_bytes(), &decode(signature)?).ok()?;
    Some((serde_json::from_slice(&decode(header)?).ok()?, serde_json::from_slice(&decode(claims)?).ok()?))
}
