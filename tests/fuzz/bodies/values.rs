//! Any bytes as a value of any type, in every format: an error or a file, never a panic.

use bytes::Bytes;
use export::column::{Column, ColumnType};
use export::format::{Compression, CsvOptions, Format, Output};
use worker::decode::Block;
use worker::encode::{EncodeError, encoder};

/// OIDs of every type that is decoded natively.
const OIDS: [u32; 26] = [
    16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 650, 700, 701, 869, 1042, 1043, 1082, 1083, 1114, 1184, 1186,
    1266, 1700, 2950, 3802, 1700,
];

/// Runs one input. The first byte chooses the type, the second the array and the type modifier; the rest is the value.
pub(crate) fn run(data: &[u8]) {
    let [oid, modifier, value @ ..] = data else { return };
    let oid = OIDS[usize::from(*oid) % OIDS.len()];
    let kind = ColumnType::from_oid(oid).expect("a native type");
    let column = Column {
        array: modifier & 1 != 0,
        // numeric(p, s)
        typmod: if modifier & 2 != 0 {
            ((i32::from(modifier >> 2) + 1) << 16) + 4 + i32::from(modifier & 3)
        } else {
            -1
        },
        ..Column::native("v", oid, kind)
    };
    let csv = write(&column, value, Format::Csv);
    let json = write(&column, value, Format::Ndjson);
    let _ = write(&column, value, Format::Parquet);
    assert_eq!(csv.is_ok(), json.is_ok(), "both read the same forms");
    // PostgreSQL never outputs a jsonb with a line break, so such values are not checked.
    let impossible = kind == ColumnType::Jsonb && value.contains(&b'\n');
    if let Ok(line) = json
        && !impossible
    {
        assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1, "one object, one line");
        let made_here = !matches!(kind, ColumnType::Json | ColumnType::Jsonb);
        if made_here && let Ok(text) = std::str::from_utf8(&line) {
            // Numbers of any length are valid JSON, but not every reader accepts them.
            let parsed = serde_json::from_str::<serde_json::Value>(text);
            assert!(parsed.is_ok() || kind == ColumnType::Numeric, "{text:?}: {parsed:?}");
        }
    }
}

fn write(column: &Column, value: &[u8], format: Format) -> Result<Vec<u8>, EncodeError> {
    let output = Output { format, compression: Compression::None, csv: CsvOptions::default() };
    let mut row = vec![0, 1];
    row.extend(i32::try_from(value.len()).expect("small").to_be_bytes());
    row.extend(value);
    let block = Block { bytes: Bytes::from(row), rows: 1, before: 0 };
    let mut encoder = encoder(std::slice::from_ref(column), &output);
    let mut out = Vec::new();
    encoder.block(&block, &mut out)?;
    encoder.finish(&mut out)?;
    Ok(out)
}
