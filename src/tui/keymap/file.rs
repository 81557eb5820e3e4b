//! Keymap files.
//!
//! A file changes a keymap that comes with the program: what it says of an action in a place takes the place of what was
//! said there, and all else stays. It is refused as a whole, with the line, when anything in it is unknown, doubled or out
//! of reach: a key that silently does something else is worse than no key.

use std::collections::HashMap;

use strum::VariantArray;
use toml::de::{DeTable, DeValue};

use super::{Key, Keymap, Place, Scope};
use crate::tui::action::Action;

/// Keymaps that come with the program, by name.
const BUNDLED: [(&str, &str); 2] = [
    ("default", include_str!("../../../assets/keymaps/default.toml")),
    ("vim", include_str!("../../../assets/keymaps/vim.toml")),
];
/// The key of a file that names the keymap it changes.
const BASE: &str = "base";

/// Why a keymap is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct KeymapError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Where a binding stands: a line, or the keymap that the file changes.
type Lines = HashMap<(Scope, Key), Option<usize>>;

fn place_of(line: Option<usize>) -> String {
    line.map_or_else(|| "in the keymap that this file changes".to_owned(), |line| format!("line {line}"))
}

impl Keymap {
    /// The keymap that the program has without any file.
    pub fn bundled() -> Result<Self, KeymapError> {
        Self::parse(BUNDLED[0].1)
    }

    /// A keymap that comes with the program, if one is called so.
    pub fn named(name: &str) -> Option<Result<Self, KeymapError>> {
        let (name, text) = BUNDLED.iter().find(|(known, _)| *known == name)?;
        Some(if *name == BUNDLED[0].0 { Self::parse(text) } else { Self::read(text) })
    }

    /// The names of those that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUNDLED.iter().map(|(name, _)| *name)
    }

    /// Reads a file that changes a keymap: the one that `base` names, else the usual one.
    ///
    /// # Errors
    /// Whatever makes no sense, with its line.
    pub fn read(text: &str) -> Result<Self, KeymapError> {
        let map = Self::build(text, true)?;
        map.refuse_traps()?;
        Ok(map)
    }

    /// Reads and checks a keymap that stands for itself.
    pub(super) fn parse(text: &str) -> Result<Self, KeymapError> {
        Self::build(text, false)
    }

    fn build(text: &str, changes: bool) -> Result<Self, KeymapError> {
        let line_of = |offset: usize| text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        let refuse = |offset: usize, message: String| KeymapError { line: line_of(offset), message };
        let file = DeTable::parse(text)
            .map_err(|e| refuse(e.span().map_or(0, |s| s.start), format!("not valid TOML: {}", e.message())))?;
        let base = file.get_ref().iter().find(|(name, _)| changes && name.get_ref() == BASE);
        let mut map = match base {
            Some((at, name)) => name.get_ref().as_str().and_then(Self::named).ok_or_else(|| {
                let known: Vec<&str> = Self::names().collect();
                refuse(at.span().start, format!("base must be one of: {}", known.join(", ")))
            })??,
            None if changes => Self::bundled()?,
            None => Self { bindings: Vec::new(), lookup: HashMap::new() },
        };
        let mut lines: Lines = map.bindings.iter().map(|(scope, _, key)| ((*scope, *key), None)).collect();
        let mut said = Vec::new();
        for (scope_name, table) in file.get_ref().iter().filter(|(name, _)| !changes || name.get_ref() != BASE) {
            let at = scope_name.span().start;
            let scope: Scope = scope_name.get_ref().parse().map_err(|_| {
                let known: Vec<String> = Scope::VARIANTS.iter().map(ToString::to_string).collect();
                refuse(at, format!("no place is called [{}]; there are: {}", scope_name.get_ref(), known.join(", ")))
            })?;
            let DeValue::Table(table) = table.get_ref() else {
                return Err(refuse(at, format!("{scope} must be a table: [{scope}]")));
            };
            for (action_name, keys) in table {
                let at = action_name.span().start;
                let action: Action = action_name
                    .get_ref()
                    .parse()
                    .map_err(|()| refuse(at, format!("no action is called {}", action_name.get_ref())))?;
                let DeValue::Array(keys) = keys.get_ref() else {
                    return Err(refuse(at, format!("{} needs a list of keys", action_name.get_ref())));
                };
                for key_text in keys {
                    let at = key_text.span().start;
                    let key = key_text.get_ref().as_str().and_then(Key::parse).ok_or_else(|| {
                        refuse(at, "not the name of a key, for example a, ctrl-n, f2 or enter".into())
                    })?;
                    said.push((line_of(at), scope, action, key));
                }
                map.forget(scope, action, &mut lines);
            }
        }
        said.sort_by_key(|(line, ..)| *line);
        for (line, scope, action, key) in said {
            if let Some(other) = map.lookup.insert((scope, key), action) {
                let place = place_of(lines.get(&(scope, key)).copied().flatten());
                return Err(KeymapError {
                    line,
                    message: format!("{key} already means {} in [{scope}], {place}", other.name()),
                });
            }
            lines.insert((scope, key), Some(line));
            map.bindings.push((scope, action, key));
        }
        map.refuse_hidden(&lines)?;
        Ok(map)
    }

    fn forget(&mut self, scope: Scope, action: Action, lines: &mut Lines) {
        let (lookup, gone) = (&mut self.lookup, |s: &Scope, a: &Action| *s == scope && *a == action);
        self.bindings.retain(|(s, a, key)| {
            if gone(s, a) {
                lookup.remove(&(*s, *key));
                lines.remove(&(*s, *key));
            }
            !gone(s, a)
        });
    }

    /// A key that an inner scope takes away from an outer one could never be pressed.
    fn refuse_hidden(&self, lines: &Lines) -> Result<(), KeymapError> {
        for place in Place::VARIANTS {
            let scopes = place.scopes();
            for (depth, outer) in scopes.iter().enumerate() {
                for (_, action, key) in self.bindings.iter().filter(|(s, ..)| s == outer) {
                    if let Some(inner) = scopes.iter().take(depth).find(|s| self.lookup.contains_key(&(**s, *key))) {
                        let (outside, inside) = (lines[&(*outer, *key)], lines[&(*inner, *key)]);
                        return Err(KeymapError {
                            line: outside.or(inside).unwrap_or(1),
                            message: format!(
                                "{key} ({} in [{outer}]) can never be reached, because [{inner}] uses it too, {}",
                                action.name(),
                                place_of(inside)
                            ),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Nobody may be caught anywhere.
    fn refuse_traps(&self) -> Result<(), KeymapError> {
        let refuse = |message| Err(KeymapError { line: 1, message });
        for place in Place::VARIANTS {
            let inner = place.scopes()[0];
            for (action, scope) in [(Action::Back, inner), (Action::QuitNow, Scope::Global)] {
                if self.key_for(*place, action).is_none() {
                    return refuse(format!(
                        "no key is left for {} where [{inner}] holds: give it one in [{scope}]",
                        action.name()
                    ));
                }
            }
        }
        Ok(())
    }
}
