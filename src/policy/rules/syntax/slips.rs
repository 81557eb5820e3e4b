//! What people write who know other languages, spreadsheets or plain English: found in the text itself, so that the cure
//! is the exact thing to write.

use std::ops::Range;

use super::Mistake;

/// One piece of a condition outside of quotes and comments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Word(&'t str),
    Sign(char),
}

/// Slips in a condition, and brackets that are nested deeper than `deepest` or not closed.
pub(super) fn find(text: &str, deepest: usize) -> Vec<Mistake> {
    let mut slips = Vec::new();
    let pieces = pieces(text);
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut skip = 0;
    for (index, &(at, piece)) in pieces.iter().enumerate() {
        // A sign that belongs to the one before.
        let follows = |offset: usize, wanted: char| {
            pieces.get(index + offset).is_some_and(|(next, p)| *p == Piece::Sign(wanted) && *next == at + offset)
        };
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let before = index.checked_sub(1).and_then(|i| pieces.get(i)).map(|(_, piece)| *piece);
        let mut slip = |len: usize, message: &str, cure: &str| slips.push(Mistake::new(at..at + len, message, cure));
        match piece {
            Piece::Word(word) => {
                // A name after a dot may be any word.
                if before != Some(Piece::Sign('.')) {
                    match word.to_ascii_lowercase().as_str() {
                        "and" => slip(word.len(), "\"and\" is written &&", "write && instead"),
                        "or" => slip(word.len(), "\"or\" is written ||", "write || instead"),
                        "not" => slip(word.len(), "\"not\" is written !", "write ! before what must not hold"),
                        "is" | "equals" | "like" => {
                            slip(word.len(), "this word is no comparison", "write == to compare, or .contains(\"…\")");
                        }
                        "contains" | "startswith" | "endswith" | "matches" => slip(
                            word.len(),
                            "this word follows a dot",
                            "write, for example, lead.company.contains(\"Siemens\")",
                        ),
                        "in" if word != "in" => slip(word.len(), "\"in\" is written small", "write in"),
                        "true" | "false" if word != word.to_ascii_lowercase() => {
                            slip(word.len(), "true and false are written small", "write true or false");
                        }
                        _ => {}
                    }
                }
            }
            Piece::Sign('=') => {
                if follows(1, '=') {
                    skip = 1;
                    if follows(2, '=') {
                        slip(3, "=== is not known", "write == to compare");
                        skip = 2;
                    }
                } else {
                    slip(1, "one = does not compare", "write == to compare");
                }
            }
            Piece::Sign('<') if follows(1, '>') => {
                slip(2, "<> is not known", "write != for \"is not\"");
                skip = 1;
            }
            Piece::Sign('!' | '<' | '>') => skip = usize::from(follows(1, '=')),
            Piece::Sign(sign @ ('&' | '|')) => {
                if follows(1, sign) {
                    skip = 1;
                } else if sign == '&' {
                    slip(1, "one & does not mean \"and\"", "write &&");
                } else {
                    slip(1, "one | does not mean \"or\"", "write ||");
                }
            }
            Piece::Sign(quote @ ('“' | '”' | '„' | '‘' | '’' | '«' | '»' | '`')) => {
                slip(quote.len_utf8(), "this is no quote that can be used", "put texts in straight quotes: \"…\"");
            }
            Piece::Sign(';') => slip(1, "; cannot stand here", "a list has commas; a condition needs no end mark"),
            Piece::Sign(bracket @ ('(' | '[' | '{')) => {
                open.push((bracket, at));
                if open.len() > deepest {
                    slip(1, "brackets are nested too deeply", "split the condition into several rules");
                    return slips;
                }
            }
            Piece::Sign(bracket @ (')' | ']' | '}')) => {
                let wanted = match bracket {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop().map(|(bracket, _)| bracket) != Some(wanted) {
                    slip(1, "this bracket closes nothing", "take it away, or open it before");
                    return slips;
                }
            }
            Piece::Sign(_) => {}
        }
    }
    if let Some((_, at)) = open.pop()
        && slips.is_empty()
    {
        slips.push(Mistake::new(at..at + 1, "this bracket is never closed", "close it"));
    }
    slips
}

/// The smallest stretch around some bytes that closes every bracket it opens, with the name of a function before it.
pub(super) fn balanced(text: &str, bytes: Range<usize>) -> Range<usize> {
    let pieces = pieces(text);
    let mut inside = bytes;
    let (mut opened, mut closed) = (0usize, 0usize);
    for (_, piece) in pieces.iter().filter(|(at, _)| inside.contains(at)) {
        match piece {
            Piece::Sign('(' | '[' | '{') => opened += 1,
            Piece::Sign(')' | ']' | '}') if opened > 0 => opened -= 1,
            Piece::Sign(')' | ']' | '}') => closed += 1,
            _ => {}
        }
    }
    let start = inside.start;
    for (at, piece) in pieces.iter().rev().filter(|(at, _)| *at < start) {
        match piece {
            Piece::Sign('(' | '[' | '{') if closed > 0 => {
                closed -= 1;
                inside.start = *at;
            }
            _ if closed > 0 => {}
            _ => break,
        }
    }
    let end = inside.end;
    for (at, piece) in pieces.iter().filter(|(at, _)| *at >= end) {
        match piece {
            Piece::Sign(')' | ']' | '}') if opened > 0 => {
                opened -= 1;
                inside.end = at + 1;
            }
            _ if opened > 0 => {}
            _ => break,
        }
    }
    let first = pieces.iter().find(|(at, _)| *at == inside.start).map(|(_, piece)| *piece);
    let before = pieces.iter().rev().find(|(at, _)| *at < inside.start);
    if let (Some(Piece::Sign('(')), Some((at, Piece::Word(name)))) = (first, before)
        && at + name.len() == inside.start
    {
        inside.start = *at;
    }
    inside
}

/// Words and signs with their offsets. Texts in quotes and comments are left out, and so is everything from a quote on that
/// is not closed.
fn pieces(text: &str) -> Vec<(usize, Piece<'_>)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if is_word(c) {
            let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(len);
            // r"…" and b'…' are texts as well.
            if !(after.starts_with(['"', '\'']) && word.len() <= 2 && word.chars().all(|c| "rRbB".contains(c))) {
                pieces.push((at, Piece::Word(word)));
            }
            len
        } else if c == '"' || c == '\'' {
            let raw = text.get(..at).is_some_and(|before| before.ends_with(['r', 'R']));
            quoted_len(rest, c, raw)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            if !c.is_whitespace() {
                pieces.push((at, Piece::Sign(c)));
            }
            c.len_utf8()
        };
        at += len;
    }
    pieces
}

/// Bytes of a text in quotes at the start of `rest`, quotes included.
fn quoted_len(rest: &str, quote: char, raw: bool) -> usize {
    let triple = String::from(quote).repeat(3);
    let end = if rest.starts_with(&triple) { triple } else { String::from(quote) };
    let mut at = end.len();
    while let Some(inside) = rest.get(at..)
        && let Some(c) = inside.chars().next()
    {
        if inside.starts_with(&end) {
            return at + end.len();
        }
        at += c.len_utf8();
        if c == '\\' && !raw {
            at += rest.get(at..).and_then(|after| after.chars().next()).map_or(0, char::len_utf8);
        }
    }
    rest.len()
}
