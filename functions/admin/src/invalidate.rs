//! `invalidate`: chunks read of a dataset are never handed out again.

use export::count::count;
use export::id::TenantId;
use export::range::Days;
use serde_json::json;
use store::Invalidation;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Invalidates chunks. A second run finds nothing, or only chunks read in between.
pub(crate) async fn run(
    context: &Context,
    dataset: &str,
    from: Option<&str>,
    to: Option<&str>,
    tenant: Option<&str>,
) -> Result<CommandOutput, Failure> {
    let days = Days::read(from, to).map_err(Failure::Refused)?;
    let tenant = tenant.map(str::parse::<TenantId>).transpose()?;
    let applied = context.store.applied_catalog().await?;
    let found = applied.as_ref().and_then(|a| a.revision.find(dataset));
    let (known, dataset) = (found.is_some(), found.map_or(dataset, |(name, _)| name));
    let done = context.store.invalidate(&Invalidation { dataset: dataset.to_owned(), tenant, days }).await?;
    if done.chunks == 0 && !known {
        // Chunks of a dataset removed from the catalog can be invalidated too, but a name that matches neither is
        // most likely a typo.
        return Err(Failure::Refused(format!(
            "the catalog has no dataset {dataset}, and no rows of it were exported"
        )));
    }
    let text = format!(
        "{dataset}: {} invalidated; {} will be deleted within a minute\n\
         {} lost files and failed; retry to read the ranges again\n\
         {} will read the ranges again",
        count(done.chunks, "chunk"),
        count(done.files, "file"),
        count(done.lost.len() as u64, "ended export"),
        count(done.reread.len() as u64, "running export")
    );
    let data = json!({
        "chunks": done.chunks,
        "files": done.files,
        "lost": done.lost,
        "anew": done.reread,
    });
    Ok(CommandOutput::done(text, data))
}
