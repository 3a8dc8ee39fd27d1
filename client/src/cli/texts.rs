//! Every help and error text, as users see it, in checked-in files.
//!
//! After a change, look at the difference and write the files again: `SLUICE_WRITE_TEXTS=1 cargo test -p client
//! texts`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches};

use super::Arguments;
use crate::testing::{Reply, Server};

/// Command that writes the files.
const AGAIN: &str = "SLUICE_WRITE_TEXTS=1 cargo test -p client texts";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("texts")
}

fn compare(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("SLUICE_WRITE_TEXTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    if let Some((n, (old, new))) =
        known.lines().chain([""]).zip(text.lines().chain([""])).enumerate().find(|(_, (a, b))| a != b)
    {
        panic!("{name} differs in line {}:\n- {old}\n+ {new}\nif this is right: {AGAIN}", n + 1);
    }
    assert_eq!(known.len(), text.len(), "{name} differs; if this is right: {AGAIN}");
}

/// Returns exit code and text of a command that fails, or prints its help.
async fn run(words: &[&str]) -> (u8, String) {
    let parsed = Arguments::command().try_get_matches_from(words).and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((arguments.session.with_sources(&matches), arguments.command))
    });
    match parsed {
        Err(error) => (u8::try_from(error.exit_code()).unwrap(), error.to_string()),
        Ok((session, command)) => match Box::pin(command.run(&session)).await {
            Err(failure) => (failure.code(), format!("error: {}\n", failure.text())),
            Ok(outcome) => (outcome.code(), format!("{}\n", outcome.text())),
        },
    }
}

#[tokio::test]
async fn help_of_every_command_is_checked_in() {
    let mut names: BTreeSet<_> =
        Arguments::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in &names {
        let (code, text) = run(&["sluice", name, "--help"]).await;
        assert_eq!(code, 0, "{name}");
        assert!(text.contains("Examples:"), "the help of {name} has no examples");
        compare(&format!("help/{name}.txt"), &text);
    }
    let (_, text) = run(&["sluice", "--help"]).await;
    compare("help/sluice.txt", &text);
    names.insert("sluice".to_owned());
    let files = fs::read_dir(folder().join("help")).unwrap().flatten();
    let stems = files.map(|file| file.path().file_stem().unwrap().to_string_lossy().into_owned());
    assert_eq!(stems.collect::<BTreeSet<_>>(), names, "texts of commands that do not exist");
}

/// Commands that are refused without a connection.
const REFUSED: [&[&str]; 42] = [
    &["exprot"],
    &["export"],
    &["export", "*", "orders"],
    &["export", "orders", "customers", "--filter", "total=1"],
    &["export", "orders", "--sample", "ten"],
    &["export", "orders", "--labels", "team"],
    &["export", "orders", "--idempotency-key", ""],
    &["export", "orders.total"],
    &["export", "orders", "--filter", "total==1"],
    &["export", "orders", "--filter", "total"],
    &["export", "orders", "--filter", "total>1", "--filter", "total>2"],
    &["export", "orders", "--columns", "customers=id"],
    &["export", "orders", "customers", "--columns", "id"],
    &["export", "orders", "--request", "request.json"],
    &["export", "--request", "no-such-file.json"],
    &["export", "--plan", "no-such-file.json"],
    &["export", "orders", "--plan", "plan.json"],
    &["export", "orders", "--format", "xml"],
    &["export", "orders", "--reuse", "never"],
    &["export", "orders", "--format", "parquet", "--single"],
    &["export", "orders", "--limit-rate", "fast"],
    &["export", "orders", "--parallel", "0"],
    &["export", "orders", "--progress", "dots"],
    &["export", "orders", "--color", "blue"],
    &["status", "nonsense"],
    &["list", "--status", "open"],
    &["list", "--labels", "team"],
    &["delete", "07070707-0707-4707-8707-070707070707"],
    &["chunks", "nonsense"],
    &["api", "PATCH", "/exports"],
    &["api", "GET", "exports"],
    &["api", "GET", "https://example.org/"],
    &["api", "GET", "/exports", "--data", "-"],
    &["api", "GET", "/exports", "--idempotency-key", "k"],
    &["login"],
    &["verify", "no-such-folder"],
    &["sql", "no-such-folder"],
    &["saved", "create", "daily", "orders", "--range", "tomorrow"],
    &["saved", "create", "daily", "orders", "--every", "daily", "--grace", "90s"],
    &["completions", "tcsh"],
    &["import-calls", "no-such-file"],
    &["admin", "invalidate", "--function", "f"],
];

#[tokio::test]
async fn every_error_is_checked_in() {
    let mut text = String::new();
    let key = ["--url", "http://127.0.0.1:9", "--key", "slc_1_secret"];
    for words in REFUSED {
        let all = [&["sluice"][..], &key, words].concat();
        let (code, shown) = run(&all).await;
        assert_ne!(code, 0, "{words:?}");
        text.push_str(&format!("$ sluice {}\n{shown}exit code {code}\n\n", words.join(" ")));
    }
    for url in ["ftp://example.org", "http://example.org"] {
        let (code, shown) = run(&["sluice", "--url", url, "--key", "slc_1_secret", "list"]).await;
        text.push_str(&format!("$ sluice list --url {url}\n{shown}exit code {code}\n\n"));
    }
    compare("errors.txt", &text);
}

const ENDED: &str = r#"{"title": "Export state does not allow this", "detail": "the export has already ended: it is succeeded; only a live export can be canceled"}"#;
const LIVE: &str = r#"{"title": "Export state does not allow this", "detail": "the export is running; only an export that has ended can be deleted"}"#;

/// Error responses of the api, with the title and the command that gets them.
const RESPONSES: [(u16, &str, &[&str]); 9] = [
    (
        401,
        r#"{"title": "Unauthorized", "detail": "the key is not valid; send it as Authorization: Bearer slc_…"}"#,
        &["list"],
    ),
    (
        403,
        r#"{"title": "Forbidden", "detail": "this key may only read"}"#,
        &["export", "orders", "--no-wait"],
    ),
    (404, r#"{"title": "Not Found", "detail": "there is no such export"}"#, &["status", "ID"]),
    (409, r#"{"title": "Conflict", "detail": "the export has not ended"}"#, &["extend", "ID"]),
    (409, ENDED, &["cancel", "ID"]),
    (409, LIVE, &["delete", "ID", "--yes"]),
    (
        422,
        r#"{"title": "Unprocessable Content", "detail": "the request has 2 errors; see violations", "violations": [
            {"pointer": "/startDate", "message": "startDate is after endDate",
                "remedy": "swap startDate and endDate"},
            {"pointer": "/datasets/0", "message": "there is no dataset \"ordrs\"",
                "remedy": "did you mean orders?"}]}"#,
        &["export", "ordrs", "--from", "2024-02-01", "--to", "2024-01-01"],
    ),
    (404, "<html>not the api</html>", &["list"]),
    (500, r#"{"message": "Internal Server Error"}"#, &["cancel", "ID"]),
];

#[tokio::test]
async fn error_responses_are_explained() {
    let id = export::id::ExportId::from_random([7; 16]).to_string();
    let mut text = String::new();
    for (status, body, words) in RESPONSES {
        let server = Server::start(move |_, _| Reply::new(status, body));
        let words: Vec<_> = words.iter().map(|word| if *word == "ID" { id.as_str() } else { word }).collect();
        let all =
            [&["sluice", "--url", server.address.as_str(), "--key", "slc_1_secret"][..], &words].concat();
        let (code, shown) = run(&all).await;
        text.push_str(&format!(
            "$ sluice {}   # the API returns {status}\n{shown}exit code {code}\n\n",
            words.join(" ")
        ));
    }
    compare("responses.txt", &text.replace(&id, "ID"));
}
