//! Errors of the bucket.

use std::error::Error;

use export::load::Signal;

/// A failed call with its cause.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {kind}")]
pub struct ObjectsError {
    /// The call, such as `store a part`.
    pub what: &'static str,
    /// Kind of failure.
    pub kind: ObjectsErrorKind,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Kind of failure of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectsErrorKind {
    /// Too many calls; a later call may succeed.
    #[error("the object store is throttling requests")]
    Throttled,
    /// No response, or a response that the service is unavailable.
    #[error("the object store cannot be reached")]
    Unavailable,
    /// The role lacks the privilege.
    #[error("access denied; check the permissions of the function's role for the bucket")]
    Denied,
    /// No such object or upload.
    #[error("it does not exist")]
    NotFound,
    /// No such bucket.
    #[error("the bucket does not exist")]
    NoBucket,
    /// Any other failure.
    #[error("the object store rejected the request")]
    Other,
}

impl ObjectsError {
    pub(crate) fn new(
        what: &'static str,
        kind: ObjectsErrorKind,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { what, kind, cause: Some(cause.into()) }
    }

    pub(super) fn bare(what: &'static str, kind: ObjectsErrorKind) -> Self {
        Self { what, kind, cause: None }
    }

    /// Returns the corresponding condition of the deployment; `None` if only this call failed. "Not found" is an
    /// upload that was aborted: a new attempt creates a new one.
    pub fn signal(&self) -> Option<Signal> {
        match self.kind {
            ObjectsErrorKind::Throttled => Some(Signal::StorageThrottled),
            ObjectsErrorKind::Unavailable => Some(Signal::StorageUnavailable),
            ObjectsErrorKind::Denied | ObjectsErrorKind::NoBucket => Some(Signal::StorageDenied),
            ObjectsErrorKind::NotFound | ObjectsErrorKind::Other => None,
        }
    }
}
