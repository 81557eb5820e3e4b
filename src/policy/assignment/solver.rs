//! Shortest augmenting paths with prices, on reps instead of places.
//!
//! Leads come in one by one. A newcomer takes a place; whoever had it moves on to another rep or loses out, and so on:
//! the cheapest such chain is a shortest path, found by Dijkstra's method on costs that prices keep from being negative
//! (Tomizawa, Networks 1, 1971; Edmonds & Karp, J. ACM 19, 1972). A chain passes each rep once, and what it costs to push
//! somebody from one rep on to another is the least over the leads there; keeping those `m x m` least costs makes a step of
//! the search independent of the number of leads and places. A row of them is made anew when it is asked for after a lead
//! has left, and only then.
//!
//! Leads with the same offers are of one *kind*, and as many of them come in by one chain as it has leads to push and places
//! at its end: once the prices have risen by its cost, it is a cheapest chain for the next of them as well.

use super::{Market, Offer};

/// No way. More than any sum of values, and far enough from the end of the range to be added to.
pub(super) const NEVER: i64 = i64::MAX / 4;

/// Reps and kinds of leads that have to do with each other, by place in the market, in its order.
pub(super) struct Part {
    pub(super) reps: Vec<usize>,
    pub(super) kinds: Vec<usize>,
}

/// The market in parts that share nobody.
pub(super) fn parts(market: &Market) -> Vec<Part> {
    let mut parent: Vec<usize> = (0..market.room.len()).collect();
    for offers in market.kinds() {
        for pair in offers.windows(2) {
            let (a, b) = (root(&mut parent, pair[0].rep), root(&mut parent, pair[1].rep));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut part_of = vec![usize::MAX; parent.len()];
    let mut parts: Vec<Part> = Vec::new();
    for rep in 0..parent.len() {
        let root = root(&mut parent, rep);
        if part_of[root] == usize::MAX {
            part_of[root] = parts.len();
            parts.push(Part { reps: Vec::new(), kinds: Vec::new() });
        }
        part_of[rep] = part_of[root];
        parts[part_of[rep]].reps.push(rep);
    }
    for (kind, offers) in market.kinds().enumerate() {
        if let Some(offer) = offers.first() {
            parts[part_of[offer.rep]].kinds.push(kind);
        }
    }
    parts
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// What it costs to push one of a rep's leads on, at least: `cost[other]`, and of which kind that is.
#[derive(Clone, Default)]
struct Row {
    fresh: bool,
    cost: Vec<i64>,
    kind: Vec<u32>,
    /// Out of the market altogether.
    out: (i64, u32),
}

/// What kind of lead moves to a rep, and from whom.
#[derive(Clone, Copy)]
struct Step {
    kind: u32,
    from: Option<u32>,
}

/// Leads of one kind that a rep has.
#[derive(Clone, Copy)]
struct Held {
    kind: u32,
    leads: u32,
    /// What one of them is worth to the rep.
    value: i64,
}

/// How a chain ends.
#[derive(Clone, Copy)]
enum End {
    /// At a rep who has room.
    Rep(usize),
    /// A lead of this rep, of this kind, is left without.
    Out { rep: usize, kind: u32 },
    /// The newcomer is.
    Stays,
}

/// A part being solved. All indices are within the part.
pub(super) struct Solver<'a> {
    /// Offers of each kind; their reps are places in the market.
    offers: Vec<&'a [Offer]>,
    /// How many leads of each kind are not given.
    without: Vec<u32>,
    /// The index of each rep of the market.
    place: Vec<u32>,
    /// Room of each rep.
    room: Vec<u32>,
    /// How many leads each rep has.
    load: Vec<u32>,
    /// And which.
    held: Vec<Vec<Held>>,
    price: Vec<i64>,
    rows: Vec<Row>,
    // Of the search: how far each rep is, the same for those not yet looked at, and the last step of the way.
    distance: Vec<i64>,
    open: Vec<i64>,
    step: Vec<Step>,
}

pub(super) fn solve<'a>(market: &'a Market, part: &Part) -> Solver<'a> {
    let reps = part.reps.len();
    let mut place = vec![u32::MAX; market.room.len()];
    for (at, &rep) in part.reps.iter().enumerate() {
        place[rep] = at as u32;
    }
    let kinds: Vec<&[Offer]> = market.kinds().collect();
    let mut leads = vec![0; kinds.len()];
    (0..market.leads()).for_each(|lead| leads[market.kind(lead)] += 1);
    let mut solver = Solver {
        offers: part.kinds.iter().map(|&kind| kinds[kind]).collect(),
        without: part.kinds.iter().map(|&kind| leads[kind]).collect(),
        place,
        room: part.reps.iter().map(|&rep| market.room[rep]).collect(),
        load: vec![0; reps],
        held: vec![Vec::new(); reps],
        price: vec![0; reps],
        rows: vec![Row::default(); reps],
        distance: vec![NEVER; reps],
        open: vec![NEVER; reps],
        step: vec![Step { kind: 0, from: None }; reps],
    };
    for kind in 0..part.kinds.len() {
        while solver.without[kind] > 0 && solver.insert(kind) {}
    }
    solver
}

impl Solver<'_> {
    /// Number of reps.
    pub(super) fn reps(&self) -> usize {
        self.room.len()
    }

    /// The reps of the leads of each kind, in order.
    pub(super) fn reps_of_kinds(&self) -> Vec<Vec<usize>> {
        let mut reps = vec![Vec::new(); self.offers.len()];
        for (rep, held) in self.held.iter().enumerate() {
            for held in held {
                reps[held.kind as usize].extend(std::iter::repeat_n(rep, held.leads as usize));
            }
        }
        reps
    }

    pub(super) fn room(&self, rep: usize) -> u32 {
        self.room[rep]
    }

    pub(super) fn is_full(&self, rep: usize) -> bool {
        self.load[rep] >= self.room[rep]
    }

    pub(super) fn price(&self, rep: usize) -> i64 {
        self.price[rep]
    }

    /// Offers of the leads that nobody got.
    pub(super) fn unmet(&self) -> impl Iterator<Item = (usize, i64)> {
        let unmet = self.offers.iter().zip(&self.without).filter(|(_, without)| **without > 0);
        unmet.flat_map(|(offers, _)| *offers).map(|offer| (self.place[offer.rep] as usize, offer.value))
    }

    /// What it costs at current prices to push a lead of `rep` on to each other rep, and out.
    pub(super) fn push_costs(&mut self, rep: usize) -> (impl Iterator<Item = (usize, i64)>, i64) {
        self.refresh(rep);
        let (row, price) = (&self.rows[rep], self.price[rep]);
        let ways = row.cost.iter().zip(&self.price).enumerate().filter(|(_, (cost, _))| **cost != NEVER);
        let out = if row.out.0 == NEVER { NEVER } else { row.out.0 - price };
        (ways.map(move |(other, (cost, theirs))| (other, cost - price + theirs)), out)
    }

    /// Finds places for leads of a kind by one chain; whether there was one.
    fn insert(&mut self, kind: usize) -> bool {
        let offers = self.offers[kind];
        let surplus = |offer: &Offer| offer.value - self.price[self.place[offer.rep] as usize];
        let Some(best) = offers.iter().map(surplus).max().filter(|best| *best >= 0) else { return false };
        self.distance.fill(NEVER);
        self.open.fill(NEVER);
        for offer in offers {
            let rep = self.place[offer.rep] as usize;
            let cost = best - (offer.value - self.price[rep]);
            self.distance[rep] = cost;
            self.open[rep] = cost;
            self.step[rep] = Step { kind: kind as u32, from: None };
        }
        let (cost, end) = self.search(best);
        for (price, distance) in self.price.iter_mut().zip(&self.distance) {
            *price += (cost - distance).max(0);
        }
        self.shift(end)
    }

    /// The cheapest end of a chain, given that leaving the newcomer out costs `stays`.
    fn search(&mut self, stays: i64) -> (i64, End) {
        let (mut least, mut end) = (stays, End::Stays);
        let mut nearest = self.open.iter().copied().min().unwrap_or(NEVER);
        while nearest <= least {
            // Of equally near ones whoever has room, so that a rep is preferred to none, then by order.
            let near = || self.open.iter().enumerate().filter(|(_, open)| **open == nearest).map(|(rep, _)| rep);
            let Some(rep) = near().find(|rep| !self.is_full(*rep)).or_else(|| near().next()) else { break };
            if !self.is_full(rep) {
                return (nearest, End::Rep(rep));
            }
            self.refresh(rep);
            let row = &self.rows[rep];
            let (out, kind) = row.out;
            let here = nearest - self.price[rep];
            if out != NEVER && here + out < least {
                (least, end) = (here + out, End::Out { rep, kind });
            }
            // The distance of who is done is not larger than any way through here, so nothing can change it.
            self.open[rep] = NEVER;
            nearest = NEVER;
            let known = self.distance.iter_mut().zip(&mut self.open).zip(&mut self.step);
            for (((cost, kind), price), ((distance, open), step)) in
                row.cost.iter().zip(&row.kind).zip(&self.price).zip(known)
            {
                let there = here + cost + price;
                if there < *distance {
                    (*distance, *open) = (there, there);
                    *step = Step { kind: *kind, from: Some(rep as u32) };
                }
                nearest = nearest.min(*open);
            }
        }
        (least, end)
    }

    /// Moves leads along the chain that ends here, last first: as many as can go. Whether the newcomers found places.
    fn shift(&mut self, end: End) -> bool {
        let (last, out) = match end {
            End::Stays => return false,
            End::Rep(rep) => (rep, None),
            End::Out { rep, kind } => (rep, Some(kind)),
        };
        let leads = self.capacity(last, out);
        if let Some(kind) = out {
            self.leave(kind, last, leads);
            self.without[kind as usize] += leads;
        }
        let mut to = last;
        loop {
            let Step { kind, from } = self.step[to];
            if let Some(from) = from {
                self.leave(kind, from as usize, leads);
            }
            self.enter(kind, to, leads);
            let Some(from) = from else {
                self.without[kind as usize] -= leads;
                return true;
            };
            to = from as usize;
        }
    }

    /// How many leads can move along the chain to `last`, of whose leads those of the kind `out` are left without.
    fn capacity(&self, last: usize, out: Option<u32>) -> u32 {
        let of =
            |rep: usize, kind: u32| self.held[rep].iter().find(|held| held.kind == kind).map_or(0, |held| held.leads);
        let mut leads = out.map_or_else(|| self.room[last] - self.load[last], |kind| of(last, kind));
        let mut to = last;
        loop {
            let Step { kind, from } = self.step[to];
            let Some(from) = from else { return leads.min(self.without[kind as usize]) };
            leads = leads.min(of(from as usize, kind));
            to = from as usize;
        }
    }

    fn leave(&mut self, kind: u32, rep: usize, leads: u32) {
        self.load[rep] -= leads;
        let Some(at) = self.held[rep].iter().position(|held| held.kind == kind) else { return };
        self.held[rep][at].leads -= leads;
        if self.held[rep][at].leads > 0 {
            return;
        }
        self.held[rep].remove(at);
        if !self.rows[rep].fresh {
            return;
        }
        // Only what this kind was the least for has to be found again.
        let lost: Vec<usize> = (0..self.reps()).filter(|&other| self.rows[rep].kind[other] == kind).collect();
        if lost.len() > self.reps() / 4 {
            self.rows[rep].fresh = false;
            return;
        }
        let mut row = std::mem::take(&mut self.rows[rep]);
        row.out = (NEVER, 0);
        for &other in &lost {
            row.cost[other] = NEVER;
        }
        for held in &self.held[rep] {
            if held.value < row.out.0 {
                row.out = (held.value, held.kind);
            }
            for &other in lost.iter().filter(|&&other| other != rep) {
                if let Some(theirs) = self.value(held.kind, other)
                    && held.value - theirs < row.cost[other]
                {
                    row.cost[other] = held.value - theirs;
                    row.kind[other] = held.kind;
                }
            }
        }
        self.rows[rep] = row;
    }

    /// What a lead of a kind is worth to a rep.
    fn value(&self, kind: u32, rep: usize) -> Option<i64> {
        let offers = self.offers[kind as usize];
        // Where everybody is offered the lead, the rep's offer stands at the rep's place.
        if offers.len() == self.reps() {
            return Some(offers[rep].value);
        }
        // Within a part, reps are in the order of the market.
        let found = offers.binary_search_by_key(&(rep as u32), |offer| self.place[offer.rep]);
        found.ok().map(|at| offers[at].value)
    }

    fn enter(&mut self, kind: u32, rep: usize, leads: u32) {
        self.load[rep] += leads;
        if let Some(held) = self.held[rep].iter_mut().find(|held| held.kind == kind) {
            held.leads += leads;
            return;
        }
        let offers = self.offers[kind as usize];
        // A chain is made of offers, so there is one.
        let value = self.value(kind, rep).unwrap_or_default();
        let held = Held { kind, leads, value };
        self.held[rep].push(held);
        let row = &mut self.rows[rep];
        if row.fresh {
            row.admit(held, offers, &self.place);
            row.cost[rep] = NEVER;
        }
    }

    fn refresh(&mut self, rep: usize) {
        let reps = self.reps();
        let row = &mut self.rows[rep];
        if row.fresh {
            return;
        }
        row.fresh = true;
        row.out = (NEVER, 0);
        row.cost.clear();
        row.cost.resize(reps, NEVER);
        row.kind.clear();
        row.kind.resize(reps, u32::MAX);
        for &held in &self.held[rep] {
            row.admit(held, self.offers[held.kind as usize], &self.place);
        }
        row.cost[rep] = NEVER;
    }
}

impl Row {
    /// Takes into account that these leads can be pushed on.
    fn admit(&mut self, Held { kind, value, .. }: Held, offers: &[Offer], place: &[u32]) {
        if value < self.out.0 {
            self.out = (value, kind);
        }
        for offer in offers {
            let other = place[offer.rep] as usize;
            if value - offer.value < self.cost[other] {
                self.cost[other] = value - offer.value;
                self.kind[other] = kind;
            }
        }
    }
}
