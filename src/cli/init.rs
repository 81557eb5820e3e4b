//! `leadboard init`: asks what it needs, and writes a first config.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::out::Out;
use super::{CliError, CliResult};
use crate::config;
use crate::config::draft::{Answers, Login, api_address, config_text};
use crate::config::paths::{self, create_private};
use crate::tui::hidden;

/// Asks, writes, and reads back what it wrote.
pub(super) fn run(file: Option<&Path>, out: Out) -> CliResult {
    let file = file
        .map(Path::to_owned)
        .or_else(paths::default_config_file)
        .ok_or_else(|| CliError::Usage("this user has no home directory; name the config file with --config".into()))?;
    let secret = file.with_file_name("client_secret");
    if file.exists() {
        let message = "is there already, and is left as it is; name another with --config, or move it away first";
        return Err(CliError::Failed(format!("{} {message}", file.display())));
    }
    let talk = Talk { out, terminal: io::stdin().is_terminal() };
    talk.say(
        "This writes a config for one Salesforce org. Enter takes what stands in brackets; Ctrl-C writes nothing.",
    );
    let (answers, secret_text) = ask(&talk, &secret)?;
    write_private(&file, &config_text(&answers))?;
    if let Some(text) = &secret_text {
        write_private(&secret, text)?;
    }
    // Nothing is said to be good that was not read.
    config::load(Some(&file))?;
    out.result(&json!({ "config": file, "secret_file": secret_text.as_ref().map(|_| &secret) }), || {
        let default = paths::default_config_file().as_ref() == Some(&file);
        let named = if default { String::new() } else { format!(" --config {}", file.display()) };
        let mut lines = vec![String::new(), format!("Written: {}", file.display())];
        lines.extend(secret_text.is_some().then(|| format!("Written: {} (only you can read it)", secret.display())));
        lines.push(String::new());
        lines.push("Next:".to_owned());
        for (command, what) in [
            ("doctor", "what the org still needs, and how to give it"),
            ("history pull", "read closed deals"),
            ("history audit", "are they good enough to learn from?"),
            ("model train --promote", "learn"),
            ("", "open the dashboard"),
        ] {
            lines.push(format!("  {:<40} {what}", format!("leadboard{named} {command}").trim_end()));
        }
        lines
    });
    Ok(())
}

/// All questions. The secret comes apart: it goes into a file of its own.
fn ask(talk: &Talk, secret: &Path) -> Result<(Answers, Option<String>), CliError> {
    talk.say("The org's My Domain address, as in Setup under My Domain:");
    let login_url = talk.ask("address", None, api_address)?;
    talk.say(
        "How leadboard logs in: 1, client credentials (an external client app with a user to run as), or 2, JWT bearer (a \
         certificate; no secret in the org). If unsure, 1.",
    );
    let jwt = talk.ask("1 or 2", Some("1"), |typed| match typed {
        "1" => Ok(false),
        "2" => Ok(true),
        _ => Err("answer 1 or 2".into()),
    })?;
    let client_id = talk.ask("consumer key of the app", None, some)?;
    let mut secret_text = None;
    let login = if jwt {
        let username = talk.ask("user to act as (their Salesforce username)", None, some)?;
        let private_key_file = talk.ask("file of the private key (PEM)", None, key_file)?;
        Login::Jwt { client_id, username, private_key_file }
    } else {
        talk.say(&format!(
            "The consumer secret goes into {}, which only you can read. Leave it empty to give it in the environment, as \
             LEADBOARD_SALESFORCE_CLIENT_SECRET.",
            secret.display()
        ));
        if secret.exists() {
            let message = "is there already, and is left as it is; move it away first";
            return Err(CliError::Failed(format!("{} {message}", secret.display())));
        }
        let typed = talk.ask_secret("consumer secret (not shown)")?;
        secret_text = Some(typed).filter(|text| !text.is_empty());
        let secret_file = secret_text.as_ref().map(|_| std::path::absolute(secret)).transpose();
        let secret_file = secret_file.map_err(CliError::failed)?.map(|path| path.display().to_string());
        Login::ClientCredentials { client_id, secret_file }
    };
    talk.say("The two queues of assets/salesforce, or queues of your own, by DeveloperName:");
    let manager_queue = talk.ask("queue for leads that need a person", Some("Leadboard_Manager"), some)?;
    let default_queue = talk.ask("queue for technical failures", Some("Leadboard_Default"), some)?;
    talk.say(
        "leadboard starts in shadow mode: it does nothing by itself. Shall it write your own verdicts to Salesforce, or \
         only record them?",
    );
    let write_verdicts = talk.ask("write verdicts: yes or no", Some("yes"), |typed| match typed {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("answer yes or no".into()),
    })?;
    let user = config::user_name();
    let manager = talk.ask("your name, as it stands beside your verdicts", Some(&user), some)?;
    Ok((Answers { manager, login_url, login, manager_queue, default_queue, write_verdicts }, secret_text))
}

/// A conversation over standard input. The questions go to standard error, so that `--json` stays one value.
struct Talk {
    out: Out,
    terminal: bool,
}

impl Talk {
    fn say(&self, text: &str) {
        self.out.question("");
        for line in super::out::wrap(text) {
            self.out.question(&line);
        }
    }

    /// Asks until the answer can be used; at the end of the input, and where nobody is there to ask again, it fails.
    fn ask<T>(
        &self,
        what: &str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CliError> {
        loop {
            self.out.prompt(&match default {
                Some(default) => format!("{what} [{default}]: "),
                None => format!("{what}: "),
            });
            let typed = line(what)?;
            let answer = if typed.is_empty() { default.unwrap_or("") } else { &typed };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(why) if self.terminal => self.out.question(&format!("  {why}")),
                Err(why) => return Err(CliError::Usage(format!("{what}: {why}"))),
            }
        }
    }

    fn ask_secret(&self, what: &str) -> Result<String, CliError> {
        if !self.terminal {
            return line(what);
        }
        let typed = hidden::ask(|| self.out.prompt(&format!("{what}: ")));
        self.out.question("");
        typed.map(|typed| typed.trim().to_owned()).map_err(CliError::failed)
    }
}

/// A line of standard input, without the blanks around it.
fn line(what: &str) -> Result<String, CliError> {
    let mut typed = String::new();
    let read = io::stdin().lock().read_line(&mut typed).map_err(CliError::failed)?;
    if read == 0 {
        return Err(CliError::Usage(format!("the input ended before the question \"{what}\"; nothing was written")));
    }
    Ok(typed.trim().to_owned())
}

/// Any answer but none.
fn some(typed: &str) -> Result<String, String> {
    if typed.is_empty() { Err("this is needed".into()) } else { Ok(typed.to_owned()) }
}

/// A file that is there, by its whole path: leadboard may be started elsewhere.
fn key_file(typed: &str) -> Result<String, String> {
    let path = PathBuf::from(some(typed)?);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if !text.contains("PRIVATE KEY") {
        return Err(format!("{} holds no private key in PEM form", path.display()));
    }
    std::path::absolute(&path).map(|path| path.display().to_string()).map_err(|error| error.to_string())
}

/// Writes a new file for its owner only; makes the directory if need be, and never replaces anything.
fn write_private(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::Failed(format!("cannot write {}: {error}", path.display()));
    let mut file = create_private(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
