//! Micro-benchmarks of the decoder and of each encoder, per column type: `cargo bench -p worker`.
//!
//! They show which step a change has made slower. Ratios to other tools, with a database, come from `cargo x bench`.

use bytes::Bytes;
use divan::counter::{BytesCount, ItemsCount};
use export::column::{Column, ColumnType};
use export::format::{Compression, Format, Output};
use worker::decode::{Block, Framing, FramingLimits};
use worker::encode::encoder;

fn main() {
    divan::main();
}

/// Rows per run.
const ROWS: i64 = 20_000;

/// Shapes of rows: one type each, and a row as tables have it.
const SHAPES: [&str; 8] = ["int8", "numeric", "float8", "text", "uuid", "timestamptz", "date", "order"];

/// Microseconds between two rows, and the types' epoch is 2000-01-01.
const STEP_MICROS: i64 = 61_000_003;

fn columns(shape: &str) -> Vec<Column> {
    let one = |name: &str, oid, kind| Column::native(name, oid, kind);
    match shape {
        "int8" => vec![one("a", 20, ColumnType::Int8)],
        "numeric" => vec![one("a", 1700, ColumnType::Numeric)],
        "float8" => vec![one("a", 701, ColumnType::Float8)],
        "text" => vec![one("a", 25, ColumnType::Text)],
        "uuid" => vec![one("a", 2950, ColumnType::Uuid)],
        "timestamptz" => vec![one("a", 1184, ColumnType::Timestamptz)],
        "date" => vec![one("a", 1082, ColumnType::Date)],
        _ => vec![
            one("id", 20, ColumnType::Int8),
            one("created_at", 1184, ColumnType::Timestamptz),
            one("total", 1700, ColumnType::Numeric),
            one("status", 25, ColumnType::Text),
            one("paid", 16, ColumnType::Bool),
            one("note", 25, ColumnType::Text),
        ],
    }
}

/// Returns the binary form of row `n`'s value; `None` is NULL. Source: the send functions of PostgreSQL.
fn value(column: &Column, n: i64) -> Option<Vec<u8>> {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15u64.cast_signed());
    Some(match column.kind {
        ColumnType::Bool => vec![u8::from(n % 3 == 0)],
        ColumnType::Int8 => n.to_be_bytes().to_vec(),
        ColumnType::Float8 => (mixed as f64 / 1e7).to_be_bytes().to_vec(),
        ColumnType::Uuid => [mixed.to_be_bytes(), n.to_be_bytes()].concat(),
        ColumnType::Date => i32::try_from(n % 9_000).unwrap_or_default().to_be_bytes().to_vec(),
        ColumnType::Timestamptz => (n * STEP_MICROS).to_be_bytes().to_vec(),
        ColumnType::Numeric => {
            // Digits, weight, sign, scale, then digits in base 10,000: 1234567.89 has three.
            let (high, low) =
                (i16::try_from(n % 9_999).unwrap_or(1).max(1), i16::try_from(n % 100).unwrap_or(0) * 100);
            let middle = i16::try_from(mixed.rem_euclid(10_000)).unwrap_or(0);
            [3, 1, 0, 2, high, middle, low].iter().flat_map(|word: &i16| word.to_be_bytes()).collect()
        }
        _ if column.name == "note" && n % 4 == 0 => return None,
        _ if column.name == "status" => {
            ["new", "paid", "shipped, \"late\""][n.unsigned_abs() as usize % 3].into()
        }
        _ => format!("text of row {n} with some length, as notes have it").into_bytes(),
    })
}

/// Returns a COPY BINARY stream. Source: PostgreSQL manual, "COPY", binary format.
fn stream(columns: &[Column]) -> Bytes {
    let mut out = b"PGCOPY\n\xff\r\n\0".to_vec();
    out.extend([0; 8]);
    for n in 0..ROWS {
        out.extend(i16::try_from(columns.len()).unwrap_or_default().to_be_bytes());
        for column in columns {
            match value(column, n) {
                None => out.extend((-1i32).to_be_bytes()),
                Some(value) => {
                    out.extend(i32::try_from(value.len()).unwrap_or_default().to_be_bytes());
                    out.extend(value);
                }
            }
        }
    }
    out.extend((-1i16).to_be_bytes());
    out.into()
}

fn blocks(columns: &[Column], stream: &Bytes) -> Vec<Block> {
    let mut framing =
        Framing::new(columns.iter().map(|c| c.name.clone()).collect(), FramingLimits::default());
    let mut found = Vec::new();
    // As large as the buffers that the driver returns.
    for start in (0..stream.len()).step_by(64 << 10) {
        framing
            .push(stream.slice(start..stream.len().min(start + (64 << 10))))
            .expect("the stream is well formed");
        while let Some(block) = framing.block().expect("the stream is well formed") {
            found.push(block);
        }
    }
    let (last, rows) = framing.finish().expect("the stream is complete");
    assert_eq!(rows, ROWS.unsigned_abs());
    found.extend(last);
    found
}

#[divan::bench(args = SHAPES)]
fn decode(bencher: divan::Bencher<'_, '_>, shape: &str) {
    let columns = columns(shape);
    let stream = stream(&columns);
    bencher
        .counter(BytesCount::new(stream.len()))
        .counter(ItemsCount::new(ROWS.unsigned_abs()))
        .bench(|| blocks(&columns, &stream).len());
}

fn encode(bencher: divan::Bencher<'_, '_>, shape: &str, format: Format, compression: Compression) {
    let columns = columns(shape);
    let stream = stream(&columns);
    let blocks = blocks(&columns, &stream);
    let output = Output { format, compression, ..Output::default() };
    bencher.counter(BytesCount::new(stream.len())).counter(ItemsCount::new(ROWS.unsigned_abs())).bench(
        || {
            let mut encoder = encoder(&columns, &output);
            let mut out = Vec::new();
            for block in &blocks {
                encoder.block(block, &mut out).expect("every value can be written");
            }
            encoder.finish(&mut out).expect("the file can be ended");
            out.len()
        },
    );
}

#[divan::bench(args = SHAPES)]
fn csv(bencher: divan::Bencher<'_, '_>, shape: &str) {
    encode(bencher, shape, Format::Csv, Compression::None);
}

#[divan::bench(args = SHAPES)]
fn ndjson(bencher: divan::Bencher<'_, '_>, shape: &str) {
    encode(bencher, shape, Format::Ndjson, Compression::None);
}

#[divan::bench(args = SHAPES)]
fn parquet(bencher: divan::Bencher<'_, '_>, shape: &str) {
    encode(bencher, shape, Format::Parquet, Compression::Zstd);
}
