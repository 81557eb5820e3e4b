//! `leadboard completions` and `leadboard man`.

use clap::CommandFactory;

use super::args::Args;
use super::out::{Form, Out};
use super::{CliError, CliResult};

pub(super) fn completions(shell: clap_complete::Shell) -> CliResult {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "leadboard", &mut text);
    print(text)
}

pub(super) fn man() -> CliResult {
    let mut text = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut text).map_err(CliError::failed)?;
    print(text)
}

fn print(text: Vec<u8>) -> CliResult {
    Out::new(Form::Text).verbatim(&String::from_utf8(text).map_err(CliError::failed)?);
    Ok(())
}
