//! Tests of the limits, by hand and against the measured runs.

use serde_json::json;

use super::super::simulate::percentile;
use super::*;

const MB: u64 = 1_000_000;

/// A second per million rows, 100 bytes each; a worker spends half a second more per chunk. The first run holds its
/// two workers for 9 seconds and 180 MB: 5 seconds per million rows.
fn model() -> Model {
    let found = json!({
        "what": "by hand",
        "formats": {
            "csv.gzip": {
                "rows": 1_000_000, "cpuSecs": 1.0, "databaseSecs": 0.5, "sourceBytes": 100 * MB, "fileBytes": 30 * MB,
            },
            "other": {
                "rows": 1_000_000, "cpuSecs": 0.2, "databaseSecs": 0.5, "sourceBytes": 100 * MB, "fileBytes": 30 * MB,
            },
        },
        "dispatch": {"how": "by hand", "all": {"1": 1.0, "1001": 11.0}, "ten": {"1": 1.0, "1001": 2.0}},
        "runs": [
            {
                "format": "csv.gzip", "budget": 2, "wallSecs": 4.5, "chunkSecs": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
                "plannedBytes": [5 * MB, 15 * MB, 25 * MB, 35 * MB, 45 * MB, 55 * MB],
            },
            {
                "format": "other", "budget": 2, "wallSecs": 4.6, "chunkSecs": [2.0, 2.0, 1.0],
                "plannedBytes": [10 * MB, 20 * MB, 30 * MB],
            },
        ],
    });
    let settings = Settings {
        target_bytes: 1e8,
        max_chunks: 100.0,
        deadline_secs: 24.0 * 3600.0,
        step_secs: 20.0,
        prefixes_at_once: 9.0,
    };
    Model::new(&serde_json::from_value(found).unwrap(), settings).unwrap()
}

/// The model that the document is made with.
fn real() -> Model {
    Model::new(&Measured::load().unwrap(), Settings::default()).unwrap()
}

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 5e-8, "{found} {wanted}");
}

fn used(model: &Model, ask: &Ask, what: &str) -> f64 {
    model.limits(ask).iter().find(|limit| limit.what == what).unwrap().used
}

#[test]
fn worker_overhead_is_the_excess_of_the_first_run() {
    near(model().beside_secs(), 0.5);
}

#[test]
fn a_run_is_predicted_from_its_chunks_and_from_its_plan() {
    let model = model();
    near(model.predict(&model.runs[0]), 4.5);
    near(model.predict(&model.runs[1]), 4.0);
    near(model.predict_from_plan(&model.runs[1]), 3.0);
}

#[test]
fn a_line_goes_through_points_that_lie_on_one() {
    let (constant, slope) = line(&[1.0, 2.0, 3.0], &[5.0, 7.0, 9.0]);
    near(constant, 3.0);
    near(slope, 2.0);
}

#[test]
fn values_are_interpolated_between_points() {
    let points = [(1.0, 1.0), (11.0, 2.0), (21.0, 4.0)];
    for (x, wanted) in [(0.0, 1.0), (1.0, 1.0), (6.0, 1.5), (11.0, 2.0), (16.0, 3.0), (31.0, 6.0)] {
        near(between(&points, x), wanted);
    }
}

#[test]
fn limits_equal_the_manual_calculation() {
    // 86,400 exports a day are one a second; 2 million rows are 2 chunks, 10 seconds of a worker at the
    // measured pace.
    let ask = Ask { budget: 20, store_sessions: 2, ..Ask::new(1, 86_400.0, 2e6) };
    let used = |what: &str| used(&model(), &ask, what);
    near(used("workers and sessions of the source"), 0.5);
    near(used("decisions of dispatch(), one at a time"), 0.002);
    near(used("sessions of the store"), 0.06);
    // 20 ms of 20 s a minute, so 1000 exports; 180 ms for a chunk, nine at once, so as many chunks.
    near(used("exports that the sweeper expires"), 0.06);
    near(used("chunks that the sweeper deletes"), 0.12);
    near(used("chunks of one export"), 0.02);
    near(used("an export's deadline"), 10.0 / 20.0 / 86_400.0);
    // Ten times twelve requests and two links in the busiest second, 20 ms each.
    near(used("requests to the HTTP API, at the peak"), 140.0 / 10_000.0);
    near(used("Lambda's concurrency"), (20.0 + 140.0 * 0.02) / 1000.0);
    // Two files of 30 MB, six parts each, begun and completed, and a manifest.
    near(used("uploads to S3, all tenants under one prefix"), 17.0 / 3500.0);
}

#[test]
fn limits_are_computed_with_the_more_careful_pace() {
    let model = model();
    near(model.least_secs(&Ask::new(1, 1.0, 2e6)), 2.4);
    near(model.worker_secs(&Ask::new(1, 1.0, 2e6)), 10.0);
    // A chunk of few rows takes as long as a chunk takes in addition to its rows.
    near(model.worker_secs(&Ask::new(1, 1.0, 100.0)), 0.2001);
}

#[test]
fn all_tenants_wait_where_work_piles_up() {
    let deciding = |budget| {
        let ask = Ask { budget, ..Ask::new(1001, 86_400.0, 2e6) };
        used(&model(), &ask, "decisions of dispatch(), one at a time")
    };
    near(deciding(20), 2.0 * 0.002);
    near(deciding(4), 2.0 * 0.011);
}

#[test]
fn the_floor_of_a_run_by_hand() {
    let model = model();
    // 1.8 million rows, six chunks, two workers; and 0.6 million of half a second, three chunks.
    near(model.floor_of(&model.runs[0]), f64::midpoint(1.8, 1.2));
    near(model.floor_of(&model.runs[1]), f64::midpoint(0.3, 0.6));
}

#[test]
fn the_first_limit_comes_first_and_a_sensible_budget_moves_it() {
    let (model, ask) = (model(), Ask::new(10, 86_400.0, 2e6));
    let first = &model.limits(&Ask::new(10, 86_400.0, 2e7))[0];
    assert_eq!(first.what, "workers and sessions of the source");
    let able = model.sensible(&ask);
    assert_eq!(able.budget, 15);
    assert_eq!(model.budget_for(&ask, model.least_secs(&ask)), 4);
    assert!(used(&model, &able, "workers and sessions of the source") <= USE);
}

#[test]
fn a_simulated_stretch_is_as_busy_as_the_arithmetic() {
    let model = model();
    let ask = model.sensible(&Ask::new(50, 86_400.0, 2e6));
    let outcome = model.simulated(&ask);
    assert!((outcome.worker_use(ask.budget) - 10.0 / 15.0).abs() < 0.05);
    assert!(outcome.stays.len() > 1000);
}

#[test]
fn too_small_a_budget_shows_as_waiting() {
    let wait = |budget| {
        let ask = Ask { budget, ..Ask::new(50, 86_400.0, 2e6) };
        percentile(&model().simulated(&ask).waits, 0.99)
    };
    assert!(wait(9) > 20.0 * wait(20));
}

#[test]
fn few_exports_a_day_are_simulated_for_longer() {
    assert!(model().simulated(&Ask::new(5, 20.0, 2e6)).stays.len() >= MIN_EXPORTS as usize);
}

#[test]
fn the_simulation_predicts_measured_runs_within_a_fifth() {
    let model = real();
    assert!(model.runs.len() >= 3);
    for seen in &model.runs {
        let share = model.predict(seen) / seen.wall_secs;
        assert!((share - 1.0).abs() <= 0.2, "{}: {share}", seen.format);
    }
}

#[test]
fn named_constants_exist_in_the_named_file() {
    let named: Vec<_> =
        real().limits(&Ask::new(50, 86_400.0, 2e6)).iter().map(|limit| limit.moved_by).collect();
    let file = "functions/lib/export/src/sweep.rs";
    let code = std::fs::read_to_string(crate::machine::paths::root().join(file)).unwrap();
    for name in ["STEP_TIMEOUT", "PREFIXES_AT_ONCE"] {
        assert!(named.iter().any(|by| by.starts_with(&format!("`{name}` in `{file}`"))), "{name}");
        assert!(code.contains(&format!("pub const {name}: ")), "{name}");
    }
}
