//! Any text quoted for SQL, CSV and JSON comes back unchanged through independent readers.

use bytes::Bytes;
use export::column::{Column, ColumnType};
use export::format::{Compression, CsvOptions, Format, Output};
use source::sql;
use worker::decode::Block;
use worker::encode::encoder;

/// Runs one input. The first byte chooses the delimiter of CSV, the rest is the text.
pub(crate) fn run(data: &[u8]) {
    let [delimiter, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if text.contains('\0') {
        return;
    }
    for conforming in [true, false] {
        assert_eq!(read_literal(&sql::literal(text), conforming).as_deref(), Some(text));
    }
    let identifier = sql::identifier(text);
    let inner = identifier.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes");
    assert_eq!(inner.replace("\"\"", ""), text.replace('"', ""), "every quote inside is doubled");
    assert_eq!(inner.replace("\"\"", "\""), text);

    let delimiter = [',', ';', '\t', '|', '7', ' '][usize::from(*delimiter) % 6];
    for null in ["", "NULL", "\\N"] {
        let options = CsvOptions { delimiter, null: null.into(), ..CsvOptions::default() };
        let file = write(text, Format::Csv, options);
        let records = read_csv(&file, delimiter, null).expect("CSV");
        assert_eq!(records, [vec![Some("a".into()), Some("b".into())], vec![Some(text.into()), None]]);
    }
    let line = write(text, Format::Ndjson, CsvOptions::default());
    assert_eq!(line.find('\n'), Some(line.len() - 1));
    let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(object, serde_json::json!({"a": text, "b": null}));
}

/// Encodes a row of the text and NULL.
fn write(text: &str, format: Format, csv: CsvOptions) -> String {
    let output = Output { format, compression: Compression::None, csv };
    let mut row = vec![0, 2];
    row.extend(i32::try_from(text.len()).expect("small").to_be_bytes());
    row.extend(text.as_bytes());
    row.extend((-1i32).to_be_bytes());
    let block = Block { bytes: Bytes::from(row), rows: 1, before: 0 };
    let columns = ["a", "b"].map(|name| Column::native(name, 25, ColumnType::Text));
    let (mut encoder, mut out) = (encoder(&columns, &output), Vec::new());
    encoder.block(&block, &mut out).expect("text");
    encoder.finish(&mut out).expect("text");
    String::from_utf8(out).expect("UTF-8")
}

/// Reads one literal and nothing after it, as PostgreSQL's lexer (`scan.l`) does.
fn read_literal(sql: &str, conforming: bool) -> Option<String> {
    let (body, escapes) = match sql.strip_prefix('E') {
        Some(body) => (body, true),
        None => (sql, !conforming),
    };
    let mut chars = body.strip_prefix('\'')?.chars();
    let mut value = String::new();
    loop {
        match chars.next()? {
            '\'' => match chars.next() {
                Some('\'') => value.push('\''),
                None => return Some(value),
                Some(_) => return None,
            },
            '\\' if escapes => match chars.next()? {
                c @ ('\\' | '\'') => value.push(c),
                _ => return None,
            },
            c => value.push(c),
        }
    }
}

/// Reads records of fields. `None` is NULL, which is the null text without quotes.
fn read_csv(text: &str, delimiter: char, null: &str) -> Option<Vec<Vec<Option<String>>>> {
    let (mut records, mut record) = (Vec::new(), Vec::new());
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let quoted = chars.next_if_eq(&'"').is_some();
        let mut field = String::new();
        if quoted {
            loop {
                match chars.next()? {
                    '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                    '"' => break,
                    c => field.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != delimiter && *c != '\n') {
                if matches!(c, '"' | '\r') {
                    return None;
                }
                field.push(c);
            }
        }
        record.push(if !quoted && field == null { None } else { Some(field) });
        match chars.next()? {
            '\n' => records.push(std::mem::take(&mut record)),
            c if c == delimiter => {}
            _ => return None,
        }
    }
    record.is_empty().then_some(records)
}
