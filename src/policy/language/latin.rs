//! The language of a text in Latin letters, by its trigrams and its alphabet.
//!
//! It is the arithmetic of `whatlang` 0.18 to the last bit, the other way round: instead of asking for each trigram of 37
//! languages whether the text has it, it is asked for each trigram of the text which languages have it. That takes a tenth
//! of the time, and a property compares the two. The profiles of the languages are those of `whatlang` (Serhii Potapov,
//! MIT licence): for each its code, its alphabet and its 300 commonest trigrams.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::policy::quick::Quick;

/// What it costs a language not to have a trigram, and how many trigrams its profile has.
const FARTHEST: u32 = 300;
/// So many trigrams of a text are looked at, commonest first.
const LOOKED_AT: usize = 600;

/// All languages, by what texts are made of.
struct Profiles {
    /// ISO 639-3.
    codes: Vec<&'static str>,
    /// Which languages have a letter, as bits.
    letters: HashMap<u64, u64, Quick>,
    /// Which languages have a trigram, and at which place.
    trigrams: HashMap<u64, Vec<(u8, u16)>, Quick>,
}

/// Three letters as a number, in the same order.
fn trigram([one, two, three]: [char; 3]) -> u64 {
    u64::from(one) << 42 | u64::from(two) << 21 | u64::from(three)
}

static PROFILES: LazyLock<Profiles> = LazyLock::new(|| {
    let lines = include_str!("../../../assets/language/latin.tsv").lines();
    let mut profiles = Profiles { codes: Vec::new(), letters: HashMap::default(), trigrams: HashMap::default() };
    for (language, line) in lines.enumerate() {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        profiles.codes.push(column());
        for letter in column().chars() {
            *profiles.letters.entry(letter.into()).or_default() |= 1 << language;
        }
        let trigrams: Vec<char> = column().chars().collect();
        for (place, three) in trigrams.as_chunks::<3>().0.iter().enumerate() {
            profiles.trigrams.entry(trigram(*three)).or_default().push((language as u8, place as u16));
        }
    }
    profiles
});

/// The likeliest language of a text (ISO 639-3) and how sure that is, 0 to 1; `None` for a text without letters.
pub(super) fn detect(text: &str) -> Option<(&'static str, f64)> {
    let profiles = &*PROFILES;
    let text = text.to_lowercase();
    let (letters, by_alphabet) = profiles.by_alphabet(&text);
    let trigrams = trigrams(&text);
    if letters == 0 || trigrams.is_empty() {
        return None;
    }
    let by_trigrams = profiles.by_trigrams(&trigrams);
    // Of a short text, the letters say more.
    let alphabet_weight = (-(letters as f64 / 300.0) + 2.0 / 3.0).clamp(1.0 / 3.0, 2.0 / 3.0);
    let trigram_weight = 1.0 - alphabet_weight;
    let (mut first, mut second) = ((0, f64::NEG_INFINITY), f64::NEG_INFINITY);
    for (language, (alphabet, trigrams)) in by_alphabet.iter().zip(&by_trigrams).enumerate() {
        let score = alphabet * alphabet_weight + trigrams * trigram_weight;
        if score > first.1 {
            second = first.1;
            first = (language, score);
        } else if score > second {
            second = score;
        }
    }
    Some((profiles.codes[first.0], confidence(first.1, second, trigrams.len())))
}

fn confidence(first: f64, second: f64, trigrams: usize) -> f64 {
    if first <= 0.0 {
        return 0.0;
    }
    if second <= 0.0 {
        return first;
    }
    let sure = 3.0 / trigrams as f64 + 0.015;
    let ahead = (first - second) / second;
    if ahead > sure { 1.0 } else { ahead / sure }
}

impl Profiles {
    /// How many letters a text has, and for each language the share of them that are its own, less the share of others.
    fn by_alphabet(&self, text: &str) -> (usize, Vec<f64>) {
        let (mut letters, mut all, mut own) = (0, 0, vec![0; self.codes.len()]);
        // Most texts have few letters, many times each.
        let mut ascii = [0usize; 128];
        let mut count = |letter: char, times: usize| {
            let mut having = self.letters.get(&u64::from(letter)).copied().unwrap_or(0);
            if having.count_ones() as usize == self.codes.len() {
                all += 2 * times;
                return;
            }
            while having != 0 {
                own[having.trailing_zeros() as usize] += 2 * times;
                having &= having - 1;
            }
        };
        for letter in text.chars().filter(|letter| !is_stop(*letter)) {
            letters += 1;
            match ascii.get_mut(letter as usize) {
                Some(times) => *times += 1,
                None => count(letter, 1),
            }
        }
        for (letter, times) in (0u8..).zip(ascii).filter(|(_, times)| *times > 0) {
            count(letter.into(), times);
        }
        (
            letters,
            own.into_iter().map(|own: usize| (own + all).saturating_sub(letters) as f64 / letters as f64).collect(),
        )
    }

    /// For each language how alike the order of its commonest trigrams is to that of the text.
    fn by_trigrams(&self, trigrams: &[u64]) -> Vec<f64> {
        let mut distances = vec![FARTHEST * FARTHEST; self.codes.len()];
        for (place, trigram) in (0u32..).zip(trigrams) {
            for &(language, theirs) in self.trigrams.get(trigram).map_or(&[][..], Vec::as_slice) {
                let distance = &mut distances[usize::from(language)];
                *distance = *distance - FARTHEST + place.abs_diff(theirs.into());
            }
        }
        let count = trigrams.len() as u32;
        // What a short text cannot have counts against nobody.
        let short = FARTHEST.saturating_sub(count) * FARTHEST;
        let farthest = count * FARTHEST;
        let likeness =
            |distance: u32| f64::from(farthest - (distance - short).min(FARTHEST * FARTHEST)) / f64::from(farthest);
        distances.into_iter().map(likeness).collect()
    }
}

/// The trigrams of a text in lower case, commonest first, of equally common ones the last in the alphabet.
fn trigrams(text: &str) -> Vec<u64> {
    let mut letters = text.chars().map(|letter| if is_stop(letter) { ' ' } else { letter }).chain([' ']);
    let (mut one, mut two) = (' ', letters.next().unwrap_or(' '));
    let mut all = Vec::with_capacity(text.len());
    for three in letters {
        if two != ' ' || (one != ' ' && three != ' ') {
            all.push(trigram([one, two, three]));
        }
        (one, two) = (two, three);
    }
    all.sort_unstable();
    let mut counted: Vec<(usize, u64)> = all.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0])).collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    counted.truncate(LOOKED_AT);
    counted.into_iter().map(|(_, trigram)| trigram).collect()
}

/// White space, digits, and most of what else is no letter in ASCII.
const fn is_stop(letter: char) -> bool {
    matches!(letter, '\0'..='@' | '['..='`' | '{'..='~')
}
