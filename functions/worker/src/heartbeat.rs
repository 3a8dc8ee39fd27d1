//! Keeps the lease while an attempt works.

use std::time::Duration;

use export::chunk::Attempt;
use ports::store::Store;
use ports::telemetry::chain;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::AttemptError;

/// How long a lease is and how often it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Seconds that a lease lasts.
    pub lease_secs: u32,
    /// Seconds between renewals.
    pub renew_secs: u32,
}

impl Lease {
    /// Not renewed for three quarters of the lease, an attempt stops by itself: it must be quiet before
    /// the store lets another one begin.
    fn give_up(self) -> Duration {
        Duration::from_secs(self.lease_secs.into()) * 3 / 4
    }
}

/// Renews the lease until it is lost; then returns how. The attempt has begun at `leased`.
pub(crate) async fn until_lost(
    store: &Store,
    attempt: &Attempt,
    lease: Lease,
    leased: Instant,
) -> AttemptError {
    // Before the call, not after: the store's clock starts no earlier.
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
