//! Logs: one JSON object per line on standard output, as CloudWatch reads them.
//!
//! The message is readable alone and values are fields with their unit in the name. A failure is logged
//! once, where it is handled. Neither secrets nor row values are ever logged.

use tracing_subscriber::EnvFilter;

/// Starts logging at the level of `RUST_LOG` (default `info`). A second call does nothing.
pub fn init() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,aws_config=warn,sqlx=warn"));
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter);
    // Already started is fine: tests share a process.
    let _ = lines.try_init();
}
