//! Tests of objects with an independent JSON parser.

use bytes::Bytes;
use export::column::{ColumnType, Read};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::encode::ValueProblem;

fn block(rows: &[Vec<Option<&[u8]>>]) -> Block {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend((row.len() as i16).to_be_bytes());
        for cell in row {
            bytes.extend(cell.map_or(-1, |value| value.len() as i32).to_be_bytes());
            bytes.extend(cell.unwrap_or_default());
        }
    }
    Block { bytes: Bytes::from(bytes), rows: rows.len() as u64, before: 0 }
}

fn ndjson(columns: &[Column], rows: &[Vec<Option<&[u8]>>]) -> String {
    let mut out = Vec::new();
    Ndjson::new(columns).block(&block(rows), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn objects_are_written_like_postgresql() {
    let text = |name: &str, read| Column { read, ..Column::native(name, 25, ColumnType::Text) };
    let columns = [
        Column::native("id", 23, ColumnType::Int4),
        text("say \"x\"", Read::Native),
        Column::native("é\n", 114, ColumnType::Json),
        text("ready", Read::Cast),
    ];
    let one = 1i32.to_be_bytes();
    let rows = [
        vec![Some(&one[..]), Some(&b"a\\b"[..]), Some(b"{\"k\" :\n1}"), Some(b"[1,\r\n2]")],
        vec![None, Some(b""), None, None],
    ];
    assert_eq!(
        ndjson(&columns, &rows),
        concat!(
            r#"{"id":1,"say \"x\"":"a\\b","é\n":{"k" : 1},"ready":[1,  2]}"#,
            "\n",
            r#"{"id":null,"say \"x\"":"","é\n":null,"ready":null}"#,
            "\n"
        )
    );
}

#[test]
fn invalid_value_fails_naming_row_and_column() {
    let columns = [Column::native("n", 23, ColumnType::Int4)];
    let rows = [vec![None], vec![Some(&b"secret"[..])]];
    let error = Ndjson::new(&columns).block(&block(&rows), &mut Vec::new()).unwrap_err();
    assert_eq!(error, EncodeError { row: 2, column: "n".into(), problem: ValueProblem::Malformed });
}

proptest! {
    #[test]
    fn written_ndjson_reads_back(
        names in proptest::collection::btree_set("([a-c\"\\\\\n]|\\PC){1,8}", 1..4),
        cells in proptest::collection::vec(proptest::option::of("([a-c\"\\\\\x00-\x1f]|\\PC){0,20}"), 3),
    ) {
        let columns: Vec<_> = names.iter().map(|name| Column::native(name, 25, ColumnType::Text)).collect();
        let row: Vec<_> = cells[..columns.len()].iter().map(|c| c.as_ref().map(|c| c.as_bytes())).collect();
        let line = ndjson(&columns, &[row.clone(), row]);
        let lines: Vec<_> = line.split_terminator('\n').collect();
        prop_assert_eq!(lines.len(), 2);
        let expected: Map<_, _> =
            names.into_iter().zip(cells).map(|(name, cell)| (name, cell.map_or(Value::Null, Value::String))).collect();
        for line in lines {
            prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(line).unwrap(), expected.clone());
        }
    }
}
