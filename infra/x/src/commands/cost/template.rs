//! The templates, read as text: the workspace has no reader of YAML.

use std::fs;

use anyhow::{Context, Result};
use export::metric;

use super::month::Watched;
use crate::machine::paths;

/// Reads a template; the path is relative to the root of the repository.
fn text(path: &str) -> Result<String> {
    let file = paths::root().join(path);
    fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// Counts what is billed for observation, with all conditions of the template met.
///
/// # Errors
/// If the template cannot be read.
pub(super) fn watched() -> Result<Watched> {
    let alarm_metrics = alarm_metrics(&text("infra/observability.yaml")?);
    Ok(Watched { metrics: metric::billed(), alarm_metrics })
}

/// Counts the metrics that alarms use. Only alarms have `MetricName`, once per metric; the dashboard lists metrics as
/// JSON.
fn alarm_metrics(template: &str) -> usize {
    template.lines().filter(|line| line.contains("MetricName: ")).count()
}

#[cfg(test)]
mod tests {
    use export::defaults;

    use super::super::month::{CDN_SECRETS, PROXY_SECRETS};
    use super::*;

    /// Secrets of OnlyThroughCdn, which the priced deployments do not have.
    const ORIGIN_SECRETS: u32 = 1;

    /// Returns the default of a parameter.
    fn default<'a>(template: &'a str, parameter: &str) -> Option<&'a str> {
        let (_, rest) = template.split_once(&format!("\n  {parameter}:\n"))?;
        let mut properties = rest.lines().take_while(|line| line.starts_with("    "));
        properties.find_map(|line| line.strip_prefix("    Default: "))
    }

    fn resources(template: &str, kind: &str) -> usize {
        template.lines().filter(|line| line.trim() == format!("Type: {kind}")).count()
    }

    #[test]
    fn the_template_has_the_defaults_of_the_code() {
        let template = text("template.yaml").unwrap();
        let wanted = [
            ("Budget", u64::from(defaults::BUDGET)),
            ("StoreSessions", u64::from(defaults::STORE_SESSIONS)),
            ("TargetBytes", defaults::TARGET_BYTES),
            ("MaxChunks", defaults::MAX_CHUNKS as u64),
            ("DeadlineHours", u64::from(defaults::DEADLINE_HOURS)),
            ("RetentionHours", u64::from(defaults::RETENTION_HOURS)),
            ("WorkerMemoryMb", u64::from(defaults::WORKER_MEMORY_MB)),
            ("WorkerTimeoutSeconds", u64::from(defaults::WORKER_TIMEOUT_SECS)),
        ];
        for (parameter, value) in wanted {
            assert_eq!(default(&template, parameter), Some(value.to_string().as_str()), "{parameter}");
        }
    }

    #[test]
    fn secrets_are_those_of_the_template() {
        let found = resources(&text("template.yaml").unwrap(), "AWS::SecretsManager::Secret");
        assert_eq!(found, (PROXY_SECRETS + CDN_SECRETS + ORIGIN_SECRETS) as usize);
    }

    #[test]
    fn observation_is_counted() {
        let watched = watched().unwrap();
        let alarms = resources(&text("infra/observability.yaml").unwrap(), "AWS::CloudWatch::Alarm");
        // Each alarm uses at least one metric, and some compute a value from several.
        assert!(watched.alarm_metrics > alarms, "{watched:?}, {alarms} alarms");
        assert!(watched.metrics > 20, "{watched:?}");
    }
}
