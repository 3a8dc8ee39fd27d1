//! The queue: reachable, and the one that was deployed.

use ports::queue::Queue;
use ports::telemetry::chain;

use super::report::Report;
use super::{NO_WAY, answer};

/// Counts the waiting messages.
pub(super) async fn look(queue: &dyn Queue) -> Report {
    let mut report = Report::default();
    match answer("queue", queue.waiting(), &mut report).await {
        Some(Ok(waiting)) => report.fine("queue", format!("{waiting} messages are waiting")),
        Some(Err(error)) if error.answered => {
            let remedy = "check SLUICE_QUEUE_URL, and deploy the template as it is: the function's role must have sqs:GetQueueAttributes";
            report.wrong("queue", chain(&error), remedy);
        }
        Some(Err(error)) => report.wrong("queue", chain(&error), NO_WAY),
        None => {}
    }
    report
}
