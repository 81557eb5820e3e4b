//! Spellings of the same thing among the values of a category.
//!
//! Two values are the same when they agree but for case, blanks, punctuation and accents, or when a rare one is a typing
//! mistake away from a frequent one. Digits never count as typing mistakes: "Q1" and "Q2" are two things.
//!
//! Not every pair is compared: values meet only in small groups that share a part (deletion neighbourhoods for one mistake,
//! equal thirds for two), so the work grows with the number of values, not with its square.

use std::collections::{BTreeMap, BTreeSet};

/// Values beyond the most frequent ones that are not compared for typing mistakes.
const MAX_COMPARED: usize = 10_000;
/// Values that share a part; a larger group says nothing by sharing it and is not looked at.
const MAX_GROUP: usize = 64;
/// Fewest letters in which one mistake is told from another word.
const LETTERS_FOR_ONE: usize = 6;
/// Fewest letters in which two mistakes are told from another word.
const LETTERS_FOR_TWO: usize = 9;
/// A typing mistake is at most this often as frequent as the right spelling.
const RARER: u64 = 4;

/// What a value looks like without case, blanks, punctuation and accents. Signs between digits stay ("1-10" is not "110"),
/// and so do those that are part of names ("C++", "C#").
pub(super) fn folded(text: &str) -> String {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, c) in letters.iter().enumerate() {
        let digit = |neighbour: Option<&char>| neighbour.is_some_and(char::is_ascii_digit);
        let between_digits = at > 0 && digit(letters.get(at - 1)) && digit(letters.get(at + 1));
        match c {
            '&' => out.push_str("and"),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            '+' | '#' | '%' | '<' | '>' | '=' | '€' | '$' | '£' => out.push(*c),
            c if c.is_alphanumeric() => out.push(without_accent(*c)),
            // A combining accent, left over where an accent was written apart from its letter.
            '\u{300}'..='\u{36F}' => {}
            _ if between_digits => out.push(*c),
            _ => {}
        }
    }
    out
}

fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' => 's',
        'ť' | 'ţ' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        c => c,
    }
}

/// The words of a person's name in one order: "Whitfield, Dana" is "Dana Whitfield".
pub(super) fn folded_name(text: &str) -> String {
    let mut words: Vec<String> = text.split([' ', ',', '.', '_']).map(folded).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.concat()
}

/// A spelling and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    /// Which of the values it is.
    pub(super) from: usize,
    /// Which of the values it most likely means.
    pub(super) to: usize,
}

/// What the search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) proposals: Vec<Proposal>,
    /// Whether there was too much to compare everything.
    pub(super) capped: bool,
}

/// Which values are spellings of others; `values` are texts with how often each is there.
pub(super) fn search(values: &[(&str, u64)], fold: impl Fn(&str) -> String) -> Found {
    let mut by_fold: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, (text, _)) in values.iter().enumerate() {
        by_fold.entry(fold(text)).or_default().push(at);
    }
    // What is nothing but punctuation is not the same thing for that.
    by_fold.remove("");
    let mut target: BTreeMap<usize, usize> = BTreeMap::new();
    let mut words = Vec::with_capacity(by_fold.len());
    for (folded, same) in &by_fold {
        let best = same.iter().copied().max_by_key(|at| (values[*at].1, std::cmp::Reverse(values[*at].0)));
        let Some(best) = best else { continue };
        target.extend(same.iter().filter(|at| **at != best).map(|at| (*at, best)));
        let frequency = same.iter().map(|at| values[*at].1).sum();
        words.push(Word { letters: folded.chars().collect(), words: split(values[best].0), frequency, at: best });
    }
    words.sort_by(|a, b| b.frequency.cmp(&a.frequency).then(a.at.cmp(&b.at)));
    let mut capped = words.len() > MAX_COMPARED;
    words.truncate(MAX_COMPARED);
    let typed = typing_mistakes(&words, &mut capped);
    let moved: BTreeMap<usize, usize> = typed.iter().map(|(from, to)| (words[*from].at, words[*to].at)).collect();
    for to in target.values_mut() {
        *to = moved.get(to).copied().unwrap_or(*to);
    }
    target.extend(moved);
    Found { proposals: target.into_iter().map(|(from, to)| Proposal { from, to }).collect(), capped }
}

/// The words of a value, folded, in alphabetical order so that names match in any order.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).map(folded).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

/// One or more words that are written in one way or another.
struct Word {
    /// All of it, folded.
    letters: Vec<char>,
    /// Its single words.
    words: Vec<String>,
    frequency: u64,
    at: usize,
}

/// Rare words that are one or two mistakes away from frequent ones: index of the one, index of the other.
fn typing_mistakes(words: &[Word], capped: &mut bool) -> BTreeMap<usize, usize> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        for part in parts(&word.letters) {
            groups.entry(part).or_default().push(at);
        }
    }
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    for group in groups.values() {
        if group.len() > MAX_GROUP {
            *capped = true;
            continue;
        }
        for (i, &often) in group.iter().enumerate() {
            // Words are sorted by frequency, so the later of two is the rarer.
            pairs.extend(group[i + 1..].iter().filter(|rare| **rare != often).map(|&rare| (rare, often)));
        }
    }
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for (rare, often) in pairs {
        let chained = found.contains_key(&often) || found.contains_key(&rare);
        if !chained
            && words[rare].frequency * RARER <= words[often].frequency
            && is_mistake(&words[rare], &words[often])
        {
            found.insert(rare, often);
        }
    }
    // A right spelling may itself have been found to be a mistake of a still more frequent one.
    let resolve = |mut to: usize| {
        while let Some(next) = found.get(&to) {
            to = *next;
        }
        to
    };
    found.iter().map(|(from, to)| (*from, resolve(*to))).collect()
}

fn is_mistake(rare: &Word, often: &Word) -> bool {
    if digits(&rare.letters) != digits(&often.letters) {
        return false;
    }
    if rare.words.len() == often.words.len() && rare.words.len() > 1 {
        // In "SW America" and "North America" it is the short word that makes the difference, so it must not be a mistake.
        let missing = |of: &[String], from: &[String]| -> Vec<String> {
            of.iter().filter(|word| !from.contains(word)).cloned().collect()
        };
        let (ours, theirs) = (missing(&rare.words, &often.words), missing(&often.words, &rare.words));
        return ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| is_mistyped(a, b));
    }
    let [rare, often] = [rare, often].map(|word| word.letters.iter().collect::<String>());
    is_mistyped(&rare, &often)
}

/// Whether two words are so similar, for their length, that one is the other mistyped.
fn is_mistyped(rare: &str, often: &str) -> bool {
    let shorter = rare.chars().count().min(often.chars().count());
    let allowed = match shorter {
        LETTERS_FOR_TWO.. => 2,
        LETTERS_FOR_ONE.. => 1,
        _ => return false,
    };
    // A plural or another inflection at the end is a different word as often as a mistake.
    let inflected = often.starts_with(rare) || rare.starts_with(often);
    !(inflected && shorter < LETTERS_FOR_TWO) && strsim::osa_distance(rare, often) <= allowed
}

fn digits(letters: &[char]) -> String {
    letters.iter().filter(|c| c.is_ascii_digit()).collect()
}

/// Keys such that any two words a mistake apart share one, and nearly any two long words two mistakes apart.
fn parts(letters: &[char]) -> Vec<String> {
    let digits = digits(letters);
    let n = letters.len();
    let mut parts = Vec::new();
    if n + 1 >= LETTERS_FOR_ONE {
        let without = |at: usize| letters[..at].iter().chain(&letters[at + 1..]).collect::<String>();
        parts.push(letters.iter().collect::<String>());
        parts.extend((0..n.min(40)).map(without));
    }
    if n + 1 >= LETTERS_FOR_TWO {
        // Two mistakes leave one of three thirds as it was; its place may have moved, so it is looked for by its end.
        let third = n / 3;
        let piece = |name: &str, piece: &[char]| format!("{name}{digits}:{}", piece.iter().collect::<String>());
        parts.push(piece("<", &letters[..4]));
        parts.push(piece(">", &letters[n - 4..]));
        parts.push(piece("=", &letters[third..third + 4.min(n - third)]));
    }
    parts.sort_unstable();
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposals<'a>(values: &[(&'a str, u64)]) -> Vec<(&'a str, &'a str)> {
        let found = search(values, folded);
        found.proposals.iter().map(|p| (values[p.from].0, values[p.to].0)).collect()
    }

    #[test]
    fn spellings_of_the_same_word_are_found() {
        let values = [
            ("Technology", 500),
            ("technolgy", 12),
            ("TECHNOLOGY ", 3),
            ("Tehcnology", 2),
            ("Tecnologhy", 1),
            ("GTX Pro", 40),
            ("GTXPro", 90),
            ("Health-care", 7),
            ("Healthcare", 300),
            ("Café", 1),
            ("Cafe", 5),
            ("Retail", 200),
        ];
        assert_eq!(
            proposals(&values),
            [
                ("technolgy", "Technology"),
                ("TECHNOLOGY ", "Technology"),
                ("Tehcnology", "Technology"),
                ("Tecnologhy", "Technology"),
                ("GTX Pro", "GTXPro"),
                ("Health-care", "Healthcare"),
                ("Café", "Cafe"),
            ]
        );
    }

    #[test]
    fn different_things_are_left_alone() {
        let different = [
            ("Account_Name_34", 400),
            ("Account_Name_35", 3),
            ("1-10", 90),
            ("110", 3),
            ("C", 50),
            ("C++", 4),
            ("C#", 3),
            ("Austria", 90),
            ("Australia", 100),
            ("Iran", 100),
            ("Iraq", 3),
            ("North America", 100),
            ("South America", 10),
            ("NW America", 600),
            ("SW America", 70),
            ("Male", 100),
            ("Female", 10),
            ("Service", 400),
            ("Services", 20),
            ("-", 5),
            ("?", 5),
        ];
        assert_eq!(proposals(&different), []);
    }

    #[test]
    fn the_order_of_a_name_does_not_matter_for_people() {
        let values = [("Dana Whitfield", 90), ("Whitfield, Dana", 4), ("dana.whitfield", 2), ("Bob Reyes", 70)];
        let found = search(&values, folded_name).proposals;
        assert_eq!(found, [Proposal { from: 1, to: 0 }, Proposal { from: 2, to: 0 }]);
    }

    #[test]
    fn a_rare_word_is_needed_for_a_typing_mistake() {
        assert_eq!(proposals(&[("Marketing A", 100), ("Marketing B", 90)]), []);
        assert_eq!(proposals(&[("Consulting", 100), ("Consluting", 26)]), [], "too frequent to be a mistake");
        assert_eq!(proposals(&[("Consulting", 100), ("Consluting", 25)]), [("Consluting", "Consulting")]);
    }

    #[test]
    fn ten_thousand_values_are_compared_without_comparing_each_pair() {
        let letters = |i: u32| -> String {
            let mixed = i.wrapping_mul(2_654_435_761);
            (0..6).map(|at| char::from(b'a' + (mixed >> (5 * at) & 15) as u8)).collect()
        };
        let texts: Vec<String> = (0..9_990u32).map(|i| format!("company {}", letters(i))).collect();
        let mut values: Vec<(&str, u64)> = texts.iter().map(|text| (text.as_str(), 8)).collect();
        values.push(("Northwind Traders", 80));
        values.push(("Northwind Tradesr", 2));
        let found = search(&values, folded);
        assert!(found.proposals.contains(&Proposal { from: 9_991, to: 9_990 }), "{:?}", found.proposals);
        assert!(found.capped, "every company shares its first letters, and that is said");
    }
}
