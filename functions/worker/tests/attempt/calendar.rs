//! Ranges with open ends, which contain values that no date can name.

use export::catalog::From;
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::world::{World, selection};

pub(crate) const AGES: &str = "create table ages (id int8, day date, pad text);
    insert into ages values (1, '-infinity', ''), (2, '0044-03-15 BC', ''), (3, '0001-01-01', ''), (4, '2024-01-01', ''),
        (5, '9999-12-31', ''), (6, '10000-01-01', ''), (7, 'infinity', ''), (8, null, '')";

/// 10000-01-01, the end of a range up to 9999-12-31.
const AFTER_THE_LAST_DAY: i64 = 2_932_897;
/// 0001-12-31 BC.
const BEFORE_THE_FIRST: i64 = -719_163;

#[tokio::test(flavor = "multi_thread")]
async fn open_ranges_include_infinite_dates_but_no_nulls() {
    let Some(mut world) = World::start("ages").await else { return };
    world.run(AGES).await;
    for (start, end, rows) in [
        (Span::OPEN_START, Span::OPEN_END, "7"),
        (Span::OPEN_START, AFTER_THE_LAST_DAY, "5"),
        (BEFORE_THE_FIRST, AFTER_THE_LAST_DAY, "3"),
        (BEFORE_THE_FIRST, Span::OPEN_END, "5"),
        (AFTER_THE_LAST_DAY, Span::OPEN_END, "2"),
    ] {
        let span = Span { kind: RangeKind::Date, start, end };
        let export = world.accept_span(selection("ages"), span, Reuse::Never, 1_000).await;
        world.drain().await;
        assert_eq!(world.status(export).await, "succeeded", "{span:?}");
        assert_eq!(
            world.one("select rows from sluice.chunk order by as_of desc limit 1").await,
            rows,
            "{span:?}"
        );
    }
    let names = world.one("select string_agg(name, ' ' order by name) from sluice.link").await;
    assert!(
        names.contains("ages.00000000-99999999.csv") && names.contains("ages.99991301-99999999.csv"),
        "{names}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_open_range_is_split_and_its_union_is_exact() {
    let Some(mut world) = World::start("split_open").await else { return };
    world.run(AGES).await;
    world
        .run("insert into ages select g, date '2024-01-01' + g % 100, repeat('x', 500) from generate_series(9, 60000) g")
        .await;
    // As in the split of a bounded range: nearly all of it is read before it is split.
    world.run("create function braked(int8) returns int8 language sql volatile as $$ select $1 from pg_sleep(case when $1 = 60000 then 1 else 0 end) $$").await;
    let braked = From::Query("select braked(id) as id, day, pad from ages".into());
    world.sizes(4 << 20, 28 << 20);
    let span = Span { kind: RangeKind::Date, start: Span::OPEN_START, end: Span::OPEN_END };
    let selection = Selection { from: braked, ..selection("ages") };
    let export = world.accept_span(selection, span, Reuse::Never, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(world.ids(), (1..=60_000).filter(|id| *id != 8).collect::<Vec<_>>());
    assert_ne!(world.one("select count(*) from sluice.chunk where state = 'split'").await, "0");
    world.end().await;
}
