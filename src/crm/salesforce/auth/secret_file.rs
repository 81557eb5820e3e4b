//! Secrets as logging in needs them.

use std::path::Path;

use ring::signature::RsaKeyPair;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

use crate::config::secret::{self, Secret, SecretError};
use crate::crm::salesforce::errors::{Class, Fault};

/// A secret, from wherever it is.
pub(super) fn secret(secret: &Secret) -> Result<SecretString, Fault> {
    secret.read().map_err(fault)
}

/// A secret that is the whole text of a private file.
pub(super) fn text(path: &Path) -> Result<SecretString, Fault> {
    secret::file_text(path).map_err(fault)
}

/// An RSA private key in a PEM file, PKCS#8 or PKCS#1.
pub(super) fn rsa_key(path: &Path) -> Result<RsaKeyPair, Fault> {
    let pem = secret::file_bytes(path).map_err(fault)?;
    let refused = |why: &str| Fault::new(Class::Configuration, format!("the secret file {} {why}", path.display()));
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(refused("holds no RSA private key in PEM form (PKCS#8 or PKCS#1, not encrypted)")),
    }
    // ring says in a few words what is wrong (too small, inconsistent); it never quotes the key.
    .map_err(|rejected| refused(&format!("holds an RSA key that cannot be used: {rejected}")))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err(fault)`")]
fn fault(error: SecretError) -> Fault {
    Fault::new(Class::Configuration, error.to_string())
}
