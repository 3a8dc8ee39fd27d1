//! A schema for one test on each available server: that of the stack, and a PostgreSQL 15.

use std::time::Duration;

use export::catalog::{Catalog, Dataset};
use export::column::{Column, ColumnType};
use export::format::Output;
use export::id::TenantId;
use export::range::Range;
use export::selection::{Predicate, Selection, Test};
use futures::TryStreamExt;
use introspect::{Resolution, resolve};
use source::{Source, SourceError, sql};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

pub(crate) struct Bench {
    pub(crate) owner: PgConnection,
    source: Source,
    pub(crate) schema: String,
}

/// Creates the extensions. A database has an extension only once: all tests share it, in a schema `X`.
const EXTENSIONS: &str = "begin; select pg_advisory_xact_lock(815); create schema if not exists identity_ext;
grant usage on schema identity_ext to public; create extension if not exists citext schema identity_ext;
create extension if not exists ltree schema identity_ext; create extension if not exists hstore schema identity_ext; commit";

/// Returns the owner's and the source's URL of each server.
fn servers() -> Vec<(String, String)> {
    let mut servers = Vec::new();
    match std::env::var("SLUICE_STACK") {
        Ok(path) => {
            let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let url = |key: &str| stack[key].as_str().unwrap().to_owned();
            servers.push((url("ownerUrl"), url("sourceUrl")));
        }
        Err(_) => println!("skipped: SLUICE_STACK is not set"),
    }
    match std::env::var("SLUICE_POSTGRES_15") {
        Ok(url) => servers.push((url.clone(), url)),
        Err(_) => println!("skipped: there is no PostgreSQL 15"),
    }
    servers
}

/// Creates a bench on every server, with the objects that `statements` create in the schema, which is written as `S`
/// in them.
pub(crate) async fn benches(name: &str, statements: &[&str]) -> Vec<Bench> {
    let mut benches = Vec::new();
    for (owner, source) in servers() {
        let mut bench = Bench {
            owner: PgConnection::connect(&owner).await.unwrap(),
            source: Source::new(&source).unwrap(),
            schema: format!("identity_{name}"),
        };
        bench.run("set client_min_messages = error; drop schema if exists S cascade; create schema S").await;
        bench.run(EXTENSIONS).await;
        for statement in statements {
            bench.run(statement).await;
        }
        bench
            .run("grant usage on schema S to public; grant select on all tables in schema S to public")
            .await;
        benches.push(bench);
    }
    benches
}

impl Bench {
    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("S.", &format!("{}.", self.schema))
            .replace("schema S", &format!("schema {}", self.schema))
            .replace("if exists S ", &format!("if exists {} ", self.schema))
            .replace("X.", "identity_ext.")
    }

    pub(crate) async fn run(&mut self, statement: &str) {
        let text = self.filled(statement);
        let done = sqlx::raw_sql(AssertSqlSafe(text.as_str())).execute(&mut self.owner).await;
        done.unwrap_or_else(|error| panic!("{text}\n{error}"));
    }

    /// Reports whether there are collations by which different texts are equal.
    pub(crate) async fn has_icu(&mut self) -> bool {
        // A server built without ICU lists the collation `unicode` as well, but none that was imported from ICU.
        let question = "select exists (select from pg_collation where collname = 'und-x-icu')";
        sqlx::query(question).fetch_one(&mut self.owner).await.unwrap().get(0)
    }

    pub(crate) async fn resolve(&self, keys: &str) -> Resolution {
        let catalog = Catalog::parse(&format!("[datasets.d]\n{}", self.filled(keys))).unwrap();
        let mut inspector = self.source.inspector(Duration::from_secs(60)).await.unwrap();
        let found = resolve(&mut inspector, "d", &catalog.datasets["d"], 2).await.unwrap();
        inspector.close().await;
        found
    }

    pub(crate) async fn good(&self, keys: &str) -> Dataset {
        let found = self.resolve(keys).await;
        assert_eq!(found.violations, [], "{keys}");
        found.dataset.unwrap()
    }

    /// Returns the ids, an int8, of the rows that a worker would read.
    pub(crate) async fn ids(
        &self,
        selection: &Selection,
        tenant: &TenantId,
    ) -> Result<Vec<i64>, SourceError> {
        let session = self.source.session(Duration::from_secs(60)).await?;
        session.describe(selection).await?;
        let rows = session.copy(sql::copy_sql(selection, &Range::All, tenant)).await?;
        let parts: Vec<_> = rows.try_collect().await?;
        let bytes = parts.concat();
        // Signature, flags and extension take 19 bytes, the trailer two; a row is 2 + 4 + 8.
        let rows = bytes[19..bytes.len() - 2].chunks_exact(14);
        let mut ids: Vec<_> = rows.map(|row| i64::from_be_bytes(row[6..].try_into().unwrap())).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Returns the result of the owner's query.
    pub(crate) async fn oracle(&mut self, question: &str) -> Vec<i64> {
        let text = self.filled(question);
        let rows = sqlx::raw_sql(AssertSqlSafe(text.as_str())).fetch_all(&mut self.owner).await;
        let rows = rows.unwrap_or_else(|error| panic!("{text}\n{error}"));
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Returns one column of texts.
    pub(crate) async fn texts(&mut self, question: &str) -> Vec<String> {
        let text = self.filled(question);
        let rows = sqlx::raw_sql(AssertSqlSafe(text.as_str())).fetch_all(&mut self.owner).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn end(mut self) {
        self.run("drop schema S cascade").await;
    }
}

/// Selects the dataset's column `id` under one test.
pub(crate) fn selection(dataset: &Dataset, filter: Option<(&str, Test)>) -> Selection {
    let predicate = |(name, test)| {
        let column = dataset.filters.iter().find(|column| column.name == name).unwrap();
        Predicate::of(column, test).unwrap()
    };
    Selection {
        dataset: "d".into(),
        from: dataset.from.clone(),
        columns: vec![Column::native("id", 20, ColumnType::Int8)],
        range_column: None,
        key: None,
        tenant_column: dataset.tenant_column.clone(),
        predicates: filter.into_iter().map(predicate).collect(),
        alternatives: vec![],
        order: vec![],
        limit: None,
        settle_after_secs: None,
        epoch: 1,
        search_path: dataset.search_path.clone(),
        output: Output::default(),
    }
}
