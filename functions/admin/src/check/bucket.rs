//! The bucket: reachable, and ours to list.

use super::report::Report;
use crate::context::Context;
use ports::telemetry::chain;

/// Lists a page of what is there.
pub(super) async fn look(context: &Context, report: &mut Report) {
    match context.objects.list("t/", None).await {
        Ok(page) => {
            let more = if page.more { " and more" } else { "" };
            report.fine("bucket", format!("{} objects{more}", page.keys.len()));
        }
        Err(error) => {
            let remedy =
                "check SLUICE_BUCKET, the function's permissions, and inside a VPC the endpoint for S3";
            report.wrong("bucket", chain(&error), remedy);
        }
    }
}
