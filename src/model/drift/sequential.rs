//! Watching a stream of surprises `y - p` for a lasting change of level.

/// Page's cumulative sums for a shift away from 0 (Page 1954, tabular form, both sides).
///
/// `up = max(0, up + x - slack)`, and the same downwards; an alarm when either passes the limit. For calibrated
/// probabilities the mean of `y - p` is 0, so no mean has to be learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cusum {
    slack: f64,
    up: f64,
    down: f64,
}

impl Cusum {
    /// With the slack that is taken off each step: half the shift that shall be found quickest.
    pub const fn new(slack: f64) -> Self {
        Self { slack, up: 0.0, down: 0.0 }
    }

    /// Takes one value; gives the larger of the two sums.
    pub fn push(&mut self, x: f64) -> f64 {
        self.up = (self.up + x - self.slack).max(0.0);
        self.down = (self.down - x - self.slack).max(0.0);
        self.value()
    }

    /// The larger of the two sums.
    pub fn value(&self) -> f64 {
        self.up.max(self.down)
    }
}

/// The Page-Hinkley test: a shift of the level away from the stream's own mean so far (Hinkley 1971; as in
/// `river.drift.PageHinkley` with `alpha = 1`, both sides).
///
/// Up: `U = sum (x - mean - slack)`, test `U - min U`; down: `D = sum (x - mean + slack)`, test `max D - D`; the mean
/// includes the newest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageHinkley {
    slack: f64,
    n: f64,
    mean: f64,
    up: f64,
    least: f64,
    down: f64,
    most: f64,
}

impl PageHinkley {
    /// With the change of level that is tolerated.
    pub const fn new(slack: f64) -> Self {
        Self { slack, n: 0.0, mean: 0.0, up: 0.0, least: f64::INFINITY, down: 0.0, most: f64::NEG_INFINITY }
    }

    /// Takes one value; gives the larger of the two tests.
    pub fn push(&mut self, x: f64) -> f64 {
        self.n += 1.0;
        self.mean += (x - self.mean) / self.n;
        let off = x - self.mean;
        self.up += off - self.slack;
        self.down += off + self.slack;
        self.least = self.least.min(self.up);
        self.most = self.most.max(self.down);
        (self.up - self.least).max(self.most - self.down)
    }
}
