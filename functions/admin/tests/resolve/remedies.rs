//! Each remedy that `catalog check` prints is applied once, as printed, and removes the finding.

use crate::fixture::Fixture;
use crate::says;

const TABLE: [&str; 3] = [
    "create table S.t (id integer primary key, at date not null)",
    "insert into S.t select i, date '2024-01-01' + i % 100 from generate_series(1, 1000) i",
    "analyze S.t",
];

#[tokio::test]
async fn missing_rights_are_reported_as_grant_statements() {
    let Some(fixture) = Fixture::new(&TABLE).await else { return };
    let keys = "relation = \"S.t\"";
    let cure = fixture.remedy(keys).await;
    assert_eq!(cure, format!("grant select on {}.t to sluice_source", fixture.schema));
    fixture.execute(&cure).await.unwrap();
    fixture.execute("revoke usage on schema S from sluice_source").await.unwrap();
    let cure = fixture.remedy(keys).await;
    assert_eq!(cure, format!("grant usage on schema {} to sluice_source", fixture.schema));
    // A query is rejected by the server, which names only the schema.
    let query = "query = \"select * from S.t\"";
    let found = fixture.bad(query).await;
    says(&found, &["datasets.d.query: the source rejected it", "42501"]);
    let cure = fixture.remedy(query).await;
    assert_eq!(cure, format!("grant usage on schema {} to sluice_source", fixture.schema));
    fixture.execute(&cure).await.unwrap();
    fixture.good(query).await;
    fixture.execute("revoke select on S.t from sluice_source").await.unwrap();
    let cure = fixture.remedy(query).await;
    assert_eq!(cure, format!("grant select on {}.t to sluice_source", fixture.schema));
    fixture.execute(&cure).await.unwrap();
    fixture.good(query).await;
    fixture
        .execute("create function S.twice(integer) returns integer language sql as $$ select 2 * $1 $$")
        .await
        .unwrap();
    fixture.execute("revoke execute on function S.twice(integer) from public").await.unwrap();
    let query = "query = \"select S.twice(id) as id from S.t\"";
    let found = fixture.bad(query).await;
    says(&found, &["grant execute on function", "twice(integer) to sluice_source"]);
    fixture.execute(&fixture.remedy(query).await).await.unwrap();
    fixture.good(query).await;
    fixture.end().await;
}

#[tokio::test]
async fn view_owner_rights_are_checked() {
    let Some(fixture) = Fixture::new(&TABLE).await else { return };
    let owner = format!("{}_owner", fixture.schema);
    for statement in [
        format!("create role {owner}"),
        format!("grant usage, create on schema S to {owner}"),
        "create view S.seen as select * from S.t".to_owned(),
        format!("alter view S.seen owner to {owner}"),
        "grant select on S.seen to R".to_owned(),
    ] {
        fixture.execute(&statement).await.unwrap();
    }
    let keys = "relation = \"S.seen\"";
    let cure = fixture.remedy(keys).await;
    assert_eq!(cure, format!("grant select on {}.t to {owner}", fixture.schema), "{cure}");
    fixture.execute(&cure).await.unwrap();
    fixture.good(keys).await;
    // The same applies to policies.
    fixture.execute("alter table S.t enable row level security").await.unwrap();
    let cure = fixture.remedy(keys).await;
    assert_eq!(cure, format!("alter role {owner} bypassrls"), "{cure}");
    fixture.execute(&cure).await.unwrap();
    fixture.good(keys).await;
    fixture.execute(&format!("drop view S.seen; drop owned by {owner}; drop role {owner}")).await.unwrap();
    fixture.end().await;
}

#[tokio::test]
async fn owner_view_avoids_row_security() {
    let Some(fixture) = Fixture::new(&[&TABLE[..], &["grant select on S.t to R"]].concat()).await else {
        return;
    };
    fixture.execute("alter table S.t enable row level security").await.unwrap();
    for keys in ["relation = \"S.t\"", "query = \"select * from S.t\""] {
        let found = fixture.bad(keys).await;
        says(&found, &["alter role sluice_source bypassrls, or export through a view of the table's owner"]);
    }
    fixture.execute("create view S.whole as select * from S.t; grant select on S.whole to R").await.unwrap();
    fixture.good("relation = \"S.whole\"").await;
    fixture.end().await;
}

#[tokio::test]
async fn materializing_an_expensive_view_gives_it_months() {
    let Some(fixture) = Fixture::new(&[
        "create table S.lines (id integer, at date not null, price numeric not null, filler text)",
        "insert into S.lines select i, date '2024-01-01' + i % 700, i, repeat('x', 700) from generate_series(1, 120000) i",
        "analyze S.lines",
        "create view S.revenue as select at, sum(price) as sum from S.lines group by at",
        "grant select on all tables in schema S to R",
    ])
    .await
    else {
        return;
    };
    let keys = "relation = \"S.revenue\"\nrange_column = \"at\"\nnulls = \"exclude\"\nrequire_index = false";
    let (_, estimate, found) = fixture.good(keys).await;
    assert!(estimate.months.is_empty());
    says(
        &found,
        &[
            "datasets.d.range_column: the range column \"at\"",
            "export a materialized view of it, with an index on \"at\"",
        ],
    );
    assert!(!found.contains("analyze"), "a view cannot be analyzed: {found}");
    fixture
        .execute("create materialized view S.kept as select * from S.revenue; create index on S.kept (at); analyze S.kept")
        .await
        .unwrap();
    fixture.execute("grant select on S.kept to R").await.unwrap();
    let (_, estimate, found) = fixture.good(&keys.replace("revenue", "kept")).await;
    assert!(found.is_empty() && estimate.months.len() == 23, "{found} {estimate:?}");
    // For a table without statistics the printed statement helps.
    let keys = "relation = \"S.bare\"\nrange_column = \"at\"\nrequire_index = false";
    fixture
        .execute("create table S.bare with (autovacuum_enabled = false) as select * from S.lines; alter table S.bare alter at set not null")
        .await
        .unwrap();
    fixture.execute("grant select on S.bare to R").await.unwrap();
    let (_, estimate, found) = fixture.good(keys).await;
    says(&found, &[&format!("analyze {}.bare", fixture.schema)]);
    assert!(estimate.months.is_empty());
    fixture.execute("analyze S.bare").await.unwrap();
    let (_, estimate, found) = fixture.good(keys).await;
    assert!(found.is_empty() && estimate.months.len() == 23, "{found} {estimate:?}");
    fixture.end().await;
}

#[tokio::test]
async fn outlying_range_values_are_reported_until_corrected() {
    let Some(fixture) =
        Fixture::new(&[&TABLE[..], &["create index on S.t (at)", "grant select on S.t to R"]].concat()).await
    else {
        return;
    };
    fixture.execute("insert into S.t values (0, '1900-01-01'); analyze S.t").await.unwrap();
    let keys = "relation = \"S.t\"\nrange_column = \"at\"";
    let (_, _, found) = fixture.good(keys).await;
    says(
        &found,
        &[
            "more than 600 months apart",
            "nothing if values such as 9999-12-31 are intended; otherwise correct",
        ],
    );
    fixture.execute("update S.t set at = '2024-01-01' where id = 0").await.unwrap();
    assert_eq!(fixture.good(keys).await.2, "");
    fixture.end().await;
}

#[tokio::test]
async fn catalog_remedies_work_as_described() {
    let Some(fixture) = Fixture::new(
        &[
            &TABLE[..],
            &[
                "create table S.bare (id integer, at date)",
                "create materialized view S.kept as select * from S.t with no data",
                "grant select on all tables in schema S to R",
            ],
        ]
        .concat(),
    )
    .await
    else {
        return;
    };
    let keys = "relation = \"S.bare\"\nrange_column = \"at\"";
    says(&fixture.bad(keys).await, &["add nulls = \"exclude\"", "nulls = \"include\"", "not null"]);
    fixture.good(&format!("{keys}\nnulls = \"exclude\"")).await;
    fixture.good(&format!("{keys}\nnulls = \"include\"")).await;
    fixture.execute("alter table S.bare alter at set not null").await.unwrap();
    fixture.good(keys).await;
    let ordered = format!("{keys}\nordered = true");
    says(&fixture.bad(&ordered).await, &["remove ordered, or export a table that has a primary key"]);
    fixture.execute("alter table S.bare add primary key (id)").await.unwrap();
    fixture.good(&ordered).await;
    let keys = "relation = \"S.kept\"";
    let cure = fixture.remedy(keys).await;
    assert_eq!(cure, format!("refresh materialized view {}.kept", fixture.schema));
    fixture.execute(&cure).await.unwrap();
    let (_, _, found) = fixture.good(keys).await;
    says(&found, &["was never analyzed"]);
    fixture.execute(&fixture.remedy(keys).await).await.unwrap();
    assert_eq!(fixture.good(keys).await.2, "");
    fixture.end().await;
}
