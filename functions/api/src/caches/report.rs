//! Periodic report of cache hits and misses.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ports::cache::{Cache, CacheKind, LayerCounts};
use ports::metrics::{Metric, put};
use serde_json::{Value, json};

/// Minimum time between two reports of one process.
const EVERY: Duration = Duration::from_secs(10);

/// Emits the counts since the last report as metrics, at most every ten seconds and only if there are any. Counts
/// after the last report of a process are lost with it.
pub(crate) struct CounterEmitter {
    last: Mutex<(Instant, Vec<LayerCounts>)>,
}

impl CounterEmitter {
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new((Instant::now(), Vec::new())) }
    }

    /// Emits a report if one is due.
    pub(crate) fn emit_if_due(&self, cache: &dyn Cache) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.elapsed() < EVERY {
            return;
        }
        let counts = cache.counts();
        last.0 = Instant::now();
        if counts == last.1 {
            return;
        }
        let had = |layer: &str, counts: &[LayerCounts]| {
            counts.iter().find(|l| l.layer == layer).map(LayerCounts::total).unwrap_or_default()
        };
        let since = |layer: &str| had(layer, &counts).since(had(layer, &last.1));
        let (memory, shared) = (since("memory"), since("redis"));
        put(
            "api",
            &[
                (Metric::MemoryHits, memory.hits),
                (Metric::MemoryMisses, memory.misses),
                (Metric::SharedHits, shared.hits),
                (Metric::SharedMisses, shared.misses),
                (Metric::SharedErrors, shared.errors),
            ],
            &[],
        );
        // By kind, for operators: totals since the start of the process.
        let kinds: serde_json::Map<_, _> =
            counts.iter().map(|layer| (layer.layer.to_owned(), by_kind(layer))).collect();
        tracing::info!(kinds = %serde_json::Value::Object(kinds), "cache counters");
        last.1 = counts;
    }
}

/// Returns the counts by kind. Kinds that were never requested are omitted.
fn by_kind(layer: &LayerCounts) -> Value {
    let kinds = CacheKind::ALL.iter().map(|kind| (kind, layer.kind(*kind)));
    let asked = kinds.filter(|(_, count)| *count != Default::default());
    let written = asked.map(|(kind, count)| {
        let count = json!({"hits": count.hits, "misses": count.misses, "errors": count.errors});
        (kind.as_str().to_owned(), count)
    });
    Value::Object(written.collect())
}
