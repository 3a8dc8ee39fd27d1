//! A primary and a standby that replays with a delay.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

/// Delay with which the standby replays a commit.
pub(crate) const DELAY: Duration = Duration::from_secs(5);

/// Both servers. They are stopped and removed when dropped.
pub(crate) struct Pair {
    bin: PathBuf,
    folder: PathBuf,
    /// User that runs the servers if the test runs as root.
    user: Option<(u32, u32)>,
    pub(crate) primary: String,
    pub(crate) standby: String,
}

impl Pair {
    /// Starts both servers. `t` has ten rows of the last hour, and the standby has replayed them.
    pub(crate) async fn start() -> Option<Self> {
        let Ok(path) = std::env::var("SLUICE_STACK") else {
            println!("skipped: SLUICE_STACK is not set");
            return None;
        };
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let folder = std::env::temp_dir().join(format!("sluice-standby-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let (port, other) = (free_port(), free_port());
        let url = |port| format!("postgres://owner@127.0.0.1:{port}/postgres?sslmode=disable");
        let pair = Self {
            bin: stack["postgresBin"].as_str().unwrap().into(),
            folder,
            user,
            primary: url(port),
            standby: url(other),
        };
        let (data, copy) = (pair.folder.join("primary"), pair.folder.join("standby"));
        let common = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 30\nmax_prepared_transactions = 4\n";
        pair.run(
            "initdb",
            &["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=owner", "--pgdata"],
            &data,
        );
        append(&data, &format!("{common}port = {port}\nwal_level = replica\nmax_wal_senders = 4\n"));
        pair.launch(&data);
        let mut owner = pair.connect(&pair.primary).await;
        run(&mut owner, "create table t (id int8, at timestamptz); insert into t select g, now() - interval '1 minute' from generate_series(1, 10) g").await;
        let from = format!("--port={port}");
        pair.run(
            "pg_basebackup",
            &[
                "--host=127.0.0.1",
                &from,
                "--username=owner",
                "--write-recovery-conf",
                "--no-sync",
                "--checkpoint=fast",
                "--pgdata",
            ],
            &copy,
        );
        append(&copy, &format!("port = {other}\nrecovery_min_apply_delay = '{}s'\n", DELAY.as_secs()));
        pair.launch(&copy);
        Some(pair)
    }

    pub(crate) async fn connect(&self, url: &str) -> PgConnection {
        PgConnection::connect(url).await.unwrap()
    }

    /// Runs a program, with the folder of its server after the arguments.
    fn run(&self, program: &str, arguments: &[&str], data: &Path) {
        let output = self.program(program).args(arguments).arg(data).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts a server. It keeps its standard output open, so the output goes to a file; with a pipe the reader would
    /// wait forever.
    fn launch(&self, data: &Path) {
        let log = data.with_extension("log");
        let status = self
            .program("pg_ctl")
            .args(["start", "--wait", "--silent", "--timeout=60", "--log"])
            .arg(&log)
            .arg("--pgdata")
            .arg(data)
            .status();
        assert!(status.unwrap().success(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(&self.folder).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.gid(gid).uid(uid);
        }
        command
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for data in ["standby", "primary"] {
            let mut stop = self.program("pg_ctl");
            stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(self.folder.join(data));
            let _ = stop.status();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn append(data: &Path, settings: &str) {
    let file = data.join("postgresql.conf");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, before + settings).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

pub(crate) async fn number(connection: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap().get(0)
}

pub(crate) async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap().get(0)
}
