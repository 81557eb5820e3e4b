//! The one choke point for outside text: nothing the CRM sent reaches a terminal, a log line or a spreadsheet without
//! passing here (rule 7). The store keeps text raw; the places that show it call [`safe`], those that export it
//! [`csv_cell`].

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Longest text that is shown anywhere, in graphemes. Work is bounded by it, whatever the CRM sent.
const MAX_GRAPHEMES: usize = 2_000;
/// Most code points of one grapheme that are kept ("zalgo" text stacks thousands).
const MAX_CODE_POINTS: usize = 8;

/// Text that cannot harm a terminal: no control characters or escape sequences, no bidirectional controls, nothing
/// invisible, bounded length.
///
/// Line breaks and tabs become spaces; other control characters become `U+FFFD`, so that an attempt stays visible. Flags
/// become the letters that they are made of, and colours of skin are left out: terminals do not agree how wide those are, and
/// where ours believes otherwise, a part of them stays on the screen.
pub fn safe(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len().min(256));
    for grapheme in raw.graphemes(true).take(MAX_GRAPHEMES) {
        for c in grapheme.chars().take(MAX_CODE_POINTS) {
            match c {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
                c if is_invisible(c) => {}
                c if c.is_control() => out.push('\u{FFFD}'),
                c => out.push(letter_of_flag(c).unwrap_or(c)),
            }
        }
    }
    out
}

/// [`safe`] text, cut to at most `width` terminal columns; a cut is marked with `…`.
pub fn fit(raw: &str, width: usize) -> String {
    let text = safe(raw);
    if text.width() <= width {
        return text;
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = grapheme.width();
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// The words of a text, between which a line may end: where there are blanks, but not before the sign of a percentage, so
/// that a number and its unit are never on two lines. Between two blanks is an empty word.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let number = |last: &&mut String| last.ends_with(|c: char| c.is_ascii_digit());
        match words.last_mut().filter(|last| word.starts_with('%') && number(last)) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
    }
    words
}

/// Running text as lines of at most `width` terminal columns, broken between words. Indentation is kept on every line; a word
/// that is longer than a line (a path) stands on one by itself.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(text.len() - text.trim_start_matches(' ').len());
    let mut lines = vec![indent.clone()];
    let mut used = indent.len();
    for word in words(text.trim_start_matches(' ')) {
        let first = used == indent.len();
        if !first && used + 1 + word.width() > width {
            lines.push(indent.clone());
            used = indent.len();
        } else if !first {
            used += 1;
            if let Some(line) = lines.last_mut() {
                line.push(' ');
            }
        }
        used += word.width();
        if let Some(line) = lines.last_mut() {
            line.push_str(&word);
        }
    }
    lines
}

/// A spreadsheet cell that cannot be a formula: a text that starts like one gets a leading apostrophe.
///
/// Quoting of commas and quotes is the CSV writer's business.
pub fn csv_cell(raw: &str) -> String {
    let starts_formula = raw
        .trim_start()
        .chars()
        .next()
        .is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠'));
    if starts_formula || raw.starts_with(['\t', '\r']) { format!("'{raw}") } else { raw.to_owned() }
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// The letter that half of a flag stands for.
fn letter_of_flag(half: char) -> Option<char> {
    let place = u32::from(half).checked_sub(0x1_F1E6).filter(|place| *place < 26)?;
    char::from_u32(u32::from('A') + place)
}

/// Characters that change how others are shown, or hide text, without being seen themselves.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1F3FB}'..='\u{1F3FF}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_and_bidi_controls_do_not_survive() {
        assert_eq!(safe("a\u{1b}[31mred\u{9b}0m"), "a\u{FFFD}[31mred\u{FFFD}0m");
        assert_eq!(safe("evil\u{202e}gpj.exe"), "evilgpj.exe");
        assert_eq!(safe("tag\u{e0041}ged\u{200b}"), "tagged");
        assert_eq!(safe("two\nlines"), "two lines");
    }

    #[test]
    fn a_number_and_its_percent_sign_stay_on_one_line() {
        assert_eq!(words("of 47 % (95 % each)  it"), ["of", "47 %", "(95 %", "each)", "", "it"]);
        assert_eq!(words("in % of all"), ["in", "%", "of", "all"]);
        for width in 8..40 {
            for line in wrap("  won 47 % of all, 17 % of the rest and 36 %.", width) {
                assert!(!line.trim_start().starts_with('%'), "{width}: {line}");
            }
        }
    }

    #[test]
    fn what_terminals_do_not_agree_on_is_shown_in_one_way() {
        assert_eq!(safe("Acme \u{1F1E9}\u{1F1EA} \u{1F1E6}\u{1F1FF}"), "Acme DE AZ");
        assert_eq!(safe("\u{1F44D}\u{1F3FD} fine"), "\u{1F44D} fine");
        assert_eq!(safe("\u{1F1E5}\u{1F200}"), "\u{1F1E5}\u{1F200}", "neighbours of the flags are none");
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let zalgo = format!("a{}", "\u{0301}".repeat(100_000));
        assert!(safe(&zalgo).chars().count() <= MAX_CODE_POINTS);
    }

    #[test]
    fn cutting_respects_wide_characters() {
        assert_eq!(fit("株式会社アクメ", 7), "株式会…");
        assert_eq!(fit("short", 7), "short");
        assert_eq!(fit("anything", 0), "");
    }

    #[test]
    fn formulas_are_defused() {
        assert_eq!(csv_cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(csv_cell(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(csv_cell("Acme"), "Acme");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(raw in crate::testing::text(80), width in 0usize..60) {
            let text = fit(&raw, width);
            prop_assert!(text.width() <= width);
            prop_assert!(!text.chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }
}
