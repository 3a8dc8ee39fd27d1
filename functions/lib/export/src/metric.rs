//! Metrics that the functions emit. CloudWatch bills each pair of function and metric.

/// Namespace of all metrics.
pub const NAMESPACE: &str = "Sluice";

/// Dimension of all metrics, the same as that of Lambda's own metrics.
pub const DIMENSION: &str = "FunctionName";

/// Unit of a metric, in CloudWatch's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Number of items.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// Returns the unit as CloudWatch spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// Defines the metrics with unit and emitting functions; the name of a metric is the name of its variant.
macro_rules! metrics {
    ($($functions:expr => { $($(#[$doc:meta])* $name:ident: $unit:ident,)* })*) => {
        /// Metric that at least one function emits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Metric {
            $($($(#[$doc])* $name,)*)*
        }

        impl Metric {
            /// All metrics.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// Returns the name in CloudWatch.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => stringify!($name),)*)*
                }
            }

            /// Returns the unit.
            pub fn unit(self) -> Unit {
                match self {
                    $($(Self::$name => Unit::$unit,)*)*
                }
            }

            /// Returns the functions that emit the metric.
            pub fn functions(self) -> &'static [&'static str] {
                match self {
                    $($(Self::$name => &$functions,)*)*
                }
            }
        }
    };
}

metrics! {
    ["api"] => {
        /// Requests that a client must change, without those of [`Metric::TooMany`].
        Refusals: Count,
        /// Requests beyond the rate of a tenant.
        TooMany: Count,
        /// Requests while the store has no free session.
        Busy: Count,
        /// Values found in the memory of a process.
        MemoryHits: Count,
        /// Values not found in the memory of a process.
        MemoryMisses: Count,
        /// Values found in the shared cache.
        SharedHits: Count,
        /// Values not found in the shared cache.
        SharedMisses: Count,
        /// Failed calls to the shared cache.
        SharedErrors: Count,
    }
    ["worker"] => {
        /// Attempts that ended with a recorded file.
        Files: Count,
        /// Rows in recorded files.
        Rows: Count,
        /// Bytes of recorded files.
        FileBytes: Bytes,
        /// Bytes of binary COPY of recorded files.
        SourceBytes: Bytes,
        /// Time from the COPY to its first row.
        FirstRow: Milliseconds,
        /// Time from the COPY to the end of its stream.
        Read: Milliseconds,
        /// Time spent on decoding, encoding and compressing.
        Encode: Milliseconds,
        /// Time from the last encoded byte to the completed object.
        Upload: Milliseconds,
        /// Messages whose chunk could not be leased because the store failed.
        LeasesFailed: Count,
        /// Attempts that lost their lease.
        LeasesLost: Count,
        /// Attempts that found an earlier file unchanged, and read nothing.
        Unchanged: Count,
        /// Attempts that split their chunk.
        Splits: Count,
        /// Attempts that found a condition of the deployment under which no chunk can succeed.
        BackOffs: Count,
        /// Attempts that failed and are retried.
        AttemptsAgain: Count,
        /// Attempts that failed for good.
        AttemptsFailed: Count,
        /// Time from due to lease.
        Waited: Milliseconds,
        /// Time to open the source session.
        Connect: Milliseconds,
        /// Processor time of the process during an attempt.
        Cpu: Milliseconds,
        /// Peak resident memory of the process so far.
        PeakMemory: Bytes,
    }
    ["sweeper"] => {
        /// Steps of a sweep that failed.
        StepsFailed: Count,
        /// Age of the oldest due chunk.
        OldestDue: Milliseconds,
        /// Chunks whose message was sent.
        ChunksSent: Count,
        /// Chunks that are being read.
        ChunksRunning: Count,
        /// Snapshots that were lost while exports read them.
        CutsLost: Count,
        /// Violated invariants of the store.
        InvariantsBroken: Count,
        /// Corrected links and turns.
        PutRight: Count,
    }
    ["deliver"] => {
        /// Deliveries that failed for good.
        DeliveriesFailed: Count,
        /// Receivers of events that were disabled, because they accepted nothing for a day.
        ReceiversDisabled: Count,
    }
    ["api", "worker", "sweeper"] => {
        /// Exports that failed. The function that recorded the failure emits it.
        ExportsFailed: Count,
    }
}

/// Returns the number of pairs of function and metric, which is what is billed.
pub fn billed() -> usize {
    Metric::ALL.iter().map(|metric| metric.functions().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_billed_per_function() {
        assert_eq!(billed(), Metric::ALL.len() + 2);
        assert_eq!(Metric::ExportsFailed.name(), "ExportsFailed");
        assert_eq!(Metric::PeakMemory.unit().word(), "Bytes");
    }
}
