//! The terminal's modes: switched on in one place, and off again whatever happens.
//!
//! Turned on: raw mode, alternate screen, bracketed paste, hidden cursor, and the mouse if wanted. [`restore`] undoes all of it, as often as it
//! is called; the guard's drop, the panic hook and suspending all go through it.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{Command, cursor, execute, queue};
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use crate::domain::text::safe;

/// Whether the terminal is ours now.
static ACTIVE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

thread_local! {
    /// Whether this thread is inside the dashboard's own code at this moment.
    static IN_UI: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The terminal in our modes; gives it back when dropped.
#[derive(Debug)]
pub struct Tty {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// What the terminal shows is not what we drew last.
    stale: bool,
    /// Whether clicks and the wheel are ours.
    mouse: bool,
}

impl Tty {
    /// Switches the modes on. Check everything that can fail before this, so that its errors are ordinary text.
    pub fn enter(log_path: Option<PathBuf>, mouse: bool) -> io::Result<Self> {
        install_hook(log_path);
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())))?;
        let tty = Self { terminal, stale: false, mouse };
        switch_on(mouse)?;
        Ok(tty)
    }

    /// Draws one picture, shown at once by terminals that know synchronised updates.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.stale) {
            // Not `Terminal::clear`: it would ask the terminal where the cursor is, and wait for an answer that the
            // event stream may have eaten.
            let size = self.terminal.size()?;
            self.terminal.resize(Rect::from((Position::ORIGIN, size)))?;
        }
        self.terminal.draw(render)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()
    }

    /// Draws everything the next time, not only what changed: after a resize the terminal may have cut or moved what it
    /// showed, even when the size is the old one again.
    pub fn repaint(&mut self) {
        self.stale = true;
    }

    /// Asks the terminal to put text on its clipboard (OSC 52), which works over SSH as well. It answers nothing.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Listens to clicks and the wheel, or leaves them to the terminal.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        self.mouse = ours;
        if ours {
            execute!(self.terminal.backend_mut(), ListenToMouse)
        } else {
            execute!(self.terminal.backend_mut(), DisableMouseCapture)
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Gives the terminal back and stops the process. The stop may come a moment after this returns: wait for SIGCONT
    /// before [`Self::resume`].
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        stop_process()
    }

    /// Takes the terminal again.
    pub fn resume(&mut self) -> io::Result<()> {
        switch_on(self.mouse)?;
        self.repaint();
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

fn switch_on(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse { execute!(io::stdout(), ListenToMouse) } else { Ok(()) }
}

/// Asks for presses, releases and the wheel, in coordinates of any size (xterm modes 1000 and 1006). Not for every move,
/// as crossterm's own command does: a mouse that only passes by would wake the dashboard.
struct ListenToMouse;

impl Command for ListenToMouse {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1000h\x1b[?1006h")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        crossterm::event::EnableMouseCapture.execute_winapi()
    }
}

/// Gives the terminal back: the reverse of what was switched on, once. Errors are passed over, because there is nobody
/// left to tell and the remaining steps matter more.
pub fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    drop(execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    ));
    drop(disable_raw_mode());
}

/// SIGSTOP to ourselves, through the shell's own `kill` because raising a signal needs unsafe code.
#[cfg(unix)]
fn stop_process() -> io::Result<()> {
    let status = std::process::Command::new("sh").args(["-c", "kill -STOP $PPID"]).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the process could not be stopped")) }
}

/// Elsewhere there is no job control.
#[cfg(not(unix))]
fn stop_process() -> io::Result<()> {
    Ok(())
}

/// Runs the dashboard so that a panic in it gives the terminal back before it is reported.
pub async fn guarded<T>(dashboard: impl Future<Output = T>) -> T {
    let mut dashboard = std::pin::pin!(dashboard);
    std::future::poll_fn(|context| {
        let before = IN_UI.replace(true);
        let polled = dashboard.as_mut().poll(context);
        IN_UI.set(before);
        polled
    })
    .await
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
            if active && !IN_UI.get() {
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

#[cfg(test)]
mod tests;
