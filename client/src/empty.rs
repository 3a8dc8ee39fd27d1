//! The file of a dataset without rows: a header, an empty file, or a Parquet schema.
//!
//! The export has no such file, since its chunks have no rows. The client creates it, so that every dataset has a
//! file.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use export::file::{OPEN_END, OPEN_START};
use export::format::{Compression, Format, is_formula};
use export::manifest::{DatasetHead, RangeText};
use flate2::write::GzEncoder;

use crate::rows;

mod parquet;

/// Maximum size of a Parquet file without rows, which contains only its schema.
const MAX_PARQUET_BYTES: u64 = 16 << 20;

/// Returns the file's name, which is that of one chunk of the whole range.
pub(crate) fn file_name(head: &DatasetHead) -> String {
    let middle = match &head.range {
        None => "all".to_owned(),
        Some(RangeText { of, start, end }) if of == "span" => {
            let start = start.as_deref().map_or_else(|| OPEN_START.to_owned(), compact);
            let end = end.as_deref().map_or_else(|| OPEN_END.to_owned(), compact);
            format!("{start}-{end}")
        }
        Some(range) => range.of.clone(),
    };
    let sample = if head.sample.is_some() { ".sample" } else { "" };
    // A file without rows belongs to no partition.
    let between = if head.hive.is_some() { "/part-" } else { "." };
    format!("{}{between}{middle}{sample}.{}", head.name, head.output.extension())
}

/// Formats a bound as in the names of all other files; see `export::file::Naming`.
fn compact(bound: &str) -> String {
    let (day, time) = bound.split_once('T').unwrap_or((bound, ""));
    let day = day.replace('-', "");
    match time.trim_end_matches('Z') {
        "" | "00:00:00" => day,
        _ => format!("{day}T{}", time.replace(':', "")),
    }
}

/// Returns the file of a dataset without rows, compressed like the dataset's other files.
///
/// # Errors
/// If the columns do not form a valid schema, or memory for compression cannot be allocated.
pub fn file(head: &DatasetHead) -> std::io::Result<Vec<u8>> {
    let text = header(head);
    Ok(match (head.output.format, head.output.compression) {
        (Format::Parquet, _) => parquet::file(head).map_err(std::io::Error::other)?,
        (_, Compression::None | Compression::Snappy) => text,
        (_, Compression::Zstd) => zstd::bulk::compress(&text, 0)?,
        (_, Compression::Gzip) => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&text)?;
            encoder.finish()?
        }
    })
}

/// Returns true if a file of the dataset has no rows, whichever version of this program created it. Only as much of
/// it is decompressed as needed.
pub(crate) fn is_right(path: &Path, head: &DatasetHead) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut raw = BufReader::new(file);
    if head.output.format == Format::Parquet {
        return rows::count(&mut BufReader::new(raw.take(MAX_PARQUET_BYTES)), head).is_ok_and(|n| n == 0);
    }
    let expected = header(head);
    let mut text = Vec::new();
    let read = rows::decoder(&mut raw, head)
        .and_then(|decoded| decoded.take(expected.len() as u64 + 1).read_to_end(&mut text));
    read.is_ok() && text == expected
}

/// Returns the header line, quoted as PostgreSQL does; empty if the files have none.
pub(crate) fn header(head: &DatasetHead) -> Vec<u8> {
    let csv = &head.output.csv;
    if head.output.format != Format::Csv || !csv.header {
        return Vec::new();
    }
    let special = |c: char| c == csv.delimiter || matches!(c, '"' | '\n' | '\r');
    let alone = head.columns.len() == 1;
    let quoted = |name: &str| {
        let guarded = csv.formula_guard && is_formula(name.as_bytes());
        let name = if guarded { format!("'{name}") } else { name.to_owned() };
        let needed = name == csv.null || name.contains(special) || (alone && name == "\\.");
        if needed { format!("\"{}\"", name.replace('"', "\"\"")) } else { name }
    };
    let names: Vec<_> = head.columns.iter().map(|c| quoted(&c.name)).collect();
    format!("{}\n", names.join(&csv.delimiter.to_string())).into_bytes()
}

#[cfg(test)]
mod tests;
