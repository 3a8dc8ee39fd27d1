//! SplitReason an attempt ended without a file, and the one translation into what the store keeps of it.

use export::chunk::Failure;
use export::load::Excess;
use ports::objects::ObjectsError;
use ports::source::SourceError;
use ports::store::StoreError;

use crate::encode::{EncodeError, ValueProblem};
use crate::pipeline::PipelineError;
use crate::split::SplitReason;

/// The end of an attempt that made no file.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The source failed.
    #[error("the source failed")]
    Source(#[from] SourceError),
    /// The rows could not be made into a file.
    #[error("the file could not be made")]
    Pipeline(PipelineError<SourceError>),
    /// The file could not be stored.
    #[error("the file could not be stored")]
    Objects(#[from] ObjectsError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The source is too busy for another COPY; nothing was read.
    #[error("the source is too busy: {0}")]
    Busy(Excess),
    /// The lease is gone: another attempt may run, or nobody wants the chunk any more.
    #[error("the lease is lost")]
    Lost,
    /// The chunk is to be split; so many bytes of COPY were seen.
    #[error("the chunk is too large after {seen_bytes} bytes")]
    TooLarge {
        /// SplitReason.
        why: SplitReason,
        /// A lower bound of what the chunk has.
        seen_bytes: u64,
    },
    /// The function's time is over, and a split would not help.
    #[error("the function's time is over")]
    OutOfTime {
        /// Whether all rows had been read: then only the upload was slow.
        read: bool,
    },
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
    /// Code word, words for people and whether another attempt may go better. No row value is in it.
    pub fn failure(&self) -> Failure {
        let failure = |code: &str, again, message: String| Failure { code: code.into(), message, again };
        match self {
            Self::Source(e) => failure(e.code, e.again, e.message.clone()),
            Self::Pipeline(PipelineError::Encode(e)) => encode(e),
            Self::Pipeline(PipelineError::Decode(e)) => decode(e),
            Self::Pipeline(e) => failure("worker_broken", true, format!("{e}; it is tried again")),
            Self::Objects(e) => failure("storage", e.again(), e.to_string()),
            Self::Store(e) => failure("store", true, e.to_string()),
            Self::Busy(excess) => failure(excess.signal.as_str(), true, excess.to_string()),
            Self::Lost => failure("lease_lost", true, self.to_string()),
            Self::TooLarge { .. } => failure("too_large", true, self.to_string()),
            Self::OutOfTime { read: true } => failure(
                "storage_slow",
                true,
                "the upload did not end in the function's time; it is tried again".into(),
            ),
            Self::OutOfTime { read: false } => failure(
                "out_of_time",
                false,
                "the rows were not read in one function's time, and a split of the range would not help: give the dataset a \
                 range column with an index that its query uses, ask for less by filters, or raise WorkerTimeoutSeconds"
                    .into(),
            ),
        }
    }
}

fn encode(e: &EncodeError) -> Failure {
    let remedy = match e.problem {
        ValueProblem::Malformed => "run catalog apply, and report it if it stays",
        ValueProblem::Unsupported(_) => {
            "name the column in as_text of the catalog's dataset, or export CSV or NDJSON"
        }
    };
    Failure { code: "unsupported_value".into(), message: format!("{e}; {remedy}"), again: false }
}

fn decode(e: &crate::decode::DecodeError) -> Failure {
    use crate::decode::DecodeError as D;
    let (code, again, remedy) = match e {
        D::ValueTooLarge { .. } | D::RowTooLarge { .. } => {
            ("value_too_large", false, "exclude the column in the catalog or filter the row out")
        }
        // Most likely a connection that ended politely; the next one ends otherwise.
        D::NoTrailer(_) => ("source_unavailable", true, "it is tried again"),
        D::FieldCount { .. } => ("schema_changed", false, "run catalog apply"),
        _ => ("source_protocol", true, "it is tried again"),
    };
    Failure { code: code.into(), message: format!("{e}; {remedy}"), again }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::DecodeError;

    #[test]
    fn a_large_value_is_final_and_named() {
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
    fn a_cut_stream_is_tried_again() {
        assert!(AttemptError::from(PipelineError::Decode(DecodeError::NoTrailer(5))).failure().again);
        assert!(AttemptError::OutOfTime { read: true }.failure().again);
        assert!(!AttemptError::OutOfTime { read: false }.failure().again);
    }
}
