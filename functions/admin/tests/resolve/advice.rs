//! Advice of `catalog check` on indexes: the table, the plan that shows the problem, and a statement that solves it.

use crate::fixture::Fixture;
use crate::says;

/// A table shaped like the sample's `orders`: an unordered heap, and an index on the range column.
const ORDERS: [&str; 4] = [
    "create table S.orders (id bigint primary key, created_at timestamptz not null, country text not null, email text not null, \
     total numeric(10,2) not null, note text not null)",
    "insert into S.orders select i, timestamptz '2024-01-01 00:00+00' + (i * 7919 % 200000) * interval '2 minutes', \
     (array['NL','DE','BE','FR'])[1 + i % 4], 'client' || i || '@example.com', i % 1000, repeat('n', 300) from generate_series(1, 200000) i",
    "create index orders_created_at on S.orders (created_at)",
    "grant select on S.orders to R",
];

/// Returns the statements in the advice, as they would be run.
fn statements(advice: &str) -> Vec<String> {
    let from = |line: &str| line.find("create index").map(|at| line[at..].to_owned());
    advice.lines().filter_map(from).map(|line| line[..=line.find(';').unwrap()].to_owned()).collect()
}

#[tokio::test]
async fn missing_index_is_reported_with_its_remedy() {
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
    let Some(fixture) = Fixture::new(&statements).await else { return };
    let keys = "relation = \"S.big\"\nrange_column = \"at\"\ntenant_column = \"account\"\n";
    let (_, estimate, warnings) = fixture.good(keys).await;
    assert!(!estimate.indexed);
    says(
        &warnings,
        &[
            "datasets.d.range_column: selecting a day of \"at\"",
            &format!("plan: Seq Scan on {}.big", fixture.schema),
            &format!("create index concurrently on {}.big (account, at);", fixture.schema),
        ],
    );
    says(
        &fixture.bad(&format!("{keys}require_index = true")).await,
        &["require_index is true", "or set require_index = false"],
    );
    let (_, _, warnings) = fixture.good(&format!("{keys}require_index = false")).await;
    assert!(!warnings.contains("create index"), "{warnings}");
    let (_, estimate, _) = fixture.good("relation = \"S.parts\"\nrange_column = \"at\"").await;
    assert!(estimate.indexed, "partitions are pruned");
    let view = "relation = \"S.seen\"\nrange_column = \"happened\"\nnulls = \"exclude\"\ntenant_column = \"account\"\nrequire_index = true";
    says(&fixture.bad(view).await, &["big, so the dataset is one chunk", "comes from"]);
    fixture.run(&["create index on S.big (account, at)"]).await;
    assert!(fixture.good(keys).await.1.indexed);
    assert!(fixture.good(view).await.1.indexed, "the view's column has another name, but the index serves");
    fixture.end().await;
}

#[tokio::test]
async fn dropped_index_is_reported_with_plan_and_create_statement() {
    let Some(fixture) = Fixture::new(&ORDERS).await else { return };
    fixture.execute("analyze S.orders").await.unwrap();
    let keys = "relation = \"S.orders\"\nrange_column = \"created_at\"\nfilters = [\"country\", \"email\"]";
    let (_, estimate, warnings) = fixture.good(keys).await;
    assert!(estimate.indexed && warnings.is_empty(), "{warnings}");
    fixture.execute("drop index S.orders_created_at").await.unwrap();
    let (_, estimate, warnings) = fixture.good(keys).await;
    assert!(!estimate.indexed);
    let table = format!("{}.orders", fixture.schema);
    says(&warnings, &[&table, &format!("plan: Seq Scan on {table} (cost="), "Filter: ((q.created_at >="]);
    let cure = statements(&warnings);
    assert_eq!(cure, [format!("create index concurrently on {table} (created_at);")]);
    fixture.execute(&cure[0]).await.unwrap();
    let (_, estimate, warnings) = fixture.good(keys).await;
    assert!(estimate.indexed && warnings.is_empty(), "{warnings}");
    fixture.end().await;
}

#[tokio::test]
async fn partitioned_table_gets_index_statements_per_partition() {
    let Some(fixture) = Fixture::new(&[
        "create table S.parts (id bigint, at date not null, kind text not null, filler text) partition by range (at)",
        "create table S.parts_1 partition of S.parts for values from ('2024-01-01') to ('2024-02-01')",
        "create table S.parts_2 partition of S.parts for values from ('2024-02-01') to ('2024-03-01')",
        "insert into S.parts select i, date '2024-01-01' + i % 60, 'k' || i, repeat('x', 700) from generate_series(0, 99999) i",
        "analyze S.parts",
        "grant select on all tables in schema S to R",
    ])
    .await
    else {
        return;
    };
    let keys = "relation = \"S.parts\"\nfilters = [\"kind\"]";
    let (_, _, warnings) = fixture.good(keys).await;
    says(&warnings, &["datasets.d.filters: selecting a value of \"kind\" requires reading"]);
    let cure = statements(&warnings);
    assert_eq!(cure.len(), 3, "{warnings}");
    for statement in &cure {
        fixture.execute(statement).await.unwrap();
    }
    assert_eq!(fixture.good(keys).await.2, "");
    fixture.end().await;
}

#[tokio::test]
async fn only_selective_filters_need_an_index() {
    let Some(fixture) = Fixture::new(&ORDERS).await else { return };
    fixture.execute("analyze S.orders").await.unwrap();
    let keys = "relation = \"S.orders\"\nfilters = [\"country\", \"email\"]";
    let (_, _, warnings) = fixture.good(keys).await;
    says(
        &warnings,
        &["datasets.d.filters: selecting a value of \"email\" requires reading", "plan: Seq Scan on"],
    );
    let cure = statements(&warnings);
    assert_eq!(cure, [format!("create index concurrently on {}.orders (email);", fixture.schema)]);
    fixture.execute(&cure[0]).await.unwrap();
    assert_eq!(fixture.good(keys).await.2, "");
    // A table that is read within tenths of a second needs no index for a filter.
    fixture.execute("create table S.few as select * from S.orders limit 20000; analyze S.few").await.unwrap();
    fixture.execute("grant select on S.few to R").await.unwrap();
    assert_eq!(fixture.good(&keys.replace("S.orders", "S.few")).await.2, "");
    fixture.end().await;
}

#[tokio::test]
async fn invalid_index_is_reported() {
    let Some(fixture) = Fixture::new(&ORDERS).await else { return };
    // Two orders in one minute: creating the index fails and leaves an invalid one.
    fixture
        .execute("update S.orders set created_at = '2024-01-01 00:00+00' where id <= 2; analyze S.orders")
        .await
        .unwrap();
    let unique = "create unique index concurrently orders_once on S.orders (created_at)";
    assert!(fixture.execute(unique).await.is_err());
    let keys = "relation = \"S.orders\"\nrange_column = \"created_at\"";
    let (_, _, warnings) = fixture.good(keys).await;
    let index = format!("{}.orders_once", fixture.schema);
    let drop = format!("drop index concurrently {index};");
    says(&warnings, &[&format!("the index {index} is invalid"), &drop]);
    fixture.execute(&drop).await.unwrap();
    assert_eq!(fixture.good(keys).await.2, "");
    fixture.end().await;
}

#[tokio::test]
async fn cost_of_ordering_is_reported() {
    let Some(fixture) = Fixture::new(&ORDERS).await else { return };
    fixture.execute("analyze S.orders").await.unwrap();
    let keys = "relation = \"S.orders\"\nrange_column = \"created_at\"\nordered = true";
    let (_, _, warnings) = fixture.good(keys).await;
    says(
        &warnings,
        &[
            "datasets.d.ordered: ordered makes reading cost about",
            "plan: Sort (cost=",
            "leave ordered out",
            &format!(
                "an index on (created_at, id) makes it cheap only if the rows of {}.orders are stored in that order",
                fixture.schema
            ),
        ],
    );
    assert_eq!(fixture.good(&keys.replace("ordered = true", "")).await.2, "");
    // The other remedy, applied.
    fixture.execute("create index orders_order on S.orders (created_at, id)").await.unwrap();
    fixture.execute("cluster S.orders using orders_order; analyze S.orders").await.unwrap();
    assert_eq!(fixture.good(keys).await.2, "");
    fixture.end().await;
}
