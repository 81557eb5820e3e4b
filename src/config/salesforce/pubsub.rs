//! `[salesforce.pubsub]`: whether, and where, the org tells of changed leads by itself.

use serde::Deserialize;

/// The one address for orgs outside the EU Operating Zone.
const ENDPOINT: &str = "https://api.pubsub.salesforce.com:7443";

/// Salesforce's Pub/Sub API as a faster path beside polling.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PubSub {
    /// Whether to use it.
    pub enabled: bool,
    /// Where it is.
    pub endpoint: String,
    /// The channel that Lead's change events come on.
    pub topic: String,
    /// Seconds between two polls while events come.
    pub poll_seconds: f64,
}

impl Default for PubSub {
    fn default() -> Self {
        Self { enabled: false, endpoint: ENDPOINT.into(), topic: "/data/LeadChangeEvent".into(), poll_seconds: 60.0 }
    }
}

impl PubSub {
    /// Refuses what can never work; the endpoint is examined by whoever connects to it.
    pub(super) fn check(&self, login_url: &str) -> Result<(), String> {
        if !(self.poll_seconds.is_finite() && (0.1..=3600.0).contains(&self.poll_seconds)) {
            let given = self.poll_seconds;
            return Err(format!("salesforce.pubsub.poll_seconds is {given}; it must be between 0.1 and 3600"));
        }
        let name = self.topic.strip_prefix("/data/").unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let given = &self.topic;
            return Err(format!(
                "salesforce.pubsub.topic is {given:?}; it is a channel of change events, for example \
                 /data/LeadChangeEvent"
            ));
        }
        // The token of an org on this machine is nothing to Salesforce.
        if self.enabled && self.endpoint == ENDPOINT && login_url.starts_with("http://") {
            return Err(
                "salesforce.login_url is an org on this machine, so salesforce.pubsub needs its endpoint there \
                        (`leadboard demo-org --write-config` writes it)"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Salesforce;

    fn section(login: &str, more: &str) -> Result<Salesforce, String> {
        let text = format!("login_url = '{login}'\nclient_id = 'x'\n[pubsub]\n{more}");
        toml::from_str(&text).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn it_is_off_unless_it_is_asked_for() {
        let bare = section("https://a", "").unwrap().pubsub;
        assert!(!bare.enabled && bare.topic == "/data/LeadChangeEvent" && bare.endpoint.ends_with(":7443"));
        assert!(section("https://a", "enabled = true").unwrap().pubsub.enabled);
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_key() {
        for (login, text, word) in [
            ("https://a", "poll_seconds = 0", "salesforce.pubsub.poll_seconds"),
            ("https://a", "poll_seconds = nan", "salesforce.pubsub.poll_seconds"),
            ("https://a", "topic = 'LeadChangeEvent'", "salesforce.pubsub.topic"),
            ("https://a", "topic = '/event/Lead__e'", "salesforce.pubsub.topic"),
            ("https://a", "topic = '/data/'", "salesforce.pubsub.topic"),
            ("http://127.0.0.1:1", "enabled = true", "needs its endpoint"),
            ("https://a", "enable = true", "enable"),
        ] {
            let error = section(login, text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(section("http://127.0.0.1:1", "enabled = true\nendpoint = 'http://127.0.0.1:1'").is_ok());
    }
}
