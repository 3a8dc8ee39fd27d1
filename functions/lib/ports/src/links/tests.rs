//! Tests of links as CloudFront would check them, with `openssl` for the signatures.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::signer::policy;
use super::*;
use crate::secret::MemorySecret;

const NOW: u64 = 1_767_290_000;
const OBJECT: &str = "t/acme/c/0190a1b2-0000-7000-8000-000000000001/1.csv.gz";

/// Runs openssl; returns false if it failed.
fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let run = Command::new("openssl").args(arguments).current_dir(folder).output();
    run.expect("these tests need the command openssl").status.success()
}

/// Creates a private key with openssl; returns it in each of its PEM forms.
fn keys(folder: &Path, name: &str) -> Vec<(String, String)> {
    let made = |file: &str, arguments: &[&str]| {
        assert!(openssl(folder, arguments), "{arguments:?}");
        std::fs::read_to_string(folder.join(file)).unwrap()
    };
    let (rsa, ec) = (format!("{name}.rsa"), format!("{name}.ec"));
    let (rsa1, sec1, with_parameters) = (format!("{rsa}1"), format!("{ec}1"), format!("{ec}2"));
    let pkcs8_rsa =
        made(&rsa, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &rsa]);
    let pkcs8_ec =
        made(&ec, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &ec]);
    vec![
        (rsa.clone(), pkcs8_rsa),
        (rsa.clone(), made(&rsa1, &["rsa", "-in", &rsa, "-traditional", "-out", &rsa1])),
        (ec.clone(), pkcs8_ec),
        (ec.clone(), made(&sec1, &["ec", "-in", &ec, "-out", &sec1])),
        // As `openssl ecparam -genkey` writes it: the curve is before the key.
        (
            with_parameters.clone(),
            made(&with_parameters, &["ecparam", "-name", "prime256v1", "-genkey", "-out", &with_parameters]),
        ),
    ]
}

fn secret(id: &str, pem: &str) -> String {
    serde_json::json!({"domain": "d111111abcdef8.cloudfront.net", "keyPairId": id, "privateKey": pem})
        .to_string()
}

/// CloudFront's check of a request according to its developer guide: the policy is rebuilt from URL and `Expires`,
/// and the signature must be one over it by a key of the group.
struct Edge {
    folder: TempDir,
    /// Maps the id of a public key to its file.
    group: HashMap<String, PathBuf>,
}

impl Edge {
    fn trust(&mut self, id: &str, private: &str) {
        let public = format!("{id}.public");
        assert!(openssl(self.folder.path(), &["pkey", "-in", private, "-pubout", "-out", &public]));
        self.group.insert(id.to_owned(), self.folder.path().join(public));
    }

    fn lets_in(&self, url: &str, now: u64) -> bool {
        let (resource, query) = url.split_once('?').unwrap();
        let query: HashMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let expires: u64 = query["Expires"].parse().unwrap();
        assert_eq!(query["Hash-Algorithm"], "SHA256");
        let Some(public) = self.group.get(query["Key-Pair-Id"]) else { return false };
        let signature = query["Signature"].replace('-', "+").replace('_', "=").replace('~', "/");
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let folder = self.folder.path();
        std::fs::write(folder.join("policy"), policy(resource, expires)).unwrap();
        std::fs::write(folder.join("signature"), signature).unwrap();
        let public = public.to_str().unwrap();
        let good =
            openssl(folder, &["dgst", "-sha256", "-verify", public, "-signature", "signature", "policy"]);
        good && now < expires
    }
}

fn edge() -> Edge {
    Edge { folder: tempfile::tempdir().unwrap(), group: HashMap::new() }
}

#[test]
fn link_policy_equals_the_canned_policy() {
    assert_eq!(
        policy("https://d111111abcdef8.cloudfront.net/t/acme/c/1.csv", 1_767_290_400),
        "{\"Statement\":[{\"Resource\":\"https://d111111abcdef8.cloudfront.net/t/acme/c/1.csv\",\
         \"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":1767290400}}}]}"
    );
}

#[test]
fn openssl_accepts_signed_links_and_refuses_altered_ones() {
    let mut edge = edge();
    let (ours, others) = (keys(edge.folder.path(), "ours"), keys(edge.folder.path(), "others"));
    for ((private, pem), (_, foreign)) in ours.iter().zip(&others) {
        edge.trust("KOURS", private);
        let link = Signer::read(&secret("KOURS", pem)).unwrap().link(OBJECT, NOW + 900).unwrap();
        assert!(
            link.starts_with(&format!("https://d111111abcdef8.cloudfront.net/{OBJECT}?Expires=")),
            "{link}"
        );
        assert!(edge.lets_in(&link, NOW), "{private}: {link}");

        assert!(!edge.lets_in(&link, NOW + 900), "expired");
        assert!(!edge.lets_in(&link.replace("Expires=17672909", "Expires=17672919"), NOW), "a later end");
        assert!(!edge.lets_in(&link.replace("/1.csv.gz", "/2.csv.gz"), NOW), "another object");
        assert!(
            !edge.lets_in(&link.replace("d111111abcdef8", "d222222abcdef8"), NOW),
            "another distribution"
        );
        assert!(!edge.lets_in(&link.replace("KOURS", "KNOBODY"), NOW), "a key that is not in the group");
        // Signed under the id of the trusted key, but by another key.
        let forged = Signer::read(&secret("KOURS", foreign)).unwrap().link(OBJECT, NOW + 900).unwrap();
        assert!(!edge.lets_in(&forged, NOW), "{private}: forged");
    }
}

#[test]
fn object_keys_cannot_widen_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (_, pem) = keys(folder.path(), "k").swap_remove(2);
    let link = Signer::read(&secret("K1", &pem)).unwrap().link("t/a*?#\"é/1", NOW).unwrap();
    assert!(
        link.starts_with("https://d111111abcdef8.cloudfront.net/t/a%2A%3F%23%22%C3%A9/1?Expires="),
        "{link}"
    );
    assert_eq!(link.matches('?').count(), 1);
    assert!(link.bytes().all(|byte| byte.is_ascii_graphic() && !b"*+\"<>".contains(&byte)), "{link}");
}

#[test]
fn only_a_port_of_this_machine_is_reached_without_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (_, pem) = keys(folder.path(), "k").swap_remove(2);
    let link = |domain: &str| {
        let secret = secret("K1", &pem).replace("d111111abcdef8.cloudfront.net", domain);
        Signer::read(&secret).map(|signer| signer.link(OBJECT, NOW).unwrap())
    };
    for local in ["127.0.0.1:8443", "localhost:1", "127.0.0.1:65535"] {
        assert!(link(local).unwrap().starts_with(&format!("http://{local}/{OBJECT}?Expires=")), "{local}");
    }
    for host in ["127.0.0.1", "localhost", "files.example.com"] {
        assert!(link(host).unwrap().starts_with(&format!("https://{host}/{OBJECT}?Expires=")), "{host}");
    }
    for other in [
        "",
        "files.example.com:443",
        "files.example.com:8443",
        "127.0.0.2:80",
        "localhost.example.com:80",
        "evil@localhost:80",
        "localhost:",
        "localhost:0",
        "localhost:080",
        "localhost:+80",
        "localhost:65536",
        "localhost:80:80",
        "localhost:80/a",
        "[::1]:80",
        "http://localhost:80",
    ] {
        assert!(matches!(link(other), Err(LinksError::Field("domain", _))), "{other}");
    }
}

#[test]
fn other_secrets_are_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let make = |file: &str, arguments: &[&str]| {
        assert!(openssl(path, arguments), "{arguments:?}");
        std::fs::read_to_string(path.join(file)).unwrap()
    };
    let p384 =
        make("p384", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "p384"]);
    let rsa3072 =
        make("r3", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", "r3"]);
    let good =
        make("good", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "good"]);
    let public = make("public", &["pkey", "-in", "good", "-pubout", "-out", "public"]);
    for pem in [p384.as_str(), &rsa3072, &public, "hunter2", ""] {
        let error = Signer::read(&secret("K1", pem)).err().unwrap();
        assert!(matches!(error, LinksError::Field("privateKey", _)), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    assert!(matches!(Signer::read(&secret("K 1", &good)), Err(LinksError::Field("keyPairId", _))));
    let elsewhere = secret("K1", &good).replace("d111111abcdef8.cloudfront.net", "https://evil.example/a?");
    assert!(matches!(Signer::read(&elsewhere), Err(LinksError::Field("domain", _))));
    for text in ["hunter2", "{}", "[\"hunter2\"]", "{\"domain\": 7}"] {
        let error = Signer::read(text).err().unwrap();
        assert!(matches!(error, LinksError::Form) && !error.to_string().contains("hunter2"));
    }
}

/// Makes the kept signer expire.
async fn age(cdn: &Cdn) {
    if let Some(kept) = cdn.kept.lock().await.as_mut() {
        kept.until = Instant::now();
    }
}

#[tokio::test]
async fn signing_key_is_cached_and_replaced_with_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = keys(folder.path(), "k");
    let (rsa, ec) = (made.swap_remove(0).1, made.swap_remove(2).1);
    let secret_store = MemorySecret::default();
    let cdn = Cdn::new(secret_store.clone());
    assert_eq!(cdn.link(OBJECT, 900).await, None, "an empty secret signs nothing");
    secret_store.put(secret("KFIRST", &rsa));
    assert_eq!(cdn.link(OBJECT, 900).await, None, "it is looked at now and then");
    age(&cdn).await;
    assert!(cdn.link(OBJECT, 900).await.unwrap().contains("Key-Pair-Id=KFIRST"));
    secret_store.put(secret("KSECOND", &ec));
    assert!(cdn.link(OBJECT, 900).await.unwrap().contains("Key-Pair-Id=KFIRST"), "kept");
    age(&cdn).await;
    assert!(cdn.link(OBJECT, 900).await.unwrap().contains("Key-Pair-Id=KSECOND"));

    secret_store.put("not what it should be");
    age(&cdn).await;
    assert!(cdn.link(OBJECT, 900).await.unwrap().contains("Key-Pair-Id=KSECOND"), "what has signed goes on");
}
