//! Every route with every method: a supported method returns its response, another one returns 405 with the list of
//! supported methods, and an unknown path returns 404.

use std::collections::BTreeMap;

use super::*;

const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// Methods by path, with HEAD wherever there is GET.
fn paths() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path) in ROUTES {
        let path = path
            .replace("{id}", ID)
            .replace("{name}", "orders")
            .replace("{saved}", "daily")
            .replace("{dataset}", "Clients");
        let methods = paths.entry(path).or_default();
        methods.insert(method.to_owned());
        methods.insert("OPTIONS".to_owned());
        if method == "GET" {
            methods.insert("HEAD".to_owned());
        }
    }
    paths
}

/// Methods in the header `Allow`.
fn allow(response: &Response) -> BTreeSet<String> {
    let allow = header_of(response, "allow").unwrap_or_default();
    allow.split(',').map(|method| method.trim().to_owned()).collect()
}

#[tokio::test]
async fn each_path_allows_only_its_methods() {
    for (path, methods) in paths() {
        for method in METHODS {
            let response = send(request(&method, &path)).await;
            let (status, what) = (response.status().as_u16(), format!("{method} {path}"));
            assert!(guarded(&response), "{what}");
            if method == Method::OPTIONS && path != "/Clients" {
                let plain = path.split('?').next().unwrap();
                assert_eq!((status, allow(&response)), (204, paths()[plain].clone()), "{what}");
            } else if methods.contains(method.as_str()) {
                assert!([200, 503].contains(&status), "{what}: {status}");
                assert_eq!(header_of(&response, "allow"), None, "{what}");
            } else if path == "/Clients" {
                // The catalog determines whether this is a dataset, and the store of these tests is unreachable.
                assert_eq!(status, 503, "{what}");
            } else {
                let plain = path.split('?').next().unwrap();
                assert_eq!((status, &allow(&response)), (405, &paths()[plain]), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    for path in paths().into_iter().filter(|(_, methods)| methods.contains("GET")).map(|(path, _)| path) {
        let (get, head) =
            (send(request(&Method::GET, &path)).await, send(request(&Method::HEAD, &path)).await);
        assert_eq!(get.status(), head.status(), "{path}");
        assert_eq!(header_of(&get, "etag"), header_of(&head, "etag"), "{path}");
    }
    let health = send(request(&Method::HEAD, "/health")).await;
    assert!(axum::body::to_bytes(health.into_body(), 1 << 20).await.unwrap().is_empty());
}

#[tokio::test]
async fn trailing_slash_is_the_same_path() {
    assert_eq!(send(request(&Method::GET, "/health/")).await.status(), 200);
    for (path, methods) in paths() {
        let (plain, query) = path.split_once('?').unwrap_or((&path, ""));
        for method in &methods {
            let method: Method = method.parse().unwrap();
            let with = send(request(&method, &format!("{plain}/?{query}"))).await.status();
            assert_eq!(with, send(request(&method, &path)).await.status(), "{method} {path}");
        }
    }
    assert_eq!(send(request(&Method::GET, "/exports//")).await.status(), 404);
}
