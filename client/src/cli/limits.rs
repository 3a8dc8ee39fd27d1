//! `sluice limits`: the limits of the tenant, and what it uses of them.

use export::wire::{DailyQuota, Quota, TenantLimits};
use indicatif::HumanCount;

use super::outcome::{Failure, Outcome};
use crate::Client;
use crate::text::{bytes, duration, table};

const EXAMPLES: &str = "Examples:
  sluice limits
  sluice limits --json | jq .rowsPerDay.used";

/// Show the limits of the tenant, what it uses of them, and the rights of the key
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice limits [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct Limits {}

impl Limits {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let limits = client.limits().await?;
        Ok(Outcome::new(text(&limits), limits))
    }
}

fn text(limits: &TenantLimits) -> String {
    let number = |n: u64| HumanCount(n).to_string();
    let megabytes = |n: u64| bytes(n.saturating_mul(1 << 20));
    let unlimited = || "no limit".to_owned();
    let row = |name: &str, used: String, maximum: String| vec![name.to_owned(), used, maximum];
    let quota = |name: &str, quota: Quota, format: &dyn Fn(u64) -> String| {
        row(name, format(quota.used), format(quota.maximum))
    };
    let daily = |name: &str, quota: DailyQuota, format: &dyn Fn(u64) -> String| {
        row(name, format(quota.used), quota.maximum.map_or_else(unlimited, format))
    };
    let rate =
        |name: &str, maximum: Option<u64>| row(name, String::new(), maximum.map_or_else(unlimited, number));
    let rows = [
        quota("active exports", limits.active_exports, &number),
        quota("queued exports", limits.queued_exports, &number),
        quota("kept exports", limits.kept_exports, &number),
        quota("kept chunks", limits.kept_chunks, &number),
        quota("kept requests", limits.kept_request_bytes, &bytes),
        rate("chunks per minute", limits.chunks_per_minute),
        rate("requests per second", limits.requests_per_second),
        daily("rows per day", limits.rows_per_day, &number),
        daily("bytes per day", limits.megabytes_per_day, &megabytes),
        daily("database seconds per day", limits.database_seconds_per_day, &number),
        rate("datasets of an export", Some(limits.datasets_per_export)),
        rate("chunks of an export", Some(limits.chunks_per_export)),
    ];
    let table = table(&["limit", ">used", ">maximum"], &rows);
    let rights = if limits.read_only { "only read" } else { "read, create and change exports" };
    format!(
        "{table}\n\nlimits per day begin again at {}; an export may take {}, its files are kept for {}; this key may {rights}",
        limits.day_ends_at,
        duration(limits.deadline_seconds),
        duration(limits.retention_seconds)
    )
}
