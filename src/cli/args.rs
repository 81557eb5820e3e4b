//! The command line as types. The doc comments are the help texts.

mod handoff;
mod leads;
mod model;
mod rules;
mod screen;
mod sync;
mod team;
mod torture;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use secrecy::SecretString;
use strum::IntoEnumIterator;

use super::out::Form;
use crate::demo_org::FaultPlan;
use crate::domain::ids::TraceId;
use crate::domain::verdict::{Reason, ReasonCode};

pub(crate) use handoff::Handoff;
pub(crate) use leads::{Backfill, Lead, View, Why};
pub(crate) use model::{Export, ExportFormat, ImportModel, Model, Predict};
pub(crate) use rules::{Rules, RulesTest};
pub(crate) use screen::{Dashboard, Looks};
pub(crate) use sync::Sync;
pub(crate) use team::{Rep, Sla};
pub(crate) use torture::{Torture, TortureWorker};

/// Heading of the options that every command takes.
const COMMON: &str = "Common options";

/// Routes sales leads to the rep most likely to win them, and proves whether that is true.
///
/// Without a command: the dashboard, with a worker inside.
#[derive(Debug, Parser)]
#[command(name = "leadboard", version, propagate_version = true)]
pub(crate) struct Args {
    /// Config file [default: config.toml in the user's config directory, if it exists]
    #[arg(long, global = true, env = "LEADBOARD_CONFIG", value_name = "FILE", help_heading = COMMON)]
    pub(crate) config: Option<PathBuf>,

    /// Directory for everything that is stored [default: leadboard in the user's data directory]
    #[arg(long, global = true, env = "LEADBOARD_DATA_DIR", value_name = "DIR", help_heading = COMMON)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Print one JSON value instead of text
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,

    /// Print plain lines instead of tables, one fact each, for screen readers
    #[arg(long, global = true, conflicts_with = "json", help_heading = COMMON)]
    pub(crate) plain: bool,

    #[command(flatten)]
    pub(crate) dashboard: Dashboard,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Args {
    /// How results are written.
    pub(crate) const fn form(&self) -> Form {
        match (self.json, self.plain) {
            (true, _) => Form::Json,
            (_, true) => Form::Plain,
            _ => Form::Text,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A complete company on loopback: demo org, history, trained model, live leads, dashboard. Needs nothing.
    Demo(Demo),
    /// The demo org alone, on loopback
    DemoOrg(DemoOrg),
    /// Ask what is needed to work with a Salesforce org, and write a first config
    Init,
    /// Prove, under kills and faults, that no lead is lost or moved twice and no person overruled
    ///
    /// A demo org has faults, its people get in between, and the worker is killed at random moments. At the end, what
    /// leadboard believes is compared with the org's own journal, lead by lead; exit code 1 if a promise was broken. Needs
    /// nothing, and touches no other org.
    Torture(Torture),
    /// The worker that `torture` kills
    #[command(hide = true)]
    TortureWorker(TortureWorker),
    /// Check the config, or print a documented example
    Config {
        #[command(subcommand)]
        action: Config,
    },
    /// Closed deals to learn from
    History {
        #[command(subcommand)]
        action: History,
    },
    /// Train models, and choose the one that ranks
    Model {
        #[command(subcommand)]
        action: Model,
    },
    /// Score a CSV of leads: for each lead a row per rep of its pool, best first
    Score(Score),
    /// The background worker alone
    Worker,
    /// Prove that Salesforce lets leadboard do what it must: login, fields, queues, permissions, limits
    Doctor {
        /// Only read; do not try the writes that the org must refuse or roll back
        #[arg(long)]
        read_only: bool,
    },
    /// Everything the queue can do, for scripts
    Lead {
        #[command(subcommand)]
        action: Lead,
    },
    /// Views of the queue, kept under F1 to F8 of the dashboard
    View {
        #[command(subcommand)]
        action: View,
    },
    /// Score all open leads again with the champion: what would move, and with --apply, move it
    ///
    /// Without --apply nothing is changed. With it, each lead that would move is decided and written like any other
    /// decision, in slices, as long as the API allocation has room; whoever changed a lead meanwhile keeps it. A run that
    /// was stopped goes on where it was when the same command is given again.
    Backfill(Backfill),
    /// The routing rules of routing.toml: check them, see what differs, try them on past leads
    Rules {
        #[command(subcommand)]
        action: Rules,
    },
    /// The audit trail: is it whole, and what happened to a lead
    Audit {
        #[command(subcommand)]
        action: super::audit::Audit,
    },
    /// Make the ranking behind a decision again, bit for bit (exit code 3 if it differs)
    Replay {
        /// Trace id of the decision
        trace: TraceId,
    },
    /// Reps: what they have, could take, were given, and made of it
    Rep {
        #[command(subcommand)]
        action: Rep,
    },
    /// First contacts that reps owe: due, missed, made
    Sla {
        #[command(subcommand)]
        action: Sla,
    },
    /// All leads by where they stand, the outbox, the worker, who else is at work and what waits for you
    Status,
    /// What is owed to the CRM, and how the worker's loops are
    Sync {
        #[command(subcommand)]
        action: Sync,
    },
    /// The kill switch: write nothing at all to the CRM from now on, in any process, until `resume`
    ///
    /// Verdicts are taken and wait; new leads are read and ranked. It holds for everybody who shares the store.
    Stop {
        /// Why; it is kept in the audit trail
        #[arg(long)]
        reason: String,
    },
    /// Let writing to the CRM go on: what waits is written, once
    Resume {
        /// Why; it is kept in the audit trail
        #[arg(long)]
        reason: String,
    },
    /// What was handed over last to whoever comes next, and who took it over
    Handoff {
        #[command(subcommand)]
        action: Option<Handoff>,
    },
    /// How far automation may go, scope by scope, and whether writing is stopped
    Rollout,
    /// Evidence
    Report {
        #[command(subcommand)]
        action: Report,
    },
    /// Where everything is stored
    Store {
        #[command(subcommand)]
        action: Store,
    },
    /// The keys of the dashboard, and the names by which a keymap file calls what they do
    Keys {
        /// Of this keymap instead of the config's: default, vim, or a file
        #[arg(value_name = "NAME or FILE")]
        keymap: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Run without a screen: a stand-in manager approves every recommendation, until --leads are decided and written
    #[arg(long)]
    pub(crate) headless: bool,

    /// How many leads a headless run decides
    #[arg(long, default_value_t = 200, requires = "headless", value_name = "N")]
    pub(crate) leads: u32,

    /// How many leads of a headless run come in together
    #[arg(long, hide = true, default_value_t = 10, requires = "headless", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: u32,

    /// Which company: the same seed gives the same people, history and leads
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,

    /// Seconds between two arriving leads, on average
    #[arg(long, default_value_t = 6.0, value_name = "SECONDS")]
    pub(crate) every: f64,

    /// Hours in which a lead must be contacted. The reps of the demo call within a minute, or never: 0.01 shows what follows
    #[arg(long, default_value_t = 4.0, conflicts_with = "headless", value_name = "HOURS")]
    pub(crate) sla_hours: f64,

    /// Forget what an earlier demo made, and start anew
    #[arg(long)]
    pub(crate) fresh: bool,

    #[command(flatten)]
    pub(crate) looks: Looks,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DemoOrg {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,

    /// Which company: the same seed gives the same people, history and leads
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,

    /// A made-up company in which who works a lead does not matter: a check that leadboard says so
    #[arg(long, conflicts_with = "history")]
    pub(crate) reps_alike: bool,

    /// Replay the newest deals of this CSV as live leads, instead of a made-up company
    #[arg(long, value_name = "FILE", requires = "map")]
    pub(crate) history: Option<PathBuf>,

    /// What the columns of --history mean
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,

    /// With --history: how many days at the end of the file are replayed
    #[arg(long, default_value_t = 365, value_name = "DAYS")]
    pub(crate) last: u32,

    /// With --history: leads per second
    #[arg(long, default_value_t = 1.0, value_name = "LEADS")]
    pub(crate) speed: f64,

    /// Without --history: seconds between two arriving leads, on average
    #[arg(long, default_value_t = 6.0, value_name = "SECONDS")]
    pub(crate) every: f64,

    /// PEM file of the public key that JWT logins are checked with
    #[arg(long, value_name = "FILE")]
    pub(crate) jwt_public_key: Option<PathBuf>,

    /// Write a leadboard config that points at this org to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) write_config: Option<PathBuf>,

    /// Keep the org's journal in this file, so that it survives a restart
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Have faults, at rates that the seed chooses: all, none, or some by name, with commas. They can be turned while the
    /// org runs by POST /demo/faults {"faults": "slow=0.1,locked_row=3"} with the admin token; GET tells how often each
    /// was injected, and names them all
    #[arg(long, value_name = "all|none|NAME,..", default_value = "none")]
    pub(crate) faults: FaultPlan,

    /// Have this fault at this rate (0.05), or at the next so many chances (3). May be repeated
    #[arg(long = "fault", value_name = "NAME=RATE|COUNT")]
    pub(crate) fault: Vec<FaultPlan>,

    /// Let no leads come by themselves
    #[arg(long, hide = true)]
    pub(crate) idle: bool,

    /// Closed deals of the made-up company
    #[arg(long, hide = true, default_value_t = crate::demo_org::CLOSED_DEALS, value_name = "N")]
    pub(crate) deals: u64,

    /// API calls allowed in 24 hours
    #[arg(long, hide = true, default_value_t = 160_000, value_name = "N")]
    pub(crate) daily_calls: u64,

    /// Send Retry-After with refusals for quota, which Salesforce does not promise
    #[arg(long, hide = true, value_name = "SECONDS")]
    pub(crate) retry_after: Option<u32>,

    /// End when standard input does, so that no org outlives whoever started it
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Read the config and say whether it can be used
    Check,
    /// Print what is set, by file and environment together; of a secret only that it is
    Show,
    /// Print a config with every key, documented
    Example,
}

#[derive(Debug, Subcommand)]
pub(crate) enum History {
    /// Read closed deals from a CSV file
    Import(Import),
    /// Read closed deals from the CRM
    Pull,
    /// Say whether a history is good enough to train on, and what to change if not (exit code 3)
    Audit(Audit),
    /// Print a documented map, to begin one's own with
    Example,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Audit {
    /// A CSV file to judge before it is imported; it shows more than the stored history: open deals, columns that the map
    /// leaves out, line numbers [default: the stored history]
    #[arg(requires = "map")]
    pub(crate) file: Option<PathBuf>,

    /// What its columns mean
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) map: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Import {
    /// The CSV file
    pub(crate) file: PathBuf,

    /// What its columns mean; `leadboard history example` prints one to begin with
    #[arg(long, value_name = "FILE")]
    pub(crate) map: PathBuf,

    /// Import the good lines and write the others to a file, instead of refusing the whole file
    #[arg(long)]
    pub(crate) skip_bad: bool,

    /// Take only what was known before this day: leads created before it, with outcomes known before it (where the file
    /// says when). For trying a model on later leads, as `demo-org --history` replays them
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) before: Option<chrono::NaiveDate>,

    /// Where --skip-bad writes the lines it left out [default: FILE.rejected.csv]
    #[arg(long, value_name = "FILE", requires = "skip_bad")]
    pub(crate) rejected: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Score {
    /// The CSV file with the leads
    pub(crate) file: PathBuf,

    /// What its columns mean
    #[arg(long, value_name = "FILE")]
    pub(crate) map: PathBuf,

    /// Where the scores go
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// Which model [default: the one that ranks]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// One day as text for Slack or e-mail: leads, verdicts, missed first contacts, drift, writes to the CRM
    Daily {
        /// The day, by the clock of this computer, for example 2026-01-31 [default: today so far]
        #[arg(long, value_name = "DAY")]
        day: Option<chrono::NaiveDate>,
    },
    /// Where model and legacy rules differ, and what the model expects of it
    Shadow,
    /// Verdicts by reason with what came of them; approval and agreement by source, legacy owner and recommended rep
    Feedback {
        /// Over how many days
        #[arg(long, default_value_t = crate::app::feedback::DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Move a team from a file to PostgreSQL, or back: copy everything into a store that is empty, and compare
    ///
    /// The store that is copied stays as it is. Use it no more afterwards, or two workers will each believe that theirs is
    /// the only one.
    Copy {
        /// What is copied
        #[arg(long, value_enum)]
        from: StoreKind,

        /// Where it goes
        #[arg(long, value_enum)]
        to: StoreKind,

        /// The PostgreSQL database [default: database_url of the config]. A password is safer in LEADBOARD_DATABASE_URL,
        /// because others on this machine can read a command line
        #[arg(long, value_name = "URL", hide_env_values = true)]
        database_url: Option<SecretString>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoreKind {
    /// The file in the data directory
    Sqlite,
    /// The PostgreSQL database
    Postgres,
}

/// A day or a moment.
fn time(text: &str) -> Result<chrono::DateTime<chrono::Utc>, String> {
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let moment = chrono::DateTime::parse_from_rfc3339(text);
    moment.map(|moment| moment.to_utc()).map_err(|_| "write it as 2026-01-31 or 2026-01-31T12:00:00Z".into())
}

/// One word of an enumeration; the refusal lists them all.
fn word<T>(text: &str) -> Result<T, String>
where
    T: IntoEnumIterator + std::fmt::Display + std::str::FromStr,
{
    let words = || T::iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("there are {}", words()))
}

/// A reason by its letter, in either case, and the digit of a detail; the refusal lists them with their meanings.
fn reason(text: &str) -> Result<Reason, String> {
    let details = |code: ReasonCode| (1..=9).map_while(move |n| Reason::exactly(code, n));
    let all = || ReasonCode::iter().flat_map(|code| std::iter::once(Reason::from(code)).chain(details(code)));
    let codes = || all().map(|reason| format!("  {reason:<2}  {}", reason.title())).collect::<Vec<_>>().join("\n");
    text.to_ascii_uppercase().parse().map_err(|_| format!("the reasons are\n{}", codes()))
}
