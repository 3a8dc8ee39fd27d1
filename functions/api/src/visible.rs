//! The catalog as one caller sees it: a dataset outside the caller's scope does not exist for `"*"`, by its name, or
//! among the suggestions for a misspelt name.

use std::sync::Arc;

use store::Applied;

use crate::auth::Auth;
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;

/// Returns the catalog in force.
pub(crate) async fn in_force(context: &Context, caller: &Caller) -> Result<Arc<Applied>, ApiError> {
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(ApiError::no_catalog)?;
    Ok(narrow(context, caller, applied))
}

/// Returns the catalog in force, read from the store.
pub(crate) async fn refreshed(context: &Context, caller: &Caller) -> Result<Arc<Applied>, ApiError> {
    let applied = context.catalogs.refresh(&context.store).await?.ok_or_else(ApiError::no_catalog)?;
    Ok(narrow(context, caller, applied))
}

/// Returns the catalog in force if it differs from `than`: an unknown name may have been added since.
pub(crate) async fn newer(
    context: &Context,
    caller: &Caller,
    than: &Applied,
) -> Result<Option<Arc<Applied>>, ApiError> {
    let applied = context.catalogs.newer(&context.store, than).await?;
    Ok(applied.map(|applied| narrow(context, caller, applied)))
}

/// Reads something against a catalog. If that fails and a newer one is in force, reads it against that. Returns the catalog
/// against which it was read.
pub(crate) async fn read<T>(
    context: &Context,
    caller: &Caller,
    applied: Arc<Applied>,
    read: impl Fn(&Applied) -> Result<T, ApiError>,
) -> Result<(Arc<Applied>, T), ApiError> {
    let error = match read(&applied) {
        Ok(found) => return Ok((applied, found)),
        Err(error) => error,
    };
    let Some(applied) = newer(context, caller, &applied).await? else { return Err(error) };
    let found = read(&applied)?;
    Ok((applied, found))
}

/// Returns the catalog in force and the name of a dataset as the catalog spells it. An unknown name is looked up once
/// more if another catalog has been applied in the meantime.
pub(crate) async fn find(
    context: &Context,
    caller: &Caller,
    name: &str,
) -> Result<(Arc<Applied>, Option<String>), ApiError> {
    let found = |applied: &Applied| applied.revision.find(name).map(|(name, _)| name.to_owned());
    let applied = in_force(context, caller).await?;
    if let Some(name) = found(&applied) {
        return Ok((applied, Some(name)));
    }
    let applied = newer(context, caller, &applied).await?.unwrap_or(applied);
    let name = found(&applied);
    Ok((applied, name))
}

fn narrow(context: &Context, caller: &Caller, applied: Arc<Applied>) -> Arc<Applied> {
    // With tokens, there may always be a second tenant.
    let many = matches!(context.settings.auth, Auth::Tokens(_));
    match applied.revision.visible(caller.access(), many) {
        None => applied,
        Some(revision) => Arc::new(Applied { revision, ..Applied::clone(&applied) }),
    }
}
