//! `tenants forget`: erases everything stored for a tenant.

use export::id::TenantId;
use serde_json::json;
use store::Forgotten;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Deletes keys and exports, releases the chunks, and reports what remains. Further calls do the rest.
pub(crate) async fn forget(context: &Context, tenant: &str) -> Result<CommandOutput, Failure> {
    let id: TenantId = tenant.parse().map_err(|error| Failure::Refused(format!("tenant: {error}")))?;
    let forgotten = context.store.forget_tenant(&id).await?;
    let listed = context.beside.objects.list(&format!("t/{id}/"), None).await;
    let objects = listed.map_err(|error| Failure::Refused(format!("the bucket cannot be listed: {error}")));
    // A tenant without rows may still have objects, if they were put there by other means.
    let forgotten = match (forgotten, &objects) {
        (Some(forgotten), _) => forgotten,
        (None, Ok(page)) if page.keys.is_empty() => {
            return Ok(CommandOutput::refused(format!(
                "there is no tenant {id}, and the bucket has no objects of one"
            )));
        }
        (None, _) => Forgotten { gone: true, ..Forgotten::default() },
    };
    let text = summary(&id, &forgotten, &objects.map(|page| objects_left(&page)), context.settings.tokens);
    let data = json!({"tenant": id, "forgotten": forgotten, "invalidate": format!("/t/{id}/*")});
    Ok(CommandOutput::done(text, data))
}

fn objects_left(page: &ports::objects::Page) -> String {
    let more = if page.more { "at least " } else { "" };
    format!("{more}{}", page.keys.len())
}

fn summary(
    tenant: &TenantId,
    forgotten: &Forgotten,
    objects: &Result<String, Failure>,
    tokens: bool,
) -> String {
    let Forgotten { keys, exports, chunks, chunks_left, prefixes_left, exports_left, gone } = forgotten;
    let mut lines = vec![format!(
        "tenant {tenant}: {keys} keys and {exports} exports deleted; {chunks} chunks are no longer used by any export"
    )];
    lines.push(match objects {
        Ok(objects) => format!("left in the bucket under t/{tenant}/: {objects} objects"),
        Err(error) => format!("the objects left in the bucket under t/{tenant}/ are unknown: {error}"),
    });
    lines.push(if *gone {
        "left in the store: nothing but the counter of its changes, which keeps caches from returning deleted data"
            .to_owned()
    } else {
        format!("left in the store: {chunks_left} chunks, {exports_left} exports")
    });
    if *prefixes_left > 0 {
        lines.push(format!("{prefixes_left} prefixes are swept once more, within a day"));
    }
    if !gone {
        lines.push(
            "the sweeper deletes objects within minutes, and rows a worker timeout later; run this again after that, until the tenant is gone"
                .to_owned(),
        );
    }
    lines.push(format!(
        "with a CDN: aws cloudfront create-invalidation --distribution-id ID --paths '/t/{tenant}/*'"
    ));
    lines.push(
        "not deleted: links already issued (15 minutes), downloaded copies, logs and backups".to_owned(),
    );
    if tokens {
        lines.push(
            "a token that names the tenant creates it again: remove its users at the identity provider"
                .to_owned(),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_reports_remaining_objects_and_the_cdn_path() {
        let tenant = "acme".parse().unwrap();
        let forgotten = Forgotten { keys: 2, exports: 3, chunks_left: 4, ..Forgotten::default() };
        let text = summary(&tenant, &forgotten, &Ok("7".into()), false);
        for part in ["2 keys and 3 exports", "7 objects", "4 chunks", "run this again", "'/t/acme/*'"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = summary(&tenant, &Forgotten { gone: true, ..forgotten }, &Ok("0".into()), true);
        assert!(text.contains("nothing but the counter") && text.contains("identity provider"), "{text}");
        assert!(!text.contains("run this again"), "{text}");
    }
}
