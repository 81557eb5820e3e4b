//! Finding by a few letters in the right order.

use std::collections::HashMap;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Places of the texts that match, best first; all in their order where nothing is looked for.
pub fn best<'a>(query: &str, texts: impl ExactSizeIterator<Item = &'a str>) -> Vec<usize> {
    let all = texts.len();
    if query.trim().is_empty() {
        return (0..all).collect();
    }
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let scores: HashMap<usize, u32> = texts
        .enumerate()
        .filter_map(|(i, text)| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher).map(|score| (i, score)))
        .collect();
    let mut matches: Vec<usize> = (0..all).filter(|i| scores.contains_key(i)).collect();
    matches.sort_by_key(|i| std::cmp::Reverse(scores[i]));
    matches
}
