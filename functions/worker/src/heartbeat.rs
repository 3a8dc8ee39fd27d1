//! Lease renewal while an attempt runs.

use std::time::Duration;

use export::attempt::Attempt;
use ports::telemetry::chain;
use store::Store;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::AttemptError;

/// Duration of a lease and interval of its renewal.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Duration of a lease in seconds.
    pub lease_secs: u32,
    /// Seconds between renewals.
    pub renew_secs: u32,
}

impl Lease {
    /// Returns the time without renewal after which an attempt stops: three quarters of the lease. It must have
    /// stopped before the store lets another one begin.
    pub(crate) fn give_up(self) -> Duration {
        Duration::from_secs(self.lease_secs.into()) * 3 / 4
    }
}

/// Renews the lease until it is lost, then returns the reason. The attempt began at `leased`.
pub(crate) async fn until_lost(
    store: &Store,
    attempt: &Attempt,
    lease: Lease,
    leased: Instant,
) -> AttemptError {
    // Measured before the call: the store's clock starts no earlier.
    let mut renewed = leased;
    loop {
        let give_up = renewed + lease.give_up();
        sleep(
            Duration::from_secs(lease.renew_secs.into())
                .min(give_up.saturating_duration_since(Instant::now())),
        )
        .await;
        let asked = Instant::now();
        match timeout_at(give_up, store.renew(attempt.chunk, attempt.number, lease.lease_secs)).await {
            Ok(Ok(true)) => renewed = asked,
            Ok(Ok(false)) => return AttemptError::Lost,
            Ok(Err(error)) => {
                tracing::warn!(chunk = %attempt.chunk, error = chain(&error), "the lease was not renewed")
            }
            Err(_) => {}
        }
        if Instant::now() >= renewed + lease.give_up() {
            tracing::warn!(chunk = %attempt.chunk, "the lease could not be renewed in time");
            return AttemptError::NotRenewed;
        }
    }
}
