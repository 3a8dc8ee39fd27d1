//! Columns of the ORDER BY: the range column, then the primary key.

use export::catalog::Definition;

use super::findings::Findings;
use super::surface::Surface;
use source::{Inspector, SourceError};

/// Returns the order, empty unless the definition requests one.
pub(super) async fn find(
    inspector: &mut Inspector,
    definition: &Definition,
    surface: &Surface,
    findings: &mut Findings,
) -> Result<Vec<String>, SourceError> {
    if !definition.ordered {
        return Ok(Vec::new());
    }
    let key = match &surface.relation {
        Some(relation) => primary_key(inspector, relation.oid).await?,
        None => Vec::new(),
    };
    if key.is_empty() {
        let remedy = "remove ordered, or export a table that has a primary key";
        findings.violation(
            "ordered",
            "there is no primary key to order rows with the same range value",
            remedy,
        );
        return Ok(Vec::new());
    }
    let mut order: Vec<String> = definition.range_column.iter().cloned().collect();
    for name in key {
        if surface.column(&name, "ordered", findings).is_some() && !order.contains(&name) {
            order.push(name);
        }
    }
    Ok(order)
}

async fn primary_key(inspector: &mut Inspector, relation: u32) -> Result<Vec<String>, SourceError> {
    let question = format!(
        "select a.attname::text
from pg_catalog.pg_index i
cross join unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = {relation} and i.indisprimary and k.place <= i.indnkeyatts
order by k.place"
    );
    let rows = inspector.texts(&question).await?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}
