//! Links lead to the same resource from every address of the api. `Location` is resolved against the request, as HTTP
//! defines it, and links in bodies against the base.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tests::System;

/// Returns the addresses that `cargo x up` prints, each with `/api/v1`.
fn bases(system: &System) -> Vec<String> {
    let direct = format!("{}/api/v1", system.stack.url.trim_end_matches('/').trim_end_matches("/api/v1"));
    let cdn = (!system.stack.cdn_url.is_empty()).then(|| format!("{}/api/v1", system.stack.cdn_url));
    std::iter::once(direct).chain(cdn).collect()
}

async fn send(method: Method, url: &str, body: Option<&Value>) -> Response {
    let system = System::get().await;
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = http.request(method, url).bearer_auth(&system.stack.key);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    request.send().await.unwrap()
}

/// Returns the target of a response's `Location`, resolved according to RFC 3986.
fn location(response: &Response) -> String {
    let to = response.headers()["location"].to_str().unwrap();
    response.url().join(to).unwrap().to_string()
}

#[tokio::test]
async fn links_resolve_on_every_base_address() {
    let system = System::get().await;
    let body = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"});
    let id = system.export(&body).await.unwrap().manifest.export;
    let bases = bases(system);
    for base in &bases {
        for (path, body) in [
            ("/exports", &body),
            ("/exports/", &body),
            ("/Whole", &json!({"startDate": "2024-01-01", "endDate": "2024-01-02"})),
        ] {
            let made = send(Method::POST, &format!("{base}{path}"), Some(body)).await;
            assert_eq!(made.status(), 202, "{base}{path}");
            let to = location(&made);
            let export: Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
            assert_eq!(to, format!("{base}/exports/{}", export["id"].as_str().unwrap()));
            assert_eq!(send(Method::GET, &to, None).await.status(), 200, "{to}");
        }
        let shown = send(Method::GET, &format!("{base}/exports/{id}"), None).await;
        let export: Value = serde_json::from_str(&shown.text().await.unwrap()).unwrap();
        for (name, status) in [("self", 200), ("files", 200), ("chunks", 200), ("manifest", 307)] {
            let link = format!("{base}/{}", export["links"][name].as_str().unwrap());
            assert_eq!(send(Method::GET, &link, None).await.status(), status, "{link}");
        }
    }
}

#[tokio::test]
async fn large_answers_are_compressed_when_accepted() {
    let system = System::get().await;
    let key = &system.stack.key;
    let coded = async |base: &str, path: &str, accept: &str| {
        // A client without a decoder sees the bytes as sent.
        let request = Client::new().get(format!("{base}{path}")).bearer_auth(key);
        let response = request.header("accept-encoding", accept).send().await.unwrap();
        let headers = response.headers().clone();
        let of = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        (of("content-encoding"), of("etag"), of("vary"), response.bytes().await.unwrap())
    };
    for base in bases(system) {
        let plain = coded(&base, "/datasets", "identity").await;
        let packed = coded(&base, "/datasets", "br, gzip").await;
        assert_eq!((plain.0.as_str(), packed.0.as_str()), ("", "gzip"), "{base}");
        assert!(packed.3.len() * 2 < plain.3.len(), "{} of {}", packed.3.len(), plain.3.len());
        assert_eq!((&plain.1, &plain.2), (&packed.1, &packed.2), "one ETag, one Vary");
        assert!(packed.2.contains("Accept-Encoding"), "{}", packed.2);
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.3[..]), &mut unpacked).unwrap();
        assert_eq!(unpacked, plain.3);
        // A body that fits into one packet is not compressed, and a body the client already has is not sent at all.
        assert_eq!(coded(&base, "/health", "gzip").await.0, "");
        let request = Client::new().get(format!("{base}/datasets")).bearer_auth(key);
        let known = request.header("accept-encoding", "gzip").header("if-none-match", &packed.1);
        assert_eq!(known.send().await.unwrap().status(), 304);
    }
}
