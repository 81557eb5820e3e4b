//! Small drawings made of characters.

pub mod field;
pub mod list;
pub mod plot;
pub mod sheet;
pub mod strip;
