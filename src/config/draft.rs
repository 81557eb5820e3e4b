//! A first config file, made from what a user answers: the documented example with their values in it.

use super::EXAMPLE;

/// What a user answered.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Who sits at this terminal.
    pub manager: String,
    /// The org's address.
    pub login_url: String,
    /// How to log in.
    pub login: Login,
    /// Queue for leads that need a person, by `DeveloperName`.
    pub manager_queue: String,
    /// Queue for technical failures, by `DeveloperName`.
    pub default_queue: String,
    /// Whether a manager's verdict is written to Salesforce.
    pub write_verdicts: bool,
}

/// How leadboard is to log in. Files hold what is secret; the config names them.
#[derive(Clone, Debug)]
pub enum Login {
    /// OAuth client credentials.
    ClientCredentials {
        /// Consumer key.
        client_id: String,
        /// File with the consumer secret; `None` if it will come from the environment.
        secret_file: Option<String>,
    },
    /// OAuth JWT bearer.
    Jwt {
        /// Consumer key.
        client_id: String,
        /// The user to act as.
        username: String,
        /// PEM file of the private key.
        private_key_file: String,
    },
}

/// The config file for these answers: every key with its explanation, those that were answered with the answer.
pub fn config_text(answers: &Answers) -> String {
    let mut values = vec![
        ("", "manager", text(&answers.manager)),
        ("salesforce", "login_url", text(&answers.login_url)),
        ("salesforce", "manager_queue", text(&answers.manager_queue)),
        ("salesforce", "default_queue", text(&answers.default_queue)),
        ("routing", "write_verdicts", answers.write_verdicts.to_string()),
    ];
    match &answers.login {
        Login::ClientCredentials { client_id, secret_file } => {
            values.push(("salesforce", "client_id", text(client_id)));
            values.extend(secret_file.iter().map(|file| ("salesforce", "client_secret_file", text(file))));
        }
        Login::Jwt { client_id, username, private_key_file } => {
            values.push(("salesforce", "auth", text("jwt")));
            values.push(("salesforce", "client_id", text(client_id)));
            values.push(("salesforce", "username", text(username)));
            values.push(("salesforce", "private_key_file", text(private_key_file)));
        }
    }
    let mut section = "";
    let mut out = String::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let key = line.trim_start_matches("# ").split_once(" = ").map(|(key, _)| key);
        let answer = values.iter().find(|(of, name, _)| *of == section && Some(*name) == key);
        match answer {
            Some((_, name, value)) => out.extend([*name, " = ", value.as_str()]),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// The org's API address, from what a user may paste: with or without `https://`, with a path, or the address of the
/// web pages, which answers no API.
pub fn api_address(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    if typed.starts_with("http://127.0.0.1") {
        return Ok(typed.trim_end_matches('/').to_owned());
    }
    let host = typed.strip_prefix("https://").unwrap_or(typed);
    if host.contains("://") {
        return Err("the address must start with https://".into());
    }
    let host = host.split(['/', '?', '#']).next().unwrap_or("").to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if host.is_empty() || !host.contains('.') || !host.chars().all(plain) {
        return Err("that is no address; it looks like https://acme.my.salesforce.com (Setup, My Domain)".into());
    }
    let host = match host.strip_suffix(".lightning.force.com") {
        Some(domain) => format!("{domain}.my.salesforce.com"),
        None => host,
    };
    Ok(format!("https://{host}"))
}

/// A text as a TOML value.
fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::config::salesforce::Auth;

    fn answers(login: Login) -> Answers {
        Answers {
            manager: "Dana \"D\" O'Neil\\".into(),
            login_url: "https://acme.my.salesforce.com".into(),
            login,
            manager_queue: "Sales_Ops".into(),
            default_queue: "Leadboard_Default".into(),
            write_verdicts: false,
        }
    }

    #[test]
    fn what_was_answered_is_in_the_file_and_the_file_is_accepted() {
        let login = Login::ClientCredentials { client_id: "3MVG".into(), secret_file: Some("/s/it's".into()) };
        let config = parse(&config_text(&answers(login)), "config.toml", &[]).unwrap();
        assert_eq!(config.manager.as_deref(), Some("Dana \"D\" O'Neil\\"));
        assert!(!config.routing.write_verdicts);
        let salesforce = config.salesforce.unwrap();
        assert_eq!(salesforce.manager_queue, "Sales_Ops");
        let Auth::ClientCredentials { client_id, client_secret } = salesforce.auth else { panic!("another login") };
        assert_eq!(client_id, "3MVG");
        assert_eq!(client_secret.unwrap().place(), "the file /s/it's");

        let (username, key) = ("u@acme.example".to_owned(), "/k.pem".to_owned());
        let login = Login::Jwt { client_id: "3MVG".into(), username, private_key_file: key };
        let salesforce = parse(&config_text(&answers(login)), "config.toml", &[]).unwrap().salesforce.unwrap();
        assert!(matches!(salesforce.auth, Auth::Jwt { username, .. } if username == "u@acme.example"));
    }

    #[test]
    fn addresses_are_taken_as_people_paste_them() {
        for (typed, address) in [
            ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
            (" https://Acme.my.salesforce.com/setup?x ", "https://acme.my.salesforce.com"),
            ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
            ("https://acme--uat.sandbox.lightning.force.com", "https://acme--uat.sandbox.my.salesforce.com"),
            ("http://127.0.0.1:8787/", "http://127.0.0.1:8787"),
        ] {
            assert_eq!(api_address(typed).as_deref(), Ok(address), "{typed}");
        }
        for wrong in ["", "acme", "http://acme.my.salesforce.com", "https://a b.com", "ftp://x.y"] {
            assert!(api_address(wrong).is_err(), "{wrong:?}");
        }
    }
}
