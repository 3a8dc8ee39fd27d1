//! Origin of downloads: cache or storage.

use client::Client;
use export::manifest::Manifest;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{Exported, copy_csv, sorted_records};

use super::files;
use super::stack::{CdnStack, now};

const ROWS: &str = "select id, day, label from public.parcels where day < date '2024-01-21'";

pub(super) async fn the_second_one_does_not_reach_storage(cdn: &CdnStack, manifest: &Manifest) {
    let files = files(manifest);
    assert!(files.len() >= 4, "{} files", files.len());
    let mut links = Vec::new();
    for (name, key) in &files {
        let link = cdn.link(manifest.export, &format!("files/{name}")).await;
        assert!(link.starts_with(&format!("{}/{key}?Expires=", cdn.stack().cdn_url)), "{link}");
        links.push(link);
    }

    // Concurrent requests for the same file: it is fetched once.
    let crowd = futures::future::join_all((0..8).map(|_| cdn.get(&links[0]))).await;
    assert!(crowd.iter().all(|answer| answer.status == 200 && answer.body == crowd[0].body));
    assert_eq!(crowd.iter().filter(|answer| answer.whence() == "Miss from nginx").count(), 1);

    // A range of a file that is not cached yet. The viewer's headers do not reach the bucket, which would reject them
    // all.
    let part = [("range", "bytes=10-19"), ("authorization", "Bearer x"), ("x-amz-content-sha256", "x")];
    let first = cdn.ask(Method::GET, &links[1], &part).await;
    assert_eq!((first.status, first.body.len()), (StatusCode::PARTIAL_CONTENT, 10));
    assert_eq!(first.whence(), "Miss from nginx");
    let whole = cdn.get(&links[1]).await;
    assert_eq!((whole.status, whole.whence()), (StatusCode::OK, "Hit from nginx"));
    assert_eq!(whole.body[10..20], first.body);

    download(cdn, manifest).await;
    // Each file came from storage once.
    for (_, key) in &files {
        assert_eq!(cdn.served(&format!("/{key}"), "Miss"), 1, "{key}");
    }

    // From now on it cannot come from storage.
    for (_, key) in &files {
        cdn.own.aws("s3", "delete_object", &json!({"Bucket": cdn.stack().bucket, "Key": key}));
    }
    let listed =
        cdn.own.aws("s3", "list_objects_v2", &json!({"Bucket": cdn.stack().bucket, "Prefix": "t/demo/c/"}));
    assert_eq!(listed["KeyCount"], 0);
    download(cdn, manifest).await;
    for (link, (_, key)) in links.iter().zip(&files) {
        assert_eq!(cdn.served(&format!("/{key}"), "Miss"), 1, "{key}");
        from_the_cache(cdn, link).await;
    }
}

/// Downloads everything with the client, which checks it against the manifest, and compares the rows with the database.
async fn download(cdn: &CdnStack, manifest: &Manifest) {
    let exported = Exported::download(&cdn.system().client, manifest.export).await.unwrap();
    let rows = copy_csv(&cdn.stack().owner_url, ROWS).await.unwrap();
    assert_eq!(sorted_records(&exported.records("settled_parcels").unwrap()), sorted_records(&rows));
}

/// Checks responses from the cache: the whole file, ranges, HEAD, and 304 if the viewer already has it.
async fn from_the_cache(cdn: &CdnStack, link: &str) {
    let whole = cdn.get(link).await;
    let length = whole.body.len();
    assert_eq!(whole.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(whole.header("content-disposition").contains("settled_parcels."), "the object says its own name");
    let head = cdn.ask(Method::HEAD, link, &[]).await;
    assert_eq!(head.header("content-length"), length.to_string());
    let middle = cdn.ask(Method::GET, link, &[("range", "bytes=100-299")]).await;
    assert_eq!(middle.header("content-range"), format!("bytes 100-299/{length}"));
    assert_eq!(middle.body, whole.body[100..300]);
    let last = cdn.ask(Method::GET, link, &[("range", "bytes=-7")]).await;
    assert_eq!(last.body, whole.body[length - 7..]);
    let beyond = cdn.ask(Method::GET, link, &[("range", &format!("bytes={length}-"))]).await;
    let known = cdn.ask(Method::GET, link, &[("if-none-match", whole.header("etag"))]).await;
    let statuses = [&whole, &head, &middle, &last, &beyond, &known].map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [200, 200, 206, 206, 416, 304]);
    for answer in [whole, head, middle, last, beyond, known] {
        assert_eq!(answer.whence(), "Hit from nginx", "{}", answer.status);
    }
}

/// A manifest has no header that allows caching. An absent object may be created later.
pub(super) async fn what_may_not_be_cached_is_not(cdn: &CdnStack, manifest: &Manifest) {
    let link = cdn.link(manifest.export, "manifest").await;
    assert!(link.starts_with(&format!("{}/t/demo/x/", cdn.stack().cdn_url)), "{link}");
    for _ in 0..2 {
        let answer = cdn.get(&link).await;
        assert_eq!((answer.status, answer.whence()), (StatusCode::OK, "Miss from nginx"));
        assert_eq!(answer.header("cache-control"), "");
    }

    let (object, put) = (
        "t/demo/c/later/1.csv",
        |key: &str| json!({"Bucket": cdn.stack().bucket, "Key": key, "Body": "a\n", "CacheControl": "public, max-age=60"}),
    );
    let link = cdn.signed(object, now() + 600);
    for _ in 0..2 {
        let absent = cdn.get(&link).await;
        assert!(absent.status.is_client_error(), "{}", absent.status);
        assert_eq!(absent.whence(), "Error from nginx");
    }
    cdn.own.aws("s3", "put_object", &put(object));
    for whence in ["Miss from nginx", "Hit from nginx"] {
        let answer = cdn.get(&link).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"a\n"[..]));
        assert_eq!(answer.whence(), whence);
    }

    // The distribution may read files and nothing else in the bucket.
    cdn.own.aws("s3", "put_object", &put("elsewhere/1.csv"));
    let other = cdn.get(&cdn.signed("elsewhere/1.csv", now() + 600)).await;
    assert_eq!((other.status, other.whence()), (StatusCode::FORBIDDEN, "Error from nginx"));
}

pub(super) async fn the_api_is_reached_through_it_and_never_cached(cdn: &CdnStack, manifest: &Manifest) {
    let base = format!("{}/api/v1", cdn.stack().cdn_url);
    let export = format!("{base}/exports/{}", manifest.export);
    let bearer = format!("Bearer {}", cdn.stack().key);
    let key = ("authorization", bearer.as_str());
    for _ in 0..2 {
        let answer = cdn.ask(Method::GET, &export, &[key]).await;
        assert_eq!((answer.status, answer.whence()), (StatusCode::OK, "Miss from nginx"));
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let known = [key, ("if-none-match", answer.header("etag"))];
        let again = cdn.ask(Method::GET, &export, &known).await;
        assert_eq!((again.status, again.whence()), (StatusCode::NOT_MODIFIED, "Miss from nginx"));
    }
    // A response to one caller is not served to another.
    assert_eq!(cdn.get(&export).await.status, StatusCode::UNAUTHORIZED);
    let query = cdn.ask(Method::GET, &format!("{base}/exports?status=succeeded&limit=1"), &[key]).await;
    let page: serde_json::Value = serde_json::from_slice(&query.body).unwrap();
    assert_eq!(page["exports"].as_array().unwrap().len(), 1, "{page}");
    let wrong = cdn.ask(Method::GET, &format!("{base}/exports?limit=none"), &[key]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "queries go on");

    // Everything through the CDN: the request, the waiting, the links, the files.
    let through = tests::System {
        stack: cdn.stack().clone(),
        client: Client::new(&base, Some(&cdn.stack().key)).unwrap(),
    };
    let request = json!({"datasets": ["settled_parcels"], "startDate": "2024-01-01", "endDate": "2024-01-20", "format": "ndjson"});
    let exported = through.export(&request).await.unwrap();
    assert_eq!(exported.manifest.rows, 20_000);
}
