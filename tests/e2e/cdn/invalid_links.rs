//! Unsigned, expired or altered links: they give access to nothing, cached or not.

use export::manifest::Manifest;
use ports::links::Signer;
use reqwest::{Method, StatusCode};

use super::files;
use super::rotation::{KeyAlgorithm, key_pair, secret};
use super::stack::{CdnStack, now};

pub(super) async fn only_links_signed_by_sluice_give_access(cdn: &CdnStack, manifest: &Manifest) {
    let files = files(manifest);
    let (name, key) = &files[0];
    let link = cdn.link(manifest.export, &format!("files/{name}")).await;
    let good = cdn.get(&link).await;
    assert_eq!((good.status, good.whence()), (StatusCode::OK, "Hit from nginx"), "it is there to be had");
    let (address, query) = link.split_once('?').unwrap();
    let value = |name: &str| {
        let part = query.split('&').find_map(|part| part.strip_prefix(&format!("{name}=")));
        part.unwrap().to_owned()
    };
    let with = |name: &str, other: &str| {
        link.replace(&format!("{name}={}", value(name)), &format!("{name}={other}"))
    };
    let without = |name: &str| {
        let parts = query.split('&').filter(|part| !part.starts_with(&format!("{name}=")));
        format!("{address}?{}", parts.collect::<Vec<_>>().join("&"))
    };
    let other = cdn.signed(&files[1].1, now() + 600);
    let other_signature = other.split("Signature=").nth(1).unwrap().split('&').next().unwrap();
    let expires: u64 = value("Expires").parse().unwrap();

    let id = value("Key-Pair-Id");
    let mut foreign = Vec::new();
    for kind in [KeyAlgorithm::Ecdsa, KeyAlgorithm::Rsa] {
        let pair = key_pair(kind);
        for id in ["KFOREIGN", id.as_str()] {
            let signer = Signer::read(&secret(cdn, id, &pair.private)).unwrap();
            foreign.push((format!("{kind:?} as {id}"), signer.link(key, now() + 600).unwrap()));
        }
    }
    let mut refused = vec![
        ("no query".to_owned(), address.to_owned()),
        ("no signature".to_owned(), without("Signature")),
        ("no end".to_owned(), without("Expires")),
        ("no key".to_owned(), without("Key-Pair-Id")),
        ("no hash".to_owned(), without("Hash-Algorithm")),
        ("expired".to_owned(), cdn.signed(key, now() - 1)),
        ("a later end".to_owned(), with("Expires", &(expires + 3600).to_string())),
        ("another object".to_owned(), link.replace(key.as_str(), &files[1].1)),
        ("another tenant's".to_owned(), link.replacen("/t/demo/", "/t/other/", 1)),
        ("another object's signature".to_owned(), with("Signature", other_signature)),
        ("half a signature".to_owned(), with("Signature", &value("Signature")[..40])),
        ("encoded otherwise".to_owned(), link.replacen("/t/demo/", "/t/%64emo/", 1)),
        ("two slashes".to_owned(), link.replacen("/t/demo/", "/t//demo/", 1)),
        ("more in the query".to_owned(), format!("{link}&response-content-type=text/html")),
        ("an end of one's own, too".to_owned(), format!("{link}&Expires={}", expires + 3600)),
        ("the folder".to_owned(), format!("{}/?{query}", address.rsplit_once('/').unwrap().0)),
        ("a path into the api".to_owned(), format!("{}/t/..%2Fapi/v1/health", cdn.stack().cdn_url)),
    ];
    refused.extend(foreign);
    for (what, url) in refused {
        assert_ne!(url, link, "{what}");
        let answer = cdn.get(&url).await;
        assert_eq!(
            (answer.status, answer.whence()),
            (StatusCode::FORBIDDEN, "Error from nginx"),
            "{what}: {url}"
        );
        assert_ne!(answer.body, good.body);
        let part = cdn.ask(Method::GET, &url, &[("range", "bytes=0-9")]).await;
        assert_eq!(part.status, StatusCode::FORBIDDEN, "{what}");
    }
    // The root is that of the page. The query of a link does not make it the bucket's.
    let root = cdn.get(&format!("{}/?{query}", cdn.stack().cdn_url)).await;
    assert!(!String::from_utf8_lossy(&root.body).contains("<ListBucket"), "{}", root.status);
    // With the host name of another distribution.
    let elsewhere = cdn.ask(Method::GET, &link, &[("host", "d111111abcdef8.cloudfront.net")]).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    // A link allows reading and nothing else.
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS] {
        assert_eq!(cdn.ask(method.clone(), &link, &[]).await.status, StatusCode::FORBIDDEN, "{method}");
    }
    // The verifier's path is not reachable for clients.
    let asked = cdn.get(&format!("{}/-/verify", cdn.stack().cdn_url)).await;
    assert_eq!(asked.status, StatusCode::NOT_FOUND);
    assert_eq!(cdn.get(&link).await.status, StatusCode::OK, "the link itself is as good as before");

    // Neither log contains a link.
    for log in ["nginx-served.log", "nginx.log", "verifier.log"] {
        let said = std::fs::read_to_string(cdn.stack().work_dir.join(log)).unwrap();
        assert!(!said.contains("Signature="), "{log}");
    }
}

/// The verifier ends and is not started again.
pub(super) async fn without_the_verifier_nothing_is_served(cdn: &CdnStack, manifest: &Manifest) {
    let link = cdn.link(manifest.export, &format!("files/{}", files(manifest)[0].0)).await;
    assert_eq!(cdn.get(&link).await.status, StatusCode::OK);
    cdn.kill("verifier");
    let answer = cdn.get(&link).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let health = cdn.get(&format!("{}/api/v1/health", cdn.stack().cdn_url)).await;
    assert_eq!(health.status, StatusCode::OK, "the api does not need it");
}
