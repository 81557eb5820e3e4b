use super::*;

fn errors(map: &str) -> String {
    Mapping::parse(map, Path::new("map.toml")).unwrap_err().to_string()
}

/// A map that says what every map must, and then `more`.
fn with(more: &str) -> String {
    format!(
        "[columns]\nlead_id = \"id\"\ncreated = \"day\"\nrep = \"owner\"\noutcome = \"stage\"\n[outcome]\nwon = [\"W\"]\nlost = [\"L\"]\n{more}"
    )
}

#[test]
fn the_bundled_example_parses() {
    let mapping = Mapping::parse(EXAMPLE_MAP, Path::new("maps/example.toml")).unwrap();
    assert_eq!(mapping.columns.len(), 14, "every role is shown");
    assert_eq!(mapping.features.len(), 5);
    assert_eq!(mapping.joins[0].path, Path::new("maps/accounts.csv"));
}

#[test]
fn the_bundled_example_parses_with_its_comments_taken_up() {
    let rare = EXAMPLE_MAP
        .replace("# assume_", "assume_")
        .replace("created = \"Created", "# \"")
        .replace("rep = \"Owner", "# \"");
    let mapping = Mapping::parse(&rare, Path::new("example.toml")).unwrap();
    assert!(mapping.assume.created.is_some() && mapping.assume.rep.is_some());
}

#[test]
fn values_may_be_written_without_quotes_where_toml_allows_it() {
    let mapping = Mapping::parse(&with("").replace("[\"W\"]", "[1, true]"), Path::new("map.toml")).unwrap();
    assert_eq!(mapping.outcomes.won, ["1", "true"]);
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    assert_eq!(
        errors(&with("[format]\ndelimeter = \";\"\n[colums]\n")),
        "map.toml:10: [format] knows no \"delimeter\"; did you mean \"delimiter\"?\n\
         map.toml:11: the map knows no \"colums\"; did you mean \"columns\"?"
    );
    assert_eq!(
        errors(&with("[[join]]\nfile = \"a.csv\"\nkey = \"k\"\ncolumn = \"owner\"\nzzz = 1\n")),
        "map.toml:13: [[join]] knows no \"zzz\"; it knows \"file\", \"key\", \"column\", \"prefix\""
    );
}

#[test]
fn what_every_map_needs_is_asked_for() {
    assert_eq!(
        errors(""),
        "map.toml: the map names no columns; it needs a section [columns] with lead_id, created, rep and outcome; see the \
         example map"
    );
    assert_eq!(
        errors("[columns]\nsource = \"s\"\n"),
        "map.toml:1: [columns] lacks \"lead_id\"; add: lead_id = \"…\", the column that names each lead\n\
         map.toml:1: [columns] lacks \"created\"; add: created = \"…\", or if the file has no creation date, assume_created = \
         \"2020-01-01\" in [history]\n\
         map.toml:1: [columns] lacks \"rep\"; add: rep = \"…\", or if the file has no rep, assume_rep = \"everybody\" in [history]"
    );
    assert_eq!(
        errors(
            "[columns]\nlead_id = \"id\"\ncreated = \"day\"\nrep = \"owner\"\noutcome = \"stage\"\n[outcome]\nlost = [\"L\"]\n"
        ),
        "map.toml:6: no value of \"stage\" means won; list the values in [outcome], for example won = [\"Closed Won\"]"
    );
    assert_eq!(
        errors(&with("[[join]]\nfile = \"a.csv\"\nkey = \"k\"\n")),
        "map.toml:9: [[join]] lacks \"column\"; add: column = \"…\""
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    assert_eq!(
        errors(&with("[features]\nnumeric = [\"day\"]\n")),
        "map.toml:10: column \"day\" is used twice: as [columns] created (line 3) and as [features] numeric; use it once"
    );
    assert_eq!(
        errors(&with("[features]\nnumeric = [\"pages\"]\ncategorical = { pages = \"p\" }\n")),
        "map.toml:11: two features are called \"pages\" (the other is on line 10); give each its own name"
    );
    assert_eq!(
        errors(&with("[features]\nnumeric = [\"late_score\"]\n[known_afterwards]\ncolumns = [\"late_*\"]\n")),
        "map.toml:10: column \"late_score\" is used as [features] numeric, but \"late_*\" in [known_afterwards] (line 12) says \
         that it is not known when a lead comes in; take it out of one of the two"
    );
    assert_eq!(
        errors(&with("open = [\"L\"]\n")),
        "map.toml:9: the outcome \"L\" is listed under lost and under open; list it once"
    );
    assert_eq!(
        errors(&with("[history]\nassume_rep = \"all\"\n")),
        "map.toml:4: [columns] names the rep and [history] assumes one; remove rep or assume_rep"
    );
    assert_eq!(
        errors(&with("[[join]]\nfile = \"a.csv\"\nkey = \"k\"\ncolumn = \"stage\"\n")),
        "map.toml:12: [[join]] looks up by \"stage\", the outcome, which is known only afterwards; look up by a column that is \
         known when the lead comes in"
    );
}

#[test]
fn the_amount_at_closing_may_also_be_declared_as_known_afterwards() {
    let map = with("[known_afterwards]\ncolumns = [\"value\"]\n").replace("rep =", "closed_amount = \"value\"\nrep =");
    assert!(Mapping::parse(&map, Path::new("map.toml")).is_ok());
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    assert_eq!(
        errors(&with("[format]\ndelimiter = \"::\"\ndecimal_comma = \"yes\"\ndate_formats = [\"%Y\", \"%Q\"]\n")),
        "map.toml:10: the delimiter \"::\" is not usable; it must be one ASCII character: \",\", \";\", \"|\" or \"\\t\"\n\
         map.toml:11: decimal_comma in [format] is not understood; it must be true or false\n\
         map.toml:12: the date format \"%Y\" does not hold a whole date; write it like \"%d.%m.%Y\" or \"%Y-%m-%d %H:%M:%S\"\n\
         map.toml:12: the date format \"%Q\" is not understood; write it like \"%d.%m.%Y\" or \"%Y-%m-%d %H:%M:%S\""
    );
    assert_eq!(
        errors(&with("[format]\nignore_in_numbers = [\".\"]\ndate_formats = []\n")),
        "map.toml:10: ignore_in_numbers lists \".\", which numbers need; digits, the minus and the decimal sign cannot be left out\n\
         map.toml:11: date_formats is empty; leave it out for ISO dates such as 2017-12-31"
    );
    assert_eq!(
        errors(&with("[history]\nassume_closed_after_days = -1\nassume_created = \"soon\"\n")),
        "map.toml:10: assume_closed_after_days in [history] is not understood; it must be a whole number\n\
         map.toml:11: assume_created is \"soon\", not a date; write it like \"2017-12-31\""
    );
    assert_eq!(
        errors(&with("[features]\nnumeric = 7\n")),
        "map.toml:10: numeric in [features] is not understood; it must be a list of columns, or { name = \"column\" }"
    );
    assert_eq!(
        errors("columns = 1\n[join]\n"),
        "map.toml: the map names no columns; it needs a section [columns] with lead_id, created, rep and outcome; see the \
         example map\n\
         map.toml:1: columns is not understood; it must be a section: write [columns] on a line of its own\n\
         map.toml:2: join is not understood; it must be a list of sections: write [[join]] on a line of its own"
    );
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    let error = errors("[columns]\nlead_id = id\n");
    assert!(error.starts_with("map.toml:2: "), "{error}");
    assert!(
        error.ends_with("; compare it with the example map: texts in quotes, lists in [ ], one key a line"),
        "{error}"
    );
}

#[test]
fn patterns_fit_whole_names() {
    assert!(fits("late_*", "late_score") && fits("late_*", "late_"));
    assert!(!fits("late_*", "x_late_score") && !fits("late", "late_score"));
    assert!(fits("*_at", "closed_at") && fits("a*b*c", "a1b2b3c") && fits("*", ""));
    assert!(!fits("a*a", "a") && !fits("*b*", "acd"));
}

#[test]
fn spellings_are_replaced_by_what_is_meant() {
    let mapping =
        Mapping::parse(&with("[values.owner]\n\"ana \" = \"Ana\"\n[values.\"Lead Source\"]\n"), Path::new("m.toml"))
            .unwrap();
    let owner = mapping.replacements.iter().find(|replaced| replaced.column.name == "owner").unwrap();
    assert_eq!((owner.read("ana"), owner.read("Bob")), ("Ana", "Bob"));
    assert_eq!(owner.column.line, 9);
}

#[test]
fn replacements_that_cannot_be_meant_are_refused() {
    assert_eq!(
        errors(&with("[values]\nowner = \"Ana\"\n")),
        "map.toml:10: \"owner\" in [values] is not understood; it must be a table of \"as written\" = \"as meant\""
    );
    assert_eq!(
        errors(&with("[values.owner]\nana = 1.5\nbob = \"\"\ncai = \"dan\"\ndan = \"Dan\"\n")),
        "map.toml:10: \"ana\" in [values.\"owner\"] is not understood; it must be a text in quotes\n\
         map.toml:11: [values.\"owner\"] has an empty value; to read a value as \"nothing\", list it in [format] missing\n\
         map.toml:12: \"cai\" is read as \"dan\", which is itself replaced; write what is meant in the end: \"Dan\""
    );
}

proptest::proptest! {
    #[test]
    fn whatever_the_file_holds_it_is_a_mapping_or_an_error_with_a_place(text in crate::testing::mangled(EXAMPLE_MAP)) {
        if let Err(error) = Mapping::parse(&text, Path::new("deals.toml")) {
            proptest::prop_assert!(error.to_string().contains("deals.toml"), "{}", error);
        }
    }
}
