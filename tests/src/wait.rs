//! Waiting for events that must happen, for as long as they take on a busy machine.

use std::time::{Duration, Instant};

/// Maximum wait for an event that must happen. Beyond it the system hangs and is not just slow. How soon it happens
/// proves nothing: a test about time compares with its own limit.
pub const EVENT_TIMEOUT: Duration = Duration::from_secs(240);

/// Time between two checks.
const PAUSE: Duration = Duration::from_millis(50);

/// Checks repeatedly until the event has happened.
///
/// # Panics
/// If it has not within [`EVENT_TIMEOUT`].
pub async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + EVENT_TIMEOUT;
    while !happened().await {
        assert!(Instant::now() < give_up, "not within {EVENT_TIMEOUT:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
