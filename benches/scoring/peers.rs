//! The process that runs the peers: one request a line, one answer a line.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Peers {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
    pub(crate) names: Vec<String>,
    /// Peers that could not be loaded, and why.
    pub(crate) missing: Vec<String>,
}

impl Peers {
    /// Starts the peers with a Python that has them installed; they train their models first.
    pub(crate) fn start(python: &str, directory: &Path) -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/scoring.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{python} does not start: {e}"))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let answers = answers.ok_or("no standard output")?;
        let mut peers =
            Self { child, requests, answers, directory: directory.to_owned(), names: Vec::new(), missing: Vec::new() };
        let hello = peers.answer()?;
        let names = hello["peers"].as_array().into_iter().flatten();
        peers.names = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let missing = hello["missing"].as_object().into_iter().flatten();
        peers.missing = missing.map(|(name, why)| format!("{name}: {}", why.as_str().unwrap_or_default())).collect();
        Ok(peers)
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|e| e.to_string())?;
        serde_json::from_str(&line).map_err(|_| "the peers stopped; what they said is above".to_owned())
    }

    fn ask(&mut self, request: &str) -> Result<Value, String> {
        let requests = self.requests.as_mut().ok_or("no standard input")?;
        writeln!(requests, "{request}").and_then(|()| requests.flush()).map_err(|e| e.to_string())?;
        self.answer()
    }

    /// Seconds that a peer takes for `calls` calls with `leads * reps` rows each.
    pub(crate) fn seconds(&mut self, peer: &str, calls: usize, leads: usize, reps: usize) -> Result<f64, String> {
        let answer = self.ask(&format!("{calls} {leads} {reps} {peer}"))?;
        answer["seconds"].as_f64().ok_or_else(|| format!("{peer} gave no time"))
    }

    /// XGBoost's margins of the first leads and reps, by lead.
    pub(crate) fn margins(&mut self, leads: usize, reps: usize) -> Result<Vec<f32>, String> {
        self.ask(&format!("margins {leads} {reps}"))?;
        let bytes = std::fs::read(self.directory.join("margins.f32")).map_err(|e| e.to_string())?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // The peers end with their requests.
        self.requests = None;
        drop(self.child.wait());
    }
}
