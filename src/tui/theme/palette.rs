//! Sets of colours. The terminal's own need no choice; the others bring their own background, so that what they promise
//! (contrast, or signals that a colour-blind eye tells apart) does not depend on the terminal.
//!
//! Their colours are from the fixed part of the 256 that xterm defines (16 to 255): terminals, tmux and SSH pass them on as
//! they are, while the first sixteen look different everywhere.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};

use super::Meaning;

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter)]
pub enum Palette {
    /// The sixteen colours of the terminal, on its background.
    #[default]
    Terminal,
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// White and strong colours on black, nothing dimmed.
    HighContrast,
    /// Good, soon and bad are told apart with any colour vision.
    ColourBlind,
    /// No colours: weight, underlines and reverse video.
    Mono,
}

/// The colours of a set, as xterm numbers them.
struct Tints {
    ground: u8,
    text: u8,
    muted: u8,
    model: u8,
    legacy: u8,
    good: u8,
    warn: u8,
    bad: u8,
    key: u8,
    frame: u8,
}

const DARK: Tints = Tints {
    ground: 234,
    text: 252,
    muted: 246,
    model: 80,
    legacy: 176,
    good: 114,
    warn: 221,
    bad: 203,
    key: 111,
    frame: 243,
};

const LIGHT: Tints = Tints {
    ground: 231,
    text: 235,
    muted: 241,
    model: 24,
    legacy: 90,
    good: 22,
    warn: 94,
    bad: 124,
    key: 25,
    frame: 244,
};

const HIGH_CONTRAST: Tints = Tints {
    ground: 16,
    text: 231,
    muted: 252,
    model: 51,
    legacy: 219,
    good: 84,
    warn: 226,
    bad: 216,
    key: 159,
    frame: 250,
};

/// After the colours that Okabe and Ito propose for all kinds of colour vision (sky blue, yellow, vermilion, purple), as
/// near as the 256 come.
const COLOUR_BLIND: Tints = Tints {
    ground: 234,
    text: 252,
    muted: 246,
    model: 231,
    legacy: 175,
    good: 74,
    warn: 228,
    bad: 208,
    key: 147,
    frame: 243,
};

impl Palette {
    /// The look of a meaning.
    pub const fn style(self, meaning: Meaning) -> Style {
        match self {
            Self::Terminal => own(meaning),
            Self::Dark => tinted(&DARK, meaning),
            Self::Light => tinted(&LIGHT, meaning),
            Self::HighContrast => tinted(&HIGH_CONTRAST, meaning),
            Self::ColourBlind => tinted(&COLOUR_BLIND, meaning),
            Self::Mono => plain(meaning),
        }
    }

    /// Ink and ground of whatever has no colour of its own; `None` where those are the terminal's.
    const fn sheet(self) -> Option<(Color, Color)> {
        let tints = match self {
            Self::Terminal | Self::Mono => return None,
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
            Self::HighContrast => &HIGH_CONTRAST,
            Self::ColourBlind => &COLOUR_BLIND,
        };
        Some((Color::Indexed(tints.text), Color::Indexed(tints.ground)))
    }

    /// Gives a finished picture its ground. Widgets that clear what is beneath them leave holes, so this comes last.
    pub fn paint(self, buffer: &mut Buffer) {
        if matches!(self, Self::Mono) {
            underline_words(buffer);
        }
        let Some((ink, ground)) = self.sheet() else { return };
        for cell in &mut buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = ink;
            }
            if cell.bg == Color::Reset {
                cell.bg = ground;
            }
        }
    }
}

/// Takes the underline from the blanks before and behind what is underlined, where it would be a line below nothing.
fn underline_words(buffer: &mut Buffer) {
    let underlined = |cell: &Cell| cell.modifier.contains(Modifier::UNDERLINED);
    for row in buffer.content.chunks_mut(usize::from(buffer.area.width).max(1)) {
        for run in row.chunk_by_mut(|a, b| underlined(a) == underlined(b)) {
            let is_blank = |cell: &&mut Cell| cell.symbol() == " ";
            for blank in run.iter_mut().take_while(is_blank) {
                blank.modifier.remove(Modifier::UNDERLINED);
            }
            for blank in run.iter_mut().rev().take_while(is_blank) {
                blank.modifier.remove(Modifier::UNDERLINED);
            }
        }
    }
}

/// The weights, which are the same in every set with colours: no meaning is told by colour alone.
const fn weight(meaning: Meaning) -> Modifier {
    match meaning {
        Meaning::Title | Meaning::Model | Meaning::Bad | Meaning::Key => Modifier::BOLD,
        Meaning::Selected | Meaning::Alarm => Modifier::REVERSED.union(Modifier::BOLD),
        Meaning::Text | Meaning::Muted | Meaning::Frame | Meaning::Legacy | Meaning::Good | Meaning::Warn => {
            Modifier::empty()
        }
    }
}

const fn own(meaning: Meaning) -> Style {
    let style = Style::new().add_modifier(weight(meaning));
    match meaning {
        Meaning::Text | Meaning::Title | Meaning::Selected => style,
        Meaning::Muted | Meaning::Frame => style.add_modifier(Modifier::DIM),
        Meaning::Model => style.fg(Color::Cyan),
        Meaning::Legacy => style.fg(Color::Magenta),
        Meaning::Good => style.fg(Color::Green),
        Meaning::Warn => style.fg(Color::Yellow),
        Meaning::Bad | Meaning::Alarm => style.fg(Color::Red),
        // Not the dark blue, which most terminals make hard to read on black.
        Meaning::Key => style.fg(Color::LightBlue),
    }
}

const fn tinted(tints: &Tints, meaning: Meaning) -> Style {
    let style = Style::new().add_modifier(weight(meaning));
    let colour = match meaning {
        Meaning::Text | Meaning::Title | Meaning::Selected => return style,
        Meaning::Muted => tints.muted,
        Meaning::Frame => tints.frame,
        Meaning::Model => tints.model,
        Meaning::Legacy => tints.legacy,
        Meaning::Good => tints.good,
        Meaning::Warn => tints.warn,
        Meaning::Bad | Meaning::Alarm => tints.bad,
        Meaning::Key => tints.key,
    };
    style.fg(Color::Indexed(colour))
}

const fn plain(meaning: Meaning) -> Style {
    let style = Style::new().add_modifier(weight(meaning));
    match meaning {
        Meaning::Muted | Meaning::Frame => style.add_modifier(Modifier::DIM),
        Meaning::Warn | Meaning::Bad => style.add_modifier(Modifier::UNDERLINED),
        Meaning::Legacy => style.add_modifier(Modifier::ITALIC),
        _ => style,
    }
}

#[cfg(test)]
mod tests;
