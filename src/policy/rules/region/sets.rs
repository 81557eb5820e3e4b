//! Sets of numbers and of texts, closed under complement.

use std::collections::BTreeSet;

/// A place between two neighbouring numbers: right before or right after `at`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    at: f64,
    after: bool,
}

impl Cut {
    fn new(at: f64, after: bool) -> Self {
        // There is one zero.
        Self { at: if at == 0.0 { 0.0 } else { at }, after }
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.after.cmp(&other.after))
    }

    /// Whether a number is on the right of it.
    fn is_before(&self, number: f64) -> bool {
        if self.after { self.at < number } else { self.at <= number }
    }
}

/// A set of real numbers: the line is cut, and every other piece belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy::rules) struct Numbers {
    /// Whether the leftmost piece belongs to it.
    first: bool,
    /// Strictly ascending.
    cuts: Vec<Cut>,
}

impl Numbers {
    pub(super) const fn none() -> Self {
        Self { first: false, cuts: Vec::new() }
    }

    pub(super) const fn all() -> Self {
        Self { first: true, cuts: Vec::new() }
    }

    pub(super) fn only(number: f64) -> Self {
        Self { first: false, cuts: vec![Cut::new(number, false), Cut::new(number, true)] }
    }

    /// All below a number, with it or without.
    pub(super) fn below(number: f64, with: bool) -> Self {
        Self { first: true, cuts: vec![Cut::new(number, with)] }
    }

    /// All above a number, with it or without.
    pub(super) fn above(number: f64, with: bool) -> Self {
        Self { first: false, cuts: vec![Cut::new(number, !with)] }
    }

    pub(super) const fn is_empty(&self) -> bool {
        !self.first && self.cuts.is_empty()
    }

    pub(super) fn complement(&self) -> Self {
        Self { first: !self.first, cuts: self.cuts.clone() }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a && b)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a || b)
    }

    fn combined(&self, other: &Self, belongs: fn(bool, bool) -> bool) -> Self {
        let (mut left, mut right) = (self.first, other.first);
        let mut all = Self { first: belongs(left, right), cuts: Vec::new() };
        let mut now = all.first;
        let (mut a, mut b) = (self.cuts.iter().peekable(), other.cuts.iter().peekable());
        loop {
            let order = match (a.peek(), b.peek()) {
                (None, None) => return all,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(x), Some(y)) => x.order(y),
            };
            let mut cut = None;
            if order.is_le() {
                cut = a.next();
                left = !left;
            }
            if order.is_ge() {
                cut = b.next();
                right = !right;
            }
            if belongs(left, right) != now {
                now = !now;
                all.cuts.extend(cut);
            }
        }
    }

    /// The whole numbers of the set, as a set in which each stands for the stretch up to the next.
    pub(super) fn whole(&self) -> Self {
        let mut cuts: Vec<Cut> = Vec::new();
        for cut in &self.cuts {
            let at = if cut.after { cut.at.floor() + 1.0 } else { cut.at.ceil() };
            let cut = Cut::new(at, false);
            // Two cuts in one place leave nothing between them.
            if cuts.last() == Some(&cut) {
                cuts.pop();
            } else {
                cuts.push(cut);
            }
        }
        Self { first: self.first, cuts }
    }

    pub(super) fn contains(&self, number: f64) -> bool {
        let passed = self.cuts.iter().take_while(|cut| cut.is_before(number)).count();
        self.first != (passed % 2 == 1)
    }

    /// One number of it, the most ordinary; `None` also for a stretch between two neighbouring numbers.
    pub(super) fn sample(&self) -> Option<f64> {
        let ends = self.cuts.iter().map(|cut| cut.at);
        let between = self.cuts.windows(2).map(|pair| f64::midpoint(pair[0].at, pair[1].at));
        let beyond = [0.0]
            .into_iter()
            .chain(self.cuts.first().map(|cut| cut.at - 1.0))
            .chain(self.cuts.last().map(|cut| cut.at + 1.0));
        let candidates: Vec<f64> = ends.chain(beyond).chain(between).collect();
        candidates.into_iter().find(|number| self.contains(*number))
    }
}

/// A set of texts: some, or all but some.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy::rules) struct Texts {
    all_but: bool,
    named: BTreeSet<Box<str>>,
}

impl Texts {
    pub(super) const fn none() -> Self {
        Self { all_but: false, named: BTreeSet::new() }
    }

    pub(super) const fn all() -> Self {
        Self { all_but: true, named: BTreeSet::new() }
    }

    pub(super) const fn only(named: BTreeSet<Box<str>>) -> Self {
        Self { all_but: false, named }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.all_but && self.named.is_empty()
    }

    pub(super) fn complement(&self) -> Self {
        Self { all_but: !self.all_but, named: self.named.clone() }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        match (self.all_but, other.all_but) {
            (false, _) => Self::only(self.named.iter().filter(|text| other.contains(text)).cloned().collect()),
            (true, false) => other.and(self),
            (true, true) => Self { all_but: true, named: self.named.union(&other.named).cloned().collect() },
        }
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.complement().and(&other.complement()).complement()
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.named.contains(text) != self.all_but
    }

    /// One text of it.
    pub(super) fn sample(&self) -> Option<String> {
        if self.all_but {
            // One more than there are named is enough.
            let names = (0..=self.named.len()).map(|n| if n == 0 { "any".to_owned() } else { format!("any {n}") });
            names.into_iter().find(|text| self.contains(text))
        } else {
            self.named.first().map(ToString::to_string)
        }
    }
}
