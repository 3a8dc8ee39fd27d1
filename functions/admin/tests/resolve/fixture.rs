//! Test environment: a separate schema per test in the stack's database, and datasets resolved over it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use export::catalog::{Catalog, Dataset};
use export::estimate::DatasetEstimate;
use introspect::{Resolution, resolve};
use ports::postgres::login::Login;
use source::{Inspector, Source};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

/// A schema in the stack's database.
pub(crate) struct Fixture {
    owner_url: String,
    source_url: String,
    pub(crate) schema: String,
}

impl Fixture {
    /// Creates a schema and runs statements in which `S` is replaced with its name and `R` with the source role.
    pub(crate) async fn new(statements: &[&str]) -> Option<Self> {
        let Ok(file) = std::env::var("SLUICE_STACK") else {
            eprintln!("skipped: SLUICE_STACK does not name a running stack's stack.json");
            return None;
        };
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("resolve_{}_{number}", std::process::id());
        let fixture = Self { owner_url: url("ownerUrl"), source_url: url("sourceUrl"), schema };
        fixture.run(&["create schema S", "grant usage on schema S to R"]).await;
        fixture.run(statements).await;
        Some(fixture)
    }

    pub(crate) async fn run(&self, statements: &[&str]) {
        let statements: Vec<_> = statements.iter().map(|statement| self.filled(statement)).collect();
        store::migrate(&self.owner_url, &Login::Password, &statements).await.unwrap();
    }

    /// Runs a statement outside a transaction, as the owner of the database would in psql.
    pub(crate) async fn execute(&self, statement: &str) -> Result<(), sqlx::Error> {
        let mut owner = PgConnection::connect(&self.owner_url).await?;
        // Separately, since several statements in one message are one transaction.
        for one in self.filled(statement).split("; ") {
            owner.execute(sqlx::raw_sql(AssertSqlSafe(one))).await?;
        }
        owner.close().await
    }

    fn filled(&self, statement: &str) -> String {
        statement
            .replace("S.", &format!("{}.", self.schema))
            .replace("schema S", &format!("schema {}", self.schema))
            .replace("to R", "to sluice_source")
    }

    pub(crate) async fn inspector(&self) -> Inspector {
        Source::new(&self.source_url).unwrap().inspector(Duration::from_secs(30)).await.unwrap()
    }

    /// Resolves one dataset `d`, given by its keys.
    pub(crate) async fn resolve(&self, keys: &str) -> Resolution {
        self.resolve_among(keys, 1).await
    }

    pub(crate) async fn resolve_among(&self, keys: &str, tenants: u64) -> Resolution {
        let mut inspector = self.inspector().await;
        let resolution = self.resolve_with(&mut inspector, keys, tenants).await;
        inspector.close().await;
        resolution
    }

    /// Resolves a dataset as one of several that share a session.
    pub(crate) async fn resolve_with(
        &self,
        inspector: &mut Inspector,
        keys: &str,
        tenants: u64,
    ) -> Resolution {
        let toml = format!("[datasets.d]\n{}", keys.replace("S.", &format!("{}.", self.schema)));
        let catalog = Catalog::parse(&toml).unwrap();
        resolve(inspector, "d", &catalog.datasets["d"], tenants).await.unwrap()
    }

    /// Returns the remedy of the only finding, as it is printed, up to its first alternative.
    pub(crate) async fn remedy(&self, keys: &str) -> String {
        let Resolution { violations, warnings, .. } = self.resolve(keys).await;
        let [found] = &[violations, warnings].concat()[..] else { panic!("{keys}: not one finding") };
        found.remedy.split([',', ';']).next().unwrap().to_owned()
    }

    pub(crate) async fn good(&self, keys: &str) -> (Dataset, DatasetEstimate, String) {
        let Resolution { dataset, estimate, violations, warnings } = self.resolve(keys).await;
        assert_eq!(violations, [], "{keys}");
        (dataset.unwrap(), estimate, export::problem::describe(&warnings))
    }

    /// Returns the violations as text.
    pub(crate) async fn bad(&self, keys: &str) -> String {
        let resolution = self.resolve(keys).await;
        assert!(resolution.dataset.is_none() && !resolution.violations.is_empty(), "{keys}");
        export::problem::describe(&resolution.violations)
    }

    pub(crate) async fn end(self) {
        self.run(&["drop schema S cascade"]).await;
    }
}
