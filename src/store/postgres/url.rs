//! The URL of a database, as connection options.

use std::net::IpAddr;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::app::ports::StoreError;

/// Options of a URL. `sslmode` is as the URL says; else a host other than this machine must prove who it is.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(refused("it must begin with postgres://"));
    }
    // The parser's words may quote what it could not parse, and that may be the password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| refused("write it as postgres://user:password@host:5432/database; in a password, write % as %25, @ as %40, : as %3A, / as %2F"))?;
    if options.get_database().is_none() {
        return Err(refused("it names no database (…/leadboard)"));
    }
    let said = url.split_once('?').is_some_and(|(_, query)| {
        query.split('&').any(|pair| matches!(pair.split('=').next(), Some("sslmode" | "ssl-mode")))
    });
    let local = options.get_socket().is_some() || is_local(options.get_host());
    let options = if said || local { options } else { options.ssl_mode(PgSslMode::VerifyFull) };
    Ok(options.application_name("leadboard"))
}

/// Whether a host is this machine.
fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.starts_with('/') || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refused(why: &str) -> StoreError {
    StoreError::Database(format!("database_url cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", options(url).unwrap().get_ssl_mode())
    }

    #[test]
    fn another_machine_must_prove_who_it_is_unless_the_url_says_otherwise() {
        assert_eq!(mode("postgres://u:p@db.example/leads"), "VerifyFull");
        assert_eq!(mode("postgres://u:p@10.0.0.7:5433/leads?application_name=x"), "VerifyFull");
        assert_eq!(mode("postgres://u:p@db.example/leads?sslmode=require"), "Require");
        for here in ["localhost", "127.0.0.1", "[::1]", "127.1.2.3"] {
            assert_eq!(mode(&format!("postgres://u:p@{here}/leads")), "Prefer");
        }
        assert_eq!(mode("postgres:///leads?host=/run/postgresql"), "Prefer");
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_told() {
        for url in ["mysql://u:geheim@h/d", "postgres://u:ge heim%zz@h:port/d", "postgres://u:geheim@h"] {
            let refused = options(url).unwrap_err().to_string();
            assert!(refused.contains("database_url cannot be used"), "{refused}");
            assert!(!refused.contains("geheim") && !refused.contains("heim"), "{refused}");
        }
    }
}
