//! Accounts that leads may belong to: one call for a batch of companies, and one more for the open opportunities of what was
//! found.
//!
//! What is found is more than what matches: SOQL cannot compare names and sites as policy does (`policy::company`), so the
//! query is generous and policy decides.

use std::collections::HashMap;

use super::Salesforce;
use super::errors::{Class, Fault};
use super::map::Record;
use super::query::{Api, Condition, Rows, Select, Value};
use crate::app::ports::{CompanyAccount, CompanySought};

/// Longest query, in bytes as it stands in the address: Salesforce reads addresses of up to 16 kB.
const LONGEST: usize = 12_000;
/// Rows of one question.
const MOST_ROWS: u32 = 2_000;
/// Accounts whose opportunities are asked for at once, so that their ids fit into an address.
const AT_ONCE: usize = 200;
/// A name shorter than this is looked for as it is, not as the beginning of another.
const SHORTEST_STEM: usize = 3;
/// Account names have at most so many characters.
const LONGEST_NAME: usize = 255;

impl Salesforce {
    /// Accounts that may be one of these companies, by id; `None` where they are not looked up.
    pub(super) async fn read_accounts(&self, sought: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, Fault> {
        let Some(optional) = &self.accounts else { return Ok(None) };
        let mut sought: Vec<&CompanySought> = sought.iter().collect();
        sought.sort_unstable();
        sought.dedup();
        let mut found: HashMap<String, CompanyAccount> = HashMap::new();
        let mut batches = vec![sought];
        while let Some(mut batch) = batches.pop() {
            let shown = optional.shown();
            let Some(select) = select(&batch, &shown) else { continue };
            if batch.len() > 1 && select.encoded().len() > LONGEST {
                batches.push(batch.split_off(batch.len() / 2));
                batches.push(batch);
                continue;
            }
            match self.client.query_rows(&select, Rows::Living).await {
                Err(fault) if optional.learns_from(&fault, &self.client).await => batches.push(batch),
                rows => {
                    for raw in rows? {
                        let account = account(&Record::parse(&raw)?);
                        found.extend(account.map(|account| (account.id.clone(), account)));
                    }
                }
            }
        }
        self.count_open_deals(&mut found).await?;
        let mut accounts: Vec<CompanyAccount> = found.into_values().collect();
        accounts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(Some(accounts))
    }

    /// Where opportunities are not ours to see, none are counted.
    async fn count_open_deals(&self, accounts: &mut HashMap<String, CompanyAccount>) -> Result<(), Fault> {
        let ids: Vec<String> = accounts.keys().cloned().collect();
        for ids in ids.chunks(AT_ONCE) {
            let open = Select::new([Api::known("AccountId")], "Opportunity")
                .filter(Condition::Eq(Api::known("IsClosed"), Value::Bool(false)))
                .filter(Condition::Among(Api::known("AccountId"), ids.to_vec()))
                .order([Api::known("Id")])
                .limit(MOST_ROWS);
            let rows = match self.client.query_rows(&open, Rows::Living).await {
                Err(fault) if matches!(fault.class, Class::Configuration | Class::NotFound) => return Ok(()),
                rows => rows?,
            };
            for raw in rows {
                let record = Record::parse(&raw)?;
                if let Some(account) = record.id("AccountId").and_then(|id| accounts.get_mut(&id)) {
                    account.open_deals += 1;
                }
            }
        }
        Ok(())
    }
}

/// The question for these companies; `None` if there is nothing to look for.
fn select(companies: &[&CompanySought], shown: &[Api]) -> Option<Select> {
    let site = shown.iter().find(|field| field.as_str() == "Website");
    let mut names = Vec::new();
    let mut any = Vec::new();
    for company in companies {
        let fits = |name: &&String| name.chars().count() <= LONGEST_NAME;
        if let Some(stem) = company.stem.as_ref().filter(fits).filter(|stem| stem.chars().count() >= SHORTEST_STEM) {
            // Whole words, so that nobody is found who is only called similarly.
            for after in [" ", ","] {
                any.push(Condition::Begins(Api::known("Name"), format!("{stem}{after}")));
            }
        }
        let called = [&company.stem, &company.name].into_iter().flatten().map(|name| name.trim().to_owned());
        names.extend(called.filter(|name| fits(&name)));
        let domains = site.into_iter().flat_map(|site| company.domains.iter().map(move |domain| (site, domain)));
        any.extend(domains.map(|(site, domain)| Condition::Holds(site.clone(), domain.clone())));
    }
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        any.push(Condition::Among(Api::known("Name"), names));
    }
    if any.is_empty() {
        return None;
    }
    let fields = ["Id", "Name", "OwnerId"].into_iter().map(Api::known).chain(shown.iter().cloned());
    Some(Select::new(fields, "Account").filter(Condition::Any(any)).order([Api::known("Id")]).limit(MOST_ROWS))
}

fn account(record: &Record) -> Option<CompanyAccount> {
    Some(CompanyAccount {
        id: record.id("Id")?,
        name: record.text("Name")?,
        website: record.text("Website"),
        owner: record.owner(),
        // `Customer - Direct` and `Customer - Channel` as Salesforce comes; orgs add their own.
        customer: record.text("Type").is_some_and(|kind| kind.to_lowercase().starts_with("customer")),
        open_deals: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(name: &str, domains: &[&str]) -> CompanySought {
        CompanySought::new((!name.is_empty()).then_some(name), domains.iter().map(|domain| (*domain).to_owned()))
    }

    #[test]
    fn names_are_looked_for_without_their_legal_form_and_sites_by_their_domain() {
        let shown = ["Website", "Type"].map(Api::known);
        let (one, two) = (sought("O'Hara 50%_Off, Inc.", &["ohara.com"]), sought("", &["xn--mller-kva.de"]));
        assert_eq!(
            select(&[&one, &two], &shown).unwrap().to_string(),
            "SELECT Id, Name, OwnerId, Website, Type FROM Account WHERE (Name LIKE 'O\\'Hara 50\\%\\_Off %' OR \
             Name LIKE 'O\\'Hara 50\\%\\_Off,%' OR Website LIKE '%ohara.com%' OR Website LIKE '%müller.de%' OR \
             Website LIKE '%xn--mller-kva.de%' OR Name IN ('O\\'Hara 50%_Off', 'O\\'Hara 50%_Off, Inc.')) \
             ORDER BY Id LIMIT 2000"
        );
        assert!(select(&[&two], &shown[1..]).is_none(), "sites are hidden, and there is no name");
        let short = select(&[&sought("HP", &[])], &shown).unwrap().to_string();
        assert!(short.contains("WHERE (Name IN ('HP')) ORDER"), "{short}");
    }
}
