//! What the caches were asked and had, logged now and then.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ports::cache::{Cache, Kind, LayerCounts};
use serde_json::{Value, json};

/// Between two lines of one process.
const EVERY: Duration = Duration::from_secs(10);

/// Writes the counters to the log, at most every ten seconds and only if they have changed.
pub(crate) struct Report {
    last: Mutex<(Instant, Vec<LayerCounts>)>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new((Instant::now(), Vec::new())) }
    }

    /// Looks whether a line is due. The counters are those of the process's whole life.
    pub(crate) fn look(&self, cache: &dyn Cache) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.elapsed() < EVERY {
            return;
        }
        let counts = cache.counts();
        last.0 = Instant::now();
        if counts == last.1 {
            return;
        }
        // Sums as numbers, for metric filters; kinds as one text, for people.
        let sum = |layer: &str| counts.iter().find(|l| l.layer == layer).map(LayerCounts::total);
        let (memory, redis) = (sum("memory"), sum("redis"));
        let kinds: serde_json::Map<_, _> =
            counts.iter().map(|layer| (layer.layer.to_owned(), by_kind(layer))).collect();
        tracing::info!(
            memory_hits = memory.map(|m| m.hits),
            memory_misses = memory.map(|m| m.misses),
            redis_hits = redis.map(|r| r.hits),
            redis_misses = redis.map(|r| r.misses),
            redis_errors = redis.map(|r| r.errors),
            kinds = %serde_json::Value::Object(kinds),
            "cache counters"
        );
        last.1 = counts;
    }
}

/// Kinds that were never asked for are left out.
fn by_kind(layer: &LayerCounts) -> Value {
    let kinds = Kind::ALL.iter().map(|kind| (kind, layer.kind(*kind)));
    let asked = kinds.filter(|(_, count)| *count != Default::default());
    let written = asked.map(|(kind, count)| {
        let count = json!({"hits": count.hits, "misses": count.misses, "errors": count.errors});
        (kind.as_str().to_owned(), count)
    });
    Value::Object(written.collect())
}
