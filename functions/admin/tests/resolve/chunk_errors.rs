//! Errors that a chunk would get are found by `catalog check` and reported as violations of the dataset.

use crate::fixture::Fixture;
use crate::says;

#[tokio::test]
async fn failing_queries_are_refused_at_apply() {
    let Some(fixture) = Fixture::new(&[
        "create table S.t (id integer primary key, at date not null, mood text not null)",
        "insert into S.t select i, date '2024-01-01' + i % 100, 'fine' from generate_series(1, 1000) i",
        "analyze S.t",
        "create table S.log (at timestamptz)",
        "create function S.noted(integer) returns integer language plpgsql as $$ begin insert into S.log values (now()); return $1; end $$",
        "create function S.judged(integer) returns integer language plpgsql as $$ begin if $1 > 0 then raise exception 'no value for %', $1; end if; return $1; end $$",
        "create view S.writes as select S.noted(id) as id from S.t",
        "create view S.raises as select S.judged(id) as id, at from S.t",
        "create type S.hue as enum ('red')",
        "create function S.hue_json(S.hue) returns json language plpgsql as $$ begin raise exception 'never as JSON'; end $$",
        "create cast (S.hue as json) with function S.hue_json",
        "create view S.hues as select 'red'::S.hue as hue from S.t",
        "grant usage on schema S to R",
        "grant select on all tables in schema S to R",
    ])
    .await
    else {
        return;
    };
    let found = fixture.bad("relation = \"S.writes\"").await;
    says(
        &found,
        &[
            "datasets.d.relation: the source rejected the statement",
            "25006",
            "the statement writes, but the source is read-only",
        ],
    );
    let found = fixture.bad("relation = \"S.raises\"\nrange_column = \"at\"\nnulls = \"exclude\"").await;
    says(&found, &["datasets.d.relation: the source rejected the statement", "P0001"]);
    assert!(!found.contains("no value for"), "what a function says may hold values: {found}");
    // Only its NDJSON fails.
    says(
        &fixture.bad("relation = \"S.hues\"").await,
        &["datasets.d.relation: the source rejected the statement", "P0001"],
    );
    let undefined = "query = \"select nowhere(id) as id from S.t\"";
    says(&fixture.bad(undefined).await, &["datasets.d.query", "42883", "write it with its schema"]);
    fixture.end().await;
}

#[tokio::test]
async fn too_many_columns_are_refused() {
    let columns: Vec<_> = (1..=1664).map(|i| format!("id as c{i}")).collect();
    let statements =
        ["create table S.t (id integer)", "insert into S.t values (1)", "grant select on S.t to R"];
    let Some(fixture) = Fixture::new(&statements).await else { return };
    let keys = format!("query = \"select {} from S.t\"", columns.join(", "));
    says(&fixture.bad(&keys).await, &["datasets.d.query", "54011", "list fewer in columns, or exclude some"]);
    fixture.good(&format!("{keys}\nexclude = [\"c1\", \"c2\", \"c3\", \"c4\"]")).await;
    fixture.end().await;
}

#[tokio::test]
async fn lost_session_is_replaced_for_the_next_dataset() {
    let Some(fixture) = Fixture::new(&[
        "create table S.t (id integer)",
        "insert into S.t values (1)",
        // The same effect as a server's transaction_timeout on a session, on every version.
        "create function S.fatal() returns integer language sql security definer as $$ select pg_terminate_backend(pg_backend_pid())::integer $$",
        "create view S.ends as select S.fatal() as id from S.t",
        "grant select on all tables in schema S to R",
    ])
    .await
    else {
        return;
    };
    let mut inspector = fixture.inspector().await;
    let ends = fixture.resolve_with(&mut inspector, "relation = \"S.ends\"", 1).await;
    assert!(ends.dataset.is_none() && ends.violations.len() == 1, "{ends:?}");
    says(&ends.violations[0].message, &["57P01"]);
    let next = fixture.resolve_with(&mut inspector, "relation = \"S.t\"", 1).await;
    assert!(next.dataset.is_some() && next.violations.is_empty(), "{next:?}");
    inspector.close().await;
    fixture.end().await;
}
