//! Marked values in rows, in filters and in a function's warnings: none of them is logged.

use serde_json::json;
use tests::System;

use crate::api::get;

/// Value in every row of `noisy`. A function warns about it and cannot read it as a number.
const MARK: &str = "hunter2";

#[tokio::test]
async fn no_value_of_a_row_or_filter_is_logged() {
    let system = System::get().await;
    let ask = async |day: &str, filters: serde_json::Value| {
        let request =
            json!({"datasets": [{"name": "noisy", "filters": filters}], "startDate": day, "endDate": day});
        let id = system.submit(&request).await.unwrap();
        let _ = system.wait(id).await;
        get(&format!("/exports/{id}")).await.body
    };
    let warned = ask("2024-01-01", json!({"secret": {"ne": format!("{MARK}-filter")}})).await;
    assert_eq!(warned["status"], "succeeded", "{warned}");
    let cast = ask("2030-01-05", json!({"secret": {"gte": MARK}})).await;
    assert_eq!(cast["status"], "failed", "{cast}");
    let filter = ask("2024-01-01", json!({"spans": format!("[{MARK},)")})).await;
    assert_eq!(filter["errors"][0]["code"], "filter_value", "{filter}");
    for body in [&warned, &cast, &filter] {
        let mut errors = body.clone();
        errors.as_object_mut().unwrap().remove("request");
        assert!(!errors.to_string().contains(MARK), "{errors}");
    }
    let log = system.x(&["logs"]).unwrap();
    assert!(log.contains("noisy"), "the log holds nothing of it");
    assert!(!log.contains(MARK), "a value was logged");
}
