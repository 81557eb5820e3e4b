//! Every check on a history that has exactly what it looks for, beside one that has nothing wrong with it.

mod files;

use chrono::TimeDelta;

use super::*;
use crate::domain::deal::Outcome;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, RepKey};

/// `n` deals over two years, every other one won, by five reps, with every wanted fact, none of which tells the outcome.
fn history(n: usize) -> Vec<Deal> {
    let start: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
    let deal = |i: usize| {
        let created_at = start + TimeDelta::hours((i * 17_520 / n) as i64);
        Deal {
            lead_id: LeadId::new(format!("L{i}")),
            rep: RepKey::new(format!("rep {}", i % 5)),
            facts: LeadFacts {
                source: Some(["Web", "Fair", "Referral", "Partner"][i / 2 % 4].into()),
                industry: Some(["Retail", "Banking", "Energy"][i / 2 % 3].into()),
                annual_revenue: Some(1e6 + (i / 2 % 97) as f64),
                employees: Some(50.0 + (i / 2 % 89) as f64),
                ..LeadFacts::empty(created_at)
            },
            closed_at: created_at + TimeDelta::days(30),
            closed_assumed: false,
            outcome: if i.is_multiple_of(2) { Outcome::Won } else { Outcome::Lost },
            closed_amount: None,
        }
    };
    (0..n).map(deal).collect()
}

fn report(deals: &[Deal]) -> AuditReport {
    audit(deals, &AuditOptions::default())
}

fn codes(report: &AuditReport) -> Vec<(Severity, FindingCode)> {
    report.findings.iter().map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn a_good_history_passes_without_a_word() {
    let report = report(&history(2_000));
    assert_eq!(report.findings, []);
    assert!(!report.blocked);
    assert_eq!(
        report.lines(),
        [
            "The history is good enough to train on.",
            "",
            "2,000 closed deals (1,000 won, 1,000 lost) by 5 reps, created 2020-01-01 to 2021-12-30.",
            "Filled in: source 100 %, annual revenue 100 %, industry 100 %, employees 100 %.",
        ]
    );
}

#[test]
fn the_two_thousandth_deal_makes_the_difference() {
    let report = report(&history(1_999));
    assert!(report.blocked);
    assert_eq!(codes(&report), [(Severity::Blocking, FindingCode::TooFewDeals)]);
    assert_eq!(
        report.lines()[0],
        "The history is not good enough to train on: there are 1,999 closed deals; a model needs at least 2,000."
    );
}

#[test]
fn both_outcomes_are_needed() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().skip(198) {
        deal.outcome = Outcome::Won;
    }
    let report = report(&deals);
    assert_eq!(codes(&report), [(Severity::Blocking, FindingCode::TooFewOfOneOutcome)]);
    assert_eq!(
        report.findings[0].message,
        "Only 99 deals were lost; a model that shall tell won from lost needs at least 100 of each."
    );
    assert_eq!(report.findings[0].leads[0], LeadId::new("L1"));
}

#[test]
fn a_fact_that_is_hardly_filled_in_blocks_and_one_that_is_absent_does_not() {
    let mut deals = history(2_000);
    for (i, deal) in deals.iter_mut().enumerate() {
        deal.facts.industry = deal.facts.industry.take().filter(|_| i < 399);
        deal.facts.source = deal.facts.source.take().filter(|_| i < 1_599);
        deal.facts.annual_revenue = None;
        deal.facts.employees = None;
    }
    let report = report(&deals);
    assert_eq!(
        codes(&report),
        [
            (Severity::Blocking, FindingCode::Incomplete),
            (Severity::Warning, FindingCode::Incomplete),
            (Severity::Note, FindingCode::Absent)
        ]
    );
    assert_eq!(report.findings[0].message, "Only 19 % of the deals have an industry (1,601 do not).");
    assert_eq!(report.findings[0].leads[0], LeadId::new("L399"), "the rows to look at lack it");
    assert_eq!(report.findings[1].message, "Only 79 % of the deals have a source (401 do not).");
    assert_eq!(report.findings[2].message, "The data has no annual revenue or employees; the model will do without.");
}

#[test]
fn few_contradicting_dates_warn_and_many_block() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().take(20) {
        deal.closed_at = deal.facts.created_at - TimeDelta::days(1);
    }
    assert_eq!(codes(&report(&deals)), [(Severity::Warning, FindingCode::ClosedBeforeCreated)]);
    deals[20].closed_at = deals[20].facts.created_at - TimeDelta::days(1);
    let report = report(&deals);
    assert_eq!(codes(&report), [(Severity::Blocking, FindingCode::ClosedBeforeCreated)]);
    assert_eq!(report.findings[0].message, "21 deals were closed before the lead came in.");
    assert!((report.findings[0].figures["share"] - 0.0105).abs() < 1e-12);
}

#[test]
fn leads_from_the_future_are_found() {
    let mut deals = history(2_000);
    let newest_close = deals.iter().map(|deal| deal.closed_at).max().unwrap();
    deals[7].facts.created_at = newest_close + TimeDelta::days(400);
    deals[7].closed_assumed = true;
    deals[7].closed_at = deals[7].facts.created_at;
    let options = AuditOptions { as_of: Some(newest_close), ..AuditOptions::default() };
    let found = codes(&audit(&deals, &options));
    assert_eq!(
        found,
        [
            (Severity::Warning, FindingCode::CreatedInFuture),
            (Severity::Warning, FindingCode::CreatedAfterNewestClose),
            (Severity::Note, FindingCode::ClosedAssumed)
        ]
    );
}

#[test]
fn history_must_span_time() {
    let squeeze = |days: i64| {
        let mut deals = history(2_000);
        let start = deals[0].facts.created_at;
        for (i, deal) in deals.iter_mut().enumerate() {
            deal.facts.created_at = start + TimeDelta::minutes(days * 1_440 * i as i64 / 1_999);
            deal.closed_at = deal.facts.created_at + TimeDelta::days(1 + i as i64 % 90);
        }
        let report = report(&deals);
        let span = report.findings.iter().find(|finding| finding.code == FindingCode::ShortSpan).cloned();
        span.map(|finding| (finding.severity, finding.message))
    };
    let (severity, message) = squeeze(0).unwrap();
    assert_eq!(severity, Severity::Blocking);
    assert_eq!(message, "All leads have the same creation date, so nothing can be proved on later deals.");
    assert_eq!(squeeze(89).unwrap().0, Severity::Blocking);
    assert_eq!(squeeze(90).unwrap().0, Severity::Warning);
    assert_eq!(squeeze(365), None);
}

#[test]
fn bulk_edits_show_as_many_closings_on_one_day() {
    let mut deals = history(2_000);
    let newest_close = deals.iter().map(|deal| deal.closed_at).max().unwrap();
    for deal in deals.iter_mut().take(400) {
        deal.closed_at = newest_close;
    }
    let report = report(&deals);
    assert_eq!(codes(&report), [(Severity::Warning, FindingCode::BulkClose)]);
    assert!(report.findings[0].message.starts_with("20 % of the deals were closed on one day, 2022-01-29:"));
    for deal in deals.iter_mut().skip(1_200) {
        deal.closed_at = newest_close - TimeDelta::days(1);
    }
    let found = audit(&deals, &AuditOptions::default());
    assert_eq!(codes(&found)[0], (Severity::Blocking, FindingCode::BulkClose), "two days hold most of all deals");
    assert!(found.findings[0].message.contains("2 days (2022-01-28, 2022-01-29)"), "{}", found.findings[0].message);
}

#[test]
fn a_good_deal_of_closings_in_one_second_is_a_bulk_edit() {
    let mut deals = history(2_000);
    let at: DateTime<Utc> = "2022-02-01T14:03:07Z".parse().unwrap();
    for deal in deals.iter_mut().step_by(40) {
        deal.closed_at = at;
    }
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Warning, FindingCode::SameInstant)]);
    assert!(
        found.findings[0]
            .message
            .starts_with("At least 50 deals were closed in the same second, 2022-02-01 14:03:07 UTC")
    );
    assert_eq!(found.findings[0].leads[0], LeadId::new("L0"));
}

#[test]
fn leads_that_were_copied_on_one_day_are_found() {
    let mut deals = history(2_000);
    let day = deals[1_000].facts.created_at;
    for deal in deals.iter_mut().take(600) {
        deal.facts.created_at = day;
        deal.closed_at = day + TimeDelta::days(30);
    }
    assert!(codes(&report(&deals)).contains(&(Severity::Warning, FindingCode::BulkCreate)));
}

#[test]
fn dates_that_stand_for_unknown_are_found() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().take(30) {
        deal.facts.created_at = "1970-01-01T00:00:00Z".parse().unwrap();
    }
    let options = AuditOptions { as_of: Some("2024-01-01T00:00:00Z".parse().unwrap()), ..AuditOptions::default() };
    assert_eq!(codes(&audit(&deals, &options)), [(Severity::Blocking, FindingCode::FarPast)]);
}

#[test]
fn outcomes_from_the_future_are_expected_dates() {
    let mut deals = history(2_000);
    let now: DateTime<Utc> = "2024-01-01T12:00:00Z".parse().unwrap();
    deals[3].closed_at = "2024-01-01T23:59:59Z".parse().unwrap();
    let options = AuditOptions { as_of: Some(now), ..AuditOptions::default() };
    assert_eq!(codes(&audit(&deals, &options)), [], "today's date means the end of today");
    deals[3].closed_at = "2024-01-02T23:59:59Z".parse().unwrap();
    assert_eq!(codes(&audit(&deals, &options)), [(Severity::Warning, FindingCode::ClosedInFuture)]);
}

#[test]
fn a_stored_feature_that_knows_the_outcome_blocks_until_it_is_accepted() {
    let mut deals = history(2_000);
    for (i, deal) in deals.iter_mut().enumerate() {
        let note = if deal.outcome == Outcome::Won && i % 20 != 0 { "sent contract" } else { "no answer" };
        deal.facts.categorical.insert("note".into(), note.into());
    }
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Blocking, FindingCode::Leak)]);
    let leak = &found.findings[0];
    assert_eq!((leak.id.as_str(), leak.columns.as_slice()), ("leak:note", ["note".to_owned()].as_slice()));
    assert!(leak.figures["auc"] > 0.94 && !leak.leads.is_empty(), "{leak:?}");
    assert!(leak.details.contains(&"\"sent contract\": 900 of 900 deals won.".to_owned()), "{:?}", leak.details);
    let options = AuditOptions { accepted: vec!["leak:note".into()], ..AuditOptions::default() };
    let accepted = audit(&deals, &options);
    assert!(!accepted.blocked && accepted.findings[0].accepted && accepted.findings[0].severity == Severity::Note);
}

#[test]
fn owners_who_only_win_are_not_who_worked_the_leads() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().filter(|deal| deal.outcome == Outcome::Won).take(400) {
        deal.rep = RepKey::new("Dana Key Accounts");
    }
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Warning, FindingCode::OneSidedOwners)]);
    assert_eq!(
        found.findings[0].message,
        "1 owner wins or loses almost every deal (20 % of all deals): is it who worked the leads, or who got them on closing?"
    );
    assert_eq!(found.findings[0].reps, [RepKey::new("Dana Key Accounts")]);
    for deal in deals.iter_mut().filter(|deal| deal.outcome == Outcome::Won).take(900) {
        deal.rep = RepKey::new("Dana Key Accounts");
    }
    let found = codes(&report(&deals));
    assert!(found.contains(&(Severity::Blocking, FindingCode::OneSidedOwners)), "{found:?}");
    assert!(found.contains(&(Severity::Blocking, FindingCode::OwnerTellsOutcome)), "{found:?}");
}

#[test]
fn house_accounts_are_known_by_their_names() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().take(60) {
        deal.rep = RepKey::new("House Account");
    }
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Warning, FindingCode::PlaceholderOwners)]);
    assert_eq!(found.findings[0].message, "By their names, 1 owner seems to be no person: \"House Account\".");
}

#[test]
fn spellings_are_found_in_stored_deals_too() {
    let mut deals = history(2_000);
    for deal in deals.iter_mut().take(8) {
        deal.facts.source = Some("referal".into());
    }
    for deal in deals.iter_mut().skip(100).take(25) {
        deal.rep = RepKey::new("REP  1");
    }
    let found = report(&deals);
    assert_eq!(
        codes(&found),
        [(Severity::Warning, FindingCode::NearDuplicateValues), (Severity::Warning, FindingCode::RepSpelling)]
    );
    assert_eq!(found.findings[0].message, "\"referal\" in \"source\" is probably the same thing as \"Referral\".");
    assert_eq!(found.findings[1].details, ["\"REP  1\" (25 deals) for \"rep 1\" (395)."]);
    assert!(found.findings[0].cure.contains("leadboard history audit FILE"), "{}", found.findings[0].cure);
}

#[test]
fn values_that_mean_nothing_are_named() {
    let mut deals = history(2_000);
    deals[7].facts.industry = Some("--None--".into());
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Warning, FindingCode::PlaceholderValues)]);
    assert_eq!(found.findings[0].leads, [LeadId::new("L7")]);
}

#[test]
fn what_says_nothing_is_a_note() {
    let mut deals = history(2_000);
    for deal in &mut deals {
        deal.facts.categorical.insert("plan".into(), "A".into());
    }
    assert_eq!(codes(&report(&deals)), [(Severity::Note, FindingCode::ConstantColumn)]);
}

#[test]
fn the_number_that_would_pass_is_said() {
    let found = report(&history(1_999));
    let pass = found.findings[0].pass.as_ref().unwrap();
    assert_eq!((pass.figure.as_str(), pass.bound, pass.value), ("deals", Bound::AtLeast, 2_000.0));
    let lines = found.lines().join("\n");
    assert!(lines.contains("Passes when deals is at least 2,000 ([audit] min_deals); it is 1,999."), "{lines}");
}

#[test]
fn one_is_one_in_every_sentence() {
    assert_eq!(report(&history(1)).findings[0].message, "There is 1 closed deal; a model needs at least 2,000.");
}

#[test]
fn reps_with_little_support_are_named_and_a_single_rep_is_a_warning() {
    let mut deals = history(2_000);
    deals[3].rep = RepKey::new("newcomer");
    let found = report(&deals);
    assert_eq!(codes(&found), [(Severity::Note, FindingCode::RepsWithoutSupport)]);
    assert_eq!(
        found.findings[0].message,
        "1 of 6 reps has fewer than 20 closed deals and is ranked close to the average."
    );
    assert_eq!(found.findings[0].reps, [RepKey::new("newcomer")]);
    for deal in &mut deals {
        deal.rep = RepKey::new("everybody");
    }
    assert_eq!(codes(&report(&deals)), [(Severity::Warning, FindingCode::OneRep)]);
}

#[test]
fn a_lead_may_close_once() {
    let mut deals = history(2_000);
    deals[5].lead_id = deals[4].lead_id.clone();
    assert_eq!(codes(&report(&deals)), [(Severity::Blocking, FindingCode::DuplicateLead)]);
}

#[test]
fn an_empty_history_is_judged_without_panic() {
    let report = report(&[]);
    assert!(report.blocked);
    assert!(
        report.lines()[0].ends_with("for 2 reasons; first: there are 0 closed deals; a model needs at least 2,000.")
    );
}

#[test]
fn the_json_names_codes_and_severities_as_text() {
    let json = serde_json::to_value(report(&history(1_999))).unwrap();
    assert_eq!(json["blocked"], true);
    assert_eq!(json["findings"][0]["code"], "too_few_deals");
    assert_eq!(json["findings"][0]["severity"], "blocking");
    assert_eq!(json["findings"][0]["figures"]["needed"], 2000.0);
}

#[test]
fn ids_cannot_drive_the_terminal_of_the_reader() {
    let mut deals = history(2_000);
    deals[0].rep = RepKey::new("\u{1b}[2Jevil");
    let lines = report(&deals).lines().join("\n");
    assert!(lines.contains("[2Jevil") && !lines.contains('\u{1b}'));
}
