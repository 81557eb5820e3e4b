//! `leadboard view`: views of the queue, kept under F1 to F8.

use super::args::View as Action;
use super::out::{Out, table};
use super::{CliError, CliResult};
use crate::app::ports::{SavedView, Store};
use crate::bootstrap::Context;
use crate::domain::text::fit;

/// Longest name, in characters; the dashboard takes no longer one either.
pub(super) const NAME: usize = 40;

pub(super) async fn run(action: Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = change(store.as_ref(), action, context, out).await;
    store.close().await;
    result
}

async fn change(store: &dyn Store, action: Action, context: &Context, out: Out) -> CliResult {
    let manager = context.manager();
    let now = context.clock.now();
    match action {
        Action::List => {}
        Action::Save { key, name, filter, lane } => {
            let name = name.trim().to_owned();
            if name.is_empty() || name.chars().count() > NAME {
                return Err(CliError::Usage(format!("a view needs a name of at most {NAME} characters")));
            }
            let view = SavedView { manager: manager.clone(), key, name, filter: filter.unwrap_or_default(), lane };
            store.save_view(&view, now).await?;
        }
        Action::Rename { key, name } => {
            let mut view = store
                .saved_views()
                .await?
                .into_iter()
                .find(|view| view.manager == manager && view.key == key)
                .ok_or_else(|| free(key))?;
            view.name = name;
            store.save_view(&view, now).await?;
        }
        Action::Remove { key } => {
            if !store.remove_view(&manager, key, now).await? {
                return Err(free(key));
            }
        }
    }
    let views = store.saved_views().await?;
    out.result(&views, || {
        if views.is_empty() {
            return vec!["No views are saved.".to_owned()];
        }
        let row = |view: &SavedView| {
            vec![
                fit(&view.manager, 24),
                format!("F{}", view.key),
                fit(&view.name, NAME),
                view.lane.map_or_else(|| "any".to_owned(), |lane| lane.to_string()),
                fit(&view.filter.to_string(), 80),
            ]
        };
        table(&["manager", "key", "name", "lane", "filter"], &views.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

fn free(key: u8) -> CliError {
    CliError::Failed(format!("you have no view under F{key}; `leadboard view list` shows all"))
}

/// The view of this name: the manager's own, else the one that a colleague calls so.
pub(super) async fn named(store: &dyn Store, name: &str, manager: &str) -> Result<SavedView, CliError> {
    let views = store.saved_views().await?;
    let called = |view: &&SavedView| view.name.eq_ignore_ascii_case(name);
    let (own, others): (Vec<_>, Vec<_>) = views.iter().filter(called).partition(|view| view.manager == manager);
    let found = if own.is_empty() { others } else { own };
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let near = crate::config::nearest(name, views.iter().map(|view| view.name.as_str()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            Err(CliError::Failed(format!("no view is called {name}{hint}")))
        }
        [first, ..] => Err(CliError::Failed(format!(
            "several views are called {name}; rename one (`leadboard view rename {} NAME`)",
            first.key
        ))),
    }
}
