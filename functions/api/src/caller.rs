//! Caller of a request, as its key or token names it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use export::access::Access;
use export::id::TenantId;
use export::manifest::DatasetHead;
use http::request::Parts;
use ports::cache::View;

use crate::error::ApiError;

/// Caller of a request. `layers::authenticate` adds it to the request, from which handlers extract it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Tenant of the key or token.
    pub(crate) tenant: TenantId,
    /// Number of changes to ended exports when the tenant was looked up.
    changes: u64,
    rights: Arc<Rights>,
}

/// Rights of a key or token, and its name in the log.
#[derive(Debug)]
struct Rights {
    by: String,
    access: Access,
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, changes: u64, by: String, access: Access) -> Self {
        Self { tenant, changes, rights: Arc::new(Rights { by, access }) }
    }

    /// Returns the cache view of the caller's exports.
    pub(crate) fn view(&self) -> View<'_> {
        View { tenant: &self.tenant, changes: self.changes }
    }

    /// Returns the rights of the caller.
    pub(crate) fn access(&self) -> &Access {
        &self.rights.access
    }

    /// Returns the caller's name for the audit log: `key <id>` or `token <subject>`.
    pub(crate) fn by(&self) -> &str {
        &self.rights.by
    }

    /// Returns the id of the caller's key; `None` for a token.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.rights.by.strip_prefix("key ")
    }

    /// Returns true if an export of the tenant with these datasets is visible to the caller.
    pub(crate) fn sees(&self, heads: &[DatasetHead]) -> bool {
        self.access().sees_all(heads.iter().map(|head| head.name.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::unauthorized)
    }
}
