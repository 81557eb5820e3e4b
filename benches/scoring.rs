//! Scoring against XGBoost's own library and compiled predictors, in one run and one thread each.
//!
//! `LEADBOARD_PEERS_PYTHON=$(benches/peers/setup.sh) cargo bench --bench scoring [-- --quick]`
//!
//! Peers are timed inside their process around the call that predicts; their rows are made beforehand. Ours include
//! gathering the pair columns. All times are processor time of one thread. Rounds of all are interleaved and the best
//! of each is taken, so that what else the machine does hits all alike.
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::disallowed_methods, reason = "LEADBOARD_PEERS_PYTHON says where the peers are")]

#[path = "scoring/peers.rs"]
mod peers;
#[path = "scoring/world.rs"]
mod world;

use std::hint::black_box;
use std::path::Path;

use leadboard::model::bit_forest::{BitForest, Instructions, RepTable, Scratch};
use peers::Peers;
use rustix::time::{ClockId, clock_gettime};
use world::{LEADS, PAIR, REPS, World};

/// One size of the question.
struct Case {
    name: &'static str,
    reps: usize,
    /// Leads that we score in a round.
    leads: usize,
    /// Calls of a peer in a round, and leads in each.
    peer_calls: usize,
    peer_leads: usize,
    /// What the product promises against XGBoost: with wide instructions, and without.
    promised: (f64, f64),
}

const CASES: [Case; 3] = [
    Case { name: "1 lead x 100 reps", reps: 100, leads: 2_000, peer_calls: 200, peer_leads: 1, promised: (40.0, 10.0) },
    Case {
        name: "100 leads x 100 reps",
        reps: 100,
        leads: 2_000,
        peer_calls: 1,
        peer_leads: 100,
        promised: (25.0, 8.0),
    },
    Case {
        name: "10,000 leads x 500 reps",
        reps: 500,
        leads: LEADS,
        peer_calls: 1,
        peer_leads: 1_000,
        promised: (25.0, 8.0),
    },
];
/// Against the best of the other peers.
const PROMISED_PEERS: f64 = 10.0;

struct Ours {
    forest: BitForest,
    tables: Vec<(usize, RepTable)>,
}

impl Ours {
    fn new(world: &World, instructions: Instructions) -> Self {
        let forest = BitForest::with_instructions(&world.forest, &World::scopes(), instructions);
        let mut tables: Vec<(usize, RepTable)> = Vec::new();
        for reps in [100, REPS] {
            let mut table = forest.rep_table(reps);
            for rep in 0..reps {
                forest.set_rep(&mut table, rep, world.rep(rep));
            }
            tables.push((reps, table));
        }
        Self { forest, tables }
    }

    fn table(&self, reps: usize) -> &RepTable {
        &self.tables.iter().find(|(size, _)| *size == reps).expect("a table for each size").1
    }

    /// Seconds for so many leads.
    fn seconds(&self, world: &World, leads: usize, reps: usize) -> f64 {
        let table = self.table(reps);
        let (mut scratch, mut pairs, mut margins) = (Scratch::default(), vec![0.0; PAIR * reps], vec![0.0; reps]);
        let start = cpu_seconds();
        for lead in 0..leads {
            world.pairs(lead, reps, &mut pairs);
            self.forest.margins(world.lead(lead), table, &pairs, &mut scratch, &mut margins);
            black_box(&mut margins);
        }
        cpu_seconds() - start
    }

    fn margins(&self, world: &World, leads: usize, reps: usize) -> Vec<f32> {
        let (mut scratch, mut pairs) = (Scratch::default(), vec![0.0; PAIR * reps]);
        let mut margins = vec![0.0; leads * reps];
        for (lead, margins) in margins.chunks_exact_mut(reps).enumerate() {
            world.pairs(lead, reps, &mut pairs);
            self.forest.margins(world.lead(lead), self.table(reps), &pairs, &mut scratch, margins);
        }
        margins
    }
}

fn main() {
    // `cargo test --benches` runs benches too, to see that they run at all.
    let arguments: Vec<String> = std::env::args().collect();
    let once = !arguments.iter().any(|a| a == "--bench");
    let quick = once || arguments.iter().any(|a| a == "--quick");
    let rounds = if once {
        1
    } else if quick {
        3
    } else {
        15
    };

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scoring-peers");
    let python = std::env::var("LEADBOARD_PEERS_PYTHON")
        .map_err(|_| "LEADBOARD_PEERS_PYTHON names no Python; benches/peers/setup.sh makes one".to_owned());
    let mut peers =
        python.and_then(|python| Peers::start(&python, &directory)).inspect_err(|why| println!("no peers: {why}")).ok();
    for why in peers.iter().flat_map(|peers| &peers.missing) {
        println!("a peer is missing: {why}");
    }
    let world = if peers.is_some() { World::load(&directory) } else { World::random() };
    let leaves: usize = world.forest.trees.iter().map(|t| t.nodes.iter().filter(|n| n.is_leaf()).count()).sum();
    println!(
        "{} trees, {:.1} leaves each, {} columns; processor time of one thread; best of {rounds} interleaved rounds",
        world.forest.trees.len(),
        leaves as f64 / world.forest.trees.len() as f64,
        world.forest.features,
    );
    let ours: Vec<Ours> =
        Instructions::ALL.into_iter().filter(|i| i.is_available()).map(|i| Ours::new(&world, i)).collect();
    agreement(&world, &ours, peers.as_mut());
    for case in &CASES {
        if let Err(why) = run(case, &world, &ours, peers.as_mut(), rounds, if quick { 10 } else { 1 }) {
            println!("{}: {why}", case.name);
            peers = None;
        }
    }
    limits(&world, &ours);
}

/// Says how far our margins and those of the walk and of XGBoost are apart.
fn agreement(world: &World, ours: &[Ours], peers: Option<&mut Peers>) {
    let (leads, reps) = (100, 100);
    let compare = |name: &str, theirs: &[f32]| {
        for one in ours {
            let mine = one.margins(world, leads, reps);
            let same = mine.iter().zip(theirs).filter(|(a, b)| a.to_bits() == b.to_bits()).count();
            let apart = mine.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let which = one.forest.instructions().to_string();
            println!("  {which:<9} {same} of {} margins have the bits of {name}; furthest apart {apart:e}", mine.len());
        }
    };
    let walked: Vec<f32> = (0..leads * reps).map(|i| world.forest.margin(&world.row(i / reps, i % reps))).collect();
    compare("the walk", &walked);
    match peers.map(|peers| peers.margins(leads, reps)) {
        Some(Ok(theirs)) => compare("XGBoost", &theirs),
        Some(Err(why)) => println!("  no margins of XGBoost: {why}"),
        None => {}
    }
}

fn run(
    case: &Case,
    world: &World,
    ours: &[Ours],
    mut peers: Option<&mut Peers>,
    rounds: usize,
    share: usize,
) -> Result<(), String> {
    // The largest case takes a peer seconds a round.
    let rounds = if case.reps == REPS { rounds.div_ceil(3) } else { rounds };
    let leads = (case.leads / share).max(1);
    let peer_leads = if case.reps == REPS { (case.peer_leads / share).max(1) } else { case.peer_leads };
    let names = peers.as_ref().map(|peers| peers.names.clone()).unwrap_or_default();
    let mut best = vec![f64::INFINITY; ours.len()];
    let mut theirs = vec![f64::INFINITY; names.len()];
    let mut worst = 0.0f64;
    for _ in 0..rounds {
        for (best, one) in best.iter_mut().zip(ours) {
            let seconds = one.seconds(world, leads, case.reps) / leads as f64;
            *best = best.min(seconds);
            worst = worst.max(seconds / *best);
        }
        if let Some(peers) = peers.as_deref_mut() {
            for (best, name) in theirs.iter_mut().zip(&names) {
                let seconds = peers.seconds(name, case.peer_calls, peer_leads, case.reps)?;
                *best = best.min(seconds / (case.peer_calls * peer_leads) as f64);
            }
        }
    }
    let row_trees = (case.reps * world.forest.trees.len()) as f64;
    println!("\n{} (slowest of our rounds {worst:.1} times the best)", case.name);
    let print = |name: &str, seconds: f64, ratios: &str| {
        println!(
            "  {name:<27} {:>9.2} us a lead {:>7.3} ns a row and tree{ratios}",
            1e6 * seconds,
            1e9 * seconds / row_trees
        );
    };
    for (seconds, one) in best.iter().zip(ours) {
        print(&format!("leadboard, {}", one.forest.instructions()), *seconds, "");
    }
    for (seconds, name) in theirs.iter().zip(&names) {
        let ratios = best.iter().zip(ours).fold(String::new(), |text, (own, one)| {
            format!("{text}  {:.1}x {}", seconds / own, one.forest.instructions())
        });
        print(name, *seconds, &ratios);
    }
    let fastest = |of_xgboost: bool| {
        let seconds = theirs.iter().zip(&names).filter(|(_, name)| name.starts_with("XGBoost") == of_xgboost);
        seconds.map(|(seconds, _)| *seconds).fold(f64::INFINITY, f64::min)
    };
    let verdict = |what: &str, ratio: f64, promised: f64| {
        let met = if ratio >= promised { "met" } else { "MISSED" };
        println!("  {what}: {ratio:.1} times, promised {promised}: {met}");
    };
    for (own, one) in best.iter().zip(ours).filter(|_| !names.is_empty()) {
        let wide = one.forest.instructions() == Instructions::Avx512;
        let promised = if wide { case.promised.0 } else { case.promised.1 };
        verdict(&format!("{} against XGBoost", one.forest.instructions()), fastest(true) / own, promised);
        if wide && fastest(false).is_finite() {
            verdict("AVX-512 against the best other peer", fastest(false) / own, PROMISED_PEERS);
        }
    }
    Ok(())
}

/// Says what keeps the widest kernel from being faster.
fn limits(world: &World, ours: &[Ours]) {
    let Some(widest) = ours.last() else { return };
    let (reps, leads) = (REPS, 500);
    let table = widest.table(reps);
    let (mut scratch, mut pairs, mut margins) = (Scratch::default(), vec![0.0; PAIR * reps], vec![0.0; reps]);
    let (mut words, mut tests) = (0, 0);
    for lead in 0..leads {
        world.pairs(lead, reps, &mut pairs);
        widest.forest.margins(world.lead(lead), table, &pairs, &mut scratch, &mut margins);
        words += scratch.words();
        tests += scratch.pair_tests();
    }
    let trees = (leads * world.forest.trees.len()) as f64;
    let (words, tests) = (words as f64 / trees, tests as f64 / trees);
    let cycle = cycle();
    let seconds = (0..5).map(|_| widest.seconds(world, leads, reps)).fold(f64::INFINITY, f64::min);
    let cycles = seconds / cycle / (trees * reps as f64 / 16.0);
    // AND, count, look-up and add for a word; test and choice more where a tree has several; compare and AND for a test.
    let operations = 4.0 * words + 2.0 * (words - 1.0).max(0.0) + 2.0 * tests;
    println!(
        "\nlimits, {} at {reps} reps: a lead leaves {words:.2} words and {tests:.2} pair tests of a tree. That is \
         {operations:.1} vector operations for 16 reps, at two a cycle {:.1} cycles; measured {cycles:.1} cycles \
         ({:.1} GHz), everything included. Rep words are read at {:.0} GB/s from {:.0} kB.",
        widest.forest.instructions(),
        operations / 2.0,
        1e-9 / cycle,
        4.0 * words * trees * reps as f64 / seconds / 1e9,
        table.bytes() as f64 / 1e3,
    );
}

/// Processor time of this process so far: on a busy machine a better measure of one thread's work than the clock.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Seconds of a clock cycle: a multiplication and an exclusive or that wait for each other take four, on every x86-64
/// server core of the last ten years.
fn cycle() -> f64 {
    let steps = 20_000_000u32;
    let run = || {
        let start = cpu_seconds();
        let mut x = black_box(1u64);
        for _ in 0..steps {
            x = x.wrapping_mul(6_364_136_223_846_793_005) ^ (x >> 32);
        }
        black_box(x);
        cpu_seconds() - start
    };
    (0..9).map(|_| run()).fold(f64::INFINITY, f64::min) / (4.0 * f64::from(steps))
}
