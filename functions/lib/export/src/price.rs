//! List prices of AWS, and the cost of exports by them. An estimate: free tiers, discounts, taxes and the difference
//! between regions are left out.

use crate::sweep::LISTS_PER_PREFIX;

/// Region of the prices.
pub const REGION: &str = "us-east-1";

/// Month in which the prices were written down.
pub const AS_OF: &str = "2026-11";

/// Origin of the prices.
pub const PRICE_LIST: &str = "list prices of us-east-1 without free tier, as of 2026-11 \
     (aws.amazon.com/lambda/pricing, /sqs/pricing, /s3/pricing)";

/// Items that the price does not include.
pub const LEFT_OUT: &str = "transfer out, CloudFront, API Gateway, logs, the database and its proxy";

/// Lambda on arm64, first tier, per GB-second.
pub const GB_SECOND: f64 = 0.000_013_333_4;

/// One invocation of a function: 0.20 per million.
pub const INVOCATION: f64 = 0.000_000_20;

/// One request to a standard queue: 0.40 per million.
pub const QUEUE_REQUEST: f64 = 0.000_000_40;

/// Requests per chunk: its message is sent, received and deleted.
const REQUESTS_PER_MESSAGE: f64 = 3.0;

/// PUT, POST or LIST in S3 Standard: 0.005 per thousand.
pub const PUT: f64 = 0.000_005;

/// S3 Standard, per [`GB`] and month.
pub const GB_MONTH: f64 = 0.023;

/// Bytes of a GB: 10^9, which overstates the GiB that is billed.
pub const GB: f64 = 1e9;

/// Hours of a month, as AWS counts them.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// Bytes of the first thousand parts of an upload; larger files have larger parts. The minimum that S3 allows.
pub const PART_BYTES: usize = 5 << 20;

/// Resources that an export uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Number of chunks to read.
    pub chunks: u64,
    /// Seconds of running workers.
    pub worker_secs: f64,
    /// Memory of a worker, in MB.
    pub memory_mb: u32,
    /// Bytes of the written files.
    pub file_bytes: f64,
    /// Hours for which the files are kept.
    pub kept_hours: u32,
}

/// Cost in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Running time of the workers.
    pub compute: f64,
    /// Invocations of the workers, and the messages that cause them.
    pub requests: f64,
    /// Writing of the files, and listing of them when they are deleted.
    pub uploads: f64,
    /// Storage of the files.
    pub storage: f64,
}

impl Work {
    /// Returns the cost by the price list.
    pub fn cost(&self) -> Cost {
        let chunks = self.chunks as f64;
        // An upload needs a create and a complete request in addition to its parts; nearly every chunk has one
        // upload.
        let puts = if self.chunks == 0 { 0.0 } else { 3.0 * chunks + self.file_bytes / PART_BYTES as f64 };
        Cost {
            compute: compute(self.worker_secs, self.memory_mb),
            requests: messages(chunks),
            uploads: (puts + f64::from(LISTS_PER_PREFIX) * chunks) * PUT,
            storage: storage(self.file_bytes, self.kept_hours),
        }
    }
}

/// Returns the price of running functions with `memory_mb` for `secs` seconds, in US dollars.
pub fn compute(secs: f64, memory_mb: u32) -> f64 {
    secs * f64::from(memory_mb) / 1024.0 * GB_SECOND
}

/// Returns the price of the workers' invocations for this number of chunks, and of the messages that cause them, in
/// US dollars.
pub fn messages(chunks: f64) -> f64 {
    chunks * (INVOCATION + REQUESTS_PER_MESSAGE * QUEUE_REQUEST)
}

/// Returns the price of keeping `bytes` for `hours`, in US dollars.
pub fn storage(bytes: f64, hours: u32) -> f64 {
    bytes / GB * GB_MONTH * f64::from(hours) / HOURS_PER_MONTH
}

impl Cost {
    /// Returns the sum of all items.
    pub fn total(&self) -> f64 {
        self.compute + self.requests + self.uploads + self.storage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terabyte_price_equals_the_manual_calculation() {
        // 4,000 chunks, 10 hours of workers with 2 GB, 300 GB of files for a week.
        let work =
            Work { chunks: 4000, worker_secs: 36_000.0, memory_mb: 2048, file_bytes: 300e9, kept_hours: 168 };
        let cost = work.cost();
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 0.001, "{found} {wanted}");
        near(cost.compute, 72_000.0 * 0.000_013_333_4);
        near(cost.requests, 0.0056);
        near(cost.uploads, (12_000.0 + 20_000.0 + 57_220.5) * 0.000_005);
        near(cost.storage, 1.5879);
        near(cost.total(), 2.9998);
    }

    #[test]
    fn price_list_names_region_and_month() {
        assert!(PRICE_LIST.contains(REGION) && PRICE_LIST.contains(AS_OF));
    }

    #[test]
    fn no_work_costs_nothing() {
        let idle = Work { memory_mb: 1769, kept_hours: 168, ..Work::default() };
        assert_eq!(idle.cost().total(), 0.0);
    }
}
