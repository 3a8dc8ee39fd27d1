//! Logs: one JSON object per line on standard output, as CloudWatch reads them.
//!
//! The message is readable alone, and values are fields with their unit in the name. A failure is logged once, where
//! it is handled. Neither secrets nor row values are ever logged.

mod ours;

use std::error::Error;
use std::str::FromStr;

use tracing::{Level, Span};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::format::{Format, JsonFields};
use tracing_subscriber::prelude::*;

use ours::{Ours, may_be_logged};

/// Log level without `RUST_LOG`.
const DEFAULT: &str = "info";

/// Starts logging at the levels of `RUST_LOG`, such as `info,ports=debug`, in the process of this function. A second
/// call does nothing.
pub fn init(function: &'static str) {
    crate::metrics::name(function);
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    // An invalid level must not silence the process.
    let levels = Targets::from_str(&wanted).or_else(|_| Targets::from_str(DEFAULT)).unwrap_or_default();
    // Audit events are logged at any level.
    let levels = levels.with_target(crate::audit::TARGET, Level::INFO);
    let lines = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(lines());
    let safe = filter_fn(may_be_logged);
    // A second start is not an error, because tests share a process.
    let _ = tracing_subscriber::registry().with(lines).with(levels).with(safe).try_init();
    tracing::debug!(function, "logging at level debug; libraries are not logged at any level but error");
}

/// Returns the format of a line.
fn lines() -> Ours<Format<tracing_subscriber::fmt::format::Json>> {
    Ours(Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false))
}

/// Returns the span of each line of one invocation: `span.request` is its id in Lambda, `span.trace` its id in X-Ray,
/// from the header that Lambda passes on (`Root=1-…;Parent=…;Sampled=1`).
///
/// The span is enabled at every level, so that an error can be looked up even if only errors are logged.
pub fn invocation(request: &str, header: Option<&str>) -> Span {
    let trace =
        header.and_then(|header| header.split(';').find_map(|part| part.trim().strip_prefix("Root=")));
    tracing::error_span!(target: "ports", "invocation", request, trace, traceparent = tracing::field::Empty)
}

/// Adds the header `traceparent` of a client's request to each further line of the present invocation
/// (`span.traceparent`), so that its attempts can be found by its trace.
pub fn note_traceparent(traceparent: Option<&str>) {
    if let Some(traceparent) = traceparent {
        Span::current().record("traceparent", traceparent);
    }
}

/// Formats an error with all its causes, for one field of a log line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(levels: &str, run: impl FnOnce()) -> Vec<serde_json::Value> {
        let written = Lines::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(lines())
            .with_writer(move || writer.clone());
        let levels = Targets::from_str(levels).unwrap();
        let all = tracing_subscriber::registry().with(lines).with(levels).with(filter_fn(may_be_logged));
        tracing::subscriber::with_default(all, run);
        let written = written.0.lock().unwrap().clone();
        written.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    fn line(levels: &str, header: Option<&str>) -> serde_json::Value {
        let found = written(levels, || {
            let _in = invocation("8f5e", header).entered();
            tracing::error!("it failed");
        });
        found[0].clone()
    }

    #[test]
    fn lines_have_the_trace_of_the_client_once_it_is_known() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let found = written("info", || {
            let _in = invocation("8f5e", Some("Root=1-2")).entered();
            tracing::info!("first");
            note_traceparent(None);
            note_traceparent(Some(trace));
            tracing::info!("second");
        });
        assert_eq!(found[0]["span"]["traceparent"], serde_json::Value::Null, "{found:?}");
        assert_eq!(found[1]["span"]["traceparent"], trace, "{found:?}");
        assert_eq!(
            (&found[1]["span"]["request"], &found[1]["span"]["trace"]),
            (&"8f5e".into(), &"1-2".into())
        );
    }

    #[test]
    fn messages_of_libraries_are_never_logged() {
        let found = written("trace", || {
            let _in = tracing::error_span!(target: "lambda_runtime", "invoke", secret = "hunter2").entered();
            tracing::warn!(target: "sqlx::postgres::notice", "rate of Ms hunter2 is missing");
            tracing::warn!(target: "sqlx_postgres::options::parse", key = "sslpassword", value = "hunter2");
            tracing::error!(target: "hyper::client", cause = "hunter2", "hunter2 failed");
            tracing::debug!(target: "portside", "hunter2");
            tracing::debug!(target: "source", "ours");
        });
        let text = serde_json::Value::from(found.clone()).to_string();
        assert!(!text.contains("hunter2"), "{text}");
        let levels: Vec<_> = found
            .iter()
            .map(|line| (line["target"].as_str().unwrap(), line["level"].as_str().unwrap()))
            .collect();
        assert_eq!(levels, [("hyper::client", "ERROR"), ("source", "DEBUG")]);
        assert!(found[0]["message"].as_str().unwrap().contains("a library reported an error"), "{text}");
    }

    #[test]
    fn log_lines_have_request_and_trace_at_every_level() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        for levels in ["info", "error"] {
            let line = line(levels, Some(header));
            assert_eq!(line["span"]["request"], "8f5e", "{line}");
            assert_eq!(line["span"]["trace"], "1-5759e988-bd862e3fe1be46a994272793", "{line}");
            assert_eq!(line["message"], "it failed");
        }
        for header in [None, Some("Sampled=0"), Some("")] {
            let line = line("info", header);
            assert_eq!(
                (&line["span"]["request"], &line["span"]["trace"]),
                (&"8f5e".into(), &serde_json::Value::Null)
            );
        }
    }
}
