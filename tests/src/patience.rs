//! Waiting for what must happen, as long as it takes on a machine that has other things to do.

use std::time::{Duration, Instant};

/// How long is waited for something that must happen; it is a hang, not a slow machine, beyond it. Nothing is proven by
/// how soon it happens: a test that is about time compares with a time of its own.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until it has happened.
///
/// # Panics
/// If it has not within [`PATIENCE`].
pub async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !happened().await {
        assert!(Instant::now() < give_up, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
