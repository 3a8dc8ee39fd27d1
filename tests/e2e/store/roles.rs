//! The two roles created by `migrate`, on servers with and without IAM tokens.

use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use sqlx::{Connection, Executor, PgConnection};
use store::{
    OldSessions, RolePassword, RoleSettings, StoredSettings, end_idle_sessions, migrate, role_statements,
};
use tests::Database;

const STORED: StoredSettings = StoredSettings {
    budget: 3,
    store_sessions: 4,
    worker_timeout_secs: 60,
    retention_hours: 1,
    reuse_days: 1,
    resend_secs: 60,
    max_active_exports: 4,
    max_queued_exports: 10,
    max_kept_exports: 100,
    max_kept_chunks: 5_000_000,
    max_kept_request_megabytes: 10,
    max_chunks_per_minute: 6_000,
    max_rows_per_day: 0,
    max_megabytes_per_day: 0,
    max_database_seconds_per_day: 0,
    max_cut_minutes: 60,
};

/// Roles belong to the whole server, so these have unique names and are dropped at the end.
#[tokio::test]
async fn only_token_roles_are_members_of_rds_iam() {
    let database = Database::create(&[]).await.unwrap();
    let mark = export::id::hex(&ports::random::bytes::<4>());
    let (source, store) = (format!("t_source_{mark}"), format!("t_store_{mark}"));
    let make = async |password: RolePassword| {
        let settings = RoleSettings {
            source: (source.clone(), password.clone()),
            store: (store.clone(), password),
            pooler: Pooler::Own,
            stored: STORED,
        };
        migrate(&database.url, &Login::Password, &role_statements(&settings)).await.unwrap();
    };
    let of = format!("in ('{source}', '{store}')");
    let members = format!(
        "select count(*) from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member where g.rolname = 'rds_iam' and r.rolname {of}"
    );
    let passwords = format!("select count(rolpassword) from pg_authid where rolname {of}");
    let seen =
        async || (database.number(&members).await.unwrap(), database.number(&passwords).await.unwrap());

    // A server without tokens: the roles are created all the same, and cannot log in.
    database.run("drop role if exists rds_iam").await.unwrap();
    make(RolePassword::Tokens).await;
    assert_eq!(seen().await, (0, 0));
    database.run("create role rds_iam nologin").await.unwrap();
    for _ in 0..2 {
        make(RolePassword::Tokens).await;
        assert_eq!(seen().await, (2, 0));
    }
    for _ in 0..2 {
        make(RolePassword::Known("it's a secret".to_owned())).await;
        assert_eq!(seen().await, (0, 2));
    }
    make(RolePassword::Tokens).await;
    assert_eq!(seen().await, (2, 0), "no password is left besides the tokens");
    let limits = format!("select sum(rolconnlimit)::bigint from pg_roles where rolname {of}");
    assert_eq!(database.number(&limits).await.unwrap(), 7);
    database
        .run(&format!("drop owned by {source}; drop owned by {store}; drop role {source}; drop role {store}; drop role rds_iam"))
        .await
        .unwrap();
}

/// A pooler keeps sessions with the settings that their role had at their start.
#[tokio::test]
async fn idle_sessions_end_so_that_new_ones_have_the_new_settings() {
    let database = Database::create(&[]).await.unwrap();
    let mark = export::id::hex(&ports::random::bytes::<4>());
    let (source, store) = (format!("t_source_{mark}"), format!("t_store_{mark}"));
    let make = async |worker_timeout_secs, pooler| {
        let settings = RoleSettings {
            source: (source.clone(), RolePassword::Known("x".to_owned())),
            store: (store.clone(), RolePassword::Known("x".to_owned())),
            pooler,
            stored: StoredSettings { worker_timeout_secs, ..STORED },
        };
        migrate(&database.url, &Login::Password, &role_statements(&settings)).await.unwrap();
    };
    let (_, server) = database.url.split_once('@').unwrap();
    let session = async || PgConnection::connect(&format!("postgres://{source}:x@{server}")).await.unwrap();
    let show = async |session: &mut PgConnection, name: &str| -> String {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("show {name}"))).fetch_one(session).await.unwrap()
    };

    make(60, Pooler::Own).await;
    let mut idle = session().await;
    let mut used = session().await;
    assert_eq!(show(&mut idle, "statement_timeout").await, "1min");
    assert_eq!(show(&mut idle, "tcp_keepalives_idle").await, "60");
    used.execute("begin").await.unwrap();
    make(120, Pooler::Proxy).await;
    assert_eq!(show(&mut idle, "statement_timeout").await, "1min", "the session keeps what it had");
    let roles = [source.as_str(), store.as_str()];
    let found = end_idle_sessions(&database.url, &Login::Password, &roles).await.unwrap();
    assert_eq!(found, OldSessions { ended: 1, left: 1 });
    assert!(idle.execute("select 1").await.is_err());
    assert!(used.execute("rollback").await.is_ok(), "a session in use is not ended");
    assert_eq!(show(&mut session().await, "statement_timeout").await, "2min");

    // Each kind of pooler has its limits and its net for sessions that were left.
    for (pooler, limits, timeout) in
        [(Pooler::None, 7, "60s"), (Pooler::Own, 7, "0"), (Pooler::Proxy, 21, "0")]
    {
        make(60, pooler).await;
        let sum = format!(
            "select sum(rolconnlimit)::bigint from pg_roles where rolname in ('{source}', '{store}')"
        );
        assert_eq!(database.number(&sum).await.unwrap(), limits, "{pooler:?}");
        let set = format!(
            "select count(*) from pg_roles where rolname = '{store}' and 'idle_session_timeout={timeout}' = any(rolconfig)"
        );
        assert_eq!(database.number(&set).await.unwrap(), 1, "{pooler:?}");
    }
    drop((idle, used));
    end_idle_sessions(&database.url, &Login::Password, &roles).await.unwrap();
    database
        .run(&format!("drop owned by {source}; drop owned by {store}; drop role {source}; drop role {store}"))
        .await
        .unwrap();
}
