//! A quick hash for tables that are fixed before anything is looked up in them, and looked into for each lead.

use std::hash::{BuildHasherDefault, Hasher};

/// For keys that nobody can choose so that they collide: ids of the users of one CRM, constants of ours.
pub(super) type Quick = BuildHasherDefault<QuickHasher>;

/// Takes eight bytes at a time.
#[derive(Debug, Default)]
pub(super) struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_u64(&mut self, word: u64) {
        // A folded multiplication: the high half of the product brings what is in all bits down to the low ones.
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
