//! Logs: one JSON object per line on standard output, as CloudWatch reads them.
//!
//! The message is readable alone and values are fields with their unit in the name. A failure is logged
//! once, where it is handled. Neither secrets nor row values are ever logged.

use std::error::Error;
use std::str::FromStr;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::prelude::*;

/// What is logged without `RUST_LOG`.
const DEFAULT: &str = "info,sqlx=warn";

/// Starts logging at the levels of `RUST_LOG`, such as `info,sqlx=debug`, in the process that is this function. A
/// second call does nothing.
pub fn init(function: &'static str) {
    crate::metrics::name(function);
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    // A level that cannot be read must not silence the process.
    let levels = Targets::from_str(&wanted).or_else(|_| Targets::from_str(DEFAULT)).unwrap_or_default();
    // Audit events are logged at any level.
    let levels = levels.with_target(crate::audit::TARGET, Level::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    // Already started is fine: tests share a process.
    let _ = tracing_subscriber::registry().with(lines).with(levels).with(filter_fn(is_safe)).try_init();
}

/// Whether a line may be logged at all. Libraries trace whole requests, keys and passwords included, so what is not ours
/// stops at debug.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    const OURS: [&str; 7] = ["api", "worker", "sweeper", "admin", "ports", "export", crate::audit::TARGET];
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() != Level::TRACE || OURS.contains(&crate_name)
}

/// An error with all its causes, for one field of a log line.
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
