//! Samples, layouts with partitions and traces of clients, through the whole system.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{System, copy_csv, eventually, skipped, sorted_records};

use crate::api::{call, get};
use crate::attack::json_lines;
use crate::cli::{sluice, succeeded};

const READ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/layouts/read_partitions.py");

/// Name of a file of `visits` in a layout with months.
const FEBRUARY: &str = "visits/month=2024-02/part-";

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_the_first_rows_of_the_range_and_is_never_reused() {
    let system = System::get().await;
    let request = json!({
        "datasets": [{"name": "orders", "columns": ["id", "created_at"], "limit": 50}, {"name": "visits", "limit": 7},
            {"name": "whole", "limit": 100_000}, "nothing"],
        "startDate": "2024-02-10", "endDate": "2024-03-20",
    });
    let exported = system.export(&request).await.unwrap();
    let first = "select id, created_at from public.orders where created_at >= '2024-02-10 00:00Z' \
                 order by created_at, id limit 50";
    let ids = |records: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(records).into_owned();
        text.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    let expected = copy_csv(&system.stack.owner_url, first).await.unwrap();
    assert_eq!(ids(&exported.records("orders").unwrap()), ids(&expected));
    let [orders, visits, whole, nothing] = &exported.manifest.datasets[..] else { panic!("four datasets") };
    assert_eq!((orders.rows, visits.rows, whole.rows), (50, 7, 5));
    let limits: Vec<_> = exported.manifest.datasets.iter().map(|d| d.head.sample.map(|s| s.limit)).collect();
    assert_eq!(limits, [Some(50), Some(7), Some(100_000), None]);
    assert_eq!(
        (&visits.head.watermark, &visits.head.settle),
        (&None, &None),
        "a sample is no basis for a next export"
    );
    assert!(nothing.chunks[0].file.is_none());
    for dataset in [orders, visits, whole] {
        let name = &dataset.chunks[0].file.as_ref().unwrap().name;
        assert!(dataset.chunks.len() == 1 && name.ends_with(".sample.csv.gz"), "{name}");
    }

    let status = get(&format!("/exports/{}", exported.manifest.export)).await;
    assert_eq!(
        status.body["samples"],
        json!({"orders": {"limit": 50}, "visits": {"limit": 7}, "whole": {"limit": 100_000}})
    );
    let again = system.export(&request).await.unwrap();
    let chunks = |exported: &tests::Exported| -> Vec<_> {
        let datasets = exported.manifest.datasets.iter().take(3);
        datasets.flat_map(|d| &d.chunks).map(|chunk| (chunk.id, chunk.reused)).collect()
    };
    for (before, after) in chunks(&exported).into_iter().zip(chunks(&again)) {
        assert!(before.0 != after.0 && !before.1 && !after.1);
    }
    let plan = crate::api::post("/exports?dryRun=true", &request).await;
    let planned = &plan.body["datasets"];
    assert_eq!((&planned[0]["rows"], &planned[0]["atMost"]), (&json!(50), &json!(true)), "{}", plan.body);
    assert_eq!((&planned[1]["chunks"], &planned[1]["reusedChunks"]), (&json!(1), &json!(0)), "{}", plan.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_reports_samples() {
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let out = home.path().to_str().unwrap();
    succeeded(&sluice(
        system,
        &["export", "visits", "whole", "--sample", "visits=20", "--from", "2024-01-01", "--out", out],
    ));
    let verified = succeeded(&sluice(system, &["verify", out]));
    assert!(verified.contains("2 files, 25 rows"), "{verified}");
    assert!(verified.trim_end().ends_with("visits is a sample of at most 20 rows"), "{verified}");
    let verified: Value =
        serde_json::from_str(&succeeded(&sluice(system, &["verify", out, "--json"]))).unwrap();
    assert_eq!(verified["samples"], json!({"visits": 20}));
    let refused = sluice(system, &["export", "visits", "--sample", "0", "--no-wait"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && message.contains("--sample visits: "), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_folders_whose_files_other_layouts_share() {
    let system = System::get().await;
    let request = |layout: Value| {
        json!({"datasets": ["visits", "whole", "nothing"], "startDate": "2023-11-01", "endDate": "2024-12-31",
            "compression": "zstd", "layout": layout})
    };
    let exported = system.export(&request(json!("hive"))).await.unwrap();
    let files: Vec<_> = exported.contents("visits").unwrap().into_iter().map(|(name, _)| name).collect();
    let folders: Vec<_> = files.iter().map(|name| name.rsplit_once('/').unwrap().0).collect();
    assert_eq!(folders, ["01", "02", "03", "04"].map(|month| format!("visits/month=2024-{month}")));
    let everything = "select * from e2e.visits";
    let expected = sorted_records(&copy_csv(&system.stack.owner_url, everything).await.unwrap());
    assert_eq!(sorted_records(&exported.records("visits").unwrap()), expected);
    for (name, content) in exported.contents("visits").unwrap() {
        let month = name.split(['=', '/']).nth(2).unwrap();
        let text = String::from_utf8(content).unwrap();
        assert!(
            text.lines().skip(1).all(|line| line.split(',').any(|cell| cell.starts_with(month))),
            "{name}"
        );
    }
    let whole = exported.contents("whole").unwrap();
    assert_eq!(whole[0].0, "whole/part-all.csv.zst");

    // The rows are settled, and the object does not depend on the layout.
    for layout in [json!({"hive": "year"}), json!("flat")] {
        let id = system.submit(&request(layout.clone())).await.unwrap();
        let shared = system.fetch(id).await.unwrap();
        assert_eq!(sorted_records(&shared.records("visits").unwrap()), expected);
        let key = |exported: &tests::Exported| {
            let chunks = exported.manifest.datasets[0].chunks.iter().filter_map(|chunk| chunk.file.as_ref());
            chunks.map(|file| file.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(key(&shared), key(&exported), "{layout}");
    }
    // Of a whole year only the parts that lie in one month may be files of a month.
    let name = files.iter().find(|name| name.starts_with(FEBRUARY)).unwrap();
    let path = format!("/exports/{}/files/", exported.manifest.export);
    for sent in [name.clone(), name.replace('/', "%2F").replace('=', "%3D")] {
        let link = get(&format!("{path}{sent}")).await;
        assert_eq!(link.status, 307, "{sent}: {}", link.body);
        let location = link.header("location").to_lowercase();
        assert!(!location.contains("%2fmonth"), "the suggested name has no folders: {location}");
    }
    for missing in ["visits", "visits/month=2024-02", "visits%2Fmonth=2024-02", "visits/month=2024-02/"] {
        assert_eq!(get(&format!("{path}{missing}")).await.status, 404, "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duckdb_and_arrow_read_the_partitions() {
    let Ok(python) = std::env::var("SLUICE_PARQUET_PYTHON") else {
        return skipped("SLUICE_PARQUET_PYTHON, a Python with DuckDB and pyarrow", "cargo x test sets it");
    };
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let expected: BTreeMap<_, _> = system
        .texts(
            "select to_char(day, 'YYYY-MM') || ' ' || count(*) || ' ' || min(day) || ' ' || max(day) from e2e.visits \
             group by to_char(day, 'YYYY-MM')",
        )
        .await
        .unwrap()
        .into_iter()
        .map(|line| line.split_once(' ').map(|(month, rest)| (month.to_owned(), rest.to_owned())).unwrap())
        .collect();
    for format in ["parquet", "csv"] {
        let folder = home.path().join(format);
        let out = folder.to_str().unwrap();
        succeeded(&sluice(
            system,
            &["export", "visits", "whole", "--layout", "hive", "--format", format, "--out", out],
        ));
        succeeded(&sluice(system, &["verify", out]));
        let views = home.path().join(format!("{format}.sql"));
        std::fs::write(&views, succeeded(&sluice(system, &["sql", out]))).unwrap();
        let read = Command::new(&python).arg(READ).args([format, out]).arg(&views).output().unwrap();
        let read: Value = serde_json::from_str(&succeeded(&read)).unwrap();
        for reading in ["view", "pattern", "arrow"] {
            assert_eq!(read[reading], json!(expected), "{format} {reading}");
        }
        assert_eq!(
            read["filtered"],
            json!([1]),
            "{format}: the partition column selects the rows of its month"
        );
        assert_eq!(read["whole"], json!(5));
    }
    joins(system, home.path());
}

/// Joins the files of all partitions, and leaves no empty folder.
fn joins(system: &System, home: &Path) {
    let folder = home.join("joined");
    let out = folder.to_str().unwrap();
    succeeded(&sluice(system, &["export", "visits", "--layout", "hive:day", "--single", "--out", out]));
    let mut left: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["joined.json", "manifest.json", "visits.csv.gz"]);
    let verified = succeeded(&sluice(system, &["verify", out]));
    assert!(verified.contains("1 file, 10,000 rows"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_log_the_trace_of_the_request() {
    let system = System::get().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let submit = async |traceparent: &str| {
        let body = json!({"datasets": [{"name": "whole", "limit": 2}]}).to_string();
        let headers = [("content-type", "application/json"), ("traceparent", traceparent)];
        let key = Some(system.stack.key.as_str());
        let answer = call(reqwest::Method::POST, "/exports", key, &headers, Some(&body)).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let id = answer.body["id"].as_str().unwrap().parse().unwrap();
        system.fetch(id).await.unwrap().manifest.datasets[0].chunks[0].id.to_string()
    };
    let (traced, untraced) = (submit(trace).await, submit("00-nonsense").await);
    let recorded = |chunk: &str| {
        let lines = json_lines(&system.x(&["logs", "worker"]).unwrap());
        lines.into_iter().find(|line| line["chunk"] == chunk && line["message"] == "file recorded")
    };
    for (chunk, expected) in [(traced, json!(trace)), (untraced, Value::Null)] {
        eventually("the worker logs its file", async || recorded(&chunk).is_some()).await;
        assert_eq!(recorded(&chunk).unwrap()["span"]["traceparent"], expected);
    }
}
