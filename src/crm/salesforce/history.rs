//! Closed deals: converted leads whose opportunity was won or lost.
//!
//! A lead's fields are read as they stand today; Salesforce does not keep what they were at creation. Fields that
//! people fill in later must therefore stay out of the configured facts.

use std::collections::HashMap;

use super::errors::{Class, Fault};
use super::map::Record;
use super::outcomes::{self, DEAL};
use super::query::{Api, Condition, Page, Rows, Select, Value};
use super::{Salesforce, ids};
use crate::app::ports::DealPage;
use crate::domain::deal::Deal;
use crate::domain::ids::{LeadId, RepId, RepKey};

/// Where a walk over the history goes on: after a lead id, and as long as the locator lives, at its next page.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    after: String,
    locator: Option<String>,
}

impl Token {
    fn parse(text: &str) -> Result<Self, Fault> {
        let (after, locator) = match text.split_once(' ') {
            Some((after, locator)) => (after, Some(locator.to_owned())),
            None => (text, None),
        };
        let after = ids::normalise(after)
            .ok_or_else(|| Fault::new(Class::Permanent, "the history page was not named by this program"))?;
        Ok(Self { after, locator })
    }

    fn write(&self) -> String {
        match &self.locator {
            Some(locator) => format!("{} {locator}", self.after),
            None => self.after.clone(),
        }
    }
}

impl Salesforce {
    /// One page of closed deals, by lead id. A dead locator goes on from the last lead, so a pull can be taken up
    /// again days later.
    pub(super) async fn history_page(&self, page: Option<&str>) -> Result<DealPage, Fault> {
        let token = page.map(Token::parse).transpose()?;
        let keys = self.rep_keys(token.is_none()).await?;
        let rows = self.history_rows(token.as_ref()).await?;

        let mut result = DealPage { deals: Vec::new(), rejected: Vec::new(), next: None, total: None };
        result.total = token.is_none().then_some(rows.total);
        let mut last = token.map(|t| t.after);
        for raw in &rows.rows {
            let record = Record::parse(raw)?;
            let id = record.id("Id").ok_or_else(|| Fault::new(Class::Protocol, "a lead came without an Id"))?;
            match self.deal(&record, LeadId::new(id.clone()), keys.as_deref()) {
                Ok(deal) => result.deals.push(deal),
                Err(why) => result.rejected.push((LeadId::new(id.clone()), why)),
            }
            last = Some(id);
        }
        result.next = rows.next.zip(last).map(|(locator, after)| Token { after, locator: Some(locator) }.write());
        Ok(result)
    }

    async fn history_rows(&self, token: Option<&Token>) -> Result<Page, Fault> {
        if let Some(locator) = token.and_then(|t| t.locator.as_deref()) {
            match self.client.next_page(locator).await {
                Err(fault) if fault.class == Class::LocatorExpired => {}
                answer => return answer,
            }
        }
        let fields = ["Id", "CreatedDate"].into_iter().chain(DEAL).map(Api::known).chain(self.fields.all());
        let select = Select::new(fields, "Lead")
            .filter(Condition::Eq(Api::known("IsConverted"), Value::Bool(true)))
            .filter(Condition::Eq(Api::known("ConvertedOpportunity.IsClosed"), Value::Bool(true)))
            .filter_some(token.map(|t| Condition::Above(Api::known("Id"), Value::Text(t.after.clone()))))
            .order([Api::known("Id")]);
        self.client.query(&select, Rows::Living).await
    }

    fn deal(&self, record: &Record, lead_id: LeadId, keys: Option<&HashMap<RepId, RepKey>>) -> Result<Deal, String> {
        let created_at = record.at("CreatedDate").ok_or("no CreatedDate")?;
        let state = outcomes::deal(record);
        let rep = state.rep.ok_or("the opportunity has no owner who is a user")?;
        let rep = match keys {
            None => RepKey::new(rep.as_str()),
            Some(keys) => keys.get(&rep).cloned().ok_or_else(|| format!("its owner {rep} is no standard user"))?,
        };
        let closed_at = state.closed_at.ok_or("no CloseDate")?;
        if closed_at < created_at {
            return Err(format!("closed on {} before it was created", closed_at.format("%Y-%m-%d")));
        }
        Ok(Deal {
            lead_id,
            rep,
            facts: self.fields.facts(record, created_at),
            closed_at,
            closed_assumed: false,
            outcome: state.outcome.ok_or("not closed")?,
            closed_amount: state.amount,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_foreign_ones_are_refused() {
        for token in [
            Token { after: "00Q000000000001EAA".into(), locator: None },
            Token { after: "00Q000000000001EAA".into(), locator: Some("/services/data/v66.0/query/01g-2000".into()) },
        ] {
            assert_eq!(Token::parse(&token.write()).unwrap(), token);
        }
        assert!(Token::parse("2").is_err());
        assert!(Token::parse("' OR Name != '").is_err());
    }
}
