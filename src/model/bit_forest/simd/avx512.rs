//! All loops with sixteen lanes.

use std::arch::x86_64::{
    __m512, __m512i, _CMP_LT_OQ, _CMP_NLT_UQ, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512,
    _mm512_castsi512_ps, _mm512_cmp_ps_mask, _mm512_load_ps, _mm512_load_si512, _mm512_loadu_si512, _mm512_lzcnt_epi32,
    _mm512_mask_andnot_epi32, _mm512_mask_blend_epi32, _mm512_mask_blend_ps, _mm512_maskz_compress_epi32,
    _mm512_permutex2var_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_store_ps, _mm512_store_si512, _mm512_storeu_si512, _mm512_test_epi32_mask, _mm512_xor_si512,
};

use crate::model::bit_forest::BitForest;
use crate::model::bit_forest::lanes::{LANES, Lanes, Leaves};
use crate::model::bit_forest::lead::{LeadTests, NEGATED};
use crate::model::bit_forest::pairs::PairTest;
use crate::model::bit_forest::work::{Scratch, Work};

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
            let (Some(lost), Some(out)) = (forest.pairs.lost[start..].first_chunk(), out[count..].first_chunk_mut())
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
