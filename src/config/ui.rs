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
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
    /// How many of the leads on which model and legacy rules differ a manager chooses for before the model's choice is shown:
    /// the blind sample, 0 to 0.5. It measures how much managers follow what they see.
    pub blind_share: f64,
    /// The keys: a keymap that comes with the program, or a file that changes one.
    pub keymap: String,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            mouse: true,
            ascii: false,
            theme: Theme::default(),
            read_only: false,
            blind_share: 0.05,
            keymap: "default".into(),
        }
    }
}

impl Ui {
    /// The key that is wrong, and what is wrong with it in words, with the cure.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let share = self.blind_share;
        (!(0.0..=0.5).contains(&share)).then(|| {
            let words = format!("ui.blind_share is {share}; it must be between 0 (no lead is judged blind) and 0.5");
            ("blind_share", words)
        })
    }
}
