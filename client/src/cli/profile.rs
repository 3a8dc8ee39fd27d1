//! Profiles: addresses and keys that `sluice login` keeps in a file which only the user can read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use export::wire::BASE_PATH;
use serde::{Deserialize, Serialize};

use super::Secret;
use super::outcome::Failure;

/// Profile that is used if none is named.
pub(super) const DEFAULT: &str = "default";

/// Address and key of one api.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Profile {
    /// Address of the api, the only one to which the key is sent.
    pub(super) url: String,
    /// Key of the api.
    pub(super) key: Secret,
}

/// All profiles of the user.
#[derive(Debug)]
pub(super) struct Profiles {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

impl Profile {
    /// Returns true if the key of this profile may be sent to `url`.
    pub(super) fn is_for(&self, url: &str) -> bool {
        bare(&self.url) == bare(url)
    }
}

impl Profiles {
    /// Reads the profiles of the user, if there are any.
    pub(super) fn read() -> Result<Self, Failure> {
        Self::read_from(location(|name| std::env::var_os(name))?)
    }

    /// Reads the profiles in a file.
    pub(super) fn read_from(path: PathBuf) -> Result<Self, Failure> {
        let name = path.display();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { path, content: Content::default() });
            }
            Err(error) => return Err(Failure::Usage(format!("{name} cannot be read: {error}"))),
        };
        if is_open(&path) {
            let text = format!("{name} contains keys and can be read by other users; run: chmod 600 {name}");
            return Err(Failure::Usage(text));
        }
        let content = serde_json::from_str(&text).map_err(|error| {
            // Without the column: the text there is part of a key.
            let line = error.line();
            Failure::Usage(format!(
                "{name}: line {line} is not valid; repair it, or remove the file and log in again"
            ))
        })?;
        Ok(Self { path, content })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn get(&self, name: &str) -> Option<&Profile> {
        self.content.profiles.get(name)
    }

    /// Returns the profile of that name, or the error of a name that was never logged in.
    pub(super) fn named(&self, name: &str) -> Result<&Profile, Failure> {
        let known: Vec<_> = self.content.profiles.keys().map(String::as_str).collect();
        self.get(name).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let option = if name == DEFAULT { String::new() } else { format!(" --profile {name}") };
            Failure::Usage(format!(
                "there is no profile {name:?} (profiles: {known}); create it with: sluice login{option} --url URL"
            ))
        })
    }

    /// Adds or replaces a profile and writes the file.
    pub(super) fn set(&mut self, name: &str, profile: Profile) -> Result<(), Failure> {
        self.content.profiles.insert(name.to_owned(), profile);
        self.write()
    }

    /// Removes a profile and writes the file.
    pub(super) fn remove(&mut self, name: &str) -> Result<Option<Profile>, Failure> {
        let removed = self.content.profiles.remove(name);
        if removed.is_some() {
            self.write()?;
        }
        Ok(removed)
    }

    /// Replaces the file in one step. It is never readable by others, not even while it is written.
    fn write(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            Failure::Local(format!("{} cannot be written: {error}", self.path.display()))
        };
        let directory = self.path.parent().unwrap_or(Path::new("."));
        create_private(directory).map_err(failed)?;
        let text = serde_json::to_vec_pretty(&self.content).map_err(|error| failed(error.into()))?;
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.persist(&self.path).map(drop).map_err(|error| failed(error.error))
    }
}

/// Checks the name of a profile.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Failure::Usage(format!("--profile: {name:?} is not a name; use 1 to 64 letters, digits, - _ .")))
}

/// Returns the file of the profiles: below `XDG_CONFIG_HOME`, `APPDATA` on Windows, or `.config` in the home folder.
fn location(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Failure> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME")
        .or_else(|| folder("APPDATA"))
        .or_else(|| folder("HOME").map(|home| home.join(".config")))
        .ok_or_else(|| Failure::Usage("profiles need a folder: set HOME or XDG_CONFIG_HOME".into()))?;
    Ok(config.join("sluice").join("profiles.json"))
}

fn bare(url: &str) -> &str {
    let trimmed = url.trim().trim_end_matches('/');
    trimmed.strip_suffix(BASE_PATH).unwrap_or(trimmed).trim_end_matches('/')
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn create_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn create_private(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(url: &str) -> Profile {
        Profile { url: url.to_owned(), key: Secret("slc_a_secret".to_owned()) }
    }

    #[test]
    fn location_follows_the_xdg_rules() {
        let of = |pairs: &[(&str, &str)]| {
            let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
            location(find).map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/ann");
        assert_eq!(of(&[home]).unwrap(), "/home/ann/.config/sluice/profiles.json");
        assert_eq!(of(&[home, ("XDG_CONFIG_HOME", "/c")]).unwrap(), "/c/sluice/profiles.json");
        // The specification has relative paths ignored.
        assert_eq!(of(&[home, ("XDG_CONFIG_HOME", "c")]).unwrap(), "/home/ann/.config/sluice/profiles.json");
        assert!(of(&[]).is_err());
    }

    #[test]
    fn file_is_private_and_holds_all_profiles() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sluice/profiles.json");
        let mut profiles = Profiles::read_from(path.clone()).unwrap();
        profiles.set("default", profile("https://a.example")).unwrap();
        profiles.set("test", profile("https://b.example")).unwrap();
        let again = Profiles::read_from(path.clone()).unwrap();
        assert_eq!(again.named("test").unwrap().url, "https://b.example");
        assert!(!format!("{again:?}").contains("secret"));
        let error = again.named("live").unwrap_err().to_string();
        assert!(error.contains("(profiles: default, test)"), "{error}");
        assert!(profiles.remove("test").unwrap().is_some());
        assert!(profiles.remove("test").unwrap().is_none());
        assert!(Profiles::read_from(path).unwrap().get("test").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("profiles.json");
        Profiles::read_from(path.clone()).unwrap().set("default", profile("https://a.example")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Profiles::read_from(path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn key_is_bound_to_its_address() {
        let profile = profile("https://a.example/stage/");
        assert!(profile.is_for("https://a.example/stage/api/v1"));
        assert!(!profile.is_for("https://a.example") && !profile.is_for("http://a.example/stage"));
    }
}
