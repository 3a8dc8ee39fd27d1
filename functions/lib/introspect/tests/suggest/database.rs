//! The stack's database, schemas in it, and suggestions that are checked as `catalog check` does.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use export::catalog::Catalog;
use introspect::{SuggestOptions, Suggested, Suggestion, resolve, suggest};
use source::{Inspector, Source};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

/// The stack's database.
pub(crate) struct Database {
    owner_url: String,
    source_url: String,
}

impl Database {
    /// Returns it, unless there is no stack.
    pub(crate) fn open() -> Option<Self> {
        let Ok(file) = std::env::var("SLUICE_STACK") else {
            eprintln!("skipped: SLUICE_STACK does not name a running stack's stack.json");
            return None;
        };
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        Some(Self { owner_url: url("ownerUrl"), source_url: url("sourceUrl") })
    }

    /// Creates a schema that the source role may read, with what the statements create in it: in them, `S.` is the
    /// schema and `R` at the end of `to R` and `from R` the role. Statements after the first `revoke` see the grants.
    pub(crate) async fn create(&self, statements: &[&str]) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let schema = format!("suggest_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut owner = PgConnection::connect(&self.owner_url).await.unwrap();
        let filled = |statement: &str| {
            statement
                .replace("S.", &format!("{schema}."))
                .replace("schema S", &format!("schema {schema}"))
                .replace("to R", "to sluice_source")
                .replace("from R", "from sluice_source")
        };
        let late = statements.iter().position(|s| s.starts_with("revoke")).unwrap_or(statements.len());
        let (before, after) = statements.split_at(late);
        let grants = ["grant usage on schema S to R", "grant select on all tables in schema S to R"];
        for statement in ["create schema S"].iter().chain(before).chain(&grants).chain(after) {
            let statement = filled(statement);
            let done = owner.execute(sqlx::raw_sql(AssertSqlSafe(statement.as_str()))).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        owner.close().await.unwrap();
        schema
    }

    /// Drops the schema: its tables one by one, since one transaction cannot lock thousands.
    pub(crate) async fn drop(&self, schema: &str) {
        let mut owner = PgConnection::connect(&self.owner_url).await.unwrap();
        let tables = format!(
            "do $x$ declare t oid; begin for t in select oid from pg_class where relnamespace = '{schema}'::regnamespace
                and relkind in ('r', 'p') and not relispartition
             loop if exists (select from pg_class where oid = t) then execute format('drop table %s cascade', t::regclass);
             commit; end if; end loop; end $x$"
        );
        owner.execute(sqlx::raw_sql(AssertSqlSafe(tables))).await.unwrap();
        owner.execute(AssertSqlSafe(format!("drop schema {schema} cascade"))).await.unwrap();
        owner.close().await.unwrap();
    }

    async fn inspector(&self) -> Inspector {
        Source::new(&self.source_url).unwrap().inspector(Duration::from_secs(60)).await.unwrap()
    }

    async fn suggested(&self, options: &SuggestOptions, tenants: u64) -> Suggested {
        let mut inspector = self.inspector().await;
        let begun = Instant::now();
        let suggested = suggest(&mut inspector, options, tenants).await.unwrap();
        println!("suggested in {:?}", begun.elapsed());
        inspector.close().await;
        suggested
    }

    /// Returns the suggestion, as text and parsed.
    pub(crate) async fn suggest(&self, options: &SuggestOptions, tenants: u64) -> (Suggestion, Catalog) {
        let Suggested::Catalog(suggestion) = self.suggested(options, tenants).await else {
            panic!("there is no suggestion")
        };
        let catalog = Catalog::parse(&suggestion.toml)
            .unwrap_or_else(|violations| panic!("{violations:?}\n{}", suggestion.toml));
        assert_eq!(catalog.datasets.len(), suggestion.datasets);
        (suggestion, catalog)
    }

    /// Returns the reason why there is no suggestion.
    pub(crate) async fn nothing(&self, options: &SuggestOptions) -> String {
        match self.suggested(options, 1).await {
            Suggested::Nothing(reason) => reason,
            Suggested::Catalog(suggestion) => panic!("{}", suggestion.toml),
        }
    }

    /// Checks every dataset as `catalog check` does; none may be refused.
    pub(crate) async fn check(&self, catalog: &Catalog, tenants: u64) {
        let mut inspector = self.inspector().await;
        let mut refused = Vec::new();
        for (name, definition) in &catalog.datasets {
            refused.extend(resolve(&mut inspector, name, definition, tenants).await.unwrap().violations);
        }
        inspector.close().await;
        assert!(refused.is_empty(), "{refused:#?}");
    }
}
