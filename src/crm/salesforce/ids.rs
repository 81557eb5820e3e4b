//! Salesforce record ids.
//!
//! An id has 15 characters that are case-sensitive, or those 15 plus a three-character checksum of their case, which
//! makes it safe where case is lost. Both name the same record, so ids are compared only in the long form.

use crate::domain::ids::{QueueId, RepId};
use crate::domain::lead::Owner;

/// Characters of the short form.
const SHORT: usize = 15;
/// Characters of the long form.
const LONG: usize = 18;
/// The checksum alphabet: 5 bits, one for each character of a group of five, set where it is an upper-case letter.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The long form of an id; `None` if the text cannot be an id, a wrong checksum included.
pub(super) fn normalise(id: &str) -> Option<String> {
    let id = id.trim();
    if !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let short = id.get(..SHORT)?;
    let checksum = short.as_bytes().chunks(5).map(|group| {
        let upper = group.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        char::from(ALPHABET[upper.fold(0, |bits, (place, _)| bits | 1 << place)])
    });
    let long: String = short.chars().chain(checksum).collect();
    match id.len() {
        SHORT => Some(long),
        LONG if id == long => Some(long),
        _ => None,
    }
}

/// Who an `OwnerId` names, told by its key prefix: `005` is a user, `00G` a queue (a `Group` record).
pub(super) fn owner(id: &str) -> Option<Owner> {
    let id = normalise(id)?;
    if id.starts_with("005") {
        Some(Owner::Rep(RepId::new(id)))
    } else if id.starts_with("00G") {
        Some(Owner::Queue(QueueId::new(id)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{matching, text};

    #[test]
    fn the_checksum_tells_the_case() {
        // Example ids of the public documentation.
        assert_eq!(normalise("0017000000PJVmY").as_deref(), Some("0017000000PJVmYAAX"));
        assert_eq!(normalise("001D000000HRzKD").as_deref(), Some("001D000000HRzKDIA1"));
        assert_eq!(normalise("0017000000PJVmYAAX").as_deref(), Some("0017000000PJVmYAAX"));
        assert_eq!(normalise("0017000000PJVmYAAY"), None);
        assert_eq!(normalise("0017000000PJVm"), None);
        assert_eq!(normalise("0017000000PJV'Y"), None);
    }

    #[test]
    fn the_prefix_tells_reps_from_queues() {
        assert!(matches!(owner("005000000000001AAA"), Some(Owner::Rep(_))));
        assert!(matches!(owner("00G000000000001EAA"), Some(Owner::Queue(_))));
        assert_eq!(owner("003000000000001AAA"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_an_id_or_refused(text in prop_oneof![text(24), matching("[a-zA-Z0-9é]{15}"), matching("[a-zA-Z0-9]{15}[A-Z0-5]{3}")]) {
            if let Some(id) = normalise(&text) {
                prop_assert_eq!(id.len(), LONG);
                prop_assert_eq!(normalise(&id), Some(id.clone()));
            }
        }

        #[test]
        fn ids_that_differ_in_case_alone_stay_different_when_case_is_lost(a in matching("[a-zA-Z0-9]{15}"), flip in 0usize..15) {
            let mut other = a.clone().into_bytes();
            prop_assume!(other[flip].is_ascii_alphabetic());
            other[flip] ^= 0x20;
            let other = String::from_utf8(other).unwrap();
            let (a, b) = (normalise(&a).unwrap(), normalise(&other).unwrap());
            prop_assert_ne!(a.to_ascii_lowercase(), b.to_ascii_lowercase());
        }
    }
}
