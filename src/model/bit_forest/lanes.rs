//! Numbers side by side, aligned so that wide instructions read them at once.

use super::layout::WORD;

/// How many.
pub(super) const LANES: usize = 16;

/// A cache line of numbers: what lies in one is read at once, and never half from one line and half from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Lanes<T>(pub(super) [T; LANES]);

impl<T: Copy> Lanes<T> {
    /// The same number in each lane.
    pub(super) const fn all(value: T) -> Self {
        Self([value; LANES])
    }
}

/// The values of the leaves of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Leaves(pub(super) [f32; WORD]);
