//! Waits for the result of what another function does at the request of a command.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Maximum wait for a result.
pub(crate) const RESULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Time between two reads of the result.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Reads a result until there is one; `None` if there is none within [`RESULT_TIMEOUT`].
pub(crate) async fn result<T>(
    mut read: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let give_up = Instant::now() + RESULT_TIMEOUT;
    loop {
        let found = read().await?;
        if found.is_some() || Instant::now() > give_up {
            return Ok(found);
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}
