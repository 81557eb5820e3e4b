//! The demo org over real sockets, as a client meets it.

mod assignment;
mod client;
mod composite;
pub(crate) mod doctor;
mod judging;
mod key;
mod knobs;
mod login;
mod querying;
mod restart;
mod strictness;
mod support;
