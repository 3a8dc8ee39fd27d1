//! Resolution of datasets against a real PostgreSQL: that of the stack that `SLUICE_STACK` names.
//!
//! Each test creates its own schema, through the owner, and drops it.

#![allow(clippy::unwrap_used)]

#[path = "resolve/accuracy.rs"]
mod accuracy;
#[path = "resolve/advice.rs"]
mod advice;
#[path = "resolve/calendar.rs"]
mod calendar;
#[path = "resolve/chunk_errors.rs"]
mod chunk_errors;
#[path = "resolve/fixture.rs"]
mod fixture;
#[path = "resolve/remedies.rs"]
mod remedies;
#[path = "resolve/skew.rs"]
mod skew;

use export::catalog::Catalog;
use export::column::{ColumnType, Read};
use fixture::Fixture;
use introspect::{Resolution, resolve};

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
    let Some(fixture) = Fixture::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let keys = "relation = \"S.t\"\nrange_column = \"at\"\nexclude = [\"extra\"]\nfilters = [\"mood\", \"price\"]\nordered = true\nsettle_after = \"1h\"\n";
    let (dataset, estimate, warnings) = fixture.good(keys).await;
    let read: Vec<_> = dataset.columns.iter().map(|c| (c.name.as_str(), c.kind, c.read)).collect();
    assert_eq!(
        read,
        [
            ("id", ColumnType::Int8, Read::Native),
            ("at", ColumnType::Timestamptz, Read::Native),
            ("day", ColumnType::Date, Read::Native),
            ("wall", ColumnType::Timestamp, Read::Native),
            ("mood", ColumnType::Text, Read::Native),
            ("host", ColumnType::Inet, Read::Native),
            ("price", ColumnType::Numeric, Read::Native),
            ("code", ColumnType::Text, Read::Native),
            ("addr", ColumnType::Inet, Read::Native),
            ("doc", ColumnType::Text, Read::Output),
            ("tags", ColumnType::Text, Read::Native),
            ("Odd Name", ColumnType::Text, Read::Native),
            ("late", ColumnType::Date, Read::Native),
        ]
    );
    let column = |name: &str| dataset.column(name).unwrap();
    assert!(column("tags").array && dataset.columns.iter().filter(|c| c.array).count() == 1);
    assert_eq!(column("mood").labels, ["fine", "so, so"]);
    assert_eq!(column("mood").type_name, format!("{}.mood", fixture.schema));
    assert_eq!((column("price").typmod, column("code").typmod), ((10 << 16) + 2 + 4, 9));
    assert_eq!(column("code").type_name, "character varying(5)");
    assert_eq!(dataset.filters.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["mood", "price"]);
    assert_eq!(dataset.order, ["at", "id"]);
    assert_eq!(dataset.settle_after_secs, Some(3600));
    assert_eq!(estimate.total.rows, 60);
    assert_eq!(estimate.months.keys().collect::<Vec<_>>(), ["2024-01", "2024-02", "2024-03"]);
    assert!((20..=24).contains(&estimate.months["2024-01"].rows), "{estimate:?}");
    assert!(estimate.indexed && warnings.is_empty(), "{warnings}");
    fixture.end().await;
}

#[tokio::test]
async fn arrays_are_resolved_to_their_elements() {
    let statements = [
        "create type S.mood as enum ('fine', 'so, so')",
        "create domain S.price as numeric(10,2)",
        "create domain S.price2 as S.price",
        "create domain S.words as text[]",
        "create domain S.words2 as S.words",
        "create type S.hue as enum ('red')",
        "create function S.hue_json(S.hue) returns json language sql as $$ select '1'::json $$",
        "create cast (S.hue as json) with function S.hue_json",
        "create table S.a (ints int4[], deep text[][], moods S.mood[], prices S.price2[], sums numeric(8,3)[], words S.words2, \
         vectors int2vector, oids oidvector, spans int4range[], lists S.words[], points point[], hue S.hue, hues S.hue[], \
         hosts cidr[], codes varchar(5)[], kinds \"char\"[], label name, box box[])",
        "grant select on S.a to R",
    ];
    let Some(fixture) = Fixture::new(&statements).await else { return };
    let (dataset, ..) = fixture.good("relation = \"S.a\"").await;
    let read: Vec<_> =
        dataset.columns.iter().map(|c| (c.name.as_str(), c.kind, c.array, c.typmod, c.read)).collect();
    let (native, text) = (Read::Native, ColumnType::Text);
    assert_eq!(
        read,
        [
            ("ints", ColumnType::Int4, true, -1, native),
            ("deep", text, true, -1, native),
            ("moods", text, true, -1, native),
            ("prices", ColumnType::Numeric, true, (10 << 16) + 2 + 4, native),
            ("sums", ColumnType::Numeric, true, (8 << 16) + 3 + 4, native),
            ("words", text, true, -1, native),
            // They have elements, but neither the text nor the dimensions of an array.
            ("vectors", text, false, -1, Read::Cast),
            ("oids", text, false, -1, Read::Cast),
            ("spans", text, false, -1, Read::Cast),
            ("lists", text, false, -1, Read::Cast),
            ("points", text, false, -1, Read::Cast),
            // Its JSON is defined by its owner.
            ("hue", text, false, -1, Read::Cast),
            ("hues", text, false, -1, Read::Cast),
            ("hosts", ColumnType::Inet, true, -1, native),
            ("codes", text, true, 9, native),
            ("kinds", ColumnType::Char, true, -1, native),
            ("label", text, false, -1, native),
            ("box", text, false, -1, Read::Cast),
        ]
    );
    assert_eq!(dataset.column("moods").unwrap().labels, ["fine", "so, so"]);
    assert_eq!(dataset.column("hue").unwrap().labels, ["red"]);
    fixture.end().await;
}

#[tokio::test]
async fn as_text_columns_are_kept_as_text() {
    let Some(fixture) = Fixture::new(&TABLE).await else { return };
    let (dataset, _, _) = fixture.good("relation = \"S.t\"\nas_text = [\"late\", \"day\"]\n").await;
    let kept: Vec<_> = dataset.columns.iter().filter(|c| c.as_text).map(|c| c.name.as_str()).collect();
    assert_eq!(kept, ["day", "late"]);
    let keys = "relation = \"S.t\"\nexclude = [\"day\"]\nas_text = [\"lat\", \"day\"]\n";
    says(
        &fixture.bad(keys).await,
        &[
            "datasets.d.as_text: there is no column \"lat\"; did you mean",
            "datasets.d.as_text: \"day\" is not exported",
        ],
    );
    fixture.end().await;
}

#[tokio::test]
async fn all_violations_of_a_dataset_are_reported_together() {
    let Some(fixture) = Fixture::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let keys = "relation = \"S.t\"\nrange_column = \"dayy\"\ncolumns = [\"id\", \"prise\"]\nexclude = [\"secret_thing\"]\nfilters = [\"extra\", \"modo\"]\ntenant_column = \"acount\"\n";
    let text = fixture.bad(keys).await;
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
        &fixture.bad("relation = \"S.t\"\nrange_column = \"day\"").await,
        &[
            "datasets.d.nulls: the range column \"day\" can be NULL (it is in about 25.0 % of the rows)",
            "nulls = \"exclude\"",
        ],
    );
    says(&fixture.bad("relation = \"S.t\"\nrange_column = \"id\"").await, &["\"id\" is of type bigint"]);
    says(
        &fixture.bad("relation = \"S.t\"\nrange_column = \"at\"\ntime_zone = \"UTC\"").await,
        &["datasets.d.time_zone: the range column is of type timestamp with time zone"],
    );
    says(
        &fixture.bad("relation = \"S.tt\"").await,
        &["there is no relation \"tt\"", "S.t?".replace("S.", &format!("{}.", fixture.schema)).as_str()],
    );
    says(
        &fixture.bad("relation = \"S.t\"\ncolumns = [\"id\", \"id\", \"*\"]").await,
        &["more than once", "the asterisk"],
    );
    says(&fixture.bad("relation = \"no_such_schema.t\"").await, &["there is no schema \"no_such_schema\""]);
    let unowned = fixture.resolve_among("relation = \"S.t\"", 2).await;
    says(&export::problem::describe(&unowned.violations), &["datasets.d: there are 2 tenants"]);
    let (_, estimate, _) =
        fixture.good("relation = \"S.t\"\nrange_column = \"day\"\nnulls = \"include\"").await;
    assert!(estimate.indexed, "a small table needs no index");
    let (dataset, estimate, _) = fixture.good("relation = \"S.t\"\nrange_column = \"late\"").await;
    assert!(estimate.months.is_empty() && dataset.range.is_some(), "infinity is in no month");
    fixture.end().await;
}

#[tokio::test]
async fn missing_read_rights_are_reported() {
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
    let Some(fixture) = Fixture::new(&statements).await else { return };
    says(
        &fixture.bad("relation = \"S.closed\"").await,
        &["datasets.d.relation: the source role may not read", "grant select on", "to sluice_source"],
    );
    says(
        &fixture.bad("relation = \"S.partly\"").await,
        &["datasets.d.columns: the source role may not read the columns secret", "or exclude them"],
    );
    fixture.good("relation = \"S.partly\"\nexclude = [\"secret\"]").await;
    says(&fixture.bad("relation = \"S.hidden\"").await, &["row-level security", "bypassrls"]);
    says(&fixture.bad("relation = \"S.empty\"").await, &["is not populated", "refresh materialized view"]);
    says(&fixture.bad("relation = \"S.numbers\"").await, &["is a sequence"]);
    says(
        &fixture.bad("query = \"select * from S.closed\"").await,
        &["datasets.d.query: the source rejected the statement: permission denied", "42501"],
    );
    fixture.end().await;
}

#[tokio::test]
async fn queries_are_described() {
    let Some(fixture) = Fixture::new(&[&TABLE[..], &["analyze S.t"]].concat()).await else { return };
    let (dataset, estimate, _) = fixture.good("query = \"\"\"select id, mood, at::date as day, row(id, mood) as pair from S.t -- the end\"\"\"\nrange_column = \"day\"\nnulls = \"exclude\"").await;
    let names: Vec<_> = dataset.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str())).collect();
    assert_eq!(
        names,
        [
            ("id", "bigint"),
            ("mood", format!("{}.mood", fixture.schema).as_str()),
            ("day", "date"),
            ("pair", "record")
        ]
    );
    assert_eq!(estimate.months.len(), 3);
    says(
        &fixture.bad("query = \"select id, 1, mood as id from S.t\"").await,
        &["more than one column is named \"id\"", "a column has no name"],
    );
    says(
        &fixture.bad("query = \"selec 1\"").await,
        &["datasets.d.query: the source rejected the statement", "syntax_error", "42601"],
    );
    says(
        &fixture.bad("query = \"select id from t\"").await,
        &["write it with its schema or add that to search_path"],
    );
    says(
        &fixture.bad("query = \"select id, at from S.t\"\nrange_column = \"at\"").await,
        &["datasets.d.nulls"],
    );
    says(
        &fixture.bad("query = \"select id from S.t\"\nordered = true").await,
        &["datasets.d.ordered: there is no primary key"],
    );
    fixture.end().await;
}

#[tokio::test]
async fn sample_catalog_can_be_applied() {
    let Some(fixture) = Fixture::new(&[]).await else { return };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/sample/catalog.toml");
    let catalog = Catalog::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut inspector = fixture.inspector().await;
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
    fixture.end().await;
}
