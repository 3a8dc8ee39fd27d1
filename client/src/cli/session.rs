//! Options shared by all commands, and the client that they describe.

use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::outcome::Failure;
use super::profile::{self, Profile, Profiles};
use super::terminal::{Color, Progress};
use super::{Secret, wait};
use crate::{Client, Retries};

/// Maximum time the command line waits while the api returns 429. A command may run unattended, so this is a day.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Options shared by all commands.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Session {
    /// URL of the API, with or without /api/v1
    #[arg(long, global = true, env = "SLUICE_URL", hide_env_values = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// API key; prefer the environment variable or `sluice login` to this option
    #[arg(long, global = true, env = "SLUICE_KEY", hide_env_values = true, value_name = "KEY")]
    pub(super) key: Option<Secret>,
    /// Profile of `sluice login` to use [default: default]
    #[arg(long, global = true, env = "SLUICE_PROFILE", hide_env_values = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Allow sending the key over plain HTTP, where it can be intercepted
    #[arg(long, global = true)]
    pub(super) insecure: bool,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Form of progress on stderr
    #[arg(long, global = true, value_enum, default_value_t, hide_default_value = true, value_name = "FORM")]
    pub(super) progress: Progress,
    /// Use of colours
    #[arg(long, global = true, value_enum, default_value_t, hide_default_value = true, value_name = "WHEN")]
    pub(super) color: Color,
    #[arg(skip)]
    flags: Flags,
}

/// Options that were given as flags, not by the environment.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    url: bool,
    key: bool,
    profile: bool,
}

impl Session {
    /// Notes which options are flags.
    pub(super) fn with_sources(self, matches: &ArgMatches) -> Self {
        let flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let flags = Flags { url: flag("url"), key: flag("key"), profile: flag("profile") };
        Self { flags, ..self }
    }

    /// Returns the client for the address and the key in force.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        self.client_with(Profiles::read)
    }

    pub(super) fn client_with(
        &self,
        profiles: impl FnOnce() -> Result<Profiles, Failure>,
    ) -> Result<Client, Failure> {
        let (url, key) = self.target(profiles)?;
        self.connect(&url, key.as_ref())
    }

    /// Returns a client of that address with that key.
    pub(super) fn connect(&self, url: &str, key: Option<&Secret>) -> Result<Client, Failure> {
        let key = key.map(|key| key.0.as_str());
        let client = if self.insecure { Client::insecure(url, key) } else { Client::new(url, key) }?;
        let retries = Retries { patience: MAX_RATE_LIMIT_WAIT, ..client.retries() };
        Ok(client.with_retries(retries).with_notice(|why, wait| wait::notice(why, wait, true)))
    }

    /// Returns address and key: of a flag, else of the environment, else of the profile. A profile that is named by a
    /// flag goes before the environment. The key of a profile is only used for the address of the same profile.
    fn target(
        &self,
        profiles: impl FnOnce() -> Result<Profiles, Failure>,
    ) -> Result<(String, Option<Secret>), Failure> {
        let valid = |flag: bool| flag || !self.flags.profile;
        let url = self.given_url().filter(|_| valid(self.flags.url));
        let key = self.key.clone().filter(|key| !key.0.is_empty()).filter(|_| valid(self.flags.key));
        if let (Some(url), Some(key)) = (url, &key) {
            return Ok((url.to_owned(), Some(key.clone())));
        }
        let profile = self.chosen(&profiles()?)?;
        let url = url.map(str::to_owned).or_else(|| profile.as_ref().map(|p| p.url.clone()));
        let url = url.ok_or_else(|| {
            let remedy = "set SLUICE_URL, use --url, or log in with: sluice login --url URL";
            Failure::Usage(format!("the API address is missing: {remedy}"))
        })?;
        let kept = profile.filter(|profile| profile.is_for(&url)).map(|profile| profile.key);
        Ok((url, key.or(kept)))
    }

    /// Returns the profile that was named, which must exist, or the default one if it exists.
    fn chosen(&self, profiles: &Profiles) -> Result<Option<Profile>, Failure> {
        match self.given_profile() {
            Some(name) => profiles.named(name).cloned().map(Some),
            None => Ok(profiles.get(profile::DEFAULT).cloned()),
        }
    }

    pub(super) fn given_url(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| !url.is_empty())
    }

    fn given_profile(&self) -> Option<&str> {
        self.profile.as_deref().filter(|name| !name.is_empty())
    }

    pub(super) fn profile_name(&self) -> &str {
        self.given_profile().unwrap_or(profile::DEFAULT)
    }

    /// Returns true if the key was given as a flag, where it can be read by every process of the machine.
    pub(super) fn key_is_flag(&self) -> bool {
        self.flags.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(words: [Option<&str>; 3], flags: [bool; 3]) -> Session {
        let [url, key, profile] = words.map(|word| word.map(str::to_owned));
        let [url_flag, key_flag, profile_flag] = flags;
        let flags = Flags { url: url_flag, key: key_flag, profile: profile_flag };
        let (progress, color) = (Progress::Auto, Color::Auto);
        Session { url, key: key.map(Secret), profile, insecure: false, json: false, progress, color, flags }
    }

    fn profiles(directory: &tempfile::TempDir) -> Profiles {
        let mut profiles = Profiles::read_from(directory.path().join("profiles.json")).unwrap();
        let of = |name: &str| Profile {
            url: format!("https://{name}.example"),
            key: Secret(format!("key-{name}")),
        };
        profiles.set("default", of("default")).unwrap();
        profiles.set("live", of("live")).unwrap();
        profiles
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_profiles() {
        let directory = tempfile::tempdir().unwrap();
        let target = |words, flags| {
            let target = session(words, flags).target(|| Ok(profiles(&directory)));
            target.map(|(url, key)| (url, key.map(|key| key.0))).map_err(|error| error.to_string())
        };
        let ok = |url: &str, key: Option<&str>| Ok((url.to_owned(), key.map(str::to_owned)));
        let (env, none) = ([false; 3], [None; 3]);
        assert_eq!(target(none, env), ok("https://default.example", Some("key-default")));
        assert_eq!(target([None, None, Some("live")], env), ok("https://live.example", Some("key-live")));
        let both = [Some("https://env.example"), Some("key-env"), Some("live")];
        assert_eq!(target(both, env), ok("https://env.example", Some("key-env")));
        assert_eq!(target(both, [false, false, true]), ok("https://live.example", Some("key-live")));
        assert_eq!(
            target(both, [true, false, true]),
            ok("https://env.example", None),
            "no key of another api"
        );
        assert_eq!(target(both, [false, true, true]), ok("https://live.example", Some("key-env")));
        assert_eq!(
            target([Some("https://other.example"), None, None], env),
            ok("https://other.example", None)
        );
        assert!(target([None, None, Some("absent")], env).unwrap_err().contains("there is no profile"));
    }

    #[test]
    fn profiles_are_not_read_without_need() {
        let session = session([Some("https://x"), Some("k"), None], [false; 3]);
        assert!(session.target(|| panic!("the file is read")).is_ok());
    }
}
