//! Operator tasks: rotation of keys, and an unusable secret.

use std::process::Command;

use export::manifest::Manifest;
use reqwest::StatusCode;
use serde_json::json;

use super::files;
use super::stack::CdnStack;

/// The two kinds of keys that CloudFront accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyAlgorithm {
    Ecdsa,
    Rsa,
}

/// Both halves in PEM form.
pub(super) struct Pair {
    pub(super) private: String,
    pub(super) public: Vec<u8>,
}

/// Creates a new pair with openssl as described in infra/README.md.
pub(super) fn key_pair(kind: KeyAlgorithm) -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let run = Command::new("openssl").args(arguments).current_dir(folder.path()).output();
        assert!(run.expect("this test needs the command openssl").status.success(), "{arguments:?}");
    };
    let (algorithm, size) = match kind {
        KeyAlgorithm::Ecdsa => ("EC", "ec_paramgen_curve:P-256"),
        KeyAlgorithm::Rsa => ("RSA", "rsa_keygen_bits:2048"),
    };
    openssl(&["genpkey", "-algorithm", algorithm, "-pkeyopt", size, "-out", "private"]);
    openssl(&["pkey", "-in", "private", "-pubout", "-out", "public"]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    Pair { private: String::from_utf8(read("private")).unwrap(), public: read("public") }
}

/// Returns the text of a secret for this stack's CDN.
pub(super) fn secret(cdn: &CdnStack, id: &str, private: &str) -> String {
    let domain = cdn.stack().cdn_url.strip_prefix("http://").unwrap();
    json!({"domain": domain, "keyPairId": id, "privateKey": private}).to_string()
}

/// Follows the three steps of infra/README.md, from the stack's own key to one of the other kind.
pub(super) async fn a_key_replaces_another_without_a_broken_link(cdn: &CdnStack, manifest: &Manifest) {
    let file = format!("files/{}", files(manifest)[0].0);
    let first_id = cdn.secret["keyPairId"].as_str().unwrap();
    let old = cdn.link(manifest.export, &file).await;
    assert!(old.contains(&format!("Key-Pair-Id={first_id}&")), "{old}");

    let second = key_pair(KeyAlgorithm::Rsa);
    let by_second = secret(cdn, "KSECOND", &second.private);
    let early = ports::links::Signer::read(&by_second).unwrap();
    let early = early.link(&files(manifest)[0].1, super::stack::now() + 600).unwrap();
    assert_eq!(cdn.get(&early).await.status, StatusCode::FORBIDDEN, "before its key is trusted");

    let trusted = |id: &str| cdn.stack().cdn_keys.join(format!("{id}.pem"));
    std::fs::write(trusted("KSECOND"), &second.public).unwrap();
    cdn.sign_with(&by_second).await;
    let new = cdn.link(manifest.export, &file).await;
    assert!(new.contains("Key-Pair-Id=KSECOND&"), "{new}");
    let bodies = [cdn.get(&old).await, cdn.get(&new).await, cdn.get(&early).await].map(|answer| {
        assert_eq!((answer.status, answer.whence()), (StatusCode::OK, "Hit from nginx"));
        answer.body
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]), "whoever signed it, it is the same file");

    let first = std::fs::read(trusted(first_id)).unwrap();
    std::fs::remove_file(trusted(first_id)).unwrap();
    assert_eq!(cdn.get(&old).await.status, StatusCode::FORBIDDEN, "its key is gone");
    assert_eq!(cdn.get(&new).await.status, StatusCode::OK);

    // And back, to the slot that is free now.
    std::fs::write(trusted(first_id), first).unwrap();
    cdn.sign_with(&cdn.secret.to_string()).await;
    std::fs::remove_file(trusted("KSECOND")).unwrap();
    let back = cdn.link(manifest.export, &file).await;
    assert_eq!(cdn.get(&back).await.status, StatusCode::OK);
    assert_eq!(cdn.get(&new).await.status, StatusCode::FORBIDDEN);
}

/// Files remain available.
pub(super) async fn without_a_key_links_are_those_of_the_storage(cdn: &CdnStack, manifest: &Manifest) {
    let wrong_key = secret(cdn, "K1", "no key");
    let no_domain = cdn.secret.to_string().replace("127.0.0.1:", "files.example.com:");
    for text in [" ", "not what it should be", &wrong_key, &no_domain] {
        cdn.sign_with(text).await;
        let link = cdn.link(manifest.export, "manifest").await;
        assert!(link.starts_with(&cdn.stack().aws_endpoint) && link.contains("X-Amz-Signature="), "{link}");
        assert_eq!(cdn.get(&link).await.status, StatusCode::OK);
    }
    cdn.sign_with(&cdn.secret.to_string()).await;
    let link = cdn.link(manifest.export, "manifest").await;
    assert!(link.starts_with(&format!("{}/", cdn.stack().cdn_url)), "{link}");
    assert_eq!(cdn.get(&link).await.status, StatusCode::OK);
}
