//! One fit of our trainer beside one of XGBoost's `hist`: the same matrix, parameters and cores.
//!
//! ```sh
//! LEADBOARD_PEERS_PYTHON=venv/bin/python cargo bench --bench training
//! ```
//!
//! `LEADBOARD_BENCH_DEALS` sets the number of generated deals (1,000,000); `LEADBOARD_BENCH_WHOLE=1` also times a whole
//! training, which is some thirty fits. Each side fits in a process of its own, so that its peak memory is its own.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a benchmark has no config: its switches are environment variables")]

use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepKey};
use leadboard::model::evaluate::auc;
use leadboard::model::features::{FeatureMatrix, FeatureSpec, sweep};
use leadboard::model::train::{Hessboost, Parameters, Rounds, Rows, Trainer};
use leadboard::model::{TrainOptions, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const ROUNDS: u32 = 100;
const REPS: usize = 200;
const THREADS: usize = 2;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|arg| arg == "ours") {
        ours(Path::new(&args[2]), args[3].parse().unwrap(), args[4].parse().unwrap());
        return;
    }
    let deals: usize = std::env::var("LEADBOARD_BENCH_DEALS").map_or(1_000_000, |n| n.parse().unwrap());
    let deals = company(deals);
    let directory = tempfile::tempdir().unwrap();
    let (columns, labels) = write_matrix(directory.path(), &deals);
    let train_rows = deals.len() * 9 / 10;
    let won: Vec<bool> = labels[train_rows..].iter().map(|label| *label > 0.5).collect();

    let ours = Command::new(std::env::current_exe().unwrap())
        .args(["ours", &directory.path().to_string_lossy(), &columns.to_string(), &train_rows.to_string()])
        .output()
        .unwrap();
    let ours = report("leadboard", &ours, &directory.path().join("ours.margins"), &won);
    if let Ok(python) = std::env::var("LEADBOARD_PEERS_PYTHON") {
        let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/train_xgboost.py");
        let parameters = peer_parameters(&labels[..train_rows]).to_string();
        let peer = Command::new(python)
            .arg(script)
            .args([&path("matrix"), &path("labels"), &columns.to_string(), &train_rows.to_string(), &parameters])
            .arg(path("peer.margins"))
            .output()
            .unwrap();
        let peer = report("XGBoost hist", &peer, &directory.path().join("peer.margins"), &won);
        println!(
            "leadboard / XGBoost: time {:.2}, CPU {:.2}, peak memory {:.2}; AUC difference {:+.4}",
            ours.seconds / peer.seconds,
            ours.cpu / peer.cpu,
            ours.peak / peer.peak,
            ours.auc - peer.auc
        );
    } else {
        println!("no peer: LEADBOARD_PEERS_PYTHON names a Python with xgboost and numpy");
    }
    if std::env::var_os("LEADBOARD_BENCH_WHOLE").is_some() {
        let options = TrainOptions { threads: NonZeroUsize::new(THREADS).unwrap(), ..TrainOptions::default() };
        let began = Instant::now();
        let trained = train(&deals, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        println!(
            "a whole training: {:.1} s, peak memory {:.0} MB with the deals, {} trees; on later deals AUC {:.3}",
            began.elapsed().as_secs_f64(),
            peak() / 1e6,
            trained.card.trees,
            trained.card.out_of_time.auc.value
        );
    }
}

struct Measured {
    seconds: f64,
    cpu: f64,
    peak: f64,
    auc: f64,
}

fn report(name: &str, output: &std::process::Output, margins: &Path, won: &[bool]) -> Measured {
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bytes = std::fs::read(margins).unwrap();
    let margins: Vec<f64> = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    let measured = Measured {
        seconds: told["seconds"].as_f64().unwrap(),
        cpu: told["cpu"].as_f64().unwrap(),
        peak: told["peak"].as_f64().unwrap(),
        auc: auc(&margins, won).unwrap().value,
    };
    println!(
        "{name} {}: {:.2} s ({:.2} s of CPU), peak memory {:.0} MB, AUC {:.4} on {} later deals",
        told["version"].as_str().unwrap_or_default(),
        measured.seconds,
        measured.cpu,
        measured.peak / 1e6,
        measured.auc,
        won.len()
    );
    measured
}

fn parameters() -> Parameters {
    Parameters {
        max_depth: 6,
        eta: 0.1,
        min_child_weight: 1.0,
        lambda: 1.0,
        subsample: 1.0,
        colsample_bytree: 1.0,
        max_bin: 256,
        ..Parameters::for_deals(1_000_000, 1)
    }
}

fn peer_parameters(labels: &[f32]) -> Value {
    let p = parameters();
    json!({
        "objective": "binary:logistic", "tree_method": "hist", "max_depth": p.max_depth, "eta": p.eta,
        "min_child_weight": p.min_child_weight, "lambda": p.lambda, "max_bin": p.max_bin, "nthread": THREADS,
        "base_score": f64::from(labels.iter().sum::<f32>() / labels.len() as f32), "rounds": ROUNDS,
    })
}

/// The child: reads the matrix, fits once, writes the margins of the later deals.
fn ours(directory: &Path, columns: usize, train_rows: usize) {
    let matrix = FeatureMatrix { columns, values: floats(&directory.join("matrix")).into() };
    let labels = floats(&directory.join("labels"));
    let index: Vec<usize> = (0..train_rows).collect();
    let (increasing, all) = (vec![false; columns], (0..columns as u32).collect::<Vec<_>>());
    let rows = Rows {
        matrix: &matrix,
        labels: &labels,
        weights: None,
        index: &index,
        columns: &all,
        increasing: &increasing,
        categorical: &increasing,
    };
    let trainer = Hessboost { threads: NonZeroUsize::new(THREADS).unwrap() };
    let (began, cpu_before) = (Instant::now(), cpu());
    let go_on = &mut |_| ControlFlow::Continue(());
    let fit = trainer.fit(&rows, Rounds::Fixed(ROUNDS), &parameters(), go_on).unwrap();
    let (seconds, cpu, peak) = (began.elapsed().as_secs_f64(), cpu() - cpu_before, peak());
    let mut margins = BufWriter::new(std::fs::File::create(directory.join("ours.margins")).unwrap());
    for row in train_rows..matrix.rows() {
        margins.write_all(&f64::from(fit.forest.margin(matrix.row(row))).to_le_bytes()).unwrap();
    }
    margins.flush().unwrap();
    println!("{}", json!({"seconds": seconds, "cpu": cpu, "peak": peak, "version": trainer.name()}));
}

fn floats(path: &Path) -> Vec<f32> {
    let file = std::fs::File::open(path).unwrap();
    let values = file.metadata().unwrap().len() as usize / 4;
    let mut reader = std::io::BufReader::with_capacity(1 << 20, file);
    let mut bytes = [0; 4];
    let mut next = || {
        std::io::Read::read_exact(&mut reader, &mut bytes).unwrap();
        f32::from_le_bytes(bytes)
    };
    (0..values).map(|_| next()).collect()
}

/// Seconds of CPU that this process used so far (Linux; 0 elsewhere): fields 14 and 15 of `proc_pid_stat(5)`, in the
/// hundredths of a second that every Linux port reports to user space.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Most memory this process ever had, in bytes (Linux; 0 elsewhere).
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|kilobytes| kilobytes.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// The features of all deals and their labels, as raw little-endian floats.
fn write_matrix(directory: &Path, deals: &[Deal]) -> (usize, Vec<f32>) {
    let began = Instant::now();
    let refs: Vec<&Deal> = deals.iter().collect();
    let spec = FeatureSpec::declare(&refs.iter().map(|deal| &deal.facts).collect::<Vec<_>>(), false);
    let (matrix, _) = sweep(&spec, &refs, &vec![true; deals.len()]);
    let labels: Vec<f32> = deals.iter().map(|deal| f32::from(u8::from(deal.outcome == Outcome::Won))).collect();
    println!(
        "{} deals, {} columns: features in {:.1} s, peak memory {:.0} MB with the deals",
        deals.len(),
        matrix.columns,
        began.elapsed().as_secs_f64(),
        peak() / 1e6
    );
    for (name, values) in [("matrix", matrix.values.as_slice()), ("labels", labels.as_slice())] {
        let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(directory.join(name)).unwrap());
        for value in values {
            file.write_all(&value.to_le_bytes()).unwrap();
        }
        file.flush().unwrap();
    }
    (matrix.columns, labels)
}

/// A company whose reps differ by themselves and by industry.
fn company(deals: usize) -> Vec<Deal> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut draw = |sd: f64| sd * 3.46 * (rng.random::<f64>() - 0.5);
    let rep: Vec<f64> = (0..REPS).map(|_| draw(0.35)).collect();
    let by_industry: Vec<[f64; 10]> = (0..REPS).map(|_| std::array::from_fn(|_| draw(0.5))).collect();
    let industry_effect: [f64; 10] = std::array::from_fn(|_| draw(0.3));
    let source_effect: [f64; 6] = std::array::from_fn(|_| draw(0.4));
    let start: DateTime<Utc> = DateTime::from_timestamp(1_640_995_200, 0).unwrap();
    let minutes = 3 * 365 * 1_440 / deals as i64 + 1;
    (0..deals)
        .map(|i| {
            let mut facts = LeadFacts::empty(start + TimeDelta::minutes(i as i64 * minutes));
            let (who, industry, source) = (i % REPS, rng.random_range(0..10), rng.random_range(0..6));
            let employees = (rng.random::<f64>() * 8.0).exp();
            facts.industry = (rng.random::<f64>() > 0.05).then(|| format!("Industry {industry}"));
            facts.source = Some(format!("Source {source}"));
            facts.product = Some(format!("Product {}", rng.random_range(0..20)));
            facts.territory = Some(format!("Territory {}", who % 8));
            facts.employees = (rng.random::<f64>() > 0.1).then_some(employees);
            facts.amount = Some(employees.sqrt() * 1_000.0 * (0.5 + rng.random::<f64>()));
            let log_odds =
                -1.2 + rep[who] + by_industry[who][industry] + industry_effect[industry] + source_effect[source]
                    - 0.08 * (employees.ln() - 4.0);
            let won = rng.random::<f64>() < 1.0 / (1.0 + (-log_odds).exp());
            Deal {
                lead_id: LeadId::new(format!("00Q{i:015}")),
                rep: RepKey::new(format!("rep-{who:03}")),
                closed_at: facts.created_at + TimeDelta::minutes(1_440 * rng.random_range(1..60)),
                facts,
                closed_assumed: false,
                outcome: if won { Outcome::Won } else { Outcome::Lost },
                closed_amount: None,
            }
        })
        .collect()
}
