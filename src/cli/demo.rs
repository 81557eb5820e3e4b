//! (to be written)
use super::*;
pub(super) async fn run(_o: args::Demo, _c: Option<std::path::PathBuf>, _out: Out) -> CliResult {
    Ok(())
}
