//! `leadboard worker`: the background worker alone.

use super::out::Out;
use super::{CliError, CliResult};
use crate::app::health::LoopState;
use crate::bootstrap::Context;

pub(super) async fn run(context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let Some(running) = context.worker(store.clone()).await? else {
        return Err(CliError::Failed(format!(
            "another process is already the worker of {}",
            context.data.root().display()
        )));
    };
    out.note(&format!("The worker runs for {}. Ctrl-C ends it.", context.data.root().display()));
    let mut health = running.worker.health();
    let mut said: Option<String> = None;
    let stop = stop_signal();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            changed = health.changed() => if changed.is_err() { break },
        }
        // Said once per fault, so that a night without network is one line.
        let fault = health
            .borrow_and_update()
            .loops
            .iter()
            .filter(|l| l.state > LoopState::Starting)
            .find_map(|l| Some(format!("{}: {}", l.name, l.last_error.as_ref()?.1)));
        if fault != said {
            out.note(fault.as_deref().unwrap_or("All is well again."));
            said = fault;
        }
    }
    running.stop().await;
    store.close().await;
    Ok(())
}

/// Resolves when standard input ends, which is when whoever holds its other end is gone. Reads on a thread of its own:
/// the runtime would wait at its end for a read that is still going on.
pub(super) async fn stdin_ends() {
    let (open, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        drop(open);
    });
    drop(ended.await);
}

/// Resolves when the user or the system asks the program to end.
pub(super) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut term) = signal(SignalKind::terminate()) else { return };
        let Ok(mut hup) = signal(SignalKind::hangup()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
            _ = hup.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(tokio::signal::ctrl_c().await);
}
