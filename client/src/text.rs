//! Texts: file names and header lines of datasets without rows, tables, numbers for people.

use std::io::Write;

use export::file::{OPEN_END, OPEN_START};
use export::format::{Compression, Format, is_formula};
use export::manifest::{DatasetHead, RangeText};
use flate2::write::GzEncoder;

/// The name of the file that stands for a dataset without rows: that of one chunk of the whole range.
pub(crate) fn header_only_name(head: &DatasetHead) -> String {
    let middle = match &head.range {
        None => "all".to_owned(),
        Some(RangeText { of, start, end }) if of == "span" => {
            let start = start.as_deref().map_or_else(|| OPEN_START.to_owned(), compact);
            let end = end.as_deref().map_or_else(|| OPEN_END.to_owned(), compact);
            format!("{start}-{end}")
        }
        Some(range) => range.of.clone(),
    };
    format!("{}.{middle}.{}", head.name, head.output.extension())
}

/// As the names of all other files are made; see `export::file::file_name`.
fn compact(bound: &str) -> String {
    let (day, time) = bound.split_once('T').unwrap_or((bound, ""));
    let day = day.replace('-', "");
    match time.trim_end_matches('Z') {
        "" | "00:00:00" => day,
        _ => format!("{day}T{}", time.replace(':', "")),
    }
}

/// The file without rows of a dataset, compressed like its others. There is none in Parquet.
pub(crate) fn header_only(head: &DatasetHead) -> std::io::Result<Option<Vec<u8>>> {
    let text = header(head);
    let file = match (head.output.format, head.output.compression) {
        (Format::Parquet, _) => return Ok(None),
        (_, Compression::None | Compression::Snappy) => text,
        (_, Compression::Zstd) => zstd::bulk::compress(&text, 0)?,
        (_, Compression::Gzip) => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&text)?;
            encoder.finish()?
        }
    };
    Ok(Some(file))
}

/// The header line, quoted where PostgreSQL quotes; nothing if the files have none.
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

/// `1 file`, `2,345 files`.
pub(crate) fn count(number: u64, one: &str) -> String {
    format!("{} {one}{}", indicatif::HumanCount(number), if number == 1 { "" } else { "s" })
}

/// `1.25 GiB`.
pub(crate) fn bytes(number: u64) -> String {
    indicatif::HumanBytes(number).to_string()
}

/// `45 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// Rows of cells as aligned lines; a column whose head begins with `>` stands to the right.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines: Vec<Vec<String>> =
        vec![heads.iter().map(|h| h.trim_start_matches('>').to_owned()).collect()];
    lines.extend(rows.iter().cloned());
    let width =
        |i: usize| lines.iter().filter_map(|l| l.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(heads).zip(&widths).map(|((cell, head), width)| {
            if head.starts_with('>') { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use export::file::file_name;
    use export::format::Output;
    use export::manifest::ColumnHead;
    use export::range::{DAY_MICROS, Range, RangeKind, Span};

    fn head(range: Option<RangeText>, names: &[&str]) -> DatasetHead {
        let column = |name: &&str| ColumnHead { name: (*name).to_owned(), type_name: "text".into() };
        let output = Output { compression: Compression::None, ..Output::default() };
        let columns = names.iter().map(column).collect();
        DatasetHead { name: "orders".into(), columns, range, settle: None, watermark: None, output }
    }

    #[test]
    fn names_are_those_of_all_other_files() {
        let day = 19_600;
        let spans = [
            Span { kind: RangeKind::Date, start: day, end: day + 30 },
            Span { kind: RangeKind::Wall, start: day * DAY_MICROS, end: day * DAY_MICROS + 1_500_000 },
            Span {
                kind: RangeKind::Instant,
                start: day * DAY_MICROS + 3_600_000_000,
                end: (day + 1) * DAY_MICROS,
            },
        ];
        for span in spans {
            let name = header_only_name(&head(Some(span.range_text()), &[]));
            assert_eq!(name, file_name("orders", &Range::Span(span), "csv"));
        }
        assert_eq!(header_only_name(&head(None, &[])), file_name("orders", &Range::All, "csv"));
    }

    #[test]
    fn a_header_is_quoted_as_postgresql_does() {
        assert_eq!(header(&head(None, &["id", "a,b", "say \"x\""])), b"id,\"a,b\",\"say \"\"x\"\"\"\n");
        assert_eq!(header(&head(None, &["\\."])), b"\"\\.\"\n");
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["orders".into(), "12".into()], vec!["a".into(), "3,456".into()]];
        assert_eq!(table(&["dataset", ">rows"], &rows), "dataset   rows\norders      12\na        3,456");
        assert_eq!([5, 185, 7800].map(duration), ["5 s", "3 min 05 s", "2 h 10 min"]);
    }
}
