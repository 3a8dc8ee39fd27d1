//! Environment of the processes that `cargo x` starts. Variables that would direct them to services other than the
//! stack's own are removed.
//!
//! Every process is started through [`command`]. A test searches this crate for other ways.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use rustix::fs::Mode;
use rustix::process::umask;

/// Prefixes of variables that direct programs elsewhere: to AWS accounts, to databases, and to another deployment of
/// Sluice.
const FOREIGN: [&str; 9] = [
    "AWS_",
    "BOTO_",
    "SLUICE_URL",
    "SLUICE_KEY",
    "SLUICE_ADMIN_FUNCTION",
    // URLs of the user's own server, see `url_arguments`.
    "SLUICE_X_",
    "PYTHONHOME",
    "PYTHONPATH",
    "REDISCLI_",
];

/// Prefix of libpq's variables.
const LIBPQ: &str = "PG";

/// Addresses that must never go through a proxy.
const LOCAL: &str = "127.0.0.1,localhost,::1";

/// Sets the umask to 022 whatever the shell has set, because another user may have to run the database. Files with
/// secrets are restricted one by one, see [`crate::machine::secret_files`].
pub(crate) fn prepare() {
    umask(Mode::WGRP | Mode::WOTH);
}

/// Returns a command without the foreign variables.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = with_aws(program);
    for (name, _) in std::env::vars_os() {
        if is_foreign(&name) {
            command.env_remove(name);
        }
    }
    // The user's AWS profiles do not apply to the emulator.
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

/// Returns the same for a program that may deploy to the user's own AWS account.
pub(crate) fn with_aws(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in ["no_proxy", "NO_PROXY"] {
        let known = std::env::var(name).unwrap_or_default();
        command.env(name, if known.is_empty() { LOCAL.to_owned() } else { format!("{known},{LOCAL}") });
    }
    command
}

fn is_foreign(name: &OsString) -> bool {
    let Some(name) = name.to_str() else { return false };
    let libpq = name.strip_prefix(LIBPQ).is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    });
    libpq || FOREIGN.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn variables_of_other_services_are_foreign() {
        for name in [
            "AWS_PROFILE",
            "PGOPTIONS",
            "PGSERVICE",
            "PGSSLMODE",
            "SLUICE_KEY",
            "SLUICE_X_OWNER",
            "PYTHONPATH",
        ] {
            assert!(is_foreign(&name.into()), "{name}");
        }
        for name in ["PATH", "PG", "PGx", "SLUICE_X", "HTTP_PROXY", "SLUICE_NOTHING_SKIPPED", "CARGO_HOME"] {
            assert!(!is_foreign(&name.into()), "{name}");
        }
    }

    #[test]
    fn processes_are_started_only_in_this_module() {
        let this = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/machine/environment.rs");
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry != this {
                    let text = fs::read_to_string(&entry).unwrap_or_default();
                    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                    assert!(
                        !code.contains("Command::new("),
                        "{} starts a process by itself",
                        entry.display()
                    );
                }
            }
        }
    }
}
