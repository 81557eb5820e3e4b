//! The demo org over real sockets, as a client meets it.

mod assignment;
mod composite;
mod judging;
mod login;
mod querying;
mod restart;
mod strictness;
mod support;
