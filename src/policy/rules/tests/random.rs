//! Random conditions, rulebooks and leads, small enough that every lead which matters can be tried.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::lead::Owner;
use crate::domain::ranking::Tier;
use crate::policy::subject::Account;

const ATOMS: &[&str] = &[
    "lead.source == \"a\"",
    "\"b\" == lead.source",
    "lead.source != \"a\"",
    "lead.source in [\"a\", \"b\"]",
    "has(lead.source)",
    "lead.amount < 1",
    "1.0 <= lead.amount",
    "lead.amount > 2",
    "lead.amount == 2",
    "lead.amount != 1",
    "lead.score >= 50",
    "lead.score < 51",
    "lead.score > 100",
    "lead.tier == \"hot\"",
    "lead.tier in [\"warm\", \"cold\"]",
    "account.customer",
    "account.customer == false",
    "account.open_deals > 0",
    "account.open_deals == 1",
    "has(account.id)",
    "has(account.customer)",
    "account.name == \"a\"",
    "has(account.name)",
    "lead.fields.x == \"a\"",
    "lead.fields[\"x\"] != \"a\"",
    "lead.fields.x < 1",
    "lead.fields.x == 1",
    "has(lead.fields.x)",
    "now < timestamp(\"2026-11-22T12:00:00Z\")",
    "now >= timestamp(\"2026-11-22T12:00:00Z\")",
    "true",
    "false",
];

const OPAQUE: &[&str] = &[
    "lead.source.startsWith(\"a\")",
    "lead.source.lowerAscii().contains(\"b\")",
    "lead.amount + 1.0 > 2.0",
    "lead.source == account.name",
    "lead.fields.x == lead.source",
    "[\"a\", \"c\"].exists(x, x == lead.source)",
    "(lead.score > 50 ? lead.amount : 1.0) < 2.0",
    "size(lead.source) == 1",
    "lead.source.lowerAscii() == \"a\"",
    "\"a\" != lead.source.lowerAscii()",
    "lead.source.lowerAscii() in [\"a\", \"b\"]",
    "lead.source.matches(\"^[ab]$\")",
    "now - lead.created_at > duration(\"1h\")",
];

fn tree(leaf: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("!({a})")),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
        ]
    })
}

/// A condition that is understood in every part.
pub(in crate::policy::rules) fn plain_condition() -> impl Strategy<Value = String> {
    tree(proptest::sample::select(ATOMS).prop_map(str::to_owned).boxed())
}

/// Any condition.
pub(in crate::policy::rules) fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![3 => proptest::sample::select(ATOMS), 1 => proptest::sample::select(OPAQUE)];
    tree(leaf.prop_map(str::to_owned).boxed())
}

/// A rulebook's rules, each in its text.
pub(in crate::policy::rules) fn rules(
    condition: impl Strategy<Value = String> + 'static,
    most: usize,
) -> impl Strategy<Value = Vec<String>> {
    let kinds = prop_oneof![
        Just(("strategic", "rep = \"Ana Diaz\"")),
        Just(("strategic", "rep = \"Bob Stone\"")),
        Just(("strategic", "rep = \"Max Muster\"")),
        Just(("strategic", "queue = \"Partners\"")),
        Just(("territory", "territory = \"North\"")),
        Just(("territory", "territory = \"South\"\nreplace = true")),
        Just(("partner", "rep_when = '''\"gold\" in rep.partner_tiers'''\nsource = \"a\"")),
        Just(("partner", "queue = \"Partners\"")),
        Just(("require", "rep_when = '''rep.territory == \"North\"'''")),
        Just(("exception", "")),
        Just(("hot", "")),
    ];
    let dates = prop_oneof![
        3 => Just(""),
        1 => Just("from = 2026-11-22\n"),
        1 => Just("until = 2026-11-22\n"),
        1 => Just("until = 2026-11-21\n"),
        1 => Just("from = 2026-11-23T00:00:00Z\nuntil = 2027-01-01\n"),
    ];
    vec((kinds, condition, dates), 0..most).prop_map(|rules| {
        let one = |(n, ((kind, more), when, dates)): (usize, ((&str, &str), String, &str))| {
            rule(&format!("r{n}"), kind, &when, &format!("{dates}{more}"))
        };
        rules.into_iter().enumerate().map(one).collect()
    })
}

/// Every lead that the plain conditions can tell apart, and a few more: the values they name, and values between and beyond.
pub(in crate::policy::rules) fn all_leads() -> &'static [Subject] {
    static ALL: LazyLock<Vec<Subject>> = LazyLock::new(make_all_leads);
    &ALL
}

fn make_all_leads() -> Vec<Subject> {
    let mut leads = vec![lead()];
    // Each fact in each of its ways, with every way of all others.
    let mut vary = |ways: &[&dyn Fn(&mut Subject)]| {
        let each = |lead: &Subject| {
            let lead = lead.clone();
            ways.iter()
                .map(move |way| {
                    let mut varied = lead.clone();
                    way(&mut varied);
                    varied
                })
                .collect::<Vec<_>>()
        };
        leads = leads.iter().flat_map(each).collect();
    };
    let source = |value: Option<&'static str>| move |lead: &mut Subject| lead.facts.source = value.map(str::to_owned);
    vary(&[&source(None), &source(Some("a")), &source(Some("b")), &source(Some("any"))]);
    let amount = |value: Option<f64>| move |lead: &mut Subject| lead.facts.amount = value;
    vary(&[
        &amount(None),
        &amount(Some(0.5)),
        &amount(Some(1.0)),
        &amount(Some(1.5)),
        &amount(Some(2.0)),
        &amount(Some(3.0)),
    ]);
    let score = |value: Option<u8>| move |lead: &mut Subject| lead.score = value;
    vary(&[&score(None), &score(Some(49)), &score(Some(50)), &score(Some(51))]);
    let tier = |value: Option<Tier>| move |lead: &mut Subject| lead.tier = value;
    vary(&[&tier(None), &tier(Some(Tier::Hot)), &tier(Some(Tier::Cold))]);
    let further = |category: Option<&'static str>, number: Option<f64>| {
        move |lead: &mut Subject| {
            lead.facts.categorical.extend(category.map(|c| ("x".to_owned(), c.to_owned())));
            lead.facts.numeric.extend(number.map(|n| ("x".to_owned(), n)));
            lead.facts.created_at = now() - chrono::Duration::hours(i64::from(number.is_some()));
        }
    };
    vary(&[
        &further(None, None),
        &further(Some("a"), None),
        &further(Some("any"), None),
        &further(None, Some(0.5)),
        &further(None, Some(1.0)),
        &further(None, Some(2.0)),
    ]);
    let none: &dyn Fn(&mut Subject) = &|lead| lead.account = None;
    let account = |name: &'static str, customer: bool, open_deals: u32| {
        move |lead: &mut Subject| {
            let owner = customer.then(|| Owner::Rep(RepId::new("005A")));
            lead.account =
                Some(Account { id: "001".into(), name: name.into(), website: None, owner, customer, open_deals });
        }
    };
    let mut accounts = Vec::new();
    for name in ["", "a", "b"] {
        for customer in [false, true] {
            for deals in 0..3 {
                accounts.push(account(name, customer, deals));
            }
        }
    }
    vary(&std::iter::once(none).chain(accounts.iter().map(|way| way as &dyn Fn(&mut Subject))).collect::<Vec<_>>());
    leads
}

/// A random lead.
pub(in crate::policy::rules) fn any_lead() -> impl Strategy<Value = Subject> {
    (0..all_leads().len()).prop_map(|index| all_leads()[index].clone())
}
