//! What can go wrong at the bucket.

use std::error::Error;

use export::load::Signal;

/// A call that failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {kind}")]
pub struct ObjectsError {
    /// The call, such as `store a part`.
    pub what: &'static str,
    /// Why.
    pub kind: Kind,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// Too many calls; later it may work.
    #[error("the object store asks to slow down")]
    Throttled,
    /// No answer, or an answer that it cannot answer.
    #[error("the object store cannot be reached")]
    Unavailable,
    /// The role may not.
    #[error("access denied; check the role's statements for the bucket")]
    Denied,
    /// No such object or upload.
    #[error("it does not exist")]
    NotFound,
    /// No such bucket.
    #[error("the bucket does not exist")]
    NoBucket,
    /// Anything else.
    #[error("the object store refused the call")]
    Other,
}

impl ObjectsError {
    pub(crate) fn new(
        what: &'static str,
        kind: Kind,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { what, kind, cause: Some(cause.into()) }
    }

    pub(super) fn bare(what: &'static str, kind: Kind) -> Self {
        Self { what, kind, cause: None }
    }

    /// The condition of the deployment that it is; `None` if only this call failed. "Not found" is an upload that was
    /// aborted: a new attempt makes a new one.
    pub fn signal(&self) -> Option<Signal> {
        match self.kind {
            Kind::Throttled => Some(Signal::StorageThrottled),
            Kind::Unavailable => Some(Signal::StorageUnavailable),
            Kind::Denied | Kind::NoBucket => Some(Signal::StorageDenied),
            Kind::NotFound | Kind::Other => None,
        }
    }
}
