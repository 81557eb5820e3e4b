//! The inner loop with eight lanes.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_NLT_UQ, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_andnot_ps,
    _mm256_andnot_si256, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cmpeq_epi32,
    _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_permutevar8x32_ps, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_ps,
    _mm256_sub_epi32,
};

use crate::model::bit_forest::lanes::{LANES, Lanes, Leaves};
use crate::model::bit_forest::lead::LeadTests;
use crate::model::bit_forest::pairs::PairTest;
use crate::model::bit_forest::work::Work;

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
