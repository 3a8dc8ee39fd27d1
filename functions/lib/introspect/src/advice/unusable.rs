//! Indexes on the range column that exist but cannot be used.

use export::catalog::Dataset;

use super::super::findings::Findings;
use super::super::surface::Surface;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Reports indexes left by a failed `create index concurrently`: they slow every write, and no query may use them.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    surface: &Surface,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let (Some(range), Some(relation)) = (&dataset.range, &surface.relation) else { return Ok(()) };
    let question = format!(
        "select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = {}
where i.indrelid in (select {oid}::oid union all select relid::oid from pg_partition_tree({oid}::oid))
    and not (i.indisvalid and i.indisready) and a.attnum = any (i.indkey)
order by 1",
        literal(&range.name),
        oid = relation.oid
    );
    for index in inspector.texts(&question).await?.into_iter().flatten().flatten() {
        let message = format!(
            "the index {index} is invalid and is not used; its creation was interrupted or is still running"
        );
        let remedy = format!("reindex index concurrently {index};\n    or drop index concurrently {index};");
        findings.warning("range_column", message, remedy);
    }
    Ok(())
}
