//! The query language on its own.

use proptest::prelude::*;

use super::super::org::Org;
use super::super::schema::{Object, Schema};
use super::super::setup::Loader;
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::{Condition, Literal, Op, Plan, SoqlError, parse};

fn refusal(query: &str) -> SoqlError {
    let schema = Schema::new(Vec::new());
    parse(query).and_then(|query| Plan::new(&query, &schema).map(drop)).unwrap_err()
}

/// Leads by company, each changed one second after the one before.
fn org(companies: &[Option<&str>]) -> Org {
    let mut org = Org::new(Schema::new(Vec::new()));
    let loader = Loader::new(&org, Object::Lead, &["Company", "SystemModstamp", "AnnualRevenue"]);
    for (second, company) in (0..).zip(companies) {
        let id = org.next_id(Object::Lead);
        let revenue = (second % 2 == 0).then_some(f64::from(second as i32));
        let stamp = Value::DateTime(Stamp::from_seconds(1_000 + second));
        loader.load(&mut org, id, [company.unwrap_or_default().into(), stamp, Value::number(revenue)]);
    }
    org
}

/// The companies that a query finds, in order.
fn found(org: &Org, rest: &str) -> Vec<String> {
    let query = parse(&format!("SELECT Company FROM Lead {rest}")).unwrap();
    let plan = Plan::new(&query, org.schema()).unwrap();
    let name =
        |id| org.read(Object::Lead, org.table(Object::Lead).get(id).unwrap(), "Company").as_text().map(str::to_owned);
    plan.run(org, false).into_iter().map(|id| name(id).unwrap_or_default()).collect()
}

#[test]
fn a_whole_query_is_read() {
    let query = parse(
        "select Id, Owner.Name from Lead where (A = 'x' or not B != 2.5) and C in (null, TRUE) \
         order by Owner.Name desc nulls last, Id limit 10 offset 3",
    )
    .unwrap();
    assert_eq!(query.select.unwrap(), [vec!["Id".to_owned()], vec!["Owner".into(), "Name".into()]]);
    assert_eq!((query.limit, query.offset, query.order.len()), (Some(10), 3, 2));
    assert!(query.order[0].descending && query.order[0].nulls_last && !query.order[1].descending);
    let Some(Condition::And(parts)) = query.filter else { panic!("not an AND") };
    assert!(matches!(&parts[0], Condition::Or(inside) if matches!(inside[1], Condition::Not(_))));
    assert!(
        matches!(&parts[1], Condition::In { negated: false, list, .. } if *list == [Literal::Null, Literal::Bool(true)])
    );
}

#[test]
fn escapes_are_resolved_and_unknown_ones_refused() {
    let query = parse(r"SELECT Id FROM Lead WHERE Company = 'O\'Brien \\ \u00e9\n'").unwrap();
    let Some(Condition::Compare { op: Op::Eq, literal: Literal::Text(text), .. }) = query.filter else { panic!() };
    assert_eq!(text.text, "O'Brien \\ é\n");
    assert_eq!(refusal(r"SELECT Id FROM Lead WHERE Company = '\q'").code, "MALFORMED_QUERY");
    assert_eq!(refusal(r"SELECT Id FROM Lead WHERE Company = '\u12'").code, "MALFORMED_QUERY");
}

#[test]
fn errors_name_the_place() {
    let error = refusal("SELECT Id\nFROM Lead WHERE");
    assert!(error.message.contains("Row:2:Column:16"), "{error}");
    assert!(error.message.contains("<EOF>"), "{error}");
}

#[test]
fn text_compares_without_case_and_nothing_is_different_from_something() {
    let org = org(&[Some("Acme"), Some("ACME"), None, Some("Büro")]);
    assert_eq!(found(&org, "WHERE Company = 'acme'"), ["Acme", "ACME"]);
    assert_eq!(found(&org, "WHERE Company = 'BÜRO'"), ["Büro"]);
    assert_eq!(found(&org, "WHERE Company != 'acme'"), ["", "Büro"]);
    assert_eq!(found(&org, "WHERE Company NOT IN ('acme', 'büro')"), [""]);
    assert_eq!(found(&org, "WHERE Company = null"), [""]);
    assert_eq!(found(&org, "WHERE NOT Company = null AND AnnualRevenue > 0"), Vec::<String>::new());
    assert_eq!(found(&org, "WHERE AnnualRevenue < 5"), ["Acme", ""], "nothing is not less than five");
}

#[test]
fn like_knows_both_wildcards_and_their_escapes() {
    let org = org(&[Some("100% Pure"), Some("100 Pure"), Some("1000 Purest"), Some("a_b"), Some("axb")]);
    assert_eq!(found(&org, "WHERE Company LIKE '100%'").len(), 3);
    assert_eq!(found(&org, r"WHERE Company LIKE '100\%%'"), ["100% Pure"]);
    assert_eq!(found(&org, "WHERE Company LIKE '%pure'"), ["100% Pure", "100 Pure"]);
    assert_eq!(found(&org, "WHERE Company LIKE 'A_B'"), ["a_b", "axb"]);
    assert_eq!(found(&org, r"WHERE Company LIKE 'a\_b'"), ["a_b"]);
}

#[test]
fn order_limit_and_offset_hold() {
    let org = org(&[Some("b"), None, Some("C"), Some("a")]);
    assert_eq!(found(&org, "ORDER BY Company"), ["", "a", "b", "C"]);
    assert_eq!(found(&org, "ORDER BY Company DESC NULLS LAST"), ["C", "b", "a", ""]);
    assert_eq!(found(&org, "ORDER BY Company LIMIT 2 OFFSET 1"), ["a", "b"]);
    assert_eq!(found(&org, "ORDER BY AnnualRevenue NULLS LAST, Company DESC"), ["b", "C", "", "a"]);
}

proptest! {
    #[test]
    fn the_parser_never_panics(text in crate::testing::text(32)) {
        drop(parse(&text));
        drop(parse(&format!("SELECT Id FROM Lead WHERE {text}")));
    }

    #[test]
    fn no_arrangement_of_tokens_panics(
        words in prop::collection::vec(prop::sample::select(vec![
            "SELECT", "FROM", "Lead", "Id", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "(", ")", ",", "=", "!=", "<", ">=",
            "'x'", "'\\_%'", "5", "-1.5", "2026-11-22", "2026-11-22T00:00:00Z", "null", "TRUE", "ORDER", "BY", "DESC",
            "NULLS", "LAST", "LIMIT", "OFFSET", "COUNT()", "Owner.Name", "SystemModstamp", "Company",
        ]), 0..14),
    ) {
        let schema = Schema::new(Vec::new());
        let text = format!("SELECT Id FROM Lead {}", words.join(" "));
        if let Ok(plan) = parse(&text).and_then(|query| Plan::new(&query, &schema)) {
            plan.run(&org(&[Some("x"), None]), true);
        }
    }

    /// The index answers exactly what reading every record would.
    #[test]
    fn a_bound_on_the_change_stamp_changes_nothing_but_the_cost(
        low in 995_i64..1_015, op in prop::sample::select(vec![">", ">=", "="]), or_low in 995_i64..1_015, either in any::<bool>(),
    ) {
        let names: Vec<String> = (0..12).map(|n| format!("c{n:02}")).collect();
        let org = org(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>());
        let at = |seconds: i64| Stamp::from_seconds(seconds).utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let join = if either { "OR" } else { "AND" };
        let filter = format!("SystemModstamp {op} {} {join} SystemModstamp >= {}", at(low), at(or_low));
        // A double negation keeps the planner from seeing the bound.
        let unbound = format!("NOT (NOT ({filter}))");
        prop_assert_eq!(
            found(&org, &format!("WHERE {filter} ORDER BY Company")),
            found(&org, &format!("WHERE {unbound} ORDER BY Company"))
        );
    }

    /// Whatever a text holds, escaped it finds itself and nothing else.
    #[test]
    fn an_escaped_literal_finds_exactly_its_text(text in "[a-z'\\\\%_\n\u{e9}]{1,12}") {
        let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
        let org = org(&[Some(&text), Some("something else entirely")]);
        prop_assert_eq!(found(&org, &format!("WHERE Company = '{escaped}'")), vec![text]);
    }
}
