//! The inner loops for wide instructions, and the choice between them at run time.
//!
//! This is the only module of the crate with `unsafe` code, in two places: calls of functions that need instructions
//! beyond the baseline, made only where the processor was asked for them; and unaligned loads and stores of whole
//! arrays, for which the intrinsics take a pointer.
#![expect(unsafe_code, reason = "run-time dispatch to wider instructions; each place says why it is sound")]

use super::BitForest;
use super::lanes::{LANES, Lanes, Leaves};
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

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256, __m256i, _CMP_NLT_UQ, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_andnot_ps,
        _mm256_andnot_si256, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps,
        _mm256_cmpeq_epi32, _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_permutevar8x32_ps,
        _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi32,
        _mm256_srli_epi32, _mm256_storeu_ps, _mm256_sub_epi32,
    };

    use super::super::pairs::PairTest;
    use super::{LANES, Lanes, LeadTests, Leaves, Work};

    /// Lanes of a register: half of ours.
    const HALF: usize = LANES / 2;
    /// Most groups of reps whose words are kept in registers at once.
    const GROUPS: usize = 4;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(from: &[f32; HALF]) -> __m256 {
        // SAFETY: `from` is 32 bytes that may be read, and the load asks for no alignment.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load_bits(from: &[u32; HALF]) -> __m256i {
        // SAFETY: as in `load`.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(to: &mut [f32; HALF], value: __m256) {
        // SAFETY: `to` is 32 bytes that may be written, and the store asks for no alignment.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) }
    }

    fn halves<T>(lanes: &Lanes<T>) -> &[[T; HALF]] {
        lanes.0.as_chunks().0
    }

    /// The portable loop, compiled once more: the compiler vectorises it with what it may use here.
    #[target_feature(enable = "avx2")]
    pub(super) fn compare(tests: &LeadTests, lead: &[f32], words: &mut [Lanes<u32>]) {
        tests.compare(lead, words);
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn add(work: &Work<'_>, margins: &mut [Lanes<f32>]) {
        for (chunk, margins) in margins.chunks_mut(GROUPS).enumerate() {
            let first = chunk * GROUPS;
            match margins.len() {
                1 => add_groups::<1>(work, first, margins),
                2 => add_groups::<2>(work, first, margins),
                3 => add_groups::<3>(work, first, margins),
                _ => add_groups::<GROUPS>(work, first, margins),
            }
        }
    }

    /// Adds the steps to the margins of `G` groups of reps, whose words stay in registers.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_groups<const G: usize>(work: &Work<'_>, first: usize, margins: &mut [Lanes<f32>]) {
        let mut values = [[_mm256_setzero_ps(); 2]; G];
        let mut start = work.first_test;
        for step in work.steps {
            let tests = &work.tests[start..step.tests_end as usize];
            start = step.tests_end as usize;
            let leaves = _mm256_set1_epi32(step.leaves as i32);
            let mut words = [[_mm256_setzero_si256(); 2]; G];
            let rep_words = &work.rep_words[step.word as usize * work.groups + first..][..G];
            for (words, reps) in words.iter_mut().zip(rep_words) {
                for (word, reps) in words.iter_mut().zip(halves(reps)) {
                    *word = _mm256_and_si256(load_bits(reps), leaves);
                }
            }
            for &test in tests {
                let PairTest { slot, threshold, lost } = work.forest.pairs.tests[test as usize];
                let threshold = _mm256_set1_ps(threshold);
                let lost = _mm256_castsi256_ps(_mm256_set1_epi32(lost as i32));
                let columns = &work.slots[slot as usize * work.groups + first..][..G];
                for (words, column) in words.iter_mut().zip(columns) {
                    for (word, column) in words.iter_mut().zip(halves(column)) {
                        let right = _mm256_cmp_ps::<_CMP_NLT_UQ>(load(column), threshold);
                        let lost = _mm256_and_ps(right, lost);
                        *word = _mm256_castps_si256(_mm256_andnot_ps(lost, _mm256_castsi256_ps(*word)));
                    }
                }
            }
            let table = &work.forest.leaves[step.word as usize];
            if step.first && step.last {
                for (margins, words) in margins.iter_mut().zip(words) {
                    for (margin, word) in margins.0.as_chunks_mut().0.iter_mut().zip(words) {
                        store(margin, _mm256_add_ps(load(margin), exit(table, word)));
                    }
                }
                continue;
            }
            for (value, word) in values.as_flattened_mut().iter_mut().zip(words.as_flattened()) {
                let found = exit(table, *word);
                let none = _mm256_castsi256_ps(_mm256_cmpeq_epi32(*word, _mm256_setzero_si256()));
                *value = if step.first { found } else { _mm256_blendv_ps(found, *value, none) };
            }
            if step.last {
                for (margins, values) in margins.iter_mut().zip(values) {
                    for (margin, value) in margins.0.as_chunks_mut().0.iter_mut().zip(values) {
                        store(margin, _mm256_add_ps(load(margin), value));
                    }
                }
            }
        }
    }

    /// The values of the leftmost leaves that are left; for a word without a leaf, any value.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn exit(table: &Leaves, word: __m256i) -> __m256 {
        // There is no count of leading zeros, but a conversion to floating point makes one: the exponent. Without the
        // bit below the leading one nothing rounds up to the next power of two, and half as much, with a half added,
        // keeps clear of the sign and tells the last leaf from none.
        let half = _mm256_srli_epi32::<1>(word);
        let leading = _mm256_andnot_si256(_mm256_srli_epi32::<2>(word), half);
        let number = _mm256_add_ps(_mm256_cvtepi32_ps(leading), _mm256_set1_ps(0.5));
        // Bit 31 of the word has become 2^30, whose biased exponent is 157, and is leaf 0.
        let exponent = _mm256_srli_epi32::<23>(_mm256_castps_si256(number));
        let leaf = _mm256_sub_epi32(_mm256_set1_epi32(157), exponent);
        let ([a, b, c, d], []) = table.0.as_chunks() else { return _mm256_setzero_ps() };
        // Each look-up goes by the low three bits; the next two choose among the four.
        let look_up = |quarter| _mm256_permutevar8x32_ps(load(quarter), leaf);
        let odd = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(leaf));
        let upper = _mm256_castsi256_ps(_mm256_slli_epi32::<27>(leaf));
        let low = _mm256_blendv_ps(look_up(a), look_up(b), odd);
        let high = _mm256_blendv_ps(look_up(c), look_up(d), odd);
        _mm256_blendv_ps(low, high, upper)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, __m512i, _CMP_LT_OQ, _CMP_NLT_UQ, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
        _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cmp_ps_mask, _mm512_load_ps, _mm512_load_si512,
        _mm512_loadu_si512, _mm512_lzcnt_epi32, _mm512_mask_andnot_epi32, _mm512_mask_blend_epi32,
        _mm512_mask_blend_ps, _mm512_maskz_compress_epi32, _mm512_permutex2var_ps, _mm512_set1_epi32, _mm512_set1_ps,
        _mm512_setzero_ps, _mm512_setzero_si512, _mm512_store_ps, _mm512_store_si512, _mm512_storeu_si512,
        _mm512_test_epi32_mask, _mm512_xor_si512,
    };

    use super::super::BitForest;
    use super::super::lead::NEGATED;
    use super::super::pairs::PairTest;
    use super::{LANES, Lanes, LeadTests, Leaves, Scratch, Work};

    /// Lead columns that fit into registers.
    pub(super) const COLUMNS: usize = 64;
    /// Most groups of reps whose words and sums are kept in registers at once.
    const GROUPS: usize = 8;

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(from: &Lanes<f32>) -> __m512 {
        // SAFETY: `from` is 64 bytes that may be read, aligned to as many.
        unsafe { _mm512_load_ps(from.0.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_bits(from: &Lanes<u32>) -> __m512i {
        // SAFETY: as in `load`.
        unsafe { _mm512_load_si512(from.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(to: &mut Lanes<f32>, value: __m512) {
        // SAFETY: `to` is 64 bytes that may be written, aligned to as many.
        unsafe { _mm512_store_ps(to.0.as_mut_ptr(), value) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store_bits(to: &mut Lanes<u32>, value: __m512i) {
        // SAFETY: as in `store`.
        unsafe { _mm512_store_si512(to.0.as_mut_ptr().cast(), value) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_leaves(from: &Leaves) -> (__m512, __m512) {
        // SAFETY: `from` is twice 64 bytes that may be read, aligned to as many.
        unsafe { (_mm512_load_ps(from.0.as_ptr()), _mm512_load_ps(from.0.as_ptr().add(LANES))) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_anywhere(from: &[u32; LANES]) -> __m512i {
        // SAFETY: `from` is 64 bytes that may be read, and the load asks for no alignment.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store_anywhere(to: &mut [u32; LANES], value: __m512i) {
        // SAFETY: `to` is 64 bytes that may be written, and the store asks for no alignment.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value) }
    }

    #[target_feature(enable = "avx512f,avx512cd")]
    pub(super) fn compare(tests: &LeadTests, lead: &[f32], words: &mut [Lanes<u32>]) {
        let mut padded = [Lanes::all(0.0); COLUMNS / LANES];
        for (lanes, values) in padded.iter_mut().zip(lead.chunks(LANES)) {
            lanes.0[..values.len()].copy_from_slice(values);
        }
        let columns = [load(&padded[0]), load(&padded[1]), load(&padded[2]), load(&padded[3])];
        if lead.len() <= 2 * LANES {
            compare_among(tests, words, |at| _mm512_permutex2var_ps(columns[0], at, columns[1]));
        } else {
            // A look-up goes by the low five bits of the index; the sixth says in which half.
            let upper = _mm512_set1_epi32(2 * LANES as i32);
            compare_among(tests, words, |at| {
                let low = _mm512_permutex2var_ps(columns[0], at, columns[1]);
                let high = _mm512_permutex2var_ps(columns[2], at, columns[3]);
                _mm512_mask_blend_ps(_mm512_test_epi32_mask(at, upper), low, high)
            });
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512cd")]
    fn compare_among(tests: &LeadTests, words: &mut [Lanes<u32>], value: impl Fn(__m512i) -> __m512) {
        let sign = _mm512_set1_epi32(NEGATED as i32);
        let mut start = 0;
        for (block, words) in tests.blocks.iter().zip(words) {
            let mut left = load_bits(&block.leaves);
            for row in &tests.rows[start..block.rows_end] {
                let column = load_bits(&row.column);
                let value = _mm512_xor_si512(_mm512_castps_si512(value(column)), _mm512_and_si512(column, sign));
                let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_castsi512_ps(value), load(&row.threshold));
                let kept = _mm512_mask_blend_epi32(below, load_bits(&row.otherwise), load_bits(&row.below));
                left = _mm512_and_si512(left, kept);
            }
            store_bits(words, left);
            start = block.rows_end;
        }
    }

    #[target_feature(enable = "avx512f,avx512cd")]
    pub(super) fn plan(forest: &BitForest, scratch: &mut Scratch) {
        let counted = load_bits(&Lanes(std::array::from_fn(|lane| lane as u32)));
        forest.plan(scratch, |range, leaves, out| {
            let leaves = _mm512_set1_epi32(leaves as i32);
            let mut count = 0;
            for start in range.clone().step_by(LANES) {
                // Both slices are long enough: `PairTests::finish` and `BitForest::plan` saw to it.
                let (Some(lost), Some(out)) =
                    (forest.pairs.lost[start..].first_chunk(), out[count..].first_chunk_mut())
                else {
                    break;
                };
                let inside = u32::MAX >> (32 - (range.end - start).min(LANES) as u32);
                let matter = _mm512_test_epi32_mask(load_anywhere(lost), leaves) & inside as u16;
                let ids = _mm512_add_epi32(counted, _mm512_set1_epi32(start as i32));
                store_anywhere(out, _mm512_maskz_compress_epi32(matter, ids));
                count += matter.count_ones() as usize;
            }
            count
        });
    }

    #[target_feature(enable = "avx512f,avx512cd")]
    pub(super) fn add(work: &Work<'_>, margins: &mut [Lanes<f32>]) {
        for (chunk, margins) in margins.chunks_mut(GROUPS).enumerate() {
            let first = chunk * GROUPS;
            match margins.len() {
                1 => add_groups::<1>(work, first, margins),
                2 => add_groups::<2>(work, first, margins),
                3 => add_groups::<3>(work, first, margins),
                4 => add_groups::<4>(work, first, margins),
                5 => add_groups::<5>(work, first, margins),
                6 => add_groups::<6>(work, first, margins),
                7 => add_groups::<7>(work, first, margins),
                _ => add_groups::<GROUPS>(work, first, margins),
            }
        }
    }

    /// Adds the steps to the margins of `G` groups of reps, whose words and sums stay in registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512cd")]
    fn add_groups<const G: usize>(work: &Work<'_>, first: usize, margins: &mut [Lanes<f32>]) {
        let mut sums = [_mm512_setzero_ps(); G];
        for (sum, margin) in sums.iter_mut().zip(&*margins) {
            *sum = load(margin);
        }
        let mut values = [_mm512_setzero_ps(); G];
        let mut start = work.first_test;
        for step in work.steps {
            let tests = &work.tests[start..step.tests_end as usize];
            start = step.tests_end as usize;
            let leaves = _mm512_set1_epi32(step.leaves as i32);
            let mut words = [_mm512_setzero_si512(); G];
            let rep_words = &work.rep_words[step.word as usize * work.groups + first..][..G];
            for (word, reps) in words.iter_mut().zip(rep_words) {
                *word = _mm512_and_si512(load_bits(reps), leaves);
            }
            for &test in tests {
                let PairTest { slot, threshold, lost } = work.forest.pairs.tests[test as usize];
                let (threshold, lost) = (_mm512_set1_ps(threshold), _mm512_set1_epi32(lost as i32));
                let columns = &work.slots[slot as usize * work.groups + first..][..G];
                for (word, column) in words.iter_mut().zip(columns) {
                    let right = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(load(column), threshold);
                    *word = _mm512_mask_andnot_epi32(*word, right, lost, *word);
                }
            }
            let (low, high) = load_leaves(&work.forest.leaves[step.word as usize]);
            // The look-up goes by the low five bits, so a word without a leaf, with 32 leading zeros, looks up some
            // leaf, and is then overridden by a word to its left.
            let exit = |word| _mm512_permutex2var_ps(low, _mm512_lzcnt_epi32(word), high);
            if step.first {
                if step.last {
                    for (sum, word) in sums.iter_mut().zip(words) {
                        *sum = _mm512_add_ps(*sum, exit(word));
                    }
                } else {
                    for (value, word) in values.iter_mut().zip(words) {
                        *value = exit(word);
                    }
                }
                continue;
            }
            for (value, word) in values.iter_mut().zip(words) {
                *value = _mm512_mask_blend_ps(_mm512_test_epi32_mask(word, word), *value, exit(word));
            }
            if step.last {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = _mm512_add_ps(*sum, value);
                }
            }
        }
        for (sum, margin) in sums.iter().zip(margins) {
            store(margin, *sum);
        }
    }
}
