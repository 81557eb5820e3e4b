//! The demo org over real sockets, as a client meets it.

mod accounts;
mod assignment;
mod bulk;
pub(crate) mod client;
mod composite;
pub(crate) mod doctor;
mod history;
mod judging;
mod key;
mod knobs;
mod login;
mod querying;
mod refreshing;
mod restart;
mod strictness;
pub(crate) mod support;
mod workload;
