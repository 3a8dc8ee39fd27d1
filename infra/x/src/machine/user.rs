//! User of PostgreSQL and PgBouncer, which both refuse to run as root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result};

use super::environment;

/// User that a child process runs as.
#[derive(Clone, Copy)]
pub(crate) enum User {
    /// The user who runs `cargo x`.
    Own,
    /// Another user, because `cargo x` runs as root.
    Other { uid: u32, gid: u32 },
}

impl User {
    /// Returns the current user, or under root the first of `postgres` and `nobody` that exists.
    pub(crate) fn unprivileged() -> Result<Self> {
        if !is_root() {
            return Ok(Self::Own);
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| find(&users, name)).context(
            "PostgreSQL does not run as root, and this machine has no user postgres or nobody to run it; \
             create one (`useradd --system postgres`) or run cargo x as an ordinary user",
        )
    }

    /// Returns a command that runs as this user.
    pub(crate) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = environment::command(program.as_ref());
        if let Self::Other { uid, gid } = self {
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Gives a file or folder to this user.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }
}

/// Returns true if `cargo x` runs as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn find(users: &str, name: &str) -> Option<User> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User::Other { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/\npostgres:x:101:104:a:/b:/c\n";
        assert!(matches!(find(users, "postgres"), Some(User::Other { uid: 101, gid: 104 })));
        assert!(find(users, "nobody").is_none());
    }
}
