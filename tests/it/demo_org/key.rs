//! The published test key, and assertions signed with it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value as Json, json};

pub(super) fn private_pem() -> &'static str {
    include_str!("../fixtures/test-only-rsa-key.pem")
}

pub(super) fn public_pem() -> String {
    let der = STANDARD.encode(include_bytes!("../fixtures/test-only-rsa-key.public.der"));
    format!("-----BEGIN RSA PUBLIC KEY-----\n{der}\n-----END RSA PUBLIC KEY-----\n")
}

/// A signed JWT with these claims.
pub(super) fn assertion(algorithm: &str, claims: &Json) -> String {
    let lines = private_pem().lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let der = STANDARD.decode(lines.take_while(|line| !line.starts_with('-')).collect::<String>()).unwrap();
    let key = RsaKeyPair::from_pkcs8(&der).unwrap();
    let encode = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", encode(&json!({ "alg": algorithm })), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
