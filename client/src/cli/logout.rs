//! `sluice logout`: removes the key of a profile from this machine.

use serde_json::json;

use super::outcome::{Failure, Outcome};
use super::profile::Profiles;
use super::session::Session;

const EXAMPLES: &str = "Examples:
  sluice logout
  sluice logout --profile test";

/// Remove a profile and its key from this machine
///
/// The key itself remains valid. The operator revokes it with `sluice admin keys revoke ID`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice logout [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct Logout {}

impl Logout {
    pub(super) fn run(self, session: &Session) -> Result<Outcome, Failure> {
        remove(session.profile_name(), Profiles::read()?)
    }
}

fn remove(name: &str, mut profiles: Profiles) -> Result<Outcome, Failure> {
    profiles.named(name)?;
    let removed = profiles.remove(name)?;
    let id = removed.as_ref().and_then(|profile| Some(export::key::read(&profile.key.0)?.0));
    let revoke = id.map_or("ID".to_owned(), str::to_owned);
    let text = format!(
        "profile {name} is removed; its key remains valid until it is revoked with: sluice admin keys revoke {revoke}"
    );
    Ok(Outcome::new(text, json!({"profile": name, "removed": true, "key": id})))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Secret;
    use crate::cli::profile::Profile;

    #[test]
    fn only_the_named_profile_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let read = || Profiles::read_from(directory.path().join("profiles.json")).unwrap();
        let key = export::key::write("abcdefgh", &"0".repeat(64));
        for name in ["default", "test"] {
            read().set(name, Profile { url: "https://a".into(), key: Secret(key.clone()) }).unwrap();
        }
        let outcome = remove("test", read()).unwrap();
        assert!(outcome.text().ends_with("keys revoke abcdefgh"), "{}", outcome.text());
        assert!(read().get("default").is_some() && read().get("test").is_none());
        assert!(remove("test", read()).is_err());
    }
}
