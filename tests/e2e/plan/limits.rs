//! Too many exports of one tenant, from its client's view.

use axum::response::Response;
use serde_json::{Value, json};
use tests::Database;

use super::posts::Api;

async fn read(response: Response) -> (u16, String, Value) {
    let status = response.status().as_u16();
    let after = response.headers().get("retry-after").map_or("", |v| v.to_str().unwrap()).to_owned();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, after, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn full_queue_refuses_new_exports_but_no_replays_or_reads() {
    let settings = [("budget", "2"), ("max_active_exports", "1"), ("max_queued_exports", "1")];
    let database = Database::create(&settings).await.unwrap();
    let api = Api::before(&database, 1, 2).await;
    let request = |text: &str| json!({"datasets": "*", "startDate": "2023-08-31", "endDate": "2024-08-03", "csv": {"null": text}});
    let (status, _, first) = read(api.submit(&request("a"), "a").await).await;
    assert_eq!((status, &first["queuePosition"]), (202, &json!(0)));
    let (status, _, second) = read(api.submit(&request("b"), "b").await).await;
    assert_eq!((status, &second["status"], &second["queuePosition"]), (202, &json!("queued"), &json!(1)));

    let (status, after, problem) = read(api.submit(&request("c"), "c").await).await;
    assert_eq!((status, after.as_str()), (429, "30"));
    assert_eq!(problem["type"], "/api/v1/problems/too-many-exports");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("1 active and 1 queued") && detail.contains("MaxQueuedExports"), "{detail}");

    let (status, _, repeat) = read(api.submit(&request("b"), "b").await).await;
    assert_eq!((status, &repeat["id"]), (202, &second["id"]), "a repeat is never refused");
    let path = format!("/exports/{}", second["id"].as_str().unwrap());
    assert_eq!(read(api.get(&path).await).await.0, 200);

    // After one has ended, the next one begins, and another can be accepted.
    database
        .run(&format!(
            "update sluice.export set status = 'failed', ended_at = now() where id = '{}'",
            first["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
    let (status, _, third) = read(api.submit(&request("c"), "c").await).await;
    assert_eq!((status, &third["queuePosition"]), (202, &json!(1)));
    assert_eq!(read(api.get(&path).await).await.2["queuePosition"], json!(0));
}
