//! Changes that a weaker rule would miss: each is found, and is missed without the rule that covers it.

use export::range::Range;
use export::selection::Selection;
use source::sql;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

use crate::bed::{Bed, connect, run, servers, tenant, text};

/// Rule that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    /// The comparison of the number of rows.
    Count,
    /// The age of the rows.
    Age,
    /// Texts of the state, by their positions.
    Texts(&'static [usize]),
    /// The transaction that attached each partition.
    Edges,
}

/// Positions of the relations, their columns and the labels of enums in the state.
const RELATIONS: usize = 6;
const COLUMNS: usize = 7;
const LABELS: usize = 8;

/// State and rows, read in one transaction.
pub(crate) struct Taken {
    state: Vec<Option<String>>,
    count: String,
    pub(crate) rows: String,
}

async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<Option<String>> {
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
    let row = row.unwrap_or_else(|error| panic!("{sql}: {error}"));
    (0..row.len())
        .map(|i| {
            let value = row.try_get_raw(i).unwrap();
            (!sqlx::ValueRef::is_null(&value)).then(|| value.as_str().unwrap().to_owned())
        })
        .collect()
}

/// Takes the state in a transaction that stays open.
async fn state(connection: &mut PgConnection, selection: &Selection) -> Vec<Option<String>> {
    run(connection, "begin isolation level read committed read only").await.unwrap();
    run(connection, &sql::describe_sql(selection)).await.unwrap();
    let state = texts(connection, &source::proof::state_sql(selection).unwrap()).await;
    assert_eq!(state[2], None);
    state
}

async fn visible(connection: &mut PgConnection, selection: &Selection, range: &Range) -> (String, String) {
    let copy = sql::copy_sql(selection, range, &tenant());
    let query = copy.trim_start_matches("copy (").trim_end_matches(") to stdout (format binary)");
    let lines = format!("select string_agg(r::text, ' ' order by r::text) from ({query}) r");
    let rows = text(connection, &lines).await;
    (text(connection, &format!("select count(*) from ({query}) r")).await, rows)
}

pub(crate) async fn take(connection: &mut PgConnection, selection: &Selection, range: &Range) -> Taken {
    let state = state(connection, selection).await;
    let (count, rows) = visible(connection, selection, range).await;
    run(connection, "commit").await.unwrap();
    Taken { state, count, rows }
}

/// Decides as `Session::is_unchanged` does, without a rule.
async fn is_unchanged(
    connection: &mut PgConnection,
    selection: &Selection,
    range: &Range,
    before: &Taken,
    without: Without,
) -> bool {
    let now = state(connection, selection).await;
    let mut earlier = before.state.clone();
    earlier.splice(..3, [Some("1".into()), Some("1".into()), None]);
    let source::proof::Provable::Yes(mut since) = source::proof::read_state(&earlier).unwrap() else {
        panic!()
    };
    since.oldest_transaction = before.state[0].as_ref().unwrap().parse().unwrap();
    let counts = texts(connection, &source::proof::count_sql(selection, range, &tenant(), &since)).await;
    run(connection, "commit").await.unwrap();
    let kept = |state: &[Option<String>]| -> Vec<String> {
        let text = |(i, text): (usize, &Option<String>)| {
            let text = text.clone().unwrap_or_default();
            match without {
                Without::Texts(left_out) if left_out.contains(&i) => String::new(),
                Without::Edges if i == RELATIONS => {
                    text.split(',').map(|one| one.split('<').next().unwrap_or_default()).collect()
                }
                _ => text,
            }
        };
        state.iter().enumerate().skip(3).map(text).collect()
    };
    kept(&now) == kept(&before.state)
        && (without == Without::Count || counts[0].as_deref() == Some(&before.count))
        && (without == Without::Age || counts[1].as_deref() == Some("0"))
}

/// Asserts that the change is found, and would be missed without the rule.
pub(crate) async fn expect(
    bed: &Bed,
    selection: &Selection,
    range: &Range,
    before: &Taken,
    without: Without,
) {
    let mut connection = connect(&bed.url).await;
    let (_, rows) = visible(&mut connection, selection, range).await;
    assert_ne!(rows, before.rows, "{without:?}: nothing has changed");
    let decided = is_unchanged(&mut connection, selection, range, before, Without::Nothing).await;
    assert!(!decided, "{without:?}: the change is missed");
    let weaker = is_unchanged(&mut connection, selection, range, before, without).await;
    assert!(weaker, "{without:?}: the change is found without the rule, so this shows nothing");
}

async fn trap(bed: &Bed, which: u64, change: &str, without: Without) {
    let (selection, range) = bed.chunk(which);
    let mut connection = connect(&bed.url).await;
    let before = take(&mut connection, &selection, &range).await;
    assert!(
        is_unchanged(&mut connection, &selection, &range, &before, Without::Nothing).await,
        "{without:?}"
    );
    run(&mut connection, change).await.unwrap();
    expect(bed, &selection, &range, &before, without).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_finds_a_change_that_others_miss() {
    for url in servers() {
        let bed = Bed::start(&url, "traps").await;
        trap(&bed, 0, "update plain set v = 'zz' where id = 1", Without::Age).await;
        trap(&bed, 0, "delete from plain where id = 2", Without::Count).await;
        let swap = "begin; alter table parts detach partition parts_1; alter table parts attach partition twin \
            for values from ('2024-01-01') to ('2024-01-05'); commit";
        trap(&bed, 1, swap, Without::Texts(&[RELATIONS, COLUMNS])).await;
        let again =
            "begin; alter table plain drop column x; alter table plain add column x int4 default 7; commit";
        trap(&bed, 0, again, Without::Texts(&[COLUMNS])).await;
        trap(&bed, 0, "alter type mood rename value 'fine' to 'good'", Without::Texts(&[LABELS])).await;
        collation(&bed).await;
        partition(&bed).await;
        bed.end().await;
    }
}

/// One row leaves the filter and another enters it, although neither is written.
async fn collation(bed: &Bed) {
    let mut connection = connect(&bed.url).await;
    let icu = text(&mut connection, "select count(*) from pg_collation where collname = 'und-x-icu'").await;
    if icu == "0" {
        return println!("skipped: the server has no ICU collations");
    }
    run(&mut connection, "alter table plain alter v type text collate \"C\"; insert into plain (id, day, v) values (90, '2024-01-02', 'Z'), (91, '2024-01-02', 'é')").await.unwrap();
    trap(bed, 4, "alter table plain alter v type text collate \"und-x-icu\"", Without::Texts(&[COLUMNS]))
        .await;
}

/// A partition is detached between proof and COPY, and attached again before the check.
async fn partition(bed: &Bed) {
    let (selection, range) = bed.chunk(3);
    let (mut reader, mut other) = (connect(&bed.url).await, connect(&bed.url).await);
    let state = state(&mut reader, &selection).await;
    let url = bed.url.clone();
    let detach = tokio::spawn(async move {
        run(&mut connect(&url).await, "alter table parts detach partition parts_2 concurrently")
            .await
            .unwrap();
    });
    while text(&mut other, "select count(*) from pg_inherits where inhdetachpending").await != "1" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (count, rows) = visible(&mut reader, &selection, &range).await;
    run(&mut reader, "commit").await.unwrap();
    detach.await.unwrap();
    run(
        &mut other,
        "alter table parts attach partition parts_2 for values from ('2024-01-05') to ('2024-01-09')",
    )
    .await
    .unwrap();
    run(&mut other, "delete from parts where day < '2024-01-05'").await.unwrap();
    expect(bed, &selection, &range, &Taken { state, count, rows }, Without::Edges).await;
}
