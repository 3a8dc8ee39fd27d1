//! `cargo x admin catalog suggest` on the running stack: what it prints is a file that `catalog check` accepts.

use std::io::Write;

use tests::System;

#[tokio::test(flavor = "multi_thread")]
async fn printed_suggestion_passes_the_check() {
    let system = System::get().await;
    let schema = format!("suggest_e2e_{}", std::process::id());
    let statements = format!(
        "create schema {schema};
create table {schema}.\"order; drop\" (id bigint primary key, \"Created At\" timestamp not null, token text);
create view {schema}.\"a.b\" as select * from {schema}.\"order; drop\";
grant usage on schema {schema} to sluice_source;
grant select on all tables in schema {schema} to sluice_source;"
    );
    system.run(&statements).await.unwrap();
    let words =
        ["admin", "catalog", "suggest", "--schema", &schema, "--shared", "--time-zone", "Europe/Amsterdam"];
    let toml = system.x(&words).unwrap();
    println!("{toml}");
    let catalog = export::catalog::Catalog::parse(&toml).unwrap();
    assert_eq!(catalog.datasets.keys().collect::<Vec<_>>(), ["a_b", "order_drop"]);
    assert_eq!(catalog.datasets["order_drop"].range_column.as_deref(), Some("Created At"));
    assert_eq!(catalog.datasets["order_drop"].exclude, ["token"]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let checked = system.x(&["admin", "catalog", "check", file.path().to_str().unwrap()]).unwrap();
    assert!(checked.contains("the catalog can be applied"), "{checked}");
    system.run(&format!("drop schema {schema} cascade")).await.unwrap();
}
