//! Edges of the calendar: rows beyond the dates of a request, and columns without a time zone.

use crate::fixture::Fixture;
use crate::says;

#[tokio::test]
async fn rows_beyond_all_dates_get_a_warning() {
    let statements = [
        "create table S.ages (id int8, d date not null, t timestamptz not null, plain date not null)",
        "insert into S.ages values (1, '2024-01-01', now(), '2024-01-01'), (2, 'infinity', '-infinity', '9999-12-31'), \
         (3, '0044-03-15 BC', now(), '0001-01-01')",
        "grant select on S.ages to R",
    ];
    let Some(fixture) = Fixture::new(&statements).await else { return };
    let (_, _, warnings) = fixture.good("relation = \"S.ages\"\nrange_column = \"d\"\n").await;
    says(
        &warnings,
        &[
            "before the year 1 or at -infinity",
            "beyond the year 9999 or at infinity",
            "requests without endDate include them",
        ],
    );
    let (_, _, warnings) = fixture.good("relation = \"S.ages\"\nrange_column = \"t\"\n").await;
    assert!(warnings.contains("without startDate") && !warnings.contains("endDate"), "{warnings}");
    let (_, _, warnings) = fixture.good("relation = \"S.ages\"\nrange_column = \"plain\"\n").await;
    assert!(!warnings.contains("the year"), "{warnings}");
    fixture.end().await;
}

#[tokio::test]
async fn settling_column_without_a_zone_gets_a_warning() {
    let statements = [
        "create table S.walls (id int8, d date not null, w timestamp not null)",
        "grant select on S.walls to R",
    ];
    let Some(fixture) = Fixture::new(&statements).await else { return };
    for column in ["d", "w"] {
        let keys = |more: &str| format!("relation = \"S.walls\"\nrange_column = \"{column}\"\n{more}");
        let (dataset, _, warnings) = fixture.good(&keys("settle_after = \"1h\"\n")).await;
        says(&warnings, &["datasets.d.time_zone", "its time zone is not set", "ended in every time zone"]);
        assert_eq!(dataset.range.unwrap().time_zone, None);
        let (dataset, _, warnings) =
            fixture.good(&keys("settle_after = \"1h\"\ntime_zone = \"America/Los_Angeles\"\n")).await;
        assert!(!warnings.contains("time_zone"), "{warnings}");
        assert_eq!(dataset.range.unwrap().time_zone.as_deref(), Some("America/Los_Angeles"));
        let (_, _, warnings) = fixture.good(&keys("")).await;
        assert!(!warnings.contains("time_zone"), "nothing settles: {warnings}");
    }
    fixture.end().await;
}
