use proptest::prelude::*;

use super::random::{all_leads, condition, rules};
use super::*;

fn words(before: &[String], after: &[String]) -> Vec<String> {
    diff(&book(before), &book(after)).iter().map(ToString::to_string).collect()
}

fn key_account(when: &str, more: &str) -> Vec<String> {
    vec![rule("Key account Siemens", "strategic", when, more)]
}

#[test]
fn changes_are_told_in_plain_language() {
    let siemens = "lead.email_domain == \"siemens.com\"";
    let before = key_account(siemens, "rep = \"Ana\"");
    assert_eq!(
        words(&before, &key_account(siemens, "rep = \"Bob\"\nuntil = 2027-01-01")),
        ["\"Key account Siemens\": now goes to Bob instead of Ana; applies until 2027-01-01 (before: no end)"]
    );
    assert_eq!(
        words(
            &before,
            &key_account("lead.email_domain in [\"siemens.com\", \"siemens.de\"]", "queue = \"Key_Accounts\"")
        ),
        [
            "\"Key account Siemens\": now goes to the queue Key_Accounts instead of Ana; lead.email_domain now also \"siemens.de\" (holds for more)"
        ]
    );
    assert_eq!(
        words(&before, &key_account(&format!("{siemens} && lead.amount > 5"), "rep = \"Ana\"")),
        ["\"Key account Siemens\": now asks lead.amount > 5 (holds for fewer)"]
    );
    assert_eq!(
        words(&key_account("lead.amount > 5", "rep = \"Ana\""), &key_account("lead.amount > 50", "rep = \"Ana\"")),
        ["\"Key account Siemens\": lead.amount 50 instead of 5 (holds for fewer)"]
    );
    assert_eq!(
        words(&before, &key_account(&format!("!(!({siemens}))"), "rep = \"Ana\"")),
        [""; 0],
        "nothing changed but the spelling"
    );
    assert_eq!(
        words(&key_account("lead.score > 10", "rep = \"Ana\""), &key_account("lead.score >= 11", "rep = \"Ana\"")),
        ["\"Key account Siemens\": its condition is written differently, for the same leads"]
    );
}

#[test]
fn rules_come_go_move_and_change_their_name() {
    let [a, b, c] =
        ["a", "b", "c"].map(|name| rule(name, "strategic", &format!("lead.source == \"{name}\""), "rep = \"Ana\""));
    let all = [a.clone(), b.clone(), c.clone()];
    assert_eq!(words(&all, &[c.clone(), a.clone(), b.clone()]), ["\"c\": now comes first of its kind"]);
    assert_eq!(words(&all, &[b.clone(), c.clone(), a.clone()]), ["\"a\": now comes after \"c\""]);
    let hot = rule("h", "hot", "lead.source == \"Web\"", "");
    assert_eq!(
        words(&all, &[hot.clone(), a.clone(), b.clone(), c.clone()]),
        ["\"h\": new, of kind hot: a lead with lead.source == \"Web\" shows high intent"]
    );
    assert_eq!(
        words(&all, &[b.clone(), c.clone()]),
        ["\"a\": gone, it was of kind strategic: a lead with lead.source == \"a\" goes to \"Ana\""]
    );
    let renamed = b.replace("name = \"b\"", "name = \"beta\"");
    assert_eq!(words(&all, &[a, renamed, c]), ["\"beta\": was called \"b\""]);
    let partner = |more: &str| vec![rule("p", "partner", "true", more)];
    assert_eq!(
        words(
            &partner("rep_when = '\"gold\" in rep.partner_tiers'"),
            &partner(
                "rep_when = '\"gold\" in rep.partner_tiers || \"silver\" in rep.partner_tiers'\nsource = \"Partner\""
            )
        ),
        [
            "\"p\": now gives the source \"Partner\"; of reps now asks \"gold\" in rep.partner_tiers || \"silver\" in rep.partner_tiers and no longer asks \"gold\" in rep.partner_tiers (holds for more)"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A rulebook does not differ from itself, and all that differs is found.
    #[test]
    fn a_difference_is_told_exactly_when_there_is_one(a in rules(condition(), 6), b in rules(condition(), 6)) {
        let (one, other) = (book(&a), book(&b));
        prop_assert_eq!(diff(&one, &book(&a)), vec![]);
        let told = diff(&one, &other);
        prop_assert_eq!(told.is_empty() && one.rules().len() != other.rules().len(), false);
        for change in &told {
            prop_assert!(!change.changes.is_empty() && !change.to_string().is_empty());
        }
        // Where nothing is told, every lead is treated alike.
        if told.is_empty() {
            for lead in all_leads().iter().step_by(101) {
                let facts = Facts::new(lead, now());
                let fired = |book: &Rulebook| book.fire(&facts, &directory()).fired;
                prop_assert_eq!(fired(&one), fired(&other));
            }
        }
    }
}
