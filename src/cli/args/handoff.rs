//! What is handed over: `leadboard handoff`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Handoff {
    /// Hand over to whoever comes next: open, snoozed and risky leads, what is owed, what was overruled; kept as it is now
    Write {
        /// What the next manager should know, in your words
        #[arg(long, default_value = "", hide_default_value = true)]
        note: String,
    },
    /// Take over what was handed over last
    Accept,
}
