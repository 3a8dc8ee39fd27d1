//! The role that reads the source cannot write, even if its session claims to be allowed to.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tests::System;

async fn source(system: &System) -> PgConnection {
    let options: PgConnectOptions = system.stack.source_url.parse().unwrap();
    options
        // Distinguishes this test from the functions.
        .application_name("attack")
        .extra_float_digits(None)
        .statement_cache_capacity(0)
        .disable_statement_logging()
        .connect()
        .await
        .unwrap()
}

async fn refused(connection: &mut PgConnection, statement: &'static str) -> String {
    let error = connection.execute(statement).await.expect_err(statement);
    let code = error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
    connection.execute("rollback").await.unwrap();
    code.unwrap_or_else(|| panic!("{statement}: {error}"))
}

#[tokio::test]
async fn worker_transaction_cannot_write() {
    let system = System::get().await;
    let mut source = source(system).await;
    // Begun as by the worker. 25006: read only; 25001: too late to change that; 42501: no privilege.
    for statement in [
        "begin isolation level read committed read only; select 1; select set_config('transaction_read_only', 'off', true)",
        "begin isolation level read committed read only; select 1; set transaction read write",
        "begin isolation level read committed read only; savepoint s; set transaction read write",
    ] {
        assert_eq!(refused(&mut source, statement).await, "25001", "{statement}");
    }
    let write = "begin isolation level read committed read only; select nextval('e2e.counter')";
    system
        .run(
            "create sequence if not exists e2e.counter; grant usage on sequence e2e.counter to sluice_source",
        )
        .await
        .unwrap();
    assert_eq!(refused(&mut source, write).await, "25006");
    // In a session that may write, the role lacks the privilege.
    for statement in [
        "begin read write; insert into e2e.whole values (99, 'written')",
        "begin read write; update e2e.whole set label = 'written'",
        "begin read write; delete from e2e.whole",
        "begin read write; truncate e2e.whole",
        "begin read write; create table e2e.mine (id int)",
        "begin read write; create table public.mine (id int)",
        "begin read write; select * from sluice.api_key",
        "begin read write; copy e2e.whole to program 'true'",
        "begin read write; set role postgres",
    ] {
        let code = refused(&mut source, statement).await;
        assert!(["42501", "42704", "22023"].contains(&code.as_str()), "{statement}: {code}");
    }
    source.close().await.unwrap();
    assert_eq!(system.number("select count(*) from e2e.whole where label = 'written'").await.unwrap(), 0);
}

#[tokio::test]
async fn check_warns_about_a_writable_source_role() {
    let system = System::get().await;
    let fine = system.x(&["admin", "check"]).unwrap();
    assert!(fine.contains("ok     source: sluice_source can only read"), "{fine}");
    system
        .run("create table e2e.writable (id int); grant insert on e2e.writable to sluice_source")
        .await
        .unwrap();
    let warned = system.x(&["admin", "check"]);
    system.run("drop table e2e.writable").await.unwrap();
    let warned = warned.unwrap();
    assert!(warned.contains("warn   source: sluice_source may write to e2e.writable"), "{warned}");
}
