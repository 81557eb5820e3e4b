//! How the dashboard looks and listens.

use serde::Deserialize;

/// The colours of the dashboard.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Theme {
    /// The terminal's own.
    #[default]
    Terminal,
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// Strong colours on black.
    HighContrast,
    /// Told apart with any colour vision.
    ColourBlind,
    /// None.
    Mono,
}

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ui {
    /// Clicks and the wheel work in the dashboard, instead of selecting text.
    pub mouse: bool,
    /// ASCII only.
    pub ascii: bool,
    /// The colours.
    pub theme: Theme,
    /// No verdicts.
    pub read_only: bool,
    /// The keys: a keymap that comes with the program, or a file that changes one.
    pub keymap: String,
}

impl Default for Ui {
    fn default() -> Self {
        Self { mouse: true, ascii: false, theme: Theme::default(), read_only: false, keymap: "default".into() }
    }
}
