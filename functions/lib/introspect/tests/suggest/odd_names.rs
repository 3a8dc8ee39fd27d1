//! A schema of 300 relations with odd names, columns, types and rights.

use std::collections::BTreeSet;

use export::catalog::Nulls;
use introspect::SuggestOptions;
use source::sql::{identifier, literal};

use crate::database::Database;
use crate::options;

/// Parts of names.
const ODD: [&str; 15] = [
    "quote \" here",
    "a.b",
    "order; drop table x",
    "Größe",
    "訂單",
    "MixedCase",
    "select",
    "tab\tand\nline",
    "$$;$$",
    "-- no comment",
    "it's",
    "back\\slash",
    "\u{202e}rtl",
    "]\n[datasets.evil]",
    "#=\"\"\"",
];

/// Number of relations.
const RELATIONS: usize = 300;

/// Columns of a table with every odd name, which is read by its date.
const COLUMNS: &str = "id bigint primary key, \"Größe; at\" date not null default current_date, \"a\"\"b\" text, \"c.d\" int, \
                       \"PassWord\" text, \"#x\ny\" text, \"select\" boolean";

/// Kinds of relations; `N` is the name. The second statement, if there is one, comes after the first.
const KINDS: [&[&str]; 20] = [
    &[
        "create table N (id bigint primary key, created_at timestamptz not null default now(), updated_at timestamptz)",
        "create index on N (created_at)",
    ],
    &["create table N (code text, note text)", "insert into N values ('a', null)"],
    &[
        "create table N (\"at\" timestamp not null, id bigint not null) partition by range (\"at\")",
        "do $x$ begin for i in 1..3 loop execute format('create table S.%I partition of N for values from (%L) to (%L)', \
       'part ' || P || ' ' || i, '2024-0' || i || '-01', '2024-0' || i + 1 || '-01'); end loop; end $x$",
    ],
    &["create view N as select 1 as a, now() as \"Created At\""],
    &[
        "create view N as select o.relname as table_name, count(*) as columns from pg_catalog.pg_class o group by 1",
    ],
    &["create materialized view N as select current_date as day, 'x'::text as password"],
    &["create materialized view N as select current_date as day with no data"],
    &[
        "create table N (p point, b box, x xml, t tsvector, r int4range, m money, v bit(3), c \"char\", o oid, n name, l pg_lsn, \
       i interval, j json, k jsonb, a int[], d date[], u uuid, s smallint, f real, e inet, tz timetz)",
        "insert into N (p, t, r, m, a, s) values ('(1,2)', 'b c', '[1,4)', 3, '{1,null}', 7)",
    ],
    &[
        "create table N (id int, booked_on date)",
        "insert into N select i, null from generate_series(1, 9) i",
        "analyze N",
    ],
    &[
        "create table N (id int, booked_on date)",
        "insert into N select i, '2024-01-01'::date + i from generate_series(1, 9) i",
        "analyze N",
    ],
    &["create table N (COLUMNS)", "insert into N (id) values (1)"],
    &["create table N (id int, at timestamptz not null)", "alter table N enable row level security"],
    &["create table N () "],
    &[
        "create domain S.\"day P\" as date check (value > '2000-01-01')",
        "create table N (id int, d S.\"day P\" not null)",
    ],
    &["create view N as select 1 / (i - i) as broken from generate_series(1, 3) i"],
    &["create table N (id int, secret text, happened_at timestamptz not null)"],
    &[
        "create table N (account_id text not null, occurred_at timestamptz not null, kind text)",
        "create index on N (account_id, occurred_at, kind)",
    ],
    &[
        "create table N (account_id numeric, tags int[], doc jsonb, low text, part text, h text, b timestamptz not null)",
        "create index on N using gin (tags)",
        "create index on N using hash (h)",
        "create index on N using brin (b)",
        "create index on N (lower(low))",
        "create index on N (part) where part > ''",
        "create index on N (tags)",
    ],
    &[
        "create table N (id int, birth_date date not null, expires_at timestamptz not null, deleted_at timestamptz)",
    ],
    &[
        "create type S.\"pair P\" as (a int, b text)",
        "create type S.\"mood P\" as enum ('so, so', 'fi\"ne')",
        "create table N (p S.\"pair P\", l S.\"pair P\"[], m S.\"mood P\" not null, r record_of_nothing)",
    ],
];

/// Returns the statements that create everything.
fn statements() -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..RELATIONS {
        let name = format!("{} {number}", ODD[(number * 7) % ODD.len()]);
        let quoted = format!("S.{}", identifier(&name));
        for statement in KINDS[number % KINDS.len()] {
            // Inside a function's body the name is part of a literal.
            let statement = statement.replace(", r record_of_nothing", "").replace("COLUMNS", COLUMNS);
            let is_body = statement.starts_with("do ");
            let named = if is_body { quoted.replace('%', "%%").replace('\'', "''") } else { quoted.clone() };
            let named = if is_body { named.replace("$x$", "") } else { named };
            let statement = statement.replace(" N", &format!(" {named}"));
            all.push(
                statement
                    .replace(" P\"", &format!(" {number}\""))
                    .replace("|| P ||", &format!("|| {number} ||")),
            );
        }
    }
    // Inheritance, rights of a column, and a relation without any right to read.
    all.push("create table S.parent (id int, created_at timestamptz not null)".to_owned());
    all.push("create table S.child () inherits (S.parent)".to_owned());
    all.push("create table S.half (id int, created_at timestamptz not null, hidden text)".to_owned());
    all.push("create table S.unreadable (id int)".to_owned());
    all.push("revoke select on S.half, S.unreadable from R".to_owned());
    all.push("grant select (id, created_at) on S.half to R".to_owned());
    all
}

#[tokio::test]
async fn whatever_is_written_passes_the_check() {
    let Some(database) = Database::open() else { return };
    let statements = statements();
    let schema = database.create(&statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let with_tenants = SuggestOptions { tenant_column: Some("account_id".into()), ..options(&[&schema]) };
    let (suggestion, catalog) = database.suggest(&with_tenants, 2).await;
    println!("{}", suggestion.toml);
    database.check(&catalog, 2).await;

    // Each relation is written or left out, once.
    let per_kind = RELATIONS / KINDS.len();
    let reasons = |part: &str| suggestion.left_out.iter().filter(|(_, reason)| reason.contains(part)).count();
    assert_eq!(reasons("row-level security"), per_kind);
    assert_eq!(reasons("is not populated"), per_kind);
    assert_eq!(reasons("no column is left"), per_kind);
    assert_eq!(reasons("the source rejected the statement"), per_kind, "the views that divide by zero");
    assert_eq!((reasons("inherits"), reasons("may not read 1 relation")), (1, 1));
    assert_eq!(suggestion.left_out.len(), 4 * per_kind + 2);
    let relations: BTreeSet<_> = catalog.datasets.values().map(|d| d.relation_name().unwrap()).collect();
    assert_eq!(relations.len(), RELATIONS - 4 * per_kind + 2);

    let of = |number: usize| {
        let end = format!(" {number}");
        let mut found = catalog.datasets.values().filter(|d| d.relation_name().unwrap().name.ends_with(&end));
        found.next().unwrap_or_else(|| panic!("relation {number} is missing"))
    };
    let range = |number: usize| of(number).range_column.as_deref();
    assert_eq!([0, 1, 2, 3].map(range), [Some("created_at"), None, Some("at"), Some("Created At")]);
    assert_eq!([8, 9, 10, 13].map(range), [None, Some("booked_on"), Some("Größe; at"), Some("d")]);
    assert_eq!([16, 17, 18].map(range), [Some("occurred_at"), Some("b"), None]);
    assert_eq!((of(9).nulls, of(0).nulls), (Some(Nulls::Include), None));
    assert_eq!(of(10).exclude, ["PassWord"]);
    assert_eq!((of(16).tenant_column.as_deref(), of(16).shared), (Some("account_id"), false));
    assert_eq!((of(17).tenant_column.as_deref(), of(17).shared), (None, true), "a numeric is no tenant");
    assert_eq!((of(16).filters.join(" "), of(17).filters.join(" ")), ("kind".into(), "h".into()));
    assert_eq!(catalog.datasets["half"].exclude, ["hidden"]);

    // With one tenant nothing need be decided; without a decision no dataset is left out for it.
    let undecided = SuggestOptions { shared: false, ..options(&[&schema]) };
    let (_, undecided) = database.suggest(&undecided, 1).await;
    assert_eq!(undecided.datasets.len(), catalog.datasets.len());
    database.check(&undecided, 1).await;
    let zoned = SuggestOptions { time_zone: Some("Europe/Amsterdam".into()), ..options(&[&schema]) };
    let (_, zoned) = database.suggest(&zoned, 1).await;
    assert!(zoned.datasets.values().any(|d| d.time_zone.is_some()));
    database.check(&zoned, 1).await;
    database.drop(&schema).await;
}

#[tokio::test]
async fn thousands_of_tables_take_a_few_statements() {
    let Some(database) = Database::open() else { return };
    let schema = database
        .create(&[
            "do $x$ begin for i in 1..3200 loop execute format('create table S.%I (id bigint primary key, \
                   created_at timestamptz not null, name text)', 't ' || i); commit; end loop; end $x$",
        ])
        .await;
    let (suggestion, catalog) = database.suggest(&options(&[&schema]), 1).await;
    println!("{} bytes for {}", suggestion.toml.len(), literal(&schema));
    assert_eq!(catalog.datasets.len(), 3_000);
    assert!(suggestion.toml.contains("INCOMPLETE"));
    database.drop(&schema).await;
}
