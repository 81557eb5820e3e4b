//! `leadboard config`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::CliResult;
use super::args::Config as Action;
use super::keys::keymap;
use super::out::Out;
use crate::config;

pub(super) fn run(action: &Action, file: Option<&Path>, out: Out) -> CliResult {
    match action {
        Action::Example => out.verbatim(config::EXAMPLE),
        Action::Check => {
            let config = config::load(file)?;
            keymap(&config.ui.keymap)?;
            let org = config.salesforce.as_ref().map(|s| s.login_url.clone());
            let secrets: BTreeMap<&str, String> =
                config.secrets().iter().map(|(key, secret)| (*key, config.place_of(key, secret))).collect();
            let phase = config.routing.phase.to_string();
            out.result(&json!({"ok": true, "org": org, "phase": phase, "secrets": secrets}), || {
                let mut lines = vec![match &org {
                    Some(org) => format!("The config can be used: {org}, phase {}.", config.routing.phase),
                    None => "The config can be used, but it names no [salesforce] org.".to_owned(),
                }];
                lines.extend(secrets.iter().map(|(key, place)| format!("{key} comes from {place}.")));
                lines
            });
        }
        Action::Show => {
            let config = config::load(file)?;
            out.result(&config.set, || config.set.iter().map(|(key, value)| format!("{key} = {value}")).collect());
        }
    }
    Ok(())
}
