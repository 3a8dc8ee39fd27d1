//! Tests of the simulation.

use super::*;

fn export(at: f64, tenant: &str, chunks: &[f64]) -> Export {
    Export { at, tenant: tenant.to_owned(), chunks: chunks.to_vec() }
}

/// Runs without time for messages and decisions.
fn plain(exports: &[Export], budget: u32) -> Outcome {
    run(exports.to_vec(), budget, 0.0, |_| 0.0)
}

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-7, "{found} {wanted}");
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn work_is_shared_by_as_many_workers_as_the_budget() {
    let exports = [export(0.0, "a", &[1.0; 12])];
    near(plain(&exports, 1).end, 12.0);
    near(plain(&exports, 3).end, 4.0);
    near(plain(&exports, 3).worker_use(3), 1.0);
}

#[test]
fn the_longest_chunk_is_a_lower_bound() {
    near(plain(&[export(0.0, "a", &[9.0, 1.0, 1.0])], 4).end, 9.0);
}

#[test]
fn tenants_take_turns_under_any_load() {
    let outcome = plain(&[export(0.0, "large", &[1.0; 100]), export(0.5, "small", &[1.0; 4])], 2);
    // Chunks that are out go first: at most twice the budget.
    assert!(least(&outcome.stays) <= 8.0);
    near(outcome.end, 52.0);
}

#[test]
fn a_new_export_of_a_tenant_goes_before_those_that_were_served() {
    let outcome = plain(&[export(0.0, "a", &[1.0; 50]), export(1.5, "a", &[1.0])], 1);
    assert!(least(&outcome.stays) < 5.0);
}

#[test]
fn messages_are_on_their_way_while_workers_work() {
    // Twice the budget is out, so that only the first chunk's message is waited for.
    near(run(vec![export(0.0, "a", &[1.0; 10])], 1, 0.5, |_| 0.0).end, 10.5);
}

#[test]
fn dispatch_is_serial_and_limits_throughput_when_slow() {
    let exports = (0..100).map(|i| export(0.0, &format!("t{i}"), &[0.001])).collect();
    let outcome = run(exports, 50, 0.0, |_| 0.1);
    assert!(outcome.end > 9.9);
    assert!(outcome.decider_use() > 0.99);
}

#[test]
fn every_accepted_export_ends_once() {
    let one = |i: usize| export(i as f64 * 0.1, &format!("t{}", i % 7), &vec![0.2; i % 5]);
    let exports: Vec<_> = (0..200).map(one).collect();
    let outcome = run(exports.clone(), 3, 0.01, |_| 0.001);
    let whole = exports.iter().filter(|export| !export.chunks.is_empty()).count();
    assert_eq!((outcome.waits.len(), outcome.stays.len()), (whole, whole));
    near(outcome.busy, exports.iter().flat_map(|export| &export.chunks).sum());
}

#[test]
fn percentiles_are_values_that_occurred() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| percentile(&values, share)), [0.0, 50.0, 99.0, 99.0]);
    assert_eq!(percentile(&[], 0.5), 0.0);
}
