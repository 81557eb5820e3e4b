use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;

use super::corpus::{MIXED, NOTHING, RARER, TEXTS};
use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::LeadId;

fn lead(field: Option<&str>, text: Option<&str>, country: Option<&str>) -> Subject {
    let mut facts = LeadFacts::empty(DateTime::UNIX_EPOCH);
    facts.country = country.map(str::to_owned);
    let mut subject = Subject::plain(LeadId::new("l"), facts);
    subject.language = field.map(str::to_owned);
    subject.text = text.map(str::to_owned);
    subject
}

/// Texts, answers and right answers.
fn tried(texts: &[(&str, &[&str])]) -> (usize, usize, usize, BTreeMap<String, usize>) {
    let (mut all, mut answered, mut right) = (0, 0, 0);
    let mut by_language = BTreeMap::new();
    for (wanted, texts) in texts {
        for text in *texts {
            all += 1;
            if let Some(found) = detect(text) {
                answered += 1;
                right += usize::from(found.code == *wanted);
                *by_language.entry((*wanted).to_owned()).or_default() += 1;
            }
        }
    }
    (all, answered, right, by_language)
}

#[test]
fn short_texts_are_recognised_or_left_alone() {
    // For comparison, on the same 120 texts when made to answer: whichlang alone 89 right, whatlang alone 98, lingua 120
    // (which would add 57 MB to the program).
    let (all, answered, right, by_language) = tried(TEXTS);
    assert_eq!((all, answered, right), (120, 86, 86), "{by_language:?}");
    let (all, answered, right, by_language) = tried(RARER);
    assert_eq!((all, answered, right), (30, 20, 20), "{by_language:?}");
    // What the two confidences rest on.
    let all = TEXTS.iter().chain(RARER).flat_map(|(_, texts)| *texts).filter_map(|t| detect(t));
    let (agreed, alone): (Vec<f64>, Vec<f64>) = all.map(|l| l.confidence).partition(|c| *c == AGREED);
    assert_eq!((agreed.len(), alone.len()), (75, 31));
}

#[test]
fn what_says_nothing_gets_no_language() {
    for text in NOTHING {
        assert_eq!(detect(text), None, "{text}");
    }
    // A text in two languages is one of them, if anything.
    let found: Vec<Option<String>> = MIXED.iter().map(|t| detect(t).map(|l| l.code)).collect();
    assert_eq!(found[0].as_deref(), Some("de"));
    assert!(found.iter().flatten().all(|code| ["de", "en", "fr", "es"].contains(&code.as_str())));
}

#[test]
fn the_crm_goes_before_the_text_and_the_text_before_the_country() {
    let settings = LanguageSettings::default();
    let text = Some("Können Sie mir weitere Informationen zu Ihren Produkten schicken?");
    let language = of(&lead(Some("fr_CA"), text, Some("Italy")), &settings).unwrap();
    assert_eq!(language.to_string(), "French (the CRM says \"fr_CA\")");
    let language = of(&lead(Some("whatever"), text, Some("Italy")), &settings).unwrap();
    assert_eq!(language.to_string(), "German (the text, 96 % sure)");
    let language = of(&lead(None, Some("ok"), Some(" italy ")), &settings).unwrap();
    assert_eq!(language.to_string(), "Italian (usual in  italy , spoken by 95 %)");
    assert!(language.restricts(&settings));
    for country in ["Switzerland", "Belgium", "Canada", "Narnia", ""] {
        assert_eq!(of(&lead(None, None, Some(country)), &settings), None, "{country}");
    }
    let neither = LanguageSettings { detect: false, by_country: false, ..LanguageSettings::default() };
    assert_eq!(of(&lead(None, text, Some("Italy")), &neither), None);
}

#[test]
fn languages_by_every_name() {
    for text in ["de", "DE", "de_DE", "de-at", "deu", "ger", "German", "deutsch", " German (Austria)"] {
        assert_eq!(code(text), Some("de"), "{text}");
    }
    assert_eq!(
        (code("nb_NO"), code("pt-BR"), code("日本語"), code("zh_Hans")),
        (Some("no"), Some("pt"), Some("ja"), Some("zh"))
    );
    assert_eq!((code(""), code("-"), code("xx"), code("Klingon")), (None, None, None, None));
    assert!(LanguageSettings { everyone: vec!["Elvish".into()], ..Default::default() }.problem().is_some());
    assert!(LanguageSettings { min_confidence: 1.5, ..Default::default() }.problem().is_some());
    assert_eq!(LanguageSettings { everyone: vec!["English".into()], ..Default::default() }.problem(), None);
}

#[test]
fn tables_are_consistent() {
    let mut seen = std::collections::BTreeSet::new();
    for language in names::KNOWN {
        for name in language.three.iter().chain(language.names).chain([&language.code]) {
            assert_eq!(code(name), Some(language.code), "{name}");
            assert!(seen.insert(name.to_lowercase()), "{name} stands twice");
        }
    }
}

proptest! {
    #[test]
    fn any_text_has_a_sure_language_or_none(text in "\\PC{0,200}") {
        the_quick_way_gives_what_whatlang_gives(&text)?;
        if let Some(language) = detect(&text) {
            prop_assert!([ALONE, AGREED].contains(&language.confidence));
            prop_assert_eq!(code(&language.code), Some(language.code.as_str()));
        }
    }

    #[test]
    fn texts_in_latin_letters_have_the_language_of_whatlang(
        words in proptest::collection::vec(prop::sample::select(words()), 1..120), letters in "[a-zäöüßéèñçãøåşğı .,0-9]{0,700}",
    ) {
        the_quick_way_gives_what_whatlang_gives(&words.join(" "))?;
        the_quick_way_gives_what_whatlang_gives(&letters)?;
        the_quick_way_gives_what_whatlang_gives(&format!("{letters} {}", words.join(" ")))?;
    }
}

/// All words of the corpus.
fn words() -> Vec<&'static str> {
    TEXTS.iter().chain(RARER).flat_map(|(_, texts)| *texts).flat_map(|text| text.split(' ')).collect()
}

fn the_quick_way_gives_what_whatlang_gives(text: &str) -> Result<(), TestCaseError> {
    if whatlang::detect_script(text) == Some(whatlang::Script::Latin) {
        let (wanted, found) = (whatlang::detect(text).unwrap(), latin::detect(text).unwrap());
        prop_assert_eq!(found.1.to_bits(), wanted.confidence().to_bits(), "{}", text);
        // Which of equally likely ones comes first means nothing.
        prop_assert!(wanted.confidence() == 0.0 || found.0 == wanted.lang().code(), "{}", text);
    }
    Ok(())
}
