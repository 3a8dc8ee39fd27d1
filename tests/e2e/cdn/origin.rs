//! Requests to the api's own address, past the CDN.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::stack::CdnStack;

const HEADER: &str = "x-sluice-origin";

/// Only the CDN knows the header, and it replaces one that a client sends.
pub(super) async fn requests_past_it_are_refused(cdn: &CdnStack) {
    let bearer = format!("Bearer {}", cdn.stack().key);
    for path in ["/health", "/datasets", "/nothing"] {
        for (name, value) in [("x-none", "none"), (HEADER, ""), (HEADER, "wrong")] {
            let headers = [("authorization", bearer.as_str()), (name, value)];
            let past = cdn.ask(Method::GET, &format!("{}{path}", cdn.direct), &headers).await;
            assert_eq!(past.status, StatusCode::FORBIDDEN, "{path} {name} {value}");
            assert!(String::from_utf8_lossy(&past.body).contains("wrong-address"), "{path}");
        }
    }
    let through = format!("{}/health", cdn.stack().url);
    assert_eq!(cdn.ask(Method::GET, &through, &[(HEADER, "wrong")]).await.status, StatusCode::OK);
}

/// The CDN sends the old value until it is deployed again; both are accepted.
pub(super) async fn its_header_is_rotated_without_a_refusal(cdn: &CdnStack) {
    let id = cdn.own.described["originSecret"].as_str().unwrap();
    let old = cdn.own.aws("secretsmanager", "get_secret_value", &json!({"SecretId": id}));
    cdn.put(id, "0123456789").await;
    let direct = format!("{}/health", cdn.direct);
    for value in [old["SecretString"].as_str().unwrap(), "0123456789"] {
        assert_eq!(cdn.ask(Method::GET, &direct, &[(HEADER, value)]).await.status, StatusCode::OK);
    }
    assert_eq!(cdn.get(&format!("{}/health", cdn.stack().url)).await.status, StatusCode::OK);
}
