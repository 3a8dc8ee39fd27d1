//! Files of datasets without rows.

use super::*;
use export::file::file_name as chunk_file_name;
use export::format::Output;
use export::manifest::ColumnHead;
use export::range::{DAY_MICROS, Range, RangeKind, Span};

fn head(range: Option<RangeText>, names: &[&str]) -> DatasetHead {
    let column =
        |name: &&str| ColumnHead { name: (*name).to_owned(), type_name: "text".into(), parquet: None };
    let output = Output { compression: Compression::None, ..Output::default() };
    let columns = names.iter().map(column).collect();
    DatasetHead { name: "orders".into(), columns, range, settle: None, watermark: None, output }
}

#[test]
fn names_of_empty_files_equal_chunk_names() {
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
        let name = file_name(&head(Some(span.range_text()), &[]));
        assert_eq!(name, chunk_file_name("orders", &Range::Span(span), "csv"));
    }
    assert_eq!(file_name(&head(None, &[])), chunk_file_name("orders", &Range::All, "csv"));
}

#[test]
fn a_header_is_quoted_as_postgresql_does() {
    assert_eq!(header(&head(None, &["id", "a,b", "say \"x\""])), b"id,\"a,b\",\"say \"\"x\"\"\"\n");
    assert_eq!(header(&head(None, &["\\."])), b"\"\\.\"\n");
}

#[test]
fn empty_files_of_every_format_are_recognised() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    for (format, compressions) in
        [Format::Csv, Format::Ndjson, Format::Parquet].map(|format| (format, format.compressions()))
    {
        for &compression in compressions {
            let output = Output { format, compression, ..Output::default() };
            let head = DatasetHead { output, ..head(None, &["id", "name"]) };
            std::fs::write(&path, file(&head).unwrap()).unwrap();
            assert!(is_right(&path, &head), "{format:?} {compression:?}");
            std::fs::write(&path, "id,name\n1,2\n").unwrap();
            assert!(!is_right(&path, &head), "{format:?} {compression:?}");
        }
    }
}

#[test]
fn zip_bomb_is_refused_quickly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    // A gzip member of 1 MiB, repeated so often that reading all of it would take minutes: 64 GiB unpacked.
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    let member = encoder.finish().unwrap();
    std::fs::write(&path, member.repeat(1 << 16)).unwrap();
    let output = Output { compression: Compression::Gzip, ..Output::default() };
    let began = std::time::Instant::now();
    assert!(!is_right(&path, &DatasetHead { output, ..head(None, &["id"]) }));
    assert!(began.elapsed().as_secs() < 5);
}
