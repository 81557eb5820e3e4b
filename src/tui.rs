//! The terminal dashboard. The Elm architecture: [`msg::Msg`] in, [`update::update`] changes the [`model::Model`] and
//! names [`msg::Effect`]s, [`view::draw`] makes a picture of the model. Nothing in between is asynchronous, and nothing
//! ticks: the loop in [`runtime`] sleeps until there is news.
//!
//! The dashboard talks to the rest of the program through [`backend::Backend`] alone.

pub mod action;
pub mod backend;
pub mod boards;
pub mod format;
pub mod hidden;
pub mod input;
pub mod keyboard;
pub mod keymap;
pub mod model;
pub mod msg;
pub mod overlay;
pub mod runtime;
pub mod screens;
pub mod team;
pub mod term;
pub mod theme;
pub mod update;
pub mod verdict;
pub mod view;
pub mod widgets;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod testing;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Local, Offset, TimeDelta, Utc};
use tokio::sync::mpsc;

use crate::app::ports::Clock;
use backend::Backend;
use keymap::Keymap;
use model::Model;
use runtime::{Runtime, Signal, Surface};
use term::Tty;
use theme::Palette;
use view::hits::Hits;

/// The difference to UTC that holds where the manager is at a moment.
pub type Zone = fn(DateTime<Utc>) -> FixedOffset;

/// The time zone of this computer.
pub fn local_zone(at: DateTime<Utc>) -> FixedOffset {
    at.with_timezone(&Local).offset().fix()
}

/// How the dashboard is started.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of the manager's, and none rules another out")]
pub struct Options {
    /// Who sits in front of it.
    pub manager: String,
    /// Phase of the rollout, for example `shadow`.
    pub phase: String,
    /// Verdicts are switched off.
    pub read_only: bool,
    /// How many of the leads on which there is disagreement are chosen for before the model's choice is shown.
    pub blind_share: f64,
    /// The mouse works here, instead of selecting text.
    pub mouse: bool,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// The colours.
    pub palette: Palette,
    /// Greet and teach the six keys first.
    pub greet: bool,
    /// Where the log is, for the help and for the report of a crash.
    pub log_path: Option<PathBuf>,
    /// Time from creation in which a lead should be with its rep.
    pub sla: TimeDelta,
    /// The manager's clock.
    pub zone: Zone,
}

impl Options {
    /// The usual: verdicts on, Unicode, four hours, this computer's clock.
    pub fn new(manager: impl Into<String>, phase: impl Into<String>) -> Self {
        Self {
            manager: manager.into(),
            phase: phase.into(),
            read_only: false,
            blind_share: 0.0,
            mouse: true,
            ascii: false,
            palette: Palette::Terminal,
            greet: false,
            log_path: None,
            sla: TimeDelta::hours(4),
            zone: local_zone,
        }
    }
}

/// Why the dashboard could not run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal failed or is none.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Runs the dashboard until the person or the system wants to leave; the terminal is restored whatever happens.
///
/// Call it inside a Tokio runtime, in the task that `block_on` runs.
pub async fn run(
    backend: Arc<dyn Backend>,
    options: Options,
    keymap: Keymap,
    clock: Arc<dyn Clock>,
) -> Result<(), TuiError> {
    let (sender, signals) = mpsc::channel(8);
    listen(sender)?;
    let surface = TtySurface(Tty::enter(options.log_path.clone(), options.mouse)?);
    let keyboard = keyboard::open()?;
    let size = surface.size()?;
    let (mut model, first) = Model::new(options, keymap, size, clock.now());
    let runtime = Runtime { backend, clock, surface, signals };
    term::guarded(runtime.run(&mut model, first, keyboard)).await?;
    Ok(())
}

struct TtySurface(Tty);

impl Surface for TtySurface {
    fn draw(&mut self, model: &Model) -> io::Result<Hits> {
        let mut hits = Hits::default();
        self.0.draw(|frame| hits = view::draw(frame, model))?;
        Ok(hits)
    }

    fn mouse(&mut self, ours: bool) -> io::Result<()> {
        self.0.mouse(ours)
    }

    fn repaint(&mut self) {
        self.0.repaint();
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.0.suspend()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.0.resume()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.0.copy(text)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        self.0.size()
    }
}

/// Turns the system's signals into messages, so that leaving always goes the same way.
#[cfg(unix)]
fn listen(sender: mpsc::Sender<Signal>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    /// SIGTSTP and SIGCONT by number, for which Tokio has no names: those of Linux, and those of the BSDs with macOS.
    const SIGTSTP: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 20 } else { 18 };
    const SIGCONT: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 18 } else { 19 };

    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stop = signal(SignalKind::from_raw(SIGTSTP))?;
    let mut go_on = signal(SignalKind::from_raw(SIGCONT))?;
    tokio::spawn(async move {
        loop {
            let heard = tokio::select! {
                _ = terminate.recv() => Signal::Terminate,
                _ = hang_up.recv() => Signal::Terminate,
                _ = interrupt.recv() => Signal::Terminate,
                _ = stop.recv() => Signal::Suspend,
                _ = go_on.recv() => Signal::Continue,
            };
            if sender.send(heard).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Elsewhere only Ctrl-C is a signal, and in raw mode it is a key.
#[cfg(not(unix))]
fn listen(sender: mpsc::Sender<Signal>) -> io::Result<()> {
    drop(sender);
    Ok(())
}
