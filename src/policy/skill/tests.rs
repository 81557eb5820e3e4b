use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::LeadId;

fn lead(product: Option<&str>, text: Option<&str>) -> Subject {
    let mut facts = LeadFacts::empty(DateTime::UNIX_EPOCH);
    facts.product = product.map(str::to_owned);
    let mut subject = Subject::plain(LeadId::new("l"), facts);
    subject.text = text.map(str::to_owned);
    subject
}

fn skill(name: &str, phrases: &[&str], products: &[&str]) -> SkillSettings {
    let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    SkillSettings { name: name.into(), kind: Kind::Skill, phrases: owned(phrases), products: owned(products) }
}

fn found(phrase: &str, text: &str) -> bool {
    let skills = Skills::compile(&[skill("s", &[phrase], &[])]).unwrap();
    !skills.required(&lead(None, Some(text))).is_empty()
}

#[test]
fn settings_read_as_documented() {
    #[derive(Deserialize)]
    struct File {
        skill: Vec<SkillSettings>,
    }
    let file: File = toml::from_str(
        "[[skill]]\nname = \"cloud\"\nphrases = [\"move to the cloud\"]\nproducts = [\"CloudMover\"]\n\
         [[skill]]\nname = \"HIPAA\"\nkind = \"certification\"\nphrases = [\"hipaa\"]\n",
    )
    .unwrap();
    let skills = Skills::compile(&file.skill).unwrap();
    let required = skills.required(&lead(Some(" cloudmover"), Some("We must stay HIPAA compliant.")));
    let words: Vec<String> = required.iter().map(|r| format!("{} {}: {}", r.kind, r.name, r.proof)).collect();
    assert_eq!(
        words,
        ["skill cloud: product  cloudmover", "certification HIPAA: the text says \"we must stay hipaa compliant.\""]
    );
}

#[test]
fn phrases_are_whole_words_in_any_case_and_script() {
    for (phrase, text) in [
        ("SAP", "do you know sap?"),
        ("c++", "Expert in C++."),
        (".net", "we run .NET"),
        ("s/4hana", "SAP S/4HANA rollout"),
        ("move to the cloud", "we MOVE  to\nthe Cloud now"),
        ("straße", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("ﬁnance", "FINANCE"),
        ("cafe\u{301}", "CAFÉ"),
        ("データ", "データベースの導入"),
        ("iso 27001", "(ISO 27001)"),
    ] {
        assert!(found(phrase, text), "{phrase} in {text}");
    }
    for (phrase, text) in [
        ("sap", "asap please"),
        ("sap", "sapphire"),
        ("c", "cat"),
        ("net", "Internet"),
        ("iso 2700", "iso 27001"),
        ("data base", "database"),
        ("x", ""),
    ] {
        assert!(!found(phrase, text), "{phrase} in {text}");
    }
}

#[test]
fn the_first_place_in_the_text_is_the_proof() {
    let skills = Skills::compile(&[skill("s", &["beta", "alpha beta", "alpha"], &[])]).unwrap();
    let required = skills.required(&lead(None, Some("betamax alpha beta beta")));
    let Proof::Phrase { phrase, .. } = &required[0].proof else { panic!() };
    assert!(phrase.starts_with("alpha"), "{phrase}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |settings: &[SkillSettings]| Skills::compile(settings).unwrap_err().to_string();
    assert!(refused(&[skill("a", &[], &[])]).contains("neither phrases nor products"));
    assert!(refused(&[skill(" ", &["x"], &[])]).contains("no name"));
    assert!(refused(&[skill("a", &["x"], &[]), skill("A", &["y"], &[])]).contains("twice"));
    assert!(refused(&[skill("a", &["+ -"], &[])]).contains("no letter"));
    assert!(refused(&[skill("a", &["x".repeat(MAX_PHRASES + 1).as_str()], &[])]).contains("too many"));
}

#[test]
fn neither_long_texts_nor_nested_phrases_take_long() {
    let phrases: Vec<String> = (1..400).map(|n| "a".repeat(n)).collect();
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let skills = Skills::compile(&[skill("s", &phrases, &[])]).unwrap();
    assert_eq!(skills.required(&lead(None, Some(&"a".repeat(5_000_000)))), []);
}

/// The same by looking at every place.
fn by_hand(phrase: &str, text: &str) -> bool {
    let (phrase, text): (Vec<char>, Vec<char>) = (key(phrase).chars().collect(), key(text).chars().collect());
    (0..(text.len() + 1).saturating_sub(phrase.len())).any(|i| {
        let end = i + phrase.len();
        let edge =
            |out: Option<&char>, inner: char| out.is_none_or(|o| !o.is_alphanumeric() || !inner.is_alphanumeric());
        text[i..end] == phrase[..]
            && edge(i.checked_sub(1).map(|p| &text[p]), phrase[0])
            && edge(text.get(end), phrase[phrase.len() - 1])
    })
}

proptest! {
    #[test]
    fn agrees_with_looking_at_every_place(phrase in "[abAB+ ]{0,4}[ab]", text in "[abAB+ ,]{0,24}") {
        prop_assert_eq!(found(&phrase, &text), by_hand(&phrase, &text));
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
        prop_assert_eq!(key(&key(&text)), key(&text));
    }
}
