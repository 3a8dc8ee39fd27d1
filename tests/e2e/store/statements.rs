//! Statement files of the store, against a migrated database. No statement is checked at compile time, so this is the
//! check that each one fits the schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use export::failure::MAX_FAILURES;
use export::id::{ChunkId, TenantId};
use export::object_key::file_key;
use sqlx::postgres::{PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Column, Either, Executor, SqlSafeStr, Statement};
use tests::Database;

/// Files that are only parts of a statement.
const FRAGMENTS: [&str; 3] = ["view/export.sql", "view/list.sql", "view/list_end.sql"];

/// The first oid that is not of a type PostgreSQL itself brings.
const FIRST_OTHER_OID: u32 = 16_384;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/lib/store/sql")
}

/// Returns the files of all modules by their path below `sql`, without those that create functions.
fn texts() -> BTreeMap<String, String> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut texts = BTreeMap::new();
    for module in entries(&folder()).into_iter().filter(|path| name(path) != "functions") {
        for path in entries(&module) {
            let text = std::fs::read_to_string(&path).unwrap();
            texts.insert(format!("{}/{}", name(&module), name(&path)), text);
        }
    }
    texts
}

/// Prepares a statement, and checks that sqlx knows the types of its parameters and columns: for any other type it
/// would ask the server, outside of the statement's own round trip.
async fn prepare(connection: &mut PgConnection, name: &str, text: &str) -> Result<(), String> {
    let text = AssertSqlSafe(text.to_owned()).into_sql_str();
    let statement = connection.prepare(text).await.map_err(|error| format!("{name}: {error}"))?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        other => return Err(format!("{name}: its parameters are {other:?}")),
    };
    let columns = statement.columns().iter().map(|column| column.type_info().clone());
    let is_other = |found: &PgTypeInfo| found.oid().is_none_or(|oid| oid.0 >= FIRST_OTHER_OID);
    match parameters.into_iter().chain(columns).find(is_other) {
        Some(other) => Err(format!("{name} has a value of type {other}")),
        None => Ok(()),
    }
}

/// The types of the values that the programs bind are checked by the tests that run the statements.
#[tokio::test]
async fn every_statement_file_can_be_prepared() {
    let database = Database::create(&[]).await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let mut texts = texts();
    let [export, list, end] = FRAGMENTS.map(|name| texts.remove(name).unwrap());
    // Both statements that are made of fragments, as `view.rs` makes them.
    texts.insert("an export".to_owned(), format!("{export} where e.tenant = $1 and e.id = $2"));
    texts.insert("a page of exports".to_owned(), format!("{list}{export}{end}"));
    assert!(texts.len() > 80, "only {} statements were found", texts.len());
    let mut wrong = Vec::new();
    for (name, text) in &texts {
        wrong.extend(prepare(&mut connection, name, text).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Comparison of definitions that SQL and programs both have.
#[tokio::test]
async fn sql_functions_agree_with_the_definitions_in_rust() {
    let database = Database::create(&[]).await.unwrap();
    let failures = database.number("select sluice.max_failures()::bigint").await.unwrap();
    assert_eq!(failures, i64::from(MAX_FAILURES));
    let tenant: TenantId = "acme-2".parse().unwrap();
    for number in [1, 12] {
        let chunk = ChunkId::from_random(ports::random::bytes());
        let prefix = format!("select sluice.attempt_prefix('{tenant}', '{chunk}', {number})");
        let prefix = database.text(&prefix).await.unwrap();
        assert_eq!(format!("{prefix}csv.gz"), file_key(&tenant, chunk, number, "csv.gz"));
    }
}
