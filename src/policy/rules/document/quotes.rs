//! Where each byte of a text stands in the file that quotes it, so that a mistake inside of a condition is shown there.

/// Offsets in the quoted text (from its first quote) of the bytes of the text itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets(Vec<usize>);

impl Offsets {
    /// Of a TOML string as it is in the file, quotes included, and its value. Empty when the two do not fit together.
    pub(super) fn of(raw: &str, value: &str) -> Self {
        let quote = if raw.starts_with('\'') { "'" } else { "\"" };
        let triple = quote.repeat(3);
        let many_lines = raw.starts_with(&triple) && raw.len() >= 6;
        let mut at = if many_lines { 3 } else { 1 };
        let end = raw.len().saturating_sub(at);
        if many_lines {
            // A line break right after the quotes does not count.
            let rest = raw.get(at..).unwrap_or_default();
            at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        let mut offsets = Vec::with_capacity(value.len() + 1);
        for wanted in value.chars() {
            let Some(rest) = raw.get(at..end) else { return Self::default() };
            let (skipped, taken) = if quote == "\"" { escaped(rest, wanted) } else { plain(rest, wanted) };
            if taken == 0 {
                return Self::default();
            }
            at += skipped;
            offsets.extend(std::iter::repeat_n(at, wanted.len_utf8()));
            at += taken;
        }
        offsets.push(at);
        Self(offsets)
    }

    /// The offset in the file's text of a byte of the value (or of its end).
    pub(super) fn raw(&self, byte: usize) -> Option<usize> {
        self.0.get(byte).copied()
    }
}

/// Bytes to skip and to take for the next character of a text without escapes.
fn plain(rest: &str, wanted: char) -> (usize, usize) {
    match rest.chars().next() {
        // A reader may make one line break of two characters.
        Some('\r') if wanted == '\n' && rest.starts_with("\r\n") => (0, 2),
        Some(c) if c == wanted => (0, c.len_utf8()),
        _ => (0, 0),
    }
}

/// The same of a text with escapes.
fn escaped(rest: &str, wanted: char) -> (usize, usize) {
    let mut skipped = 0;
    let mut rest = rest;
    // A backslash at the end of a line takes all blanks that follow with it.
    while let Some(after) = rest.strip_prefix('\\')
        && after.trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
    {
        let next = after.trim_start();
        skipped += rest.len() - next.len();
        rest = next;
    }
    let Some(after) = rest.strip_prefix('\\') else {
        let (_, taken) = plain(rest, wanted);
        return (skipped, taken);
    };
    let taken = match after.chars().next() {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(_) => 2,
        None => 0,
    };
    (skipped, taken)
}
