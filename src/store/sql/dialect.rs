//! The few expressions that each database spells its own way. These are SQLite's.

/// The texts of a JSON array (one parameter) as a set of rows.
macro_rules! texts_in {
    ($parameter:literal) => {
        concat!("(SELECT value FROM json_each(", $parameter, "))")
    };
}

/// Whether the first text contains the second, case mattering. Never LIKE: its case rules differ, and it has wildcards.
macro_rules! contains {
    ($text:literal, $part:literal) => {
        concat!("instr(", $text, ", ", $part, ") > 0")
    };
}
