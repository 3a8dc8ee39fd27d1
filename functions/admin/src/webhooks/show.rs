//! `webhooks list` and `webhooks events`.

use serde_json::json;
use store::{Receiver, SentEvent};

use super::{EVERY_TENANT, find};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{CommandOutput, time};

/// Events that are listed.
const LISTED: u32 = 50;

/// Lists all receivers without their secrets.
pub(crate) async fn list(context: &Context) -> Result<CommandOutput, Failure> {
    let all = context.store.receivers().await?;
    let lines: Vec<_> = all.iter().map(line).collect();
    let text = if lines.is_empty() {
        "there are no webhooks; add one with `sluice admin webhooks add TENANT NAME URL`".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(CommandOutput::done(text, json!({"receivers": all})))
}

/// Lists the last events for a receiver, newest first.
pub(crate) async fn events(context: &Context, tenant: &str, name: &str) -> Result<CommandOutput, Failure> {
    let receiver = match find(context, tenant, name).await? {
        Ok(receiver) => receiver,
        Err(refused) => return Ok(refused),
    };
    let events = context.store.sent_events(receiver.id, LISTED).await?;
    let lines: Vec<_> = events.iter().map(event_line).collect();
    let text = if lines.is_empty() { format!("no event was recorded for {name}") } else { lines.join("\n") };
    Ok(CommandOutput::done(text, json!({"events": events})))
}

fn line(one: &Receiver) -> String {
    let types = if one.types.is_empty() { "all events".to_owned() } else { one.types.join(" ") };
    let mut notes = vec![types, format!("{} waiting", one.waiting)];
    if one.failed > 0 {
        notes.push(format!("{} failed", one.failed));
    }
    notes.push(
        one.accepted_micros.map_or("none accepted".to_owned(), |at| format!("last accepted {}", time(at))),
    );
    if let Some(at) = one.disabled_micros {
        let reason = one.disabled_reason.as_deref().unwrap_or_default();
        notes.push(format!("DISABLED {}: {reason}", time(at)));
    }
    let tenant = one.tenant.as_deref().unwrap_or(EVERY_TENANT);
    format!("{tenant}  {}  {} ({})", one.name, one.address, notes.join(", "))
}

fn event_line(one: &SentEvent) -> String {
    let status = one.status.map(|status| format!(", status {status}")).unwrap_or_default();
    // The failure of a status repeats it.
    let failure = one.failure.as_deref().filter(|_| one.status.is_none());
    let failure = failure.map(|why| format!(", {why}")).unwrap_or_default();
    let next = one.next_micros.map(|at| format!(", next attempt {}", time(at))).unwrap_or_default();
    format!(
        "{}  {}  {}  export {}: {} after {}{status}{failure}{next}",
        one.event,
        time(one.at_micros),
        one.event_type,
        one.export,
        one.state,
        export::count::count(u64::try_from(one.attempts).unwrap_or_default(), "attempt"),
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn disabled_receivers_show_the_reason() {
        let one = Receiver {
            id: Uuid::nil(),
            tenant: None,
            name: "audit".into(),
            kind: "webhook".into(),
            address: "https://example.com/hook".into(),
            types: vec!["sluice.export.failed".into()],
            created_micros: 0,
            accepted_micros: None,
            disabled_micros: Some(0),
            disabled_reason: Some("it accepts nothing".into()),
            waiting: 2,
            failed: 1,
        };
        assert_eq!(
            line(&one),
            "*  audit  https://example.com/hook (sluice.export.failed, 2 waiting, 1 failed, none accepted, DISABLED 1970-01-01 00:00:00 UTC: it accepts nothing)"
        );
    }
}
