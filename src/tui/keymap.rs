//! Keys to actions, from one table that also feeds the footer and the help, so that they cannot disagree.

mod file;

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;

pub use file::KeymapError;

/// A table of a keymap file.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, strum::EnumString, strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// Where a lead is under the cursor.
    Judge,
    /// The queue screen alone.
    Queue,
    /// The lead screen alone.
    Lead,
    /// The disagreements screen alone.
    Disagreements,
    /// A group of disagreements alone.
    Group,
    /// The sync screen alone.
    Sync,
    /// The model screen alone.
    Model,
    /// The reps screen alone.
    Reps,
    /// The SLA screen alone.
    Sla,
    /// The trace screen alone.
    Trace,
    /// The rollout screen alone.
    Rollout,
    /// The feedback screen alone.
    Feedback,
    /// The handoff screen alone.
    Handoff,
    /// The digest screen alone.
    Digest,
    /// Moving in any list.
    List,
    /// Any screen, while nothing lies over it.
    Screen,
    /// Everywhere.
    Global,
    /// Choosing by a letter.
    Menu,
    /// Finding a rep by name.
    Finder,
    /// Supposing something else of a lead.
    WhatIf,
    /// Saying which leads are shown.
    Filter,
    /// Choosing a view.
    Views,
    /// Naming a view.
    Name,
    /// Reading what a batch would do.
    Batch,
    /// Finding what can be done.
    Palette,
    /// Finding a key in the help.
    Search,
    /// Writing a note.
    Note,
    /// Answering in one line.
    Question,
    /// Being asked yes or no.
    Confirm,
    /// Reading the help.
    Help,
}

impl Scope {
    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Judge => "Give a verdict",
            Self::Queue => "Queue",
            Self::Lead => "Lead",
            Self::Disagreements => "Disagreements",
            Self::Group => "Group of disagreements",
            Self::WhatIf => "Typing what is supposed",
            Self::Sync => "Sync",
            Self::Model => "Model",
            Self::Reps => "Reps",
            Self::Sla => "First contacts",
            Self::Trace => "Trace",
            Self::Rollout => "Rollout",
            Self::Feedback => "Feedback",
            Self::Handoff => "Handoff",
            Self::Digest => "Digest",
            Self::List => "Move",
            Self::Screen => "On every screen",
            Self::Global => "Everywhere",
            Self::Menu => "Choosing",
            Self::Finder => "Finding a rep",
            Self::Filter => "Typing a filter",
            Self::Views => "In the list of views",
            Self::Name => "Naming a view",
            Self::Batch => "Before a batch",
            Self::Palette => "Finding what can be done",
            Self::Search => "Finding a key",
            Self::Note => "Writing a note",
            Self::Question => "Answering",
            Self::Confirm => "Yes or no",
            Self::Help => "In the help",
        }
    }
}

/// Where the keyboard points: the screen, or what lies over it. Decides which scopes are asked, innermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::VariantArray)]
pub enum Place {
    /// Queue screen.
    Queue,
    /// Lead screen.
    Lead,
    /// Disagreements screen.
    Disagreements,
    /// A group of disagreements.
    Group,
    /// Sync screen.
    Sync,
    /// Model screen.
    Model,
    /// Reps screen.
    Reps,
    /// SLA screen.
    Sla,
    /// Trace screen.
    Trace,
    /// Rollout screen.
    Rollout,
    /// Feedback screen.
    Feedback,
    /// Handoff screen.
    Handoff,
    /// Digest screen.
    Digest,
    /// A menu of letters.
    Menu,
    /// The rep finder.
    Finder,
    /// What is supposed of a lead, being typed.
    WhatIf,
    /// The filter being typed.
    Filter,
    /// The list of views.
    Views,
    /// The name of a view.
    Name,
    /// The preview of a batch.
    Batch,
    /// The palette.
    Palette,
    /// What is looked for in the help.
    Search,
    /// The note.
    Note,
    /// A question with an answer in one line.
    Question,
    /// A question.
    Confirm,
    /// The help.
    Help,
}

impl Place {
    /// The scopes that hold here, innermost first.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Queue => &[Scope::Queue, Scope::Judge, Scope::List, Scope::Screen, Scope::Global],
            Self::Lead => &[Scope::Lead, Scope::Judge, Scope::List, Scope::Screen, Scope::Global],
            Self::Disagreements => &[Scope::Disagreements, Scope::List, Scope::Screen, Scope::Global],
            Self::Group => &[Scope::Group, Scope::List, Scope::Screen, Scope::Global],
            Self::WhatIf => &[Scope::WhatIf, Scope::Global],
            Self::Sync => &[Scope::Sync, Scope::List, Scope::Screen, Scope::Global],
            Self::Model => &[Scope::Model, Scope::List, Scope::Screen, Scope::Global],
            Self::Reps => &[Scope::Reps, Scope::List, Scope::Screen, Scope::Global],
            Self::Sla => &[Scope::Sla, Scope::List, Scope::Screen, Scope::Global],
            Self::Trace => &[Scope::Trace, Scope::List, Scope::Screen, Scope::Global],
            Self::Rollout => &[Scope::Rollout, Scope::List, Scope::Screen, Scope::Global],
            Self::Feedback => &[Scope::Feedback, Scope::List, Scope::Screen, Scope::Global],
            Self::Handoff => &[Scope::Handoff, Scope::List, Scope::Screen, Scope::Global],
            Self::Digest => &[Scope::Digest, Scope::List, Scope::Screen, Scope::Global],
            Self::Menu => &[Scope::Menu, Scope::Global],
            Self::Finder => &[Scope::Finder, Scope::Global],
            Self::Filter => &[Scope::Filter, Scope::Global],
            Self::Views => &[Scope::Views, Scope::Global],
            Self::Name => &[Scope::Name, Scope::Global],
            Self::Batch => &[Scope::Batch, Scope::Global],
            Self::Palette => &[Scope::Palette, Scope::Global],
            Self::Search => &[Scope::Search, Scope::Global],
            Self::Note => &[Scope::Note, Scope::Global],
            Self::Question => &[Scope::Question, Scope::Global],
            Self::Confirm => &[Scope::Confirm, Scope::Global],
            Self::Help => &[Scope::Help, Scope::Global],
        }
    }
}

impl Place {
    /// Whether letters belong to a text there. A pasted line break must not send what was pasted.
    pub const fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Note
                | Self::Finder
                | Self::WhatIf
                | Self::Filter
                | Self::Name
                | Self::Palette
                | Self::Search
                | Self::Question
        )
    }
}

/// One key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// The key of an event. Shift is dropped where the character already says it.
    pub fn of(event: KeyEvent) -> Self {
        let mut modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((prefix, tail)) = rest.split_once('-').filter(|(p, t)| !p.is_empty() && !t.is_empty()) {
            modifiers |= match prefix {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return None,
            };
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (rest, chars.next(), chars.next()) {
            (_, Some(c), None) if !c.is_control() && c != ' ' => KeyCode::Char(c),
            ("enter", ..) => KeyCode::Enter,
            ("esc", ..) => KeyCode::Esc,
            ("tab", ..) => KeyCode::Tab,
            ("backtab", ..) => KeyCode::BackTab,
            ("space", ..) => KeyCode::Char(' '),
            ("backspace", ..) => KeyCode::Backspace,
            ("delete", ..) => KeyCode::Delete,
            ("up", ..) => KeyCode::Up,
            ("down", ..) => KeyCode::Down,
            ("left", ..) => KeyCode::Left,
            ("right", ..) => KeyCode::Right,
            ("home", ..) => KeyCode::Home,
            ("end", ..) => KeyCode::End,
            ("pageup", ..) => KeyCode::PageUp,
            ("pagedown", ..) => KeyCode::PageDown,
            (name, Some('f'), Some(_)) => {
                KeyCode::F(name.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n))?)
            }
            _ => return None,
        };
        Some(Self { code, modifiers })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            code => write!(f, "{code:?}"),
        }
    }
}

/// A checked table of keys.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// In the order of the file, so that the first key named is the one shown.
    bindings: Vec<(Scope, Action, Key)>,
    lookup: HashMap<(Scope, Key), Action>,
}

impl Keymap {
    /// What a key means here.
    pub fn action(&self, place: Place, key: Key) -> Option<Action> {
        place.scopes().iter().find_map(|scope| self.lookup.get(&(*scope, key)).copied())
    }

    /// The first key for an action here, as it is shown.
    pub fn key_for(&self, place: Place, action: Action) -> Option<String> {
        place.scopes().iter().find_map(|scope| {
            self.bindings.iter().find(|(s, a, _)| s == scope && *a == action).map(|(_, _, key)| key.to_string())
        })
    }

    /// Every action of these scopes with all its keys, in the order of the file.
    pub fn actions(&self, scopes: &[Scope]) -> Vec<(Scope, Action, Vec<String>)> {
        let mut all: Vec<(Scope, Action, Vec<String>)> = Vec::new();
        for (scope, action, key) in self.bindings.iter().filter(|(scope, ..)| scopes.contains(scope)) {
            match all.iter_mut().find(|(s, a, _)| s == scope && a == action) {
                Some((.., keys)) => keys.push(key.to_string()),
                None => all.push((*scope, *action, vec![key.to_string()])),
            }
        }
        all
    }

    /// Every action that can be asked for here with all its keys, by scope, for the help. Runs of ranks and lanes are
    /// one line.
    pub fn help(&self, place: Place) -> Vec<(Scope, Vec<(String, String)>)> {
        place
            .scopes()
            .iter()
            .map(|scope| {
                let mut lines: Vec<(String, String)> = Vec::new();
                let mut actions: Vec<Action> =
                    self.bindings.iter().filter(|(s, ..)| s == scope).map(|(_, a, _)| *a).collect();
                actions.dedup();
                // Ranks and lanes are runs of keys; each run is one line.
                let mut runs: HashMap<&'static str, (usize, Vec<String>)> = HashMap::new();
                for action in actions {
                    let keys: Vec<String> = self
                        .bindings
                        .iter()
                        .filter(|(s, a, _)| s == scope && *a == action)
                        .map(|(_, _, k)| k.to_string())
                        .collect();
                    let (kind, words) = match action {
                        Action::Override(_) => ("rank", action.describe()),
                        Action::Lane(_) => ("lane", "that lane, from left to right".into()),
                        Action::View(_) => ("view", action.describe()),
                        _ => {
                            lines.push((keys.join(", "), action.describe()));
                            continue;
                        }
                    };
                    let (at, all) = runs.entry(kind).or_insert_with(|| (lines.len(), Vec::new()));
                    if all.is_empty() {
                        lines.push((String::new(), words));
                    }
                    all.extend(keys);
                    lines[*at].0 = run(all);
                }
                (*scope, lines)
            })
            .filter(|(_, lines)| !lines.is_empty())
            .collect()
    }
}

/// The first and the last key of a run.
fn run(keys: &[String]) -> String {
    match (keys.first(), keys.last()) {
        (Some(first), Some(last)) if first != last => format!("{first}-{last}"),
        (Some(first), _) => first.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
