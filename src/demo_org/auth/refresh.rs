//! Refresh tokens that rotate: each is good once, and hands out the next.
//!
//! Whoever shows a spent token has a copy of it, so the whole grant ends: the holder of the newest token is sent back to
//! the person who authorised it. They live as long as the process, unlike the org's records.

use std::collections::HashMap;

use super::{OauthError, secret};

const REFUSED: OauthError = OauthError::new("invalid_grant", "expired access/refresh token");

/// Every token that was ever handed out.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Token to the grant it belongs to.
    tokens: HashMap<String, usize>,
    /// The token of each grant that is good; `None` once the grant has ended.
    good: Vec<Option<String>>,
}

impl Grants {
    /// A first token, as a person's authorisation gives it.
    pub(super) fn grant(&mut self) -> Result<String, OauthError> {
        self.good.push(None);
        self.next(self.good.len() - 1)
    }

    /// Uses a token up; the next one.
    pub(super) fn spend(&mut self, token: &str) -> Result<String, OauthError> {
        let grant = *self.tokens.get(token).ok_or(REFUSED)?;
        if self.good[grant].as_deref() == Some(token) {
            return self.next(grant);
        }
        self.good[grant] = None;
        Err(REFUSED)
    }

    fn next(&mut self, grant: usize) -> Result<String, OauthError> {
        let no_chance = |_| OauthError { status: 500, error: "server_error", description: "no randomness" };
        let token = format!("5Aep861{}", secret(48).map_err(no_chance)?);
        self.tokens.insert(token.clone(), grant);
        self.good[grant] = Some(token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once_and_a_spent_one_ends_the_grant() {
        let mut grants = Grants::default();
        let first = grants.grant().unwrap();
        let second = grants.spend(&first).unwrap();
        let third = grants.spend(&second).unwrap();
        assert_ne!(second, third);
        assert_eq!(grants.spend(&first), Err(REFUSED));
        assert_eq!(grants.spend(&third), Err(REFUSED), "the newest one ended with its grant");
        assert_eq!(grants.spend("made up"), Err(REFUSED));
        assert!(grants.grant().is_ok_and(|other| grants.spend(&other).is_ok()));
    }
}
