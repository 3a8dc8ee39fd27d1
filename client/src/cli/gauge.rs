//! Progress of a download: files and bytes of each dataset, the rate and the remaining time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::HumanCount;
use serde_json::json;

use super::progress::{ProgressOutput, View};
use super::tally::{self, Tally};
use crate::Fetched;
use crate::text::bytes;

/// Progress of all files together.
pub(super) struct Gauge {
    progress: ProgressOutput,
    state: Mutex<State>,
    since: Instant,
}

/// Numbers of all files.
struct State {
    tallies: Vec<Tally>,
    /// Bytes of all files when they are complete.
    total: u64,
    /// Bytes present, whatever their origin.
    at: u64,
    /// Bytes received over the network.
    loaded: u64,
}

/// Progress of one file.
pub(super) struct FileGauge<'a> {
    gauge: &'a Gauge,
    dataset: usize,
    /// Bytes present; `None` before the first report.
    last: Mutex<Option<u64>>,
}

impl Gauge {
    /// Begins a download of files, each given by its dataset and its size in bytes.
    pub(super) fn new<'a>(files: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let (mut total, mut tallies) = (0, BTreeMap::<&str, Tally>::new());
        for (dataset, bytes) in files {
            total += bytes;
            let tally = tallies.entry(dataset).or_default();
            tally.total += 1;
            tally.name = dataset.to_owned();
        }
        let state = State { tallies: tallies.into_values().collect(), total, at: 0, loaded: 0 };
        Self { progress: ProgressOutput::new(total), state: Mutex::new(state), since: Instant::now() }
    }

    /// Begins one file.
    pub(super) fn file(&self, dataset: &str) -> FileGauge<'_> {
        let mut state = self.state();
        let place = state.tallies.binary_search_by(|tally| tally.name.as_str().cmp(dataset));
        let dataset = place.unwrap_or(0);
        if let Some(tally) = state.tallies.get_mut(dataset) {
            tally.active = true;
        }
        FileGauge { gauge: self, dataset, last: Mutex::new(None) }
    }

    /// Shows the last state, even if only occasional lines are printed.
    pub(super) fn finish(&self) {
        self.progress.finish(|| self.view(&self.state()));
    }

    fn view(&self, state: &State) -> View {
        view(state, self.since.elapsed().as_secs_f64())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each update is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileGauge<'_> {
    /// Reports the current size of the file. The size in the first report was present before.
    pub(super) fn moved(&self, now: u64) {
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
        let mut state = self.gauge.state();
        if let Some(before) = before {
            state.loaded += now.saturating_sub(before);
        }
        // Smaller than before if a file starts over.
        let known = before.unwrap_or(0);
        state.at = (state.at + now).saturating_sub(known);
        if let Some(tally) = state.tallies.get_mut(self.dataset) {
            tally.bytes = (tally.bytes + now).saturating_sub(known);
        }
        self.gauge.progress.show(state.at, || self.gauge.view(&state));
    }

    /// Reports that the file is present with its rows, or failed.
    pub(super) fn ended(&self, fetched: Option<Fetched>, rows: u64) {
        if let Some(tally) = self.gauge.state().tallies.get_mut(self.dataset) {
            match fetched {
                Some(Fetched::Loaded) => tally.done += 1,
                Some(Fetched::Present) => tally.unchanged += 1,
                None => tally.failed += 1,
            }
            tally.rows += if fetched.is_some() { rows } else { 0 };
        }
    }
}

/// Formats the state. The rate is that of downloaded bytes; hashing existing files does not count.
fn view(state: &State, seconds: f64) -> View {
    let State { tallies, total, at, loaded } = state;
    let rows: u64 = tallies.iter().map(|tally| tally.rows).sum();
    let left = total.saturating_sub(*at);
    let mut parts = vec![format!("{} of {}", bytes(*at), bytes(*total))];
    match loaded {
        0 => parts[0].push_str(" already present"),
        _ => parts.extend(tally::rate(*loaded, left, seconds)),
    }
    let summary = format!("{}\n{}, {} rows", parts.join(", "), tally::summary(tallies), HumanCount(rows));
    let rate = *loaded as f64 / seconds.max(0.001);
    let data = json!({
        "event": "downloading", "bytes": at, "totalBytes": total, "rows": rows, "bytesPerSecond": rate as u64,
        "etaSeconds": (*loaded > 0).then(|| (left as f64 / rate.max(1.0)).ceil() as u64), "datasets": tallies,
    });
    View { summary, details: tally::lines(tallies, "files"), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_counts_only_loaded_bytes() {
        let gauge = Gauge::new([("orders", 1 << 20), ("orders", 2 << 20), ("carts", 0)]);
        let (present, resumed) = (gauge.file("orders"), gauge.file("orders"));
        present.moved(1 << 20);
        present.ended(Some(Fetched::Present), 5);
        resumed.moved(1 << 20);
        let line = |seconds: f64| view(&gauge.state(), seconds).summary;
        assert_eq!(line(2.0), "2.00 MiB of 3.00 MiB already present\n0 of 2 datasets done, 5 rows");
        // A partial file that turns out to belong to another file.
        resumed.moved(0);
        resumed.moved(2 << 20);
        resumed.ended(Some(Fetched::Loaded), 7);
        let (at, loaded) = {
            let state = gauge.state();
            (state.at, state.loaded)
        };
        assert_eq!((at, loaded), (3 << 20, 2 << 20));
        assert_eq!(line(2.0), "3.00 MiB of 3.00 MiB, 1.00 MiB/s\n1 of 2 datasets done, 12 rows");
        let data = view(&gauge.state(), 2.0).data;
        assert_eq!(
            (data["bytesPerSecond"].as_u64(), data["datasets"][1]["unchanged"].as_u64()),
            (Some(1 << 20), Some(1))
        );
    }
}
