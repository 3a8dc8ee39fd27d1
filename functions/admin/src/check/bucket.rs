//! The bucket: reachable, and may be listed.

use ports::objects::{Kind, Objects};
use ports::telemetry::chain;

use super::report::Report;
use super::{NO_WAY, answer};

/// Lists a page of the bucket.
pub(super) async fn look(objects: &dyn Objects) -> Report {
    let mut report = Report::default();
    match answer("bucket", objects.list("t/", None), &mut report).await {
        Some(Ok(page)) => {
            let more = if page.more { " and more" } else { "" };
            report.fine("bucket", format!("{} objects{more}", page.keys.len()));
        }
        Some(Err(error)) => report.wrong("bucket", chain(&error), remedy(error.kind)),
        None => {}
    }
    report
}

fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Unavailable => NO_WAY,
        Kind::Denied => {
            "deploy the template as it is: the function's role must have s3:ListBucket, and an endpoint's policy must allow it"
        }
        Kind::NotFound | Kind::NoBucket => {
            "the bucket in SLUICE_BUCKET does not exist, and its files are lost: deploy again under another name"
        }
        Kind::Throttled | Kind::Other => "run check again; if it fails again, check the bucket's policy",
    }
}
