//! Passwords, and files and folders that only their user can read. On a machine with other users, their contents would let any of them
//! act as the user of the stack.

use std::fs::{self, DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;
use tempfile::NamedTempFile;

use super::user::User;

/// Returns a password: 128 random bits in hexadecimal, which is safe in URLs and configuration files.
pub(crate) fn password() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).context("the system provides no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only `user` can read, from its first byte on. It replaces an existing file of that name
/// atomically, so that a reader never sees half of it and a symbolic link is not followed.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>, user: User) -> Result<()> {
    let written = || {
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(text.as_ref())?;
        user.own(file.path())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// Creates a folder that only `user` and root can enter.
pub(crate) fn folder(path: &Path, user: User) -> Result<()> {
    let made = || {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
        user.own(path)
    };
    made().with_context(|| format!("cannot create {}", path.display()))
}

/// Creates a folder below a world-writable one, or reuses the one created earlier. Other users can reach the paths in
/// it that they know, but cannot list or change it.
pub(crate) fn shared_folder(path: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o711).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot create {}", path.display()));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
        bail!(
            "{} was created by another user, who could change the programs in it; remove it",
            path.display()
        );
    }
    fs::set_permissions(path, Permissions::from_mode(0o711))
        .with_context(|| format!("cannot change {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn existing_files_become_private_when_written() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("stack.json");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        write(&file, "new", User::Own).unwrap();
        assert_eq!((mode(&file), fs::read(&file).unwrap()), (0o600, b"new".to_vec()));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, "other", User::Own).unwrap();
        assert_eq!(
            (fs::read(&file).unwrap(), fs::read(&link).unwrap()),
            (b"new".to_vec(), b"other".to_vec())
        );
        folder(&home.path().join("a/b"), User::Own).unwrap();
        assert_eq!(mode(&home.path().join("a/b")), 0o700);
    }

    #[test]
    fn a_work_folder_of_another_user_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let ours = home.path().join("ours");
        shared_folder(&ours).unwrap();
        fs::set_permissions(&ours, Permissions::from_mode(0o777)).unwrap();
        shared_folder(&ours).unwrap();
        assert_eq!(mode(&ours), 0o711, "one that others could write to is closed");
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        assert!(shared_folder(&link).is_err(), "a link leads wherever its maker wants");
        if geteuid().is_root() {
            let theirs = home.path().join("theirs");
            fs::create_dir(&theirs).unwrap();
            std::os::unix::fs::chown(&theirs, Some(65534), Some(65534)).unwrap();
            assert!(shared_folder(&theirs).is_err());
        }
    }
}
