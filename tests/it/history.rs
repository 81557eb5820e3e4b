//! What a user of `history import` and `score` meets: files, maps, and the words of every refusal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![expect(clippy::float_cmp, reason = "numbers read from a file must be the numbers written there")]

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use leadboard::domain::deal::Outcome;
use leadboard::domain::ids::{LeadId, RepKey};
use leadboard::history::{
    BadRows, CsvInput, HistoryError, Import, Leads, Mapping, Progress, Reason, RejectFile, Rejected, ScoreFile, import,
    read_leads,
};
use proptest::prelude::*;

const MAP: &str = r#"
[columns]
lead_id = "id"
created = "created"
closed = "closed"
rep = "owner"
outcome = "stage"
source = "source"
closed_amount = "value"

[outcome]
won = ["Won"]
lost = ["Lost"]
open = ["Open"]

[features]
numeric = ["pages"]
"#;
const HEADER: &str = "id,created,closed,owner,stage,source,value,pages\n";
const GOOD: &str = "1,2020-01-01,2020-02-01,Ana,Won,Web,100,3\n";

fn map() -> Mapping {
    map_of(MAP)
}

fn map_of(text: &str) -> Mapping {
    Mapping::parse(text, Path::new("map.toml")).unwrap()
}

fn input(bytes: impl Into<Vec<u8>>) -> CsvInput {
    let bytes = bytes.into();
    let total = bytes.len() as u64;
    CsvInput::new("deals.csv", std::io::Cursor::new(bytes), Some(total))
}

fn strict(map: &Mapping, bytes: impl Into<Vec<u8>>) -> Result<Import, HistoryError> {
    import(input(bytes), map, BadRows::Refuse, &mut |_| {})
}

fn skipping(map: &Mapping, bytes: impl Into<Vec<u8>>) -> (Result<Import, HistoryError>, Vec<Rejected>) {
    let mut rejected = Vec::new();
    let result = import(input(bytes), map, BadRows::Skip(&mut rejected), &mut |_| {});
    (result, rejected)
}

fn leads(map: &Mapping, bytes: impl Into<Vec<u8>>) -> Result<Leads, HistoryError> {
    read_leads(input(bytes), map, BadRows::Refuse, &mut |_| {})
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The message for a file of one bad row.
fn refusal(row: &str) -> String {
    let text = strict(&map(), format!("{HEADER}{GOOD}{row}\n")).unwrap_err().to_string();
    let reason = text.lines().find_map(|line| line.strip_prefix("  deals.csv:3: "));
    reason.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn closed_deals_are_read_with_their_facts_and_open_ones_are_counted() {
    let file = format!("{HEADER}{GOOD}2,2020-03-01T10:00:00Z,2020-03-05,Bob,Lost, Web form ,,\n3,,,,Open,,,\n");
    let found = strict(&map(), file).unwrap();
    assert_eq!((found.deals.len(), found.open, found.rows), (2, 1, 3));
    let [ana, bob] = &found.deals[..] else { panic!() };
    assert_eq!((ana.lead_id.as_str(), ana.rep.as_str(), ana.outcome), ("1", "Ana", Outcome::Won));
    assert_eq!(ana.facts.created_at, utc("2020-01-01T00:00:00Z"));
    assert_eq!(ana.closed_at, utc("2020-02-01T23:59:59Z"), "a close date means the end of the day");
    assert!(!ana.closed_assumed);
    assert_eq!((ana.closed_amount, ana.facts.numeric["pages"]), (Some(100.0), 3.0));
    assert_eq!(bob.facts.created_at, utc("2020-03-01T10:00:00Z"));
    assert_eq!((bob.facts.source.as_deref(), bob.closed_amount, bob.facts.numeric.len()), (Some("Web form"), None, 0));
}

#[test]
fn columns_that_the_map_does_not_name_are_left_out_and_listed() {
    let mapping = map_of(&format!("{MAP}[known_afterwards]\ncolumns = [\"late_*\", \"value\"]\n"));
    let found =
        strict(&mapping, format!("{}{}", HEADER.replace('\n', ",late_1,other\n"), GOOD.replace('\n', ",x,y\n")))
            .unwrap();
    assert_eq!(found.columns.known_afterwards, ["late_1"]);
    assert_eq!(found.columns.unused, ["other"]);
    assert_eq!(found.columns.used.len(), 8);
    assert_eq!(
        found.lines(),
        [
            "1 row: 1 closed (1 won, 0 lost), 0 still open and left out, 0 rejected.",
            "Kept out as known only afterwards: \"late_1\".",
            "Not named in the map and left out: \"other\"."
        ]
    );
}

#[test]
fn closing_dates_are_assumed_only_where_the_file_has_none() {
    let mapping = map_of(&format!("{MAP}[history]\nassume_closed_after_days = 180\n"));
    let found = strict(&mapping, format!("{HEADER}{GOOD}2,2020-01-01,,Bob,Lost,,,\n")).unwrap();
    assert!(!found.deals[0].closed_assumed && found.deals[1].closed_assumed);
    assert_eq!(found.deals[1].closed_at, utc("2020-06-29T00:00:00Z"));
}

#[test]
fn a_date_feature_is_the_age_at_creation_and_missing_if_it_lies_later() {
    let mapping = map_of(&MAP.replace("numeric = [\"pages\"]", "dates = { account_age = \"pages\" }"));
    let rows = "1,2020-01-11,2020-02-01,Ana,Won,Web,,2020-01-01\n2,2020-01-11,2020-02-01,Ana,Won,Web,,2020-01-12\n";
    let found = strict(&mapping, format!("{HEADER}{rows}")).unwrap();
    assert_eq!(found.deals[0].facts.numeric["account_age"], 10.0);
    assert!(found.deals[1].facts.numeric.is_empty(), "it was not known when the lead came in");
}

#[test]
fn a_spreadsheet_of_another_country_is_read_as_described() {
    let mapping = map_of(&format!(
        "{MAP}[format]\ndelimiter = \";\"\ndate_formats = [\"%d.%m.%Y\"]\ndecimal_comma = true\nignore_in_numbers = [\".\", \"€\", \" \"]\nmissing = [\"Select\"]\n"
    ));
    let row = "1;03.02.2020;04.02.2020;Ana;Won;Select;1.234,50 €;3\r\n";
    let found = strict(&mapping, format!("\u{feff}{}{row}", HEADER.replace(',', ";"))).unwrap();
    assert_eq!(found.deals[0].closed_at, utc("2020-02-04T23:59:59Z"));
    assert_eq!((found.deals[0].closed_amount, found.deals[0].facts.source.as_deref()), (Some(1234.5), None));
}

#[test]
fn every_bad_row_is_refused_in_words_that_say_what_to_do() {
    assert_eq!(
        refusal("\"2,2020-01-01,2020-02-01,\"\"Bo, b\"\",Won,Web,100,3\""),
        "the whole line is one quoted field (it holds 8 fields); remove the quotes around the line"
    );
    assert_eq!(refusal("2,2020-01-01"), "2 fields where the header has 8");
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,Bob,Won,Web,1,000,3"),
        "9 fields where the header has 8; a value that contains the delimiter needs quotes"
    );
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,\"Bob,Won,Web,100,3"),
        "the quote that opens field 4 is never closed; add it, or double it if it is part of the value"
    );
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,\"Bob\" X,Won,Web,100,3"),
        "text follows the closing quote of field 4; double the quotes that are part of the value"
    );
    assert_eq!(refusal(",,,,,,,"), "every field is empty");
    assert_eq!(refusal(",2020-01-01,2020-02-01,Bob,Won,Web,,"), "no lead id: column \"id\" is empty");
    assert_eq!(refusal("2,,2020-02-01,Bob,Won,Web,,"), "no creation date: column \"created\" is empty");
    assert_eq!(refusal("2,2020-01-01,,Bob,Won,Web,,"), "no closing date: column \"closed\" is empty");
    assert_eq!(refusal("2,2020-01-01,2020-02-01,,Won,Web,,"), "no rep: column \"owner\" is empty");
    assert_eq!(refusal("2,2020-01-01,2020-02-01,Bob,,Web,,"), "no outcome: column \"stage\" is empty");
    assert_eq!(
        refusal("2,12/31/2019,2020-02-01,Bob,Won,Web,,"),
        "column \"created\" holds \"12/31/2019\", which is not a date as the map describes dates; if dates are written so, put \
         \"%m/%d/%Y\" (month first) into [format] date_formats of the map"
    );
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,Bob,Won,Web,\"1,000\","),
        "column \"value\" holds \"1,000\", which is not a number; if the comma is the decimal sign, set [format] decimal_comma = \
         true in the map; if it separates thousands, ignore_in_numbers = [\",\"]"
    );
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,Bob,Won,Web,,many"),
        "column \"pages\" holds \"many\", which is not a number; if it means \"nothing\", list it under [format] missing in the \
         map; if the column is no number, list it under [features] categorical"
    );
    assert_eq!(
        refusal("1,2020-01-01,2020-02-01,Bob,Won,Web,,"),
        "lead id \"1\" was already used on line 2; each deal may appear once"
    );
    assert_eq!(
        refusal("2,2020-01-01,2019-12-31,Bob,Won,Web,,"),
        "closed \"2019-12-31\" but created \"2020-01-01\": the dates contradict each other"
    );
    assert_eq!(
        refusal("2,2020-01-01,2020-02-01,\u{1b}[2JBob,Won,Web,,\u{1b}[2J"),
        "column \"pages\" holds \"\u{FFFD}[2J\", which is not a number; if it means \"nothing\", list it under [format] missing in \
         the map; if the column is no number, list it under [features] categorical",
        "a file cannot drive the terminal through an error message"
    );
}

#[test]
fn a_row_that_is_not_utf8_is_named_by_byte_line_and_place() {
    let mut file = format!("{HEADER}{GOOD}2,2020-01-01,2020-02-01,Ren").into_bytes();
    file.extend(b"\xE9,Won,Web,,\n");
    let text = strict(&map(), file).unwrap_err().to_string();
    assert!(
        text.contains("deals.csv:3: byte 0xE9 at position 28 of line 3 is not UTF-8; save the file as UTF-8 (in Excel: \"CSV UTF-8\")"),
        "{text}"
    );
}

#[test]
fn a_refused_file_shows_its_first_bad_rows_and_counts_the_rest() {
    let mut file = format!("{HEADER}{GOOD}");
    for _ in 0..11 {
        file.push_str("short\n");
    }
    file.push_str("1,2020-01-01,2020-02-01,Bob,Won,Web,,\n");
    let text = strict(&map(), file).unwrap_err().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "deals.csv: 12 of 13 rows cannot be read, so nothing was taken from it:");
    assert_eq!(lines[1], "  deals.csv:3: 1 field where the header has 8");
    assert_eq!(lines[10], "  deals.csv:12: 1 field where the header has 8");
    assert_eq!(
        &lines[11..],
        [
            "  and 2 more. By kind:",
            "            1  lead id used twice",
            "           11  wrong number of fields",
            "Correct the file, or take only its 1 readable row with --skip-bad, which writes the rejected lines to a file."
        ]
    );
}

#[test]
fn a_file_without_a_readable_row_points_at_the_map() {
    let text = strict(&map(), format!("{HEADER}short\n")).unwrap_err().to_string();
    assert!(text.ends_with("\nNo row can be read; see whether the map fits this file."), "{text}");
}

#[test]
fn a_wrong_column_is_named_with_the_nearest_right_one() {
    let mapping = map_of(&MAP.replace("\"closed\"", "\"close_d\"").replace("[\"pages\"]", "[\"zzz\"]"));
    assert_eq!(
        strict(&mapping, format!("{HEADER}{GOOD}")).unwrap_err().to_string(),
        "map.toml:5: column \"close_d\" ([columns] closed) is not in deals.csv; did you mean \"closed\"? its columns are \"id\", \
         \"created\", \"closed\", \"owner\", \"stage\", \"source\", \"value\", \"pages\"\n\
         map.toml:17: column \"zzz\" ([features] numeric) is not in deals.csv; its columns are \"id\", \"created\", \"closed\", \
         \"owner\", \"stage\", \"source\", \"value\", \"pages\""
    );
}

#[test]
fn a_wrong_delimiter_is_recognised() {
    let text = strict(&map(), HEADER.replace(',', ";")).unwrap_err().to_string();
    assert!(
        text.starts_with(
            "map.toml:3: column \"id\" ([columns] lead_id) is not in deals.csv; its header is a single column; if fields are \
             separated by \";\", say so in [format] delimiter\n"
        ),
        "{text}"
    );
}

#[test]
fn a_column_that_the_file_has_twice_is_refused_if_the_map_names_it() {
    let text = strict(&map(), HEADER.replace('\n', ",owner\n")).unwrap_err().to_string();
    assert_eq!(
        text,
        "map.toml:6: column \"owner\" ([columns] rep) is in deals.csv twice, as columns 4 and 9; rename one of them in the file"
    );
}

#[test]
fn a_column_to_keep_out_must_exist() {
    let mapping = map_of(&format!("{MAP}[known_afterwards]\ncolumns = [\"valeu\", \"late_*\"]\n"));
    assert_eq!(
        strict(&mapping, format!("{HEADER}{GOOD}")).unwrap_err().to_string(),
        "map.toml:19: \"valeu\" ([known_afterwards] columns) fits no column of deals.csv; did you mean \"value\"?\n\
         map.toml:19: \"late_*\" ([known_afterwards] columns) fits no column of deals.csv; remove it, or correct its spelling"
    );
}

#[test]
fn history_needs_outcome_and_closing_date_or_an_assumption() {
    let mapping = map_of("[columns]\nlead_id = \"id\"\ncreated = \"created\"\nrep = \"owner\"\n");
    assert_eq!(
        strict(&mapping, format!("{HEADER}{GOOD}")).unwrap_err().to_string(),
        "map.toml:1: [columns] lacks \"outcome\"; add: outcome = \"…\", the column that says won or lost\n\
         map.toml:1: [columns] lacks \"closed\"; add: closed = \"…\", or if the file has no closing date, \
         assume_closed_after_days = 180 in [history]"
    );
}

#[test]
fn an_outcome_that_the_map_does_not_know_is_refused_even_when_bad_rows_are_skipped() {
    let rows = "2,2020-01-01,2020-02-01,Bob,won,Web,,\n3,2020-01-01,2020-02-01,Bob,Renewed,Web,,\n4,,,,won,,,\n";
    let (result, _) = skipping(&map(), format!("{HEADER}{GOOD}{rows}"));
    assert_eq!(
        result.unwrap_err().to_string(),
        "map.toml:11: the outcome \"won\" is neither won, lost nor open: column \"stage\" of deals.csv holds it in 2 rows, first \
         on line 3; list it in [outcome], perhaps beside \"Won\", or correct the file\n\
         map.toml:11: the outcome \"Renewed\" is neither won, lost nor open: column \"stage\" of deals.csv holds it in 1 row, first \
         on line 4; list it in [outcome] under won, lost or open (open rows are left out), or correct the file"
    );
}

#[test]
fn what_is_no_csv_is_refused_by_its_name() {
    let refused = |bytes: &[u8]| strict(&map(), bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "deals.csv: the file is empty; it needs a header line that names its columns");
    assert_eq!(
        refused(b"PK\x03\x04rest"),
        "deals.csv: this is not a CSV file: it is an Excel workbook or another zip archive; save it as \"CSV UTF-8\" from the \
         spreadsheet"
    );
    assert_eq!(
        refused(b"\xFF\xFEi\0d\0"),
        "deals.csv: this is not a CSV file: it is encoded as UTF-16; save it as UTF-8 (in Excel: \"CSV UTF-8\")"
    );
    assert_eq!(
        refused(b"id,created\r1,2020-01-01\r"),
        "deals.csv:1: lines end with a lone CR, as on very old Macs; save it with Windows (CR LF) or Unix (LF) line ends"
    );
    assert_eq!(
        refused(b"id,\"created\n"),
        "deals.csv:1: the header cannot be read: the quote that opens field 2 is never closed; add it, or double it if it is part \
         of the value"
    );
    let missing = CsvInput::open(Path::new("no/such/file.csv")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read no/such/file.csv: "), "{missing}");
}

// ---------------------------------------------------------------------------------------------------------------- joins

/// A folder with a map, and with an accounts file beside it.
fn joined(accounts: &str, file: &str) -> Result<Import, HistoryError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
    let text = MAP.replace("source = \"source\"", "source = \"source\"\nindustry = \"account.sector\"")
        + "[[join]]\nfile = \"accounts.csv\"\nkey = \"name\"\ncolumn = \"pages\"\nprefix = \"account.\"\n";
    let path = folder.path().join("map.toml");
    fs::write(&path, text.replace("numeric = [\"pages\"]", "")).unwrap();
    strict(&Mapping::load(&path)?, file)
}

#[test]
fn further_columns_are_looked_up_and_missing_keys_are_reported() {
    let row = |id: u32, account: &str| format!("{id},2020-01-01,2020-02-01,Ana,Won,Web,,{account}\n");
    let file = [HEADER.to_owned(), row(1, "Acme"), row(2, "GTXPro"), row(3, "GTXPro"), row(4, "")].concat();
    let found = joined("name,sector\nAcme,Retail\nGTX Pro,Software\n", &file).unwrap();
    let industries: Vec<_> = found.deals.iter().map(|deal| deal.facts.industry.as_deref()).collect();
    assert_eq!(industries, [Some("Retail"), None, None, None], "never silently repaired");
    let join = &found.joins[0];
    assert_eq!((join.matched, join.unmatched), (1, 2));
    assert_eq!(join.unmatched_keys, [("GTXPro".into(), 2, Some("GTX Pro".into()))]);
    assert!(found.lines()[1].ends_with("accounts.csv: 2 rows, for example \"GTXPro\" (2 rows; perhaps \"GTX Pro\")."));
}

#[test]
fn a_joined_file_must_be_correct() {
    let refused = |accounts| joined(accounts, &format!("{HEADER}{GOOD}")).unwrap_err().to_string();
    assert!(refused("name,sector\nAcme,a\nBolt,b\nAcme,c\n").ends_with(
        "accounts.csv:4: \"Acme\" is there twice (first on line 2); a key of a joined file must be unique; remove one of the two"
    ));
    assert!(
        refused("name,sector\nAcme\n").ends_with(
            "accounts.csv:2: 1 fields where the header has 2; a joined file must be correct; repair this line"
        )
    );
    assert!(refused("nam,sector\n").contains("column \"name\" ([[join]]) is not in "));
    assert!(refused("name,sectr\n").contains("did you mean \"account.sectr\"?"));
    assert!(refused("").ends_with("accounts.csv: the file is empty; it needs a header line"));
}

// ------------------------------------------------------------------------------------------------------------ skip bad

#[test]
fn skipped_rows_go_to_a_file_that_can_be_corrected_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejected.csv");
    let quoted = "\"2,2020-01-01,2020-02-01,Bob,Won,Web,100,3\"\r\n";
    let short = "3,2020-01-01\n";
    let mut rejects = RejectFile::new(&path);
    let file = format!("{HEADER}{quoted}{GOOD}\n{short}");
    let found = import(input(file), &map(), BadRows::Skip(&mut rejects), &mut |_| {}).unwrap();
    assert!(!path.exists(), "it appears only when it is complete");
    assert_eq!(rejects.finish().unwrap().as_deref(), Some(path.as_path()));

    assert_eq!((found.deals.len(), found.rejected.count), (1, 2));
    assert_eq!(found.rejected.first[0].reason, Reason::WholeLineQuoted { fields: 8 });
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{HEADER}{quoted}{short}"));
    assert_eq!(
        fs::read_to_string(folder.path().join("rejected.csv.reasons.txt")).unwrap(),
        "line 2: the whole line is one quoted field (it holds 8 fields); remove the quotes around the line\n\
         line 5: 2 fields where the header has 8\n"
    );
    let corrected = fs::read_to_string(&path).unwrap().replace('"', "").replace(short, "");
    assert_eq!(strict(&map(), corrected).unwrap().deals[0].lead_id, LeadId::new("2"));
}

#[test]
fn nothing_is_left_behind_when_nothing_was_rejected_or_the_import_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejected.csv");
    let mut rejects = RejectFile::new(&path);
    import(input(format!("{HEADER}{GOOD}")), &map(), BadRows::Skip(&mut rejects), &mut |_| {}).unwrap();
    assert_eq!(rejects.finish().unwrap(), None);
    let mut rejects = RejectFile::new(&path);
    let failing = format!("{HEADER}short\n2,2020-01-01,2020-02-01,Bob,Renewed,Web,,\n");
    assert!(import(input(failing), &map(), BadRows::Skip(&mut rejects), &mut |_| {}).is_err());
    drop(rejects);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn progress_reaches_the_end_of_the_file() {
    let rows = (0..2_500).map(|id| format!("{id},2020-01-01,2020-02-01,Ana,Won,Web,100,3\n"));
    let file: String = std::iter::once(HEADER.to_owned()).chain(rows).collect();
    let total = file.len() as u64;
    let mut seen: Vec<Progress> = Vec::new();
    import(input(file), &map(), BadRows::Refuse, &mut |progress| seen.push(progress)).unwrap();
    assert_eq!(seen.iter().map(|progress| progress.rows).collect::<Vec<_>>(), [1_000, 2_000, 2_500]);
    assert_eq!(seen[2], Progress { bytes: total, total: Some(total), rows: 2_500 });
}

// --------------------------------------------------------------------------------------------------------------- leads

#[test]
fn leads_to_score_need_neither_outcome_nor_rep() {
    let mapping = map_of(&format!("{MAP}[known_afterwards]\ncolumns = [\"value\"]\n"));
    let found = leads(&mapping, "id,created,source,pages\n7,2020-01-01,Web,3\n").unwrap();
    let row = &found.rows[0];
    assert_eq!((row.lead_id.as_str(), row.rep.as_ref(), row.line), ("7", None, 2));
    assert_eq!((row.facts.source.as_deref(), row.facts.numeric["pages"]), (Some("Web"), 3.0));
}

#[test]
fn leads_that_have_been_worked_name_their_rep_and_the_same_facts_as_history() {
    let file = format!("{HEADER}{GOOD}");
    let found = leads(&map(), file.clone()).unwrap();
    assert_eq!(found.rows[0].rep, Some(RepKey::new("Ana")));
    assert_eq!(found.rows[0].facts, strict(&map(), file).unwrap().deals[0].facts);
}

#[test]
fn bad_leads_are_refused_as_bad_deals_are() {
    let text = leads(&map(), format!("{HEADER}{GOOD}{GOOD}")).unwrap_err().to_string();
    assert!(text.contains("deals.csv:3: lead id \"1\" was already used on line 2"), "{text}");
    let text = leads(&map(), "id,created,pages\n").unwrap_err().to_string();
    assert!(text.starts_with("map.toml:8: column \"source\" ([columns] source) is not in deals.csv"), "{text}");
}

// -------------------------------------------------------------------------------------------------------------- scores

#[test]
fn scores_are_written_whole_and_harmless_to_a_spreadsheet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    fs::write(&path, "old").unwrap();
    let mut file = ScoreFile::create(&path).unwrap();
    file.row(&LeadId::new("7"), "Ana, Lead", 1, 0.1 + 0.2).unwrap();
    file.row(&LeadId::new("=1+1"), "Bob", 2, 1e-9).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old", "the old file stays until the new one is complete");
    file.finish().unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "lead_id,rep_id,rank,p_win\n7,\"Ana, Lead\",1,0.30000000000000004\n'=1+1,Bob,2,0.000000001\n"
    );
    drop(ScoreFile::create(&path).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "an abandoned file leaves nothing");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let error = ScoreFile::create(Path::new("no/such/folder/scores.csv")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create no/such/folder/scores.csv: "), "{error}");
}

// ---------------------------------------------------------------------------------------------------------- properties

/// Lines that are good, open, bad in many ways, or noise.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let row = (0u32..40, prop::sample::select(vec!["Won", "Lost", "Open", ""]), "[a-z\",\r\u{e9}]{0,4}")
        .prop_map(|(id, stage, source)| format!("{id},2020-01-01,2020-02-01,Ana,{stage},{source},1,2\n").into_bytes());
    let whole = (0u32..40).prop_map(|id| format!("\"{id},2020-01-01,2020-02-01,Ana,Won,x,1,2\"\r\n").into_bytes());
    let noise = prop::collection::vec(any::<u8>(), 0..30);
    prop_oneof![5 => row, 1 => whole, 1 => noise, 1 => Just(b"\n".to_vec())]
}

proptest! {
    #[test]
    fn every_row_is_a_deal_or_open_or_rejected_and_every_line_is_accounted_for(
        lines in prop::collection::vec(any_line(), 0..40)
    ) {
        let body: Vec<u8> = lines.concat();
        let file = [HEADER.as_bytes(), &body].concat();
        let physical = file.split_inclusive(|byte| *byte == b'\n').count() as u64;
        let (result, rejected) = skipping(&map(), file.clone());
        // Noise may happen to form an outcome that the map does not know; that is refused, not lost.
        if let Ok(found) = result {
            prop_assert_eq!(found.deals.len() as u64 + found.open + found.rejected.count, found.rows);
            prop_assert_eq!(found.rejected.count, rejected.len() as u64);
            let lines = found.lines;
            prop_assert_eq!(lines.lines, physical);
            prop_assert_eq!(lines.header + lines.taken + lines.rejected + lines.blank, physical);
            for row in &rejected {
                let first = usize::try_from(row.line).unwrap() - 1;
                let count = usize::try_from(row.lines).unwrap();
                let original: Vec<u8> = file.split_inclusive(|byte| *byte == b'\n').skip(first).take(count).flatten().copied().collect();
                prop_assert_eq!(&row.raw, &original, "the exact bytes of its lines");
            }
            match strict(&map(), file) {
                Ok(same) => prop_assert_eq!(&same.deals, &found.deals),
                Err(HistoryError::Refused(refusal)) => prop_assert_eq!(refusal.rejections, found.rejected),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn rejected_rows_written_and_read_again_are_the_same_bytes(lines in prop::collection::vec(any_line(), 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected.csv");
        let file = [HEADER.as_bytes(), &lines.concat()].concat();
        let (result, rejected) = skipping(&map(), file.clone());
        if result.is_ok() {
            let mut rejects = RejectFile::new(&path);
            import(input(file), &map(), BadRows::Skip(&mut rejects), &mut |_| {}).unwrap();
            let written = rejects.finish().unwrap();
            prop_assert_eq!(written.is_some(), !rejected.is_empty());
            if written.is_some() {
                let bytes: Vec<u8> = rejected.iter().flat_map(|row| row.raw.clone()).collect();
                prop_assert_eq!(fs::read(&path).unwrap(), [HEADER.as_bytes(), &bytes].concat());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), with_header in any::<bool>()) {
        let file = if with_header { [HEADER.as_bytes(), &bytes].concat() } else { bytes.clone() };
        drop(skipping(&map(), file.clone()));
        drop(strict(&map(), file.clone()).map_err(|error| error.to_string()));
        drop(leads(&map(), file));
        drop(Mapping::parse(&String::from_utf8_lossy(&bytes), Path::new("map.toml")));
    }
}

#[test]
fn the_smallest_map_of_the_readme_works() {
    let readme = include_str!("../../assets/maps/README.md");
    let map = readme.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = "Opportunity ID,Created Date,Close Date,Owner,Stage\n7,2020-01-01,2020-02-01,Ana,Closed Won\n";
    assert_eq!(strict(&map_of(map), file).unwrap().deals.len(), 1);
}
