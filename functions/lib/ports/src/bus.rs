//! Buses of Amazon EventBridge.

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use tokio::sync::OnceCell;

use crate::sdk::text;

/// Value of `Source` of all events on a bus.
pub const SOURCE: &str = "sluice";

/// Event for a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEvent {
    /// Name or ARN of the bus.
    pub bus: String,
    /// `DetailType`.
    pub detail_type: String,
    /// `Detail`: the event as JSON text.
    pub detail: String,
}

/// Puts events on buses.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Puts one event.
    ///
    /// # Errors
    /// The reason, for people, if it was not accepted.
    async fn put(&self, event: &BusEvent) -> Result<(), String>;
}

/// Amazon EventBridge.
#[derive(Debug, Default)]
pub struct EventBridge {
    client: OnceCell<Client>,
}

#[async_trait]
impl Bus for EventBridge {
    async fn put(&self, event: &BusEvent) -> Result<(), String> {
        let connect = || async { Client::new(crate::config::aws().await) };
        let client = self.client.get_or_init(connect).await;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&event.bus)
            .source(SOURCE)
            .detail_type(&event.detail_type)
            .detail(&event.detail)
            .build();
        let answer = client.put_events().entries(entry).send().await.map_err(|error| text(&error))?;
        let refused = answer.entries().iter().find(|one| one.error_code().is_some());
        refused.map_or(Ok(()), |one| {
            Err(format!(
                "{}: {}",
                one.error_code().unwrap_or_default(),
                one.error_message().unwrap_or_default()
            ))
        })
    }
}
