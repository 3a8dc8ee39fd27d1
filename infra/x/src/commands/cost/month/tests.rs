//! Tests of the cost of a month, by hand.

use super::*;

/// A second of a worker and half a second of a session per million rows, 100 bytes read, 30 written; ten seconds of a
/// worker in a whole run.
const PACE: Pace =
    Pace { cpu_secs: 1e-6, database_secs: 0.5e-6, source_bytes: 100.0, file_bytes: 30.0, run_secs: 10e-6 };
const WATCHED: Watched = Watched { metrics: 20, alarm_metrics: 10 };

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 5e-8, "{found} {wanted}");
}

fn held(load: &MonthlyLoad, parts: Parts) -> Items {
    variable(load, &PACE, load.held_secs(&PACE), parts)
}

#[test]
fn a_billion_rows_by_hand() {
    let export = MonthlyLoad::new(1.0, 1e9);
    let chunks = 1e11 / 268_435_456.0;
    near(export.chunks(&PACE), chunks);
    near(export.least_secs(&PACE), 1000.0 + chunks * 0.2);
    near(export.held_secs(&PACE), 10_000.0);
    let least = variable(&export, &PACE, export.least_secs(&PACE), Parts::SMALL);
    near(item(&least, "workers"), (1000.0 + chunks * 0.2) * 1769.0 / 1024.0 * 0.000_013_333_4);
    let found = held(&export, Parts::SMALL);
    near(item(&found, "workers"), 10_000.0 * 1769.0 / 1024.0 * 0.000_013_333_4);
    near(item(&found, "storage"), 30.0 * 0.023 * 168.0 / 730.0);
    near(item(&found, "messages"), chunks * (0.000_000_2 + 0.000_001_2));
    // A file of 80.5 MB has 16 parts, and is begun and completed; five requests empty each chunk and the export.
    let requests = 18.0 * chunks + 1.0 + 5.0 * (chunks + 1.0);
    near(item(&found, "S3 requests"), requests * 0.000_005 + chunks * 0.000_000_4);
    assert_eq!((item(&found, "CloudFront requests"), item(&found, "cache units")), (0.0, 0.0));
    near(total(&found), found.iter().map(|(_, usd)| usd).sum());
}

#[test]
fn the_slower_of_worker_and_database_counts() {
    let slow = Pace { database_secs: 3e-6, ..PACE };
    near(MonthlyLoad::new(1.0, 1e6).least_secs(&slow), 3.0 + 0.2);
}

#[test]
fn the_measured_pace_is_never_below_the_floor() {
    near(MonthlyLoad::new(1.0, 1e6).held_secs(&PACE), 10.0);
    near(MonthlyLoad { datasets: 84, ..MonthlyLoad::new(1.0, 1000.0) }.held_secs(&PACE), 0.001 + 84.0 * 0.2);
}

#[test]
fn a_small_file_is_one_request() {
    let part = f64::from(5 << 20);
    assert_eq!([0.0, part, part + 1.0, 2.0 * part].map(puts), [1.0, 1.0, 4.0, 4.0]);
    let small = held(&MonthlyLoad::new(1.0, 1e5), Parts::SMALL);
    near(item(&small, "S3 requests"), (1.0 + 1.0 + 5.0 * 2.0) * 0.000_005 + 0.000_000_4);
}

#[test]
fn requests_by_the_cdn_and_units_of_the_cache() {
    let found = held(&MonthlyLoad::new(1e6, 1e5), Parts::ALL);
    // Twelve requests and a link for each export, and a download.
    near(item(&found, "CloudFront requests"), 14.0);
    near(item(&found, "cache units"), 13e6 * 10.0 * 2.3e-9);
}

#[test]
fn reused_chunks_are_neither_read_nor_stored_again() {
    let whole = held(&MonthlyLoad::new(1.0, 1e9), Parts::SMALL);
    let half = held(&MonthlyLoad { reused: 0.5, ..MonthlyLoad::new(1.0, 1e9) }, Parts::SMALL);
    for name in ["workers", "storage", "messages"] {
        near(item(&half, name), item(&whole, name) / 2.0);
    }
    assert_eq!(item(&half, "api"), item(&whole, "api"));
}

#[test]
fn small_datasets_are_a_chunk_each() {
    near(MonthlyLoad { datasets: 84, ..MonthlyLoad::new(1.0, 1000.0) }.chunks(&PACE), 84.0);
}

#[test]
fn parts_that_are_not_created_cost_nothing() {
    let bare = fixed(WATCHED, Parts { proxy: false, endpoints: false, alarms: false, ..Parts::SMALL });
    assert_eq!(
        bare.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["sweeper", "polling of the empty queues by their triggers", "metrics"]
    );
    // 657,000 requests.
    near(item(&bare, "polling of the empty queues by their triggers"), 1.0512);
    assert!(item(&bare, "sweeper") < 0.2);
    let whole = fixed(WATCHED, Parts::SMALL);
    near(item(&whole, "RDS Proxy (two vCPU at least)"), 21.9);
    near(item(&whole, "endpoints of the network (two zones)"), 29.2);
    near(item(&whole, "alarms, dashboard"), 10.0 * 0.1 + 3.0 + 1.0);
}

#[test]
fn what_depends_on_the_database_by_hand() {
    assert_eq!(
        [1.0, 2.0, 4.0, 16.0].map(|vcpus| (proxy(vcpus) * 100.0).round()),
        [2190.0, 2190.0, 4380.0, 17520.0]
    );
    // Eight ACU at least: 8 x 0.015 x 730.
    near(proxy_of_serverless(2.0), 87.6);
    near(proxy_of_serverless(16.0), 175.2);
    near(reader_endpoint(), 14.6);
    // 0.5 x 0.12 x 730; with 15 minutes it is awake for five of them.
    for (minutes, usd) in [(1.0, 43.8), (5.0, 43.8), (15.0, 14.6)] {
        near(idle_aurora(minutes), usd);
    }
}

#[test]
fn metrics_cost_the_same_without_alarms() {
    for alarms in [true, false] {
        near(item(&fixed(WATCHED, Parts { alarms, ..Parts::SMALL }), "metrics"), 6.0);
    }
}

#[test]
fn other_ways_by_hand() {
    let export = MonthlyLoad::new(1.0, 1e9);
    // 1000 s / 8 processors, 500 s / 4 sessions
    near(glue(&export, &PACE), 2.0 * 0.44 * 125.0 / 3600.0);
    near(glue_as_slow(&export, &PACE), 2.0 * 0.44 * 2500.0 / 3600.0);
    near(snapshot(&export, &PACE), 1.0);
    near(glue(&MonthlyLoad::new(1.0, 10.0), &PACE), 2.0 * 0.44 / 60.0);
    near(fleet(4), 4.0 * (0.032_38 + 2.0 * 0.003_56) * 730.0);
}
