//! What things look like, by what they mean. Without a choice only the terminal's own sixteen colours and its default
//! foreground are used, so that it fits whatever the manager has; and no meaning is told by colour alone.

mod palette;

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::text;

pub use palette::Palette;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Ordinary.
    Text,
    /// Less important: labels, units, hints.
    Muted,
    /// A heading.
    Title,
    /// Under the cursor.
    Selected,
    /// What the model recommends.
    Model,
    /// What the legacy rules chose.
    Legacy,
    /// As it should be.
    Good,
    /// Needs attention soon.
    Warn,
    /// Wrong, or too late.
    Bad,
    /// A number that must never be seen: shouted.
    Alarm,
    /// A key one can press.
    Key,
    /// Frames and axes.
    Frame,
}

/// Looks and characters, chosen once at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    ascii: bool,
    palette: Palette,
}

/// The signs the screens are drawn with.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    /// Points at the row under the cursor.
    pub cursor: &'static str,
    /// The row is marked.
    pub marked: &'static str,
    /// Rows were left out here.
    pub skipped: &'static str,
    /// Between parts of a line.
    pub dot: &'static str,
    /// Estimate inside an interval strip.
    pub point: char,
    /// Line of an interval strip.
    pub line: char,
    /// Ends of an interval strip.
    pub ends: (char, char),
    /// Filled and empty part of a gauge.
    pub gauge: (char, char),
    /// Passed, failed, unknown.
    pub marks: (&'static str, &'static str, &'static str),
    /// Up and down: there is more.
    pub more: (&'static str, &'static str),
    /// A vertical rule.
    pub rule: &'static str,
    /// A horizontal rule.
    pub dash: char,
    /// Leads to.
    pub arrow: &'static str,
    /// Cut text ends so.
    pub ellipsis: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    cursor: "▸",
    marked: "●",
    skipped: "⋮",
    dot: "·",
    point: '●',
    line: '─',
    ends: ('├', '┤'),
    gauge: ('█', '░'),
    marks: ("✓", "✗", "?"),
    more: ("↑", "↓"),
    rule: "│",
    dash: '─',
    arrow: "→",
    ellipsis: "…",
};

const ASCII: Glyphs = Glyphs {
    cursor: ">",
    marked: "*",
    skipped: ":",
    dot: "-",
    point: 'o',
    line: '-',
    ends: ('|', '|'),
    gauge: ('#', '.'),
    marks: ("+", "x", "?"),
    more: ("^", "v"),
    rule: "|",
    dash: '-',
    arrow: "->",
    ellipsis: "~",
};

impl Theme {
    /// `ascii` draws with plain letters and signs only.
    pub const fn new(ascii: bool, palette: Palette) -> Self {
        Self { ascii, palette }
    }

    /// Whether only ASCII is drawn.
    pub const fn ascii(self) -> bool {
        self.ascii
    }

    /// The signs.
    pub const fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    /// The look of a meaning. (`NO_COLOR` is honoured below us, by crossterm; weights and reverse video stay.)
    pub const fn style(self, meaning: Meaning) -> Style {
        self.palette.style(meaning)
    }

    /// Gives a finished picture its ground.
    pub fn paint(self, buffer: &mut Buffer) {
        self.palette.paint(buffer);
    }

    /// Outside text, made safe and cut to at most `width` columns (rule 7). Every text from the CRM, the model or an
    /// error passes here on its way to the screen.
    pub fn text(self, raw: &str, width: usize) -> String {
        let fitted = text::fit(raw, width);
        if !self.ascii {
            return fitted;
        }
        let cut = fitted.ends_with('…') && !raw.ends_with('…');
        let body = if cut { fitted.trim_end_matches('…') } else { &fitted };
        let mut plain: String = body.graphemes(true).map(|g| if g.is_ascii() { g } else { "?" }).collect();
        if cut {
            plain.push_str(ASCII.ellipsis);
        }
        plain
    }

    /// [`Self::text`], filled up with spaces to exactly `width` columns.
    pub fn left(self, raw: &str, width: usize) -> String {
        let mut cell = self.text(raw, width);
        let used = cell.width();
        cell.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
        cell
    }

    /// Outside text broken between words into at most `lines` lines of `width` columns; the rest is cut.
    pub fn wrap(self, raw: &str, width: usize, lines: usize) -> Vec<String> {
        let text = text::safe(raw);
        let mut out: Vec<String> = Vec::new();
        let words = text::words(&text);
        let mut words = words.iter().filter(|word| !word.is_empty()).peekable();
        while out.len() < lines && words.peek().is_some() {
            let last = out.len() + 1 == lines;
            let mut line = String::new();
            while let Some(word) = words.peek() {
                let fits = line.width() + usize::from(!line.is_empty()) + word.width() <= width;
                if !(fits || line.is_empty() || last) {
                    break;
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                words.next();
                if line.width() > width {
                    break;
                }
            }
            out.push(self.text(&line, width));
        }
        out
    }

    /// [`Self::text`], moved to the right end of exactly `width` columns.
    pub fn right(self, raw: &str, width: usize) -> String {
        let cell = self.text(raw, width);
        let mut out: String = std::iter::repeat_n(' ', width.saturating_sub(cell.width())).collect();
        out.push_str(&cell);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_exactly_their_width() {
        for theme in [Theme::new(false, Palette::Terminal), Theme::new(true, Palette::Terminal)] {
            for raw in ["", "Acme", "株式会社アクメ商事", "e\u{301}clair", "a\u{1b}[31mb", "مرحبا بالعالم كيف حالك"]
            {
                assert_eq!(theme.left(raw, 8).width(), 8, "{raw}");
                assert_eq!(theme.right(raw, 8).width(), 8, "{raw}");
            }
        }
    }

    #[test]
    fn text_is_wrapped_between_words_and_cut_at_the_end() {
        let theme = Theme::new(false, Palette::Terminal);
        assert_eq!(theme.wrap("one two three four five", 9, 2), ["one two", "three fo…"]);
        assert_eq!(theme.wrap("incomprehensibilities no", 8, 3), ["incompr…", "no"]);
        assert_eq!(theme.wrap("  ", 8, 3), Vec::<String>::new());
    }

    #[test]
    fn ascii_mode_draws_ascii_only() {
        let theme = Theme::new(true, Palette::Terminal);
        assert_eq!(theme.text("Müller & Söhne GmbH", 10), "M?ller & ~");
        assert!(theme.left("株式会社アクメ", 9).is_ascii());
    }
}
