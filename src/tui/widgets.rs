//! Small drawings made of characters.

pub mod plot;
pub mod strip;
