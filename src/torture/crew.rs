//! The workers that live at the same time: one on a file, two on a database that others share.
//!
//! Two, because that is how a company runs that wants no pause, and because what a worker leaves behind when it dies (the
//! duty, the leases of writes under way) is taken over there by another one that lives, and not by its own next life.

use std::path::PathBuf;
use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::company::Company;
use super::process::Process;
use super::soak;
use super::{Options, TortureError};

/// Who works on a shared database at the same time.
const ON_A_DATABASE: usize = 2;

/// The workers of the company. Those that live when it is dropped are killed.
pub(super) struct Crew<'a> {
    company: &'a Company,
    options: &'a Options,
    places: Vec<Place>,
}

/// A data directory, which is for one worker at a time.
struct Place {
    data: PathBuf,
    worker: Option<Process>,
}

impl<'a> Crew<'a> {
    /// Nobody, so far.
    pub(super) fn of(company: &'a Company, options: &'a Options) -> Self {
        let root = company.data().root();
        let further = if options.database_url.is_some() { ON_A_DATABASE - 1 } else { 0 };
        let further = (0..further).map(|n| root.join(format!("worker-{}", n + 2)));
        let data = std::iter::once(root.to_owned()).chain(further);
        let places = data.map(|data| Place { data, worker: None }).collect();
        Self { company, options, places }
    }

    /// How long to wait until something of theirs reaches the org. On a database it may first have to end what a dead one
    /// has left there: its duty, and the leases of its writes.
    pub(super) fn patience(&self) -> Duration {
        if self.places.len() == 1 { Duration::from_millis(1_200) } else { Duration::from_secs(20) }
    }

    /// How many more can work.
    pub(super) fn vacancies(&self) -> usize {
        self.places.iter().filter(|place| place.worker.is_none()).count()
    }

    /// Starts one more worker; its place. With `last` it ends when all is done.
    pub(super) fn hire(&mut self, seed: u64, last: bool) -> Result<usize, TortureError> {
        let vacant = self.places.iter().position(|place| place.worker.is_none());
        let at = vacant.ok_or_else(|| TortureError::Unexpected("all workers work already".into()))?;
        let (config, data) = (self.company.config.to_string_lossy(), self.places[at].data.to_string_lossy());
        let seed = seed.to_string();
        let mut arguments = vec!["torture-worker", "--config", &config, "--data-dir", &data, "--seed", &seed];
        let look = soak::LOOK.as_millis().to_string();
        if last {
            arguments.push("--last");
        } else if self.options.per_minute.is_some() {
            arguments.extend(["--look", &look]);
        }
        let plants = plants(self.options);
        if !plants.is_empty() {
            arguments.extend(["--plant", &plants]);
        }
        let worker = Process::start(&arguments, &self.company.errors)?;
        self.places[at].worker = Some(worker);
        Ok(at)
    }

    /// The worker at a place.
    pub(super) fn worker(&mut self, at: usize) -> Result<&mut Process, TortureError> {
        let worker = self.places[at].worker.as_mut();
        worker.ok_or_else(|| TortureError::Unexpected("nobody works there".into()))
    }

    /// The place of one of those who work, which all do.
    pub(super) fn anyone(&self, random: &mut ChaCha8Rng) -> usize {
        if self.places.len() == 1 { 0 } else { random.random_range(0..self.places.len()) }
    }

    /// SIGKILL. Whether it struck a running worker.
    pub(super) async fn kill(&mut self, at: usize) -> Result<bool, TortureError> {
        match self.places[at].worker.take() {
            Some(mut worker) => worker.kill().await,
            None => Ok(false),
        }
    }

    /// The process ids of those who work.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.places.iter().filter_map(|place| place.worker.as_ref()?.id())
    }

    /// Lets all of them end in their own time.
    pub(super) async fn dismiss(mut self) -> Result<(), TortureError> {
        for worker in self.places.iter_mut().filter_map(|place| place.worker.as_mut()) {
            worker.dismiss().await?;
        }
        Ok(())
    }
}

#[cfg(debug_assertions)]
fn plants(options: &Options) -> String {
    options.plants.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(not(debug_assertions))]
const fn plants(_: &Options) -> String {
    String::new()
}
