//! The page, in Chromium: the scripts in `page/` act as a person does, and these tests compare what they saw with the
//! database.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use export::access::Access;
use serde_json::{Value, json};
use store::NewKey;
use tests::{System, copy_csv, skipped, sorted_records};

/// Python with Playwright, and the browser.
struct Programs {
    python: String,
    chromium: String,
}

impl Programs {
    /// Starts a script with these settings.
    fn start(&self, name: &str, settings: &Value) -> Child {
        let mut settings = settings.clone();
        settings["chromium"] = json!(self.chromium);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/page").join(name);
        let mut command = Command::new(&self.python);
        command.arg(script).arg(settings.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("PYTHONDONTWRITEBYTECODE", "1").spawn().unwrap()
    }
}

/// Returns the programs; `None`, reported as skipped, without a browser.
fn programs() -> Option<Programs> {
    let (python, chromium) = (std::env::var("SLUICE_PAGE_PYTHON"), std::env::var("SLUICE_CHROMIUM"));
    if let (Ok(python), Ok(chromium)) = (python, chromium) {
        return Some(Programs { python, chromium });
    }
    skipped("Chromium", "install the package chromium, and run the tests with `cargo x test`");
    None
}

/// Starts a script with a new key of a tenant of its own.
async fn start(programs: Programs, name: &str, tenant: &str, folder: &Path) -> Child {
    let url = &System::get().await.stack.url;
    let (key, reader) = (key(tenant, true).await, key(tenant, false).await);
    programs.start(name, &json!({"url": url, "key": key, "reader": reader, "folder": folder}))
}

/// Creates a key of a tenant, which may write or only read.
async fn key(tenant: &str, writes: bool) -> String {
    let key = NewKey {
        tenant: tenant.parse().unwrap(),
        label: "e2e page".into(),
        access: Access { writes, ..Access::full() },
        expires_secs: None,
    };
    System::get().await.store().create_key_for(&key).await.unwrap()
}

/// Checks that people can sign in at a provider which gives out this token. The deployment has the provider that
/// `page/provider.py` plays.
pub(crate) fn sign_in_at_a_provider(url: &str, token: &str) {
    let Some(programs) = programs() else { return };
    assert_eq!(
        seen(programs.start("provider.py", &json!({"url": url, "token": token}))),
        json!({"signedIn": true})
    );
}

/// Returns what the script printed last, once it has ended well.
fn seen(script: Child) -> Value {
    let output = script.wait_with_output().unwrap();
    assert!(output.status.success(), "see the messages of the script above");
    let printed = String::from_utf8(output.stdout).unwrap();
    println!("{printed}");
    serde_json::from_str(printed.lines().last().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_journey_ends_with_the_rows_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let Some(programs) = programs() else { return };
    let seen = seen(start(programs, "journey.py", "page-journey", folder.path()).await);
    assert!(seen["wrongKey"].as_str().unwrap().contains("key"), "{seen}");
    assert!(seen["violation"].as_str().unwrap().contains("many"), "{seen}");
    assert_eq!(seen["columns"], json!(["id", "day", "name", "score"]));
    assert!(seen["curl"].as_str().unwrap().contains(r#""startDate":"2024-01-01","endDate":"2024-01-31""#));
    let file = std::fs::read(seen["file"].as_str().unwrap()).unwrap();
    let query = "select * from e2e.visits where day between '2024-01-01' and '2024-01-31'";
    let expected = copy_csv(&System::get().await.stack.owner_url, query).await.unwrap();
    let mut records = sorted_records(&file);
    records.retain(|record| record != "id,day,name,score");
    assert_eq!(records, sorted_records(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_is_retried_and_absence_survived() {
    let folder = tempfile::tempdir().unwrap();
    let Some(programs) = programs() else { return };
    let system = System::get().await;
    // A day that no other test exports.
    system.run("insert into e2e.poison values (20310505, '2031-05-05', 0)").await.unwrap();
    let mut script = start(programs, "watching.py", "page-watching", folder.path()).await;
    let mut printed = BufReader::new(script.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    let corrected = system.run("update e2e.poison set divisor = 1 where id = 20310505").await;
    assert_eq!(line, "failed\n");
    corrected.unwrap();
    writeln!(script.stdin.take().unwrap(), "again").unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut printed, &mut rest).unwrap();
    system.run("delete from e2e.poison where id = 20310505").await.unwrap();
    assert!(script.wait().unwrap().success(), "see the messages of the script above");
    println!("{rest}");
    let seen: Value = serde_json::from_str(&rest).unwrap();
    assert!(seen["reason"].as_str().unwrap().contains("division_by_zero"), "{seen}");
    assert!(seen["away"]["requestsPerSecond"].as_f64().unwrap() <= 1.0, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_stays_text_and_many_chunks_stay_smooth() {
    let folder = tempfile::tempdir().unwrap();
    let Some(programs) = programs() else { return };
    let seen = seen(start(programs, "hostile.py", "page-hostile", folder.path()).await);
    assert!(seen["frameMs"].is_number(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_sent_as_they_were_made() {
    let folder = tempfile::tempdir().unwrap();
    let Some(programs) = programs() else { return };
    let seen = seen(start(programs, "choices.py", "page-choices", folder.path()).await);
    assert_eq!(seen["sent"][0]["filters"]["paid"], json!({"eq": true}), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_is_found_used_again_and_downloaded_whole() {
    let folder = tempfile::tempdir().unwrap();
    let Some(programs) = programs() else { return };
    let seen = seen(start(programs, "around.py", "page-around", folder.path()).await);
    assert!(seen["files"].as_object().is_some_and(|files| files.len() >= 2), "{seen}");
    assert!(seen["curl"].as_str().unwrap().contains(r#""score":{"gte":3}"#), "{seen}");
}
