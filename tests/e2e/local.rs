//! Promises of `cargo x` about a local stack that go beyond the api's responses.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::header::LOCATION;
use serde_json::json;
use tests::System;

#[tokio::test(flavor = "multi_thread")]
async fn stack_files_are_readable_only_by_their_owner() {
    let file = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
    let system = System::get().await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600, "{}", file.display());
    for folder in [file.parent().unwrap(), system.stack.work_dir.as_path()] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api_links_resolve_on_the_printed_address() {
    let system = System::get().await;
    let (url, key) = (&system.stack.url, &system.stack.key);
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-01"});
    let post = http.post(format!("{url}/exports")).bearer_auth(key).json(&request);
    let accepted = post.send().await.unwrap();
    assert_eq!(accepted.status(), 202);
    // Resolved as a program does: relative to the requested address.
    let location = accepted.headers()[LOCATION].to_str().unwrap();
    let export = accepted.url().join(location).unwrap();
    let got = http.get(export.clone()).bearer_auth(key).send().await.unwrap();
    assert_eq!(got.status(), 200, "{export}");
    let body: serde_json::Value = got.json().await.unwrap();
    for (name, link) in body["links"].as_object().unwrap() {
        // Relative to the address that `up` prints.
        let link = format!("{url}/{}", link.as_str().unwrap());
        let got = http.get(&link).bearer_auth(key).send().await.unwrap();
        let (leads, status) = (["self", "files", "chunks"].contains(&name.as_str()), got.status());
        assert!(status.is_success() || (!leads && status != 404), "{name}: {link} answers {status}");
    }
}
