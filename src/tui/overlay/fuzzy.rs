//! Finding by a few letters: what begins with them stands before what merely has them, and that before what is found by the
//! beginnings of its words (`fmor` for Fatima Moreau) or in spite of letters left out (`aprove`). Letters that are scattered
//! over a text in any other way find nothing, because whoever typed them did not mean it.

use std::collections::BTreeSet;

use nucleo_matcher::chars::{normalize, to_lower_case};

/// How well a text matches; the better, the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    how: How,
    /// Found in what is said of it, not in its name.
    beside: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// A word begins so.
    Begins,
    /// It is somewhere in a word.
    Within,
    /// Successive words begin with successive parts of it.
    Initials,
    /// A word begins with the same letter and has a few letters more.
    LeftOut,
}

/// Most letters that may be left out of a word, and fewest that have to be typed then.
const LEFT_OUT: usize = 2;
const TYPED: usize = 4;

/// Places of the texts that match, best first; all in their order where nothing is looked for. Each text is a name and what
/// is said of it.
pub fn best<'a>(query: &str, texts: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let mut ranks: Vec<(Rank, usize)> =
        texts.enumerate().filter_map(|(at, (name, more))| Some((rank(query, name, more)?, at))).collect();
    ranks.sort_unstable();
    ranks.into_iter().map(|(_, at)| at).collect()
}

/// How well a name and what is said of it match: as well as the word that matches worst. `None` if a word does not match.
pub fn rank(query: &str, name: &str, more: &str) -> Option<Rank> {
    let (name, more) = (folded(name), folded(more));
    let mut worst = Rank { how: How::Begins, beside: false };
    for word in query.split_whitespace().map(folded) {
        let in_name = how(&word, &name).map(|how| Rank { how, beside: false });
        // What is said of it is running text, in which scattered letters are always found somewhere.
        let beside = how(&word, &more).filter(|how| *how <= How::Within).map(|how| Rank { how, beside: true });
        worst = worst.max(in_name.into_iter().chain(beside).min()?);
    }
    Some(worst)
}

/// In lower case, without accents.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|c| to_lower_case(normalize(c))).collect()
}

fn how(sought: &[char], text: &[char]) -> Option<How> {
    let begins = |at: usize| at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|c| !c.is_alphanumeric());
    let mut places = text.windows(sought.len().max(1)).enumerate().filter(|(_, part)| *part == sought).peekable();
    if places.peek().is_some() {
        return Some(if places.any(|(at, _)| begins(at)) { How::Begins } else { How::Within });
    }
    let words: Vec<&[char]> = text.split(|c| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if initials(sought, &words) {
        return Some(How::Initials);
    }
    words.iter().any(|word| left_out(sought, word)).then_some(How::LeftOut)
}

/// Whether what is sought falls into parts with which words begin, in their order.
fn initials(sought: &[char], words: &[&[char]]) -> bool {
    // How much of it the words so far can have taken.
    let mut taken = BTreeSet::from([0]);
    for word in words {
        let further = taken.iter().flat_map(|from| {
            let same = sought.iter().skip(*from).zip(*word).take_while(|(a, b)| a == b).count();
            *from..=from + same
        });
        taken = further.collect();
    }
    taken.contains(&sought.len())
}

/// Whether it is the word with a few letters missing, of which none is the first. The end of a word may be missing anyway.
fn left_out(sought: &[char], word: &[char]) -> bool {
    if sought.len() < TYPED || sought.first() != word.first() {
        return false;
    }
    let mut letters = word.iter().take(sought.len() + LEFT_OUT);
    sought.iter().all(|c| letters.any(|letter| letter == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(query: &str, texts: &[(&'a str, &'a str)]) -> Vec<&'a str> {
        best(query, texts.iter().copied()).into_iter().map(|at| texts[at].0).collect()
    }

    #[test]
    fn what_begins_so_stands_before_what_has_it_and_scattered_letters_find_nothing() {
        let texts = [
            ("group", "disagreements of the same cause"),
            ("reroute", "send it to a queue"),
            ("show rollout", "rollout screen: phase, kill switch"),
            ("snooze", "the next round"),
            ("round robin", ""),
            ("replay", "make the ranking again, and output it"),
        ];
        assert_eq!(found("rou", &texts), ["round robin", "snooze", "group", "reroute"]);
        assert_eq!(found("", &texts).len(), texts.len());
        assert_eq!(found("robin round", &texts), ["round robin"], "words in any order");
        assert!(found("rou zz", &texts).is_empty(), "every word must match");
    }

    #[test]
    fn initials_and_a_letter_left_out_find_names_and_nothing_else() {
        let names =
            [("Fatima Moreau", ""), ("Ana Kovač", ""), ("Franz Tomorrow", ""), ("approve", "amid roses, prove it")];
        assert_eq!(found("fmor", &names), ["Fatima Moreau"]);
        assert_eq!(found("kovac", &names), ["Ana Kovač"]);
        assert_eq!(found("AK", &names), ["Ana Kovač"]);
        assert_eq!(found("aprove", &names), ["approve"]);
        assert_eq!(found("arv", &names), [""; 0], "too few letters to leave some out");
        assert_eq!(found("ftm", &names), [""; 0], "an m that begins no word");
    }
}
