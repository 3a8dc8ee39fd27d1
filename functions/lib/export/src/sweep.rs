//! Pace of the sweeper: how much one sweep does, and the requests to S3 per prefix that it empties. The sweeper, the
//! price of an export and the scale model use the same numbers.

use std::time::Duration;

/// Time after which a step leaves the rest to the next sweep, which starts in a minute. There are nine such steps,
/// and the function has two minutes; if all of them use their time, two sweeps overlap.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// Number of prefixes below which objects are deleted concurrently.
pub const PREFIXES_AT_ONCE: usize = 16;

/// LIST requests per prefix of a chunk or of an export. The sweeper lists a prefix in two passes when it deletes what
/// is below it: uploads twice, objects three times.
pub const LISTS_PER_PREFIX: u32 = 5;

/// DELETE requests per prefix. S3 does not bill them.
pub const DELETES_PER_PREFIX: u32 = 1;

/// Requests of both kinds per prefix.
pub const CALLS_PER_PREFIX: u32 = LISTS_PER_PREFIX + DELETES_PER_PREFIX;
