//! The catalog in force: present, and resolved against the database that is read.

use ports::telemetry::chain;

use super::report::CheckReport;
use crate::context::Context;

/// Reads the catalog and compares its source with the name of the current database, if that is known.
pub(super) async fn look(context: &Context, source: Option<&str>, report: &mut CheckReport) {
    match context.store.applied_catalog().await {
        Ok(None) => report.fine("catalog", "none has been applied yet; run admin catalog apply"),
        Ok(Some(applied)) => judge(applied.revision.datasets.len(), &applied.source, source, report),
        Err(error) => report.wrong("catalog", chain(&error), "apply the catalog again with this version"),
    }
}

fn judge(datasets: usize, resolved_at: &str, read: Option<&str>, report: &mut CheckReport) {
    match read {
        Some(read) if !same(resolved_at, read) => report.wrong(
            "catalog",
            format!("its {datasets} datasets were resolved at {resolved_at}, but the source is {read}"),
            "check SLUICE_SOURCE_URL; if it is correct, run admin catalog apply: nothing read from the other database is then reused",
        ),
        _ => report.fine("catalog", format!("{datasets} datasets, resolved at {resolved_at}")),
    }
}

/// Returns true if two names may refer to one database. The cluster identifier is known only if the role may read it.
fn same(a: &str, b: &str) -> bool {
    let parts = |name: &str| {
        let (database, cluster) = name.rsplit_once('@').unwrap_or((name, ""));
        (database.to_owned(), cluster.to_owned())
    };
    let ((a, a_cluster), (b, b_cluster)) = (parts(a), parts(b));
    a == b && (a_cluster == b_cluster || a_cluster.is_empty() || b_cluster.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_of_another_database_is_wrong() {
        for (read, fine) in [
            (Some("shop@7"), true),
            (Some("shop"), true),
            (None, true),
            (Some("hold@7"), false),
            (Some("shop@8"), false),
        ] {
            let mut report = CheckReport::default();
            judge(31, "shop@7", read, &mut report);
            assert_eq!(report.is_fine(), fine, "{read:?}: {}", report.text());
        }
    }
}
