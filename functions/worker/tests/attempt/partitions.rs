//! Chunks without expected rows in layouts with partitions, and samples.

use export::catalog::RangeColumn;
use export::layout::Hive;
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::world::{DAYS, FIRST_DAY, World, selection};

/// Names and rows of the files of the only export.
const FILES: &str = "select string_agg(l.name || ' ' || c.rows, E'\\n' order by l.name)
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id where c.state = 'done' and c.rows > 0";

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_several_partitions_are_cut_at_their_borders() {
    let Some(mut world) = World::start("partitions").await else { return };
    world.hive = Some(Hive::Month);
    let export = world.accept(selection("t"), 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    let names = [
        "t/month=2024-01/part-20240101-20240201.csv 310",
        "t/month=2024-02/part-20240201-20240301.csv 290",
        "t/month=2024-03/part-20240301-20240401.csv 310",
        "t/month=2024-04/part-20240401-20240410.csv 90",
    ];
    assert_eq!(world.one(FILES).await, names.join("\n"));
    assert_eq!(world.ids(), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(world.one("select count(*) from sluice.chunk where state = 'split'").await, "1");
    assert!(world.bucket.unfinished().is_empty());

    // Another layout of the same rows shares the files of its own partitions: each month lies in one year.
    world.run("update sluice.chunk set reusable = true, keep_until = 'infinity' where state = 'done'").await;
    world.hive = Some(Hive::Year);
    let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
    let second = world.accept_span(selection("t"), span, Reuse::Settled, 1_000).await;
    let of_second = format!("where l.export_id = '{second}' and l.reused");
    let names = "select string_agg(l.name, ' ' order by l.name) from sluice.link l";
    assert_eq!(
        world.one(&format!("{names} {of_second}")).await,
        "t/year=2024/part-20240101-20240201.csv t/year=2024/part-20240201-20240301.csv \
         t/year=2024/part-20240301-20240401.csv t/year=2024/part-20240401-20240410.csv"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_far_apart_reach_their_partitions_in_few_splits() {
    let Some(mut world) = World::start("far_apart").await else { return };
    world.run(crate::calendar::AGES).await;
    world.hive = Some(Hive::Year);
    let nullable = Selection {
        range_column: selection("ages").range_column.map(|c| RangeColumn { include_nulls: true, ..c }),
        ..selection("ages")
    };
    let span = Span { kind: RangeKind::Date, start: Span::OPEN_START, end: Span::OPEN_END };
    let export = world.accept_span(nullable, span, Reuse::Never, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    let names = [
        "ages/year=0001/part-00010101-00020101.csv 1",
        "ages/year=2024/part-20240101-20250101.csv 1",
        "ages/year=9999/part-99990101-100000101.csv 1",
        "ages/year=__HIVE_DEFAULT_PARTITION__/part-00000000-00010101.csv 2",
        "ages/year=__HIVE_DEFAULT_PARTITION__/part-99991301-99999999.csv 2",
        "ages/year=__HIVE_DEFAULT_PARTITION__/part-null.csv 1",
    ];
    assert_eq!(world.one(FILES).await, names.join("\n"));
    let chunks: u32 = world.one("select count(*) from sluice.chunk").await.parse().unwrap();
    assert!(chunks < 350, "{chunks} chunks for ten thousand years");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_the_first_rows_and_is_read_through_the_index() {
    let Some(mut world) = World::start("sample").await else { return };
    world
        .run(
            "insert into t select g, date '2024-01-01' + g / 1000, repeat('x', 100) from generate_series(1001, 90000) g;
             create index on t (day); analyze t",
        )
        .await;
    // The last tenth of the table: a scan from its start would pass the other nine.
    let span = Span { kind: RangeKind::Date, start: FIRST_DAY + 80, end: FIRST_DAY + DAYS };
    let sample = Selection { limit: Some(25), order: vec!["day".into()], ..selection("t") };
    let plan = world.explain(&sample, span).await;
    assert!(plan.starts_with("Limit") && plan.contains("Index Scan using"), "{plan}");
    let export = world.accept_span(sample.clone(), span, Reuse::Settled, 1 << 30).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(world.one(FILES).await, "t.20240321-20240410.sample.csv 25");
    assert!(
        world.ids().iter().all(|id| (80_000..81_000).contains(id) || id % 100 == 80),
        "{:?}",
        world.ids()
    );

    // Neither shared while it waits nor reused afterwards.
    let again = world.accept_span(sample, span, Reuse::Settled, 1 << 30).await;
    let whole = world.accept_span(selection("t"), span, Reuse::Settled, 1 << 30).await;
    for export in [again, whole] {
        let reused = format!("select bool_or(reused) from sluice.link where export_id = '{export}'");
        assert_eq!(world.one(&reused).await, "false");
    }
    world.end().await;
}
