//! `catalog show`: prints the catalog in force, or an earlier one, as the operator wrote it.

use export::count::count;
use serde_json::json;
use store::KeptCatalog;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{CommandOutput, time};

/// Maximum number of revisions listed if none matches.
const MAX_LISTED: i64 = 20;

/// Prints the TOML after header lines that are comments, so the output can be applied unchanged.
pub(crate) async fn run(context: &Context, revision: Option<&str>) -> Result<CommandOutput, Failure> {
    let Some(kept) = context.store.kept_catalog(revision).await? else {
        let Some(revision) = revision else {
            return Ok(CommandOutput::refused(
                "no catalog has been applied yet; run `sluice admin catalog apply`",
            ));
        };
        let known = context.store.catalog_revisions(MAX_LISTED).await?;
        let known: Vec<_> = known.iter().map(|(id, at)| format!("{id}  applied {}", time(*at))).collect();
        return Ok(CommandOutput::refused(format!(
            "there is no revision {revision:?}; the latest are\n{}",
            known.join("\n")
        )));
    };
    let Some(toml) = &kept.toml else {
        return Ok(CommandOutput::refused(format!(
            "{}\nits text was not stored when it was applied; apply the catalog again to store it",
            head(&kept)
        )));
    };
    let data = json!({
        "revision": kept.revision, "inForce": kept.in_force, "appliedMicros": kept.applied_micros,
        "source": kept.source, "datasets": kept.datasets, "catalog": toml,
    });
    Ok(CommandOutput::done(format!("{}\n{}", head(&kept), toml.trim_end()), data))
}

fn head(kept: &KeptCatalog) -> String {
    let state = if kept.in_force { "in force" } else { "no longer in force" };
    format!(
        "# revision {}, {state}, applied {}\n# {} of {}",
        kept.revision,
        time(kept.applied_micros),
        count(kept.datasets, "dataset"),
        kept.source
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalog_header_is_a_toml_comment() {
        let kept = KeptCatalog {
            revision: "00ff".into(),
            toml: None,
            source: "shop@7".into(),
            applied_micros: 1_500_000,
            in_force: true,
            datasets: 3,
        };
        assert_eq!(
            head(&kept),
            "# revision 00ff, in force, applied 1970-01-01 00:00:01 UTC\n# 3 datasets of shop@7"
        );
    }
}
