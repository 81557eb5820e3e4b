//! Reading what was handed over, whichever version of the program wrote it: nothing of a handoff is lost because types change.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Told, Unread};

/// What was kept; as it is where it cannot be read.
pub(super) fn read(text: String) -> Told {
    match serde_json::from_str(&text) {
        Ok(facts) => Told::Facts(Box::new(facts)),
        Err(error) => Told::Unread(Unread { why: error.to_string(), text }),
    }
}

/// Those rows of a list that can be read. How many there are in all stands beside each list, so the others are counted.
pub(super) fn rows<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let rows = Vec::<Value>::deserialize(from)?;
    Ok(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
}
