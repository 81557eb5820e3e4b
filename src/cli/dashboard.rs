//! `leadboard` without a command: the dashboard, with a worker inside.

use std::sync::Arc;

use super::args::Dashboard;
use super::keys::keymap;
use super::{CliError, CliResult};
use crate::app::events;
use crate::app::ports::Store;
use crate::bootstrap::Context;
use crate::bootstrap::backend::Desk;
use crate::config::Theme;
use crate::tui;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Palette;

pub(super) async fn run(options: Dashboard, context: &Context) -> CliResult {
    // Everything that can be wrong is found out before the screen opens, so that its error is ordinary text.
    let keys = keymap(options.looks.keymap.as_deref().unwrap_or(&context.config.ui.keymap))?;
    let store = context.store().await?;
    if store.champion().await?.is_none() && context.config.salesforce.is_none() {
        store.close().await;
        return Err(CliError::Usage(
            "nothing is set up yet: `leadboard demo` shows everything on a made-up company; `leadboard config example` \
             begins a config for Salesforce"
                .into(),
        ));
    }
    let worker = if options.no_worker || context.config.salesforce.is_none() {
        None
    } else {
        context.worker(store.clone()).await?
    };
    let health = worker.as_ref().map(|w| w.worker.health());
    let shown = show((&options, keys), context, store.clone(), health).await;
    if let Some(worker) = worker {
        worker.stop().await;
    }
    store.close().await;
    shown
}

/// Opens the screen until the manager leaves.
pub(super) async fn show(
    (options, keys): (&Dashboard, Keymap),
    context: &Context,
    store: Arc<dyn Store>,
    health: Option<tokio::sync::watch::Receiver<crate::app::health::WorkerHealth>>,
) -> CliResult {
    let ui = &context.config.ui;
    // Not by counting: of a million leads that takes longer than all the rest of the start.
    let greet = store.decisions_after(None, 1).await?.is_empty();
    let manager = context.manager();
    let read_only = options.read_only || ui.read_only;
    events::session_opened(store.as_ref(), context.clock.as_ref(), &manager, read_only).await?;
    let desk = Desk::new(context, store.clone(), health);
    let screen = tui::Options {
        read_only,
        blind_share: ui.blind_share,
        mouse: ui.mouse && !options.looks.no_mouse,
        ascii: options.looks.ascii || ui.ascii,
        palette: palette(options.looks.theme.unwrap_or(ui.theme)),
        greet,
        log_path: Some(context.data.logs()),
        sla: context.settings().sla,
        ..tui::Options::new(manager.clone(), context.config.routing.phase.to_string())
    };
    let shown = tui::run(desk.clone(), screen, keys, context.clock.clone()).await.map_err(CliError::failed);
    if let Err(error) = desk.leave().await {
        tracing::warn!(%error, "the other managers were not told of the leaving; they see it soon");
    }
    events::session_closed(store.as_ref(), context.clock.as_ref(), &manager).await?;
    shown
}

/// The colours of the screen, by the name that the config has for them.
const fn palette(theme: Theme) -> Palette {
    match theme {
        Theme::Terminal => Palette::Terminal,
        Theme::Dark => Palette::Dark,
        Theme::Light => Palette::Light,
        Theme::HighContrast => Palette::HighContrast,
        Theme::ColourBlind => Palette::ColourBlind,
        Theme::Mono => Palette::Mono,
    }
}
