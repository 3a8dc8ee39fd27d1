//! Sessions over TLS: passwords and tokens go only to a server with a valid certificate. Tested with PostgreSQL itself
//! too.

pub(crate) mod authority;
mod server;

use std::time::Duration;

use ports::postgres::login::Login;
use ports::telemetry::chain;
use source::{Source, SourceCode, SourceError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use store::Store;
use tests::{Stack, eventually, skipped};

use authority::Authority;
use server::Server;

/// Maximum wait for a session. A failure is reported at once and not after this time.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30);

/// Startup parameters that RDS Proxy accepts. It rejects `options`.
const STARTUP: [&str; 8] = [
    "user",
    "database",
    "application_name",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "extra_float_digits",
    "search_path",
];

fn url(role: &str, host: &str, port: u16, query: &str) -> String {
    format!("postgres://{role}@{host}:{port}/shop?{query}")
}

async fn session(url: &str, login: Login) -> Result<(), SourceError> {
    Source::new(url).unwrap().with_login(login).session(SESSION_TIMEOUT).await.map(drop)
}

async fn ping(url: &str, login: Login) -> Result<(), String> {
    Store::new(url).unwrap().with_login(login).ping().await.map_err(|error| chain(&error))
}

#[tokio::test]
async fn iam_token_is_the_password_on_verified_sessions() {
    Stack::from_env().unwrap();
    let authority = Authority::new();
    let server = Server::start(Some(authority.certificate("localhost")));
    // The URL's TLS settings do not matter.
    let query = format!("sslmode=disable&sslrootcert={}", authority.root().display());
    session(&url("sluice_source", "localhost", server.port, &query), Login::Iam).await.unwrap();
    let heard = server.take();
    let token = heard.password.unwrap();
    let begins = format!("localhost:{}/?Action=connect&DBUser=sluice_source&", server.port);
    assert!(token.starts_with(&begins), "the token is for another server or role");
    for piece in
        ["X-Amz-Expires=900", "%2Frds-db%2Faws4_request", "X-Amz-SignedHeaders=host", "X-Amz-Signature="]
    {
        assert!(token.contains(piece), "the token has no {piece}");
    }
    assert_eq!(heard.queries, ["begin isolation level read committed read only"]);
    assert_eq!(
        (heard.startup["user"].as_str(), heard.startup["database"].as_str()),
        ("sluice_source", "shop")
    );
    let foreign: Vec<_> = heard.startup.keys().filter(|name| !STARTUP.contains(&name.as_str())).collect();
    assert!(foreign.is_empty(), "RDS Proxy refuses {foreign:?}");

    ping(&url("sluice_store", "localhost", server.port, &query), Login::Iam).await.unwrap();
    let heard = server.take();
    assert!(heard.password.unwrap().contains("&DBUser=sluice_store&"));
    assert!(heard.startup.keys().all(|name| STARTUP.contains(&name.as_str())), "{:?}", heard.startup);
}

#[tokio::test]
async fn no_token_and_no_password_goes_to_another_server() {
    Stack::from_env().unwrap();
    let authority = Authority::new();
    let (good, plain) = (Server::start(Some(authority.certificate("localhost"))), Server::start(None));
    let root = format!("sslrootcert={}", authority.root().display());
    let verified = format!("sslmode=verify-full&{root}");
    for (what, server, host, query, login) in [
        ("another name", &good, "127.0.0.1", &root, Login::Iam),
        ("another name", &good, "127.0.0.1", &verified, Login::Password),
        ("an authority that is not known", &good, "localhost", &"sslmode=disable".to_owned(), Login::Iam),
        (
            "an authority that is not known",
            &good,
            "localhost",
            &"sslmode=verify-full".to_owned(),
            Login::Password,
        ),
        ("no TLS", &plain, "localhost", &root, Login::Iam),
        ("no TLS", &plain, "localhost", &verified, Login::Password),
        ("no TLS", &plain, "localhost", &"sslmode=require".to_owned(), Login::Password),
    ] {
        let role = if matches!(login, Login::Iam) { "sluice_source" } else { "sluice_source:secret" };
        let url = url(role, host, server.port, query);
        let error = session(&url, login.clone()).await.expect_err(what);
        assert_eq!(error.code, SourceCode::Unavailable, "{what}");
        let message = chain(&error);
        assert!(message.contains("TLS") || message.contains("certificate"), "{what}: {message}");
        let message = ping(&url, login).await.expect_err(what);
        assert!(message.contains("connecting to ") && !message.contains("secret"), "{what}: {message}");
        let heard = server.take();
        assert!(heard.startup.is_empty() && heard.password.is_none(), "{what}: {heard:?}");
    }
}

#[tokio::test]
async fn url_selects_the_root_certificate_file() {
    Stack::from_env().unwrap();
    let authority = Authority::new();
    let server = Server::start(Some(authority.certificate("localhost")));
    let verified = format!("sslmode=verify-full&sslrootcert={}", authority.root().display());
    session(&url("sluice_source:secret", "localhost", server.port, &verified), Login::Password)
        .await
        .unwrap();
    assert_eq!(server.take().password.as_deref(), Some("secret"));
    // A missing file is an error. It does not disable verification.
    let missing = "sslmode=verify-full&sslrootcert=missing.pem";
    let error =
        session(&url("sluice_source:secret", "localhost", server.port, missing), Login::Password).await;
    assert_eq!(error.unwrap_err().code, SourceCode::Unavailable);
    assert!(server.take().password.is_none());
}

/// A PostgreSQL that has TLS for the lifetime of this value. The stack's own has none.
struct Postgres {
    owner: PgConnection,
    options: PgConnectOptions,
}

impl Postgres {
    async fn get() -> Option<Self> {
        let Ok(url) = std::env::var("SLUICE_POSTGRES_15") else {
            skipped("PostgreSQL 15", "apt-get install postgresql-15, then `cargo x test`");
            return None;
        };
        let options: PgConnectOptions = url.parse().unwrap();
        Some(Self { owner: PgConnection::connect_with(&options).await.unwrap(), options })
    }

    async fn run(&mut self, statement: String) {
        self.owner.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    /// Writes a file as the server's user, readable only by that user.
    async fn write(&mut self, path: &str, text: &str) {
        let lines = format!("select unnest(string_to_array($pem${}$pem$, E'\\n'))", text.trim_end());
        self.run(format!("copy ({lines}) to '{path}'")).await;
        self.run("create temp table if not exists done (word text)".to_owned()).await;
        self.run(format!("copy done from program 'chmod 600 {path} && echo done'")).await;
    }

    /// Switches TLS on, with this certificate, or off, and waits until the change is in effect.
    async fn tls(&mut self, certificate: Option<(String, String)>) {
        let wanted = if certificate.is_some() { "on" } else { "off" };
        if let Some((certificate, key)) = certificate {
            let folder: String = self.owner.fetch_one("show data_directory").await.unwrap().get(0);
            for (setting, name, text) in
                [("ssl_cert_file", "test.pem", certificate), ("ssl_key_file", "test.key", key)]
            {
                let path = format!("{folder}/{name}");
                self.write(&path, &text).await;
                self.run(format!("alter system set {setting} = '{path}'")).await;
            }
        }
        self.run(format!("alter system set ssl = {wanted}")).await;
        self.run("select pg_reload_conf()".to_owned()).await;
        eventually(&format!("TLS of the server is {wanted}"), async || {
            let mut new = PgConnection::connect_with(&self.options).await.unwrap();
            let found: String = new.fetch_one("show ssl").await.unwrap().get(0);
            new.close().await.unwrap();
            found == wanted
        })
        .await;
    }

    /// Returns the URL of its owner under this host name.
    fn url(&self, host: &str, query: &str) -> String {
        let url = std::env::var("SLUICE_POSTGRES_15").unwrap();
        let url = url.split('?').next().unwrap_or_default().replace("127.0.0.1", host);
        format!("{url}?{query}")
    }
}

#[tokio::test]
async fn postgresql_with_tls_is_verified_by_name_and_authority() {
    let Some(mut postgres) = Postgres::get().await else { return };
    let authority = Authority::new();
    let (certificate, key) = authority.certificate("localhost");
    let read = |path| std::fs::read_to_string(path).unwrap();
    postgres.tls(Some((read(certificate), read(key)))).await;
    let verified = format!("sslmode=verify-full&sslrootcert={}", authority.root().display());

    let source = Source::new(&postgres.url("localhost", &verified)).unwrap();
    let mut inspector = source.inspector(SESSION_TIMEOUT).await.unwrap();
    let encrypted = "select ssl::text, version from pg_stat_ssl where pid = pg_backend_pid()";
    let row = inspector.texts(encrypted).await.unwrap().remove(0);
    assert_eq!(row[0].as_deref(), Some("true"), "{row:?}");
    inspector.close().await;
    ping(&postgres.url("localhost", &verified), Login::Password).await.unwrap();
    // A session dropped without a goodbye is gone. Over TLS, closing a connection by hand waits for the server to send
    // something.
    drop(source.session(SESSION_TIMEOUT).await.unwrap());
    let ours = "select count(*) from pg_stat_activity where application_name = 'sluice'";
    eventually("a session that was dropped is gone", async || {
        let left: i64 = postgres.owner.fetch_one(ours).await.unwrap().get(0);
        left == 0
    })
    .await;
    // The server is the right one, but does not accept tokens.
    let error = session(&postgres.url("localhost", &verified), Login::Iam).await.unwrap_err();
    assert_eq!((error.code, error.sqlstate.as_deref()), (SourceCode::Login, Some("28P01")));

    for (host, query) in [("127.0.0.1", verified.as_str()), ("localhost", "sslmode=verify-full")] {
        let error = session(&postgres.url(host, query), Login::Password).await.unwrap_err();
        assert_eq!((error.code, error.sqlstate.as_deref()), (SourceCode::Unavailable, None), "{host}");
        assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    }
    postgres.tls(None).await;
    let error = session(&postgres.url("localhost", &verified), Login::Password).await.unwrap_err();
    assert!(chain(&error).contains("does not support TLS"), "{}", chain(&error));
}
