//! `sluice export` that is killed again and again: each next run continues where the last one ended.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use export::manifest::Manifest;
use ports::random;
use tests::{EVENT_TIMEOUT, System};

mod proxy;

use proxy::Proxy;

const KILLS: u32 = 10;

/// Bytes that a kill may cost: buffers of four connections, and what was not yet written to the disk.
const MAX_FETCHED_TWICE: u64 = 8 << 20;

/// Least and most bytes that a run loads before it is killed.
const LOADED: (u64, u64) = (256 << 10, 2 << 20);

/// Starts `sluice` so that all its traffic passes through the proxy.
fn sluice(system: &System, proxy: &Proxy, words: &[&str]) -> Child {
    crate::cli::command(words)
        .args(["--insecure", "--progress", "none"])
        .env("SLUICE_URL", proxy.through(&system.stack.url))
        .env("SLUICE_KEY", &system.stack.key)
        .env("http_proxy", proxy.address())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Returns a random number below `limit`.
fn below(limit: u64) -> u64 {
    u64::from_be_bytes(random::bytes()) % limit
}

/// Returns the bytes of files and parts of files in a folder.
fn on_disk(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let files = entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("orders."));
    files.map(|file| file.metadata().unwrap().len()).sum()
}

/// Returns everything that a process writes to stderr until its end.
fn said(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn same_command_goes_on_with_the_export_that_was_killed() {
    let system = System::get().await;
    let (home, proxy) = (tempfile::tempdir().unwrap(), Proxy::start());
    let out = home.path().join("data");
    let (out_path, label) = (out.to_str().unwrap(), home.path().to_str().unwrap());
    let words = ["--from", "2024-02-01", "--to", "2024-02-20", "--compression", "none", "--reuse", "none"];
    let words = [&["export", "orders", "--out", out_path, "--label", label], &words[..]].concat();
    let start = || sluice(system, &proxy, &words);
    // At any moment before and after it is accepted.
    for _ in 0..3 {
        let child = start();
        tokio::time::sleep(Duration::from_millis(below(500))).await;
        kill(child);
    }
    // In the middle of the download.
    let mut child = start();
    let waited = tokio::time::timeout(EVENT_TIMEOUT, async {
        while proxy.sent() < LOADED.0 {
            assert!(child.try_wait().unwrap().is_none(), "the export has ended: {}", said(&mut child));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("the download begins");
    kill(child);

    let mut last = start();
    let last_words = said(&mut last);
    assert!(last.wait().unwrap().success(), "{last_words}");
    assert!(last_words.contains("going on with export"), "{last_words}");
    assert!(client::verify::verify(&out, &|_| ()).unwrap().faults.is_empty());
    let filter = client::ExportFilter { label: Some(label.to_owned()), ..Default::default() };
    assert_eq!(system.client.exports(&filter, None).await.unwrap().exports.len(), 1, "one export");
    let hidden = std::fs::read_dir(&out)
        .unwrap()
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(hidden.count(), 0, "nothing is left besides the files");
    let again = start().wait_with_output().unwrap();
    assert_eq!(again.status.code(), Some(2), "the folder is complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_that_is_killed_ten_times_is_complete_and_loads_little_twice() {
    let system = System::get().await;
    let (home, proxy) = (tempfile::tempdir().unwrap(), Proxy::start());
    let out = home.path().join("data");
    let out_path = out.to_str().unwrap();
    let words = ["--from", "2024-02-01", "--to", "2024-03-15", "--compression", "none", "--reuse", "none"];
    let mut child = sluice(system, &proxy, &[&["export", "orders", "--out", out_path], &words[..]].concat());
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let id = line.split(' ').nth(1).unwrap_or_default().to_owned();
    assert_eq!(line, format!("export {id} accepted\n"));
    tokio::time::sleep(Duration::from_millis(below(1000))).await;
    kill(child);

    let (mut disk, mut sent, mut twice) = (on_disk(&out), proxy.sent(), Vec::new());
    twice.push(sent - disk);
    for _ in 1..KILLS {
        let mut child = sluice(system, &proxy, &["download", &id, "--out", out_path]);
        let until = sent + LOADED.0 + below(LOADED.1 - LOADED.0);
        let waited = tokio::time::timeout(EVENT_TIMEOUT, async {
            while proxy.sent() < until {
                assert!(child.try_wait().unwrap().is_none(), "the download has ended: {}", said(&mut child));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.expect("the download goes on");
        kill(child);
        let (disk_now, sent_now) = (on_disk(&out), proxy.sent());
        twice.push((sent_now - sent).saturating_sub(disk_now.saturating_sub(disk)));
        (disk, sent) = (disk_now, sent_now);
        assert!(!out.join("manifest.json").exists(), "it was killed before its end");
    }

    let mut last = sluice(system, &proxy, &["download", &id, "--out", out_path]);
    let last_words = said(&mut last);
    assert!(last.wait().unwrap().success(), "{last_words}");
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let report = client::verify::verify(&out, &|_| ()).unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    let (all, most) = (proxy.sent() - manifest.bytes, *twice.iter().max().unwrap());
    println!(
        "{KILLS} kills of an export of {} bytes: complete and verified; {all} bytes were fetched twice, {most} after \
         one kill at most: {twice:?}",
        manifest.bytes
    );
    assert!(most <= MAX_FETCHED_TWICE && all <= u64::from(KILLS) * MAX_FETCHED_TWICE, "{twice:?}");
}
