//! `webhooks test`: sends a test event, and waits for the receiver's answer.

use export::id::TenantId;
use serde_json::json;

use super::find;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;
use crate::poll::{self, RESULT_TIMEOUT};

/// Tenant of a test event of a receiver that takes the events of all tenants.
const TEST_TENANT: &str = "test";

/// Sends a test event.
pub(crate) async fn run(context: &Context, tenant: &str, name: &str) -> Result<CommandOutput, Failure> {
    let receiver = match find(context, tenant, name).await? {
        Ok(receiver) => receiver,
        Err(refused) => return Ok(refused),
    };
    if receiver.disabled_micros.is_some() {
        let text =
            format!("{name} is disabled; enable it first: sluice admin webhooks enable {tenant} {name}");
        return Ok(CommandOutput::refused(text));
    }
    let of = receiver.tenant.as_deref().unwrap_or(TEST_TENANT);
    let of: TenantId = of.parse().map_err(|error| Failure::Refused(format!("tenant: {error}")))?;
    let event = context.store.test_receiver(receiver.id, &of).await?;
    wake(context).await;
    let result = poll::result(async || Ok(context.store.test_result(receiver.id, event).await?)).await?;
    Ok(match result {
        Some(result) if result.accepted => {
            let status = result.status.map(|status| format!(" with status {status}")).unwrap_or_default();
            let text = format!("{name}: the test event was accepted{status}");
            CommandOutput::done(text, json!({"event": event, "status": result.status}))
        }
        Some(result) => {
            let why = result.failure.unwrap_or_default();
            let text = format!(
                "{name}: the test event was not accepted: {why}\n  → correct the receiver, or remove the webhook and add it with another URL; the event is sent again within a minute"
            );
            let data = json!({"event": event, "status": result.status, "failure": why});
            CommandOutput { ok: false, text, data }
        }
        None => CommandOutput::refused(format!(
            "{name}: no result within {} s; check the logs of the functions deliver and notify, and the triggers of their queues",
            RESULT_TIMEOUT.as_secs()
        )),
    })
}

/// Lets events be sent now. Without it they are sent with the next sweep.
pub(super) async fn wake(context: &Context) {
    let Some(queue) = &context.beside.deliveries else { return };
    if let Err(error) = queue.send_later(store::notices::wake_message(), 0).await {
        tracing::warn!(error = ports::telemetry::chain(&error), "events are sent with the next sweep");
    }
}
