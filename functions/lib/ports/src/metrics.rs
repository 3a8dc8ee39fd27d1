//! Metrics: one line of JSON in CloudWatch's embedded metric format, from which the log service extracts metrics;
//! nothing is called and nothing waits.
//!
//! Source: "Specification: Embedded metric format" in the CloudWatch user guide.

use std::io::Write;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use export::id::ExportId;
pub use export::metric::Metric;
use export::metric::{DIMENSION, NAMESPACE};
use serde_json::{Map, Value, json};

/// Name of this process in Lambda; none in tests and tools.
static DEPLOYED: OnceLock<Option<String>> = OnceLock::new();

/// Name of this process's function.
static FUNCTION: OnceLock<&str> = OnceLock::new();

/// Sets the function of this process; later calls have no effect. It names the metrics that several functions have.
pub(crate) fn name(function: &'static str) {
    let _ = FUNCTION.set(function);
}

/// Counts an export that has just failed. The operation that failed it calls this after the commit. An export that
/// fails while the operator removes its tenant is not counted: the admin function does not emit the metric.
pub fn export_failed(export: ExportId) {
    // A process without a name is a test or a tool.
    if let Some(function) = FUNCTION.get().filter(|name| Metric::ExportsFailed.functions().contains(name)) {
        put(function, &[(Metric::ExportsFailed, 1)], &[("export", export.to_string().into())]);
    }
}

/// Writes metrics of a function under its deployed name, so that several deployments in one account stay separate.
/// `properties` are not metrics but can be searched for; they must not contain row values.
pub fn put(function: &str, metrics: &[(Metric, u64)], properties: &[(&str, Value)]) {
    debug_assert!(metrics.iter().all(|(metric, _)| metric.functions().contains(&function)), "{metrics:?}");
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deployed = DEPLOYED.get_or_init(|| std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok());
    let deployed = deployed.as_deref().unwrap_or(function);
    let line = line(since.as_millis(), deployed, metrics, properties);
    // A failure to log cannot be logged.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn line(unix_ms: u128, deployed: &str, metrics: &[(Metric, u64)], properties: &[(&str, Value)]) -> Value {
    let definitions: Vec<_> = metrics
        .iter()
        .map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit().word()}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": u64::try_from(unix_ms).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": definitions}
            ],
        }),
    );
    line.insert(DIMENSION.to_owned(), deployed.into());
    line.extend(metrics.iter().map(|(metric, value)| (metric.name().to_owned(), (*value).into())));
    line.extend(properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_declared_and_has_a_value() {
        let metrics = [(Metric::Rows, 7), (Metric::Read, 12)];
        let line = line(1_700_000_000_000, "worker", &metrics, &[("dataset", "orders".into())]);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Sluice");
        assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_000u64);
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string());
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_u64());
        }
        assert_eq!(line["dataset"], "orders");
    }
}
