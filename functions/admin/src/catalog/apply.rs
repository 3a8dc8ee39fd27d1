//! `catalog apply`: resolves a catalog and puts it in force, completely or not at all.

use export::count::count;
use serde_json::json;
use store::Put;

use super::changes::Changes;
use super::resolved;
use crate::context::Context;
use crate::destinations;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Applies a catalog. Applying the same one again only renews the estimates. If chunks of live exports would fail, it
/// is rejected unless `allow_removal` is set.
pub(crate) async fn run(
    context: &Context,
    text: &str,
    allow_removal: bool,
    destinations: Option<&str>,
) -> Result<CommandOutput, Failure> {
    let destinations = match destinations.map(destinations::parse).transpose() {
        Ok(destinations) => destinations,
        Err(refused) => return Ok(refused),
    };
    let found = resolved(context, text).await?;
    let (report, mut data) = (found.report(), found.data());
    if !found.violations.is_empty() {
        let text = format!("{report}\nnothing was applied; the previous catalog stays in force");
        return Ok(CommandOutput { ok: false, text, data });
    }
    let before = context.store.applied_catalog().await?;
    let applied = found.into_applied();
    let put = context.store.put_in_force(&applied, Some(text), allow_removal).await?;
    let (in_force, narrowed) = match put {
        Put::InForce(narrowed) => (true, narrowed),
        Put::Refused(narrowed) => (false, narrowed),
    };
    let changes = Changes::between(before.as_ref(), &applied, narrowed);
    changes.add_to(&mut data);
    if !in_force {
        let text = format!(
            "{report}\n{}\n{} of live exports would fail, so nothing was applied; wait for these exports to end, or apply with --allow-removal",
            changes.text(false),
            count(changes.failing(), "chunk")
        );
        return Ok(CommandOutput { ok: false, text, data });
    }
    data["revision"] = json!(applied.revision_id);
    let mut text = format!("{report}\n{}\nrevision {} is in force", changes.text(true), applied.revision_id);
    if let Some(destinations) = destinations {
        context.store.put_destinations(&destinations).await?;
        text.push_str(&format!("\n{}", destinations::applied(&destinations)));
        data["destinations"] = json!(destinations);
    }
    Ok(CommandOutput::done(text, data))
}
