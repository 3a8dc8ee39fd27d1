//! Downloads over connections that break.

use super::*;
use crate::testing::{Reply, Server};

fn id() -> ExportId {
    ExportId::from_random([7; 16])
}

fn expected(body: &[u8]) -> ExpectedFile {
    ExpectedFile { name: "a.csv.gz".into(), bytes: body.len() as u64, sha256: hex(&Sha256::digest(body)) }
}

fn folder(directory: &tempfile::TempDir) -> Folder {
    Folder::open(directory.path(), id()).unwrap()
}

/// Creates the partial file of an earlier run of the same export.
fn leave(directory: &tempfile::TempDir, part: &[u8]) {
    fs::write(folder(directory).begin("a.csv.gz").unwrap(), part).unwrap();
}

/// Starts an api that redirects every file request to `store`.
fn api(store: &Server) -> Server {
    let target = format!("{}/object", store.address);
    Server::start(move |n, _| Reply::new(307, "").header("Location", format!("{target}?link={n}")))
}

/// Starts an object store that supports ranges and breaks its first `breaks` responses after 300 bytes.
fn store(body: Vec<u8>, breaks: usize) -> Server {
    Server::start(move |n, request| {
        let from =
            request.header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let reply = match from {
            Some(from) if from < body.len() => Reply::new(206, &body[from..])
                .header("Content-Range", format!("bytes {from}-{}/{}", body.len() - 1, body.len())),
            Some(_) => Reply::new(416, ""),
            None => Reply::new(200, body.clone()),
        };
        if n < breaks { reply.cut(300) } else { reply }
    })
}

fn body() -> Vec<u8> {
    (0..2000u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn a_broken_connection_is_resumed_with_a_fresh_link() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    let store = store(body.clone(), 4);
    let api = api(&store);
    let highest = std::sync::atomic::AtomicU64::new(0);
    let at = |n| _ = highest.fetch_max(n, std::sync::atomic::Ordering::Relaxed);
    let fetched = api.client().download(id(), &expected(&body), &folder(&directory), &at).await.unwrap();
    assert_eq!(fetched, Fetched::Loaded);
    assert_eq!(fs::read(directory.path().join("a.csv.gz")).unwrap(), body);
    assert_eq!(highest.into_inner(), body.len() as u64);
    let requests = store.requests();
    let ranges: Vec<_> = requests.iter().map(|r| r.header("range")).collect();
    assert_eq!(ranges[..3], [None, Some("bytes=300-"), Some("bytes=600-")]);
    let links: std::collections::BTreeSet<_> = requests.iter().map(|r| r.line.clone()).collect();
    assert_eq!(links.len(), 5, "each try has its own link");
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
    assert!(!directory.path().join("a.csv.gz.part").exists());
}

#[tokio::test]
async fn partial_file_of_an_earlier_run_is_resumed() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    leave(&directory, &body[..1000]);
    let store = store(body.clone(), 0);
    let api = api(&store);
    api.client().download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap();
    assert_eq!(store.requests()[0].header("range"), Some("bytes=1000-"));
    assert_eq!(fs::read(directory.path().join("a.csv.gz")).unwrap(), body);
}

#[tokio::test]
async fn wrong_partial_file_restarts_the_download() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    leave(&directory, &[1; 1000]);
    let store = store(body.clone(), 0);
    api(&store).client().download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap();
    assert_eq!(fs::read(directory.path().join("a.csv.gz")).unwrap(), body);
    assert_eq!(store.requests().len(), 2);
}

#[tokio::test]
async fn a_store_without_ranges_is_read_from_the_start() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    leave(&directory, &body[..1000]);
    let whole = body.clone();
    let store = Server::start(move |_, _| Reply::new(200, whole.clone()));
    api(&store).client().download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap();
    assert_eq!(fs::read(directory.path().join("a.csv.gz")).unwrap(), body);
}

#[tokio::test]
async fn a_file_with_another_hash_is_deleted() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    for (sent, what) in [([1; 8000].to_vec(), "SHA-256"), ([1; 8001].to_vec(), "more than")] {
        let store = store(sent, 0);
        let error = api(&store).client().download(id(), &expected(&body), &folder(&directory), &|_| ()).await;
        assert!(matches!(&error, Err(Error::Mismatch { what: w, .. }) if w.contains(what)), "{error:?}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the record alone");
    }
}

#[tokio::test]
async fn truncated_download_is_refused() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    let store = store(body[..500].to_vec(), 0);
    let error = api(&store).client().download(id(), &expected(&body), &folder(&directory), &|_| ()).await;
    assert!(error.is_err());
    assert!(!directory.path().join("a.csv.gz").exists());
}

#[tokio::test]
async fn present_file_is_not_downloaded_again() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    let path = directory.path().join("a.csv.gz");
    let store = store(body.clone(), 0);
    let client = api(&store).client();
    fs::write(&path, &body).unwrap();
    let fetched = client.download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap();
    assert_eq!((fetched, store.requests().len()), (Fetched::Present, 0));
    // A file of the same length that this export did not write: it is rejected and kept.
    fs::write(&path, vec![1; body.len()]).unwrap();
    let error = client.download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap_err();
    assert!(matches!(error, Error::Occupied { .. }), "{error:?}");
    assert_eq!((fs::read(&path).unwrap(), store.requests().len()), (vec![1; body.len()], 0));
    let replaced = folder(&directory).overwriting(true);
    client.download(id(), &expected(&body), &replaced, &|_| ()).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), body);
}

#[tokio::test]
async fn download_survives_an_outage_within_its_patience() {
    let (body, directory) = (body(), tempfile::tempdir().unwrap());
    // More responses break off than there are tries.
    let short = body.clone();
    let store = Server::start(move |n, _| match n {
        0..8 => Reply::new(200, short.clone()).cut(0),
        _ => Reply::new(200, short.clone()),
    });
    let client = api(&store).client();
    assert!(client.download(id(), &expected(&body), &folder(&directory), &|_| ()).await.is_err());
    let retries = crate::Retries { outage: std::time::Duration::from_secs(60), ..client.retries() };
    let patient = client.with_retries(retries);
    patient.download(id(), &expected(&body), &folder(&directory), &|_| ()).await.unwrap();
    assert_eq!(fs::read(directory.path().join("a.csv.gz")).unwrap(), body);
}
