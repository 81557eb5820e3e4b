use proptest::prelude::*;

use super::*;

/// A record: its line, its number of lines, its bytes, and its fields or its fault.
type Handed = (u64, u64, Vec<u8>, Result<Vec<String>, Reason>);

/// Everything a reader hands out for some bytes, the blank lines and all lines.
fn read_all(bytes: &[u8]) -> (Vec<Handed>, u64, u64) {
    let mut records = Records::new(bytes, b',');
    let mut record = Record::default();
    let mut all = Vec::new();
    while records.next(&mut record).unwrap() {
        let fields = match record.fault.clone() {
            Some(fault) => Err(fault),
            None => Ok(record.fields().map(str::to_owned).collect()),
        };
        all.push((record.line, record.lines, record.raw.clone(), fields));
    }
    (all, records.blank(), records.lines())
}

fn fields(bytes: &[u8]) -> Vec<Vec<String>> {
    read_all(bytes).0.into_iter().map(|(.., fields)| fields.unwrap()).collect()
}

#[test]
fn quotes_line_breaks_and_byte_order_mark_are_understood() {
    assert_eq!(fields(b"\xEF\xBB\xBFa,b\r\n1,2\n"), [["a", "b"], ["1", "2"]]);
    assert_eq!(fields(b"\"a,\"\"x\"\"\",b\n,\n"), [["a,\"x\"", "b"], ["", ""]]);
    assert_eq!(fields(b"\"two\r\nlines\",b"), [["two\r\nlines", "b"]]);
    assert_eq!(fields(b"5\" pipe,b"), [["5\" pipe", "b"]], "a quote inside an unquoted field is a character");
}

#[test]
fn lines_are_counted_and_bytes_kept_across_blank_and_broken_lines() {
    let (all, blank, lines) = read_all(b"a,b\n\n\"x\ny\",2\r\n\r\n3,4");
    let places: Vec<_> = all.iter().map(|(line, lines, raw, _)| (*line, *lines, raw.as_slice())).collect();
    assert_eq!(places, [(1, 1, &b"a,b\n"[..]), (3, 2, b"\"x\ny\",2\r\n"), (6, 1, b"3,4")]);
    assert_eq!((blank, lines), (2, 6));
}

#[test]
fn a_missing_quote_costs_one_line_and_not_the_rest_of_the_file() {
    let (all, ..) = read_all(b"1,\"Acme\n2,Bolt\n3,Cog\n");
    assert_eq!(all[0].3, Err(Reason::UnclosedQuote { field: 2 }));
    assert_eq!(all[0].2, b"1,\"Acme\n");
    assert_eq!(all[1].3.as_ref().unwrap(), &["2", "Bolt"]);
    assert_eq!((all[2].0, all.len()), (3, 3));
}

#[test]
fn a_quote_that_another_line_closes_is_not_taken_for_its_end() {
    let (all, ..) = read_all(b"1,\"Acme\n2,Bolt\n3,\"Cog\" & Co\n4,Dot\n");
    assert_eq!(all[0].3, Err(Reason::TextAfterQuote { field: 2 }));
    assert_eq!(all[1].3.as_ref().unwrap(), &["2", "Bolt"]);
    assert_eq!(all[2].3, Err(Reason::TextAfterQuote { field: 2 }));
    assert_eq!(all[3].3.as_ref().unwrap(), &["4", "Dot"]);
}

#[test]
fn a_quoted_field_without_end_is_given_up_before_it_fills_the_memory() {
    let mut file = b"1,\"Acme\n".to_vec();
    file.extend("2,Bolt\n".repeat(MAX_RECORD).bytes());
    let mut records = Records::new(file.as_slice(), b',');
    let mut record = Record::default();
    assert!(records.next(&mut record).unwrap());
    assert_eq!(record.fault, Some(Reason::UnclosedQuote { field: 2 }));
    assert!(records.bytes() < 2 * MAX_RECORD as u64 + BUFFER as u64);
    assert!(records.next(&mut record).unwrap());
    assert_eq!((record.line, record.field(1)), (2, Some("Bolt")));
}

#[test]
fn the_first_byte_that_is_not_utf8_is_named_by_its_line() {
    let (all, ..) = read_all(b"a,b\n1,\"x\ny\xE9\"\n2,ok\n");
    assert_eq!(all[1].3, Err(Reason::NotUtf8 { byte: 0xE9, line: 3, position: 2 }));
    assert_eq!(all[2].3.as_ref().unwrap(), &["2", "ok"]);
}

#[test]
fn a_file_without_line_ends_is_refused_instead_of_read_into_memory() {
    let mut records = Records::new(io::repeat(b'x'), b',');
    assert!(matches!(records.next(&mut Record::default()), Err(ReadFault::LineTooLong { line: 1 })));
}

/// Bytes in which quotes, delimiters and line ends are frequent.
fn nasty_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => prop::sample::select(b"\",\n\r ".to_vec()),
        3 => prop::sample::select(b"ab1".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn every_byte_is_in_exactly_one_record_or_blank_line(bytes in nasty_bytes()) {
        let (all, blank, lines) = read_all(&bytes);
        let handed_out: Vec<u8> = all.iter().flat_map(|(_, _, raw, _)| raw.clone()).collect();
        // Blank lines that are no part of a quoted field are the only bytes missing, and line ends all they have.
        let mut rest = bytes.as_slice();
        for byte in &handed_out {
            while rest.first() != Some(byte) {
                prop_assert!(matches!(rest.first(), Some(b'\n' | b'\r' | 0xEF | 0xBB | 0xBF)));
                rest = &rest[1..];
            }
            rest = &rest[1..];
        }
        let physical = bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
        prop_assert_eq!(lines, physical);
        prop_assert_eq!(all.iter().map(|(_, lines, ..)| lines).sum::<u64>() + blank, physical);
    }

    #[test]
    fn well_formed_files_are_read_as_the_csv_crate_reads_them(
        rows in prop::collection::vec(prop::collection::vec("[a-z\",\n\r é]{0,6}", 3), 1..8),
        crlf in any::<bool>(),
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let mut theirs = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        let theirs: Vec<Vec<String>> =
            theirs.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        prop_assert_eq!(&fields(&bytes), &theirs);
        prop_assert_eq!(&theirs, &rows);
    }
}
