//! Record ids: 15 case-sensitive characters, and the same with 3 characters of checksum that make them safe where
//! case is lost.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Five bits, one for each upper-case letter of a chunk of five, name one of these.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// The pod part that all ids of one org share.
const POD: &[u8; 2] = b"Lb";

/// A record id in its 18-character form. Orders as the records were made, since base 62 here is in ASCII order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id([u8; 18]);

impl Id {
    /// Smaller than every id, larger than none: the lower end of a range over ids.
    pub(crate) const MIN: Self = Self([0; 18]);

    /// The `serial`-th id of the object with this three-character key prefix.
    pub(crate) fn new(prefix: &str, serial: u64) -> Self {
        let mut short = [b'0'; 15];
        for (slot, byte) in short.iter_mut().zip(prefix.bytes()) {
            *slot = byte;
        }
        short[3..5].copy_from_slice(POD);
        let mut rest = serial;
        for slot in short[6..].iter_mut().rev() {
            *slot = BASE62[(rest % 62) as usize];
            rest /= 62;
        }
        Self::with_checksum(short)
    }

    /// Reads the 15- or 18-character form; `None` for anything else, a wrong checksum included.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let short: [u8; 15] = bytes.get(..15)?.try_into().ok()?;
        let id = Self::with_checksum(short);
        match bytes.len() {
            15 => Some(id),
            18 if id.0[15..] == bytes[15..] => Some(id),
            _ => None,
        }
    }

    fn with_checksum(short: [u8; 15]) -> Self {
        let mut id = [0; 18];
        id[..15].copy_from_slice(&short);
        for (chunk, slot) in short.chunks(5).zip(15..) {
            let upper = chunk.iter().enumerate().filter(|(_, b)| b.is_ascii_uppercase());
            id[slot] = CHECKSUM[upper.fold(0, |bits, (i, _)| bits | 1 << i)];
        }
        Self(id)
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Which object it belongs to, as its key prefix.
    pub(crate) fn prefix(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }

    /// The counter that [`Id::new`] was given.
    pub(crate) fn serial(&self) -> u64 {
        self.0[6..15].iter().fold(0, |n, byte| {
            let digit = BASE62.iter().position(|b| b == byte).unwrap_or_default();
            n * 62 + digit as u64
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a record id")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_marks_capital_letters() {
        // By hand: no capital in the first two chunks (A, A); G is bit 0 and J bit 4 of the third, 17, which is R.
        assert_eq!(Id::parse("0015000000Gv7qJ").unwrap().as_str(), "0015000000Gv7qJAAR");
    }

    #[test]
    fn both_forms_are_one_id_and_case_matters() {
        let id = Id::new("00Q", 123_456_789);
        assert_eq!(id.as_str().len(), 18);
        assert_eq!((id.prefix(), id.serial()), ("00Q", 123_456_789));
        assert_eq!(Id::parse(id.as_str().get(..15).unwrap()), Some(id));
        assert_eq!(Id::parse(id.as_str()), Some(id));
        assert_eq!(Id::parse(&id.as_str().to_ascii_lowercase()), None);
        assert_eq!(Id::parse("00Q"), None);
        assert_eq!(Id::parse("00Q' OR 1=1 --00"), None);
    }

    #[test]
    fn later_ids_are_larger() {
        assert!(Id::new("00Q", 61) < Id::new("00Q", 62));
        assert!(Id::new("00Q", 9) < Id::new("00Q", 35));
        assert!(Id::new("00Q", 35) < Id::new("00Q", 36));
    }
}
