//! What only a file can show: open deals, columns that the map leaves out, lines, and proposals for the map.

use std::fmt::Write;
use std::io::Cursor;
use std::path::Path;

use super::*;
use crate::history::{CsvInput, Mapping, import};

const MAP: &str = r#"[columns]
lead_id = "id"
created = "created"
closed = "closed"
rep = "owner"
outcome = "stage"
source = "source"
industry = "industry"
revenue = "revenue"
employees = "employees"
[outcome]
won = ["Won"]
lost = ["Lost"]
open = ["Open"]
"#;

/// Line `i + 2` of a file of deals: two years, six in seven closed, half of these won; and what `more` says. Nothing in it
/// tells the outcome.
struct Line {
    i: usize,
    stage: &'static str,
    owner: String,
    industry: String,
    closed: String,
    revenue: String,
    more: String,
}

/// A file of 2,800 deals, 2,400 of them closed, changed by `change`, whose column `more` the map uses as `used`.
fn audited(used: &str, change: impl Fn(&mut Line)) -> AuditReport {
    audited_with(MAP, used, change)
}

fn csv(change: impl Fn(&mut Line)) -> String {
    let start: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
    let mut csv = "id,created,closed,owner,stage,source,industry,revenue,employees,more\n".to_owned();
    for i in 0..2_800 {
        let created = start + TimeDelta::hours(6 * i as i64);
        let stage = match i % 7 {
            0 => "Open",
            at if at % 2 == 0 => "Won",
            _ => "Lost",
        };
        let mut line = Line {
            i,
            stage,
            owner: format!("rep {}", i / 7 % 5),
            industry: ["Retail", "Banking", "Energy"][i / 7 % 3].into(),
            closed: (created + TimeDelta::days(20 + i as i64 % 11)).format("%Y-%m-%d").to_string(),
            revenue: (1_000_000 + i / 7 % 97).to_string(),
            more: String::new(),
        };
        if stage == "Open" {
            line.closed = String::new();
        }
        change(&mut line);
        let Line { stage, owner, industry, closed, revenue, more, .. } = line;
        let created = created.format("%Y-%m-%d");
        let source = ["Web", "Fair", "Referral", "Partner"][i / 7 % 4];
        let employees = 50 + i / 7 % 89;
        writeln!(
            csv,
            "L{i},{created},{closed},\"{owner}\",{stage},{source},{industry},{revenue},{employees},\"{more}\""
        )
        .unwrap();
    }
    csv
}

fn audited_with(map: &str, used: &str, change: impl Fn(&mut Line)) -> AuditReport {
    let text = csv(change);
    let mapping = Mapping::parse(&format!("{map}{used}"), Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap()
}

fn only(report: &AuditReport) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    &report.findings[0]
}

const USED: &str = "[features]\ncategorical = [\"more\"]\n";

#[test]
fn a_good_file_passes_without_a_word() {
    let report = audited("", |_| {});
    assert_eq!(report.findings, []);
    assert_eq!((report.deals, report.open, report.reps), (2_400, 400, 5));
    assert_eq!(report.columns.last().map(|column| column.used_as.as_str()), Some("unused"));
}

#[test]
fn a_used_column_that_gives_the_outcome_away_blocks_with_the_line_to_change() {
    let report = audited(USED, |line| line.more = if line.stage == "Won" { "yes" } else { "no" }.into());
    let leak = report.findings.iter().find(|finding| finding.code == FindingCode::Leak).unwrap();
    assert!(report.blocked && leak.severity == Severity::Blocking);
    assert_eq!(leak.cure, "Take it out of [features] categorical (line 16) in map.toml, and declare it:");
    assert_eq!(leak.mapping, ["[known_afterwards]", "columns = [\"more\"]"]);
    assert!(leak.lines.contains(&3), "{:?}", leak.lines);
}

#[test]
fn a_name_that_says_later_needs_less_to_be_suspected() {
    // Three in four follow the outcome: AUC 0.75, which alone would not do.
    let three_in_four = |line: &mut Line| {
        let tells = !(line.i / 7).is_multiple_of(4);
        line.more = if (line.stage == "Won") == tells { "call" } else { "mail" }.into();
    };
    let report = audited(USED, three_in_four);
    assert!(!report.findings.iter().any(|finding| finding.code == FindingCode::Leak), "{:#?}", report.findings);

    let text = csv(three_in_four).replace("employees,more", "employees,Last Activity");
    let map = format!("{MAP}[features]\ncategorical = [\"Last Activity\"]\n");
    let mapping = Mapping::parse(&map, Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    let leak = report.findings.iter().find(|finding| finding.code == FindingCode::Leak).unwrap();
    assert_eq!((leak.id.as_str(), leak.severity), ("leak:Last Activity", Severity::Blocking));
    assert!(leak.message.contains("by its name (\"last\")"), "{}", leak.message);
}

#[test]
fn a_leaking_column_that_the_map_leaves_out_is_to_be_declared() {
    let leak = |line: &mut Line| line.more = if line.stage == "Won" { "yes" } else { "no" }.into();
    let report = audited("", leak);
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::LeakLeftOut, Severity::Warning));
    assert_eq!(found.mapping, ["[known_afterwards]", "columns = [\"more\"]"]);
    let declared = audited(&found.mapping.join("\n"), leak);
    assert_eq!(declared.findings, [], "pasting the proposal settles it");
}

#[test]
fn being_filled_in_can_give_the_outcome_away() {
    let report = audited(USED, |line| {
        let filled = line.stage == "Won" || line.i / 7 % 3 == 0;
        line.more = if filled { ["a", "b"][line.i / 7 % 2] } else { "" }.into();
    });
    let found = report.findings.iter().find(|finding| finding.code == FindingCode::LeakByMissing).unwrap();
    assert_eq!(found.severity, Severity::Blocking);
    assert!((found.figures["auc"] - 0.833).abs() < 0.01, "{:?}", found.figures);
    assert!(found.message.contains("of those without it 0 %"), "{}", found.message);
}

#[test]
fn what_open_deals_lack_was_filled_in_at_closing() {
    let fill = |of_open: usize| {
        move |line: &mut Line| {
            let filled = line.stage != "Open" || line.i / 7 % 10 < of_open;
            line.more = if filled { ["a", "b", "c"][line.i / 7 % 3] } else { "" }.into();
        }
    };
    let report = audited(USED, fill(0));
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::FilledAtClosing, Severity::Blocking));
    let report = audited(USED, fill(5));
    assert_eq!(only(&report).severity, Severity::Warning, "half of the open ones have it");
    assert_eq!(audited(USED, fill(8)).findings, []);
    let report = audited("", fill(0));
    assert_eq!(only(&report).code, FindingCode::LeakLeftOut, "not used, but to be declared");
}

#[test]
fn dates_after_the_fact_are_found() {
    let dated = |days: i64| {
        move |line: &mut Line| {
            if let Ok(closed) = line.closed.parse::<chrono::NaiveDate>() {
                line.more = (closed + TimeDelta::days(days)).to_string();
            }
        }
    };
    let used = "[features]\ndates = [\"more\"]\n";
    let of = |report: &AuditReport| {
        let found = report.findings.iter().find(|finding| finding.code == FindingCode::DatedLater);
        found.map(|finding| finding.severity)
    };
    assert_eq!(of(&audited(used, dated(3))), Some(Severity::Blocking));
    assert_eq!(of(&audited(used, dated(-2))), Some(Severity::Warning), "before closing, but after creation");
    assert_eq!(of(&audited(used, dated(-400))), None);
}

#[test]
fn owners_who_never_have_an_open_deal_got_theirs_on_closing() {
    let report = audited("", |line| {
        if line.stage != "Open" && line.i / 7 % 4 == 0 {
            line.owner = "Gwen Closer".into();
        }
    });
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::OwnersNeverOpen, Severity::Warning));
    assert_eq!(found.details, ["\"Gwen Closer\": 600 closed deals, none open where about 100 would be usual."]);
    let report = audited("", |line| {
        if line.stage != "Open" && line.i / 7 % 4 != 0 {
            line.owner = "Gwen Closer".into();
        }
    });
    assert!(report.blocked, "three in four deals");
}

#[test]
fn a_proposal_for_spellings_can_be_pasted_and_is_used() {
    let misspelled = |line: &mut Line| {
        if line.i % 70 == 1 {
            line.industry = if line.industry == "Banking" { "Bankign" } else { "RETAIL" }.into();
        }
    };
    let report = audited("", misspelled);
    let found = only(&report);
    assert_eq!(found.code, FindingCode::NearDuplicateValues);
    assert_eq!(found.mapping[0], "[values.\"industry\"]");
    assert!(found.mapping.contains(&"\"Bankign\" = \"Banking\"".to_owned()), "{:?}", found.mapping);
    assert!(!found.lines.is_empty());
    let pasted = found.mapping.join("\n");
    assert_eq!(audited(&pasted, misspelled).findings, []);

    let mapping = Mapping::parse(&format!("{MAP}{pasted}"), Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(csv(misspelled).into_bytes()), None);
    let deals = import(input, &mapping, crate::history::BadRows::Refuse, &mut |_| {}).unwrap().deals;
    let industries: std::collections::BTreeSet<_> =
        deals.iter().filter_map(|deal| deal.facts.industry.as_deref()).collect();
    assert_eq!(industries.into_iter().collect::<Vec<_>>(), ["Banking", "Energy", "Retail"]);
}

#[test]
fn an_industry_that_nobody_spelled_right_is_found() {
    let report = audited("", |line| line.industry = line.industry.replace("Energy", "technolgy"));
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::MisspelledValue, Severity::Note));
    assert_eq!(found.mapping, ["[values.\"industry\"]", "\"technolgy\" = \"technology\""]);
}

#[test]
fn one_company_under_two_names_is_found_and_one_that_makes_a_rep_too() {
    let with_companies = |line: &mut Line| {
        line.more = format!("Client {}", ["Adams", "Baker", "Clark", "Davis", "Evans", "Frank"][line.i / 7 % 6]);
        if line.i % 140 == 1 {
            line.more = "client ADAMS, Inc.".into();
        }
        if line.owner == "rep 1" && !(line.i / 35).is_multiple_of(4) {
            line.more = "Huge Corp".into();
        }
    };
    let text = csv(with_companies).replace("employees,more", "employees,Account Name");
    let mapping = Mapping::parse(MAP, Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(
        codes(&report),
        [(Severity::Warning, FindingCode::CompanySpelling), (Severity::Note, FindingCode::CompanyOfOneRep)]
    );
    assert_eq!(report.findings[0].mapping, ["[values.\"Account Name\"]", "\"client ADAMS, Inc.\" = \"Client Adams\""]);
    assert_eq!(
        report.findings[1].message,
        "\"Huge Corp\" makes up 75 % of the deals of \"rep 1\", so that rep's win rate is largely that company's."
    );
}

#[test]
fn currencies_beside_amounts_are_a_mix() {
    let text = csv(|line| line.more = ["USD", "EUR", "JPY"][line.i / 7 % 3].into());
    let text = text.replace("employees,more", "employees,currency");
    let mapping = Mapping::parse(MAP, Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::CurrencyMix, Severity::Warning));
    assert!(found.message.starts_with("Amounts are in 3 currencies by \"currency\""), "{}", found.message);
}

#[test]
fn currency_signs_that_the_map_ignores_are_still_seen() {
    let report = audited("[format]\nignore_in_numbers = [\"€\", \"$\"]\n", |line| {
        line.revenue.insert(0, if line.i / 7 % 2 == 0 { '€' } else { '$' });
    });
    let found = only(&report);
    assert_eq!(found.code, FindingCode::CurrencyMix);
    assert!(found.message.starts_with("\"revenue\" is written in 2 currencies"), "{}", found.message);
}

#[test]
fn a_segment_whose_amounts_are_of_another_magnitude_is_found() {
    let change = |line: &mut Line| {
        line.more = ["Japan", "France", "Spain"][line.i / 7 % 3].into();
        if line.more == "Japan" {
            line.revenue.push_str("000");
        }
    };
    let report = audited_with(&MAP.replace("[outcome]", "country = \"more\"\n[outcome]"), "", change);
    let found = only(&report);
    assert_eq!((found.code, found.severity), (FindingCode::AmountScale, Severity::Warning));
    assert!(found.message.contains("about 1,000 times as large for \"Japan\""), "{}", found.message);
}

#[test]
fn what_the_import_would_refuse_is_a_finding_with_its_line() {
    let text = csv(|line| match line.i {
        1 => line.revenue = "much".into(),
        2 => line.closed = "1999-01-01".into(),
        3 => line.stage = "Gone",
        _ => {}
    });
    let text = format!("{text}L8,2020-05-01,2020-06-01,rep 1,Won,Web,Retail,5,5,\n");
    let mapping = Mapping::parse(MAP, Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.lines.clone())).collect();
    assert_eq!(
        found,
        [
            (FindingCode::UnknownOutcome, vec![5]),
            (FindingCode::DuplicateLead, vec![2_802]),
            (FindingCode::UnreadableRows, vec![3]),
            (FindingCode::ClosedBeforeCreated, vec![4]),
        ]
    );
}

#[test]
fn copies_of_a_deal_are_counted() {
    let text = csv(|_| {});
    let copy = text.lines().nth(2).unwrap().replace("L1,", "L9999,");
    let mapping = Mapping::parse(MAP, Path::new("map.toml")).unwrap();
    let input = CsvInput::new("deals.csv", Cursor::new(format!("{text}{copy}\n").into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(codes(&report), [(Severity::Note, FindingCode::IdenticalRows)]);
    assert_eq!(only(&report).lines, [2_802]);
}

#[test]
fn an_empty_feature_is_a_warning_and_a_free_text_is_not_compared() {
    let report = audited(USED, |_| {});
    assert_eq!(codes(&report), [(Severity::Warning, FindingCode::EmptyColumn)]);
    let report = audited(USED, |line| line.more = format!("note {} {}", line.i, "x".repeat(200)));
    assert_eq!(codes(&report), [(Severity::Note, FindingCode::Capped)]);
}

#[test]
fn lines_for_the_map_are_never_broken() {
    let report = audited(USED, |line| line.more = if line.stage == "Won" { "yes" } else { "no" }.into());
    let lines = report.wrapped(&|text| text.split(' ').map(str::to_owned).collect());
    assert!(lines.iter().any(|line| line == "      columns = [\"more\"]"), "{lines:#?}");
}

#[test]
fn keys_that_a_joined_file_lacks_come_with_a_proposal_that_joins_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plans.csv"), "plan,price\nPlan Basic,10\nPlan Gold,20\n").unwrap();
    let map_file = folder.path().join("map.toml");
    let join = "[features]\nnumeric = [\"price\"]\n[[join]]\nfile = \"plans.csv\"\nkey = \"plan\"\ncolumn = \"more\"\n";
    let judged = |map: &str, unmatched: &str| {
        let mapping = Mapping::parse(map, &map_file).unwrap();
        let text = csv(|line| line.more = ["Plan Basic", unmatched][line.i / 7 % 2].into());
        let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
        audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap()
    };
    let report = judged(&format!("{MAP}{join}"), "PlanGold");
    let found = report.findings.iter().find(|finding| finding.code == FindingCode::UnmatchedKeys).unwrap();
    assert_eq!(found.mapping, ["[values.\"more\"]", "\"PlanGold\" = \"Plan Gold\""]);
    let report = judged(&format!("{MAP}{join}{}", found.mapping.join("\n")), "PlanGold");
    assert_eq!(report.findings, []);

    let report = judged(&format!("{MAP}{join}"), "");
    assert!(!report.findings.iter().any(|finding| finding.code == FindingCode::UnmatchedKeys), "nothing is no key");
}

#[test]
fn a_whole_join_that_is_filled_in_at_closing_is_to_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plans.csv"), "plan,price\nPlan Basic,10\nPlan Gold,20\n").unwrap();
    let map = format!(
        "{MAP}[features]\nnumeric = [\"price\"]\ncategorical = [\"more\"]\n[[join]]\nfile = \"plans.csv\"\nkey = \"plan\"\ncolumn = \"more\"\n"
    );
    let mapping = Mapping::parse(&map, &folder.path().join("map.toml")).unwrap();
    let text = csv(|line| {
        if line.stage != "Open" {
            line.more = ["Plan Basic", "Plan Gold"][line.i / 7 % 2].into();
        }
    });
    let input = CsvInput::new("deals.csv", Cursor::new(text.into_bytes()), None);
    let report = audit_file(input, &mapping, &AuditOptions::default(), &mut |_| {}).unwrap();
    let found = only(&report);
    assert_eq!(
        (found.code, found.columns.as_slice()),
        (FindingCode::FilledAtClosing, ["more", "price"].map(str::to_owned).as_slice())
    );
    assert!(found.cure.contains("and the [[join]] by \"more\" in"), "{}", found.cure);
    assert_eq!(
        found.mapping,
        ["[known_afterwards]", "columns = [\"more\"]"],
        "the joined column is gone with the join"
    );
}
