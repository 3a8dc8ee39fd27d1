//! Quoting tests with an independent CSV parser.

use bytes::Bytes;
use export::column::{ColumnType, Read};
use proptest::prelude::*;

use super::super::ValueProblem;
use super::*;

fn column(name: &str, kind: ColumnType) -> Column {
    Column::native(name, 25, kind)
}

fn block(rows: &[Vec<Option<Vec<u8>>>]) -> Block {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend((row.len() as i16).to_be_bytes());
        for cell in row {
            match cell {
                None => bytes.extend((-1i32).to_be_bytes()),
                Some(value) => {
                    bytes.extend((value.len() as i32).to_be_bytes());
                    bytes.extend(value);
                }
            }
        }
    }
    Block { bytes: Bytes::from(bytes), rows: rows.len() as u64, before: 0 }
}

fn csv(columns: &[Column], options: &CsvOptions, rows: &[Vec<Option<Vec<u8>>>]) -> String {
    let mut out = Vec::new();
    Csv::new(columns, options).block(&block(rows), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn texts(values: &[Option<&str>]) -> Vec<Option<Vec<u8>>> {
    values.iter().map(|v| v.map(|v| v.as_bytes().to_vec())).collect()
}

#[test]
fn fields_are_quoted_like_postgresql() {
    let columns =
        [column("a", ColumnType::Text), column("b, c", ColumnType::Text), column("q\"", ColumnType::Text)];
    let rows = [
        texts(&[None, Some(""), Some("plain text")]),
        texts(&[Some("a,b"), Some("say \"hi\""), Some("two\nlines")]),
        texts(&[Some("cr\r"), Some("\\."), Some("\"")]),
        texts(&[Some("12345678,"), Some("1234567\""), Some(" x ")]),
    ];
    let expected = "a,\"b, c\",\"q\"\"\"\n,\"\",plain text\n\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n\
                    \"cr\r\",\\.,\"\"\"\"\n\"12345678,\",\"1234567\"\"\", x \n";
    assert_eq!(csv(&columns, &CsvOptions::default(), &rows), expected);
}

#[test]
fn the_end_marker_alone_on_a_line_is_quoted() {
    let out = csv(
        &[column("a", ColumnType::Text)],
        &CsvOptions::default(),
        &[texts(&[Some("\\.")]), texts(&[None])],
    );
    assert_eq!(out, "a\n\"\\.\"\n\n");
}

#[test]
fn options_apply_to_every_type() {
    let columns =
        [column("n", ColumnType::Int4), column("t", ColumnType::Timestamp), column("s", ColumnType::Text)];
    let row = vec![Some(7i32.to_be_bytes().to_vec()), Some(0i64.to_be_bytes().to_vec()), None];
    let options = CsvOptions { delimiter: ' ', null: "7".into(), header: false, ..CsvOptions::default() };
    assert_eq!(csv(&columns, &options, std::slice::from_ref(&row)), "\"7\" \"2000-01-01 00:00:00\" 7\n");
    let options = CsvOptions { delimiter: ';', null: "\\N".into(), header: false, ..CsvOptions::default() };
    assert_eq!(csv(&columns, &options, &[row]), "7;2000-01-01 00:00:00;\\N\n");
}

#[test]
fn header_is_written_once() {
    let columns = [column("a", ColumnType::Text)];
    let mut encoder = Csv::new(&columns, &CsvOptions::default());
    let (mut out, mut second) = (Vec::new(), block(&[texts(&[Some("y")])]));
    encoder.block(&block(&[texts(&[Some("x")])]), &mut out).unwrap();
    second.before = 1;
    encoder.block(&second, &mut out).unwrap();
    assert_eq!(out, b"a\nx\ny\n");
}

#[test]
fn invalid_value_is_located_without_showing_it() {
    let columns = [column("id", ColumnType::Text), column("n", ColumnType::Int4)];
    let rows = [texts(&[None, None]), texts(&[None, Some("secret")])];
    let error = Csv::new(&columns, &CsvOptions::default()).block(&block(&rows), &mut Vec::new()).unwrap_err();
    assert_eq!(error, EncodeError { row: 2, column: "n".into(), problem: ValueProblem::Malformed });
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn formulas_are_escaped_before_quoting() {
    let columns =
        [column("=a", ColumnType::Text), column("n", ColumnType::Int4), column("j", ColumnType::Json)];
    let options = CsvOptions { formula_guard: true, null: "-".into(), ..CsvOptions::default() };
    let minus_one = Some((-1i32).to_be_bytes().to_vec());
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let rows = [
        vec![text("=1+1"), minus_one.clone(), text("-1")],
        vec![text("+a,b"), None, text("{}")],
        vec![text("-"), None, None],
        vec![text("@x"), None, None],
        vec![text("\tx"), None, None],
        vec![text("\rx"), None, None],
        vec![text("\n=x"), None, None],
        vec![text("＝1+1"), None, None],
        vec![text("ＡB"), None, None],
        vec![text("a=b"), None, None],
        vec![text(""), None, None],
    ];
    let expected = "'=a,n,j\n'=1+1,-1,-1\n\"'+a,b\",-,{}\n'-,-,-\n'@x,-,-\n'\tx,-,-\n\"'\rx\",-,-\n\"'\n=x\",-,-\n'＝1+1,-,-\nＡB,-,-\na=b,-,-\n,-,-\n";
    assert_eq!(csv(&columns, &options, &rows), expected);
    let mut money = column("m", ColumnType::Text);
    (money.oid, money.read) = (790, Read::Cast);
    let plain = CsvOptions { formula_guard: true, header: false, ..CsvOptions::default() };
    assert_eq!(csv(&[money], &plain, &[vec![text("-$1.00")]]), "-$1.00\n");
    let mut array = Column::native("a", 1009, ColumnType::Text);
    array.array = true;
    let bounds = [1, 0, 25, 1, 0, 1].into_iter().flat_map(i32::to_be_bytes).chain(*b"=").collect();
    let options = CsvOptions { formula_guard: true, header: false, ..CsvOptions::default() };
    assert_eq!(csv(&[array], &options, &[vec![Some(bounds)]]), "[0:0]={=}\n");
}

/// Parses records; a field is `None` if it was empty and unquoted.
fn read(text: &str, delimiter: char) -> Vec<Vec<Option<String>>> {
    let (mut records, mut record, mut chars) = (Vec::new(), Vec::new(), text.chars().peekable());
    while chars.peek().is_some() {
        let mut field = String::new();
        let quoted = chars.peek() == Some(&'"');
        if quoted {
            chars.next();
            while let Some(c) = chars.next() {
                if c != '"' {
                    field.push(c);
                } else if chars.peek() == Some(&'"') {
                    chars.next();
                    field.push('"');
                } else {
                    break;
                }
            }
        } else {
            while let Some(c) = chars.peek().copied().filter(|c| *c != delimiter && *c != '\n') {
                chars.next();
                field.push(c);
            }
        }
        record.push((quoted || !field.is_empty()).then_some(field));
        if chars.next() == Some('\n') {
            records.push(std::mem::take(&mut record));
        }
    }
    records
}

proptest! {
    #[test]
    fn written_csv_reads_back(
        rows in proptest::collection::vec(proptest::collection::vec(proptest::option::of("([a-c,;\"\r\n\\\\.é]|\\PC){0,20}"), 3), 0..10),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
    ) {
        let columns = ["a", "b", "c"].map(|name| column(name, ColumnType::Text));
        let options = CsvOptions { delimiter, null: String::new(), header: false, ..CsvOptions::default() };
        let binary: Vec<_> = rows.iter().map(|r| r.iter().map(|c| c.as_ref().map(|c| c.as_bytes().to_vec())).collect()).collect();
        prop_assert_eq!(read(&csv(&columns, &options, &binary), delimiter), rows);
    }
}
