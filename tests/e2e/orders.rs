//! A million ordered rows: the concatenated files equal the output of one ordered COPY.

use serde_json::json;
use tests::{System, copy_csv};

#[tokio::test]
async fn million_ordered_rows_equal_one_copy_byte_for_byte() {
    let system = System::get().await;
    let request = json!({"datasets": ["orders"], "startDate": "2023-08-31", "endDate": "2024-08-04"});
    let exported = system.export(&request).await.unwrap();
    let dataset = &exported.manifest.datasets[0];
    // More than 14 if other tests have read other ranges of these rows, which are checked as they were cut.
    assert!((11..=24).contains(&dataset.chunks.len()), "{} chunks", dataset.chunks.len());
    let query = "select * from public.orders where created_at >= '2023-08-31' and created_at < '2024-08-05' order by created_at, id";
    let expected = copy_csv(&system.stack.owner_url, query).await.unwrap();
    let records = exported.records("orders").unwrap();
    // No assert_eq, because it would print both.
    assert!(records == expected, "{} bytes differ from {} of one COPY", records.len(), expected.len());
    assert!(dataset.rows > 990_000, "{}", dataset.rows);
}

#[tokio::test]
async fn database_roles_limit_sessions() {
    let system = System::get().await;
    for (role, limit) in
        [("sluice_source", system.stack.budget), ("sluice_store", system.stack.store_sessions)]
    {
        let set = system
            .number(&format!("select rolconnlimit::bigint from pg_roles where rolname = '{role}'"))
            .await
            .unwrap();
        assert_eq!(set, i64::from(limit), "{role}");
    }
}
