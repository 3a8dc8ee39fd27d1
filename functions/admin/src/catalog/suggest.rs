//! `catalog suggest`: a catalog of everything that the source role may read, for the operator to change and apply.

use introspect::{SuggestOptions, Suggested, suggest};
use serde_json::json;

use crate::context::{Context, SESSION_TIMEOUT};
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Suggests a catalog. Its text is only TOML, so the output can be written to a file. Changes nothing.
pub(crate) async fn run(context: &Context, options: &SuggestOptions) -> Result<CommandOutput, Failure> {
    let tenants = context.tenants().await?;
    tracing::info!(timeout_secs = SESSION_TIMEOUT.as_secs(), "waiting for a session of the source");
    let mut inspector = context.source.inspector(SESSION_TIMEOUT).await?;
    let suggested = suggest(&mut inspector, options, tenants).await?;
    inspector.close().await;
    Ok(match suggested {
        Suggested::Catalog(found) => {
            // The text is not repeated in the data: the result of a function is limited to 6 MB.
            let data = json!({"datasets": found.datasets, "leftOut": found.left_out.len()});
            CommandOutput::done(found.toml.trim_end(), data)
        }
        Suggested::Nothing(reason) => CommandOutput::refused(reason),
    })
}
