//! Shortest augmenting paths with prices, on reps instead of places.
//!
//! Leads come in one by one. A newcomer takes a place; whoever had it moves on to another rep or loses out, and so on:
//! the cheapest such chain is a shortest path, found by Dijkstra's method on costs that prices keep from being negative
//! (Tomizawa, Networks 1, 1971; Edmonds & Karp, J. ACM 19, 1972). A chain passes each rep once, and what it costs to push
//! somebody from one rep on to another is the least over the leads there; keeping those `m x m` least costs makes a step of
//! the search independent of the number of leads and places. A row of them is made anew when it is asked for after a lead
//! has left, and only then.

use super::{Market, Offer};

/// No way. More than any sum of values, and far enough from the end of the range to be added to.
pub(super) const NEVER: i64 = i64::MAX / 4;

/// Reps and leads that have to do with each other, by place in the market, in its order.
pub(super) struct Part {
    pub(super) reps: Vec<usize>,
    pub(super) leads: Vec<usize>,
}

/// The market in parts that share nobody.
pub(super) fn parts(market: &Market) -> Vec<Part> {
    let mut parent: Vec<usize> = (0..market.room.len()).collect();
    for lead in 0..market.leads() {
        if market.is_repeated(lead) {
            continue;
        }
        for pair in market.offers(lead).windows(2) {
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
            parts.push(Part { reps: Vec::new(), leads: Vec::new() });
        }
        part_of[rep] = part_of[root];
        parts[part_of[rep]].reps.push(rep);
    }
    for lead in 0..market.leads() {
        if let Some(offer) = market.offers(lead).first() {
            parts[part_of[offer.rep]].leads.push(lead);
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

/// What it costs to push one of a rep's leads on, at least: `cost[other]`, and which lead that is.
#[derive(Clone, Default)]
struct Row {
    fresh: bool,
    cost: Vec<i64>,
    lead: Vec<u32>,
    /// Out of the market altogether.
    out: (i64, u32),
}

/// Where a lead came from on the way to a rep.
#[derive(Clone, Copy)]
struct Step {
    lead: u32,
    from: Option<u32>,
}

/// How a chain ends.
#[derive(Clone, Copy)]
enum End {
    /// At a rep who has room.
    Rep(usize),
    /// A lead of this rep is left without.
    Out { rep: usize, lead: u32 },
    /// The newcomer is.
    Stays,
}

/// A part being solved. All indices are within the part.
pub(super) struct Solver<'a> {
    /// Offers of each lead; their reps are places in the market.
    offers: Vec<&'a [Offer]>,
    /// The index of each rep of the market.
    place: Vec<u32>,
    /// Room of each rep.
    room: Vec<usize>,
    /// The rep of each lead, and what the pair is worth.
    given: Vec<Option<(u32, i64)>>,
    /// The leads of each rep.
    held: Vec<Vec<u32>>,
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
    let mut solver = Solver {
        offers: part.leads.iter().map(|&lead| market.offers(lead)).collect(),
        place,
        room: part.reps.iter().map(|&rep| market.room[rep] as usize).collect(),
        given: vec![None; part.leads.len()],
        held: vec![Vec::new(); reps],
        price: vec![0; reps],
        rows: vec![Row::default(); reps],
        distance: vec![NEVER; reps],
        open: vec![NEVER; reps],
        step: vec![Step { lead: 0, from: None }; reps],
    };
    for lead in 0..part.leads.len() {
        solver.insert(lead);
    }
    solver
}

impl Solver<'_> {
    /// Number of reps.
    pub(super) fn reps(&self) -> usize {
        self.room.len()
    }

    /// The rep of a lead.
    pub(super) fn rep(&self, lead: usize) -> Option<usize> {
        self.given[lead].map(|(rep, _)| rep as usize)
    }

    pub(super) fn room(&self, rep: usize) -> usize {
        self.room[rep]
    }

    pub(super) fn is_full(&self, rep: usize) -> bool {
        self.held[rep].len() >= self.room[rep]
    }

    pub(super) fn price(&self, rep: usize) -> i64 {
        self.price[rep]
    }

    /// Offers of the leads that nobody got.
    pub(super) fn unmet(&self) -> impl Iterator<Item = (usize, i64)> {
        let leads = (0..self.given.len()).filter(|&lead| self.given[lead].is_none());
        leads.flat_map(|lead| self.offers[lead]).map(|offer| (self.place[offer.rep] as usize, offer.value))
    }

    /// What it costs at current prices to push a lead of `rep` on to each other rep, and out.
    pub(super) fn push_costs(&mut self, rep: usize) -> (impl Iterator<Item = (usize, i64)>, i64) {
        self.refresh(rep);
        let (row, price) = (&self.rows[rep], self.price[rep]);
        let ways = row.cost.iter().zip(&self.price).enumerate().filter(|(_, (cost, _))| **cost != NEVER);
        let out = if row.out.0 == NEVER { NEVER } else { row.out.0 - price };
        (ways.map(move |(other, (cost, theirs))| (other, cost - price + theirs)), out)
    }

    fn insert(&mut self, lead: usize) {
        let offers = self.offers[lead];
        let surplus = |offer: &Offer| offer.value - self.price[self.place[offer.rep] as usize];
        let Some(best) = offers.iter().map(surplus).max().filter(|best| *best >= 0) else { return };
        self.distance.fill(NEVER);
        self.open.fill(NEVER);
        for offer in offers {
            let rep = self.place[offer.rep] as usize;
            let cost = best - (offer.value - self.price[rep]);
            self.distance[rep] = cost;
            self.open[rep] = cost;
            self.step[rep] = Step { lead: lead as u32, from: None };
        }
        let (cost, end) = self.search(best);
        for (price, distance) in self.price.iter_mut().zip(&self.distance) {
            *price += (cost - distance).max(0);
        }
        self.shift(end);
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
            let (out, lead) = row.out;
            let here = nearest - self.price[rep];
            if out != NEVER && here + out < least {
                (least, end) = (here + out, End::Out { rep, lead });
            }
            // The distance of who is done is not larger than any way through here, so nothing can change it.
            self.open[rep] = NEVER;
            nearest = NEVER;
            let known = self.distance.iter_mut().zip(&mut self.open).zip(&mut self.step);
            for (((cost, lead), price), ((distance, open), step)) in
                row.cost.iter().zip(&row.lead).zip(&self.price).zip(known)
            {
                let there = here + cost + price;
                if there < *distance {
                    (*distance, *open) = (there, there);
                    *step = Step { lead: *lead, from: Some(rep as u32) };
                }
                nearest = nearest.min(*open);
            }
        }
        (least, end)
    }

    /// Moves the leads of the chain that ends here, last first.
    fn shift(&mut self, end: End) {
        let mut to = match end {
            End::Stays => return,
            End::Rep(rep) => rep,
            End::Out { rep, lead } => {
                self.leave(lead, rep);
                rep
            }
        };
        loop {
            let Step { lead, from } = self.step[to];
            if let Some(from) = from {
                self.leave(lead, from as usize);
            }
            self.enter(lead, to);
            match from {
                Some(from) => to = from as usize,
                None => return,
            }
        }
    }

    fn leave(&mut self, lead: u32, rep: usize) {
        self.held[rep].retain(|held| *held != lead);
        self.given[lead as usize] = None;
        if !self.rows[rep].fresh {
            return;
        }
        // Only what this lead was the least for has to be found again.
        let lost: Vec<usize> = (0..self.reps()).filter(|&other| self.rows[rep].lead[other] == lead).collect();
        if lost.len() > self.reps() / 4 {
            self.rows[rep].fresh = false;
            return;
        }
        let mut row = std::mem::take(&mut self.rows[rep]);
        row.out = (NEVER, 0);
        for &other in &lost {
            row.cost[other] = NEVER;
        }
        for &held in &self.held[rep] {
            let value = self.given[held as usize].map_or(0, |(_, value)| value);
            if value < row.out.0 {
                row.out = (value, held);
            }
            for &other in lost.iter().filter(|&&other| other != rep) {
                if let Some(theirs) = self.value(held, other)
                    && value - theirs < row.cost[other]
                {
                    row.cost[other] = value - theirs;
                    row.lead[other] = held;
                }
            }
        }
        self.rows[rep] = row;
    }

    /// What a lead is worth to a rep.
    fn value(&self, lead: u32, rep: usize) -> Option<i64> {
        let offers = self.offers[lead as usize];
        // Where everybody is offered the lead, the rep's offer stands at the rep's place.
        if offers.len() == self.reps() {
            return Some(offers[rep].value);
        }
        // Within a part, reps are in the order of the market.
        let found = offers.binary_search_by_key(&(rep as u32), |offer| self.place[offer.rep]);
        found.ok().map(|at| offers[at].value)
    }

    fn enter(&mut self, lead: u32, rep: usize) {
        self.held[rep].push(lead);
        let offers = self.offers[lead as usize];
        // A chain is made of offers, so there is one.
        let value = self.value(lead, rep).unwrap_or_default();
        self.given[lead as usize] = Some((rep as u32, value));
        let row = &mut self.rows[rep];
        if row.fresh {
            row.admit(lead, value, offers, &self.place);
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
        row.lead.clear();
        row.lead.resize(reps, u32::MAX);
        for &lead in &self.held[rep] {
            let value = self.given[lead as usize].map_or(0, |(_, value)| value);
            row.admit(lead, value, self.offers[lead as usize], &self.place);
        }
        row.cost[rep] = NEVER;
    }
}

impl Row {
    /// Takes into account that this lead, worth so much here, can be pushed on.
    fn admit(&mut self, lead: u32, value: i64, offers: &[Offer], place: &[u32]) {
        if value < self.out.0 {
            self.out = (value, lead);
        }
        for offer in offers {
            let other = place[offer.rep] as usize;
            if value - offer.value < self.cost[other] {
                self.cost[other] = value - offer.value;
                self.lead[other] = lead;
            }
        }
    }
}
