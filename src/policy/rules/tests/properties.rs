use proptest::prelude::*;

use super::random::{all_leads, any_lead, condition, plain_condition, rules};
use super::*;
use crate::policy::rules::condition::{Atom, Formula, Truth};
use crate::policy::rules::facts::Values;
use crate::policy::rules::region::{Cell, Region};

fn compiled(when: &str) -> Condition {
    book(&[rule("r", "hot", when, "")]).rules.remove(0).condition
}

/// The whole condition for the `cel` crate's own interpreter.
fn interpreted(when: &str) -> Condition {
    let tree = syntax::read_all(&[when]).remove(0).unwrap();
    let formula = Formula::new(tree.root, when);
    Condition::Atom(Atom::Formula(Box::new(formula)), compiled("lead.source == \"a\"").place())
}

impl Condition {
    fn place(&self) -> Place {
        let mut found = None;
        self.each_atom(&mut |_, place| found = Some(place.clone()));
        found.unwrap()
    }
}

/// What the rules say, apart from the names of those that do not matter.
fn said(firing: &Firing) -> (Option<String>, Vec<Fired>) {
    let applies = |fired: &&Fired| fired.standing == Standing::Applies;
    (firing.territory.clone(), firing.fired.iter().filter(applies).cloned().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// What is evaluated here means exactly what CEL means, for known and missing facts.
    #[test]
    fn our_evaluation_is_cels(when in condition(), leads in proptest::collection::vec(any_lead(), 8)) {
        let (ours, theirs) = (compiled(&when), interpreted(&when));
        for lead in leads {
            let facts = Facts::new(&lead, now());
            prop_assert_eq!(ours.truth(&facts), theirs.truth(&facts), "{} on {:?}", ours, lead);
            prop_assert_eq!(ours.because(&facts).is_empty(), ours.truth(&facts) == Truth::True);
        }
    }

    /// A condition printed and read again is the same condition.
    #[test]
    fn conditions_round_trip(when in condition(), lead in any_lead()) {
        let once = compiled(&when);
        let twice = compiled(&once.to_string());
        let facts = Facts::new(&lead, now());
        prop_assert_eq!(once.truth(&facts), twice.truth(&facts), "{} and {}", once, twice);
    }

    /// A region holds every lead for which its condition holds, and no other where every part is understood.
    #[test]
    fn a_region_is_the_leads_of_its_condition(plain in plain_condition(), any in condition()) {
        let leads = all_leads();
        let (plain, any) = (compiled(&plain), compiled(&any));
        let (exact, wide) = (Region::of(&plain), Region::of(&any));
        for lead in leads.iter().step_by(41) {
            let facts = Facts::new(lead, now());
            if let Ok(exact) = &exact {
                prop_assert_eq!(plain.truth(&facts) == Truth::True, exact.contains(&facts), "{} on {:?}", plain, lead);
            }
            if let Ok(wide) = &wide {
                prop_assert!(any.truth(&facts) != Truth::True || wide.contains(&facts), "{} on {:?}", any, lead);
            }
        }
        // Among all leads that the conditions can tell apart, one is in the region exactly when it is not empty.
        if let Ok(exact) = exact {
            let mut some = leads.iter().any(|lead| exact.contains(&Facts::new(lead, now())));
            let earlier = now() - chrono::Duration::hours(1);
            some |= leads.iter().any(|lead| exact.contains(&Facts::new(lead, earlier)));
            prop_assert_eq!(some, !exact.is_empty(), "{} is {:?}", plain, exact);
            for lead in exact.cells().iter().filter_map(Cell::sample) {
                prop_assert_eq!(plain.truth(&lead), Truth::True, "{} on {:?}", plain, lead);
            }
        }
    }

    #[test]
    fn regions_are_subtracted_exactly(a in plain_condition(), b in plain_condition()) {
        let (a, b) = (compiled(&a), compiled(&b));
        if let (Ok(of_a), Ok(of_b)) = (Region::of(&a), Region::of(&b)) {
            let (rest, both) = (of_a.without(&of_b), of_a.and(&of_b));
            for lead in all_leads().iter().step_by(61) {
                let facts = Facts::new(lead, now());
                let (in_a, in_b) = (of_a.contains(&facts), of_b.contains(&facts));
                if let Ok(rest) = &rest {
                    prop_assert_eq!(rest.contains(&facts), in_a && !in_b);
                }
                if let Ok(both) = &both {
                    prop_assert_eq!(both.contains(&facts), in_a && in_b);
                }
            }
        }
    }

    /// Whatever is called impossible happens on no lead at any later time.
    #[test]
    fn what_is_called_impossible_never_happens(rules in rules(condition(), 6)) {
        let book = book(&rules);
        let world = World { directory: directory(), ..World::default() };
        let findings = check(&book, &world, now());
        let silent = |trouble: &Trouble| {
            matches!(trouble, Trouble::NeverHolds { of_reps: false, .. } | Trouble::NeverDecides { .. } | Trouble::Expired { .. })
        };
        let claims = |finding: &&Finding| silent(&finding.trouble) || matches!(finding.trouble, Trouble::AddsNothing { .. });
        let claims: Vec<&Finding> = findings.iter().filter(claims).collect();
        let leads = all_leads();
        for (lead, days) in leads.iter().step_by(41).flat_map(|lead| [0, 60].map(|days| (lead, days))).filter(|_| !claims.is_empty()) {
            let facts = Facts::new(lead, now() + chrono::Duration::days(days));
            let firing = book.fire(&facts, &world.directory);
            for finding in &claims {
                let Some(mine) = firing.fired.iter().find(|fired| fired.rule == finding.rule) else { continue };
                if let Trouble::AddsNothing { by } = &finding.trouble {
                    let others = firing.fired.iter().any(|fired| by.contains(&fired.rule));
                    prop_assert!(others, "{} but none of them fires on {:?}\n{}", finding, lead, book.canonical());
                } else {
                    prop_assert!(mine.standing != Standing::Applies, "{} but it applies to {:?}\n{}", finding, lead, book.canonical());
                }
            }
        }
    }

    #[test]
    fn rulebooks_round_trip(rules in rules(condition(), 6)) {
        let once = book(&rules);
        let twice = parsed(once.canonical());
        prop_assert_eq!(once.version(), twice.version());
        prop_assert_eq!(once.canonical(), twice.canonical());
        for (a, b) in once.rules().iter().zip(twice.rules()) {
            prop_assert_eq!((a.name(), a.kind(), a.when(), a.window()), (b.name(), b.kind(), b.when(), b.window()));
        }
    }

    /// The same lead gets the same answer, and it survives storage.
    #[test]
    fn firing_is_deterministic(rules in rules(condition(), 8), lead in any_lead()) {
        let book = book(&rules);
        let facts = Facts::new(&lead, now());
        let firing = book.fire(&facts, &directory());
        prop_assert_eq!(&firing, &parsed(&text(&rules)).fire(&facts, &directory()));
        let stored = serde_json::to_string(&firing).unwrap();
        prop_assert_eq!(&firing, &serde_json::from_str::<Firing>(&stored).unwrap());
        for rule in book.rules() {
            let fired = firing.fired.iter().any(|fired| fired.rule == rule.name());
            prop_assert_eq!(book.explain(rule.name(), &facts, &firing) == Some(Outcome::Fires), fired);
        }
    }

    /// Order matters among rules of one kind in which the first decides, and nowhere else.
    #[test]
    fn order_matters_only_where_the_first_decides(rules in rules(condition(), 8), lead in any_lead()) {
        let facts = Facts::new(&lead, now());
        let fire = |rules: &[String]| {
            let (territory, mut fired) = said(&book(rules).fire(&facts, &directory()));
            fired.sort_by(|a, b| a.rule.cmp(&b.rule));
            (territory, fired)
        };
        let mut by_kind = rules.clone();
        // Stable: the order inside each kind stays.
        by_kind.sort_by_key(|rule| rule.split("kind = ").nth(1).unwrap().lines().next().unwrap().to_owned());
        prop_assert_eq!(fire(&rules), fire(&by_kind));
        let (mut free, ordered): (Vec<_>, Vec<_>) = rules.iter().cloned().partition(|rule| {
            ["require", "exception", "hot"].iter().any(|kind| rule.contains(&format!("kind = \"{kind}\"")))
        });
        free.reverse();
        prop_assert_eq!(fire(&rules), fire(&[free, ordered].concat()));
    }

    #[test]
    fn a_rule_that_does_not_fire_changes_nothing(rules in rules(condition(), 6), at in 0usize..7, lead in any_lead()) {
        let facts = Facts::new(&lead, now());
        let fire = |rules: &[String]| book(rules).fire(&facts, &directory());
        for idle in [
            rule("idle", "strategic", "lead.source == \"nobody\"", "rep = \"Ana Diaz\""),
            rule("idle", "territory", "true", "territory = \"West\"\nuntil = 2026-11-21"),
            rule("idle", "strategic", "true", "rep = \"Nobody at all\""),
        ] {
            let mut more = rules.clone();
            more.insert(at.min(rules.len()), idle);
            prop_assert_eq!(said(&fire(&rules)), said(&fire(&more)));
        }
    }

    /// Whatever stands in a file, there is an answer.
    #[test]
    fn reading_never_panics(text in any::<String>(), when in "[ -~é“\\n]{0,60}") {
        drop(Rulebook::parse(&text, "f"));
        if !when.contains("'''") {
            let text = super::text(&[rule("r", "hot", &when, "")]);
            if let Err(problems) = Rulebook::parse(&text, "f") {
                for problem in problems {
                    prop_assert!(!problem.to_string().is_empty());
                    prop_assert!(problem.place.line as usize <= text.lines().count() + 1);
                }
            }
        }
    }

    /// Neither for a mixture of the words of the language.
    #[test]
    fn reading_a_jumble_never_panics(
        words in proptest::collection::vec(
            proptest::sample::select(&[
                "lead", ".", "source", "amount", "==", "!=", "<", "in", "[", "]", "(", ")", "&&", "||", "!", "\"a\"", "'b'", "1", "2.5",
                "-", "+", "has", "rep", "account", "now", "timestamp", "?", ":", ",", "exists", "x", "matches", "null", "true", "{", "}", "lead.source",
                "lead.amount", "[\"a\"]", ".exists(x, x == \"a\")", "lead.fields", "duration(\"1h\")", "r", "b", "u", "\n", "//",
            ][..]),
            0..20,
        ),
    ) {
        let when = words.join(" ");
        if let Ok(book) = Rulebook::parse(&text(&[rule("r", "hot", &when, "")]), "f") {
            let lead = lead();
            book.fire(&Facts::new(&lead, now()), &directory());
            check(&book, &World::default(), now());
        }
    }
}

#[test]
fn facts_are_named_as_they_are_written() {
    for name in [
        "lead.email_domain",
        "lead.fields.x",
        "lead.fields[\"a \\\"b\\\"\"]",
        "account.open_deals",
        "rep.skills",
        "now",
    ] {
        assert_eq!(Field::try_from(name.to_owned()).unwrap().to_string(), name);
    }
    assert!(Field::try_from("lead.fields.".to_owned()).is_ok());
    assert!(Field::try_from("lead.x".to_owned()).is_err());
    let lead = lead();
    let facts = Facts::new(&lead, now());
    assert!(facts.value(&Field::Lead(LeadField::EmailDomain)).is_some());
}
