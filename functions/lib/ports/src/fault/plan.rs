//! Plan of the faults and their frequency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Name of the file in the folder that holds the plan, as JSON.
pub const PLAN: &str = "plan.json";

/// Faults to inject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultPlan {
    /// Seed of every throw.
    pub seed: u64,
    /// The longest injected wait, in milliseconds.
    pub slow_ms: u64,
    /// Frequency of each fault, per thousand times that it could occur.
    pub per_thousand: BTreeMap<Fault, u16>,
}

/// Kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The bucket cannot be reached; nothing was done.
    ObjectsFail,
    /// The bucket requests fewer calls; nothing was done.
    ObjectsThrottle,
    /// The bucket executed the call, and its response is lost.
    ObjectsLoseAnswer,
    /// The bucket is slow.
    ObjectsSlow,
    /// The queue cannot be reached; nothing was sent.
    QueueFail,
    /// The queue refuses one message of several.
    QueueRefuse,
    /// A message is accepted and never delivered.
    QueueLose,
    /// A message is delivered twice.
    QueueDouble,
    /// A message is delivered with the next ones that are sent, or never.
    QueueDelay,
    /// The store has no free session.
    StoreBusy,
    /// A transaction is committed, and the connection breaks before the response.
    StoreLoseAnswer,
    /// The store is slow.
    StoreSlow,
    /// The source has no free session.
    SourceRefuse,
    /// The source's connection breaks in the middle of the rows.
    SourceCut,
    /// The source is slow to give a session.
    SourceSlow,
    /// An invocation has a twentieth of its time.
    ShortTime,
}

impl Fault {
    /// All faults.
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
