//! `leadboard store`.

use serde_json::json;

use super::args::{Store as Action, StoreKind};
use super::out::{Out, table};
use super::{CliError, CliResult};
use crate::bootstrap::{Context, Way};

pub(super) async fn run(action: Action, mut context: Context, out: Out) -> CliResult {
    let Action::Copy { from, to, database_url } = action;
    let way = match (from, to) {
        (StoreKind::Sqlite, StoreKind::Postgres) => Way::IntoDatabase,
        (StoreKind::Postgres, StoreKind::Sqlite) => Way::IntoFile,
        _ => {
            return Err(CliError::Usage("--from and --to are the same; one must be sqlite, the other postgres".into()));
        }
    };
    if database_url.is_some() {
        context.config.database_url = database_url;
    }
    let bar = out.progress("copying", 0);
    let copied = context.copy_store(way, &mut |table, rows| bar.set_message(format!("{table}: {rows} rows"))).await;
    bar.finish_and_clear();
    let copied = copied?;
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    let place = context.data.root().display();
    out.result(&json!({"copied": true, "rows": rows, "tables": copied}), || {
        let cells = copied.iter().map(|copied| {
            let start: String = copied.sha256.chars().take(16).collect();
            vec![copied.table.to_owned(), copied.rows.to_string(), format!("{start}…")]
        });
        let mut lines = table(&["table", "rows", "sha256"], &cells.collect::<Vec<_>>());
        lines.push(String::new());
        lines.push(format!("Copied {rows} rows. Counts and checksums of all tables are equal on both sides."));
        lines.push(match way {
            Way::IntoDatabase => format!(
                "Set database_url everywhere from now on. The file in {place} stays as it was; keep it as a backup."
            ),
            Way::IntoFile => {
                format!("Remove database_url from now on: everything is in {place}. The database stays as it was.")
            }
        });
        lines
    });
    Ok(())
}
