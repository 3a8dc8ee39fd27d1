//! Certificates created by openssl under an authority that is unknown elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SETTINGS: &str = "[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
";

/// Certificate authority of one test.
pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings"), SETTINGS).unwrap();
        let authority = Self { folder };
        authority.key("root", &["-x509", "-days", "2", "-out", "root.pem"]);
        authority
    }

    /// Returns the path of its own certificate.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Creates a certificate for a server of this name, and its key.
    pub(crate) fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let path = |kind: &str| self.folder.path().join(format!("{name}.{kind}"));
        self.key(name, &["-new", "-out", &format!("{name}.request")]);
        std::fs::write(
            path("extensions"),
            format!("subjectAltName = DNS:{name}\nbasicConstraints = CA:false\n"),
        )
        .unwrap();
        openssl(
            self.folder.path(),
            &[
                "x509",
                "-req",
                "-in",
                &format!("{name}.request"),
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-set_serial",
                "2",
                "-days",
                "2",
                "-extfile",
                &format!("{name}.extensions"),
                "-out",
                &format!("{name}.pem"),
            ],
        );
        (path("pem"), path("key"))
    }

    /// Creates a new key, and the request or certificate for it.
    fn key(&self, name: &str, more: &[&str]) {
        let (key, subject) = (format!("{name}.key"), format!("/CN={name}"));
        let mut words = vec!["req", "-config", "settings", "-newkey", "ec", "-pkeyopt"];
        words.extend(["ec_paramgen_curve:P-256", "-nodes", "-keyout", &key, "-subj", &subject]);
        words.extend(more);
        openssl(self.folder.path(), &words);
    }
}

fn openssl(folder: &Path, words: &[&str]) {
    let run = Command::new("openssl").args(words).current_dir(folder).output();
    let run = run.expect("these tests need the command openssl");
    assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
}
