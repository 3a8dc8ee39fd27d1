//! The queue: reachable, and the one that was deployed.

use ports::queue::Queue;
use ports::telemetry::chain;

use super::report::Report;
use super::{NO_WAY, PATIENCE};

/// Counts the messages that wait.
pub(super) async fn look(queue: &dyn Queue) -> Report {
    let mut report = Report::default();
    match tokio::time::timeout(PATIENCE, queue.waiting()).await {
        Ok(Ok(waiting)) => report.fine("queue", format!("{waiting} messages wait")),
        Ok(Err(error)) if error.answered => {
            let remedy = "check SLUICE_QUEUE_URL, and deploy the template as it is: the function's role must have sqs:GetQueueAttributes";
            report.wrong("queue", chain(&error), remedy);
        }
        Ok(Err(error)) => report.wrong("queue", chain(&error), NO_WAY),
        Err(_) => report.wrong("queue", format!("no answer within {} s", PATIENCE.as_secs()), NO_WAY),
    }
    report
}
