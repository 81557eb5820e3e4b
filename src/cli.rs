//! The command line: the only place that prints, and the only one that turns errors into exit codes.
//!
//! Exit codes: 0 done; 1 it failed, with the reason on standard error; 2 the command line or the config is wrong; 3 a
//! gate refused (audit, promotion, doctor).

mod args;
mod audit;
mod backfill;
mod config;
mod dashboard;
mod demo;
mod demo_org;
mod doctor;
mod drift;
mod evaluate;
mod handoff;
mod history;
mod init;
mod keys;
mod lead;
mod model;
mod model_card;
pub mod out;
mod rep;
mod replay;
mod report;
mod rollout;
mod rules;
mod score;
mod shell;
mod sla;
mod status;
mod stop;
mod store;
mod sync;
mod torture;
mod view;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::app::AppError;
use crate::app::ports::StoreError;
use crate::bootstrap::{BootstrapError, Context};
use crate::config::ConfigError;
use args::{Args, Command};
use out::{Form, Out};

/// Why a command did not do what was asked; decides the exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// It failed (1).
    #[error("{0}")]
    Failed(String),
    /// The command line or the config is wrong (2).
    #[error("{0}")]
    Usage(String),
    /// A gate refused (3). Its reasons were printed as the result of the command.
    #[error("{0}")]
    Gate(String),
}

impl CliError {
    fn code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Gate(_) => ExitCode::from(3),
        }
    }

    /// A failure from any error.
    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        Self::failed(error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<BootstrapError> for CliError {
    fn from(error: BootstrapError) -> Self {
        match error {
            // What is not configured is cured in the config or on the command line.
            BootstrapError::Config(_) | BootstrapError::Missing(_) => Self::Usage(error.to_string()),
            other => Self::failed(other),
        }
    }
}

type CliResult = Result<(), CliError>;

/// Runs the program: reads the command line, does it, returns the exit code.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let out = Out::new(args.form());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.error(&format!("cannot start: {error}"));
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(run(args, out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out.error(&error.to_string());
            error.code()
        }
    }
}

async fn run(args: Args, out: Out) -> CliResult {
    crate::bootstrap::install_crypto();
    match args.command {
        Some(Command::Config { action }) => config::run(&action, args.config.as_deref(), out),
        Some(Command::History { action: args::History::Example }) => {
            history::example(out);
            Ok(())
        }
        Some(Command::Model { action: args::Model::Evaluate(options) }) => evaluate::run(&options, out),
        Some(Command::Init) => init::run(args.config.as_deref(), out),
        Some(Command::Completions { shell }) => shell::completions(shell),
        Some(Command::Keys { keymap }) => {
            keys::run(keymap.as_deref(), &crate::config::load(args.config.as_deref())?, out)
        }
        Some(Command::Man) => shell::man(),
        Some(Command::DemoOrg(options)) => demo_org::run(options, out).await,
        Some(Command::Demo(options)) => demo::run(options, args.data_dir, out).await,
        Some(Command::Torture(options)) => torture::run(options, args.data_dir, out).await,
        command => {
            let context = Context::load(args.config.as_deref(), args.data_dir)?;
            let _logs = crate::telemetry::start(&context.data.logs());
            match command {
                Some(Command::History { action }) => history::run(action, &context, out).await,
                Some(Command::Model { action }) => model::run(action, &context, out).await,
                Some(Command::Score(options)) => score::run(&options, &context, out).await,
                Some(Command::Doctor { read_only }) => doctor::run(read_only, &context, out).await,
                Some(Command::Store { action }) => store::run(action, context, out).await,
                Some(Command::Backfill(options)) => backfill::run(&options, &context, out).await,
                Some(Command::Rules { action }) => rules::run(action, &context, out).await,
                Some(Command::Worker) => worker::run(&context, out).await,
                Some(Command::Audit { action }) => audit::run(action, &context, out).await,
                Some(Command::Replay { trace }) => replay::run(trace, &context, out).await,
                Some(Command::TortureWorker(options)) => torture::work(options, &context).await,
                Some(Command::View { action }) => view::run(action, &context, out).await,
                Some(Command::Lead { action }) => lead::run(action, &context, out).await,
                Some(Command::Rep { action }) => rep::run(&action, &context, out).await,
                Some(Command::Sla { action }) => sla::run(&action, &context, out).await,
                Some(Command::Status) => status::run(&context, out).await,
                Some(Command::Sync { action }) => sync::run(&action, &context, out).await,
                Some(Command::Stop { reason }) => stop::run(true, &reason, &context, out).await,
                Some(Command::Resume { reason }) => stop::run(false, &reason, &context, out).await,
                Some(Command::Handoff { action }) => handoff::run(action.as_ref(), &context, out).await,
                Some(Command::Rollout) => rollout::run(&context, out).await,
                Some(Command::Report { action }) => report::run(&action, &context, out).await,
                _ if out.form() != Form::Text => Err(CliError::Usage(
                    "the dashboard is a screen; `leadboard lead list` and the other commands print what it shows"
                        .into(),
                )),
                _ => dashboard::run(args.dashboard, &context).await,
            }
        }
    }
}
