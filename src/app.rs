//! Use cases: what leadboard does, said in terms of the domain, policy, the model and ports.
//!
//! Nothing here knows SQL, HTTP or the terminal. Each use case is one file and can be tested with fakes of the ports.

pub mod ports;
pub mod views;
