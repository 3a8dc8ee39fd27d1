//! Key of a dataset without a range column, by whose values it is cut into slices, and what the statistics know about it.

use export::catalog::{Dataset, From, SliceKey};
use export::range::{Slice, SliceKind, uuid_bound};
use source::explain::PlanNode;
use source::sql::{identifier, literal, within};
use source::{Inspector, SourceError};

use super::explain_sql::Ask;
use super::surface::Surface;

/// Least correlation of the key with the order of the heap. Below it, reading slices through the index costs more than
/// it saves, because each page is read several times.
const MIN_CORRELATION: f64 = 0.9;

/// Maximum cost of a tenth of the rows, as a share of the cost of all: more shows that the whole table is read for it.
const MAX_SHARE: f64 = 0.5;

/// Returns the first column of the primary key, or of another index, if it is an integer or a uuid and NOT NULL.
pub(super) async fn find(
    inspector: &mut Inspector,
    surface: &Surface,
) -> Result<Option<SliceKey>, SourceError> {
    let Some(relation) = surface.relation.as_ref().filter(|r| matches!(r.kind.as_str(), "r" | "p" | "m"))
    else {
        return Ok(None);
    };
    let question = format!(
        "select a.attname::text, case a.atttypid when 2950 then 'uuid' else 'integer' end
from pg_catalog.pg_index i
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = x.relam
where i.indrelid = {} and i.indisvalid and i.indpred is null and m.amname = 'btree' and a.attnotnull
    and a.atttypid in (20, 21, 23, 2950) and has_column_privilege(a.attrelid, a.attnum, 'select')
    and not exists (select from pg_catalog.pg_constraint k where k.conrelid = a.attrelid
        and k.contype = 'n' and a.attnum = any (k.conkey) and not k.convalidated)
order by i.indisprimary desc, i.indisunique desc, i.indexrelid
limit 1",
        relation.oid
    );
    let rows = inspector.texts(&question).await?;
    let key = |row: Vec<Option<String>>| {
        let [column, kind] = <[_; 2]>::try_from(row).ok()?;
        Some(SliceKey { column: column?, kind: SliceKind::of(&kind?)? })
    };
    Ok(rows.into_iter().find_map(key))
}

/// Returns the values that divide the rows into about equal parts; none if slices would not be read through the index, in
/// the order of the heap.
pub(super) async fn bounds(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    key: &SliceKey,
    whole: &PlanNode,
) -> Result<Vec<i64>, SourceError> {
    let From::Relation { schema, name } = &ask.dataset.from else { return Ok(Vec::new()) };
    let question = format!(
        "select b.value
from pg_catalog.pg_stats s cross join unnest(s.histogram_bounds::text::text[]) with ordinality as b (value, n)
where s.schemaname = {} and s.tablename = {} and s.attname = {} and abs(s.correlation) >= {MIN_CORRELATION}
order by b.n",
        literal(schema),
        literal(name),
        literal(&key.column)
    );
    let rows = inspector.texts(&question).await?;
    let cells = rows.iter().filter_map(|row| row.first()?.as_deref());
    let mut values: Vec<i64> = match key.kind {
        SliceKind::Uuid => cells.filter_map(uuid_bound).collect(),
        SliceKind::Integer | SliceKind::Block => cells.filter_map(|text| text.parse().ok()).collect(),
    };
    values.sort_unstable();
    values.dedup();
    let Some(tenth) = tenth(key.kind, &values) else { return Ok(Vec::new()) };
    let condition = within(&tenth, &key.column).collect::<Vec<_>>().join(" and ");
    let plan = inspector.explain(&ask.select(&condition)).await?;
    Ok(if plan.cost <= whole.cost * MAX_SHARE { values } else { Vec::new() })
}

/// Returns the slice in the middle that has about a tenth of the rows.
fn tenth(kind: SliceKind, values: &[i64]) -> Option<Slice> {
    let last = values.len().checked_sub(1)?;
    Slice::new(kind, *values.get(last * 9 / 20)?, *values.get(last * 11 / 20)?)
}

/// Returns the number of blocks of the largest heap of a table; 0 if it is none, or has a part that is no heap.
pub(super) async fn blocks(inspector: &mut Inspector, dataset: &Dataset) -> Result<u64, SourceError> {
    let From::Relation { schema, name } = &dataset.from else { return Ok(0) };
    let relation = literal(&format!("{}.{}", identifier(schema), identifier(name)));
    let question = format!(
        "with recursive part (id) as (
    select {relation}::pg_catalog.regclass::pg_catalog.oid
    union all
    select i.inhrelid from part p join pg_catalog.pg_inherits i on i.inhparent = p.id
)
select case when bool_and(c.relkind in ('p', 'r', 'm') and (c.relkind = 'p' or m.amname = 'heap'))
    then max(case c.relkind when 'p' then 0 else pg_catalog.pg_relation_size(c.oid) end)
        / current_setting('block_size')::bigint
    else 0 end
from part p join pg_catalog.pg_class c on c.oid = p.id left join pg_catalog.pg_am m on m.oid = c.relam"
    );
    let blocks = inspector.text(&question).await?;
    Ok(blocks.and_then(|text| text.parse().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_tenth_needs_enough_values() {
        let values: Vec<i64> = (0..=100).collect();
        let tenth = tenth(SliceKind::Integer, &values).unwrap();
        assert_eq!((tenth.start, tenth.end), (45, 55));
        assert_eq!(super::tenth(SliceKind::Integer, &[]), None);
        assert_eq!(super::tenth(SliceKind::Integer, &[1, 2]), None);
    }
}
