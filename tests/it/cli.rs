//! The command line as a user or a script meets it: the real binary, its exit codes and its words.

pub(crate) mod company;
mod digest;
mod drift;
mod evaluate;
mod handoff;
mod history;
mod init;
pub(crate) mod leads;
mod models;
mod rules;
mod scoring;
mod settings;
mod store;
pub(crate) mod support;
mod twins;
