//! `leadboard model`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Train on the stored history and register the model (exit code 3 if gate G1 refuses it)
    Train {
        /// Make it the model that ranks, if its gates allow
        #[arg(long)]
        promote: bool,
        /// Train although the audit blocks
        #[arg(long)]
        despite_audit: bool,
        /// Show the trees synthetic deals of the rarer outcome until both are equally many (SMOTE-NC)
        #[arg(long)]
        smote: bool,
        /// Let deals of reps with few deals weigh more
        #[arg(long)]
        rep_weights: bool,
    },
    /// List the models
    List,
    /// Show a model's card
    Show {
        /// Model id [default: the one that ranks]
        id: Option<String>,
    },
    /// Compute AUC, calibration and more, with intervals, from a CSV of scores and outcomes, whoever made the scores
    Evaluate(crate::cli::evaluate::Options),
    /// Make a model the one that ranks (exit code 3 if gate G1 refuses it)
    Promote {
        /// Model id
        id: String,
    },
    /// Compare today's leads, and how their deals ended, with what the model learned from
    Drift {
        /// Days of leads to compare [default: drift.window_days of the config]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=92))]
        days: Option<u32>,
    },
    /// Make the model that ranked before the present one rank again; once more, and the present one is back
    Rollback,
    /// Write a model as XGBoost reads it, or the rows that one is trained on elsewhere
    ///
    /// Beside FILE, a file NAME.leadboard.json says what the columns are; `model import` asks for it. With --out
    /// NAME.tar.gz the model is packed as Amazon SageMaker hosts it, and nothing else is in the archive.
    Export(Export),
    /// Take in a model that XGBoost trained elsewhere, and judge it by the same gates (exit code 3 if gate G1 refuses it)
    ///
    /// Reads JSON, UBJSON and the old binary format of XGBoost 1.x to 3.x, and the model.tar.gz of Amazon SageMaker.
    /// Several models are one: their probabilities are averaged. The model does not rank until it is promoted.
    Import(ImportModel),
    /// Run a model on rows of its own columns: for each, the margin, and the probability before and after calibration
    Predict(Predict),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    /// Model id [default: the one that ranks]
    pub(crate) id: Option<String>,

    /// What to write
    #[arg(long, value_enum, default_value_t = ExportFormat::Xgboost)]
    pub(crate) format: ExportFormat,

    /// Where it goes
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// With --format matrix: where the newest fifth of the deals goes; the rest then holds nothing that became known
    /// after its beginning
    #[arg(long, value_name = "FILE")]
    pub(crate) holdout: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// The model as JSON, for XGBoost 1.7 to 3.x
    Xgboost,
    /// The model as UBJSON, for XGBoost 1.7 to 3.x
    Ubjson,
    /// The stored history as CSV: the label first, no header, nothing for a missing value
    Matrix,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImportModel {
    /// The model files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// What its columns are: the .leadboard.json file that `model export` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) features: PathBuf,

    /// It has seen no lead created at or after this time (YYYY-MM-DD, UTC, or with a time as in 2026-01-31T12:00:00Z).
    /// Without it, every figure may rest on deals that it had seen, and it is not cleared to route
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) trained_until: Option<chrono::DateTime<chrono::Utc>>,

    /// Keep the rounds after the best one, in a model that was stopped early
    #[arg(long)]
    pub(crate) all_rounds: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Predict {
    /// Model id [default: the one that ranks]
    #[arg(conflicts_with = "file")]
    pub(crate) id: Option<String>,

    /// CSV without a header, a column for each feature in order; an empty cell is missing
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: PathBuf,

    /// The first column of the rows is a label, and is skipped
    #[arg(long)]
    pub(crate) labelled: bool,

    /// A model file of XGBoost instead of a stored model; may be given several times, to average
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,

    /// With --file: keep the rounds after the best one, in a model that was stopped early
    #[arg(long, requires = "file")]
    pub(crate) all_rounds: bool,

    /// Where the CSV goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
