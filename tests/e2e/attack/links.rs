//! Links and the bucket: a link is valid for one object, for its lifetime, exactly as signed. Without a link nothing
//! can be read.

use ports::objects::Objects;
use tests::{System, eventually};

use super::finished;
use crate::api::get;

async fn link(system: &System) -> String {
    let (id, file) = finished(system).await;
    get(&format!("/exports/{id}/files/{file}")).await.header("location").to_owned()
}

async fn status(method: reqwest::Method, url: &str) -> u16 {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    http.request(method, url).send().await.unwrap().status().as_u16()
}

async fn fetched(url: &str) -> u16 {
    status(reqwest::Method::GET, url).await
}

#[tokio::test]
async fn altered_link_is_refused() {
    let system = System::get().await;
    let link = link(system).await;
    assert_eq!(fetched(&link).await, 200);
    let (address, query) = link.split_once('?').unwrap();
    let with = |name: &str, value: &str| {
        let parts = query.split('&').map(|part| match part.split_once('=') {
            Some((given, _)) if given == name => format!("{name}={value}"),
            _ => part.to_owned(),
        });
        format!("{address}?{}", parts.collect::<Vec<_>>().join("&"))
    };
    let without = |name: &str| {
        let parts = query.split('&').filter(|part| !part.starts_with(&format!("{name}=")));
        format!("{address}?{}", parts.collect::<Vec<_>>().join("&"))
    };
    let signature = query.split('&').find_map(|part| part.strip_prefix("X-Amz-Signature=")).unwrap();
    let forged = format!("{}{}", &signature[..63], if signature.ends_with('0') { "1" } else { "0" });
    for (what, altered) in [
        ("signature", with("X-Amz-Signature", &forged)),
        ("no signature", without("X-Amz-Signature")),
        ("longer", with("X-Amz-Expires", "604800")),
        ("another day", with("X-Amz-Date", "20300101T000000Z")),
        ("another name", with("response-content-disposition", "inline")),
        ("another object", link.replacen("/c/", "/x/", 1)),
        ("another tenant's", link.replacen("/t/demo/", "/t/other/", 1)),
        ("the folder", format!("{}?{query}", address.rsplit_once('/').unwrap().0)),
        ("no query", address.to_owned()),
    ] {
        assert_ne!(altered, link, "{what}");
        // Without a signature the request is not even a presigned one.
        let wanted = if what == "no signature" { 400 } else { 403 };
        assert_eq!(fetched(&altered).await, wanted, "{what}: {altered}");
    }
    // A link allows reading and nothing else.
    for method in [reqwest::Method::PUT, reqwest::Method::DELETE, reqwest::Method::POST] {
        assert_eq!(status(method.clone(), &link).await, 403, "{method}");
    }
    assert_eq!(fetched(&link).await, 200);
}

#[tokio::test]
async fn link_expires() {
    let system = System::get().await;
    let (id, file) = finished(system).await;
    let location = get(&format!("/exports/{id}/files/{file}")).await.header("location").to_owned();
    assert!(location.contains("X-Amz-Expires=900&"), "{location}");
    let key = location.split('?').next().unwrap().split("/t/").nth(1).unwrap();
    let short = system.objects().presign_get(&format!("t/{key}"), 1, None).await.unwrap();
    eventually("the link ends", async || fetched(&short).await != 200).await;
    assert_eq!(fetched(&short).await, 403);
}

#[tokio::test]
async fn bucket_refuses_unsigned_requests() {
    let system = System::get().await;
    let link = link(system).await;
    let object = link.split('?').next().unwrap();
    let bucket = object.split("/t/").next().unwrap();
    for url in [
        object,
        bucket,
        &format!("{bucket}/"),
        &format!("{bucket}?list-type=2&prefix=t/"),
        &format!("{bucket}?policy"),
    ] {
        assert_eq!(fetched(url).await, 403, "{url}");
        assert_eq!(status(reqwest::Method::HEAD, url).await, 403, "{url}");
    }
    for method in [reqwest::Method::PUT, reqwest::Method::DELETE] {
        assert_eq!(status(method.clone(), object).await, 403, "{method}");
    }
    assert_eq!(fetched(&link).await, 200, "nothing was done to it");
}

#[tokio::test]
async fn links_are_not_cached_or_stored() {
    let system = System::get().await;
    let (id, file) = finished(system).await;
    let answer = get(&format!("/exports/{id}/files/{file}")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let kept = "select count(*) from (select heads::text as kept from sluice.export union all select request::text from sluice.export) k where kept like '%X-Amz%'";
    assert_eq!(system.number(kept).await.unwrap(), 0);
}
