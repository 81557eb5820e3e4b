//! The facts of a lead by name, as drift compares them: what the CRM says, before any feature is made of it.

use ring::digest;

use crate::domain::facts::LeadFacts;

/// Longest value of a categorical fact that is told apart, in characters.
const MAX_VALUE: usize = 100;

/// The numeric facts that a lead has, by key; further ones of an org are `numeric.NAME`, as the config calls them.
pub(super) fn numeric(facts: &LeadFacts) -> impl Iterator<Item = (String, f32)> {
    let own = [("amount", facts.amount), ("annual_revenue", facts.annual_revenue), ("employees", facts.employees)];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let further = facts.numeric.iter().map(|(name, value)| (format!("numeric.{name}"), *value));
    // Single precision on both sides of every comparison, so that equal values stay equal.
    own.chain(further).map(|(key, value)| (key, value as f32)).filter(|(_, value)| value.is_finite())
}

/// The categorical facts that a lead has, by key; further ones of an org are `categorical.NAME`. Blank is missing.
pub(super) fn categorical(facts: &LeadFacts) -> impl Iterator<Item = (String, String)> {
    let own = [
        ("source", &facts.source),
        ("industry", &facts.industry),
        ("product", &facts.product),
        ("territory", &facts.territory),
        ("country", &facts.country),
    ];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.as_deref()?)));
    let further = facts.categorical.iter().map(|(name, value)| (format!("categorical.{name}"), value.as_str()));
    own.chain(further)
        .map(|(key, value)| (key, value.trim().chars().take(MAX_VALUE).collect::<String>()))
        .filter(|(_, value)| !value.is_empty())
}

/// For people: `annual revenue`, or the name that the org's own fact has.
pub(super) fn label(key: &str) -> String {
    match key.split_once('.') {
        Some(("numeric" | "categorical", name)) => name.to_owned(),
        _ => key.replace('_', " "),
    }
}

/// A number that is the same for a lead on every machine and every day, and else random: the leads with the smallest
/// are a fair sample, whatever the order in which they come.
pub(super) fn lot(id: &str) -> u64 {
    let digest = digest::digest(&digest::SHA256, id.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |lot, byte| lot << 8 | u64::from(*byte))
}
