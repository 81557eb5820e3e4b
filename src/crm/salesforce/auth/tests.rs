use std::path::{Path, PathBuf};

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// A copy of a fixture with these permissions; the repository cannot keep them.
#[cfg(unix)]
fn private_copy(dir: &tempfile::TempDir, name: &str, mode: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.path().join(name);
    std::fs::copy(fixture(name), &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn an_assertion_is_signed_by_the_key_and_says_what_salesforce_wants() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["test-only-rsa-key.pem", "test-only-rsa-key.pkcs1.pem"] {
        let key = secret_file::rsa_key(&private_copy(&dir, name, 0o600)).unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let token = assertion(&key, "consumer", "ada@acme.test", "https://login.salesforce.com", now).unwrap();

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = std::fs::read(fixture("test-only-rsa-key.public.der")).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let json = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(json(header), serde_json::json!({"alg": "RS256"}));
        assert_eq!(
            json(claims),
            serde_json::json!({"iss": "consumer", "sub": "ada@acme.test", "aud": "https://login.salesforce.com",
                "exp": 1_800_000_180})
        );
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused_with_the_cure() {
    let dir = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o660, 0o777] {
        let path = private_copy(&dir, "test-only-rsa-key.pem", mode);
        let fault = secret_file::rsa_key(&path).err().unwrap();
        assert_eq!(fault.class, Class::Configuration);
        assert!(fault.message.contains("chmod 600"), "{}", fault.message);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_org_is_the_last_but_one_segment_of_the_identity() {
    let org = |id: &str| org_of_identity(id).map(|org| org.to_string());
    assert_eq!(
        org("https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P").as_deref(),
        Some("00Dx0000000BV7zEAG")
    );
    assert_eq!(org("https://login.salesforce.com/id/005x00000012Q9PEAI/00D"), None);
    assert_eq!(org(""), None);
}

#[test]
fn refusals_of_the_login_name_the_cure_and_are_final() {
    for (body, cure) in [
        (r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#, "approve the app"),
        (r#"{"error":"invalid_grant","error_description":"no client credentials user enabled"}"#, "Run As"),
        (r#"{"error":"invalid_grant","error_description":"request not supported on this domain"}"#, "My Domain"),
        (r#"{"error":"invalid_client_id","error_description":"client identifier invalid"}"#, "client_id"),
        (r#"{"error":"inactive_user","error_description":"user is inactive"}"#, "inactive"),
    ] {
        let fault = login_fault(400, body.as_bytes());
        assert_eq!(fault.class, Class::Credentials, "{body}");
        assert!(fault.message.contains(cure), "{}", fault.message);
    }
    assert_eq!(login_fault(503, b"<html>").class, Class::Transient);
    assert_eq!(login_fault(404, b"<html>").class, Class::Configuration);
    let rate = br#"{"error":"invalid_grant","error_description":"login rate exceeded"}"#;
    assert!(matches!(login_fault(403, rate).class, Class::Quota { .. }));
}
