//! Metrics: every one has an emitter and a place on the dashboard, and alarms use nothing else.

use std::collections::BTreeSet;

use export::metric::{DIMENSION, Metric, NAMESPACE};

use crate::{files, root};

/// Returns all pairs of function and metric.
fn emitted() -> BTreeSet<(String, String)> {
    let pairs = |metric: &Metric| {
        let name = metric.name();
        metric.functions().iter().map(move |function| ((*function).to_owned(), name.to_owned()))
    };
    Metric::ALL.iter().flat_map(pairs).collect()
}

fn template() -> String {
    std::fs::read_to_string(root().join("infra/observability.yaml")).unwrap()
}

/// Returns the text between `before` and `after` in the part of `text` that follows the first `before`.
fn between<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is missing in {text}"));
    rest.split(after).next().unwrap().trim()
}

/// Returns the function that the template's parameter names.
fn function(parameter: &str) -> String {
    parameter
        .strip_suffix("Function")
        .unwrap_or_else(|| panic!("{parameter} names no function"))
        .to_lowercase()
}

/// Returns the function and the name of each metric of ours in the alarms.
fn listened_to(template: &str) -> Vec<(String, String)> {
    let namespace = format!("Namespace: {NAMESPACE}");
    let dimension = format!("Name: {DIMENSION}, Value: !Ref ");
    let parts = template.split(&namespace).skip(1);
    // In one line within braces, or in lines of their own.
    parts
        .map(|part| {
            let name = between(part, "MetricName:", '\n').split(',').next().unwrap();
            (function(between(part, &dimension, '}')), name.to_owned())
        })
        .collect()
}

/// Returns the function and the name of each metric of ours on the dashboard.
fn shown(template: &str) -> BTreeSet<(String, String)> {
    let before = format!("[\"{NAMESPACE}\", \"");
    let parts = template.split(&before).skip(1);
    parts
        .map(|part| {
            let parameter = between(part, &format!("\"{DIMENSION}\", \"${{"), '}');
            (function(parameter), part.split('"').next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn every_alarm_uses_an_emitted_metric() {
    let (emitted, found) = (emitted(), listened_to(&template()));
    assert_eq!(found.len(), 11, "metrics of ours that alarms listen to: {found:?}");
    for pair in found {
        assert!(emitted.contains(&pair), "an alarm listens to {pair:?}");
    }
}

#[test]
fn the_dashboard_shows_exactly_the_emitted_metrics() {
    assert_eq!(shown(&template()), emitted());
}

#[test]
fn every_metric_is_emitted_by_its_functions() {
    for metric in Metric::ALL {
        let word = format!("Metric::{}", metric.name());
        for function in metric.functions() {
            // Failed exports are counted by the store, on behalf of the function that finishes them.
            let package = if *metric == Metric::ExportsFailed { "lib/ports" } else { function };
            let sources = files(&root().join("functions").join(package).join("src"), "rs");
            let uses = |path| std::fs::read_to_string(path).unwrap().contains(&word);
            assert!(sources.iter().any(uses), "{function} does not emit {word}");
        }
    }
}

#[test]
fn functions_that_finish_exports_count_the_failed_ones() {
    let read = |path: &str| std::fs::read_to_string(root().join("functions").join(path)).unwrap();
    for function in ["api", "worker", "sweeper", "deliver", "admin"] {
        let main = read(&format!("{function}/src/main.rs"));
        assert!(main.contains(&format!("telemetry::init(\"{function}\")")), "{function}");
        let sources = files(&root().join("functions").join(function).join("src"), "rs");
        let finishes = sources.iter().any(|p| std::fs::read_to_string(p).unwrap().contains("finish::run("));
        assert_eq!(finishes, Metric::ExportsFailed.functions().contains(&function), "{function}");
    }
    // Each statement that fails a live export is followed by the metric.
    for name in ["finish", "cancel"] {
        let text = read(&format!("lib/store/src/{name}.rs"));
        assert_eq!(text.matches("metrics::export_failed(").count(), 1, "{name}");
    }
}

#[test]
fn every_needed_metric_is_emitted() {
    let wanted = [
        ("worker", "Files Splits Rows SourceBytes FileBytes PeakMemory"),
        ("worker", "Connect FirstRow Read Encode Upload Cpu Waited"),
        ("worker", "AttemptsAgain AttemptsFailed BackOffs LeasesLost LeasesFailed ExportsFailed"),
        ("sweeper", "ChunksRunning ChunksSent OldestDue StepsFailed InvariantsBroken PutRight"),
        ("api", "MemoryHits MemoryMisses SharedHits SharedMisses"),
        ("api", "Refusals TooMany Busy ExportsFailed"),
    ];
    let emitted = emitted();
    for (function, names) in wanted {
        for name in names.split(' ') {
            assert!(emitted.contains(&(function.to_owned(), name.to_owned())), "{function} {name}");
        }
    }
}

#[test]
fn the_deployed_name_comes_from_lambda() {
    let text = std::fs::read_to_string(root().join("functions/lib/ports/src/metrics.rs")).unwrap();
    // Lambda sets the variable; no template does.
    assert!(text.contains("std::env::var(\"AWS_LAMBDA_FUNCTION_NAME\")"));
}
