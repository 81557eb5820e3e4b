//! What is asked of reps: `leadboard rep` and `sla`.

use clap::Subcommand;

use super::word;
use crate::app::ports::ContactList;
use crate::app::reps::Order;

#[derive(Debug, Subcommand)]
pub(crate) enum Rep {
    /// List the team
    List {
        /// In which order: name, room, open, given, share, won, missed
        #[arg(long, default_value = "name", value_parser = word::<Order>)]
        sort: Order,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sla {
    /// List first contacts, and the record of each rep
    List {
        /// Which: due, breached, made, lapsed (no longer asked for)
        #[arg(long, default_value = "due", value_parser = word::<ContactList>)]
        list: ContactList,
        /// Only of this rep: id or name
        #[arg(long)]
        rep: Option<String>,
        /// Over how many days those that are not owed any more are counted
        #[arg(long, default_value_t = crate::app::sla::board::DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
}
