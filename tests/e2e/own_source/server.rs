//! A PostgreSQL 15 of a user: a data directory of its own, TLS, a Unix socket, passwords with every special character,
//! and sixty relations with odd names.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use source::sql::identifier;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;
use tests::skipped;

use crate::tls::authority::Authority;

/// Password of the role that reads.
pub(super) const PASSWORD: &str = "p@:/?#%&='\"\\ x";
/// The same in a URL.
pub(super) const ENCODED: &str = "p%40%3A%2F%3F%23%25%26%3D%27%22%5C%20x";
/// Password of the owner.
pub(super) const OWNER_PASSWORD: &str = "owner-secret-91";
/// Number of relations that can be read.
pub(super) const RELATIONS: usize = 60;
/// Rows of each table, and of the whole database with its views.
const ROWS: usize = 40;
pub(super) const ALL_ROWS: usize = ROWS * RELATIONS;

/// Parts of names.
const ODD: [&str; 15] = [
    "quote \" here",
    "a.b",
    "order; drop table x",
    "Größe",
    "訂單",
    "MixedCase",
    "select",
    "tab\tand\nline",
    "$$;$$",
    "-- no comment",
    "it's",
    "back\\slash",
    "\u{202e}rtl",
    "]\n[datasets.evil]",
    "#=\"\"\"",
];

/// Definitions of relations; `N` is the name and `B` that of the table before, which is one of the first three kinds.
const KINDS: [&str; 4] = [
    "create table N (id bigint primary key, created_at timestamptz not null default now(), \"a\"\"b\" text, password text); \
     insert into N select i, now() - i * interval '1 hour', 'x,\"' || i, 'secret' from generate_series(1, 40) i; create index on N (created_at)",
    "create table N (id int, \"Größe; at\" date, i interval, n numeric); \
     insert into N select i, '2024-01-01'::date + i, make_interval(days => i, mins => 5), i / 3.0 from generate_series(1, 40) i",
    "create table N (code text, b bytea, f float8, t timestamptz[]); \
     insert into N select 'c' || i, convert_to('é' || i, 'utf8'), i / 7.0, array[now()] from generate_series(1, 40) i",
    "create view N as select * from B",
];

/// A running server. It ends when this value is dropped.
pub(super) struct Server {
    programs: PathBuf,
    folder: TempDir,
    owner: (u32, u32),
    pub(super) port: u16,
    authority: Authority,
}

impl Server {
    /// Starts it. Without PostgreSQL 15 it returns `None` and prints so, provided that tests may be skipped.
    pub(super) async fn start(work_dir: &Path) -> Option<Self> {
        let Ok(url) = std::env::var("SLUICE_POSTGRES_15") else {
            skipped("PostgreSQL 15", "apt-get install postgresql-15, then `cargo x test`");
            return None;
        };
        let mut installed = PgConnection::connect(&url).await.unwrap();
        let question = "select setting from pg_config where name = 'BINDIR'";
        let programs: String = sqlx::query_scalar(question).fetch_one(&mut installed).await.unwrap();
        installed.close().await.unwrap();
        let of = std::fs::metadata(work_dir).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self {
            programs: programs.into(),
            folder: tempfile::tempdir().unwrap(),
            owner: (of.uid(), of.gid()),
            port,
            authority: Authority::new(),
        };
        server.init();
        server.fill().await;
        Some(server)
    }

    fn init(&self) {
        let folder = self.folder.path();
        self.give(folder);
        let file = self.file("password", OWNER_PASSWORD);
        let data = folder.join("data");
        self.run(
            "initdb",
            &["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--username=boss"],
            |initdb| {
                initdb.arg("--pwfile").arg(&file).arg("--pgdata").arg(&data);
            },
        );
        let (certificate, key) = self.authority.certificate("localhost");
        let read = |path| std::fs::read_to_string(path).unwrap();
        let (certificate, key) =
            (self.file("server.pem", &read(certificate)), self.file("server.key", &read(key)));
        let settings = format!(
            "port = {}\nlisten_addresses = 'localhost'\nunix_socket_directories = '{}'\nmax_connections = 30\nfsync = off\n\
             ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\ntimezone = 'Asia/Tokyo'\nintervalstyle = 'sql_standard'\n\
             datestyle = 'German'\nlog_statement = 'mod'\nlog_line_prefix = '%u '\n",
            self.port,
            folder.display(),
            certificate.display(),
            key.display(),
        );
        let configuration = data.join("postgresql.conf");
        let defaults = std::fs::read_to_string(&configuration).unwrap();
        std::fs::write(configuration, defaults + &settings).unwrap();
        self.run("pg_ctl", &["start", "--wait", "--silent"], |pg_ctl| {
            pg_ctl.arg("--pgdata").arg(&data).arg("--log").arg(self.log());
        });
    }

    /// Creates the relations and the role that may read them.
    async fn fill(&self) {
        let mut owner = self.connect().await;
        let mut statements = vec!["create schema \"odd; schema\"".to_owned()];
        let mut before = String::new();
        for number in 0..RELATIONS {
            let name = format!("{} {number}", ODD[number % ODD.len()]);
            let quoted = format!("\"odd; schema\".{}", identifier(&name));
            let kind = KINDS[number % KINDS.len()];
            statements
                .push(kind.replace("from B", &format!("from {before}")).replace(" N", &format!(" {quoted}")));
            if !kind.starts_with("create view") {
                before = quoted;
            }
        }
        let password = PASSWORD.replace('\'', "''");
        statements.push(format!(
            "create table \"odd; schema\".hidden (id int); create role \"odd; reader\" login password '{password}'; \
             grant usage on schema \"odd; schema\" to \"odd; reader\"; \
             grant select on all tables in schema \"odd; schema\" to \"odd; reader\"; \
             revoke select on \"odd; schema\".hidden from \"odd; reader\""
        ));
        for statement in statements {
            let done = owner.execute(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        owner.close().await.unwrap();
    }

    /// Opens a session of the owner.
    pub(super) async fn connect(&self) -> PgConnection {
        let options = PgConnectOptions::new()
            .host("localhost")
            .port(self.port)
            .username("boss")
            .password(OWNER_PASSWORD)
            .database("postgres")
            .ssl_mode(PgSslMode::Require);
        PgConnection::connect_with(&options).await.unwrap()
    }

    /// Returns one number that the owner reads.
    pub(super) async fn number(&self, question: &str) -> i64 {
        let mut owner = self.connect().await;
        let number =
            sqlx::query_scalar(AssertSqlSafe(question.to_owned())).fetch_one(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        number
    }

    /// Returns a URL of the role that reads, over TLS with the server's name verified.
    pub(super) fn url(&self, password: &str, database: &str) -> String {
        format!(
            "postgres://odd; reader:{password}@localhost:{}/{database}?sslmode=verify-full&sslrootcert={}",
            self.port,
            self.authority.root().display()
        )
    }

    /// Returns a URL over the Unix socket, with this login.
    pub(super) fn socket(&self, login: &str) -> String {
        format!("postgres://{login}@/postgres?host={}&port={}", self.folder.path().display(), self.port)
    }

    /// Returns the log, which has every statement that changes something, with the role that sent it.
    pub(super) fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Writes a file that only the server's user can read.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        self.give(&path);
        path
    }

    /// Gives a file to the server's user. PostgreSQL does not run as root.
    fn give(&self, path: &Path) {
        chown(path, Some(self.owner.0), Some(self.owner.1)).unwrap();
    }

    fn run(&self, program: &str, words: &[&str], arguments: impl FnOnce(&mut Command)) {
        let mut command = Command::new(self.programs.join(program));
        command.args(words).current_dir(self.folder.path()).env("LC_ALL", "C");
        if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != self.owner.0) {
            command.gid(self.owner.1).uid(self.owner.0);
        }
        arguments(&mut command);
        // pg_ctl leaves the server with its output, so that is not waited for.
        let status =
            command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).status().unwrap();
        assert!(status.success(), "{program}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        self.run("pg_ctl", &["stop", "--mode=immediate", "--silent"], |pg_ctl| {
            pg_ctl.arg("--pgdata").arg(&data);
        });
    }
}
