//! Datasets are resolved against a real PostgreSQL: that of the stack which `SLUICE_STACK` names.
//!
//! Each test makes a schema of its own, through the owner, and drops it.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use export::catalog::{Catalog, Dataset};
use export::column::{ColumnType, Read};
use export::estimate::DatasetEstimate;
use ports::source::{Inspector, Resolution, Source, resolve};

/// A schema in the stack's database.
struct Ground {
    owner_url: String,
    source_url: String,
    schema: String,
}

impl Ground {
    /// Makes a schema and runs statements there in which `S` stands for it and `R` for the source role.
    async fn new(statements: &[&str]) -> Option<Self> {
        let Ok(file) = std::env::var("SLUICE_STACK") else {
            eprintln!("skipped: SLUICE_STACK does not name a running stack's stack.json");
            return None;
        };
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("resolve_{}_{number}", std::process::id());
        let ground = Self { owner_url: url("ownerUrl"), source_url: url("sourceUrl"), schema };
        ground.run(&["create schema S", "grant usage on schema S to R"]).await;
        ground.run(statements).await;
        Some(ground)
    }

    async fn run(&self, statements: &[&str]) {
        let fill = |s: &&str| {
            s.replace("S.", &format!("{}.", self.schema))
                .replace("schema S", &format!("schema {}", self.schema))
                .replace("to R", "to sluice_source")
        };
        let statements: Vec<_> = statements.iter().map(fill).collect();
        ports::store::migrate(&self.owner_url, &statements).await.unwrap();
    }

    async fn inspector(&self) -> Inspector {
        Source::new(&self.source_url).unwrap().inspector(Duration::from_secs(30)).await.unwrap()
    }

    /// Resolves one dataset `d`, given by its keys.
    async fn resolve(&self, keys: &str) -> Resolution {
        self.resolve_among(keys, 1).await
    }

    async fn resolve_among(&self, keys: &str, tenants: u64) -> Resolution {
        let toml = format!("[datasets.d]\n{}", keys.replace("S.", &format!("{}.", self.schema)));
        let catalog = Catalog::parse(&toml).unwrap();
        let mut inspector = self.inspector().await;
        let resolution = resolve(&mut inspector, "d", &catalog.datasets["d"], tenants).await.unwrap();
        inspector.close().await;
        resolution
    }

    async fn good(&self, keys: &str) -> (Dataset, DatasetEstimate, String) {
        let Resolution { dataset, estimate, violations, warnings } = self.resolve(keys).await;
        assert_eq!(violations, [], "{keys}");
        (dataset.unwrap(), estimate, export::problem::describe(&warnings))
    }

    /// The violations as text.
    async fn bad(&self, keys: &str) -> String {
        let resolution = self.resolve(keys).await;
        assert!(resolution.dataset.is_none() && !resolution.violations.is_empty(), "{keys}");
        export::problem::describe(&resolution.violations)
    }

    async fn end(self) {
        self.run(&["drop schema S cascade"]).await;
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

const TABLE: [&str; 8] = [
    "create type S.mood as enum ('fine', 'so, so')",
    "create domain S.host as inet",
    "create domain S.price as numeric(10,2)",
    "create domain S.price2 as S.price",
    "create table S.t (id bigint primary key, at timestamptz not null, day date, wall timestamp not null, mood S.mood, \
     host S.host, price S.price2, code varchar(5), addr inet, extra json, doc xml, tags text[], \"Odd Name\" text, \
     late date not null default 'infinity')",
    "insert into S.t (id, at, day, wall, mood) select i, timestamptz '2024-01-10 00:00+00' + i * interval '1 day', \
     case when i % 4 > 0 then date '2024-01-10' + i end, timestamp '2024-01-10' + i * interval '1 day', 'fine' \
     from generate_series(0, 59) i",
    "create index on S.t (at)",
    "grant select on S.t to R",
];

#[tokio::test]
async fn types_names_and_estimates_are_resolved() {
    let Some(ground) = Ground::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let keys = "relation = \"S.t\"\nrange_column = \"at\"\nexclude = [\"extra\"]\nfilters = [\"mood\", \"price\"]\nordered = true\nsettle_after = \"1h\"\n";
    let (dataset, estimate, warnings) = ground.good(keys).await;
    let read: Vec<_> = dataset.columns.iter().map(|c| (c.name.as_str(), c.kind, c.read)).collect();
    assert_eq!(
        read,
        [
            ("id", ColumnType::Int8, Read::Native),
            ("at", ColumnType::Timestamptz, Read::Native),
            ("day", ColumnType::Date, Read::Native),
            ("wall", ColumnType::Timestamp, Read::Native),
            ("mood", ColumnType::Text, Read::Native),
            ("host", ColumnType::Text, Read::Output),
            ("price", ColumnType::Numeric, Read::Native),
            ("code", ColumnType::Text, Read::Native),
            ("addr", ColumnType::Text, Read::Output),
            ("doc", ColumnType::Text, Read::Output),
            ("tags", ColumnType::Text, Read::Cast),
            ("Odd Name", ColumnType::Text, Read::Native),
            ("late", ColumnType::Date, Read::Native),
        ]
    );
    let column = |name: &str| dataset.column(name).unwrap();
    assert_eq!(column("mood").labels, ["fine", "so, so"]);
    assert_eq!(column("mood").type_name, format!("{}.mood", ground.schema));
    assert_eq!((column("price").typmod, column("code").typmod), ((10 << 16) + 2 + 4, 9));
    assert_eq!(column("code").type_name, "character varying(5)");
    assert_eq!(dataset.filters.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["mood", "price"]);
    assert_eq!(dataset.order, ["at", "id"]);
    assert_eq!(dataset.settle_after_secs, Some(3600));
    assert_eq!(estimate.total.rows, 60);
    assert_eq!(estimate.months.keys().collect::<Vec<_>>(), ["2024-01", "2024-02", "2024-03"]);
    assert!((20..=24).contains(&estimate.months["2024-01"].rows), "{estimate:?}");
    assert!(estimate.indexed && warnings.is_empty(), "{warnings}");
    ground.end().await;
}

#[tokio::test]
async fn every_fault_of_a_dataset_is_told_at_once() {
    let Some(ground) = Ground::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let keys = "relation = \"S.t\"\nrange_column = \"dayy\"\ncolumns = [\"id\", \"prise\"]\nexclude = [\"secret_thing\"]\nfilters = [\"extra\", \"modo\"]\ntenant_column = \"acount\"\n";
    let text = ground.bad(keys).await;
    says(
        &text,
        &[
            "datasets.d.range_column: there is no column \"dayy\"; did you mean day?",
            "datasets.d.columns: there is no column \"prise\"; did you mean price?",
            "datasets.d.exclude: there is no column \"secret_thing\"; the columns are id, at",
            "datasets.d.filters: there is no column \"modo\"; did you mean code, mood?",
            "datasets.d.filters: values of the column \"extra\" cannot be compared",
            "datasets.d.tenant_column: there is no column \"acount\"",
        ],
    );
    says(
        &ground.bad("relation = \"S.t\"\nrange_column = \"day\"").await,
        &[
            "datasets.d.nulls: the range column \"day\" can be NULL (it is in about 25.0 % of the rows)",
            "nulls = \"exclude\"",
        ],
    );
    says(&ground.bad("relation = \"S.t\"\nrange_column = \"id\"").await, &["\"id\" is of type bigint"]);
    says(
        &ground.bad("relation = \"S.t\"\nrange_column = \"at\"\ntime_zone = \"UTC\"").await,
        &["datasets.d.time_zone: the range column is of type timestamp with time zone"],
    );
    says(
        &ground.bad("relation = \"S.tt\"").await,
        &["there is no relation \"tt\"", "S.t?".replace("S.", &format!("{}.", ground.schema)).as_str()],
    );
    says(
        &ground.bad("relation = \"S.t\"\ncolumns = [\"id\", \"id\", \"*\"]").await,
        &["more than once", "an asterisk"],
    );
    says(&ground.bad("relation = \"no_such_schema.t\"").await, &["there is no schema \"no_such_schema\""]);
    let unowned = ground.resolve_among("relation = \"S.t\"", 2).await;
    says(&export::problem::describe(&unowned.violations), &["datasets.d: there are 2 tenants"]);
    let (_, estimate, _) =
        ground.good("relation = \"S.t\"\nrange_column = \"day\"\nnulls = \"include\"").await;
    assert!(estimate.indexed, "a small table needs no index");
    let (dataset, estimate, _) = ground.good("relation = \"S.t\"\nrange_column = \"late\"").await;
    assert!(estimate.months.is_empty() && dataset.range.is_some(), "infinity is in no month");
    ground.end().await;
}

#[tokio::test]
async fn what_the_role_may_not_read_is_named() {
    let statements = [
        "create table S.closed (id integer)",
        "create table S.partly (id integer, secret text)",
        "grant select (id) on S.partly to R",
        "create table S.hidden (id integer)",
        "alter table S.hidden enable row level security",
        "grant select on S.hidden to R",
        "create view S.outer_view as select * from S.hidden",
        "create materialized view S.empty as select 1 as one with no data",
        "grant select on S.empty to R",
        "create sequence S.numbers",
    ];
    let Some(ground) = Ground::new(&statements).await else { return };
    says(
        &ground.bad("relation = \"S.closed\"").await,
        &["datasets.d.relation: the source role may not read", "grant select on", "to sluice_source"],
    );
    says(
        &ground.bad("relation = \"S.partly\"").await,
        &["datasets.d.columns: the source role may not read the columns secret", "or exclude them"],
    );
    ground.good("relation = \"S.partly\"\nexclude = [\"secret\"]").await;
    says(&ground.bad("relation = \"S.hidden\"").await, &["row-level security", "bypassrls"]);
    says(&ground.bad("relation = \"S.empty\"").await, &["was never filled", "refresh materialized view"]);
    says(&ground.bad("relation = \"S.numbers\"").await, &["is a sequence"]);
    says(
        &ground.bad("query = \"select * from S.closed\"").await,
        &["datasets.d.query: the source refuses it: permission denied", "42501"],
    );
    ground.end().await;
}

#[tokio::test]
async fn queries_are_described() {
    let Some(ground) = Ground::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let (dataset, estimate, _) = ground.good("query = \"\"\"select id, mood, at::date as day, row(id, mood) as pair from S.t -- the end\"\"\"\nrange_column = \"day\"\nnulls = \"exclude\"").await;
    let names: Vec<_> = dataset.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str())).collect();
    assert_eq!(
        names,
        [
            ("id", "bigint"),
            ("mood", format!("{}.mood", ground.schema).as_str()),
            ("day", "date"),
            ("pair", "record")
        ]
    );
    assert_eq!(estimate.months.len(), 3);
    says(
        &ground.bad("query = \"select id, 1, mood as id from S.t\"").await,
        &["more than one column is called \"id\"", "a column has no name"],
    );
    says(
        &ground.bad("query = \"selec 1\"").await,
        &["datasets.d.query: the source refuses it: syntax error", "42601"],
    );
    says(&ground.bad("query = \"select id from t\"").await, &["search_path is pg_catalog"]);
    says(
        &ground.bad("query = \"select id, at from S.t\"\nrange_column = \"at\"").await,
        &["datasets.d.nulls"],
    );
    says(
        &ground.bad("query = \"select id from S.t\"\nordered = true").await,
        &["datasets.d.ordered: there is no primary key"],
    );
    ground.end().await;
}

#[tokio::test]
async fn a_missing_index_is_told_with_its_remedy() {
    let statements = [
        "create table S.big (id bigint, at timestamptz not null, account text not null, filler text)",
        "insert into S.big select i, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute', 'a' || i % 5, repeat('x', 200) \
         from generate_series(1, 100000) i",
        "create table S.parts (at date not null, filler text) partition by range (at)",
        "create table S.parts_1 partition of S.parts for values from ('2024-01-01') to ('2024-02-01')",
        "create table S.parts_2 partition of S.parts for values from ('2024-02-01') to ('2024-03-01')",
        "insert into S.parts select date '2024-01-01' + i % 60, repeat('x', 200) from generate_series(0, 99999) i",
        "create view S.seen as select id, at as happened, account from S.big",
        "grant select on all tables in schema S to R",
        "analyze S.big",
        "analyze S.parts",
    ];
    let Some(ground) = Ground::new(&statements).await else { return };
    let keys = "relation = \"S.big\"\nrange_column = \"at\"\ntenant_column = \"account\"\n";
    let (_, estimate, warnings) = ground.good(keys).await;
    assert!(!estimate.indexed);
    says(
        &warnings,
        &[
            "datasets.d.range_column: a day of \"at\"",
            &format!("create index concurrently on {}.big (account, at)", ground.schema),
        ],
    );
    says(
        &ground.bad(&format!("{keys}require_index = true")).await,
        &["require_index is true", "or set require_index = false"],
    );
    let (_, _, warnings) = ground.good(&format!("{keys}require_index = false")).await;
    assert!(!warnings.contains("create index"), "{warnings}");
    let (_, estimate, _) = ground.good("relation = \"S.parts\"\nrange_column = \"at\"").await;
    assert!(estimate.indexed, "partitions are pruned");
    let view = "relation = \"S.seen\"\nrange_column = \"happened\"\nnulls = \"exclude\"\ntenant_column = \"account\"\nrequire_index = true";
    says(&ground.bad(view).await, &["big, so the dataset is one chunk", "comes from"]);
    ground.run(&["create index on S.big (account, at)"]).await;
    assert!(ground.good(keys).await.1.indexed);
    assert!(ground.good(view).await.1.indexed, "the view's column has another name, but the index serves");
    ground.end().await;
}

#[tokio::test]
async fn the_samples_catalog_can_be_applied() {
    let Some(ground) = Ground::new(&[]).await else { return };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/local/sample/catalog.toml");
    let catalog = Catalog::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut inspector = ground.inspector().await;
    assert!(!inspector.source_name().await.unwrap().is_empty());
    for (name, definition) in &catalog.datasets {
        let resolution = resolve(&mut inspector, name, definition, 2).await.unwrap();
        assert_eq!(resolution.violations, [], "{name}");
        let Resolution { estimate, warnings, .. } = resolution;
        println!(
            "{name}: {} rows, {} months, indexed {}",
            estimate.total.rows,
            estimate.months.len(),
            estimate.indexed
        );
        print!(
            "{}",
            warnings
                .iter()
                .map(|w| format!("  {}: {}; {}\n", w.pointer, w.message, w.remedy))
                .collect::<String>()
        );
    }
    inspector.close().await;
    ground.end().await;
}
