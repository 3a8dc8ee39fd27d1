//! Paths: existing routes respond in all common spellings, unknown paths return 404.

use reqwest::Method;
use serde_json::json;
use tests::System;

use super::{call, get, post};

#[tokio::test]
async fn unknown_paths_are_404_and_known_ones_list_methods() {
    let key = &System::get().await.stack.key;
    for path in ["/nope", "/swagger.json", "/Orderz", "/admin", "/export", "/datasets/whole/x"] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let answer = call(method.clone(), path, Some(key), &[], None).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (404, ""), "{method} {path}");
        }
    }
    for path in ["/whole", "/WHOLE"] {
        let answer = get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST,OPTIONS"), "{path}");
    }
}

#[tokio::test]
async fn common_spelling_variants_are_accepted_or_explained() {
    let system = System::get().await;
    let body = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"});
    let id = system.export(&body).await.unwrap().manifest.export.to_string();
    for path in
        ["/datasets/".to_owned(), format!("/exports/{}", id.to_uppercase()), format!("/exports/{id}/")]
    {
        assert_eq!(get(&path).await.status, 200, "{path}");
    }
    assert_eq!(get("/datasets//").await.status, 404);
    let marked = format!("\u{feff}{body}");
    let json = [("content-type", "application/json")];
    let answer =
        call(Method::POST, "/exports?dryRun=true", Some(&system.stack.key), &json, Some(&marked)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let misspelt = json!({"datasets": ["whole"], "start_date": "2024-01-01", "end_date": "2024-01-02"});
    let answer = post("/exports?dryRun=true", &misspelt).await;
    let text = answer.body.to_string();
    assert!(text.contains("did you mean startDate?") && text.contains("did you mean endDate?"), "{text}");
}
