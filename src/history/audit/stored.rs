//! Stored deals as rows of the audit.

use std::collections::{BTreeMap, BTreeSet};

use super::options::AuditOptions;
use super::row::{AuditRow, Cell, Declared, Use};
use super::tally::Tally;
use crate::domain::deal::Deal;
use crate::domain::facts::LeadFacts;
use crate::history::format::Format;

type Text = fn(&LeadFacts) -> Option<&str>;
type Number = fn(&LeadFacts) -> Option<f64>;

/// Facts that are categories.
const TEXTS: [(&str, Text); 5] = [
    ("source", |facts| facts.source.as_deref()),
    ("industry", |facts| facts.industry.as_deref()),
    ("product", |facts| facts.product.as_deref()),
    ("territory", |facts| facts.territory.as_deref()),
    ("country", |facts| facts.country.as_deref()),
];
/// Facts that are numbers.
const NUMBERS: [(&str, Number); 3] = [
    ("annual revenue", |facts| facts.annual_revenue),
    ("employees", |facts| facts.employees),
    ("amount", |facts| facts.amount),
];

/// Collects stored deals.
pub(super) fn tally<'o>(deals: &[Deal], options: &'o AuditOptions) -> Tally<'o> {
    let categorical: BTreeSet<&str> =
        deals.iter().flat_map(|deal| deal.facts.categorical.keys().map(String::as_str)).collect();
    let numeric: BTreeSet<&str> = deals.iter().flat_map(|deal| deal.facts.numeric.keys().map(String::as_str)).collect();
    let declared = |name: &str, used_as: Use, numeric: bool| Declared {
        subject: name.to_owned(),
        name: name.to_owned(),
        used_as,
        joined: false,
        numeric,
        place: String::new(),
        replaced: BTreeMap::new(),
    };
    let mut columns = vec![declared("rep", Use::Rep, false)];
    columns.extend(TEXTS.iter().map(|(name, _)| declared(name, Use::Fact, false)));
    columns.extend(NUMBERS.iter().map(|(name, _)| declared(name, Use::Fact, true)));
    columns.extend(categorical.iter().map(|name| declared(name, Use::Feature, false)));
    columns.extend(numeric.iter().map(|name| declared(name, Use::Feature, true)));
    columns.push(declared("closed amount", Use::KnownAfterwards, true));

    let mut tally = Tally::new(columns, Format::default(), options);
    let mut cells = Vec::new();
    for deal in deals {
        let facts = &deal.facts;
        cells.clear();
        cells.push(Cell::Text(deal.rep.as_str()));
        cells.extend(TEXTS.iter().map(|(_, read)| read(facts).map_or(Cell::Missing, Cell::Text)));
        cells.extend(NUMBERS.iter().map(|(_, read)| read(facts).map_or(Cell::Missing, Cell::Number)));
        cells.extend(
            categorical.iter().map(|name| facts.categorical.get(*name).map_or(Cell::Missing, |text| Cell::Text(text))),
        );
        cells.extend(
            numeric.iter().map(|name| facts.numeric.get(*name).map_or(Cell::Missing, |number| Cell::Number(*number))),
        );
        cells.push(deal.closed_amount.map_or(Cell::Missing, Cell::Number));
        tally.add(&AuditRow {
            line: None,
            lead: deal.lead_id.as_str(),
            rep: Some(deal.rep.as_str()),
            created: Some(facts.created_at),
            closed: Some(deal.closed_at),
            closed_assumed: deal.closed_assumed,
            outcome: Some(deal.outcome),
            cells: &cells,
        });
    }
    tally
}
