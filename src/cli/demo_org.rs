//! (to be written)
use super::*;
pub(super) async fn run(_o: args::DemoOrg, _out: Out) -> CliResult {
    Ok(())
}
