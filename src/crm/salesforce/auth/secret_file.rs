//! Secrets in files that nobody but their owner may read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ring::signature::RsaKeyPair;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::crm::salesforce::errors::{Class, Fault};

/// Largest secret file that is read: a PEM of a 16,384-bit key fits several times.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret that is the whole text of a file, without the line break at its end.
pub(super) fn text(path: &Path) -> Result<SecretString, Fault> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| refused(path, "is not UTF-8 text"))?.trim();
    if text.is_empty() {
        return Err(refused(path, "is empty"));
    }
    Ok(SecretString::from(text))
}

/// An RSA private key in a PEM file, PKCS#8 or PKCS#1.
pub(super) fn rsa_key(path: &Path) -> Result<RsaKeyPair, Fault> {
    let pem = read(path)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(refused(path, "holds no RSA private key in PEM form (PKCS#8 or PKCS#1, not encrypted)")),
    }
    // ring says in a few words what is wrong (too small, inconsistent); it never quotes the key.
    .map_err(|rejected| refused(path, &format!("holds an RSA key that cannot be used: {rejected}")))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let file = File::open(path).map_err(|e| refused(path, &format!("cannot be read: {e}")))?;
    check_private(&file, path)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| refused(path, &format!("cannot be read: {e}")))?;
    Ok(bytes)
}

/// Refuses a file that its group or others may read, as ssh does. The open file is asked, not the path, so that the
/// two cannot be exchanged in between.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|e| refused(path, &format!("cannot be read: {e}")))?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        Ok(())
    } else {
        Err(refused(path, &format!("is open to others (mode {:03o}); run: chmod 600 {}", mode & 0o777, path.display())))
    }
}

#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), Fault> {
    Ok(())
}

fn refused(path: &Path, why: &str) -> Fault {
    Fault::new(Class::Configuration, format!("the secret file {} {why}", path.display()))
}
