//! Filter of log lines: those of Sluice's crates, and of libraries only the fact that there was an error.
//!
//! Libraries log data: a driver the warnings of a view with the values of its rows, and unknown parameters of a URL
//! with their values; a client whole requests. The content is unknown to Sluice, so none of it is logged. The
//! relevant part is returned as an error, which is logged where it is handled.

use std::fmt;

use serde_json::json;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Crates whose messages are known to be safe.
const CRATES: [&str; 12] = [
    "api",
    "worker",
    "sweeper",
    "deliver",
    "notify",
    "admin",
    "export",
    "ports",
    "source",
    "introspect",
    "store",
    crate::audit::TARGET,
];

/// Formatter that writes Sluice's own events by `0`; of other events only level and target.
pub(super) struct Ours<F>(pub(super) F);

/// Reports whether a line or span may be logged at all.
pub(super) fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata) || (metadata.is_event() && *metadata.level() == Level::ERROR)
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    CRATES.contains(&crate_name)
}

impl<S, N, F> FormatEvent<S, N> for Ours<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if is_ours(metadata) {
            return self.0.format_event(ctx, out, event);
        }
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let message = "a library reported an error; its words may hold values and are not logged";
        let (level, target) = (metadata.level().as_str(), metadata.target());
        writeln!(
            out,
            "{}",
            json!({"timestamp": timestamp, "level": level, "target": target, "message": message})
        )
    }
}
