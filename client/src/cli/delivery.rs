//! Delivery of an export to its destination: the wait for its end, and its text.

use std::time::Duration;

use export::delivery::DeliveryState;
use export::id::ExportId;
use export::state::ExportStatus;
use export::wire::{Delivery, Export};
use indicatif::HumanCount;

use super::outcome::Failure;
use super::{terminal, wait};
use crate::Client;
use crate::text::{bytes, count};

/// Time between two polls.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// Polls an export that has succeeded until its files are delivered, or an attempt has failed: the next one may be due in
/// hours.
pub(super) async fn until_ended(client: &Client, mut export: Export) -> Result<Export, Failure> {
    let client = wait::patient(client);
    let mut shown = String::new();
    while export.status == ExportStatus::Succeeded
        && let Some(delivery) = export.delivery.as_ref().filter(|delivery| is_under_way(delivery))
    {
        let text = text(delivery);
        if text != shown {
            terminal::note(&format!("delivery {text}"));
            shown = text;
        }
        tokio::time::sleep(POLL_EVERY).await;
        export = client.export(export.id).await?;
    }
    Ok(export)
}

fn is_under_way(delivery: &Delivery) -> bool {
    let waits = matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Delivering);
    waits && delivery.next_attempt_at.is_none()
}

/// Returns true if the files of the export are not at its destination, although they should be.
pub(super) fn has_failed(export: &Export) -> bool {
    export.delivery.as_ref().is_some_and(|delivery| delivery.state != DeliveryState::Delivered)
}

/// Formats state and progress.
pub(super) fn text(delivery: &Delivery) -> String {
    let to = &delivery.destination;
    let done = match delivery.files_total {
        Some(total) => format!("{} of {}", HumanCount(delivery.files_done), count(total, "file")),
        None => "begins soon".to_owned(),
    };
    match delivery.state {
        DeliveryState::Waiting => format!("to {to}, after the export has succeeded"),
        DeliveryState::Delivering => match &delivery.next_attempt_at {
            Some(at) => format!("to {to}: {done}; next attempt at {at}"),
            None => format!("to {to}: {done}"),
        },
        DeliveryState::Delivered => {
            let size = format!("{}, {}", count(delivery.files_done, "file"), bytes(delivery.bytes_done));
            match &delivery.manifest {
                Some(manifest) => format!("to {to}: {size}; the manifest is {manifest}"),
                None => format!("to {to}: {size}; the manifest there is that of a later export"),
            }
        }
        DeliveryState::Failed => format!("to {to} failed: {done}"),
    }
}

/// Formats the last failure with its remedy.
pub(super) fn errors(id: ExportId, delivery: &Delivery) -> Vec<String> {
    let Some(last) = delivery.errors.last() else { return Vec::new() };
    vec![
        format!("not delivered: {} ({})", last.message, last.at),
        format!("  → {}; then: sluice retry {id}", last.remedy),
    ]
}

#[cfg(test)]
mod tests {
    use export::delivery::DeliveryCode;
    use export::wire::DeliveryError;

    use super::*;

    fn delivery(state: DeliveryState) -> Delivery {
        Delivery {
            destination: "lake".into(),
            state,
            files_total: Some(84),
            files_done: 3,
            bytes_done: 5,
            manifest: None,
            delivered_at: None,
            next_attempt_at: None,
            errors: Vec::new(),
        }
    }

    #[test]
    fn text_has_progress_and_next_attempt() {
        let running = delivery(DeliveryState::Delivering);
        assert_eq!(text(&running), "to lake: 3 of 84 files");
        assert!(is_under_way(&running));
        let again = Delivery { next_attempt_at: Some("2024-01-01T00:00:00Z".into()), ..running };
        assert!(text(&again).ends_with("next attempt at 2024-01-01T00:00:00Z") && !is_under_way(&again));
    }

    #[test]
    fn last_failure_is_shown_with_its_remedy() {
        let error = |message: &str| DeliveryError {
            code: DeliveryCode::AccessDenied,
            message: message.into(),
            remedy: "grant it".into(),
            at: "2024-01-01T00:00:00Z".into(),
        };
        let failed = Delivery { errors: vec![error("one"), error("two")], ..delivery(DeliveryState::Failed) };
        let id = ExportId::from_random([7; 16]);
        let lines = errors(id, &failed);
        assert!(lines[0].contains("two") && lines[1].contains("grant it"), "{lines:?}");
        assert!(errors(id, &delivery(DeliveryState::Delivered)).is_empty());
    }
}
