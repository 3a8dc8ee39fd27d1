//! A PostgreSQL server of a test, which it can stop, crash, copy and promote.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Connection;
use tempfile::TempDir;

use crate::bed::{connect, run, text};

/// Settings. No process writes WAL or pages by itself, so a test decides what a crash loses.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 30
max_prepared_transactions = 4
fsync = off
wal_level = replica
max_wal_senders = 4
autovacuum = off
checkpoint_timeout = 1h
bgwriter_lru_maxpages = 0
wal_writer_delay = 10s
";

/// Programs of one version of PostgreSQL, in a folder for its servers.
pub(crate) struct Programs {
    bin: PathBuf,
    folder: TempDir,
    /// User that runs the servers if the test runs as root.
    user: Option<(u32, u32)>,
}

/// A running server. It ends when this value is dropped.
pub(crate) struct OwnServer<'a> {
    programs: &'a Programs,
    data: PathBuf,
    /// URL of its owner.
    pub(crate) url: String,
}

impl Programs {
    /// Finds the programs of the server at this URL.
    pub(crate) async fn of(server: &str) -> Self {
        let mut installed = connect(server).await;
        let bin = text(&mut installed, "select setting from pg_config where name = 'BINDIR'").await;
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        Self { bin: bin.into(), folder, user }
    }

    /// Creates a data directory of this name.
    pub(crate) fn init(&self, name: &str) -> PathBuf {
        let data = self.folder.path().join(name);
        let words = ["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=owner"];
        self.run(self.program("initdb").args(words).arg("--pgdata").arg(&data));
        append(&data, SETTINGS);
        data
    }

    /// Copies the data directory of a server that is stopped.
    pub(crate) fn copy(&self, data: &Path, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        let mut cp = Command::new("/bin/cp");
        cp.arg("-a").arg(data).arg(&copy);
        self.run(&mut cp);
        copy
    }

    /// Copies a running server for a standby of it.
    pub(crate) fn standby(&self, primary: &OwnServer<'_>, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        let words = ["--write-recovery-conf", "--no-sync", "--checkpoint=fast", "--dbname"];
        self.run(self.program("pg_basebackup").args(words).arg(&primary.url).arg("--pgdata").arg(&copy));
        copy
    }

    /// Starts a server on a free port.
    pub(crate) fn start(&self, data: &Path) -> OwnServer<'_> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        append(data, &format!("port = {port}\n"));
        let url = format!("postgres://owner@127.0.0.1:{port}/postgres?sslmode=disable");
        let server = OwnServer { programs: self, data: data.to_owned(), url };
        server.launch();
        server
    }

    /// Makes a new server begin with transaction `next`, as if all before it had ended long ago.
    pub(crate) async fn advance(&self, data: &Path, next: u32) {
        let server = self.start(data);
        // Rows of an id that lies in the future by then must be frozen.
        run(&mut connect(&server.url).await, "vacuum (freeze)").await.unwrap();
        server.stop();
        let (oldest, next_text) = (format!("{}", next - 1_000_000), format!("{next}"));
        let words = ["--oldest-transaction-id", &oldest, "--next-transaction-id", &next_text];
        self.run(self.program("pg_resetwal").args(words).arg("--pgdata").arg(data));
        // Status of the transactions beside it: 32 pages of 8 KiB in a file, 32,768 transactions on a page.
        let segment = data.join("pg_xact").join(format!("{:04X}", next / (32 * 32_768)));
        std::fs::write(&segment, vec![0_u8; 32 * 8_192]).unwrap();
        if let Some((uid, gid)) = self.user {
            chown(&segment, Some(uid), Some(gid)).unwrap();
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(self.folder.path()).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.gid(gid).uid(uid);
        }
        command
    }

    fn run(&self, command: &mut Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs `pg_ctl`. A server keeps the standard output open, so it goes nowhere.
    fn control(&self, words: &[&str], data: &Path) -> bool {
        let log = data.with_extension("log");
        let mut command = self.program("pg_ctl");
        command.args(words).arg("--log").arg(&log).arg("--pgdata").arg(data);
        command.stdout(std::process::Stdio::null()).status().unwrap().success()
    }
}

impl OwnServer<'_> {
    fn launch(&self) {
        let begun = self.programs.control(&["start", "--wait", "--silent", "--timeout=60"], &self.data);
        let log = self.data.with_extension("log");
        assert!(begun, "{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// Stops it regularly. Returns its data directory.
    pub(crate) fn stop(self) -> PathBuf {
        assert!(self.programs.control(&["stop", "--silent", "--mode=fast"], &self.data));
        self.data.clone()
    }

    /// Stops it regularly and starts it again, at the same address.
    pub(crate) fn restart(&self) {
        assert!(self.programs.control(&["stop", "--silent", "--mode=fast"], &self.data));
        self.launch();
    }

    /// Stops it as if its machine were lost.
    pub(crate) fn lose(self) {
        assert!(self.programs.control(&["stop", "--silent", "--mode=immediate"], &self.data));
    }

    /// Makes a standby a primary.
    pub(crate) fn promote(&self) {
        assert!(self.programs.control(&["promote", "--wait", "--silent"], &self.data));
    }

    /// Stops the process that writes WAL, so that it does not write asynchronous commits. Returns its pid.
    pub(crate) async fn halt_wal_writer(&self) -> String {
        let mut owner = connect(&self.url).await;
        let writer = "select pid::text from pg_stat_activity where backend_type = 'walwriter'";
        let pid = text(&mut owner, writer).await;
        owner.close().await.unwrap();
        signal("-STOP", &pid);
        pid
    }

    /// Kills a process of the server, whose postmaster then ends all others and recovers.
    pub(crate) async fn crash(&self, pid: &str) {
        let mut watching = connect(&self.url).await;
        signal("-KILL", pid);
        while watching.ping().await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        while sqlx::PgConnection::connect(&self.url).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

impl Drop for OwnServer<'_> {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            self.programs.control(&["stop", "--silent", "--mode=immediate"], &self.data);
        }
    }
}

/// Sends a signal to a process of a server of this test.
fn signal(name: &str, pid: &str) {
    assert!(Command::new("/bin/kill").args([name, pid]).status().unwrap().success());
}

fn append(data: &Path, settings: &str) {
    let file = data.join("postgresql.conf");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, before + settings).unwrap();
}

/// Returns a user without rights if the test runs as root, since PostgreSQL refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    ["postgres", "nobody"].into_iter().find_map(find)
}
