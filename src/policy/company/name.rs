//! A company's name as it is compared: without case, accents, punctuation, legal form and a leading "The".
//!
//! Conservative: `Acme Germany` and `Acme Holding` stay companies of their own, and nothing is translated or spelled out.
//! A name that consists of a legal form alone stays as it is.

mod forms;

use unicode_normalization::UnicodeNormalization;

use forms::{LEADING, LEGAL_FORMS, NO_NAMES, UNSPACED};

/// Names longer than this, in characters, are cut.
const MAX_CHARS: usize = 300;

/// The comparable form of a company's name; `None` when it names no company.
pub fn key(raw: &str) -> Option<String> {
    let mut words = words(raw);
    while strip(&mut words) {}
    let key = words.join(" ");
    (!key.is_empty() && !NO_NAMES.contains(&key.as_str())).then_some(key)
}

/// The beginning of a name that says which company it is, as it is written: what comes before its legal form. For searching
/// where names cannot be compared by [`key`]. `None` when it names no company.
pub fn stem(raw: &str) -> Option<&str> {
    let wanted = key(raw)?;
    let ends = raw.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).chain([raw.len()]);
    let stems = ends.filter_map(|end| raw.get(..end)).map(|stem| stem.trim().trim_end_matches(','));
    stems.filter(|stem| !stem.is_empty()).find(|stem| key(stem).as_ref() == Some(&wanted))
}

/// The comparable form of a person's name; `None` when there is none.
pub fn person(raw: &str) -> Option<String> {
    let key = words(raw).join(" ");
    (!key.is_empty()).then_some(key)
}

/// The words of a name, folded.
fn words(raw: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in fold(raw).chars() {
        match c {
            c if c.is_alphanumeric() || is_mark(c) => word.push(c),
            // S.p.A., O'Reilly, A/S
            '.' | '\'' | '’' | '‘' | '`' | '´' | 'ʼ' => {}
            '/' if word.chars().count() == 1 => {}
            '&' | '+' => {
                words.push(std::mem::take(&mut word));
                words.push("and".to_owned());
            }
            _ => words.push(std::mem::take(&mut word)),
        }
    }
    words.push(word);
    words.retain(|w| !w.is_empty());
    joined_letters(words)
}

/// Single letters in a row are an abbreviation that somebody spaced: `S. A.`, `A B C`.
fn joined_letters(words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut letters = false;
    for word in words {
        let letter = word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
        match out.last_mut() {
            Some(last) if letter && letters => last.push_str(&word),
            _ => out.push(word),
        }
        letters = letter;
    }
    out
}

/// Case, width, and the accents of Latin, Greek and Cyrillic letters folded away. Marks of other scripts are letters.
fn fold(raw: &str) -> String {
    let raw: String = raw.chars().take(MAX_CHARS).collect();
    let mut out = String::with_capacity(raw.len());
    for c in raw.nfkd().flat_map(char::to_lowercase).nfkd() {
        match c {
            '\u{0300}'..='\u{036F}' => {}
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ħ' => out.push('h'),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            c => out.push(c),
        }
    }
    out.nfc().collect()
}

/// Marks that belong to the letter before them, such as the voicing of kana or the vowels of Indian scripts.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Takes away one thing that does not tell companies apart; whether there was one. A name never becomes empty.
fn strip(words: &mut Vec<String>) -> bool {
    let count = words.len();
    if count > 1 && (words[0] == "the" || LEADING.contains(&words[0].as_str())) {
        words.remove(0);
        return true;
    }
    if let Some(length) = LEGAL_FORMS.iter().find_map(|form| ends_with(words, form)).filter(|length| *length < count) {
        words.truncate(count - length);
        return true;
    }
    if count > 1 && words[count - 1] == "and" {
        words.pop();
        return true;
    }
    // Chinese, Japanese and Korean put the form before or after the name without a blank.
    for form in UNSPACED {
        if let Some(last) = words.last_mut()
            && let Some(rest) = last.strip_suffix(form).filter(|rest| !rest.is_empty()).map(str::to_owned)
        {
            *last = rest;
            return true;
        }
        if let Some(first) = words.first_mut()
            && let Some(rest) = first.strip_prefix(form).filter(|rest| !rest.is_empty()).map(str::to_owned)
        {
            *first = rest;
            return true;
        }
    }
    false
}

/// How many words a form has, when the name ends with it.
fn ends_with(words: &[String], form: &str) -> Option<usize> {
    let mut length = 0;
    for part in form.rsplit(' ') {
        length += 1;
        if words.len().checked_sub(length).is_none_or(|at| words[at] != part) {
            return None;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_company_in_many_spellings() {
        let same = |names: &[&str]| {
            let keys: Vec<Option<String>> = names.iter().map(|n| key(n)).collect();
            assert!(keys[0].is_some() && keys.windows(2).all(|w| w[0] == w[1]), "{names:?}: {keys:?}");
        };
        same(&[
            "Acme",
            "ACME Inc.",
            "The Acme Company",
            "acme, inc",
            "Acme Corp.",
            "ACME LLC",
            "Acme Co., Ltd.",
            "Ａｃｍｅ",
        ]);
        same(&["Müller & Söhne GmbH & Co. KG", "MULLER AND SOHNE", "Müller + Söhne GmbH", "Müller & Söhne & Co. KG"]);
        same(&["Crédit Lyonnais S.A.", "Credit Lyonnais SA", "crédit lyonnais S. A.", "Crédit-Lyonnais"]);
        same(&["Żabka Polska Sp. z o.o.", "Zabka Polska sp. z o. o.", "ŻABKA POLSKA"]);
        same(&["Ferrari S.p.A.", "Ferrari", "FERRARI SPA"]);
        same(&["Maersk A/S", "Maersk AS", "maersk"]);
        same(&["Grupo Bimbo, S.A.B. de C.V.", "Grupo Bimbo"]);
        same(&["Škoda Auto a.s.", "SKODA AUTO"]);
        same(&["L'Oréal", "L’Oreal S.A.", "LOreal"]);
        same(&["アクメ株式会社", "株式会社アクメ", "アクメ", "㈱アクメ", "アクメ（株）"]);
        same(&["PT Telkom Tbk", "PT Telkom"]);
        same(&["A B C Systems", "ABC Systems", "A.B.C. Systems"]);
        same(&["Straße AG", "STRASSE"]);
        same(&["Procter & Gamble", "Procter and Gamble Company"]);
    }

    #[test]
    fn the_stem_is_what_comes_before_the_legal_form() {
        for (raw, wanted) in [
            ("Acme Systems, Inc.", Some("Acme Systems")),
            ("  Müller & Söhne GmbH & Co. KG", Some("Müller & Söhne")),
            ("Acme S. A.", Some("Acme")),
            ("Acme Holding", Some("Acme Holding")),
            ("The Acme Ltd", Some("The Acme")),
            ("", None),
        ] {
            assert_eq!(stem(raw), wanted, "{raw}");
        }
    }

    #[test]
    fn different_companies_stay_different() {
        let different = |a: &str, b: &str| assert_ne!(key(a), key(b), "{a} and {b}");
        different("Acme Germany GmbH", "Acme GmbH");
        different("Acme Holding AG", "Acme AG");
        different("Coop", "Co-op Group");
        different("カクメ", "ガクメ");
        different("Company", "Limited");
        different("Smith & Sons", "Smith");
        different("AG", "SE");
        different("Sia Partners", "Partners");
        different("PT Solutions", "Solutions");
    }

    #[test]
    fn what_names_no_company_matches_nothing() {
        for name in ["", " ", "-", "n/a", "N.A.", "[not provided]", "Self-Employed", "none", "TEST", "???", "Private"] {
            assert_eq!(key(name), None, "{name}");
        }
    }

    #[test]
    fn forms_are_written_as_names_are_folded() {
        for form in LEGAL_FORMS.iter().chain(UNSPACED).chain(LEADING).chain(NO_NAMES) {
            assert_eq!(person(form).as_deref().map(|w| w.replace(' ', "")), Some(form.replace(' ', "")), "{form}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            name in "\\PC{0,20}",
            words in prop::collection::vec(prop::sample::select(vec![
                "Acme", "&", "Co", "KG", "GmbH", "The", "S.", "A.", "A/S", "de", "C.V.", "and", "Ltd", "株式会社", "Ö", "PT", "sp.", "z", "o.o.", "İ",
            ]), 0..6),
        ) {
            for raw in [name.clone(), words.join(" "), format!("{} {name}", words.join(" "))] {
                if let Some(once) = key(&raw) {
                    prop_assert_eq!(key(&once), Some(once.clone()), "{}", raw);
                }
                if let Some(once) = person(&raw) {
                    prop_assert_eq!(person(&once), Some(once.clone()));
                }
            }
        }
    }
}
