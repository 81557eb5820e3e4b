//! What can be done with leads: `leadboard lead`, `view` and `backfill`.

use clap::{Args as ClapArgs, Subcommand};

use super::{reason, time, word};
use crate::app::filter::Filter;
use crate::app::what_if::Change;
use crate::domain::verdict::Reason;

#[derive(Debug, Subcommand)]
pub(crate) enum View {
    /// List everybody's views
    List,
    /// Save a view of yours under a key, in the place of the one that is there
    Save {
        /// The key: 1 for F1, to 8
        #[arg(value_parser = clap::value_parser!(u8).range(1..=8))]
        key: u8,
        /// What it is called
        name: String,
        /// Which leads it shows, as in the dashboard: src:webinar score>80
        #[arg(value_name = "FILTER", allow_hyphen_values = true)]
        filter: Option<Filter>,
        /// The lane it goes to; without one it stays in the lane that is shown
        #[arg(long, value_parser = word::<crate::domain::lane::Lane>)]
        lane: Option<crate::domain::lane::Lane>,
    },
    /// Call a view of yours something else
    Rename {
        /// The key: 1 for F1, to 8
        #[arg(value_parser = clap::value_parser!(u8).range(1..=8))]
        key: u8,
        /// What it is called from now on
        name: String,
    },
    /// Make a key free again
    Remove {
        /// The key: 1 for F1, to 8
        #[arg(value_parser = clap::value_parser!(u8).range(1..=8))]
        key: u8,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Lead {
    /// List leads
    List {
        /// Only leads that pass this filter, as in the dashboard: src:webinar score>80 gap>5 sla<1h rep:ana reason:T age<1d
        /// -tier:cold acme
        #[arg(value_name = "FILTER", allow_hyphen_values = true)]
        filter: Option<Filter>,
        /// Only this lane: fast, disagree, low_confidence, exceptions, hot, returned, sync
        #[arg(long, value_parser = word::<crate::domain::lane::Lane>)]
        lane: Option<crate::domain::lane::Lane>,
        /// Only this state: pending, in_lane, decided, superseded
        #[arg(long, value_parser = word::<crate::domain::lead::LeadState>)]
        state: Option<crate::domain::lead::LeadState>,
        /// Only leads of a saved view: yours of this name, or a colleague's. What else is asked for holds as well
        #[arg(long, value_name = "NAME")]
        view: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Write all leads of a list to a file or to standard output
    Export {
        /// Only leads that pass this filter, as in `lead list`
        #[arg(value_name = "FILTER", allow_hyphen_values = true)]
        filter: Option<Filter>,
        /// Only this lane
        #[arg(long, value_parser = word::<crate::domain::lane::Lane>)]
        lane: Option<crate::domain::lane::Lane>,
        /// Only this state
        #[arg(long, value_parser = word::<crate::domain::lead::LeadState>)]
        state: Option<crate::domain::lead::LeadState>,
        /// Only leads of a saved view
        #[arg(long, value_name = "NAME")]
        view: Option<String>,
        /// csv or json
        #[arg(long, default_value = "csv", value_parser = word::<crate::app::export::Format>)]
        format: crate::app::export::Format,
        /// The file, which must not exist yet; without it, standard output
        #[arg(long, value_name = "FILE")]
        out: Option<std::path::PathBuf>,
    },
    /// Show one lead: its ranking, why this rep and why not another, its decisions and what happened to it
    ///
    /// Why and why not are read off what was stored when the lead was ranked; what is otherwise today is said beside it.
    Show {
        /// Lead id
        id: String,
        /// Why this rep does not get it, and the smallest change that puts them first: id or name
        #[arg(long, value_name = "REP")]
        why_not: Option<String>,
    },
    /// Where the recommended owner is not the legacy owner: by owners, by cause, and by both
    ///
    /// Those that are open, and those that managers decided lately with what they said.
    Disagreements {
        /// So many days of decided ones, instead of 30
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// What would become of a lead if something were otherwise; writes nothing
    ///
    /// The lead is ranked twice by the model and rules in force, as it is and as supposed.
    WhatIf {
        /// Lead id
        id: String,
        /// A fact that is otherwise, as often as there are: source=Webinar, amount=250k, country= (not known)
        #[arg(long, value_name = "FACT=VALUE")]
        set: Vec<Change>,
        /// A rep who is not there: id or name, as often as there are
        #[arg(long, value_name = "REP")]
        absent: Vec<String>,
        /// A rep on whose desk there is nothing: id or name, as often as there are
        #[arg(long, value_name = "REP")]
        room: Vec<String>,
    },
    /// Do what is recommended
    Approve {
        /// Lead id
        id: String,
    },
    /// Leave it with the legacy owner
    Keep {
        /// Lead id
        id: String,
        #[command(flatten)]
        why: Why,
    },
    /// Give it to another rep
    Override {
        /// Lead id
        id: String,
        /// Rep: id or name
        rep: String,
        #[command(flatten)]
        why: Why,
    },
    /// Send it to a queue
    Reroute {
        /// Lead id
        id: String,
        /// Queue: id or name
        queue: String,
        #[command(flatten)]
        why: Why,
    },
    /// Ask again later
    Snooze {
        /// Lead id
        id: String,
        /// How long: 15m, 1h, 2d
        time: String,
    },
    /// Ask another manager to decide leads
    HandOver {
        /// Lead ids
        #[arg(required = true)]
        ids: Vec<String>,
        /// The manager, by name: one who has worked on this store
        #[arg(long, value_name = "NAME")]
        to: String,
        /// What they should know
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Take the decision back: for nothing in the grace period, by giving the lead back after it
    Undo {
        /// Lead id
        id: String,
    },
}

/// Why a recommendation is turned down.
#[derive(Debug, ClapArgs)]
pub(crate) struct Why {
    /// Reason code: T territory, C conflict, K key account, R relationship, L language, S skill, P capacity, V leave,
    /// D duplicate or bad data, Q quality, F fairness, X experiment, O other (needs --note); T2 says more exactly what,
    /// and a wrong one shows all there are
    #[arg(long, value_name = "CODE", value_parser = reason)]
    pub(crate) reason: Reason,

    /// Further words; reason O needs them
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// Options of `backfill`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Backfill {
    /// Also leads that were decided and written before, as long as they still have the owner that was decided on
    #[arg(long)]
    pub(crate) decided: bool,

    /// Only this lane
    #[arg(long, value_parser = word::<crate::domain::lane::Lane>)]
    pub(crate) lane: Option<crate::domain::lane::Lane>,

    /// Only leads that this rep or queue owns now: id or name
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,

    /// Only leads created in the CRM since then: 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<chrono::DateTime<chrono::Utc>>,

    /// Move them
    #[arg(long, conflicts_with = "cancel")]
    pub(crate) apply: bool,

    /// Do not ask first
    #[arg(long, requires = "apply")]
    pub(crate) yes: bool,

    /// Go on with the run that is not at its end, whichever leads it is about
    #[arg(long, requires = "apply", conflicts_with_all = ["decided", "lane", "owner", "since"])]
    pub(crate) resume: bool,

    /// Leads looked at in one go, and writes that may wait at a time
    #[arg(long, requires = "apply", default_value_t = 200, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub(crate) slice: u32,

    /// Give up the run that is not at its end; what it decided stands
    #[arg(long, conflicts_with_all = ["decided", "lane", "owner", "since"])]
    pub(crate) cancel: bool,
}
