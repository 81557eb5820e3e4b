//! The terminal's modes: switched on in one place, and off again whatever happens.
//!
//! Turned on: raw mode, alternate screen, bracketed paste, hidden cursor. [`restore`] undoes all of it, as often as it
//! is called; the guard's drop, the panic hook and suspending all go through it.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::domain::text::safe;

/// Whether the terminal is ours now.
static ACTIVE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

thread_local! {
    /// Whether this thread is inside the dashboard's own code.
    static IN_UI: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The terminal in our modes; gives it back when dropped.
#[derive(Debug)]
pub struct Tty {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Tty {
    /// Switches the modes on. Check everything that can fail before this, so that its errors are ordinary text.
    pub fn enter(log_path: Option<PathBuf>) -> io::Result<Self> {
        install_hook(log_path);
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())))?;
        let tty = Self { terminal };
        switch_on()?;
        Ok(tty)
    }

    /// Draws one picture, shown at once by terminals that know synchronised updates.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(render)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Gives the terminal back, stops the process until the shell continues it, and takes the terminal again.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        stop_process()?;
        switch_on()?;
        self.terminal.clear()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

fn switch_on() -> io::Result<()> {
    enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Gives the terminal back: the reverse of what was switched on, once. Errors are passed over, because there is nobody
/// left to tell and the remaining steps matter more.
pub fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    drop(execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show));
    drop(disable_raw_mode());
}

/// SIGSTOP to ourselves, through `kill` because raising a signal needs unsafe code.
#[cfg(unix)]
fn stop_process() -> io::Result<()> {
    let status = std::process::Command::new("kill").args(["-STOP", &std::process::id().to_string()]).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the process could not be stopped")) }
}

/// Elsewhere there is no job control.
#[cfg(not(unix))]
fn stop_process() -> io::Result<()> {
    Ok(())
}

/// Runs a piece of the dashboard; a panic inside gives the terminal back before it is reported.
pub fn in_ui<T>(work: impl FnOnce() -> T) -> T {
    IN_UI.with(|flag| {
        let before = flag.replace(true);
        let result = work();
        flag.set(before);
        result
    })
}

/// Log, restore, report: in that order. A panic in a background task does not tear the screen down: it is logged, and
/// whoever runs the task turns it into a visible state.
fn install_hook(log_path: Option<PathBuf>) {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let active = ACTIVE.load(Ordering::SeqCst);
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let words = info.payload_as_str().map(safe).unwrap_or_default();
            tracing::error!(panic.place = %place, panic.message = %words, "panic");
            if active && !IN_UI.with(std::cell::Cell::get) {
                return;
            }
            restore();
            previous(info);
            if let Some(path) = &log_path {
                drop(writeln!(
                    io::stderr(),
                    "leadboard {} stopped; log: {}",
                    env!("CARGO_PKG_VERSION"),
                    path.display()
                ));
            }
        }));
    });
}
