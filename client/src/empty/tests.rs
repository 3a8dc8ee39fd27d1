//! Files of datasets without rows.

use super::*;
use export::format::Output;
use export::layout::Hive;
use export::manifest::{ColumnHead, Sample};
use export::range::{DAY_MICROS, Range, RangeKind, Span};

fn head(range: Option<RangeText>, names: &[&str]) -> DatasetHead {
    let column =
        |name: &&str| ColumnHead { name: (*name).to_owned(), type_name: "text".into(), parquet: None };
    let output = Output { compression: Compression::None, ..Output::default() };
    let columns = names.iter().map(column).collect();
    DatasetHead {
        name: "orders".into(),
        columns,
        range,
        key: None,
        settle: None,
        watermark: None,
        sample: None,
        hive: None,
        output,
    }
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
        let flat = head(Some(span.range_text()), &[]);
        assert_eq!(file_name(&flat), flat.naming().name(&Range::Span(span)));
    }
    for hive in [None, Some(Hive::Whole)] {
        for sample in [None, Some(Sample { limit: 1 })] {
            let head = DatasetHead { hive, sample, ..head(None, &[]) };
            assert_eq!(file_name(&head), head.naming().name(&Range::All));
        }
    }
    let partitioned = DatasetHead { hive: Some(Hive::Month), ..head(None, &[]) };
    assert_eq!(file_name(&partitioned), "orders/part-all.csv");
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
