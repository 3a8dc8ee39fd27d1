//! Reasons why an attempt ended without a file, and their conversion to the failure that the store keeps.

use export::failure::{Failure, FailureCode};
use export::id::{CutId, KeeperId};
use export::load::{Excess, Hold, Signal};
use ports::objects::ObjectsError;
use source::SourceError;
use store::StoreError;

use crate::decode::DecodeError;
use crate::encode::{EncodeError, ValueProblem};
use crate::pipeline::PipelineError;
use crate::split::SplitReason;

/// End of an attempt that wrote no file.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The source failed.
    #[error("the source failed")]
    Source(#[from] SourceError),
    /// The source failed while it was queried whether rows have changed. The next attempt does not query that.
    #[error("the check of an earlier file failed")]
    Check(#[source] SourceError),
    /// The check whether rows have changed took too long. The next attempt makes none.
    #[error("the check of an earlier file took too long")]
    CheckOutOfTime,
    /// The snapshot of the cut can no longer be read: its exports restart.
    #[error("the snapshot of the export is lost: {why}")]
    CutLost {
        /// The cut.
        cut: CutId,
        /// Keeper that exported the snapshot.
        holder: KeeperId,
        /// Reason, for operators.
        why: String,
    },
    /// The dataset reads foreign tables, whose rows no snapshot of the source covers.
    #[error("the dataset reads a foreign table, whose rows are not part of the snapshot that all files show")]
    OutsideCut,
    /// The rows could not be written as a file.
    #[error("the file could not be encoded")]
    Pipeline(PipelineError<SourceError>),
    /// The file could not be stored.
    #[error("the file could not be stored")]
    Objects(#[from] ObjectsError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The source is too busy for another COPY. Nothing was read.
    #[error("the source is too busy: {0}")]
    Busy(Excess),
    /// The lease is lost: another attempt may run, or no export needs the chunk any more.
    #[error("the lease is lost")]
    Lost,
    /// The lease could not be renewed in time, since the store could not be reached.
    #[error("the store could not be reached while the chunk was read")]
    NotRenewed,
    /// The chunk must be split after this many bytes of COPY.
    #[error("the chunk is too large after {seen_bytes} bytes")]
    TooLarge {
        /// Reason for the split.
        why: SplitReason,
        /// Lower bound of the chunk's size in bytes.
        seen_bytes: u64,
    },
    /// The function's time was over before all rows were read, and a split would not help.
    #[error("the function's time limit was reached")]
    OutOfTime {
        /// True if a retry may succeed: the source had stopped sending.
        again: bool,
    },
    /// The function's time was over after all rows had been read: the upload was slow.
    #[error("the function's time limit was reached while the file was stored")]
    UploadOutOfTime,
}

impl From<PipelineError<SourceError>> for AttemptError {
    fn from(error: PipelineError<SourceError>) -> Self {
        match error {
            PipelineError::Read(error) => Self::Source(error),
            error => Self::Pipeline(error),
        }
    }
}

impl AttemptError {
    /// Returns the condition of the deployment that caused the failure; `None` if the failure is the chunk's own.
    pub fn hold(&self) -> Option<Hold> {
        let held = |signal: Option<Signal>, reason: String| signal.map(|signal| Hold { signal, reason });
        match self {
            Self::Source(e) | Self::Check(e) => held(e.code.signal(), e.message.clone()),
            Self::Objects(e) => held(e.signal(), e.to_string()),
            Self::Store(
                StoreError::Busy(_)
                | StoreError::Taken(_)
                | StoreError::Conflict(_)
                | StoreError::NotMigrated(_),
            )
            | Self::NotRenewed => held(Some(Signal::StoreUnavailable), self.to_string()),
            Self::Busy(excess) => Some((*excess).into()),
            _ => None,
        }
    }

    /// Returns code, message and retryability of the failure. It contains no row values.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Source(e) => Failure::new(e.code, e.message.clone()),
            Self::Check(e) => Failure { again: true, ..Failure::new(e.code, e.message.clone()) },
            Self::CheckOutOfTime => {
                Failure { again: true, ..Failure::new(FailureCode::OutOfTime, self.to_string()) }
            }
            Self::CutLost { .. } => Failure::new(FailureCode::CutLost, self.to_string()),
            Self::OutsideCut => Failure::with_remedy(FailureCode::CutOutside, self),
            Self::Pipeline(PipelineError::Encode(e)) => encode(e),
            Self::Pipeline(PipelineError::Decode(e)) => decode(e),
            Self::Pipeline(e) => Failure::new(FailureCode::WorkerBroken, e.to_string()),
            Self::Objects(e) => Failure::new(FailureCode::Storage, e.to_string()),
            Self::Store(e) => Failure::new(FailureCode::Store, e.to_string()),
            Self::Busy(excess) => Failure::new(excess.signal, excess.to_string()),
            Self::Lost | Self::NotRenewed => Failure::new(FailureCode::LeaseLost, self.to_string()),
            Self::TooLarge { .. } => Failure::new(FailureCode::TooLarge, self.to_string()),
            Self::UploadOutOfTime => Failure::new(
                FailureCode::StorageSlow,
                "the upload did not finish within the function's time limit",
            ),
            Self::OutOfTime { again } => {
                let code = FailureCode::OutOfTime;
                let what = "the rows could not be read within the function's time limit, and splitting the range \
                            would not help";
                let message = format!("{what}: {}", code.remedy().unwrap_or_default());
                Failure { again: *again, ..Failure::new(code, message) }
            }
        }
    }
}

fn encode(e: &EncodeError) -> Failure {
    let code = FailureCode::UnsupportedValue;
    match e.problem {
        ValueProblem::Malformed => Failure::new(
            code,
            format!("{e}; run `sluice admin catalog apply`, and report the problem if it persists"),
        ),
        ValueProblem::Unsupported(_) => Failure::with_remedy(code, e),
    }
}

fn decode(e: &DecodeError) -> Failure {
    use DecodeError as D;
    let code = match e {
        D::ValueTooLarge { .. } | D::RowTooLarge { .. } => FailureCode::ValueTooLarge,
        // Most likely a connection that ended without an error. A retry usually succeeds.
        D::NoTrailer(_) => Signal::SourceUnavailable.into(),
        D::FieldCount { .. } => FailureCode::SchemaChanged,
        _ => FailureCode::SourceProtocol,
    };
    Failure::with_remedy(code, e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oversized_value_is_final_and_names_its_column() {
        let error = DecodeError::ValueTooLarge {
            row: 7,
            column: "scan".into(),
            bytes: 70_000_000,
            limit: 67_108_864,
        };
        let failure = AttemptError::from(PipelineError::Decode(error)).failure();
        assert!(!failure.again && failure.message.contains("row 7") && failure.message.contains("\"scan\""));
    }

    #[test]
    fn deployment_conditions_hold_back_instead_of_failing_chunks() {
        let held = |error: AttemptError| error.hold().map(|hold| hold.signal);
        assert_eq!(held(AttemptError::NotRenewed), Some(Signal::StoreUnavailable));
        let excess = Excess { signal: Signal::ReplicaLag, seen: 2, allowed: 1 };
        assert_eq!(held(AttemptError::Busy(excess)), Some(Signal::ReplicaLag));
        for own in [
            AttemptError::Lost,
            AttemptError::OutOfTime { again: false },
            AttemptError::TooLarge { why: crate::split::SplitReason::Large, seen_bytes: 1 },
        ] {
            assert_eq!(held(own), None);
        }
    }

    #[test]
    fn failed_check_never_fails_the_chunk() {
        let slow = AttemptError::CheckOutOfTime;
        assert!(slow.failure().again && slow.hold().is_none());
        let refused =
            AttemptError::Check(SourceError::protocol("the state query returned no transaction id"));
        assert!(refused.failure().again, "the next attempt makes no check");
    }

    #[test]
    fn cut_stream_is_retried() {
        assert!(AttemptError::from(PipelineError::Decode(DecodeError::NoTrailer(5))).failure().again);
        assert!(AttemptError::UploadOutOfTime.failure().again);
        assert!(AttemptError::OutOfTime { again: true }.failure().again);
        let out_of_time = AttemptError::OutOfTime { again: false }.failure();
        assert!(
            !out_of_time.again
                && out_of_time.message.contains("would not help: give the dataset a range column")
        );
    }
}
