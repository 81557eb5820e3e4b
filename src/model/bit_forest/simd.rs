//! The inner loops for wide instructions, and the choice between them at run time.
//!
//! This is the only module of the crate with `unsafe` code, in two places: calls of functions that need instructions
//! beyond the baseline, made only where the processor was asked for them; and unaligned loads and stores of whole
//! arrays, for which the intrinsics take a pointer.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "run-time dispatch to wider instructions; each place says why it is sound")
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use super::BitForest;
use super::lanes::Lanes;
use super::lead::LeadTests;
use super::work::{Scratch, Spare, Work};

/// Which instructions the inner loops use. All give the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
pub enum Instructions {
    /// What every machine of the target has.
    #[strum(to_string = "portable")]
    Portable,
    /// AVX2 (x86-64 since 2013).
    #[strum(to_string = "AVX2")]
    Avx2,
    /// AVX-512 F and CD (x86-64 servers since 2017).
    #[strum(to_string = "AVX-512")]
    Avx512,
}

impl Instructions {
    /// Narrow to wide.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this machine has them.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512cd"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The widest that this machine has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|i| i.is_available()).unwrap_or(Self::Portable)
    }

    /// These, or portable ones where the machine lacks them. A [`BitForest`] holds only what came from here, which is
    /// what makes the calls below sound.
    pub(super) fn or_portable(self) -> Self {
        if self.is_available() { self } else { Self::Portable }
    }

    /// [`LeadTests::compare`].
    pub(super) fn compare(self, tests: &LeadTests, lead: &[f32], words: &mut [Lanes<u32>]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `or_portable` saw AVX-512 F and CD.
            Self::Avx512 if lead.len() <= avx512::COLUMNS => unsafe { avx512::compare(tests, lead, words) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `or_portable` saw AVX2, or AVX-512 F, which implies it.
            Self::Avx2 | Self::Avx512 => unsafe { avx2::compare(tests, lead, words) },
            _ => tests.compare(lead, words),
        }
    }

    /// [`BitForest::plan`].
    pub(super) fn plan(self, forest: &BitForest, scratch: &mut Scratch) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `or_portable` saw AVX-512 F and CD.
            Self::Avx512 => unsafe { avx512::plan(forest, scratch) },
            _ => forest.plan_portably(scratch),
        }
    }

    /// [`Work::add_portably`].
    pub(super) fn add(self, work: &Work<'_>, margins: &mut [Lanes<f32>], spare: &mut Spare) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `or_portable` saw AVX-512 F and CD.
            Self::Avx512 => unsafe { avx512::add(work, margins) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `or_portable` saw AVX2.
            Self::Avx2 => unsafe { avx2::add(work, margins) },
            _ => work.add_portably(margins, spare),
        }
    }
}
