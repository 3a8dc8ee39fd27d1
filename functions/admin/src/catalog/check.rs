//! `catalog check`: shows the effects of `catalog apply` without applying the catalog.

use super::changes::Changes;
use super::resolved;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Checks a catalog. Changes nothing.
pub(crate) async fn run(context: &Context, text: &str) -> Result<CommandOutput, Failure> {
    let found = resolved(context, text).await?;
    let (report, mut data) = (found.report(), found.data());
    if !found.violations.is_empty() {
        return Ok(CommandOutput {
            ok: false,
            text: format!("{report}\nthe catalog cannot be applied"),
            data,
        });
    }
    let before = context.store.applied_catalog().await?;
    let applied = found.into_applied();
    let narrowed = context.store.would_narrow(&applied).await?;
    let changes = Changes::between(before.as_ref(), &applied, narrowed);
    changes.add_to(&mut data);
    let verdict = if changes.failing() > 0 {
        "the catalog can be applied with --allow-removal, or once the exports that would lose chunks have ended"
    } else {
        "the catalog can be applied"
    };
    let text = format!("{report}\nchanges if the catalog is applied:\n{}\n{verdict}", changes.text(false));
    Ok(CommandOutput::done(text, data))
}
