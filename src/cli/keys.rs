//! `leadboard keys`: which key does what on the screen.

use std::path::Path;

use serde::Serialize;
use strum::VariantArray;

use super::out::{Out, table};
use super::{CliError, CliResult};
use crate::config::Config;
use crate::tui::keymap::{Keymap, Scope};

/// The keymap of who asks for none.
pub(super) const USUAL: &str = "default";

/// One action in one place.
#[derive(Serialize)]
struct Entry {
    place: String,
    action: String,
    keys: Vec<String>,
    does: String,
}

pub(super) fn run(wanted: Option<&str>, config: &Config, out: Out) -> CliResult {
    let map = keymap(wanted.unwrap_or(&config.ui.keymap))?;
    let entries: Vec<Entry> = map
        .actions(Scope::VARIANTS)
        .into_iter()
        .map(|(scope, action, keys)| Entry {
            place: scope.to_string(),
            action: action.name(),
            keys,
            does: action.describe(),
        })
        .collect();
    out.result(&entries, || {
        let row =
            |entry: &Entry| vec![entry.keys.join(", "), entry.place.clone(), entry.action.clone(), entry.does.clone()];
        table(&["keys", "place", "action", "does"], &entries.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

/// The keymap of this name, or in this file.
pub(super) fn keymap(wanted: &str) -> Result<Keymap, CliError> {
    if let Some(bundled) = Keymap::named(wanted) {
        return bundled.map_err(CliError::failed);
    }
    let path = Path::new(wanted);
    let names: Vec<&str> = Keymap::names().collect();
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::Usage(format!(
            "keymap {}: {error}; name a file that changes a keymap, or one that comes with leadboard: {}",
            path.display(),
            names.join(", ")
        ))
    })?;
    Keymap::read(&text).map_err(|error| CliError::Usage(format!("keymap {}, {error}", path.display())))
}
