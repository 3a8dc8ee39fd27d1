//! Forecast of an export's duration and cost from its plan, the measured pace and the waiting work. Pure.

mod sizes;

pub use sizes::{Own, Past, Sizes};

use crate::format::{Compression, Format, Output};
use crate::price::{Cost, Work};

/// Seconds of a source session per byte of binary COPY, used until something is measured: a million rows of the
/// bench's `orders`, 271 MB, take PostgreSQL 1.65 s.
pub const SECS_PER_BYTE: f64 = 1.65 / 271e6;

/// Seconds from the COPY to its first row, used until something is measured.
const FIRST_ROW_SECS: f64 = 0.02;

/// Seconds that a worker spends on a chunk in addition to the COPY: lease, session, the end of the upload, record.
pub const BESIDE_SECS: f64 = 0.2;

/// Minimum number of bytes for a measurement to be used.
const MIN_BYTES: u64 = 4_000_000;

/// Sums over the client's recent chunks in the same format and compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Number of chunks with rows.
    pub chunks: u64,
    /// Bytes of binary COPY.
    pub source_bytes: u64,
    /// Bytes of files.
    pub file_bytes: u64,
    /// Milliseconds from the COPY to its first row.
    pub first_row_ms: u64,
    /// Milliseconds from the COPY to its end.
    pub read_ms: u64,
    /// Milliseconds from lease to record.
    pub busy_ms: u64,
}

/// Read speed of chunks and relative size of their files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Number of chunks it was measured on; 0 if it is assumed.
    pub chunks: u64,
    secs_per_byte: f64,
    first_row_secs: f64,
    beside_secs: f64,
    file_ratio: f64,
}

/// Amount of chunks that wait or are being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Number of chunks.
    pub chunks: u64,
    /// Planned bytes of binary COPY.
    pub bytes: u64,
}

/// Environment of the export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Number of sessions that may read at the same time.
    pub budget: u32,
    /// Work that waits for the same tenant.
    pub own: Workload,
    /// Memory of a worker, in MB.
    pub memory_mb: u32,
    /// Hours that files are kept.
    pub kept_hours: u32,
}

/// Effort of a plan, or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Number of new chunks.
    pub chunks: u64,
    /// Bytes of binary COPY to read.
    pub bytes: u64,
    /// Seconds of source sessions.
    pub database_secs: f64,
    /// Cost in US dollars.
    pub cost: Cost,
}

impl Pace {
    /// Computes the pace from the measurements, or assumes one if they are too small.
    pub fn of(seen: &Seen, output: &Output) -> Self {
        if seen.chunks == 0 || seen.source_bytes < MIN_BYTES {
            return Self {
                chunks: 0,
                secs_per_byte: SECS_PER_BYTE,
                first_row_secs: FIRST_ROW_SECS,
                beside_secs: BESIDE_SECS,
                file_ratio: file_ratio(output),
            };
        }
        let each = |ms: u64| ms as f64 / 1000.0 / seen.chunks as f64;
        let reading = seen.read_ms.saturating_sub(seen.first_row_ms) as f64 / 1000.0;
        Self {
            chunks: seen.chunks,
            secs_per_byte: reading / seen.source_bytes as f64,
            first_row_secs: each(seen.first_row_ms),
            beside_secs: each(seen.busy_ms.saturating_sub(seen.read_ms)),
            file_ratio: seen.file_bytes as f64 / seen.source_bytes as f64,
        }
    }

    /// Returns the seconds of source sessions.
    fn database_secs(&self, load: Workload) -> f64 {
        load.chunks as f64 * self.first_row_secs + load.bytes as f64 * self.secs_per_byte
    }

    /// Returns the seconds of workers.
    fn worker_secs(&self, load: Workload) -> f64 {
        self.database_secs(load) + load.chunks as f64 * self.beside_secs
    }

    /// Returns the effort of a dataset's new chunks.
    pub fn effort(&self, new: Workload, around: &Surroundings) -> Effort {
        let work = Work {
            chunks: new.chunks,
            worker_secs: self.worker_secs(new),
            memory_mb: around.memory_mb,
            file_bytes: new.bytes as f64 * self.file_ratio,
            kept_hours: around.kept_hours,
        };
        let database_secs = self.database_secs(new);
        Effort { chunks: new.chunks, bytes: new.bytes, database_secs, cost: work.cost() }
    }

    /// Returns the seconds until the export would end if it were accepted now and no other tenant had waiting work;
    /// `None` if the size of a dataset is unknown.
    ///
    /// Waiting work of other tenants is left out, because otherwise the forecast would disclose it. The exports of a
    /// tenant take turns: the waiting ones delay this one by at most its own work. The longest chunk of the export is
    /// a lower bound.
    pub fn wall_secs(&self, datasets: &[Sizes], around: &Surroundings) -> Option<f64> {
        let (mut mine, mut shared, mut longest) = (Workload::default(), Workload::default(), 0.0_f64);
        for sizes in datasets {
            let unread = sizes.unread?;
            mine = mine.with(unread);
            shared = shared.with(sizes.shared);
            if unread.chunks > 0 {
                longest = longest.max(self.worker_secs(Workload { chunks: 1, bytes: sizes.largest }));
            }
        }
        let work = self.worker_secs(mine);
        let own = self.worker_secs(around.own.without(shared)).min(work);
        Some(((work + own) / f64::from(around.budget.max(1))).max(longest))
    }
}

impl Workload {
    fn add(&mut self, bytes: u64) {
        self.chunks += 1;
        self.bytes += bytes;
    }

    fn with(self, other: Self) -> Self {
        Self { chunks: self.chunks + other.chunks, bytes: self.bytes + other.bytes }
    }

    fn without(self, other: Self) -> Self {
        Self {
            chunks: self.chunks.saturating_sub(other.chunks),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// Returns the bytes of a file per byte of binary COPY, on the bench's `orders`.
fn file_ratio(output: &Output) -> f64 {
    match (output.format, output.compression) {
        (Format::Csv, Compression::None | Compression::Snappy) => 0.97,
        (Format::Csv, _) => 0.30,
        (Format::Ndjson, Compression::None | Compression::Snappy) => 1.52,
        (Format::Ndjson, _) => 0.33,
        (Format::Parquet, Compression::Snappy) => 0.31,
        (Format::Parquet, Compression::None) => 0.60,
        (Format::Parquet, _) => 0.25,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pace of one second per chunk and one second per 10 MB.
    fn pace() -> Pace {
        let seen = Seen {
            chunks: 10,
            source_bytes: 100_000_000,
            file_bytes: 30_000_000,
            first_row_ms: 4000,
            read_ms: 14_000,
            busy_ms: 20_000,
        };
        Pace::of(&seen, &Output::default())
    }

    /// Load of this many chunks of 10 MB.
    fn load(chunks: u64) -> Workload {
        Workload { chunks, bytes: chunks * 10_000_000 }
    }

    fn around(own: u64) -> Surroundings {
        Surroundings { budget: 2, own: load(own), memory_mb: 1024, kept_hours: 730 }
    }

    fn sizes(unread: u64, shared: u64) -> Sizes {
        let largest = if unread > 0 { 10_000_000 } else { 0 };
        Sizes { unread: Some(load(unread)), shared: load(shared), largest, ..Sizes::default() }
    }

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }

    #[test]
    fn new_chunks_add_time_and_cost() {
        let effort = pace().effort(load(1), &around(0));
        assert_eq!((effort.chunks, effort.bytes), (1, 10_000_000));
        near(effort.database_secs, 1.4);
        near(effort.cost.compute, 2.0 * 0.000_013_333_4);
        near(effort.cost.storage, 0.003 * 0.023);
        near(pace().effort(Workload::default(), &around(0)).cost.total(), 0.0);
    }

    #[test]
    fn waiting_chunks_count_up_to_the_exports_own_size() {
        let wall = |datasets: &[Sizes], own: u64| pace().wall_secs(datasets, &around(own)).unwrap();
        near(wall(&[sizes(4, 0)], 0), 4.0);
        near(wall(&[sizes(1, 0), sizes(3, 0)], 2), 6.0);
        near(wall(&[sizes(4, 0)], 100), 8.0);
        // Shared chunks are not counted twice.
        near(wall(&[sizes(1, 1)], 1), 2.0);
        // All chunks exist already.
        near(wall(&[sizes(0, 0)], 9), 0.0);
        // One chunk is read by one session.
        let one = Workload { chunks: 1, bytes: 190_000_000 };
        near(wall(&[Sizes { unread: Some(one), largest: one.bytes, ..Sizes::default() }], 0), 20.0);
        assert_eq!(pace().wall_secs(&[sizes(4, 0), Sizes::default()], &around(0)), None, "one is unknown");
    }

    #[test]
    fn too_few_measured_chunks_are_ignored() {
        let few = Seen { chunks: 3, source_bytes: 1000, ..Seen::default() };
        let pace = Pace::of(&few, &Output::default());
        assert_eq!(pace.chunks, 0);
        near(pace.database_secs(Workload { chunks: 0, bytes: 271_000_000 }), 1.65);
    }
}
