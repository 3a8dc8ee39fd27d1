//! Every format and compression, through the whole system. The worker's own tests check the contents cell by cell.

mod empty;

use export::manifest::ManifestDataset;
use serde_json::json;
use tests::{Exported, System, copy_csv, sorted_records};

const QUERY: &str = "select id, day, name, score from e2e.visits where day < '2024-02-01'";

async fn exported(system: &System, format: &str, compression: &str) -> Exported {
    let request = json!({"datasets": ["visits", "nothing"], "startDate": "2024-01-01", "endDate": "2024-01-31",
        "format": format, "compression": compression});
    // The download is verified: length, SHA-256, and rows counted by the client.
    let exported = system.export(&request).await.unwrap();
    let rows = |d: &ManifestDataset| (d.head.name.clone(), d.rows);
    let found: Vec<_> = exported.manifest.datasets.iter().map(rows).collect();
    assert_eq!(found, [("visits".to_owned(), 3_100), ("nothing".to_owned(), 0)], "{format} {compression}");
    exported
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_equal_under_every_compression() {
    let system = System::get().await;
    let expected = copy_csv(&system.stack.owner_url, QUERY).await.unwrap();
    for (compression, extension) in [("none", ".csv"), ("gzip", ".csv.gz"), ("zstd", ".csv.zst")] {
        let exported = exported(system, "csv", compression).await;
        assert_eq!(sorted_records(&exported.records("visits").unwrap()), sorted_records(&expected));
        assert!(exported.contents("visits").unwrap().iter().all(|(name, _)| name.ends_with(extension)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_has_one_object_per_line() {
    let system = System::get().await;
    let query = format!("select row_to_json(q)::text from ({QUERY}) q order by id");
    let expected = system.texts(&query).await.unwrap();
    for (compression, extension) in [("none", ".ndjson"), ("gzip", ".ndjson.gz"), ("zstd", ".ndjson.zst")] {
        let exported = exported(system, "ndjson", compression).await;
        let contents = exported.contents("visits").unwrap();
        assert!(contents.iter().all(|(name, content)| name.ends_with(extension) && content.ends_with(b"\n")));
        let text =
            String::from_utf8(contents.into_iter().flat_map(|(_, content)| content).collect()).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_by_key(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64());
        assert_eq!(lines, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_accepts_only_its_own_compressions() {
    let system = System::get().await;
    for compression in ["zstd", "snappy", "none"] {
        let exported = exported(system, "parquet", compression).await;
        for (name, content) in exported.contents("visits").unwrap() {
            assert!(name.ends_with(".parquet") && content.starts_with(b"PAR1") && content.ends_with(b"PAR1"));
        }
    }
    let refused = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-31",
        "format": "parquet", "compression": "gzip"});
    assert!(system.submit(&refused).await.unwrap_err().to_string().contains("compression"));
}
