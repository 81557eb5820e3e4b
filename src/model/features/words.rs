//! Columns in words, with the same words for each fact that factors have.

use super::NumericFact;

/// What a column of this name says, for people: `deal amount`, `industry: the rep's edge`. A name that no column of ours
/// has, as in a model that was trained elsewhere, is left as it is. Raw: sanitise before display.
pub fn column_words(name: &str) -> String {
    match name {
        "lead.baseline" => "the lead, whoever works it".to_owned(),
        "rep.number" => "who the rep is".to_owned(),
        "rep.rate" => "the rep's win rate".to_owned(),
        "rep.effect" => "the rep's edge on all leads".to_owned(),
        "rep.response" => "how fast the rep responds".to_owned(),
        "rep.load" => "the rep's open deals".to_owned(),
        "pair.tenure" => "how long the rep is there".to_owned(),
        "pair.advantage" => "the rep's edge on leads like this".to_owned(),
        _ => match (name.strip_prefix("lead."), name.strip_prefix("pair.")) {
            (Some(lead), _) => of_lead(lead),
            (_, Some(pair)) => match (pair.strip_suffix(".effect"), pair.strip_suffix(".rate")) {
                (Some(fact), _) => format!("{}: the rep's edge", label(fact)),
                (_, Some(fact)) => format!("{}: the rep's win rate", label(fact)),
                _ => name.to_owned(),
            },
            _ => name.to_owned(),
        },
    }
}

fn of_lead(column: &str) -> String {
    match (column.split_once('='), column.strip_suffix(".rate")) {
        (Some((fact, level)), _) => format!("{} is {level}", label(fact)),
        (None, Some(fact)) => format!("{}: its win rate", label(fact)),
        (None, None) => label(column.strip_suffix(".level").unwrap_or(column)),
    }
}

/// What people call the fact with this key.
fn label(key: &str) -> String {
    let numeric = |key: &str| {
        let known = [NumericFact::Amount, NumericFact::AnnualRevenue, NumericFact::Employees];
        known.into_iter().find(|fact| fact.key() == key).unwrap_or_else(|| NumericFact::Named(key.to_owned()))
    };
    match key.strip_suffix("_tier") {
        Some(of) => format!("{} tier", numeric(of).label()),
        None => numeric(key).label().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::column_words;

    #[test]
    fn columns_are_told_in_the_words_of_factors() {
        let told = [
            ("lead.amount", "deal amount"),
            ("lead.engagement", "engagement"),
            ("lead.source=Outbound", "source is Outbound"),
            ("lead.industry.rate", "industry: its win rate"),
            ("lead.industry.level", "industry"),
            ("lead.amount_tier.rate", "deal amount tier: its win rate"),
            ("pair.industry.effect", "industry: the rep's edge"),
            ("pair.annual_revenue_tier.effect", "annual revenue tier: the rep's edge"),
            ("pair.product.rate", "product: the rep's win rate"),
            ("pair.advantage", "the rep's edge on leads like this"),
            ("f12", "f12"),
        ];
        for (name, words) in told {
            assert_eq!(column_words(name), words);
        }
    }
}
