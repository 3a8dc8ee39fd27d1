//! `sluice login`: checks a key and keeps it in a profile.

use std::io::{IsTerminal, Read};

use console::Term;
use serde_json::json;

use super::Secret;
use super::outcome::{Failure, Outcome};
use super::profile::{Profile, Profiles, check_name};
use super::session::Session;
use crate::Error;
use crate::text::count;

/// Maximum length of a key: tokens with many claims have a few thousand characters.
const MAX_KEY_BYTES: u64 = 16 * 1024;

const EXAMPLES: &str = "Examples:
  sluice login --url https://exports.example.com        prompts for the key
  sluice login --profile test --url https://test.example.com < key.txt
  vault read -field=key secret/sluice | sluice login
  sluice list --profile test                            uses that profile, and so does SLUICE_PROFILE=test

Flags go before environment variables, and these before the profile. A profile that is named with --profile also goes
before SLUICE_URL and SLUICE_KEY. The key of a profile is only sent to the address of that profile.";

/// Check an API key and keep it in a profile
///
/// The key is read from a prompt or from stdin, never from an argument. It is sent to the API once to check it, and
/// kept with the address in sluice/profiles.json below the configuration folder (XDG_CONFIG_HOME, else ~/.config),
/// which only you can read.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice login [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct Login {}

impl Login {
    pub(super) async fn run(self, session: &Session) -> Result<Outcome, Failure> {
        if session.key_is_flag() {
            let text = "--key: `sluice login` reads the key from a prompt or stdin, since arguments remain in the \
                        history of the shell; leave --key out";
            return Err(Failure::Usage(text.into()));
        }
        keep(session, Profiles::read()?, read_key).await
    }
}

/// Checks the key that `key` returns, and keeps it.
async fn keep(
    session: &Session,
    mut profiles: Profiles,
    key: impl FnOnce(&str) -> Result<Secret, Failure>,
) -> Result<Outcome, Failure> {
    let name = session.profile_name();
    check_name(name)?;
    let known = profiles.get(name).map(|profile| profile.url.clone());
    let url =
        session.given_url().map(str::to_owned).or(known).ok_or_else(|| {
            Failure::Usage("the API address is missing: use --url or set SLUICE_URL".into())
        })?;
    // An address to which no key is sent is refused before the user types one.
    session.connect(&url, Some(&Secret("key".to_owned())))?;
    let key = key(&url)?;
    let datasets = session.connect(&url, Some(&key))?.datasets().await.map_err(refused)?.datasets.len();
    profiles.set(name, Profile { url: url.clone(), key })?;
    let file = profiles.path().display();
    let mut lines = vec![format!(
        "logged in to {url} as profile {name}: the key gives access to {}",
        count(datasets as u64, "dataset")
    )];
    lines.push(format!("the key is kept in {file}"));
    if session.key.is_some() {
        lines.push("SLUICE_KEY is set and goes before the profile; unset it to use the profile".to_owned());
    }
    let data = json!({"profile": name, "url": url, "file": profiles.path(), "datasets": datasets});
    Ok(Outcome::new(lines.join("\n"), data))
}

/// Returns the failure of the check. If the key was refused, other ways to give the same key are no remedy.
fn refused(error: Error) -> Failure {
    match error {
        Error::Problem(problem) if problem.status == 401 => {
            let text = "the api does not accept this key; nothing was kept; check that the whole key was copied and \
                        that it belongs to this address, or request a new one from the operator (sluice admin keys \
                        create)";
            Failure::Refused { problem, text: text.to_owned() }
        }
        other => other.into(),
    }
}

fn read_key(url: &str) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| Failure::Local(format!("the key cannot be read: {error}"));
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        let terminal = Term::stderr();
        terminal.write_str(&format!("API key for {url}: ")).map_err(failed)?;
        text = terminal.read_secure_line().map_err(failed)?;
    } else {
        std::io::stdin().take(MAX_KEY_BYTES).read_to_string(&mut text).map_err(failed)?;
    }
    clean(&text)
}

/// Returns the key in the text, which may end with a line break.
fn clean(text: &str) -> Result<Secret, Failure> {
    let key = text.trim();
    if key.is_empty() {
        return Err(Failure::Usage(
            "stdin: the key is empty; write the key to stdin, or run login on a terminal".into(),
        ));
    }
    if key.contains(char::is_whitespace) {
        return Err(Failure::Usage("stdin: a key has no spaces or line breaks; write the key alone".into()));
    }
    Ok(Secret(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        session: Session,
    }

    fn session(words: &[&str]) -> Session {
        Words::parse_from([&["sluice"], words].concat()).session
    }

    fn profiles(directory: &tempfile::TempDir) -> Profiles {
        Profiles::read_from(directory.path().join("sluice/profiles.json")).unwrap()
    }

    #[tokio::test]
    async fn valid_key_is_kept_and_not_printed() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(|_, _| Reply::new(200, r#"{"datasets":[]}"#));
        let session = session(&["--url", &server.address, "--profile", "test"]);
        let outcome = keep(&session, profiles(&directory), |_| clean("slc_1_secret\n")).await.unwrap();
        assert!(!outcome.text().contains("secret") && !outcome.data().to_string().contains("secret"));
        assert_eq!(profiles(&directory).get("test").unwrap().key.0, "slc_1_secret");
        assert_eq!(server.requests()[0].header("authorization"), Some("Bearer slc_1_secret"));
    }

    #[tokio::test]
    async fn rejected_key_is_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(|_, _| Reply::new(401, r#"{"title":"Unauthorized","status":401}"#));
        let session = session(&["--url", &server.address]);
        let refused = keep(&session, profiles(&directory), |_| clean("slc_1_secret")).await.err().unwrap();
        assert!(refused.code() == 2 && !refused.text().contains("SLUICE_KEY"), "{}", refused.text());
        assert!(refused.text().contains("the whole key was copied"), "{}", refused.text());
        assert!(profiles(&directory).get("default").is_none());
    }

    #[tokio::test]
    async fn address_without_tls_is_refused_before_the_key_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let session = session(&["--url", "http://example.org"]);
        let error = keep(&session, profiles(&directory), |_| panic!("the key is read")).await.err().unwrap();
        assert!(error.to_string().contains("plain http"), "{error}");
    }

    #[test]
    fn texts_that_are_no_key_are_refused() {
        assert!(clean(" \n").is_err() && clean("a b").is_err() && clean("a\nb\n").is_err());
    }
}
