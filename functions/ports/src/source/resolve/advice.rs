//! What the operator should know of the estimates, and what must be mended first.

use export::catalog::{Dataset, Definition};

use super::estimate::Estimated;
use super::findings::{self, Findings};
use super::surface::Surface;
use crate::source::sql::literal;
use crate::source::{Inspector, SourceError};

/// From this size on a dataset must be read through an index unless the operator says otherwise.
const LARGE_BYTES: u64 = 10_000_000_000;

/// Says it.
pub(super) async fn give(
    inspector: &mut Inspector,
    definition: &Definition,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let key = findings::key(definition);
    if let Some(gap) = estimated.gap {
        let remedy = match &surface.relation {
            Some(relation) => format!("analyze {}, or create an index on the range column", relation.quoted),
            None => "nothing, if this is how it is meant; progress is then counted by chunks".to_owned(),
        };
        findings.warning(
            key,
            format!("the range column {:?}: {gap}", dataset.range.as_ref().map_or("", |r| &r.name)),
            remedy,
        );
    }
    let (Some(culprit), Some(range)) = (&estimated.culprit, &dataset.range) else { return Ok(()) };
    let large = estimated.estimate.total.bytes > LARGE_BYTES;
    let wanted = definition.require_index.unwrap_or(large);
    if definition.require_index == Some(false) {
        return Ok(());
    }
    let table = quoted(inspector, &[&culprit.relation.0, &culprit.relation.1]).await?.join(".");
    let mut message = format!(
        "a day of {:?} is found only by reading {} of {table}, so the dataset is one chunk",
        range.name,
        size(culprit.bytes)
    );
    let mut remedy = match &surface.relation {
        Some(relation) if matches!(relation.kind.as_str(), "r" | "m" | "p") => {
            let names: Vec<&str> =
                dataset.tenant_column.iter().map(String::as_str).chain([range.name.as_str()]).collect();
            let columns = quoted(inspector, &names).await?.join(", ");
            create_index(&table, &columns, culprit.partitioned || relation.kind == "p")
        }
        _ => format!(
            "create an index (concurrently) on the column of {table} that {:?} comes from, and use it there as it is",
            range.name
        ),
    };
    if wanted {
        let why = if large { "; the dataset is above 10 GB" } else { "; require_index is true" };
        message.push_str(why);
        remedy.push_str(", or set require_index = false");
        findings.violation("range_column", message, remedy);
    } else {
        findings.warning("range_column", message, remedy);
    }
    Ok(())
}

/// PostgreSQL refuses `concurrently` on a partitioned table.
fn create_index(table: &str, columns: &str, partitioned: bool) -> String {
    if partitioned {
        format!(
            "create index concurrently on each partition of {table} ({columns}), then create index on {table} ({columns})"
        )
    } else {
        format!("create index concurrently on {table} ({columns})")
    }
}

/// Identifiers as SQL writes them, with quotes only where they are needed.
async fn quoted(inspector: &mut Inspector, names: &[&str]) -> Result<Vec<String>, SourceError> {
    let list: Vec<_> = names.iter().map(|name| format!("quote_ident({})", literal(name))).collect();
    let rows = inspector.texts(&format!("select {}", list.join(", "))).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        assert_eq!([size(900), size(123_456_789), size(12_345_678_901)], ["0 kB", "123 MB", "12.3 GB"]);
    }
}
