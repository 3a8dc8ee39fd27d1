//! Cost of a month: the part that goes with use, and the part that does not.

use export::defaults::{BUDGET, RETENTION_HOURS, TARGET_BYTES, WORKER_MEMORY_MB};
use export::forecast::BESIDE_SECS;
use export::price::{
    GB, HOURS_PER_MONTH, INVOCATION, PART_BYTES, PUT, QUEUE_REQUEST, compute, messages, storage,
};
use export::sweep::LISTS_PER_PREFIX;

use super::measured::Pace;
use super::prices::{
    ACU_HOUR, ALARM_MONTH, API_REQUEST, CACHE_GB_HOUR, CACHE_UNIT, CDN_REQUEST, DASHBOARD_MONTH,
    ENDPOINT_HOUR, FARGATE_GB_HOUR, FARGATE_VCPU_HOUR, GET, GLUE_DPU_HOUR, KEY_MONTH, LOGS_GB, METRIC_MONTH,
    PROXY_ACU_HOUR, PROXY_VCPU_HOUR, RDS_GB_MONTH, RDS_MICRO_HOUR, SCHEDULE_INVOCATION, SECRET_MONTH,
    SNAPSHOT_EXPORT_GB,
};

// Assumed, because it is not measured.

/// Memory of the api and of the sweeper, in MB.
const SMALL_MB: u32 = 512;
/// Seconds of the api per request.
pub(super) const API_SECS: f64 = 0.02;
/// Seconds of the sweeper per sweep.
pub(super) const SWEEP_SECS: f64 = 0.2;
/// Requests of one export: creation, status, manifest.
pub(super) const POLLS: u32 = 12;
/// Bytes of logs per chunk.
pub(super) const LOG_BYTES_PER_CHUNK: f64 = 3000.0;
/// Bytes of logs per request.
pub(super) const LOG_BYTES_PER_REQUEST: f64 = 700.0;
/// Bytes per request in the access log of API Gateway.
pub(super) const ACCESS_BYTES_PER_REQUEST: f64 = 450.0;
/// Units of the shared cache per request of the api, in kilobytes and commands.
pub(super) const CACHE_UNITS_PER_REQUEST: f64 = 10.0;
/// Queues with a trigger: those of chunks, deliveries, events and receipts.
pub(super) const QUEUES: f64 = 4.0;
/// Requests per minute with which a trigger polls an empty queue: five pollers, each waits for 20 s.
pub(super) const POLLS_PER_MINUTE: f64 = 15.0;
/// ACU to which RDS Proxy is billed at least in front of Aurora Serverless.
pub(super) const LEAST_PROXY_ACU: f64 = 8.0;
/// ACU of an Aurora Serverless that is awake and has nothing to do.
pub(super) const IDLE_ACU: f64 = 0.5;
/// Minutes without a connection after which Aurora Serverless may sleep, at the soonest.
pub(super) const AURORA_SLEEPS_AFTER: f64 = 5.0;
/// Availability zones of the network.
const ZONES: f64 = 2.0;
/// Secrets that the template creates with the proxy.
pub(super) const PROXY_SECRETS: u32 = 2;
/// Secrets that the template creates with CloudFront.
pub(super) const CDN_SECRETS: u32 = 1;

/// Requests of a month.
#[derive(Clone, Copy, Debug)]
pub(super) struct MonthlyLoad {
    /// Number of exports.
    pub(super) exports: f64,
    /// Rows of one export.
    pub(super) rows: f64,
    /// Share of the chunks that are not read again.
    pub(super) reused: f64,
    /// Number of datasets; each is at least one chunk.
    pub(super) datasets: u32,
    pub(super) budget: u32,
}

impl MonthlyLoad {
    /// Returns this number of exports of one dataset, without reuse, with the default budget.
    pub(super) const fn new(exports: f64, rows: f64) -> Self {
        Self { exports, rows, reused: 0.0, datasets: 1, budget: BUDGET }
    }

    /// Returns the number of files of one export.
    pub(super) fn files(&self, pace: &Pace) -> f64 {
        f64::from(self.datasets).max(self.rows * pace.source_bytes / TARGET_BYTES as f64)
    }

    /// Returns the number of new chunks of one export.
    pub(super) fn chunks(&self, pace: &Pace) -> f64 {
        self.files(pace) * (1.0 - self.reused)
    }

    /// Returns the seconds of workers for one export at the floor: reading and encoding take at least this.
    pub(super) fn least_secs(&self, pace: &Pace) -> f64 {
        self.rows * (1.0 - self.reused) * pace.least_secs() + self.chunks(pace) * BESIDE_SECS
    }

    /// Returns the same at the pace of the measured run.
    pub(super) fn held_secs(&self, pace: &Pace) -> f64 {
        self.least_secs(pace).max(self.rows * (1.0 - self.reused) * pace.run_secs)
    }
}

/// Returns the number of requests that create one file: a file no larger than a part is put at once, another is an
/// upload.
pub(super) fn puts(file_bytes: f64) -> f64 {
    let parts = file_bytes / PART_BYTES as f64;
    if parts <= 1.0 { 1.0 } else { 2.0 + parts.ceil() }
}

/// Returns the number of requests to the api for one export: those about the export, and one for the link to each
/// file.
pub(super) fn requests(files: f64) -> f64 {
    f64::from(POLLS) + files
}

/// Optional parts of the deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) proxy: bool,
    pub(crate) endpoints: bool,
    pub(crate) cdn: bool,
    pub(crate) cache: bool,
    pub(crate) alarms: bool,
}

impl Parts {
    /// Parts of a small deployment.
    pub(crate) const SMALL: Self =
        Self { proxy: true, endpoints: true, cdn: false, cache: false, alarms: true };
    /// All parts.
    pub(crate) const ALL: Self = Self { cdn: true, cache: true, ..Self::SMALL };
}

/// Items and their dollars, in the order of the document.
pub(super) type Items = Vec<(&'static str, f64)>;

/// Returns the sum of the items.
pub(super) fn total(items: &Items) -> f64 {
    items.iter().map(|(_, usd)| usd).sum()
}

/// Returns the dollars of one item, 0 if it is not there.
pub(super) fn item(items: &Items, name: &str) -> f64 {
    items.iter().find(|(item, _)| *item == name).map_or(0.0, |(_, usd)| *usd)
}

/// Returns the cost that goes with use. One export takes this many seconds of workers.
pub(super) fn variable(load: &MonthlyLoad, pace: &Pace, worker_secs: f64, parts: Parts) -> Items {
    let (new, downloads) = (load.chunks(pace) * load.exports, load.files(pace) * load.exports);
    let asked = requests(load.files(pace)) * load.exports;
    // Reused files are stored once.
    let stored = load.exports * load.rows * (1.0 - load.reused) * pace.file_bytes;
    // Every export has a manifest.
    let made = if new > 0.0 { new * puts(stored / new) } else { 0.0 } + load.exports;
    let swept = f64::from(LISTS_PER_PREFIX) * (new + load.exports);
    let logged = new * LOG_BYTES_PER_CHUNK + asked * (LOG_BYTES_PER_REQUEST + ACCESS_BYTES_PER_REQUEST);
    vec![
        ("workers", compute(worker_secs * load.exports, WORKER_MEMORY_MB)),
        ("api", compute(asked * API_SECS, SMALL_MB) + asked * (INVOCATION + API_REQUEST)),
        ("messages", messages(new)),
        ("S3 requests", (made + swept) * PUT + downloads * GET),
        ("CloudFront requests", if parts.cdn { (asked + downloads) * CDN_REQUEST } else { 0.0 }),
        ("cache units", if parts.cache { asked * CACHE_UNITS_PER_REQUEST * CACHE_UNIT } else { 0.0 }),
        ("storage", storage(stored, RETENTION_HOURS)),
        ("logs", logged / GB * LOGS_GB),
    ]
}

/// Billed observation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Metrics that the functions emit, with or without alarms.
    pub(super) metrics: usize,
    /// Metrics that alarms use.
    pub(super) alarm_metrics: usize,
}

/// Returns the cost that does not go with use, without items that cost nothing.
pub(super) fn fixed(watched: Watched, parts: Parts) -> Items {
    let hours = HOURS_PER_MONTH;
    let sweeps = hours * 60.0;
    let interfaces = f64::from(u8::from(parts.endpoints) * (1 + u8::from(parts.proxy || parts.cdn)));
    let when = |there: bool, usd: f64| if there { usd } else { 0.0 };
    let secrets = PROXY_SECRETS * u32::from(parts.proxy) + CDN_SECRETS * u32::from(parts.cdn);
    let alarms = watched.alarm_metrics as f64 * ALARM_MONTH + DASHBOARD_MONTH + KEY_MONTH;
    let mut items = vec![
        (
            "sweeper",
            compute(sweeps * SWEEP_SECS, SMALL_MB)
                + sweeps * (INVOCATION + SCHEDULE_INVOCATION)
                + sweeps * LOG_BYTES_PER_REQUEST / GB * LOGS_GB,
        ),
        (
            "polling of the empty queues by their triggers",
            60.0 * hours * QUEUES * POLLS_PER_MINUTE * QUEUE_REQUEST,
        ),
        ("RDS Proxy (two vCPU at least)", when(parts.proxy, proxy(2.0))),
        ("endpoints of the network (two zones)", interfaces * ZONES * ENDPOINT_HOUR * hours),
        ("secrets", f64::from(secrets) * SECRET_MONTH),
        ("cache (0.1 GB)", when(parts.cache, 0.1 * CACHE_GB_HOUR * hours)),
        ("metrics", watched.metrics as f64 * METRIC_MONTH),
        ("alarms, dashboard", when(parts.alarms, alarms)),
    ];
    items.retain(|(_, usd)| *usd > 0.0);
    items
}

/// Returns the cost of a month of RDS Proxy in front of a database with this many processors.
pub(super) fn proxy(vcpus: f64) -> f64 {
    vcpus.max(2.0) * PROXY_VCPU_HOUR * HOURS_PER_MONTH
}

/// Returns the cost of a month of RDS Proxy in front of Aurora Serverless with this many ACU at most.
pub(super) fn proxy_of_serverless(acus: f64) -> f64 {
    acus.max(LEAST_PROXY_ACU) * PROXY_ACU_HOUR * HOURS_PER_MONTH
}

/// Returns the cost of a month of the proxy's endpoint for readers, an interface endpoint in each zone.
pub(super) fn reader_endpoint() -> f64 {
    ZONES * ENDPOINT_HOUR * HOURS_PER_MONTH
}

/// Returns the cost of a month of Aurora Serverless that nothing but the sweeper uses: how long it is awake depends on
/// the minutes between two sweeps.
pub(super) fn idle_aurora(sweep_minutes: f64) -> f64 {
    let awake = (AURORA_SLEEPS_AFTER / sweep_minutes).min(1.0);
    awake * IDLE_ACU * ACU_HOUR * HOURS_PER_MONTH
}

/// Returns the cost of the example database.
pub(super) fn example() -> f64 {
    RDS_MICRO_HOUR * HOURS_PER_MONTH + 20.0 * RDS_GB_MONTH + SECRET_MONTH
}

/// Returns the cost of the same rows by a Spark job of two DPU (eight processors), in its favour: it reads with as
/// many sessions, and needs no more processor time than a worker.
pub(super) fn glue(load: &MonthlyLoad, pace: &Pace) -> f64 {
    let secs = load.rows * (pace.database_secs / f64::from(load.budget)).max(pace.cpu_secs / 8.0);
    2.0 * GLUE_DPU_HOUR * secs.max(60.0) / 3600.0
}

/// Returns the cost of two DPU for as long as the workers take at the pace of the measured run, in case a database is
/// as slow for both.
pub(super) fn glue_as_slow(load: &MonthlyLoad, pace: &Pace) -> f64 {
    2.0 * GLUE_DPU_HOUR * (load.held_secs(pace) / f64::from(load.budget)).max(60.0) / 3600.0
}

/// Returns the cost of an export of a snapshot that holds nothing else, in its favour.
pub(super) fn snapshot(load: &MonthlyLoad, pace: &Pace) -> f64 {
    load.rows * pace.source_bytes / GB * SNAPSHOT_EXPORT_GB
}

/// Returns the cost of a month of as many tasks of one processor and 2 GB, always on.
pub(super) fn fleet(budget: u32) -> f64 {
    f64::from(budget) * (FARGATE_VCPU_HOUR + 2.0 * FARGATE_GB_HOUR) * HOURS_PER_MONTH
}

/// Returns the share of the time that workers must be busy for a fleet that is always on to be cheaper.
pub(super) fn fleet_pays_above() -> f64 {
    (FARGATE_VCPU_HOUR + 2.0 * FARGATE_GB_HOUR) / compute(3600.0, WORKER_MEMORY_MB)
}

#[cfg(test)]
mod tests;
