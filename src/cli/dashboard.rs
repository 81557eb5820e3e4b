//! (to be written)
use super::*;
pub(super) async fn run(_o: args::Dashboard, _c: &Context) -> CliResult {
    Ok(())
}
