//! Advised statements, and the formatting of plans and sizes.

use super::super::surface::Surface;
use export::count::count;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Maximum number of partitions that are named individually; the others are left to the reader.
const MAX_PARTITIONS: usize = 100;

/// Reports whether the dataset is a table, so that an index on its columns can be created.
pub(super) fn is_table(surface: &Surface) -> bool {
    surface.relation.as_ref().is_some_and(|relation| matches!(relation.kind.as_str(), "r" | "m" | "p"))
}

/// Returns `create index concurrently` for the dataset's table. PostgreSQL refuses it on a partitioned table: there
/// it is one statement per partition, and one that attaches them.
pub(super) async fn create_index(
    inspector: &mut Inspector,
    surface: &Surface,
    table: &str,
    columns: &[&str],
) -> Result<String, SourceError> {
    let columns = quoted(inspector, columns).await?.join(", ");
    let one = |table: &str| format!("create index concurrently on {table} ({columns});");
    let Some(relation) = surface.relation.as_ref().filter(|relation| relation.kind == "p") else {
        return Ok(one(table));
    };
    let question = format!(
        "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_partition_tree({}::oid) t
join pg_catalog.pg_class c on c.oid = t.relid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where t.isleaf order by 1",
        relation.oid
    );
    let parts: Vec<String> = inspector.texts(&question).await?.into_iter().flatten().flatten().collect();
    let mut lines: Vec<String> = parts.iter().take(MAX_PARTITIONS).map(|part| one(part)).collect();
    if parts.len() > MAX_PARTITIONS {
        lines.push(format!("-- and on {}", count((parts.len() - MAX_PARTITIONS) as u64, "more partition")));
    }
    lines.push(format!("create index on {table} ({columns});"));
    Ok(lines.join("\n    "))
}

/// Returns identifiers in SQL form, quoted only where necessary.
pub(super) async fn quoted(inspector: &mut Inspector, names: &[&str]) -> Result<Vec<String>, SourceError> {
    let list: Vec<_> = names.iter().map(|name| format!("quote_ident({})", literal(name))).collect();
    let rows = inspector.texts(&format!("select {}", list.join(", "))).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Formats the lines of a plan, below a message.
pub(super) fn shown(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n    plan: {line}")).collect()
}

/// Formats a size in readable units.
pub(crate) fn size(bytes: u64) -> String {
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
