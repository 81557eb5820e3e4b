//! Where a walk over the history goes on, as text that is kept while the program does not run.

use crate::crm::salesforce::errors::{Class, Fault};
use crate::crm::salesforce::ids;

/// Prefix of the id of a bulk job.
const JOB: &str = "750";

/// A place in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// In the order of lead ids: after this one, and as long as the locator lives, at its next page.
    Rows { after: String, locator: Option<String> },
    /// In the results of a bulk job: its id, the locator of the next file (none before the first), and how many jobs
    /// failed before it.
    Job { id: String, locator: Option<String>, failed: u32 },
}

impl Token {
    /// Reads what [`Token::write`] wrote.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let refused = || Fault::new(Class::Permanent, "the history page was not named by this program");
        if let Some(job) = text.strip_prefix("job ") {
            let mut words = job.splitn(3, ' ');
            let id = words.next().and_then(ids::normalise).filter(|id| id.starts_with(JOB)).ok_or_else(refused)?;
            let failed = words.next().and_then(|n| n.parse().ok()).ok_or_else(refused)?;
            return Ok(Self::Job { id, locator: words.next().map(str::to_owned), failed });
        }
        let (after, locator) = match text.split_once(' ') {
            Some((after, locator)) => (after, Some(locator.to_owned())),
            None => (text, None),
        };
        let after = ids::normalise(after).ok_or_else(refused)?;
        Ok(Self::Rows { after, locator })
    }

    /// As text.
    pub(super) fn write(&self) -> String {
        match self {
            Self::Rows { after, locator: None } => after.clone(),
            Self::Rows { after, locator: Some(locator) } => format!("{after} {locator}"),
            Self::Job { id, locator: None, failed } => format!("job {id} {failed}"),
            Self::Job { id, locator: Some(locator), failed } => format!("job {id} {failed} {locator}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_foreign_ones_are_refused() {
        let locator = || Some("/services/data/v66.0/query/01g-2000".to_owned());
        for token in [
            Token::Rows { after: "00Q000000000001EAA".into(), locator: None },
            Token::Rows { after: "00Q000000000001EAA".into(), locator: locator() },
            Token::Job { id: "750000000000001AAA".into(), locator: None, failed: 0 },
            Token::Job { id: "750000000000001AAA".into(), locator: Some("MTAw".into()), failed: 2 },
        ] {
            assert_eq!(Token::parse(&token.write()).unwrap(), token);
        }
        for foreign in
            ["2", "' OR Name != '", "job", "job 750000000000001AAA", "job 00Q000000000001EAA 0", "job ../x 0"]
        {
            assert!(Token::parse(foreign).is_err(), "{foreign}");
        }
    }
}
