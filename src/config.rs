//! Configuration: built-in defaults, then the file, then `LEADBOARD_*` from the environment, then flags.
//!
//! The only place that reads the environment. A wrong key or value is refused with file, line and the nearest right
//! name; nothing falls back to a default in silence.

pub mod salesforce;
