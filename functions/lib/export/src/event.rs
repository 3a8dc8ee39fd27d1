//! Events: an export or its delivery has reached an end. They are sent as CloudEvents 1.0
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>).
//!
//! An event is recorded in the transaction of the state itself, once for each receiver that takes its type, and is sent at
//! least once. Those of one export reach a receiver in order.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::id::{ExportId, TenantId};

/// Version of CloudEvents.
pub const SPEC_VERSION: &str = "1.0";

/// Value of `source` in every event.
pub const SOURCE: &str = "/sluice";

/// Seconds until the next attempt after each failure of one event at one receiver: it fails for good after about a day.
pub const RETRY_AFTER_SECS: [i64; 8] = [5, 60, 300, 1_800, 7_200, 14_400, 28_800, 28_800];

/// Type of an event: the state that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// All files and the manifest exist.
    Succeeded,
    /// The export ended without all its rows.
    Failed,
    /// The client canceled the export.
    Canceled,
    /// The files are deleted.
    Expired,
    /// All files are at the destination.
    Delivered,
    /// The last attempt to copy the files to the destination failed.
    DeliveryFailed,
    /// The operator tests a receiver.
    Test,
}

impl EventType {
    /// All types.
    pub const ALL: [Self; 7] = [
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::Delivered,
        Self::DeliveryFailed,
        Self::Test,
    ];

    /// Returns the type as it is written in an event, which is also the `DetailType` on a bus.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "sluice.export.succeeded",
            Self::Failed => "sluice.export.failed",
            Self::Canceled => "sluice.export.canceled",
            Self::Expired => "sluice.export.expired",
            Self::Delivered => "sluice.export.delivered",
            Self::DeliveryFailed => "sluice.export.delivery_failed",
            Self::Test => "sluice.test",
        }
    }

    /// Returns the type that is written so.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Event of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Id, the same for every receiver and each time it is sent.
    pub id: Uuid,
    /// Type.
    pub kind: EventType,
    /// Tenant of the export.
    pub tenant: TenantId,
    /// The export.
    pub export: ExportId,
    /// Time of the state, microseconds since 1970.
    pub at_micros: i64,
    /// Details, as the store has recorded them.
    pub data: Value,
}

impl Event {
    /// Returns the event in the JSON format of CloudEvents.
    pub fn to_cloud_event(&self) -> Value {
        let mut data = json!({ "id": self.export, "tenant": self.tenant });
        if let (Value::Object(data), Value::Object(details)) = (&mut data, &self.data) {
            data.extend(details.clone());
        }
        json!({
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": SOURCE,
            "type": self.kind.as_str(),
            "subject": format!("exports/{}", self.export),
            "time": time(self.at_micros),
            "datacontenttype": "application/json",
            "data": data,
        })
    }
}

/// Returns a time as in RFC 3339.
fn time(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map(|at| format!("{at:.6}")).unwrap_or_default()
}

/// Event on its way to one receiver, ready to be sent. The function that sends it has no access to the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Attempt to which it belongs.
    pub attempt: AttemptToSend,
    /// Place where it is sent.
    pub to: Place,
    /// Type of the event.
    pub event_type: String,
    /// Body: the event as JSON text.
    pub body: String,
    /// Time at which it was made, in seconds since 1970. It is not sent when it is too old, because receivers reject old
    /// signatures.
    pub made_at: i64,
}

/// Place where an event is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Place {
    /// Bus of Amazon EventBridge.
    Bus {
        /// Name or ARN of the bus.
        name: String,
    },
    /// HTTPS endpoint of a tenant.
    Webhook {
        /// URL.
        url: String,
        /// Values of `webhook-id`, `webhook-timestamp` and `webhook-signature`.
        id: String,
        /// As above.
        timestamp: String,
        /// As above.
        signature: String,
    },
}

/// Attempt to send one event to one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptToSend {
    /// Id of the event.
    pub event: Uuid,
    /// Id of the receiver.
    pub receiver: Uuid,
    /// Number of the attempt, which fences those before it.
    pub number: i32,
}

/// Result of an attempt to send, for the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Attempt to which it belongs.
    pub attempt: AttemptToSend,
    /// HTTP status that the receiver answered with, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Reason why the receiver has not accepted it; `None` if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Seconds that the receiver wants to be left alone, `Retry-After` of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u32>,
}

impl Receipt {
    /// Returns true if the receiver wants no event any more (status 410, as in Standard Webhooks).
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_has_the_attributes_of_cloud_events() {
        let event = Event {
            id: Uuid::from_u128(1),
            kind: EventType::Succeeded,
            tenant: "acme".parse().unwrap(),
            export: ExportId::from(Uuid::from_u128(2)),
            at_micros: 1_700_000_000_123_456,
            data: json!({"status": "succeeded", "rows": 3}),
        };
        let written = event.to_cloud_event();
        let expected = json!({
            "specversion": "1.0",
            "id": "00000000-0000-0000-0000-000000000001",
            "source": "/sluice",
            "type": "sluice.export.succeeded",
            "subject": "exports/00000000-0000-0000-0000-000000000002",
            "time": "2023-11-14T22:13:20.123456Z",
            "datacontenttype": "application/json",
            "data": {"id": "00000000-0000-0000-0000-000000000002", "tenant": "acme", "status": "succeeded", "rows": 3},
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn retries_last_about_a_day() {
        let hours = RETRY_AFTER_SECS.iter().sum::<i64>() / 3_600;
        assert!((20..30).contains(&hours) && RETRY_AFTER_SECS.is_sorted(), "{hours}");
    }

    #[test]
    fn async_api_describes_every_type() {
        let text = include_str!("../../../../docs/asyncapi.json");
        let document: Value = serde_json::from_str(text).unwrap();
        let messages = document["components"]["messages"].as_object().unwrap();
        let described: Vec<_> = messages.values().map(|one| one["name"].as_str().unwrap()).collect();
        let mut types = EventType::ALL.map(EventType::as_str);
        types.sort_unstable();
        assert_eq!(described.len(), types.len());
        for one in messages.values() {
            assert!(types.contains(&one["name"].as_str().unwrap()), "{one}");
            assert_eq!(one["payload"]["properties"]["type"]["const"], one["name"]);
        }
        let guide = include_str!("../../../../docs/events.md");
        for one in types.iter().filter(|one| **one != EventType::Test.as_str()) {
            assert!(guide.contains(&format!("| `{one}` |")), "{one}");
        }
    }

    #[test]
    fn types_are_read_as_they_are_written() {
        for one in EventType::ALL {
            assert_eq!(EventType::of(one.as_str()), Some(one));
        }
        assert_eq!(EventType::of("sluice.export.begun"), None);
    }
}
