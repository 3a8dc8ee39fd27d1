//! The servers to compare with, and a separate schema per test in each.

use std::time::Duration;

use export::catalog::Catalog;
use export::column::Column;
use introspect::{Resolution, resolve};
use source::Source;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

/// Settings of the source's role, which determine the bytes of texts.
const SETTINGS: [&str; 5] = [
    "timezone = 'UTC'",
    "datestyle = 'ISO'",
    "intervalstyle = 'postgres'",
    "bytea_output = 'hex'",
    "search_path = pg_catalog",
];

/// A schema on one server, and both connections to its rows.
pub(crate) struct Bench {
    pub(crate) owner: PgConnection,
    pub(crate) source: Source,
    pub(crate) schema: String,
    /// Version number such as 180006.
    pub(crate) version: i32,
    /// Rows found equal so far, counted once per format.
    pub(crate) rows: u64,
}

/// Returns the available servers: that of the stack, and a PostgreSQL 15 if there is one.
fn servers() -> Vec<(String, String)> {
    let mut servers = Vec::new();
    if let Ok(path) = std::env::var("SLUICE_STACK") {
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        servers.push((url("ownerUrl"), url("sourceUrl")));
    } else {
        println!("skipped: SLUICE_STACK is not set");
    }
    match std::env::var("SLUICE_POSTGRES_15") {
        Ok(url) => servers.push((url.clone(), url)),
        Err(_) => {
            // In CI every server is available: a skipped comparison must not pass.
            let all = std::env::var("SLUICE_NOTHING_SKIPPED").is_ok_and(|word| word == "1");
            let reason = "there is no PostgreSQL 15 to compare with; apt-get install postgresql-15, then `cargo x test`";
            assert!(!all, "SLUICE_NOTHING_SKIPPED=1, but {reason}");
            println!("skipped: {reason}");
        }
    }
    servers
}

/// Creates a bench on every server.
pub(crate) async fn benches(name: &str) -> Vec<Bench> {
    let mut benches = Vec::new();
    for (owner, source) in servers() {
        benches.push(Bench::start(name, &owner, &source).await);
    }
    benches
}

impl Bench {
    async fn start(name: &str, owner_url: &str, source_url: &str) -> Self {
        let mut owner = PgConnection::connect(owner_url).await.unwrap();
        if owner_url == source_url {
            // There is no separate role: the settings are those of the database. Tests run concurrently.
            let settings = SETTINGS.map(|s| {
                format!(
                    "execute format('alter database %I set {}', current_database());",
                    s.replace('\'', "''")
                )
            });
            let settings = format!(
                "begin; select pg_advisory_xact_lock(15); do $$ begin {} end $$; commit",
                settings.concat()
            );
            sqlx::raw_sql(AssertSqlSafe(settings)).execute(&mut owner).await.unwrap();
        }
        let schema = format!("differential_{name}");
        let settings: String = SETTINGS.iter().map(|s| format!("set {s};")).collect();
        let begin = format!(
            "set client_min_messages = 'warning'; drop schema if exists {schema} cascade; create schema {schema}; \
             grant usage on schema {schema} to public; \
             alter default privileges in schema {schema} grant select on tables to public; {settings}"
        );
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut owner).await.unwrap();
        let version =
            owner.fetch_one("select current_setting('server_version_num')::int4").await.unwrap().get(0);
        Self { owner, source: Source::new(source_url).unwrap(), schema, version, rows: 0 }
    }

    /// Runs a statement in which `SCHEMA` is replaced with the schema.
    pub(crate) async fn run(&mut self, sql: &str) {
        let sql = sql.replace("SCHEMA", &self.schema);
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut self.owner).await;
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Returns true if the server can evaluate the expression.
    pub(crate) async fn has(&mut self, expression: &str) -> bool {
        let sql = format!("select {}", expression.replace("SCHEMA", &self.schema));
        self.owner.fetch_one(AssertSqlSafe(sql)).await.is_ok()
    }

    /// Creates a table `name(n, v)` with the values in order and a NULL at the end.
    pub(crate) async fn table(&mut self, name: &str, type_name: &str, values: &[String]) {
        let values: Vec<_> = values.iter().map(|v| Some(v.as_str())).chain([None]).collect();
        self.wide_table(name, &[(type_name, values)]).await;
    }

    /// Creates a table `name(n, v, v1, …)` with a column of each type.
    pub(crate) async fn wide_table(&mut self, name: &str, columns: &[(&str, Vec<Option<&str>>)]) {
        let column = |i: usize| if i == 0 { "v".to_owned() } else { format!("v{i}") };
        let numbered = || columns.iter().enumerate().map(|(i, (type_name, _))| (i, type_name));
        let list: String = numbered().map(|(i, t)| format!(", {} {t}", column(i))).collect();
        self.run(&format!("create table SCHEMA.{name} (n int{list})")).await;
        let casts: String =
            numbered().map(|(i, t)| format!(", c{i}::{}", t.replace("SCHEMA", &self.schema))).collect();
        let names: Vec<_> = numbered().map(|(i, _)| format!("c{i}")).collect();
        let places: Vec<_> = numbered().map(|(i, _)| format!("${}::text[]", i + 1)).collect();
        let insert = format!(
            "insert into {}.{name} select n{casts} from unnest({}) with ordinality u({}, n)",
            self.schema,
            places.join(", "),
            names.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(insert));
        for (_, values) in columns {
            query = query.bind(values);
        }
        query.execute(&mut self.owner).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    /// Returns the columns of a table as `catalog apply` resolves them.
    pub(crate) async fn columns(&mut self, table: &str) -> Vec<Column> {
        let toml = format!("[datasets.d]\nrelation = \"{}.{table}\"", self.schema);
        let catalog = Catalog::parse(&toml).unwrap();
        let mut inspector = self.source.inspector(Duration::from_secs(60)).await.unwrap();
        let Resolution { dataset, violations, .. } =
            resolve(&mut inspector, "d", &catalog.datasets["d"], 1).await.unwrap();
        inspector.close().await;
        assert_eq!(violations, [], "{table}");
        dataset.unwrap().columns
    }

    /// Prints what was compared, and drops the schema.
    pub(crate) async fn end(mut self, what: &str) {
        println!("PostgreSQL {}: {} rows equal, {what}", self.version / 10_000, self.rows);
        self.run("drop schema SCHEMA cascade").await;
    }

    /// Creates the types of the schema.
    pub(crate) async fn own_types(&mut self) {
        self.run(
                "create type SCHEMA.mood as enum ('sad', 'o,k', 'hap\"py', 'NULL', '', 'back\\slash', 'brace{', 'two words');
                 create domain SCHEMA.cents as numeric(20,4);
                 create domain SCHEMA.price as SCHEMA.cents check (value is null or value < 1e15);
                 create domain SCHEMA.feeling as SCHEMA.mood;
                 create domain SCHEMA.words as text[];
                 create type SCHEMA.pair as (a int, b text);
                 create type SCHEMA.nested as (p SCHEMA.pair, d date, w text[]);",
        )
        .await;
    }
}
