//! Keys of tenants.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

/// The id of a key, or of what may be a whole one.
pub(crate) fn id_of(key: &str) -> &str {
    key.strip_prefix("slc_").and_then(|rest| rest.split('_').next()).unwrap_or(key)
}
