//! What the name of a column says about it.

/// Words in names of columns that are written over or filled in as a deal goes on.
const LATER: [&str; 22] = [
    "last",
    "latest",
    "next",
    "closed",
    "closing",
    "won",
    "lost",
    "loss",
    "stage",
    "reason",
    "tag",
    "tags",
    "outcome",
    "result",
    "converted",
    "conversion",
    "disposition",
    "modified",
    "updated",
    "final",
    "signed",
    "paid",
];
/// Words in names of columns that are filled in later as often as at the start.
const PERHAPS_LATER: [&str; 10] =
    ["quality", "rating", "status", "score", "grade", "probability", "forecast", "approved", "rejected", "qualified"];
/// Words that name a company when they end a name.
const COMPANY: [&str; 9] =
    ["account", "company", "organisation", "organization", "customer", "firm", "client", "employer", "kunde"];
/// Words that name a company's place on the internet.
const DOMAIN: [&str; 5] = ["website", "domain", "url", "email", "mail"];
/// Words in names of columns that hold money.
const MONEY: [&str; 11] =
    ["amount", "value", "price", "revenue", "turnover", "sales", "budget", "arr", "mrr", "acv", "tcv"];
/// Words in names of columns by which money may differ in currency.
const SEGMENT: [&str; 6] = ["currency", "country", "region", "territory", "market", "office"];
/// Words in names of owners that are no person.
const NOBODY: [&str; 14] = [
    "house",
    "closed",
    "queue",
    "admin",
    "administrator",
    "system",
    "integration",
    "unassigned",
    "api",
    "former",
    "inactive",
    "nobody",
    "default",
    "bot",
];
/// Values that people or forms write for "nothing", folded.
const NOTHING: [&str; 17] = [
    "select",
    "none",
    "na",
    "null",
    "nil",
    "nan",
    "unknown",
    "undefined",
    "tbd",
    "pleaseselect",
    "selectone",
    "notspecified",
    "notavailable",
    "unspecified",
    "notset",
    "choose",
    "missing",
];

/// How sure a name is that its column is filled in later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Telling {
    Nothing,
    PerhapsLater,
    Later,
}

/// Whether the name says that the column is filled in later, and the word that does.
pub(super) fn telling(name: &str) -> (Telling, Option<String>) {
    let words = words(name);
    let first_of = |list: &[&str]| words.iter().find(|word| list.contains(&word.as_str())).cloned();
    if let Some(word) = first_of(&LATER) {
        (Telling::Later, Some(word))
    } else if let Some(word) = first_of(&PERHAPS_LATER) {
        (Telling::PerhapsLater, Some(word))
    } else {
        (Telling::Nothing, None)
    }
}

/// Whether the column names the customer; by its own name first, then by its place on the internet.
pub(super) fn company_rank(name: &str) -> Option<u32> {
    let mut words = words(name);
    if words.len() > 1 && words.last().is_some_and(|word| word == "name") {
        words.pop();
    }
    let last = words.last()?;
    if COMPANY.contains(&last.as_str()) {
        Some(0)
    } else if DOMAIN.contains(&last.as_str()) && words.len() <= 2 {
        Some(1)
    } else {
        None
    }
}

/// Whether the column holds money.
pub(super) fn is_money(name: &str) -> bool {
    words(name).iter().any(|word| MONEY.contains(&word.as_str()))
}

/// Whether money may differ in currency by this column.
pub(super) fn is_segment(name: &str) -> bool {
    words(name).iter().any(|word| SEGMENT.contains(&word.as_str()))
}

/// Whether an owner is no person.
pub(super) fn is_nobody(owner: &str) -> bool {
    words(owner).iter().any(|word| NOBODY.contains(&word.as_str()))
}

/// Whether a folded value, or one without any letter or digit, means "nothing".
pub(super) fn is_nothing(value: &str, folded: &str) -> bool {
    NOTHING.contains(&folded) || (folded.is_empty() && !value.is_empty() && value.chars().count() <= 4)
}

/// The words of a name in lower case: split at blanks, punctuation, and where a capital follows a small letter. The
/// suffix of Salesforce's custom fields is no word.
fn words(name: &str) -> Vec<String> {
    let name = name.strip_suffix("__c").unwrap_or(name);
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_people_write_them() {
        assert_eq!(words("LastActivityDate"), ["last", "activity", "date"]);
        assert_eq!(words("late_last_modified_at"), ["late", "last", "modified", "at"]);
        assert_eq!(words("Loss_Reason__c"), ["loss", "reason"]);
    }

    #[test]
    fn running_values_tell_themselves() {
        assert_eq!(telling("Last Activity").0, Telling::Later);
        assert_eq!(telling("Lead Quality").0, Telling::PerhapsLater);
        for ordinary in ["What is your current occupation", "Lead Source", "Industry", "Plaster", "x_product"] {
            assert_eq!(telling(ordinary).0, Telling::Nothing, "{ordinary}");
        }
    }

    #[test]
    fn a_company_is_named_by_the_last_word() {
        assert_eq!(company_rank("x_account"), Some(0));
        assert_eq!(company_rank("Company Name"), Some(0));
        assert_eq!(company_rank("Website"), Some(1));
        for other in ["x_account_type", "account_owner_id", "account.sector", "Total Time Spent on Website"] {
            assert_eq!(company_rank(other), None, "{other}");
        }
    }
}
