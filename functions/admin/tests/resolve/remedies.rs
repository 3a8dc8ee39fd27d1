//! Each remedy that `catalog check` prints is applied once, as printed, and removes the finding.

use crate::ground::Ground;
use crate::says;

const TABLE: [&str; 3] = [
    "create table S.t (id integer primary key, at date not null)",
    "insert into S.t select i, date '2024-01-01' + i % 100 from generate_series(1, 1000) i",
    "analyze S.t",
];

#[tokio::test]
async fn missing_rights_are_reported_as_grant_statements() {
    let Some(ground) = Ground::new(&TABLE).await else { return };
    let keys = "relation = \"S.t\"";
    let cure = ground.remedy(keys).await;
    assert_eq!(cure, format!("grant select on {}.t to sluice_source", ground.schema));
    ground.execute(&cure).await.unwrap();
    ground.execute("revoke usage on schema S from sluice_source").await.unwrap();
    let cure = ground.remedy(keys).await;
    assert_eq!(cure, format!("grant usage on schema {} to sluice_source", ground.schema));
    // A query is rejected by the server, which names only the schema.
    let query = "query = \"select * from S.t\"";
    let found = ground.bad(query).await;
    says(&found, &["datasets.d.query: the source rejected the statement", "42501"]);
    let cure = ground.remedy(query).await;
    assert_eq!(cure, format!("grant usage on schema {} to sluice_source", ground.schema));
    ground.execute(&cure).await.unwrap();
    ground.good(query).await;
    ground.execute("revoke select on S.t from sluice_source").await.unwrap();
    let cure = ground.remedy(query).await;
    assert_eq!(cure, format!("grant select on {}.t to sluice_source", ground.schema));
    ground.execute(&cure).await.unwrap();
    ground.good(query).await;
    ground
        .execute("create function S.twice(integer) returns integer language sql as $$ select 2 * $1 $$")
        .await
        .unwrap();
    ground.execute("revoke execute on function S.twice(integer) from public").await.unwrap();
    let query = "query = \"select S.twice(id) as id from S.t\"";
    let found = ground.bad(query).await;
    says(&found, &["grant execute on function", "twice(integer) to sluice_source"]);
    ground.execute(&ground.remedy(query).await).await.unwrap();
    ground.good(query).await;
    ground.end().await;
}

#[tokio::test]
async fn view_owner_rights_are_checked() {
    let Some(ground) = Ground::new(&TABLE).await else { return };
    let owner = format!("{}_owner", ground.schema);
    for statement in [
        format!("create role {owner}"),
        format!("grant usage, create on schema S to {owner}"),
        "create view S.seen as select * from S.t".to_owned(),
        format!("alter view S.seen owner to {owner}"),
        "grant select on S.seen to R".to_owned(),
    ] {
        ground.execute(&statement).await.unwrap();
    }
    let keys = "relation = \"S.seen\"";
    let cure = ground.remedy(keys).await;
    assert_eq!(cure, format!("grant select on {}.t to {owner}", ground.schema), "{cure}");
    ground.execute(&cure).await.unwrap();
    ground.good(keys).await;
    // The same applies to policies.
    ground.execute("alter table S.t enable row level security").await.unwrap();
    let cure = ground.remedy(keys).await;
    assert_eq!(cure, format!("alter role {owner} bypassrls"), "{cure}");
    ground.execute(&cure).await.unwrap();
    ground.good(keys).await;
    ground.execute(&format!("drop view S.seen; drop owned by {owner}; drop role {owner}")).await.unwrap();
    ground.end().await;
}

#[tokio::test]
async fn owner_view_avoids_row_security() {
    let Some(ground) = Ground::new(&[&TABLE[..], &["grant select on S.t to R"]].concat()).await else {
        return;
    };
    ground.execute("alter table S.t enable row level security").await.unwrap();
    for keys in ["relation = \"S.t\"", "query = \"select * from S.t\""] {
        let found = ground.bad(keys).await;
        says(&found, &["alter role sluice_source bypassrls, or export through a view of the table's owner"]);
    }
    ground.execute("create view S.whole as select * from S.t; grant select on S.whole to R").await.unwrap();
    ground.good("relation = \"S.whole\"").await;
    ground.end().await;
}

#[tokio::test]
async fn materializing_an_expensive_view_gives_it_months() {
    let Some(ground) = Ground::new(&[
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
    let (_, estimate, found) = ground.good(keys).await;
    assert!(estimate.months.is_empty());
    says(
        &found,
        &[
            "datasets.d.range_column: the range column \"at\"",
            "export a materialized view of it, with an index on \"at\"",
        ],
    );
    assert!(!found.contains("analyze"), "a view cannot be analyzed: {found}");
    ground
        .execute("create materialized view S.kept as select * from S.revenue; create index on S.kept (at); analyze S.kept")
        .await
        .unwrap();
    ground.execute("grant select on S.kept to R").await.unwrap();
    let (_, estimate, found) = ground.good(&keys.replace("revenue", "kept")).await;
    assert!(found.is_empty() && estimate.months.len() == 23, "{found} {estimate:?}");
    // For a table without statistics the printed statement helps.
    let keys = "relation = \"S.bare\"\nrange_column = \"at\"\nrequire_index = false";
    ground
        .execute("create table S.bare with (autovacuum_enabled = false) as select * from S.lines; alter table S.bare alter at set not null")
        .await
        .unwrap();
    ground.execute("grant select on S.bare to R").await.unwrap();
    let (_, estimate, found) = ground.good(keys).await;
    says(&found, &[&format!("analyze {}.bare", ground.schema)]);
    assert!(estimate.months.is_empty());
    ground.execute("analyze S.bare").await.unwrap();
    let (_, estimate, found) = ground.good(keys).await;
    assert!(found.is_empty() && estimate.months.len() == 23, "{found} {estimate:?}");
    ground.end().await;
}

#[tokio::test]
async fn outlying_range_values_are_reported_until_corrected() {
    let Some(ground) =
        Ground::new(&[&TABLE[..], &["create index on S.t (at)", "grant select on S.t to R"]].concat()).await
    else {
        return;
    };
    ground.execute("insert into S.t values (0, '1900-01-01'); analyze S.t").await.unwrap();
    let keys = "relation = \"S.t\"\nrange_column = \"at\"";
    let (_, _, found) = ground.good(keys).await;
    says(
        &found,
        &["more than 600 months apart", "no action is needed if values such as 9999-12-31 are intended"],
    );
    ground.execute("update S.t set at = '2024-01-01' where id = 0").await.unwrap();
    assert_eq!(ground.good(keys).await.2, "");
    ground.end().await;
}

#[tokio::test]
async fn catalog_remedies_work_as_described() {
    let Some(ground) = Ground::new(
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
    says(&ground.bad(keys).await, &["add nulls = \"exclude\"", "nulls = \"include\"", "not null"]);
    ground.good(&format!("{keys}\nnulls = \"exclude\"")).await;
    ground.good(&format!("{keys}\nnulls = \"include\"")).await;
    ground.execute("alter table S.bare alter at set not null").await.unwrap();
    ground.good(keys).await;
    let ordered = format!("{keys}\nordered = true");
    says(&ground.bad(&ordered).await, &["remove ordered, or export a table that has a primary key"]);
    ground.execute("alter table S.bare add primary key (id)").await.unwrap();
    ground.good(&ordered).await;
    let keys = "relation = \"S.kept\"";
    let cure = ground.remedy(keys).await;
    assert_eq!(cure, format!("refresh materialized view {}.kept", ground.schema));
    ground.execute(&cure).await.unwrap();
    let (_, _, found) = ground.good(keys).await;
    says(&found, &["was never analyzed"]);
    ground.execute(&ground.remedy(keys).await).await.unwrap();
    assert_eq!(ground.good(keys).await.2, "");
    ground.end().await;
}
