//! What shall fail, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file in the folder that holds the plan, as JSON.
pub const PLAN: &str = "plan.json";

/// What fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Decides every throw.
    pub seed: u64,
    /// The longest injected wait, in milliseconds.
    pub slow_ms: u64,
    /// How often each fault strikes, of a thousand times that it could.
    pub per_thousand: BTreeMap<Fault, u16>,
}

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The bucket cannot be reached; nothing was done.
    ObjectsFail,
    /// The bucket asks to slow down; nothing was done.
    ObjectsThrottle,
    /// The bucket did it, and its answer is lost.
    ObjectsLoseAnswer,
    /// The bucket takes its time.
    ObjectsSlow,
    /// The queue cannot be reached; nothing was sent.
    QueueFail,
    /// The queue refuses one message of several.
    QueueRefuse,
    /// A message is taken and never delivered.
    QueueLose,
    /// A message is delivered twice.
    QueueDouble,
    /// A message is delivered with the next ones that are sent, or never.
    QueueDelay,
    /// The store gives no session.
    StoreBusy,
    /// A transaction is committed, and the connection breaks before the answer.
    StoreLoseAnswer,
    /// The store takes its time.
    StoreSlow,
    /// The source gives no session.
    SourceRefuse,
    /// The source's connection breaks in the middle of the rows.
    SourceCut,
    /// The source takes its time before it gives a session.
    SourceSlow,
    /// An invocation has a twentieth of its time.
    ShortTime,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::ObjectsFail,
        Self::ObjectsThrottle,
        Self::ObjectsLoseAnswer,
        Self::ObjectsSlow,
        Self::QueueFail,
        Self::QueueRefuse,
        Self::QueueLose,
        Self::QueueDouble,
        Self::QueueDelay,
        Self::StoreBusy,
        Self::StoreLoseAnswer,
        Self::StoreSlow,
        Self::SourceRefuse,
        Self::SourceCut,
        Self::SourceSlow,
        Self::ShortTime,
    ];
}
