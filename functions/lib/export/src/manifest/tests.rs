//! Tests of manifests: chunks that tile are assembled, all others are rejected.

use super::*;
use crate::range::RangeKind;

fn head() -> DatasetHead {
    let range = Span { kind: RangeKind::Date, start: 0, end: 10 }.range_text();
    DatasetHead {
        name: "orders".into(),
        columns: vec![],
        range: Some(range),
        key: None,
        settle: None,
        watermark: None,
        sample: None,
        hive: None,
        output: Output::default(),
    }
}

fn done(start: i64, end: i64) -> DoneChunk {
    let file = FileRecord { attempt: 2, rows: 5, bytes: 50, source_bytes: 70, sha256: Some("ab".into()) };
    let range = Range::Span(Span { kind: RangeKind::Date, start, end });
    DoneChunk {
        id: ChunkId::from_random([1; 16]),
        dataset: "orders".into(),
        range,
        as_of_micros: 0,
        horizon_micros: None,
        reused: false,
        unchanged: false,
        planned: Some(Size { rows: 6, bytes: 60 }),
        file,
    }
}

#[test]
fn tiling_chunks_are_summed() {
    let tenant: TenantId = "acme".parse().unwrap();
    let dataset = ManifestDataset::assemble(head(), &tenant, vec![done(4, 10), done(0, 4)]).unwrap();
    assert_eq!((dataset.rows, dataset.bytes), (10, 100));
    let source = dataset.source.unwrap();
    assert_eq!(source.estimated, Some(Size { rows: 12, bytes: 120 }));
    assert_eq!((source.actual.rows, source.actual.bytes), (10, 140));
    let file = dataset.chunks[0].file.as_ref().unwrap();
    assert_eq!(file.name, "orders.19700101-19700105.csv.gz");
    assert!(file.key.starts_with("t/acme/c/") && file.key.ends_with("/2.csv.gz"), "{}", file.key);
}

#[test]
fn open_ends_tile_with_open_ends_only() {
    let tenant: TenantId = "acme".parse().unwrap();
    let (open, never) = (Span::OPEN_START, Span::OPEN_END);
    let range = Some(Span { kind: RangeKind::Date, start: open, end: never }.range_text());
    let of =
        |chunks| ManifestDataset::assemble(DatasetHead { range: range.clone(), ..head() }, &tenant, chunks);
    let dataset = of(vec![done(4, never), done(open, 4)]).unwrap();
    assert_eq!(dataset.chunks[0].file.as_ref().unwrap().name, "orders.00000000-19700105.csv.gz");
    let json = serde_json::to_value(&dataset.chunks[1].range).unwrap();
    assert_eq!(json, serde_json::json!({"of": "span", "start": "1970-01-05"}));
    assert!(of(vec![done(open, 4), done(4, 9)]).is_err() && of(vec![done(0, 4), done(4, never)]).is_err());
    assert!(ManifestDataset::assemble(head(), &tenant, vec![done(0, never)]).is_err());
}

#[test]
fn a_gap_an_overlap_or_a_missing_end_is_refused() {
    let tenant: TenantId = "acme".parse().unwrap();
    for chunks in [vec![done(0, 4), done(5, 10)], vec![done(0, 6), done(5, 10)], vec![done(0, 9)], vec![]] {
        assert!(ManifestDataset::assemble(head(), &tenant, chunks).is_err());
    }
}
