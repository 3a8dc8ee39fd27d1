//! Tests that goals compare the right lines in the right direction.

use super::super::lines::LINES;
use super::*;

fn line(wall_secs: f64, database_cpu_secs: f64, out_bytes: u64, peak_bytes: u64) -> Summary {
    let out_bytes = Some(out_bytes);
    Summary {
        runs: 3,
        quiet: true,
        wall_secs,
        database_cpu_secs,
        peak_bytes,
        out_bytes,
        ..Summary::default()
    }
}

fn judge(name: &str, lines: &[(&'static str, Summary)]) -> Judged {
    let goal = GOALS.iter().find(|goal| goal.name.starts_with(name)).unwrap();
    goal.judge(&lines.iter().cloned().collect())
}

#[test]
fn every_goal_names_lines_that_are_measured() {
    let measured = |name: &String| LINES.iter().any(|line| line.name == name);
    for goal in GOALS {
        assert!(goal.used("").iter().all(measured) && goal.used(TO_S3).iter().all(measured), "{}", goal.name);
    }
}

#[test]
fn faster_is_better() {
    let psql = (PSQL_CSV, line(3.0, 3.0, 0, 0));
    let csv = |wall| judge("csv: speed", &[psql.clone(), ("sluice csv", line(wall, 1.0, 0, 0))]);
    assert_eq!((csv(2.0).null, csv(2.0).verdict), (Some(1.5), Verdict::Met));
    assert_eq!(csv(2.4).verdict, Verdict::MustOnly);
    assert_eq!(csv(2.6).verdict, Verdict::Missed);
    assert_eq!((csv(2.0).must, csv(2.0).stretch), ("≥ 1.2".to_owned(), "≥ 1.5".to_owned()));
}

#[test]
fn less_database_cpu_and_disk_is_better() {
    let psql = (PSQL_JSON, line(3.0, 4.0, 0, 0));
    let json = |cpu| judge("ndjson: database", &[psql.clone(), ("sluice ndjson", line(1.0, cpu, 0, 0))]);
    assert_eq!(
        (json(1.6).verdict, json(2.0).verdict, json(2.1).verdict),
        (Verdict::Met, Verdict::MustOnly, Verdict::Missed)
    );
    let gzip = (PSQL_GZIP, line(3.0, 4.0, 100, 0));
    let size = |bytes| judge("csv.gz: size", &[gzip.clone(), ("sluice csv.gz", line(1.0, 1.0, bytes, 0))]);
    assert_eq!((size(100).verdict, size(101).verdict), (Verdict::Met, Verdict::Missed));
}

#[test]
fn upload_figures_take_precedence() {
    let lines = [
        (PSQL_CSV, line(3.0, 3.0, 0, 0)),
        ("sluice csv", line(1.0, 1.0, 0, 0)),
        ("sluice csv, to S3", Summary { quiet: false, ..line(3.0, 1.0, 0, 0) }),
    ];
    let judged = judge("csv: speed", &lines);
    assert_eq!((judged.null, judged.s3), (Some(3.0), Some(1.0)));
    assert_eq!((judged.verdict, judged.quiet), (Verdict::Missed, false));
}

#[test]
fn largest_row_format_counts() {
    let mut lines = vec![
        ("sluice csv", line(1.0, 1.0, 0, 10_000_000)),
        ("sluice csv.gz", line(1.0, 1.0, 0, 40_000_000)),
        ("sluice csv.zst", line(1.0, 1.0, 0, 20_000_000)),
    ];
    assert_eq!(judge("row formats", &lines).verdict, Verdict::NotMeasured);
    lines.push(("sluice ndjson", line(1.0, 1.0, 0, 30_000_000)));
    let judged = judge("row formats", &lines);
    assert_eq!((judged.null, judged.verdict), (Some(40.0), Verdict::MustOnly));
}
